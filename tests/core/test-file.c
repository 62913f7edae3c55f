/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever is written is written here (base/file.h): the old file or the whole new one is there, after a process was killed, on a full
 * disk, where nothing may be written, and when two write at once. */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "folder.h"

#define SIZE (1 << 20)

typedef struct {
  gchar *folder, *path;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("rnn-file-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "file", NULL);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  remove_folder (f->folder);
  g_free (f->path);
}

static gboolean
write_content (const gchar *path, gchar letter, GError **error)
{
  g_autofree gchar *bytes = g_malloc (SIZE);

  memset (bytes, letter, SIZE);
  return rnn_file_replace (path, bytes, SIZE, error);
}

/* The letter that all of the file consists of. */
static gchar
read_content (const gchar *path)
{
  g_autofree gchar *bytes = NULL;
  gsize n;

  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  g_assert_cmpuint (n, ==, SIZE);
  for (gsize i = 1; i < n; i++)
    g_assert_cmpint (bytes[i], ==, bytes[0]);
  return bytes[0];
}

static guint
count_files (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

/* A process that writes a, b, a, b... for ever, or @n times. */
static pid_t
start_writer (const gchar *path, const gchar *letters, guint n)
{
  pid_t child = fork ();

  if (child == 0) {
    for (guint i = 0; !n || i < n; i++)
      if (!write_content (path, letters[i % strlen (letters)], NULL))
        _exit (1);
    _exit (0);
  }
  g_assert_cmpint (child, >, 0);
  return child;
}

static void
test_killed (Fixture *f, gconstpointer data)
{
  RnnRng rng;
  gint status;

  rnn_rng_seed (&rng, 1, 0);
  g_assert_true (write_content (f->path, 'a', NULL));
  for (guint i = 0; i < 20; i++) {
    pid_t child = start_writer (f->path, "ab", 0);

    g_usleep (rnn_rng_below (&rng, 20000));
    kill (child, SIGKILL);
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    g_assert_true (WIFSIGNALED (status));
    g_assert_nonnull (strchr ("ab", read_content (f->path)));
    rnn_file_clean (f->path);
    g_assert_cmpuint (count_files (f->folder), ==, 1);
  }
}

static void
test_full (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  struct rlimit limit, small;
  gboolean written;

  g_assert_true (write_content (f->path, 'a', NULL));
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &limit);
  small = (struct rlimit) { SIZE / 2, limit.rlim_max };
  setrlimit (RLIMIT_FSIZE, &small);
  written = write_content (f->path, 'b', &error);
  setrlimit (RLIMIT_FSIZE, &limit);
  g_assert_false (written);
  g_assert_error (error, RNN_ERROR, RNN_ERROR_IO);
  g_assert_nonnull (strstr (error->message, f->path));
  g_assert_cmpint (read_content (f->path), ==, 'a');
  g_assert_cmpuint (count_files (f->folder), ==, 1);
}

/* /proc is read-only for root, too. */
static void
test_read_only (Fixture *f, gconstpointer data)
{
  const gchar *path = "/proc/rnn-file";
  g_autoptr (GError) error = NULL;

  g_assert_false (write_content (path, 'a', &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_two_writers (Fixture *f, gconstpointer data)
{
  pid_t children[2];
  gint status;

  g_assert_true (write_content (f->path, 'a', NULL));
  children[0] = start_writer (f->path, "a", 30);
  children[1] = start_writer (f->path, "b", 30);
  for (guint i = 0; i < 30; i++)
    g_assert_nonnull (strchr ("ab", read_content (f->path)));
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
    g_assert_cmpint (status, ==, 0);
  }
  g_assert_nonnull (strchr ("ab", read_content (f->path)));
  g_assert_cmpuint (count_files (f->folder), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/file/killed", Fixture, NULL, setup, test_killed, teardown);
  g_test_add ("/file/full", Fixture, NULL, setup, test_full, teardown);
  g_test_add ("/file/read-only", Fixture, NULL, setup, test_read_only, teardown);
  g_test_add ("/file/two-writers", Fixture, NULL, setup, test_two_writers, teardown);
  return g_test_run ();
}
