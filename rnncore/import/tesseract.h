/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tesseract's networks (4 and later): a part of a .traineddata under way, the layers that it holds as a tree, and what becomes of them. */
#pragma once
#include "model/reader.h"

G_BEGIN_DECLS

/* ---- bytes, little-endian ---- */
typedef struct {
  const guint8 *at, *end;
  const gchar *where;           /* the path, for messages */
} RnnTessBytes;

/* The next n bytes; NULL: there are fewer. */
const guint8 *rnn_tess_take (RnnTessBytes *bytes, gsize n);
/* As many numbers; FALSE: there are fewer. */
gboolean      rnn_tess_ints (RnnTessBytes *bytes, guint n, gint32 *numbers);
/* A uint32 and so many bytes, valid UTF-8 (transfer full), or NULL. */
gchar        *rnn_tess_string (RnnTessBytes *bytes);
/* Sets @error, which begins with the path; always FALSE. */
gboolean      rnn_tess_fail (const RnnTessBytes *bytes, GError **error, const gchar *format, ...) G_GNUC_PRINTF (3, 4);

/* ---- the tree ---- */
typedef enum {
  RNN_TESS_INPUT, RNN_TESS_CONVOLVE, RNN_TESS_MAXPOOL, RNN_TESS_RECONFIG,
  RNN_TESS_SERIES, RNN_TESS_PARALLEL, RNN_TESS_REVERSED, RNN_TESS_TRANSPOSED,
  RNN_TESS_LSTM, RNN_TESS_LAST,         /* every answer; the last one */
  RNN_TESS_DENSE,
} RnnTessKind;

typedef struct {
  gint rows, columns;
  gfloat *data;                 /* [rows][columns], the last column is the bias */
} RnnTessMatrix;

typedef struct {
  RnnTessKind kind;
  const gchar *type;            /* as the file calls it */
  const gchar *activation;      /* of a dense one; ours */
  gint n_in, n_out;
  gint32 numbers[5];            /* input: batch, height, width, depth, loss; convolve: half x, half y; pooling: x, y */
  RnnTessMatrix weights[4];     /* LSTM: cell, input gate, forget gate, output gate, [units][inputs, units, bias]; dense: the first */
  GPtrArray *children;          /* of RnnTessNode */
} RnnTessNode;

/* NULL and an error: not a network, or with layers that nobody runs here. */
RnnTessNode *rnn_tess_node_read (RnnTessBytes *bytes, GError **error);
void         rnn_tess_node_free (RnnTessNode *node);    /* NULL: nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTessNode, rnn_tess_node_free)

/* ---- what becomes of it ---- */
typedef struct {
  json_t *layers;               /* of a recipe; owned */
  gint height, columns;         /* a step is [columns][height] values of a picture */
  gint n_out;
} RnnTessLayers;

gboolean rnn_tess_layers_make (const RnnTessNode *network, const RnnTessBytes *bytes, RnnTensors *tensors, RnnTessLayers *layers,
    GError **error);

G_END_DECLS
