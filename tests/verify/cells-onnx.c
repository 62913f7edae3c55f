/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX's RNN, GRU and LSTM operators (opset 14), forward only.
 *
 * X [T][B][I], W [D][G H][I], R [D][G H][H], B [D][2 G H], P [D][3H] in the order i, o, f; gates i, o, f, c or z, r, h.
 * Y [T][D][B][H], Y_h and Y_c [D][B][H]; layout 1 puts B first.  Every direction is a model of its own, since it has
 * its own activations; with sequence_lens every stream runs for itself: its final state is that of its own end. */
#include "drive.h"
#include "families.h"
#include "onnx.h"
#include "cells/activation.h"
#include "import/gates.h"
#include <string.h>

typedef struct {
  const gchar *op, *cell;
  gint gates;
  const gchar *activations[3];  /* options that they set, in ONNX's order */
} Op;

static const Op ops[] = {
  { "RNN", "elman", 1, { "activation" } },
  { "GRU", "gru", 3, { "gate_activation", "activation" } },
  { "LSTM", "lstm", 4, { "gate_activation", "activation", "output_activation" } },
};

typedef struct {
  Case *c;
  const Node *node;
  const Op *op;
  gint T, B, I, H, D;
  gboolean batch_first;
  const Tensor *x, *w, *r, *bias, *lengths, *h0, *c0, *p;
  gfloat *y, *h, *cell;         /* results, in the case's layout */
} Onnx;

/* ---- reading ---- */

static gboolean
size_is (const Onnx *o, const Tensor *t, gsize n, GError **error)
{
  return !t || t->n == n || case_wrong (error, "%s: %s does not fit the other inputs", o->c->path, t->name);
}

static gboolean
read_inputs (Onnx *o, GError **error)
{
  gsize gates = (gsize) o->op->gates;
  gsize states;

  o->x = node_input (o->c, o->node, 0, "X");
  o->w = node_input (o->c, o->node, 1, "W");
  o->r = node_input (o->c, o->node, 2, "R");
  o->bias = node_input (o->c, o->node, 3, "B");
  o->lengths = node_input (o->c, o->node, 4, "sequence_lens");
  o->h0 = node_input (o->c, o->node, 5, "initial_h");
  o->c0 = gates == 4 ? node_input (o->c, o->node, 6, "initial_c") : NULL;
  o->p = gates == 4 ? node_input (o->c, o->node, 7, "P") : NULL;
  if (!o->x || !o->w || !o->r || o->x->rank != 3 || o->w->rank != 3 || o->r->rank != 3 || !o->x->n || !o->r->n)
    return case_wrong (error, "%s: X, W and R must be there and have three dims", o->c->path);
  o->batch_first = node_number (o->node, "layout", 0) != 0;
  o->T = o->x->dims[o->batch_first ? 1 : 0];
  o->B = o->x->dims[o->batch_first ? 0 : 1];
  o->I = o->x->dims[2];
  o->D = o->r->dims[0];
  o->H = o->r->dims[2];
  states = (gsize) o->D * o->B * o->H;
  return size_is (o, o->w, gates * o->D * o->H * o->I, error) && size_is (o, o->r, gates * o->D * o->H * o->H, error)
      && size_is (o, o->bias, 2 * gates * o->D * o->H, error) && size_is (o, o->lengths, (gsize) o->B, error)
      && size_is (o, o->h0, states, error) && size_is (o, o->c0, states, error)
      && size_is (o, o->p, (gsize) o->D * 3 * o->H, error);
}

static gint
length_of (const Onnx *o, gint b)
{
  return o->lengths ? (gint) CLAMP (o->lengths->data[b], 0, o->T) : o->T;
}

/* ---- the layer of direction d ---- */

/* Which of alpha and beta a function reads; the attributes' lists hold values for those only. */
static const struct {
  const gchar *name;
  gboolean alpha, beta;
} parameters[] = {
  { "affine", TRUE, TRUE }, { "hardsigmoid", TRUE, TRUE }, { "scaledtanh", TRUE, TRUE }, { "leakyrelu", TRUE, FALSE },
  { "thresholdedrelu", TRUE, FALSE }, { "elu", TRUE, FALSE },
};

static void
set_parameter (json_t *layer, const gchar *option, const gchar *suffix, const json_t *values, gsize *used)
{
  g_autofree gchar *key = g_strconcat (option, suffix, NULL);
  const json_t *value = json_array_get (values, *used);

  if (value) {
    json_object_set_new (layer, key, json_real (json_number_value (value)));
    ++*used;
  }
}

