/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gates of recurrent layers as other frameworks lay them out.  Ours are PyTorch's: LSTM i, f, g, o; GRU r, z, n; one block of
 * H rows each, [gates * H][inputs]. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *framework, *cell;        /* "onnx", "lstm" */
  gint n_gates;
  gint order[4];                /* our gate g is theirs [order[g]] */
  gboolean transposed;          /* theirs is [inputs][gates * H] */
} RnnGateOrder;

/* pytorch, onnx, keras, tensorflow, tflite; elman, gru, lstm.  NULL: there is no such row. */
const RnnGateOrder *rnn_gate_order_find (const gchar *framework, const gchar *cell);

/* One parameter of such a layer: n_gates blocks of H rows of `inputs` values (a bias: 1). */
typedef struct {
  const RnnGateOrder *order;
  gint hidden, inputs;
} RnnGates;

void rnn_gates_from_theirs (const RnnGates *gates, const gfloat *theirs, gfloat *ours);
void rnn_gates_to_theirs   (const RnnGates *gates, const gfloat *ours, gfloat *theirs);

G_END_DECLS
