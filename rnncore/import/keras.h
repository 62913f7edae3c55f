/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keras's models, in three files: keras.c has the file and the graph, keras-archive.c where an archive has what, keras-layers.c what each kind
 * of layer is here. */
#pragma once
#include "hdf5.h"
#include "model/reader.h"

G_BEGIN_DECLS

typedef struct {
  RnnHdf5Sink sink;             /* first */
  const gchar *where;
  gchar *config, *version;      /* texts of the file, or NULL */
  guint64 bytes;                /* of all arrays so far */
  RnnTensors *arrays;           /* the file's, by path */
  GHashTable *folders;          /* of an archive: name of a layer -> folder of its arrays; or NULL */
  RnnImport *import;
  json_t *layers;               /* ours, so far: each with "name" and "from" */
  GError *error;                /* of the sink */
} RnnKeras;

/* One layer of the file on its way. */
typedef struct {
  const gchar *klass;           /* "LSTM" */
  const gchar *name;            /* whose weights, and what ours is called */
  const json_t *config;
  const gchar *part;            /* of a Bidirectional: in the paths of its weights; else NULL */
  const gchar *suffix;          /* of our names: "" or "_reverse" */
  json_t *from;                 /* what ours reads; borrowed */
  json_t *made;                 /* a layer inside another goes here instead of RnnKeras.layers: its object (transfer full) */
} RnnKerasLayer;

/* Appends the layers that stand for @layer, with their weights.  FALSE: an error that names it. */
gboolean rnn_keras_convert (RnnKeras *keras, RnnKerasLayer *layer, GError **error);
gboolean rnn_keras_fail    (const RnnKeras *keras, const gchar *layer, GError **error, const gchar *format, ...) G_GNUC_PRINTF (4, 5);

/* ---- keras-archive.c ---- */
gboolean rnn_keras_is_archive   (const guint8 *data, gsize n);
/* config, version, folders and arrays */
gboolean rnn_keras_read_archive (RnnKeras *keras, GBytes *bytes, GError **error);
/* The array that a .h5 calls @name. */
const RnnTensorView *rnn_keras_archive_find (const RnnKeras *keras, const RnnKerasLayer *layer, const gchar *name);

G_END_DECLS
