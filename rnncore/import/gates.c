/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gates of recurrent layers as other frameworks lay them out. */
#include "gates.h"

/* TensorFlow's are those of BasicLSTMCell (i, j, f, o) and GRUCell (r, u, and a candidate of its own). */
static const RnnGateOrder orders[] = {
  { "pytorch", "elman", 1, { 0 } },
  { "pytorch", "gru", 3, { 0, 1, 2 } },
  { "pytorch", "lstm", 4, { 0, 1, 2, 3 } },
  { "onnx", "elman", 1, { 0 } },
  { "onnx", "gru", 3, { 1, 0, 2 } },            /* z, r, h */
  { "onnx", "lstm", 4, { 0, 2, 3, 1 } },        /* i, o, f, c */
  { "keras", "elman", 1, { 0 }, TRUE },
  { "keras", "gru", 3, { 1, 0, 2 }, TRUE },     /* z, r, h */
  { "keras", "lstm", 4, { 0, 1, 2, 3 }, TRUE }, /* i, f, c, o */
  { "tensorflow", "elman", 1, { 0 }, TRUE },
  { "tensorflow", "gru", 2, { 0, 1 }, TRUE },
  { "tensorflow", "lstm", 4, { 0, 2, 1, 3 }, TRUE },
  { "tflite", "lstm", 4, { 0, 1, 2, 3 } },
};

const RnnGateOrder *
rnn_gate_order_find (const gchar *framework, const gchar *cell)
{
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    if (g_str_equal (orders[i].framework, framework) && g_str_equal (orders[i].cell, cell))
      return &orders[i];
  return NULL;
}

/* Where input c of unit h of our gate is in theirs. */
static gsize
theirs_at (const RnnGates *g, gint gate, gint h, gint c)
{
  gsize row = (gsize) g->order->order[gate] * g->hidden + h;

  return g->order->transposed ? (gsize) c * g->order->n_gates * g->hidden + row : row * g->inputs + c;
}

void
rnn_gates_from_theirs (const RnnGates *g, const gfloat *theirs, gfloat *ours)
{
  for (gint gate = 0; gate < g->order->n_gates; gate++)
    for (gint h = 0; h < g->hidden; h++)
      for (gint c = 0; c < g->inputs; c++)
        *ours++ = theirs[theirs_at (g, gate, h, c)];
}

void
rnn_gates_to_theirs (const RnnGates *g, const gfloat *ours, gfloat *theirs)
{
  for (gint gate = 0; gate < g->order->n_gates; gate++)
    for (gint h = 0; h < g->hidden; h++)
      for (gint c = 0; c < g->inputs; c++)
        theirs[theirs_at (g, gate, h, c)] = *ours++;
}
