/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV's parts, computed from the formulas of the published code: x [B][T][E].
 *
 * A case of a version has time mixing (att) and channel mixing (ffn), both of the same input, and for version 7 the
 * time mixing of a first layer too; the loss weighs all outputs, so gradients of what they share add up. */
#include "drive.h"
#include "families.h"
#include <string.h>

/* ---- RWKV-4's recurrence: keys and values in ---- */

static gboolean
load_wkv (Case *c, Drive *d, const Tensor *k, const Tensor *v, GError **error)
{
  gint E = k->dims[2];
  const Tensor *decay = case_need (c, "w.time_decay", error, 1, E);
  const Tensor *first = decay ? case_need (c, "w.time_first", error, 1, E) : NULL;
  g_autofree gfloat *swapped = g_new (gfloat, k->n);

  if (!first)
    return FALSE;
  swap_rows (d->B, d->T, E, k->data, swapped);
  rnn_copy_rows (d->B * d->T, E, swapped, E, d->x, 2 * E);
  swap_rows (d->B, d->T, E, v->data, swapped);
  rnn_copy_rows (d->B * d->T, E, swapped, E, d->x + E, 2 * E);
  return drive_set (d, "time_decay", decay->data, decay->n, error)
      && drive_set (d, "time_first", first->data, first->n, error);
}

/* Rows of n floats, ld apart, [T][B] -> tensor [B][T][n] */
static void
compare_rows (Case *c, const gchar *name, const Drive *d, gint n, const gfloat *rows, gsize ld)
{
  g_autofree gfloat *packed = g_new (gfloat, (gsize) d->T * d->B * n), *got = g_new (gfloat, (gsize) d->T * d->B * n);

  rnn_copy_rows (d->T * d->B, n, rows, ld, packed, n);
  swap_rows (d->T, d->B, n, packed, got);
  case_compare (c, name, got, (gsize) d->T * d->B * n);
}

/* n floats at @offset of every stream's state (or its gradient) */
static void
compare_state (Case *c, const gchar *name, const Drive *d, gsize offset, gsize n, const gfloat *states)
{
  g_autofree gfloat *packed = g_new (gfloat, (gsize) d->B * n);

  rnn_copy_rows (d->B, (gint) n, states + offset, d->n_state, packed, n);
  case_compare (c, name, packed, (gsize) d->B * n);
}

/* dy (the first n values of its rows) and the loss from a tensor [B][T][n]. */
static gboolean
weigh_rows (Case *c, const gchar *name, Drive *d, gint n, Loss *loss, GError **error)
{
  const Tensor *t = case_need (c, name, error, 3, d->B, d->T, n);
  g_autofree gfloat *swapped = NULL;

  if (!t)
    return FALSE;
  swapped = g_new (gfloat, t->n);
  swap_rows (d->B, d->T, n, t->data, swapped);
  rnn_copy_rows (d->B * d->T, n, swapped, n, d->dy, d->n_out);
  for (gint row = 0; row < d->B * d->T; row++)
    loss_add (loss, d->y + row * d->n_out, swapped + (gsize) row * n, n);
  return TRUE;
}

static gboolean
run_wkv (Case *c, GError **error)
{
  static const gchar *const states[] = { "out.aa", "out.bb", "out.pp" };
  const Tensor *k = case_need (c, "in.k", error, 3, -1, -1, -1);
  const Tensor *v = k ? case_need (c, "in.v", error, 3, k->dims[0], k->dims[1], k->dims[2]) : NULL;
  gint E = k ? k->dims[2] : 0;
  g_autoptr (Drive) d = NULL;
  Loss loss = { 0 };

  if (!v || !(d = drive_new (json_pack ("[{ss}]", "cell", "wkv4"), 2 * E, k->dims[1], k->dims[0], error))
      || !load_wkv (c, d, k, v, error))
    return FALSE;
  drive_forward (d, 0, d->T);
  compare_rows (c, "out.y", d, E, d->y, E);
  for (gint i = 0; i < 3 && case_find (c, states[i]); i++)
    compare_state (c, states[i], d, (gsize) i * E, E, drive_state (d, d->T));
  if (!case_find (c, "lossw.y"))
    return TRUE;
  if (!weigh_rows (c, "lossw.y", d, E, &loss, error))
    return FALSE;
  case_compare_loss (c, &loss);
  drive_backward (d, 0, d->T);
  compare_rows (c, "grad.in.k", d, E, d->dx, 2 * E);
  compare_rows (c, "grad.in.v", d, E, d->dx + E, 2 * E);
  case_compare (c, "grad.w.time_decay", d->dparam + drive_param (d, "time_decay", NULL)->offset, E);
  case_compare (c, "grad.w.time_first", d->dparam + drive_param (d, "time_first", NULL)->offset, E);
  return TRUE;
}

