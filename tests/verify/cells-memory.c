/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linear attention and retention: the recurrences alone, and the layers around them; convolutional LSTM. */
#include "families.h"
#include "task.h"
#include <math.h>
#include <string.h>

static const gchar *const qkv[] = { "q", "k", "v", NULL }, *const x_only[] = { "x", NULL };

static json_t *
named (const gchar *cell, const gchar *name)
{
  return json_pack ("{ss ss}", "cell", cell, "name", name);
}

/* x + layers (x), without a name of its own; takes over @layers */
static json_t *
skip (json_t *layers)
{
  return json_pack ("{ss ss so}", "cell", "residual", "name", "", "layers", layers);
}

/* ---- q, k [B][T][H][K], v [B][T][H][V] ---- */

static const Tensor *
need_heads (const Case *c, gint *V, GError **error)
{
  const Tensor *q = case_need (c, "in.q", error, 4, -1, -1, -1, -1);
  const Tensor *v = q ? case_need (c, "in.v", error, 4, q->dims[0], q->dims[1], q->dims[2], -1) : NULL;

  *V = v ? v->dims[3] : 0;
  return v ? q : NULL;
}

static gboolean
run_linear_attention (Case *c, GError **error)
{
  gint V;
  const Tensor *q = need_heads (c, &V, error);
  Task t = { .c = c, .inputs = qkv, .output = "y" };

  if (!q)
    return FALSE;
  t.states[0] = (StatePart) { "S0", "S", 0, q->dims[2], 1, q->dims[3] * V };
  t.states[1] = (StatePart) { "z0", "z", (gsize) q->dims[2] * q->dims[3] * V, q->dims[2], 1, q->dims[3] };
  return task_run (&t, json_pack ("[{ss si si si sb sf}]", "cell", "linattn", "heads", q->dims[2], "key_size",
          q->dims[3], "value_size", V, "project", FALSE, "eps", case_get_number (c, "eps", 1e-6)), error);
}

static gboolean
run_retention (Case *c, GError **error)
{
  gint V;
  const Tensor *q = need_heads (c, &V, error);
  Task t = { .c = c, .inputs = qkv, .output = "y" };

  if (!q)
    return FALSE;
  t.states[0] = (StatePart) { "S0", "S", 0, q->dims[2], 1, q->dims[3] * V };
  return task_run (&t, json_pack ("[{ss si si}]", "cell", "retention", "heads", q->dims[2], "key_size",
          q->dims[3]), error);
}

/* ---- the linear transformer's layer ---- */

static json_t *
dense (const Tensor *w, const gchar *name, const gchar *activation)
{
  return json_pack ("{ss ss si ss}", "cell", "dense", "name", name, "units", w->dims[0], "activation", activation);
}

static gboolean
run_linear_transformer (Case *c, GError **error)
{
  gint H = case_number (c, "n_heads", 1);
  const Tensor *x = case_need (c, "in.x", error, 3, -1, -1, -1);
  const Tensor *up = x ? case_need (c, "w.linear1.weight", error, 2, -1, x->dims[2]) : NULL;
  const Tensor *down = up ? case_need (c, "w.linear2.weight", error, 2, x->dims[2], up->dims[0]) : NULL;
  Task t = { .c = c, .inputs = x_only, .output = "y" };
  json_t *attention = named ("linattn", "attention");
  gint D = x ? x->dims[2] / H : 0;

  if (!down)
    return FALSE;
  json_object_set_new (attention, "heads", json_integer (H));
  t.states[0] = (StatePart) { NULL, "state.S", 0, H, 1, D * D };
  t.states[1] = (StatePart) { NULL, "state.z", (gsize) H * D * D, H, 1, D };
  return task_run (&t, json_pack ("[o o o o]", skip (only_layer (attention)), named ("norm", "norm1"),
          skip (json_pack ("[o o]", dense (up, "linear1", "relu"), dense (down, "linear2", "linear"))),
          named ("norm", "norm2")), error);
}

/* ---- RetNet ---- */

static json_t *
rms_norm (const Case *c, const gchar *name)
{
  return json_pack ("{ss ss ss sb sf}", "cell", "norm", "name", name, "kind", "rms", "bias", FALSE, "eps",
      case_get_number (c, "eps", 1e-6));
}

static json_t *
multi_scale_retention (const Case *c, const Tensor *v)
{
  return json_pack ("{ss ss si si sf}", "cell", "retnet", "name", "retention", "heads", case_number (c, "n_heads", 1),
      "value_size", v->dims[0], "eps", case_get_number (c, "eps", 1e-6));
}

static json_t *
retnet_layers (const Case *c, const Tensor *v, const Tensor *ffn)
{
  json_t *retention = json_pack ("[o o]", rms_norm (c, "retention_layer_norm"), multi_scale_retention (c, v));
  json_t *feed_forward = json_pack ("[o {ss ss si ss}]", rms_norm (c, "final_layer_norm"), "cell", "gatedffn", "name",
      "ffn", "hidden", ffn->dims[0], "naming", "retnet");

  return json_pack ("[o o]", skip (retention), skip (feed_forward));
}

