/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The utterances that rnncorpussrc plays: rows of one or several manifests, in the order of a seed, shared out among
 * ranks. */
#pragma once
#include <gst/gst.h>
#include <rnncore/base/manifest.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *manifest;        /* both owned by the corpus */
  const RnnManifestRow *row;
} GstRnnUtterance;

typedef struct {
  gchar **manifests;
  GPtrArray *tables;            /* of each manifest the rows */
  GArray *utterances;           /* of GstRnnUtterance, in the manifests' order */
  GArray *order;                /* guint32: what this rank plays, in this order */
} GstRnnCorpus;

/* @location: a manifest, or several with ':' between them.  Fails on one that cannot be read. */
GstRnnCorpus *gst_rnn_corpus_new (const gchar *location, GError **error);
void   gst_rnn_corpus_free (GstRnnCorpus *corpus);

/* Makes the order of pass @epoch: the manifests' own with @seed 0, else shuffled; every @world_size-th from @rank. */
void   gst_rnn_corpus_arrange (GstRnnCorpus *corpus, guint seed, guint epoch, guint rank, guint world_size);

/* Adds all rows to @sum, and the sizes and times of their files. */
void   gst_rnn_corpus_digest (const GstRnnCorpus *corpus, GChecksum *sum);

/* Where the recording is (transfer full).  NULL: it is no regular file, nor (@allow_uris) any URI, as @reason says. */
gchar *gst_rnn_utterance_get_uri (const GstRnnUtterance *utterance, gboolean allow_uris, const gchar **reason);

G_END_DECLS