/* ---- one layer of a version ---- */

typedef struct {
  const gchar *cell, *version, *mixing;
  struct {
    const gchar *option, *tensor;       /* the size of its dimension `dim` */
    gint dim;
  } sizes[5];
} Version;

static const Version versions[] = {
  { "RWKV4", "4", "rwkv4", { } },
  { "RWKV5", "5.2", "rwkv5", { { "heads", "w.att.time_faaaa", 0 } } },
  { "RWKV6", "6", "rwkv6", { { "heads", "w.att.time_faaaa", 0 }, { "mix_rank", "w.att.time_maa_w2", 1 },
          { "decay_rank", "w.att.time_decay_w2", 0 } } },
  { "RWKV7", "7", "rwkv7", { { "heads", "w.att.r_k", 0 }, { "decay_rank", "w.att.w2", 0 },
          { "rate_rank", "w.att.a2", 0 }, { "value_rank", "w.att.v2", 0 }, { "gate_rank", "w.att.g2", 0 } } },
};

enum { ATT, FIRST, FFN, N_PARTS };      /* FIRST: version 7's time mixing in a first layer */

typedef struct {
  const Version *version;
  gint T, B, E;
  Drive *parts[N_PARTS];        /* FIRST may be NULL */
  Loss loss;
} Layer;

