/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xLSTM: the recurrences of sLSTM and mLSTM, the paper's layers, xLSTM-7B's block, language models of both forms.
 * Sizes follow from the weights; states in a case are the last ones in a stream's state here, in the same order.
 *
 * Steps one by one give the states of every step, all steps at once all else. */
#include "families.h"
#include "grid.h"
#include <math.h>

typedef struct {
  const gchar *cell;            /* of the case */
  json_t *(*layers) (const Case *c, GError **error);    /* NULL: the file is wrong */
  gboolean (*params) (Case *c, Drive *d, gboolean load, GError **error);
  const gchar *inputs[6], *output;
  const gchar *states[5], *steps[5];    /* final ones; those of every step */
  gfloat (*factor) (const Case *c);     /* of the states C and n, theirs : ours */
} Form;

static gint
number (const Case *c, const gchar *key)
{
  return (gint) CLAMP (case_get_number (c, key, 1), 0, 1 << 20);
}

/* ---- the recurrences ---- */

static json_t *
slstm_cell (const Case *c, GError **error)
{
  const Tensor *R = case_need (c, "w.R", error, 4, 4, -1, -1, -1);

  return R ? json_pack ("[{sssbsi}]", "cell", "slstmcell", "project", FALSE, "heads", R->dims[1]) : NULL;
}

/* Theirs is R [gate][head], ours [head][gate]. */
static gboolean
slstm_params (Case *c, Drive *d, gboolean load, GError **error)
{
  const Tensor *R = case_find (c, "w.R"), *b = case_need (c, "w.b", error, 1, -1);
  gint heads = R->dims[1], size = R->dims[2] * R->dims[3];
  RnnParam *r = drive_param (d, "_recurrent_kernel_", error), *bias = drive_param (d, "_bias_", error);
  g_autofree gfloat *swapped = g_new (gfloat, R->n);

  if (!b || !r || !bias)
    return FALSE;
  if (!load) {
    swap_rows (heads, 4, size, d->dparam + r->offset, swapped);
    case_compare (c, "grad.w.R", swapped, R->n);
    case_compare (c, "grad.w.b", d->dparam + bias->offset, bias->size);
    return TRUE;
  }
  swap_rows (4, heads, size, R->data, swapped);
  return drive_set (d, "_recurrent_kernel_", swapped, R->n, error) && drive_set (d, "_bias_", b->data, b->n, error);
}

static json_t *
mlstm_cell (const Case *c, GError **error)
{
  const Tensor *q = case_need (c, "in.q", error, 4, -1, -1, -1, -1);

  return q ? json_pack ("[{sssisisf}]", "cell", "mlstmcell", "heads", q->dims[2], "qk", q->dims[3], "eps",
      case_get_number (c, "eps", 1e-6)) : NULL;
}

/* ---- layers ---- */

static gboolean
named_params (Case *c, Drive *d, gboolean load, GError **error)
{
  if (load)
    return grid_load_params (c, d, error);
  grid_compare_params (c, d);
  return TRUE;
}

/* @prefix: of the layer's tensors; @name: of the layer */
static json_t *
slstm_layer (const Case *c, const gchar *prefix, const gchar *name)
{
  const Tensor *w = case_find_format (c, "w.%szgate.weight", prefix);
  const Tensor *conv = case_find_format (c, "w.%sconv1d.conv.weight", prefix);

  return w ? json_pack ("{sssssisi}", "cell", "slstm", "name", name, "heads", w->dims[0], "kernel",
      conv ? conv->dims[2] : 0) : NULL;
}

static json_t *
mlstm_layer (const Case *c, const gchar *prefix, const gchar *name)
{
  const Tensor *gate = case_find_format (c, "w.%smlstm_cell.igate.weight", prefix);
  const Tensor *conv = case_find_format (c, "w.%sconv1d.conv.weight", prefix);
  const Tensor *q = case_find_format (c, "w.%sq_proj.weight", prefix);

  return gate && conv && q ? json_pack ("{sssssisisisi}", "cell", "mlstm", "name", name, "heads", gate->dims[0],
      "inner", conv->dims[0], "block", q->dims[1], "kernel", conv->dims[2]) : NULL;
}

static json_t *
only (json_t *layer)
{
  return layer ? json_pack ("[o]", layer) : NULL;
}

static json_t *
slstm_alone (const Case *c, GError **error)
{
  return only (slstm_layer (c, "", ""));
}

static json_t *
mlstm_alone (const Case *c, GError **error)
{
  return only (mlstm_layer (c, "", ""));
}

/* ---- blocks ---- */

/* x + layer (norm (x)), whose parameters have no level of their own; takes over @norm and @layer */
static json_t *
skip (json_t *norm, json_t *layer)
{
  return json_pack ("{sssss[oo]}", "cell", "residual", "name", "", "layers", norm, layer);
}

static json_t *
layer_norm (const gchar *name)
{
  return json_pack ("{sssssbsb}", "cell", "norm", "name", name, "bias", FALSE, "residual_weight", TRUE);
}

