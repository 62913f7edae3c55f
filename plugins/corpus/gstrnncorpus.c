/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file comes when: a Fisher-Yates shuffle of all rows by (seed, epoch), the same for all ranks, of which each
 * takes its own. */
#include "gstrnncorpus.h"
#include <errno.h>
#include <string.h>
#include <glib/gstdio.h>
#include <rnncore/base/rng.h>

static gboolean
add_manifest (GstRnnCorpus *corpus, const gchar *manifest, GError **error)
{
  GPtrArray *rows = rnn_manifest_load (manifest, error);

  if (!rows)
    return FALSE;
  g_ptr_array_add (corpus->tables, rows);
  for (guint i = 0; i < rows->len; i++) {
    GstRnnUtterance utterance = { manifest, g_ptr_array_index (rows, i) };

    g_array_append_val (corpus->utterances, utterance);
  }
  return TRUE;
}

GstRnnCorpus *
gst_rnn_corpus_new (const gchar *location, GError **error)
{
  GstRnnCorpus *corpus = g_new0 (GstRnnCorpus, 1);

  corpus->manifests = g_strsplit (location, G_SEARCHPATH_SEPARATOR_S,
      g_file_test (location, G_FILE_TEST_EXISTS) ? 1 : -1);
  corpus->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  corpus->utterances = g_array_new (FALSE, FALSE, sizeof (GstRnnUtterance));
  corpus->order = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (gchar **manifest = corpus->manifests; *manifest; manifest++)
    if (!add_manifest (corpus, *manifest, error)) {
      gst_rnn_corpus_free (corpus);
      return NULL;
    }
  return corpus;
}

void
gst_rnn_corpus_free (GstRnnCorpus *corpus)
{
  g_array_unref (corpus->order);
  g_array_unref (corpus->utterances);
  g_ptr_array_unref (corpus->tables);
  g_strfreev (corpus->manifests);
  g_free (corpus);
}

void
gst_rnn_corpus_arrange (GstRnnCorpus *corpus, guint seed, guint epoch, guint rank, guint world_size)
{
  guint n = corpus->utterances->len;
  g_autofree guint32 *all = g_new (guint32, n + 1);
  RnnRng rng;

  for (guint i = 0; i < n; i++)
    all[i] = i;
  if (seed) {
    rnn_rng_seed (&rng, seed, epoch);
    rnn_rng_shuffle (&rng, all, n);
  }
  g_array_set_size (corpus->order, 0);
  for (guint i = rank; i < n; i += world_size)
    g_array_append_val (corpus->order, all[i]);
}

static void
digest_row (GChecksum *sum, const RnnManifestRow *row)
{
  GStatBuf info = { 0 };
  gint64 version[3];

  if (g_stat (row->path, &info) != 0)
    info.st_size = -1;
  version[0] = info.st_size;
  version[1] = info.st_mtim.tv_sec;
  version[2] = info.st_mtim.tv_nsec;
  g_checksum_update (sum, (const guchar *) row->path, strlen (row->path) + 1);
  g_checksum_update (sum, (const guchar *) row->speaker, strlen (row->speaker) + 1);
  g_checksum_update (sum, (const guchar *) row->text, strlen (row->text) + 1);
  g_checksum_update (sum, (const guchar *) version, sizeof (version));
}

void
gst_rnn_corpus_digest (const GstRnnCorpus *corpus, GChecksum *sum)
{
  for (guint i = 0; i < corpus->utterances->len; i++)
    digest_row (sum, g_array_index (corpus->utterances, GstRnnUtterance, i).row);
}

/* A device or a pipe may never end, and opening one may never return. */
static const gchar *
find_fault (const gchar *path)
{
  GStatBuf info;

  if (g_stat (path, &info) != 0)
    return errno == ENOENT ? "there is no such file" : g_strerror (errno);
  if (!S_ISREG (info.st_mode))
    return "it is no regular file";
  return info.st_size ? NULL : "it is empty";
}

gchar *
gst_rnn_utterance_get_uri (const GstRnnUtterance *utterance, gboolean allow_uris, const gchar **reason)
{
  const RnnManifestRow *row = utterance->row;
  g_autofree gchar *path = NULL;

  if (!strstr (row->given, "://") || !gst_uri_is_valid (row->given) || g_file_test (row->path, G_FILE_TEST_EXISTS))
    path = g_strdup (row->path);
  else if (gst_uri_has_protocol (row->given, "file"))
    path = g_filename_from_uri (row->given, NULL, NULL);
  else if (allow_uris)
    return g_strdup (row->given);
  *reason = path ? find_fault (path) : "it is no file, and URIs of other kinds are taken with `allow-uris` only";
  return *reason ? NULL : gst_filename_to_uri (path, NULL);
}