static void
layer_clear (Layer *l)
{
  for (gint i = 0; i < N_PARTS; i++)
    g_clear_pointer (&l->parts[i], drive_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Layer, layer_clear)

/* The recipe of time mixing, with what @more says of v_first. */
static json_t *
mixing_layer (Case *c, const Version *v, const gchar *v_first, GError **error)
{
  const gchar *eps = case_get (c, "gn_eps");
  json_t *layer = json_pack ("{ss ss}", "cell", v->mixing, "name", "att");

  for (guint i = 0; i < G_N_ELEMENTS (v->sizes) && v->sizes[i].option; i++) {
    const Tensor *t = case_need (c, v->sizes[i].tensor, error, -1);

    if (!t || t->rank <= v->sizes[i].dim) {
      json_decref (layer);
      return NULL;
    }
    json_object_set_new (layer, v->sizes[i].option, json_integer (t->dims[v->sizes[i].dim]));
  }
  if (v->sizes[0].option && eps)
    json_object_set_new (layer, "norm_eps", json_real (g_ascii_strtod (eps, NULL)));
  if (v_first)
    json_object_set_new (layer, "v_first", json_string (v_first));
  return json_pack ("[o]", layer);
}

/* A part with its weights and the inputs: x, and the first layer's v beside it if the part takes it. */
static gboolean
add_part (Case *c, Layer *l, gint part, json_t *layers, gint n_in, GError **error)
{
  static const gchar *const inputs[] = { "in.x", "in.v_first" };
  Drive *d = l->parts[part] = drive_new (layers, n_in, l->T, l->B, error);
  g_autofree gfloat *swapped = g_new (gfloat, (gsize) l->T * l->B * l->E);

  for (guint i = 0; d && i < c->tensors->len; i++) {
    const Tensor *t = c->tensors->pdata[i];

    if (g_str_has_prefix (t->name, "w.") && drive_param (d, t->name + 2, NULL)
        && !drive_set (d, t->name + 2, t->data, t->n, error))
      return FALSE;
  }
  for (gint i = 0; d && i < n_in / l->E; i++) {
    const Tensor *t = case_need (c, inputs[i], error, 3, l->B, l->T, l->E);

    if (!t)
      return FALSE;
    swap_rows (l->B, l->T, l->E, t->data, swapped);
    rnn_copy_rows (l->T * l->B, l->E, swapped, l->E, d->x + i * l->E, n_in);
  }
  return d != NULL;
}

static gboolean
make_layer (Case *c, Layer *l, GError **error)
{
  const Tensor *x = case_need (c, "in.x", error, 3, -1, -1, -1);
  const Tensor *hidden = x ? case_need (c, "w.ffn.key.weight", error, 2, -1, -1) : NULL;
  gboolean takes = case_find (c, "in.v_first") != NULL;

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    if (g_str_equal (versions[i].cell, case_get (c, "cell")))
      l->version = &versions[i];
  if (!hidden)
    return FALSE;
  if (!l->version)
    return case_wrong (error, "%s: version %s is not known", c->path, case_get (c, "cell"));
  l->B = x->dims[0];
  l->T = x->dims[1];
  l->E = x->dims[2];
  return add_part (c, l, ATT, mixing_layer (c, l->version, takes ? "take" : NULL, error), takes ? 2 * l->E : l->E,
          error) && (!takes || add_part (c, l, FIRST, mixing_layer (c, l->version, "give", error), l->E, error))
      && add_part (c, l, FFN, json_pack ("[{ss ss ss si}]", "cell", "rwkvffn", "name", "ffn", "version",
              l->version->version, "hidden", hidden->dims[0]), l->E, error);
}

/* Entry states: the last input, and S behind it. */
static gboolean
load_states (Case *c, Layer *l, GError **error)
{
  static const gchar *const last[] = { "in.att_x_prev", "in.att_x_prev", "in.ffn_x_prev" };
  gsize size = l->parts[ATT]->n_state - (gsize) l->E;

  for (gint i = 0; i < N_PARTS; i++) {
    const Tensor *t = l->parts[i] ? case_need (c, last[i], error, 2, l->B, l->E) : NULL;
    const Tensor *S = i != FFN ? case_find (c, "in.S0") : NULL;

    if (l->parts[i] && (!t || (S && S->n != (gsize) l->B * size)))
      return case_wrong (error, "%s: the states do not fit", c->path);
    if (t)
      rnn_copy_rows (l->B, l->E, t->data, l->E, drive_state (l->parts[i], 0), l->parts[i]->n_state);
    if (t && S)
      rnn_copy_rows (l->B, (gint) size, S->data, size, drive_state (l->parts[i], 0) + l->E, l->parts[i]->n_state);
  }
  return TRUE;
}

static void
compare_outputs (Case *c, Layer *l)
{
  static const gchar *const states[] = { "out.att.aa", "out.att.bb", "out.att.pp" };
  const Drive *att = l->parts[ATT], *first = l->parts[FIRST];
  gint E = l->E;

  compare_rows (c, "out.att.y", att, E, att->y, att->n_out);
  compare_rows (c, "out.ffn.y", l->parts[FFN], E, l->parts[FFN]->y, E);
  if (first) {
    compare_rows (c, "out.att.y_layer0", first, E, first->y, first->n_out);
    compare_rows (c, "out.att.v_first_layer0", first, E, first->y + E, first->n_out);
  }
  if (case_find (c, "out.att.S"))
    compare_state (c, "out.att.S", att, E, att->n_state - E, drive_state (l->parts[ATT], l->T));
  for (gint i = 0; i < 3 && case_find (c, states[i]); i++)
    compare_state (c, states[i], att, (gsize) (i + 1) * E, E, drive_state (l->parts[ATT], l->T));
}

static gboolean
weigh_outputs (Case *c, Layer *l, GError **error)
{
  Drive *att = l->parts[ATT];
  const Tensor *S = case_find (c, "lossw.att.S");
  gsize size = att->n_state - (gsize) l->E;

  if (!weigh_rows (c, "lossw.att.y", att, l->E, &l->loss, error)
      || (l->parts[FIRST] && !weigh_rows (c, "lossw.att.y_layer0", l->parts[FIRST], l->E, &l->loss, error))
      || !weigh_rows (c, "lossw.ffn.y", l->parts[FFN], l->E, &l->loss, error))
    return FALSE;
  if (S && S->n != (gsize) l->B * size)
    return case_wrong (error, "%s: lossw.att.S does not fit", c->path);
  for (gint b = 0; S && b < l->B; b++) {
    loss_add (&l->loss, drive_state (att, l->T) + b * att->n_state + l->E, S->data + b * size, size);
    memcpy (att->dstate + b * att->n_state + l->E, S->data + b * size, size * sizeof (gfloat));
  }
  return TRUE;
}

/* Adds up what the time mixings pass back: from rows or states of n floats, ld apart. */
static void
add_both (const Layer *l, gint rows, gint n, const gfloat *a, gsize lda, const gfloat *b, gsize ldb, gfloat *to)
{
  rnn_copy_rows (rows, n, a, lda, to, n);
  for (gint i = 0; b && i < rows * n; i++)
    to[i] += b[(gsize) (i / n) * ldb + i % n];
}

static void
compare_input_gradients (Case *c, Layer *l)
{
  Drive *att = l->parts[ATT], *first = l->parts[FIRST], *ffn = l->parts[FFN];
  gint E = l->E, rows = l->T * l->B, size = (gint) att->n_state - E;
  g_autofree gfloat *sum = g_new (gfloat, (gsize) rows * E), *states = g_new (gfloat, (gsize) l->B * att->n_state);

  add_both (l, rows, E, att->dx, att->n_in, first ? first->dx : NULL, E, sum);
  for (gint i = 0; i < rows * E; i++)
    sum[i] += ffn->dx[i];
  compare_rows (c, "grad.in.x", att, E, sum, E);
  if (first)
    compare_rows (c, "grad.in.v_first", att, E, att->dx + E, 2 * E);
  compare_state (c, "grad.in.ffn_x_prev", ffn, 0, E, ffn->dstate);
  add_both (l, l->B, E, att->dstate, att->n_state, first ? first->dstate : NULL, att->n_state, states);
  case_compare (c, "grad.in.att_x_prev", states, (gsize) l->B * E);
  if (case_find (c, "in.S0")) {
    add_both (l, l->B, size, att->dstate + E, att->n_state, first ? first->dstate + E : NULL, att->n_state, states);
    case_compare (c, "grad.in.S0", states, (gsize) l->B * size);
  }
}

static void
compare_weight_gradients (Case *c, Layer *l)
{
  for (guint i = 0; i < c->tensors->len; i++) {
    const Tensor *t = c->tensors->pdata[i];
    g_autofree gfloat *sum = g_new0 (gfloat, t->n + 1);
    gsize found = 0;

    for (gint part = 0; part < N_PARTS && g_str_has_prefix (t->name, "grad.w."); part++) {
      const RnnParam *p = l->parts[part] ? drive_param (l->parts[part], t->name + strlen ("grad.w."), NULL) : NULL;

      found += p && p->size == t->n;
      for (gsize j = 0; p && p->size == t->n && j < t->n; j++)
        sum[j] += l->parts[part]->dparam[p->offset + j];
    }
    if (found)
      case_compare (c, t->name, sum, t->n);
  }
}

static gboolean
run_layer (Case *c, GError **error)
{
  g_auto (Layer) l = { 0 };

  if (!make_layer (c, &l, error) || !load_states (c, &l, error))
    return FALSE;
  for (gint i = 0; i < N_PARTS; i++)
    if (l.parts[i])
      drive_forward (l.parts[i], 0, l.T);
  compare_outputs (c, &l);
  if (!weigh_outputs (c, &l, error))
    return FALSE;
  case_compare_loss (c, &l.loss);
  for (gint i = 0; i < N_PARTS; i++)
    if (l.parts[i])
      drive_backward (l.parts[i], 0, l.T);
  compare_input_gradients (c, &l);
  compare_weight_gradients (c, &l);
  return TRUE;
}

const CaseKind cases_rwkv[] = {
  { "cell", "RWKV4_WKV", NULL, run_wkv },
  { "cell", "RWKV?", NULL, run_layer },
  { NULL }
};
