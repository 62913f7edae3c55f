/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes. */
#include "file.h"
#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
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

/* ---- written aside: .NAME.XXXXXX.part, locked while it is written ---- */

#define PART ".part"

static gchar *
part_template (const gchar *target)
{
  g_autofree gchar *folder = g_path_get_dirname (target), *name = g_path_get_basename (target);
  g_autofree gchar *part = g_strdup_printf (".%s.XXXXXX" PART, name);

  return g_build_filename (folder, part, NULL);
}

static gboolean
write_all (gint fd, const gchar *bytes, gsize n)
{
  while (n > 0) {
    gssize written = write (fd, bytes, n);

    if (written < 0 && errno != EINTR)
      return FALSE;
    bytes += MAX (written, 0);
    n -= MAX (written, 0);
  }
  return fsync (fd) == 0;
}

/* What takes the place of an old file has its rights. */
static gboolean
keep_rights (gint fd, const gchar *target)
{
  struct stat old;

  return stat (target, &old) != 0 || fchmod (fd, old.st_mode & 0777) == 0;
}

static gboolean
replace (const gchar *target, gint mode, const gchar *bytes, gsize n)
{
  g_autofree gchar *part = part_template (target);
  gint fd = g_mkstemp_full (part, O_RDWR | O_CLOEXEC, mode), number;

  if (fd < 0)
    return FALSE;
  flock (fd, LOCK_EX | LOCK_NB);        /* rnn_file_clean leaves it alone */
  if (write_all (fd, bytes, n) && keep_rights (fd, target) && rename (part, target) == 0) {
    close (fd);
    return TRUE;
  }
  number = errno;
  unlink (part);
  close (fd);
  errno = number;
  return FALSE;
}

static gboolean
replace_file (const gchar *path, gint mode, const gchar *bytes, gsize n, GError **error)
{
  g_autofree gchar *target = rnn_file_resolve (path);

  if (g_file_test (target, G_FILE_TEST_EXISTS) && !g_file_test (target, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: not written: it is no file", path);
  else if (replace (target, mode, bytes, n))
    return TRUE;
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be written: %s", path, g_strerror (errno));
  return FALSE;
}

gboolean
rnn_file_replace (const gchar *path, const gchar *bytes, gsize n, GError **error)
{
  return replace_file (path, 0666, bytes, n, error);
}

gboolean
rnn_file_replace_private (const gchar *path, const gchar *bytes, gsize n, GError **error)
{
  return replace_file (path, 0600, bytes, n, error);
}

/* Does @name lie between the parts of a template, with six characters for its Xs? */
static gboolean
is_part (const gchar *name, const gchar *template)
{
  const gchar *x = g_strrstr (template, "XXXXXX" PART);
  gsize before = x - template;

  return strlen (name) == strlen (template) && strncmp (name, template, before) == 0
      && g_str_has_suffix (name, PART);
}

static void
remove_dead (const gchar *path)
{
  gint fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    return;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (path);
  close (fd);
}

void
rnn_file_clean (const gchar *path)
{
  g_autofree gchar *target = rnn_file_resolve (path), *full = part_template (target);
  g_autofree gchar *folder = g_path_get_dirname (full), *template = g_path_get_basename (full);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (is_part (name, template)) {
      g_autofree gchar *part = g_build_filename (folder, name, NULL);

      remove_dead (part);
    }
}
