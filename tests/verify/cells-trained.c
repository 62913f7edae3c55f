/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Updates: weights and outputs of one iteration after the other, as PyTorch's SGD made them from the mean squared
 * error.
 *
 * iterK.w.l0_reverse.weight_ih, iterK.in.x [B][T][I], iterK.in.label and iterK.out.y [B][T][n], states
 * iterK.in.h0.LAYER.  The cells called ...CELL have x [B][I] and get their last output as their next input. */
#include "drive.h"
#include "families.h"
#include "train/optimizer.h"
#include <string.h>

typedef struct {
  const gchar *cell, *ours;
  gint gates;
  gboolean feeds_back;
} Trained;

static const Trained trained[] = {
  { "LSTM", "lstm", 4, FALSE }, { "GRU", "gru", 3, FALSE }, { "RNN", "elman", 1, FALSE },
  { "LSTMCELL", "lstm", 4, TRUE }, { "GRUCELL", "gru", 3, TRUE }, { "RNNCELL", "elman", 1, TRUE },
};

typedef struct {
  Case *c;
  const Trained *kind;
  gint k;                       /* iteration */
  const Tensor *x, *label;
  gint B, T, I, H, L, D;
  Drive *d;
  gfloat rate;
  GError **error;
  gboolean ok;
} Training;

static const Tensor *
of_iteration (const Training *t, const gchar *name)
{
  return case_find_format (t->c, "iter%d.%s", t->k, name);
}

/* weight_ih_l0_reverse -> iterK.w.l0_reverse.weight_ih */
static const Tensor *
weight_of_iteration (const Training *t, const gchar *name)
{
  const gchar *at = strstr (name, "_l");
  g_autofree gchar *kind = at ? g_strndup (name, (gsize) (at - name)) : g_strdup (name);

  return case_find_format (t->c, "iter%d.w.%s.%s", t->k, at ? at + 1 : "", kind);
}

static gboolean
read_training (Training *t, GError **error)
{
  const Tensor *w = of_iteration (t, "w.l0.weight_hh"), *y = of_iteration (t, "out.y");
  const gchar *rule = case_get (t->c, "rule"), *rate = rule ? strstr (rule, "- ") : NULL;

  t->kind = trained;
  while (!g_str_equal (t->kind->cell, case_get (t->c, "cell")))
    t->kind++;
  t->x = of_iteration (t, "in.x");
  t->label = of_iteration (t, "in.label");
  t->rate = rate ? (gfloat) g_ascii_strtod (rate + 2, NULL) : 0;
  if (!w || !y || !t->x || !t->label || y->rank != 3 || t->label->n != y->n || w->rank != 2 || t->x->rank < 2
      || t->x->dims[0] != y->dims[0] || !y->n || !t->x->n || !(t->rate > 0))
    return case_wrong (error, "%s: its tensors or its rule do not say what is trained", t->c->path);
  while (case_find_format (t->c, "iter%d.w.l%d.weight_ih", t->k, t->L))
    t->L++;
  t->D = of_iteration (t, "w.l0_reverse.weight_ih") ? 2 : 1;
  t->H = w->dims[1];
  t->B = y->dims[0];
  t->T = y->dims[1];
  t->I = t->x->dims[t->x->rank - 1];
  if (t->x->n != (gsize) t->B * t->I * (t->kind->feeds_back ? 1 : t->T) || (t->kind->feeds_back && t->I != t->H))
    return case_wrong (error, "%s: its input does not fit", t->c->path);
  return TRUE;
}

static json_t *
trained_layers (const Training *t)
{
  json_t *layer = json_pack ("{sssi}", "cell", t->kind->ours, "hidden", t->H);

  if (t->D == 2)
    layer = json_pack ("{sss[o]}", "cell", "bidirectional", "layers", layer);
  json_object_set_new (layer, "depth", json_integer (t->L));
  return json_pack ("[o]", layer);
}

static void
load_param (RnnParam *param, const gchar *name, gpointer data)
{
  Training *t = data;
  const Tensor *w = weight_of_iteration (t, name);

  if (!w)
    t->ok = case_wrong (t->ok ? t->error : NULL, "%s: no weights for %s", t->c->path, name);
  else if (t->ok)
    t->ok = drive_set (t->d, name, w->data, w->n, t->error);
}

static void
compare_param (RnnParam *param, const gchar *name, gpointer data)
{
  Training *t = data;
  const Tensor *w = weight_of_iteration (t, name);

  if (w)
    case_compare (t->c, w->name, param->data, param->size);
}