/* Sets the layer's activations from the attributes; all directions before d are read too, for their alphas. */
static gboolean
set_activations (const Onnx *o, gint d, json_t *layer)
{
  const json_t *names = json_object_get (o->node->attributes, "activations");
  gsize alphas = 0, betas = 0, n = o->op->gates == 1 ? 1 : (gsize) o->op->gates - 1;

  for (gsize i = 0; i < n * ((gsize) d + 1); i++) {
    const gchar *given = json_string_value (json_array_get (names, i)), *option = o->op->activations[i % n];
    g_autofree gchar *name = given ? g_ascii_strdown (given, -1) : NULL;

    if (!name)
      continue;
    if (!g_strv_contains (rnn_gate_activation_names, name)) {
      case_skip (o->c, "no cell has %s for its gates", given);
      return FALSE;
    }
    json_object_set_new (layer, option, json_string (name));
    for (guint j = 0; j < G_N_ELEMENTS (parameters); j++)
      if (g_str_equal (name, parameters[j].name)) {
        if (parameters[j].alpha)
          set_parameter (layer, option, "_alpha", json_object_get (o->node->attributes, "activation_alpha"), &alphas);
        if (parameters[j].beta)
          set_parameter (layer, option, "_beta", json_object_get (o->node->attributes, "activation_beta"), &betas);
      }
  }
  return TRUE;
}

static gboolean
is_reverse (const Onnx *o, gint d)
{
  return d == 1 || g_strcmp0 (json_string_value (json_object_get (o->node->attributes, "direction")), "reverse") == 0;
}

static json_t *
make_layers (const Onnx *o, gint d)
{
  json_t *layer = json_pack ("{sssisbsf}", "cell", o->op->cell, "hidden", o->H, "bias", o->bias != NULL,
      "clip", node_number (o->node, "clip", 0));

  if (o->op->gates == 3)
    json_object_set_new (layer, "reset_after", json_boolean (node_number (o->node, "linear_before_reset", 0) != 0));
  if (o->op->gates == 4) {
    json_object_set_new (layer, "peephole", json_boolean (o->p != NULL));
    json_object_set_new (layer, "coupled", json_boolean (node_number (o->node, "input_forget", 0) != 0));
  }
  if (!set_activations (o, d, layer)) {
    json_decref (layer);
    return NULL;
  }
  return is_reverse (o, d) ? json_pack ("[{sss[o]}]", "cell", "reverse", "layers", layer) : json_pack ("[o]", layer);
}

static gboolean
load_gates (const Onnx *o, Drive *drive, const gchar *name, const gfloat *theirs, gint cols, GError **error)
{
  RnnGates g = { rnn_gate_order_find ("onnx", o->op->cell), o->H, cols };
  gsize n = (gsize) o->op->gates * o->H * cols;
  g_autofree gfloat *ours = g_new (gfloat, n);

  rnn_gates_from_theirs (&g, theirs, ours);
  return drive_set (drive, name, ours, n, error);
}

static gboolean
load_weights (const Onnx *o, gint d, Drive *drive, GError **error)
{
  gsize rows = (gsize) o->op->gates * o->H;
  const gfloat *bias = o->bias ? o->bias->data + 2 * d * rows : NULL, *p = o->p ? o->p->data + 3 * d * o->H : NULL;

  return load_gates (o, drive, "weight_ih_l0", o->w->data + d * rows * o->I, o->I, error)
      && load_gates (o, drive, "weight_hh_l0", o->r->data + d * rows * o->H, o->H, error)
      && (!bias || (load_gates (o, drive, "bias_ih_l0", bias, 1, error)
          && load_gates (o, drive, "bias_hh_l0", bias + rows, 1, error)))
      && (!p || (drive_set (drive, "p_i", p, o->H, error) && drive_set (drive, "p_o", p + o->H, o->H, error)
          && drive_set (drive, "p_f", p + 2 * o->H, o->H, error)));
}

/* ---- running ---- */

/* Where direction d, stream b is in initial_h, Y_h, ...: [D][B][H] or [B][D][H]. */
static gsize
state_at (const Onnx *o, gint d, gint b)
{
  return (o->batch_first ? (gsize) b * o->D + d : (gsize) d * o->B + b) * o->H;
}

