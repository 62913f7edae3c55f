/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keras's SimpleRNN, LSTM and GRU (reset_after or not) with their gradients: x [B][T][I], kernels [I][G H] and
 * [H][G H], gates i, f, c, o and z, r, h. */
#include "drive.h"
#include "families.h"
#include "import/gates.h"

typedef struct {
  const gchar *cell;            /* of the case and of ours but for rnn */
  const gchar *ours;
  gint gates;
} Mode;

static const Mode modes[] = {
  { "rnn", "elman", 1 },
  { "lstm", "lstm", 4 },
  { "gru", "gru", 3 },
};

typedef struct {
  const Mode *mode;
  const Tensor *x;
  gint B, T, I, H;
} Layer;

/* Where a weight of Keras's belongs, and how it lies. */
typedef struct {
  const gchar *theirs, *ours;
  gint cols;                    /* 0: H, -1: I, else so many */
} Weight;

static const Weight weights[] = {
  { "kernel", "weight_ih_l0", -1 }, { "recurrent_kernel", "weight_hh_l0", 0 }, { "bias", "bias_ih_l0", 1 },
  { "bias_ih", "bias_ih_l0", 1 }, { "bias_hh", "bias_hh_l0", 1 },
};

static RnnGates
gates_of (const Layer *l, const Weight *w)
{
  gint cols = w->cols > 0 ? w->cols : w->cols < 0 ? l->I : l->H;

  return (RnnGates) { rnn_gate_order_find ("keras", l->mode->ours), l->H, cols };
}

static gboolean
read_layer (Case *c, Layer *l, GError **error)
{
  const Tensor *recurrent = case_need (c, "w.recurrent_kernel", error, 2, -1, -1);

  l->mode = modes;
  while (!g_str_equal (l->mode->cell, case_get (c, "cell")))
    l->mode++;
  if (!recurrent || !(l->x = case_need (c, "in.x", error, 3, -1, -1, -1)))
    return FALSE;
  l->B = l->x->dims[0];
  l->T = l->x->dims[1];
  l->I = l->x->dims[2];
  l->H = recurrent->dims[0];
  return recurrent->dims[1] == l->mode->gates * l->H
      || case_wrong (error, "%s: recurrent_kernel does not fit", c->path);
}

static gboolean
is_true (const Case *c, const gchar *key)
{
  return g_strcmp0 (case_get (c, key), "True") == 0;
}

static json_t *
make_layers (Case *c, const Layer *l)
{
  json_t *layer = json_pack ("{sssi}", "cell", l->mode->ours, "hidden", l->H);
  const gchar *activation = case_get (c, "activation"), *gate = case_get (c, "recurrent_activation");

  if (activation)
    json_object_set_new (layer, "activation", json_string (activation));
  if (activation && l->mode->gates == 4)
    json_object_set_new (layer, "output_activation", json_string (activation));
  if (gate && l->mode->gates > 1)
    json_object_set_new (layer, "gate_activation", json_string (gate));
  if (l->mode->gates == 3)
    json_object_set_new (layer, "reset_after", json_boolean (is_true (c, "reset_after")));
  return json_pack ("[o]", layer);
}