static json_t *
rms_norm (const Case *c, const gchar *name)
{
  return json_pack ("{sssssssbsf}", "cell", "norm", "name", name, "kind", "rms", "bias", FALSE, "eps",
      case_get_number (c, "norm_eps", case_get_number (c, "eps", 1e-6)));
}

static json_t *
gated_ffn (gint hidden, const gchar *naming, const gchar *activation)
{
  return json_pack ("{sssssissss}", "cell", "gatedffn", "name", "ffn", "hidden", hidden, "naming", naming, "activation",
      activation);
}

/* The layers of a block of the paper's form: those of mLSTM are one, those of sLSTM two. */
static json_t *
paper_block (const Case *c, const gchar *prefix)
{
  g_autofree gchar *inner = g_strconcat (prefix, "xlstm.", NULL);
  const Tensor *ffn = case_find_format (c, "w.%sffn.proj_down.weight", prefix);
  json_t *layer = mlstm_layer (c, inner, "xlstm"), *layers;

  layer = layer ? layer : slstm_layer (c, inner, "xlstm");
  if (!layer)
    return NULL;
  layers = only (skip (layer_norm ("xlstm_norm"), layer));
  if (ffn)
    json_array_append_new (layers, skip (layer_norm ("ffn_norm"), gated_ffn (ffn->dims[1], "xlstm", "gelu")));
  return layers;
}

static json_t *
large_block (const Case *c, const gchar *prefix)
{
  const Tensor *gate = case_find_format (c, "w.%smlstm_layer.igate_preact.weight", prefix);
  const Tensor *q = case_find_format (c, "w.%smlstm_layer.q.weight", prefix);
  const Tensor *ffn = case_find_format (c, "w.%sffn.proj_down.weight", prefix);
  json_t *layer;

  if (!gate || !q || !ffn)
    return NULL;
  layer = json_pack ("{sssssisisfsf}", "cell", "mlstm7b", "name", "mlstm_layer", "heads", gate->dims[0], "qk",
      q->dims[0], "cap", case_get_number (c, "gate_soft_cap", 15), "eps",
      case_get_number (c, "norm_eps", case_get_number (c, "eps", 1e-6)));
  return json_pack ("[oo]", skip (rms_norm (c, "norm_mlstm"), layer),
      skip (rms_norm (c, "norm_ffn"), gated_ffn (ffn->dims[1], "xlstm7b", "silu")));
}

static json_t *
large_alone (const Case *c, GError **error)
{
  return large_block (c, "");
}

/* The published code scales q where we scale k. */
static gfloat
large_factor (const Case *c)
{
  const Tensor *q = case_find (c, "w.mlstm_layer.q.weight"), *gate = case_find (c, "w.mlstm_layer.igate_preact.weight");

  return sqrtf ((gfloat) q->dims[0] / gate->dims[0]);
}

/* ---- language models ---- */

/* @blocks: the tensors' prefix; a list of layers out of each block's */
static json_t *
language_model (const Case *c, const gchar *embedding, const gchar *blocks,
    json_t *(*block) (const Case *, const gchar *), json_t *norm, const gchar *activation, gdouble cap)
{
  const Tensor *w = case_find_format (c, "w.%s.weight", embedding), *head = case_find (c, "w.lm_head.weight");
  json_t *layers = w && head ? json_pack ("[{sssssisi}]", "cell", "embedding", "name", embedding, "tokens", w->dims[0],
      "units", w->dims[1]) : NULL;

  for (gint i = 0; layers && i < number (c, "num_blocks"); i++) {
    g_autofree gchar *name = g_strdup_printf ("%s.%d", blocks, i), *prefix = g_strconcat (name, ".", NULL);

    json_array_append_new (layers, json_pack ("{ssssso}", "cell", "chain", "name", name, "layers", block (c, prefix)));
  }
  json_array_append_new (layers, norm);
  json_array_append_new (layers, head ? json_pack ("{sssssisbsssfsf}", "cell", "dense", "name", "lm_head", "units",
          head->dims[0], "bias", FALSE, "activation", activation, "activation_alpha", cap, "activation_beta", 1 / cap)
      : NULL);
  return layers;
}

static json_t *
paper_model (const Case *c, GError **error)
{
  return language_model (c, "token_embedding", "xlstm_block_stack.blocks", paper_block,
      layer_norm ("xlstm_block_stack.post_blocks_norm"), "linear", 1);
}

static json_t *
large_model (const Case *c, GError **error)
{
  return language_model (c, "embedding", "backbone.blocks", large_block, rms_norm (c, "backbone.out_norm"),
      "scaledtanh", case_get_number (c, "output_logit_soft_cap", 30));
}

/* ---- running ---- */

