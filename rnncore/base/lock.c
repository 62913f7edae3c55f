/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of PATH is flock (2) on .NAME.lock beside it, which holds the owner's number and name for others to tell. */
#include "lock.h"
#include "error.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct _RnnLock {
  gchar *path;                  /* of the file beside it */
  gint fd;
};

static gchar *
lock_path (const gchar *path)
{
  g_autofree gchar *target = rnn_file_resolve (path), *folder = g_path_get_dirname (target);
  g_autofree gchar *name = g_path_get_basename (target), *hidden = g_strdup_printf (".%s.lock", name);

  return g_build_filename (folder, hidden, NULL);
}

/* Is what was opened still what has the name?  Its last owner may have removed it. */
static gboolean
is_current (gint fd, const gchar *path)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && stat (path, &named) == 0 && opened.st_dev == named.st_dev
      && opened.st_ino == named.st_ino;
}

static void
sign (gint fd)
{
  g_autofree gchar *owner = g_strdup_printf ("process %d (%s)", (gint) getpid (), g_get_prgname () ? g_get_prgname () : "?");

  if (ftruncate (fd, 0) != 0 || write (fd, owner, strlen (owner)) < 0)
    return;                     /* it is locked all the same */
}

static void
refuse (gint fd, const gchar *path, gint number, GError **error)
{
  gchar owner[128] = "another process";
  gssize n = number == EWOULDBLOCK ? read (fd, owner, sizeof (owner) - 1) : 0;

  if (n > 0)
    owner[n] = 0;
  if (number == EWOULDBLOCK)
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s is writing to it", path, owner);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: it cannot be locked: %s", path, g_strerror (number));
}

RnnLock *
rnn_lock_new (const gchar *path, GError **error)
{
  g_autofree gchar *name = lock_path (path);
  RnnLock *lock;
  gint fd;

  for (;;) {
    fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 || flock (fd, LOCK_EX | LOCK_NB) != 0) {
      refuse (fd, path, errno, error);
      if (fd >= 0)
        close (fd);
      return NULL;
    }
    if (is_current (fd, name))
      break;
    close (fd);
  }
  sign (fd);
  lock = g_new (RnnLock, 1);
  *lock = (RnnLock) { g_steal_pointer (&name), fd };
  return lock;
}

void
rnn_lock_free (RnnLock *lock)
{
  if (!lock)
    return;
  unlink (lock->path);          /* while it is still locked */
  close (lock->fd);
  g_free (lock->path);
  g_free (lock);
}
