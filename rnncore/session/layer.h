/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One layer by itself, as torch.nn.LSTMCell is: made from what a recipe says of it, given its weights, run on a state that
 * the caller keeps.  Any cell will do, and so will a container with its layers, if it can stream.
 *
 *   RnnLayer *lstm = rnn_layer_new ("{\"cell\": \"lstm\", \"hidden\": 4}", 3, &error);
 *   rnn_layer_load (lstm, "weights.safetensors", "", &error);
 *   rnn_layer_reset (lstm, state);
 *   rnn_layer_run (lstm, 1, x, state, y);
 *
 * One thread at a time.  Many streams of one model: session.h. */
#pragma once
#include "../model/safetensors.h"

RNN_API_BEGIN

typedef struct _RnnLayer RnnLayer;

/* @json: an object of a recipe's "layers" (`rnncore info --cell NAME` lists its options); @n_in: values per step.  The
 * weights are drawn, the same ones each time.  Fails on what a recipe may not say, and for a layer that needs the whole
 * sequence at once. */
RnnLayer *rnn_layer_new (const gchar *json, gint n_in, GError **error);
void      rnn_layer_free (RnnLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLayer, rnn_layer_free)

/* ---- weights ----
 * Names and shapes are PyTorch's.  "weight_ih_l0", as nn.LSTM calls it, may also be "weight_ih", as nn.LSTMCell does.  All
 * must be there, and no other: either is an error, and leaves the layer as it was. */
gboolean rnn_layer_set_weights (RnnLayer *layer, const RnnTensorView *tensors, guint n, GError **error);
/* Those tensors of a safetensors file whose names begin with @prefix ("rnn."; "": all). */
gboolean rnn_layer_load (RnnLayer *layer, const gchar *path, const gchar *prefix, GError **error);

/* ---- running ---- */
gint  rnn_layer_get_n_in (RnnLayer *layer);
gint  rnn_layer_get_n_out (RnnLayer *layer);
guint rnn_layer_get_latency (RnnLayer *layer);          /* steps: y[t] answers x[t - latency] */
gsize rnn_layer_get_state_size (RnnLayer *layer);       /* floats */
/* Where in a state the part @name begins, such as "h" or "c" of an LSTM, which is [*n] floats (NULL: not asked).  -1: it has no
 * such part.  The parts of a cell are those of the equations in its file; a layer made of several has none. */
gssize rnn_layer_find_state (RnnLayer *layer, const gchar *name, gsize *n);
/* A fresh state: mostly zeros. */
void  rnn_layer_reset (RnnLayer *layer, gfloat *state);
/* x [n_steps][n_in] -> y [n_steps][n_out]; state in and out.  Cannot fail, allocate, lock or log. */
void  rnn_layer_run (RnnLayer *layer, guint n_steps, const gfloat *x, gfloat *state, gfloat *y);

RNN_API_END
