/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A data set in a file: frames that training reads where they lie, mapped, and an index of what belongs to which example.
 *
 * Little-endian.  Header: 128 bytes (RnnStoreHeader).  Frames: [n_frames][n_feature] half floats, or floats, example
 * after example.  Index, 32-bit words, per example: frames, texts, targets per frame, group; per text: its length (-1: not
 * known) and ids; then the targets [frames][targets] as floats.  Notes: text of whoever made the file. */
#pragma once
#include "dataset.h"

G_BEGIN_DECLS

typedef struct _RnnStore RnnStore;

/* A new file beside @path, which it replaces when it is sealed.  @half: numbers beyond +-65504 become these. */
RnnStore *rnn_store_new (const gchar *path, gint n_feature, gboolean half, GError **error);
void      rnn_store_free (RnnStore *store);

/* Appends frames[n][n_feature], @at is where they begin.  FALSE: there is no room, and there will be none. */
gboolean  rnn_store_append (RnnStore *store, const gfloat *frames, guint n, guint64 *at);
/* All frames have come.  They can be read from now on, even if the file cannot get its name (FALSE). */
gboolean  rnn_store_seal (RnnStore *store, RnnDataset *dataset, const gchar *digest, const gchar *notes, GError **error);
/* Adds the examples of the file @path to @dataset, of the same width.  FALSE: there is no such file, or of another @digest,
 * or it is broken. @notes (transfer full). */
gboolean  rnn_store_load (const gchar *path, const gchar *digest, RnnDataset *dataset, gchar **notes, GError **error);

/* Frames [n][n_feature] from number @at on -> out. */
void      rnn_store_read (const RnnStore *store, guint64 at, guint n, gfloat *out);
/* What the file will make of @n floats. */
void      rnn_store_round (const RnnStore *store, gsize n, gfloat *x);

G_END_DECLS
