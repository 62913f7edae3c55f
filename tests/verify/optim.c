/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* torch.optim's update rules: in.p0 [n], in.grads [steps][n]; out.params [steps][n] after each step, out.grad_norm
 * [steps] before clipping. */
#include "families.h"
#include "train/optimizer.h"
#include <string.h>

/* PyTorch's hyper-parameters and their places here. */
static const struct {
  const gchar *theirs, *ours;
} names[] = {
  { "lr", "learning_rate" }, { "momentum", "momentum" }, { "weight_decay", "weight_decay" }, { "eps", "epsilon" },
  { "alpha", "beta2" }, { "clip_norm", "clip_norm" }, { "nesterov", "nesterov" }, { "amsgrad", "amsgrad" },
};

/* Rules, and PyTorch's defaults that differ between them. */
static const struct {
  const gchar *theirs;
  gint type;
  gfloat learning_rate, epsilon, beta2, weight_decay;
} rules[] = {
  { "torch.optim.SGD", RNN_OPTIMIZER_SGD, 1e-3f, 1e-8f, 0.999f, 0 },
  { "torch.optim.Adam", RNN_OPTIMIZER_ADAM, 1e-3f, 1e-8f, 0.999f, 0 },
  { "torch.optim.AdamW", RNN_OPTIMIZER_ADAMW, 1e-3f, 1e-8f, 0.999f, 1e-2f },
  { "torch.optim.RMSprop", RNN_OPTIMIZER_RMSPROP, 1e-2f, 1e-8f, 0.99f, 0 },
  { "torch.optim.Adagrad", RNN_OPTIMIZER_ADAGRAD, 1e-2f, 1e-10f, 0.999f, 0 },
};

static gboolean
set_rule (Case *c, RnnTrainConfig *config)
{
  const gchar *rule = case_get (c, "optimizer");

  rnn_options_init (rnn_train_options, config);
  config->clip_norm = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (g_str_equal (rule, rules[i].theirs)) {
      config->optimizer = rules[i].type;
      config->learning_rate = rules[i].learning_rate;
      config->epsilon = rules[i].epsilon;
      config->beta2 = rules[i].beta2;
      config->weight_decay = rules[i].weight_decay;
      return TRUE;
    }
  case_skip (c, "no such update rule: %s", rule);
  return FALSE;
}

static gboolean
set_betas (RnnTrainConfig *config, const json_t *betas)
{
  config->beta1 = (gfloat) json_number_value (json_array_get (betas, 0));
  config->beta2 = (gfloat) json_number_value (json_array_get (betas, 1));
  return json_array_size (betas) == 2;
}

/* A switch that is off, or a number that is 0, asks for nothing. */
static gboolean
is_off (const json_t *value)
{
  return json_is_false (value) || json_is_null (value) || (json_is_number (value) && json_number_value (value) == 0);
}

static gboolean
set_hyper (Case *c, RnnTrainConfig *config, json_t *hyper, GError **error)
{
  json_auto_t *options = json_object ();
  const gchar *key;
  json_t *value;

  json_object_foreach (hyper, key, value) {
    const gchar *ours = NULL;

    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      if (g_str_equal (key, names[i].theirs))
        ours = names[i].ours;
    if (g_str_equal (key, "betas") ? set_betas (config, value) : (!ours && is_off (value)))
      continue;
    if (!ours) {
      case_skip (c, "%s has no %s here", case_get (c, "optimizer"), key);
      return TRUE;
    }
    json_object_set (options, ours, value);
  }
  return rnn_options_from_json (rnn_train_options, config, options, NULL, c->path, error);
}

static void
run_steps (Case *c, const RnnTrainConfig *config, const Tensor *p0, const Tensor *grads)
{
  gsize n = p0->n, steps = (gsize) grads->dims[0];
  g_autofree gfloat *p = g_memdup2 (p0->data, n * sizeof (gfloat));
  g_autofree gfloat *g = g_memdup2 (grads->data, grads->n * sizeof (gfloat));
  g_autofree gfloat *params = g_new (gfloat, steps * n), *norms = g_new (gfloat, steps);
  RnnOptimizer optimizer;

  rnn_optimizer_init (&optimizer, config, n);
  for (gsize t = 0; t < steps; t++) {
    norms[t] = rnn_clip_norm (n, g + t * n, config->clip_norm);
    rnn_optimizer_step (&optimizer, p, g + t * n, config->learning_rate);
    memcpy (params + t * n, p, n * sizeof (gfloat));
  }
  rnn_optimizer_clear (&optimizer);
  case_compare (c, "out.params", params, steps * n);
  case_compare_with (c, "out.grad_norm", norms, steps, TOLERANCE_FORWARD);
}

static gboolean
run_optimizer (Case *c, GError **error)
{
  const Tensor *p0 = case_need (c, "in.p0", error, 1, -1);
  const Tensor *grads = p0 ? case_need (c, "in.grads", error, 2, -1, p0->dims[0]) : NULL;
  json_auto_t *hyper = grads ? case_get_json (c, "hyper", error) : NULL;
  RnnTrainConfig config;

  if (!hyper)
    return FALSE;
  if (!set_rule (c, &config))
    return TRUE;
  if (!set_hyper (c, &config, hyper, error))
    return FALSE;
  if (!c->skipped)
    run_steps (c, &config, p0, grads);
  return TRUE;
}

const CaseKind cases_optimizers[] = {
  { "optimizer", "torch.optim.*", NULL, run_optimizer },
  { NULL }
};