static gboolean
load_weights (Case *c, const Layer *l, Drive *d, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (weights); i++) {
    const Tensor *w = case_find_format (c, "w.%s", weights[i].theirs);
    RnnGates g = gates_of (l, &weights[i]);
    gsize n = (gsize) l->mode->gates * g.hidden * g.inputs;
    g_autofree gfloat *ours = g_new (gfloat, n);

    if (!w)
      continue;
    if (w->n != n)
      return case_wrong (error, "%s: %s does not fit", c->path, w->name);
    rnn_gates_from_theirs (&g, w->data, ours);
    if (!drive_set (d, weights[i].ours, ours, n, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
compare_weights (Case *c, const Layer *l, Drive *d, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (weights); i++) {
    g_autofree gchar *name = g_strconcat ("grad.w.", weights[i].theirs, NULL);
    RnnGates g = gates_of (l, &weights[i]);
    g_autofree gfloat *theirs = g_new (gfloat, (gsize) l->mode->gates * g.hidden * g.inputs);
    RnnParam *param;

    if (!case_find (c, name))
      continue;
    if (!(param = drive_param (d, weights[i].ours, error)))
      return FALSE;
    rnn_gates_to_theirs (&g, d->dparam + param->offset, theirs);
    case_compare (c, name, theirs, param->size);
  }
  return TRUE;
}

/* States [B][H]: in.h0 and, behind it in ours, in.c0. */
static gboolean
load_states (Case *c, const Layer *l, Drive *d, GError **error)
{
  static const gchar *const names[] = { "in.h0", "in.c0" };

  for (gint i = 0; i < (l->mode->gates == 4 ? 2 : 1); i++) {
    const Tensor *t = case_find (c, names[i]);

    if (t && !case_need (c, names[i], error, 2, l->B, l->H))
      return FALSE;
    if (t)
      rnn_copy_rows (l->B, l->H, t->data, (gsize) l->H, drive_state (d, 0) + i * l->H, d->n_state);
  }
  return TRUE;
}

static void
compare_state (Case *c, const Layer *l, Drive *d, const gchar *name, gint part, const gfloat *states)
{
  g_autofree gfloat *packed = g_new (gfloat, (gsize) l->B * l->H);

  rnn_copy_rows (l->B, l->H, states + part * l->H, d->n_state, packed, (gsize) l->H);
  if (case_find (c, name))
    case_compare (c, name, packed, (gsize) l->B * l->H);
}

/* The loss is the sum of 2 out: over the last step, or over all. */
static void
weigh_outputs (Case *c, const Layer *l, Drive *d)
{
  gsize step = (gsize) l->B * l->H, n = is_true (c, "return_sequences") ? l->T * step : step;
  gfloat *dy = d->dy + l->T * step - n;

  for (gsize i = 0; i < n; i++)
    dy[i] = 2;
  for (gint part = 0; part < 2; part++)
    for (gint b = 0; case_find (c, part ? "out.c" : "out.h") && b < l->B; b++)
      for (gint h = 0; h < l->H; h++)
        d->dstate[b * d->n_state + part * l->H + h] = 2;
}

static void
compare_y (Case *c, const Layer *l, Drive *d)
{
  gsize step = (gsize) l->B * l->H;
  g_autofree gfloat *y = g_new (gfloat, l->T * step);

  if (is_true (c, "return_sequences")) {
    swap_rows (l->T, l->B, l->H, d->y, y);
    case_compare (c, "out.y", y, l->T * step);
  } else {
    case_compare (c, "out.y", d->y + (l->T - 1) * step, step);
  }
}

static gboolean
run_keras (Case *c, GError **error)
{
  Layer l;
  g_autoptr (Drive) d = NULL;
  g_autofree gfloat *dx = NULL;

  if (!read_layer (c, &l, error) || !(d = drive_new (make_layers (c, &l), l.I, l.T, l.B, error))
      || !load_weights (c, &l, d, error) || !load_states (c, &l, d, error))
    return FALSE;
  swap_rows (l.B, l.T, l.I, l.x->data, d->x);
  drive_forward (d, 0, l.T);
  compare_y (c, &l, d);
  compare_state (c, &l, d, "out.h", 0, drive_state (d, l.T));
  if (l.mode->gates == 4)
    compare_state (c, &l, d, "out.c", 1, drive_state (d, l.T));

  weigh_outputs (c, &l, d);
  drive_backward (d, 0, l.T);
  dx = g_new (gfloat, l.x->n);
  swap_rows (l.T, l.B, l.I, d->dx, dx);
  case_compare (c, "grad.in.x", dx, l.x->n);
  compare_state (c, &l, d, "grad.in.h0", 0, d->dstate);
  if (l.mode->gates == 4)
    compare_state (c, &l, d, "grad.in.c0", 1, d->dstate);
  return compare_weights (c, &l, d, error);
}

const CaseKind cases_keras[] = {
  { "cell", "rnn", "w.recurrent_kernel", run_keras },
  { "cell", "lstm", "w.recurrent_kernel", run_keras },
  { "cell", "gru", "w.recurrent_kernel", run_keras },
  { NULL }
};