/* The case keeps S divided by the root of 1 + gamma + gamma^2 + ..., a term per step. */
static void
compare_retnet_state (Case *c, Drive *d, gint H, gsize per_head)
{
  g_autofree gfloat *scales = g_new (gfloat, H), *S = g_new (gfloat, d->B * H * per_head);

  for (gint h = 0; h < H; h++) {
    gdouble gamma = 1 - exp2 (-5 - h), scale = 0;

    for (gint t = 0; t < d->T; t++)
      scale = scale * gamma + 1;
    scales[h] = (gfloat) scale;
  }
  for (gint b = 0; b < d->B; b++)
    for (gsize i = 0; i < H * per_head; i++)
      S[b * H * per_head + i] = drive_state (d, d->T)[b * d->n_state + i] / sqrtf (scales[i / per_head]);
  case_compare (c, "out.state.S", S, d->B * H * per_head);
  case_compare (c, "out.state.scale", scales, H);
}

/* Adds the gradients of @from's parameters to those of the same names. */
static void
add_gradient (RnnParam *param, const gchar *name, gpointer data)
{
  Drive **drives = data;
  RnnParam *to = drive_param (drives[1], name, NULL);

  for (gsize i = 0; i < param->size; i++)
    drives[1]->dparam[to->offset + i] += drives[0]->dparam[param->offset + i];
}

/* The loss is of the layer's output and of what its retention gives for x directly: two tasks, one gradient. */
static gboolean
run_retnet_tasks (Task *layer, Task *msr, GError **error)
{
  Drive *drives[] = { msr->d, layer->d };

  if (!task_forward (layer, error) || !task_forward (msr, error) || !task_compare (layer, error)
      || !task_compare (msr, error) || !task_weigh (layer, error) || !task_weigh (msr, error))
    return FALSE;
  drive_backward (layer->d, 0, layer->d->T);
  drive_backward (msr->d, 0, msr->d->T);
  rnn_cell_foreach_param (rnn_model_get_root (msr->d->model), add_gradient, drives);
  for (gsize i = 0; i < (gsize) layer->d->T * layer->d->B * layer->d->n_in; i++)
    layer->d->dx[i] += msr->d->dx[i];
  layer->loss.sum += msr->loss.sum;
  layer->loss.magnitude += msr->loss.magnitude;
  return task_compare_gradients (layer, error);
}

static gboolean
run_retnet (Case *c, GError **error)
{
  gint H = case_number (c, "n_heads", 1);
  const Tensor *q = case_need (c, "w.retention.q_proj.weight", error, 2, -1, -1);
  const Tensor *v = q ? case_need (c, "w.retention.v_proj.weight", error, 2, -1, q->dims[1]) : NULL;
  const Tensor *ffn = v ? case_need (c, "w.ffn.fc1.weight", error, 2, -1, q->dims[1]) : NULL;
  Task layer = { .c = c, .inputs = x_only, .output = "y" }, msr = { .c = c, .inputs = x_only, .output = "msr_of_x" };
  gboolean ok = ffn && task_open (&layer, retnet_layers (c, v, ffn), error)
      && task_open (&msr, only_layer (multi_scale_retention (c, v)), error) && run_retnet_tasks (&layer, &msr, error);

  if (ok)
    compare_retnet_state (c, layer.d, H, (gsize) (q->dims[0] / H) * (v->dims[0] / H));
  task_clear (&layer);
  task_clear (&msr);
  return ok;
}

/* ---- images: states [B][F][H][W] ---- */

static gboolean
run_convlstm (Case *c, GError **error)
{
  const Tensor *w = case_need (c, "w.weight_h", error, 4, -1, -1, -1, -1);
  const Tensor *x = w ? case_need (c, "in.x", error, 5, -1, -1, -1, -1, -1) : NULL;
  gint F = w ? w->dims[1] : 0, P = x ? x->dims[3] * x->dims[4] : 0;
  Task t = { .c = c, .time_first = TRUE, .inputs = x_only, .output = "y" };

  if (!x)
    return FALSE;
  t.states[0] = (StatePart) { "h0", "hn", 0, 1, P, F };
  t.states[1] = (StatePart) { "c0", "cn", (gsize) P * F, 1, P, F };
  return task_run (&t, json_pack ("[{ss si si si si sb}]", "cell", "convlstm", "filters", F, "kernel", w->dims[2],
          "height", x->dims[3], "width", x->dims[4], "peephole", case_find (c, "w.p_i") != NULL), error);
}

const CaseKind cases_memory[] = {
  { "cell", "LINEAR_ATTENTION", NULL, run_linear_attention },
  { "cell", "RETENTION", NULL, run_retention },
  { "cell", "LINEAR_TRANSFORMER_LAYER", NULL, run_linear_transformer },
  { "cell", "RETNET_LAYER", NULL, run_retnet },
  { "cell", "CONVLSTM", NULL, run_convlstm },
  { NULL }
};