static gsize
x_at (const Onnx *o, gint t, gint b)
{
  return (o->batch_first ? (gsize) b * o->T + t : (gsize) t * o->B + b) * o->I;
}

/* In Y: [T][D][B][H] or [B][T][D][H]. */
static gsize
y_at (const Onnx *o, gint t, gint d, gint b)
{
  return (o->batch_first ? ((gsize) b * o->T + t) * o->D + d : ((gsize) t * o->D + d) * o->B + b) * o->H;
}

static void
enter (const Onnx *o, gint d, gint b, const Drive *drive, gint row, gfloat *state)
{
  gsize bytes = (gsize) o->H * sizeof (gfloat);

  for (gint t = 0; t < drive->T; t++)
    memcpy (drive->x + ((gsize) t * drive->B + row) * o->I, o->x->data + x_at (o, t, b),
        (gsize) o->I * sizeof (gfloat));
  if (o->h0)
    memcpy (state, o->h0->data + state_at (o, d, b), bytes);
  if (o->c0)
    memcpy (state + o->H, o->c0->data + state_at (o, d, b), bytes);
}

static void
leave (const Onnx *o, gint d, gint b, const Drive *drive, gint row, const gfloat *state)
{
  gsize bytes = (gsize) o->H * sizeof (gfloat);

  for (gint t = 0; t < drive->T; t++)
    memcpy (o->y + y_at (o, t, d, b), drive->y + ((gsize) t * drive->B + row) * o->H, bytes);
  memcpy (o->h + state_at (o, d, b), state, bytes);
  if (o->op->gates == 4)
    memcpy (o->cell + state_at (o, d, b), state + o->H, bytes);
}

/* Streams [b0, b0 + n) over T steps. */
static gboolean
run_streams (const Onnx *o, gint d, gint b0, gint n, gint T, GError **error)
{
  json_t *layers = make_layers (o, d);
  g_autoptr (Drive) drive = layers ? drive_new (layers, o->I, T, n, error) : NULL;

  if (!layers)
    return TRUE;                /* skipped, and said so */
  if (!drive || !load_weights (o, d, drive, error))
    return FALSE;
  for (gint i = 0; i < n; i++)
    enter (o, d, b0 + i, drive, i, drive_state (drive, 0) + (gsize) i * drive->n_state);
  drive_forward (drive, 0, T);
  for (gint i = 0; i < n; i++)
    leave (o, d, b0 + i, drive, i, drive_state (drive, T) + (gsize) i * drive->n_state);
  return TRUE;
}

static gboolean
run_direction (const Onnx *o, gint d, GError **error)
{
  gboolean ok = TRUE;

  if (!o->lengths)
    return run_streams (o, d, 0, o->B, o->T, error);
  for (gint b = 0; ok && !o->c->skipped && b < o->B; b++)
    ok = length_of (o, b) == 0 || run_streams (o, d, b, 1, length_of (o, b), error);
  return ok;
}

static void
compare_output (const Onnx *o, guint position, const gchar *formal, const gfloat *got, gsize n)
{
  g_autofree gchar *name = node_output (o->node, position, formal);

  if (name && case_find (o->c, name))
    case_compare_with (o->c, name, got, n, case_get (o->c, "abs_tol")
        ? (Tolerance) { 0, case_get_number (o->c, "abs_tol", 0) } : (Tolerance) { 0, 2e-6 });
}

gboolean
onnx_run_cell (Case *c, Node *node, GError **error)
{
  Onnx o = { .c = c, .node = node, .op = ops };
  gsize states, steps;
  gboolean ok = TRUE;

  while (!g_str_equal (o.op->op, node->op))
    o.op++;
  if (!read_inputs (&o, error))
    return FALSE;
  states = (gsize) o.D * o.B * o.H;
  steps = states * o.T;
  o.y = g_new0 (gfloat, steps);
  o.h = g_new0 (gfloat, states);
  o.cell = g_new0 (gfloat, states);
  for (gint d = 0; ok && !c->skipped && d < o.D; d++)
    ok = run_direction (&o, d, error);
  if (ok && !c->skipped) {
    compare_output (&o, 0, "Y", o.y, steps);
    compare_output (&o, 1, "Y_h", o.h, states);
    compare_output (&o, 2, "Y_c", o.cell, states);
  }
  g_free (o.y);
  g_free (o.h);
  g_free (o.cell);
  return ok;
}
