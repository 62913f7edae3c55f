/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mamba and Mamba-2: the recurrences alone, the mixers, language models made of them. */
#include "cells/activation.h"
#include "families.h"
#include "kernels/kernels.h"
#include "task.h"
#include <string.h>

static const gchar *const x_only[] = { "x", NULL }, *const tokens[] = { "tokens", NULL };

/* ---- the selective scan: the cell takes delta with its bias, and the gate silu (z) comes after it ---- */

static const RnnActivation silu = { RNN_ACT_SILU };

typedef struct {
  gint n;
  gfloat *z, *gated, *dz;       /* [T][B][n] */
  const Tensor *bias;
} Gate;

static void
add_bias (const Drive *d, const Gate *g)
{
  for (gsize row = 0; row < (gsize) d->T * d->B; row++)
    rnn_kernels ()->add (g->n, g->bias->data, d->x + row * d->n_in + g->n);
}

static gboolean
compare_scan_gradients (Task *t, Gate *g, GError **error)
{
  Drive *d = t->d;
  gsize size = (gsize) d->T * d->B * g->n, at = 0;
  Grid dz = grid_of_steps (d, g->dz, g->n), dy = grid_of_steps (d, d->dy, d->n_out);
  g_autofree gfloat *dbias = g_new0 (gfloat, g->n), *dgated = g_new (gfloat, size);

  if (!grid_load (t->c, "lossw.y", &dy, &at, error))
    return FALSE;
  memcpy (dgated, d->dy, size * sizeof (gfloat));
  rnn_gate_grad (&silu, (gint) size, d->y, g->z, dgated, d->dy, g->dz);
  drive_backward (d, 0, d->T);
  for (gsize row = 0; row < (gsize) d->T * d->B; row++)
    rnn_kernels ()->add (g->n, d->dx + row * d->n_in + g->n, dbias);
  case_compare (t->c, "grad.w.delta_bias", dbias, g->n);
  at = 0;
  return grid_compare (t->c, "grad.in.z", &dz, &at, 1, error) && task_compare_gradients (t, error);
}

static gboolean
run_gated_scan (Task *t, Gate *g, GError **error)
{
  Drive *d = t->d;
  gsize size = (gsize) d->T * d->B * g->n, at = 0;
  Grid z = grid_of_steps (d, g->z, g->n);
  g_autofree gfloat *y = NULL;
  gboolean ok;

  add_bias (d, g);
  if (!grid_load (t->c, "in.z", &z, &at, error) || !task_forward (t, error))
    return FALSE;
  y = g_memdup2 (d->y, size * sizeof (gfloat));
  rnn_gate (&silu, (gint) size, y, g->z, g->gated);
  memcpy (d->y, g->gated, size * sizeof (gfloat));
  ok = task_compare (t, error);
  if (!ok || !case_find (t->c, "lossw.y"))
    return ok;
  if (!task_weigh (t, error))
    return FALSE;
  memcpy (d->y, y, size * sizeof (gfloat));
  return compare_scan_gradients (t, g, error);
}

static gboolean
run_scan (Case *c, GError **error)
{
  static const gchar *const inputs[] = { "u", "delta", "B", "C", NULL };
  const Tensor *A = case_need (c, "w.A", error, 2, -1, -1);
  const Tensor *u = A ? case_need (c, "in.u", error, 3, -1, -1, A->dims[0]) : NULL;
  Gate g = { .n = A ? A->dims[0] : 0, .bias = u ? case_need (c, "w.delta_bias", error, 1, A->dims[0]) : NULL };
  Task t = { .c = c, .inputs = inputs, .output = "y" };
  gboolean ok;

  if (!g.bias)
    return FALSE;
  g.z = g_new0 (gfloat, u->n);
  g.gated = g_new0 (gfloat, u->n);
  g.dz = g_new0 (gfloat, u->n);
  t.states[0] = (StatePart) { "h0", "h", 0, 1, A->dims[1], A->dims[0] };
  ok = task_open (&t, json_pack ("[{ss si}]", "cell", "scan", "d_state", A->dims[1]), error)
      && run_gated_scan (&t, &g, error);
  task_clear (&t);
  g_free (g.z);
  g_free (g.gated);
  g_free (g.dz);
  return ok;
}

static gboolean
run_ssd (Case *c, GError **error)
{
  static const gchar *const inputs[] = { "x", "B", "C", "dt", NULL };
  const Tensor *x = case_need (c, "in.x", error, 4, -1, -1, -1, -1);
  const Tensor *B = x ? case_need (c, "in.B", error, 4, x->dims[0], x->dims[1], -1, -1) : NULL;
  Task t = { .c = c, .inputs = inputs, .output = "y" };

  if (!B)
    return FALSE;
  t.states[0] = (StatePart) { "h0", "h", 0, x->dims[2], B->dims[3], x->dims[3] };
  return task_run (&t, json_pack ("[{ss si si si}]", "cell", "ssd", "heads", x->dims[2], "groups", B->dims[2],
          "d_state", B->dims[3]), error);
}

/* ---- mixers ---- */

