/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TensorFlow Lite, in two files: tflite.c has tensors and the file, tflite-ops.c what each operator is in ONNX's terms. */
#pragma once
#include "flatbuffer.h"
#include "net.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *where;
  RnnFlat flat;
  gsize subgraph, tensors, buffers;     /* the table, and the first elements of vectors */
  guint n_tensors, n_buffers;
  RnnNetGraph *graph;
  GPtrArray *names;             /* owned; what functions return as names */
} RnnTflite;

/* One operator on its way. */
typedef struct {
  RnnTflite *tf;
  gint code;                    /* BuiltinOperator */
  gsize options;                /* its table of options, or 0 */
  gsize in, out;                /* first elements of vectors of int32 */
  guint n_in, n_out;
  GError **error;
} RnnTfliteOp;

/* ---- tflite.c ---- */
gboolean     rnn_tflite_fail (const RnnTflite *tf, GError **error, const gchar *format, ...) G_GNUC_PRINTF (3, 4);
/* Input or output i as the number of a tensor, or -1: left out. */
gint         rnn_tflite_in   (const RnnTfliteOp *op, guint i);
gint         rnn_tflite_out  (const RnnTfliteOp *op, guint i);
/* Names live as long as the reading. */
const gchar *rnn_tflite_name (const RnnTflite *tf, gint tensor);        /* of a tensor in the graph, "" for -1 */
const gchar *rnn_tflite_new_name (const RnnTflite *tf);                 /* of something of our own */
/* A constant of our own. */
const gchar *rnn_tflite_add  (const RnnTflite *tf, RnnNetValue *value /* transfer full */);
const gchar *rnn_tflite_ints (const RnnTflite *tf, guint n, const gint64 *values);
/* Its shape, dims[RNN_NET_RANK]; the rank, or -1. */
gint         rnn_tflite_shape (const RnnTflite *tf, gint tensor, gint64 *dims);
/* A constant's elements, dequantised, or NULL: it is none (transfer full). */
RnnNetValue *rnn_tflite_constant (const RnnTflite *tf, gint tensor, GError **error);
/* ---- tflite-ops.c ---- */
gboolean     rnn_tflite_convert (RnnTfliteOp *op);

G_END_DECLS
