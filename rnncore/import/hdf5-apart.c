/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HDF5 files in a process of its own.  What the child finds comes through a socket, a kind and what belongs to it, numbers as they lie
 * in memory:
 *   TEXT   path, name and text, each a length (guint32) and so many bytes
 *   ARRAY  path, rank and dims (gint32); a byte comes back that says whether it is wanted, and then its floats follow
 *   END    the result (gint32)
 * Anything else means that the child has died, or is no more what it was, so all of it is checked. */
#include "hdf5-apart.h"
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "base/memory.h"

#define CPU_SECONDS 5           /* and one for every */
#define BYTES_A_SECOND 10000000
#define PATIENCE 600            /* s without a word: it waits for a lock that another thread held when it was made */
#define MAX_TEXT (16 << 20)

enum { TEXT = 'T', ARRAY = 'A', END = 'E' };

static gboolean
send_all (gint fd, gconstpointer data, gsize n)
{
  for (const guint8 *at = data; n > 0;) {
    gssize sent = send (fd, at, n, MSG_NOSIGNAL);

    if (sent <= 0 && errno != EINTR)
      return FALSE;
    at += MAX (sent, 0);
    n -= (gsize) MAX (sent, 0);
  }
  return TRUE;
}

static gboolean
take_all (gint fd, gpointer data, gsize n)
{
  for (guint8 *at = data; n > 0;) {
    gssize taken = recv (fd, at, n, 0);

    if (taken == 0 || (taken < 0 && errno != EINTR))
      return FALSE;
    at += MAX (taken, 0);
    n -= (gsize) MAX (taken, 0);
  }
  return TRUE;
}

static gboolean
send_text (gint fd, const gchar *text)
{
  guint32 n = (guint32) strlen (text);

  return send_all (fd, &n, sizeof n) && send_all (fd, text, n);
}

/* (g_free) */
static gchar *
take_text (gint fd)
{
  g_autofree gchar *text = NULL;
  guint32 n;

  if (!take_all (fd, &n, sizeof n) || n > MAX_TEXT || !(text = g_try_malloc0 ((gsize) n + 1)) || !take_all (fd, text, n))
    return NULL;
  return g_steal_pointer (&text);
}

static gsize
count (gint rank, const gint *dims)
{
  gsize n = 1;

  for (gint i = 0; i < rank; i++)
    n = rnn_size_mul_dim (n, dims[i]);
  return n;
}

/* ---- the child: no locks that another thread of its parent may have held, so nothing of GLib but g_malloc and texts ---- */

typedef struct {
  RnnHdf5Sink sink;
  gint fd;
  gfloat *floats;               /* an array that was asked for, not sent yet */
  gsize n_floats;
} Child;

/* Whoever asked for an array has filled it when the next is found. */
static void
flush (Child *c)
{
  if (c->floats && !send_all (c->fd, c->floats, c->n_floats * sizeof (gfloat)))
    _exit (1);
  g_clear_pointer (&c->floats, g_free);
}

static void
tell_text (RnnHdf5Sink *sink, const gchar *path, const gchar *name, const gchar *text)
{
  Child *c = (Child *) sink;
  const gchar kind = TEXT;

  flush (c);
  if (!send_all (c->fd, &kind, 1) || !send_text (c->fd, path) || !send_text (c->fd, name) || !send_text (c->fd, text))
    _exit (1);
}

static gfloat *
tell_array (RnnHdf5Sink *sink, const gchar *path, gint rank, const gint *dims)
{
  Child *c = (Child *) sink;
  const gchar kind = ARRAY;
  gchar wanted;

  flush (c);
  if (!send_all (c->fd, &kind, 1) || !send_text (c->fd, path) || !send_all (c->fd, &rank, sizeof rank)
      || !send_all (c->fd, dims, (gsize) rank * sizeof *dims) || !take_all (c->fd, &wanted, 1))
    _exit (1);
  if (!wanted)
    return NULL;
  c->n_floats = count (rank, dims);
  c->floats = g_try_new (gfloat, MAX (c->n_floats, 1));
  if (!c->floats)
    _exit (1);
  return c->floats;
}

static void
run_child (RnnHdf5Read read, const guint8 *data, gsize n, gint fd)
{
  Child child = { .sink = { tell_text, tell_array }, .fd = fd };
  const rlim_t seconds = CPU_SECONDS + (rlim_t) (n / BYTES_A_SECOND);
  const struct rlimit work = { seconds, seconds }, none = { 0, 0 };
  const gchar kind = END;
  gint32 result;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  setrlimit (RLIMIT_CPU, &work);
  setrlimit (RLIMIT_CORE, &none);
  signal (SIGSEGV, SIG_DFL);    /* the program's own handlers know nothing of it */
  signal (SIGABRT, SIG_DFL);
  result = read (data, n, &child.sink);
  flush (&child);
  if (send_all (fd, &kind, 1))
    send_all (fd, &result, sizeof result);
  _exit (0);
}

/* ---- the parent ---- */

static gboolean
hear_text (gint fd, RnnHdf5Sink *sink)
{
  g_autofree gchar *path = take_text (fd), *name = path ? take_text (fd) : NULL, *text = name ? take_text (fd) : NULL;

  if (text)
    sink->text (sink, path, name, text);
  return text != NULL;
}

static gboolean
hear_array (gint fd, RnnHdf5Sink *sink)
{
  g_autofree gchar *path = take_text (fd);
  gint dims[RNN_HDF5_MAX_RANK], rank;
  gfloat *floats;
  gchar wanted;

  if (!path || !take_all (fd, &rank, sizeof rank) || rank < 0 || rank > RNN_HDF5_MAX_RANK
      || !take_all (fd, dims, (gsize) rank * sizeof *dims))
    return FALSE;
  for (gint i = 0; i < rank; i++)
    if (dims[i] < 0)
      return FALSE;
  floats = sink->array (sink, path, rank, dims);
  wanted = floats != NULL;
  return send_all (fd, &wanted, 1) && (!floats || take_all (fd, floats, count (rank, dims) * sizeof (gfloat)));
}

static RnnHdf5Result
hear (gint fd, RnnHdf5Sink *sink)
{
  gchar kind;
  gint32 result;

  while (take_all (fd, &kind, 1)) {
    if (kind == END)
      return take_all (fd, &result, sizeof result) && result >= 0 && result < RNN_HDF5_N_RESULTS ? (RnnHdf5Result) result : RNN_HDF5_DAMAGED;
    if (kind == TEXT ? !hear_text (fd, sink) : kind != ARRAY || !hear_array (fd, sink))
      break;
  }
  return RNN_HDF5_DAMAGED;
}

RnnHdf5Result
rnn_hdf5_read_apart (RnnHdf5Read read, const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  const struct timeval patience = {.tv_sec = PATIENCE };
  gint fds[2];
  RnnHdf5Result result;
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return RNN_HDF5_NO_PROCESS;
  child = fork ();
  if (child == 0)
    run_child (read, data, n, fds[1]);
  close (fds[1]);
  setsockopt (fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  result = child > 0 ? hear (fds[0], sink) : RNN_HDF5_NO_PROCESS;
  close (fds[0]);
  if (child > 0) {
    kill (child, SIGKILL);      /* it has ended, or is of no use any more */
    while (waitpid (child, NULL, 0) < 0 && errno == EINTR);
  }
  return result;
}