/* @prefix: of the mixer's tensors */
static json_t *
mixer (const Case *c, const gchar *cell, const gchar *prefix, const gchar *name)
{
  const Tensor *conv = case_find_format (c, "w.%sconv1d.weight", prefix);
  const Tensor *dt = case_find_format (c, "w.%sdt_proj.weight", prefix);
  json_t *layer = json_pack ("{ss ss si si si}", "cell", cell, "name", name, "d_state", case_number (c, "d_state", 16),
      "d_conv", conv && conv->rank == 3 ? conv->dims[2] : 4, "expand", case_number (c, "expand", 2));

  if (dt && dt->rank == 2) {
    json_object_set_new (layer, "dt_rank", json_integer (dt->dims[1]));
  } else {
    json_object_set_new (layer, "headdim", json_integer (case_number (c, "headdim", 64)));
    json_object_set_new (layer, "ngroups", json_integer (case_number (c, "ngroups", 1)));
  }
  return layer;
}

/* Theirs is [B][channels][K], the last of K the newest; ours [K - 1][channels], without what no step needs any more. */
static void
compare_conv_state (Case *c, const Drive *d, const Tensor *theirs)
{
  gint channels = theirs->dims[1], K = theirs->dims[2];
  g_autofree gfloat *got = g_memdup2 (theirs->data, theirs->n * sizeof (gfloat));

  for (gint b = 0; b < d->B; b++)
    for (gint i = 0; i < channels; i++)
      for (gint j = 1; j < K; j++)
        got[(b * channels + i) * K + j] = drive_state ((Drive *) d, d->T)[b * d->n_state + (j - 1) * channels + i];
  case_compare (c, "out.conv_state", got, theirs->n);
}

/* @blocks x [rows][cols]: ssm_state as we have it */
static gboolean
run_mixer (Case *c, const gchar *cell, gint blocks, gint rows, gint cols, GError **error)
{
  const Tensor *conv = case_need (c, "out.conv_state", error, 3, -1, -1, -1);
  Task t = { .c = c, .inputs = x_only, .output = "y" };
  gboolean ok;

  if (!conv)
    return FALSE;
  t.states[0] = (StatePart) { NULL, "ssm_state", (gsize) conv->dims[1] * (conv->dims[2] - 1), blocks, rows, cols };
  ok = task_open (&t, only_layer (mixer (c, cell, "", "")), error);
  if (ok && t.states[0].offset + (gsize) blocks * rows * cols != t.d->n_state)
    ok = case_wrong (error, "%s: out.conv_state and out.ssm_state are not the layer's", c->path);
  ok = ok && task_forward (&t, error) && task_compare (&t, error) && task_weigh (&t, error);
  if (ok) {
    compare_conv_state (c, t.d, conv);
    drive_backward (t.d, 0, t.d->T);
    ok = task_compare_gradients (&t, error);
  }
  task_clear (&t);
  return ok;
}

static gboolean
run_mamba (Case *c, GError **error)
{
  const Tensor *h = case_need (c, "out.ssm_state", error, 3, -1, -1, -1);

  return h && run_mixer (c, "mamba", 1, h->dims[2], h->dims[1], error);
}

static gboolean
run_mamba2 (Case *c, GError **error)
{
  const Tensor *h = case_need (c, "out.ssm_state", error, 4, -1, -1, -1, -1);

  return h && run_mixer (c, "mamba2", h->dims[1], h->dims[3], h->dims[2], error);
}

/* ---- language models ---- */

static json_t *
rms_norm (const Case *c, const gchar *name)
{
  return json_pack ("{ss ss ss sb sf}", "cell", "norm", "name", name, "kind", "rms", "bias", FALSE, "eps",
      case_get_number (c, "rms_norm_eps", 1e-5));
}

static json_t *
language_model (const Case *c, const gchar *cell, const Tensor *embedding, const Tensor *head)
{
  json_t *layers = json_pack ("[{ss ss si si}]", "cell", "embedding", "name", "backbone.embedding", "tokens",
      embedding->dims[0], "units", embedding->dims[1]);

  for (gint i = 0; i < case_number (c, "n_layer", 1); i++) {
    g_autofree gchar *name = g_strdup_printf ("backbone.layers.%d", i), *prefix = g_strconcat (name, ".mixer.", NULL);

    json_array_append_new (layers, json_pack ("{ss ss s[o o]}", "cell", "residual", "name", name, "layers",
            rms_norm (c, "norm"), mixer (c, cell, prefix, "mixer")));
  }
  json_array_append_new (layers, rms_norm (c, "backbone.norm_f"));
  json_array_append_new (layers, json_pack ("{ss ss si sb}", "cell", "dense", "name", "lm_head", "units", head->dims[0],
          "bias", FALSE));
  return layers;
}

static gboolean
run_model (Case *c, const gchar *cell, GError **error)
{
  const Tensor *embedding = case_need (c, "w.backbone.embedding.weight", error, 2, -1, -1);
  const Tensor *head = embedding ? case_need (c, "w.lm_head.weight", error, 2, -1, embedding->dims[1]) : NULL;
  Task t = { .c = c, .inputs = tokens, .output = "logits" };

  return head && task_run (&t, language_model (c, cell, embedding, head), error);
}

static gboolean
run_mamba_lm (Case *c, GError **error)
{
  return run_model (c, "mamba", error);
}

static gboolean
run_mamba2_lm (Case *c, GError **error)
{
  return run_model (c, "mamba2", error);
}

const CaseKind cases_mamba[] = {
  { "cell", "MAMBA_SELECTIVE_SCAN", NULL, run_scan },
  { "cell", "MAMBA2_SSD", NULL, run_ssd },
  { "cell", "MAMBA_BLOCK", NULL, run_mamba },
  { "cell", "MAMBA2_BLOCK", NULL, run_mamba2 },
  { "cell", "MAMBA_LM", NULL, run_mamba_lm },
  { "cell", "MAMBA2_LM", NULL, run_mamba2_lm },
  { NULL }
};
