/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that the system does not have: a process that may hold only so many bytes in pieces of LARGE bytes or more loads and sets up
 * what comes here, with every budget from nothing to what it takes, and has to come back with what it made or with an error, and not be
 * ended by GLib.  Smaller pieces, whose size no file decides beyond a small multiple of its own, would end it, as GLib has it. */
#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "model/model.h"
#include "model/quantize.h"
#include "session/session.h"
#include "speech/transcriber.h"

#define LARGE 65536
#define STEPS 40

static gboolean counting;
static gint64 budget = G_MAXINT64, held, most;

static gboolean
is_refused (size_t size)
{
  return size >= LARGE && counting && held + (gint64) size > budget;
}

static void *
count (void *memory)
{
  gint64 size = (gint64) malloc_usable_size (memory);

  if (size >= LARGE && counting) {
    held += size;
    most = MAX (most, held);
  }
  return memory;
}

static void
discount (void *memory)
{
  gint64 size = (gint64) malloc_usable_size (memory);

  if (size >= LARGE && counting)
    held -= size;
}

/* The definition of @name that this program would use without us. */
#define NEXT(type, name) \
  static type next; \
  if (!next) \
    next = (type) dlsym (RTLD_NEXT, name)

typedef void *(*MallocFunc) (size_t);
typedef void *(*CallocFunc) (size_t, size_t);
typedef void *(*ReallocFunc) (void *, size_t);
typedef int (*MemalignFunc) (void **, size_t, size_t);
typedef void (*FreeFunc) (void *);

void *
malloc (size_t size)
{
  NEXT (MallocFunc, "malloc");
  return is_refused (size) ? NULL : count (next (size));
}

void *
calloc (size_t n, size_t size)
{
  NEXT (CallocFunc, "calloc");
  return is_refused (n * size) ? NULL : count (next (n, size));
}

void *
realloc (void *old, size_t size)
{
  NEXT (ReallocFunc, "realloc");
  if (is_refused (size))
    return NULL;
  discount (old);
  return count (next (old, size));
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  int failure;

  NEXT (MemalignFunc, "posix_memalign");
  if (is_refused (size))
    return ENOMEM;
  failure = next (memory, alignment, size);
  if (!failure)
    count (*memory);
  return failure;
}

void
free (void *memory)
{
  NEXT (FreeFunc, "free");
  discount (memory);
  next (memory);
}

/* ---- what is set up ---- */

static gchar *models;

static RnnModel *
load (const gchar *name, GError **error)
{
  g_autofree gchar *path = g_build_filename (models, name, NULL);

  return rnn_model_load (path, error);
}

static void
set_up_session (GError **error)
{
  g_autoptr (RnnModel) model = load ("english-small.safetensors", error);
  g_autoptr (RnnSession) session = model ? rnn_session_new (model, 16, 64, RNN_PRECISION_F32, error) : NULL;
}

static void
set_up_packed (GError **error)
{
  g_autoptr (RnnModel) model = load ("english-small.safetensors", error);
  g_autoptr (RnnSession) session = model ? rnn_session_new (model, 1, 4, RNN_PRECISION_INT8, error) : NULL;
}

static void
set_up_recipe (GError **error)
{
  g_autoptr (RnnModel) model = load ("english-small.json", error);
}

static void
set_up_transcriber (GError **error)
{
  g_autoptr (RnnModel) model = load ("english-small.safetensors", error);
  g_autoptr (RnnTranscriber) transcriber = model ? rnn_transcriber_new (model, NULL, error) : NULL;
}

typedef struct {
  const gchar *name;
  void (*set_up) (GError **error);
} Task;

static const Task tasks[] = {
  { "session", set_up_session },
  { "packed", set_up_packed },
  { "recipe", set_up_recipe },
  { "transcriber", set_up_transcriber },
};

/* In a process of its own.  What it held at most, and whether it said what was wrong. */
static gint64
run (const Task *task, gint64 allowed, gboolean *failed)
{
  gint64 told[2] = { 0 };
  gint pipes[2], status;
  pid_t child;

  g_assert_cmpint (pipe (pipes), ==, 0);
  child = fork ();
  if (child == 0) {
    g_autoptr (GError) error = NULL;

    budget = allowed;
    counting = TRUE;
    task->set_up (&error);
    counting = FALSE;
    told[0] = most;
    told[1] = error != NULL;
    _exit (write (pipes[1], told, sizeof (told)) != sizeof (told));
  }
  close (pipes[1]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (!WIFEXITED (status))
    g_error ("%s: %" G_GINT64_FORMAT " bytes were too few, and the process was ended", task->name, allowed);
  g_assert_cmpint (read (pipes[0], told, sizeof (told)), ==, sizeof (told));
  close (pipes[0]);
  *failed = told[1] != 0;
  return told[0];
}

static void
test_task (gconstpointer data)
{
  const Task *task = data;
  gboolean failed;
  gint64 needed = run (task, G_MAXINT64, &failed);

  g_assert_false (failed);
  g_assert_cmpint (needed, >=, LARGE);
  for (gint i = 0; i <= STEPS; i++) {
    run (task, needed * i / STEPS, &failed);
    g_assert_cmpint (failed, ==, i < STEPS);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#ifdef __SANITIZE_THREAD__      /* needs malloc before it can look up anything */
  g_print ("1..0 # SKIP ThreadSanitizer\n");
  return 0;
#endif
  models = g_test_build_filename (G_TEST_DIST, "..", "models", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++) {
    g_autofree gchar *path = g_strconcat ("/alloc/", tasks[i].name, NULL);

    g_test_add_data_func (path, tasks + i, test_task);
  }
  return g_test_run ();
}