static const Form forms[] = {
  { "SLSTM", slstm_cell, slstm_params, { "in.Wx" }, "y", { NULL }, { "out.c", "out.n", "out.m" } },
  { "MLSTM", mlstm_cell, named_params, { "in.q", "in.k", "in.v", "in.i", "in.f" }, "h",
    { "out.C", "out.n", "out.m" }, { "out.m_all" } },
  { "SLSTM_LAYER", slstm_alone, named_params, { "in.x" }, "y",
    { "out.state.y", "out.state.c", "out.state.n", "out.state.m" } },
  { "MLSTM_LAYER", mlstm_alone, named_params, { "in.x" }, "y", { "out.state.C", "out.state.n", "out.state.m" } },
  { "XLSTM_LARGE_BLOCK", large_alone, named_params, { "in.x" }, "y",
    { "out.state.C", "out.state.n", "out.state.m" }, { NULL }, large_factor },
  { "XLSTM_LM", paper_model, named_params, { "in.tokens" }, "logits" },
  { "XLSTM_LARGE_LM", large_model, named_params, { "in.tokens" }, "logits" },
};

static const Form *
find_form (const Case *c)
{
  const Form *form = forms;

  while (!g_str_equal (form->cell, case_get (c, "cell")))
    form++;
  return form;
}

static Drive *
make (Case *c, const Form *form, GError **error)
{
  const Tensor *first = case_need (c, form->inputs[0], error, -1);
  gint B = first && first->rank >= 2 ? first->dims[0] : 0, T = B > 0 ? first->dims[1] : 0;
  gsize width = 0;

  if (!first || T < 1) {
    if (first)
      case_wrong (error, "%s: %s has no steps", c->path, form->inputs[0]);
    return NULL;
  }
  for (guint i = 0; form->inputs[i]; i++) {
    gsize n = grid_width (c, form->inputs[i], T, B, error);

    if (!n)
      return NULL;
    width += n;
  }
  return drive_new (form->layers (c, error), (gint) MIN (width, G_MAXINT), T, B, error);
}

/* The tensors, as many as there are, against the last columns of a grid's rows. */
static gboolean
compare_last (Case *c, const gchar *const *names, const Grid *g, gfloat factor, GError **error)
{
  gsize at = g->width, n;

  for (guint i = 0; names[i] && case_find (c, names[i]); i++) {
    if (!(n = grid_width (c, names[i], g->T, g->B, error)))
      return FALSE;
    at -= MIN (n, at);
  }
  for (guint i = 0; names[i] && case_find (c, names[i]); i++)
    if (!grid_compare (c, names[i], g, &at, g_str_has_suffix (names[i], "m") ? 1 : factor, error))
      return FALSE;
  return TRUE;
}

/* States of every step. */
static gboolean
run_steps (Case *c, const Form *form, Drive *d, GError **error)
{
  Grid g = grid_of_steps (d, drive_state (d, 1), d->n_state);

  for (gint t = 0; form->steps[0] && t < d->T; t++)
    drive_forward (d, t, 1);
  return compare_last (c, form->steps, &g, 1, error);
}

static gboolean
run_backward (Case *c, const Form *form, Drive *d, const gchar *weights, GError **error)
{
  Grid dy = grid_of_steps (d, d->dy, d->n_out), dx = grid_of_steps (d, d->dx, d->n_in);
  gsize at = 0;
  Loss loss = { 0 };

  if (!grid_load (c, weights, &dy, &at, error))
    return FALSE;
  loss_add (&loss, d->y, d->dy, (gsize) d->T * d->B * d->n_out);
  case_compare_loss (c, &loss);
  drive_backward (d, 0, d->T);
  at = 0;
  for (guint i = 0; form->inputs[i]; i++) {
    g_autofree gchar *name = g_strconcat ("grad.", form->inputs[i], NULL);

    if (!grid_compare (c, name, &dx, &at, 1, error))
      return FALSE;
  }
  return form->params (c, d, FALSE, error);
}

static gboolean
run_form (Case *c, GError **error)
{
  const Form *form = find_form (c);
  g_autoptr (Drive) d = make (c, form, error);
  g_autofree gchar *out = g_strconcat ("out.", form->output, NULL);
  g_autofree gchar *weights = g_strconcat ("lossw.", form->output, NULL);
  Grid x, y, state;
  gsize at = 0;

  if (!d || !form->params (c, d, TRUE, error))
    return FALSE;
  x = grid_of_steps (d, d->x, d->n_in);
  y = grid_of_steps (d, d->y, d->n_out);
  for (guint i = 0; form->inputs[i]; i++)
    if (!grid_load (c, form->inputs[i], &x, &at, error))
      return FALSE;
  if (!run_steps (c, form, d, error))
    return FALSE;
  drive_forward (d, 0, d->T);
  at = 0;
  state = grid_of_states (d, drive_state (d, d->T));
  return grid_compare (c, out, &y, &at, 1, error)
      && compare_last (c, form->states, &state, form->factor ? form->factor (c) : 1, error)
      && (!case_find (c, weights) || run_backward (c, form, d, weights, error));
}

const CaseKind cases_xlstm[] = {
  { "cell", "SLSTM", "in.Wx", run_form },
  { "cell", "MLSTM", "in.q", run_form },
  { "cell", "SLSTM_LAYER", NULL, run_form },
  { "cell", "MLSTM_LAYER", NULL, run_form },
  { "cell", "XLSTM_LARGE_BLOCK", NULL, run_form },
  { "cell", "XLSTM_LM", NULL, run_form },
  { "cell", "XLSTM_LARGE_LM", NULL, run_form },
  { NULL }
};
