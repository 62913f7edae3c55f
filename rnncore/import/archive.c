/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ZIP archives in memory, by libzip. */
#include "archive.h"
#include <string.h>
#include <zip.h>
#include "base/error.h"
#include "base/memory.h"

#define MAX_ENTRIES 100000

struct _RnnArchive {
  gchar *where;
  GBytes *bytes;
  zip_t *zip;
  guint64 left;                 /* bytes that may still be unpacked */
};

gboolean
rnn_archive_is_one (const guint8 *data, gsize n)
{
  return n >= 4 && memcmp (data, "PK\3\4", 4) == 0;
}

static gboolean
fail (const RnnArchive *archive, GError **error, RnnError code, const gchar *name, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, code, "%s: %s%s%s", archive->where, name ? name : "", name ? ": " : "", reason);
  return FALSE;
}

RnnArchive *
rnn_archive_open (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (RnnArchive) archive = g_new0 (RnnArchive, 1);
  gsize n;
  gconstpointer data = g_bytes_get_data (bytes, &n);
  zip_error_t reason;
  zip_source_t *source;

  archive->where = g_strdup (where);
  archive->bytes = g_bytes_ref (bytes);
  archive->left = rnn_memory_get_limit ();
  zip_error_init (&reason);
  source = zip_source_buffer_create (data, n, 0, &reason);
  archive->zip = source ? zip_open_from_source (source, ZIP_RDONLY, &reason) : NULL;
  if (!archive->zip) {
    fail (archive, error, RNN_ERROR_FORMAT, "its archive cannot be read", zip_error_strerror (&reason));
    if (source)
      zip_source_free (source);
  }
  zip_error_fini (&reason);
  if (archive->zip && zip_get_num_entries (archive->zip, 0) > MAX_ENTRIES) {
    fail (archive, error, RNN_ERROR_LIMIT, NULL, "the archive has more entries than are supported");
    return NULL;
  }
  return archive->zip ? g_steal_pointer (&archive) : NULL;
}

void
rnn_archive_free (RnnArchive *archive)
{
  if (!archive)
    return;
  if (archive->zip)
    zip_discard (archive->zip);
  g_bytes_unref (archive->bytes);
  g_free (archive->where);
  g_free (archive);
}

guint
rnn_archive_get_n (RnnArchive *archive)
{
  return (guint) zip_get_num_entries (archive->zip, 0);
}

const gchar *
rnn_archive_get_name (RnnArchive *archive, guint i)
{
  const gchar *name = zip_get_name (archive->zip, i, 0);

  return name && g_utf8_validate (name, -1, NULL) ? name : NULL;
}

/* n bytes, all there are. */
static gboolean
read_all (zip_file_t *file, guint8 *to, guint64 n)
{
  guint8 more;

  for (guint64 at = 0; at < n;) {
    zip_int64_t got = zip_fread (file, to + at, n - at);

    if (got <= 0)
      return FALSE;
    at += (guint64) got;
  }
  return zip_fread (file, &more, 1) == 0;       /* the checksum is compared at the end */
}

GBytes *
rnn_archive_read (RnnArchive *archive, const gchar *name, GError **error)
{
  zip_int64_t i = zip_name_locate (archive->zip, name, 0);
  zip_file_t *file = NULL;
  zip_stat_t stat;
  guint8 *data;

  if (i < 0 || zip_stat_index (archive->zip, (zip_uint64_t) i, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE)) {
    fail (archive, error, RNN_ERROR_NOT_FOUND, name, "is not in the archive");
    return NULL;
  }
  if (stat.size > archive->left) {
    fail (archive, error, RNN_ERROR_LIMIT, name, "unpacks to more than may be taken (RNN_MAX_MEMORY)");
    return NULL;
  }
  archive->left -= stat.size;
  data = g_try_malloc (MAX (stat.size, 1));
  file = data ? zip_fopen_index (archive->zip, (zip_uint64_t) i, 0) : NULL;
  if (!file || !read_all (file, data, stat.size)) {
    fail (archive, error, RNN_ERROR_FORMAT, name, "cannot be unpacked: damaged, encrypted, or too large");
    g_clear_pointer (&data, g_free);
  }
  if (file)
    zip_fclose (file);
  return data ? g_bytes_new_take (data, stat.size) : NULL;
}

gboolean
rnn_archive_has (const guint8 *data, gsize n, const gchar *suffix)
{
  g_autoptr (GBytes) bytes = rnn_archive_is_one (data, n) ? g_bytes_new_static (data, n) : NULL;
  g_autoptr (RnnArchive) archive = bytes ? rnn_archive_open (bytes, "", NULL) : NULL;

  for (guint i = 0; archive && i < rnn_archive_get_n (archive); i++) {
    const gchar *name = rnn_archive_get_name (archive, i);

    if (name && g_str_has_suffix (name, suffix))
      return TRUE;
  }
  return FALSE;
}