/* iterK.in.h0.L and iterK.in.c0.L [B][H] */
static gboolean
start_states (Training *t, GError **error)
{
  gint parts = t->kind->gates == 4 ? 2 : 1;

  memset (drive_state (t->d, 0), 0, t->B * t->d->n_state * sizeof (gfloat));
  for (gint i = 0; i < t->L * parts; i++) {
    const Tensor *s = case_find_format (t->c, "iter%d.in.%c0.%d", t->k, i % parts ? 'c' : 'h', i / parts);

    if (s && s->n != (gsize) t->B * t->H)
      return case_wrong (error, "%s: %s does not fit", t->c->path, s->name);
    if (s)
      rnn_copy_rows (t->B, t->H, s->data, (gsize) t->H, drive_state (t->d, 0) + i * t->H, t->d->n_state);
  }
  return TRUE;
}

static gboolean
next_iteration (Training *t, GError **error)
{
  const Tensor *x = of_iteration (t, "in.x"), *label = of_iteration (t, "in.label");

  if (!label || x->n != t->x->n || label->n != t->label->n)
    return case_wrong (error, "%s: iteration %d is not like the first", t->c->path, t->k);
  t->x = x;
  t->label = label;
  return start_states (t, error);
}

/* Runs forward, and backward from the mean squared error. */
static void
run_iteration (Training *t)
{
  Drive *d = t->d;
  gsize n = t->label->n, step = (gsize) t->B * d->n_out;
  g_autofree gfloat *label = g_new (gfloat, n);

  swap_rows (t->B, t->T, (gint) d->n_out, t->label->data, label);
  memset (d->dstate, 0, t->B * d->n_state * sizeof (gfloat));
  memset (d->dparam, 0, rnn_model_get_n_params (d->model) * sizeof (gfloat));
  if (t->kind->feeds_back)
    memcpy (d->x, t->x->data, t->x->n * sizeof (gfloat));
  else
    swap_rows (t->B, t->T, t->I, t->x->data, d->x);
  for (gint s = 0; t->kind->feeds_back && s < t->T; s++) {
    drive_forward (d, s, 1);
    if (s + 1 < t->T)
      memcpy (d->x + (s + 1) * step, d->y + s * step, step * sizeof (gfloat));
  }
  if (!t->kind->feeds_back)
    drive_forward (d, 0, t->T);
  for (gsize i = 0; i < n; i++)
    d->dy[i] = 2 * (d->y[i] - label[i]) / n;
  for (gint s = t->T - 1; t->kind->feeds_back && s >= 0; s--) {
    for (gsize i = 0; s + 1 < t->T && i < step; i++)
      d->dy[s * step + i] += d->dx[(s + 1) * step + i];
    drive_backward (d, s, 1);
  }
  if (!t->kind->feeds_back)
    drive_backward (d, 0, t->T);
}

static void
compare_iteration (Training *t)
{
  g_autofree gfloat *y = g_new (gfloat, t->label->n);
  g_autofree gchar *name = g_strdup_printf ("iter%d.out.y", t->k);

  swap_rows (t->T, t->B, (gint) t->d->n_out, t->d->y, y);
  case_compare (t->c, name, y, t->label->n);
}

static gboolean
run_trained (Case *c, GError **error)
{
  Training t = { .c = c, .error = error, .ok = TRUE };
  g_autoptr (Drive) d = NULL;
  RnnTrainConfig config;
  RnnOptimizer optimizer;

  if (!read_training (&t, error) || !(d = t.d = drive_new (trained_layers (&t), t.I, t.T, t.B, error)))
    return FALSE;
  if (t.label->n != (gsize) t.T * t.B * d->n_out)
    return case_wrong (error, "%s: its labels do not fit", c->path);
  rnn_cell_foreach_param (rnn_model_get_root (d->model), load_param, &t);
  rnn_options_init (rnn_train_options, &config);
  config.optimizer = RNN_OPTIMIZER_SGD;
  rnn_optimizer_init (&optimizer, &config, rnn_model_get_n_params (d->model));
  for (; t.ok && of_iteration (&t, "in.x"); t.k++) {
    if (t.k)
      rnn_cell_foreach_param (rnn_model_get_root (d->model), compare_param, &t);
    t.ok = next_iteration (&t, error);
    if (!t.ok)
      break;
    run_iteration (&t);
    compare_iteration (&t);
    rnn_optimizer_step (&optimizer, rnn_model_get_params (d->model), d->dparam, t.rate);
  }
  rnn_optimizer_clear (&optimizer);
  return t.ok;
}

const CaseKind cases_trained[] = {
  { "cell", "RNN", "iter0.in.x", run_trained },
  { "cell", "LSTM", "iter0.in.x", run_trained },
  { "cell", "GRU", "iter0.in.x", run_trained },
  { "cell", "RNNCELL", "iter0.in.x", run_trained },
  { "cell", "LSTMCELL", "iter0.in.x", run_trained },
  { "cell", "GRUCELL", "iter0.in.x", run_trained },
  { NULL }
};
