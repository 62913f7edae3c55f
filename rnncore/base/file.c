/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes. */
#include "file.h"
#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What @mode is, if it is no regular file. */
static const gchar *
kind_of (mode_t mode)
{
  static const struct {
    mode_t mode;
    const gchar *name;
  } kinds[] = {
    { S_IFDIR, "a directory" }, { S_IFIFO, "a FIFO" }, { S_IFCHR, "a device" }, { S_IFBLK, "a device" },
    { S_IFSOCK, "a socket" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if ((mode & S_IFMT) == kinds[i].mode)
      return kinds[i].name;
  return NULL;
}

static GBytes *
map_fd (gint fd, const struct stat *st, const gchar *path, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GMappedFile) mapped = NULL;
  const gchar *kind = kind_of (st->st_mode);

  if (kind) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: it is %s", path, kind);
    return NULL;
  }
  if (!(mapped = g_mapped_file_new_from_fd (fd, FALSE, &reason))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: %s", path, reason->message);
    return NULL;
  }
  return g_mapped_file_get_bytes (mapped);
}

GBytes *
rnn_file_map_with_id (const gchar *path, gchar **id, GError **error)
{
  gint fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);     /* a FIFO would wait */
  GBytes *bytes = NULL;
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0)
    bytes = map_fd (fd, &st, path, error);
  else if (errno == ENOENT)
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: there is no such file", path);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: %s", path, g_strerror (errno));
  if (bytes && id)
    *id = g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld:%" G_GINT64_FORMAT,
        (guint64) st.st_dev, (guint64) st.st_ino, (gint64) st.st_mtim.tv_sec, (glong) st.st_mtim.tv_nsec,
        (gint64) st.st_size);
  if (fd >= 0)
    close (fd);
  return bytes;
}

GBytes *
rnn_file_map (const gchar *path, GError **error)
{
  return rnn_file_map_with_id (path, NULL, error);
}

#define MAX_LINKS 40

gchar *
rnn_file_resolve (const gchar *path)
{
  gchar *target = g_strdup (path);

  for (gint i = 0; i < MAX_LINKS; i++) {
    g_autofree gchar *link = g_file_read_link (target, NULL), *folder = g_path_get_dirname (target);
    gchar *next;

    if (!link)
      break;
    next = g_path_is_absolute (link) ? g_steal_pointer (&link) : g_build_filename (folder, link, NULL);
    g_free (target);
    target = next;
  }
  return target;
}

gboolean
rnn_file_replace (const gchar *path, const gchar *bytes, gsize n, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *target = rnn_file_resolve (path);

  if (g_file_test (target, G_FILE_TEST_EXISTS) && !g_file_test (target, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: not written: it is no file", path);
  else if (g_file_set_contents_full (target, bytes, (gssize) n,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &reason))
    return TRUE;
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be written: %s", path, reason->message);
  return FALSE;
}
