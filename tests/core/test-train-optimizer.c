/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Update rules, clipping and schedules against PyTorch's (tests/data/train/optim_*) and against their definitions. */
#include "model/safetensors.h"
#include "train/optimizer.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static gfloat *
read_tensor (RnnSafetensors *file, const gchar *name, gsize *size)
{
  const RnnTensorView *view = rnn_safetensors_find (file, name);
  gfloat *data;

  g_assert_nonnull (view);
  data = g_new (gfloat, view->size);
  rnn_tensor_view_to_float (view, data);
  *size = view->size;
  return data;
}

static void
set_from_hyper (RnnTrainConfig *config, const gchar *optimizer, const json_t *hyper)
{
  static const gchar *const names[][2] = {
    { "lr", "learning_rate" }, { "momentum", "momentum" }, { "weight_decay", "weight_decay" }, { "eps", "epsilon" },
    { "alpha", "beta2" }, { "clip_norm", "clip_norm" },
  };
  const json_t *betas = json_object_get (hyper, "betas");
  g_autofree gchar *rule = g_ascii_strdown (strrchr (optimizer, '.') + 1, -1);

  rnn_options_init (rnn_train_options, config);
  config->clip_norm = 0;
  g_assert_true (rnn_options_set (rnn_train_options, config, "optimizer", rule, "case", NULL));
  if (config->optimizer == RNN_OPTIMIZER_ADAGRAD)
    config->epsilon = 1e-10f;   /* PyTorch's defaults that differ from rule to rule */
  if (config->optimizer == RNN_OPTIMIZER_RMSPROP)
    config->beta2 = 0.99f;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const json_t *value = json_object_get (hyper, names[i][0]);
    g_autofree gchar *text = g_strdup_printf ("%.9g", json_number_value (value));

    if (value)
      g_assert_true (rnn_options_set (rnn_train_options, config, names[i][1], text, "case", NULL));
  }
  config->nesterov = json_is_true (json_object_get (hyper, "nesterov"));
  config->amsgrad = json_is_true (json_object_get (hyper, "amsgrad"));
  if (betas) {
    config->beta1 = (gfloat) json_number_value (json_array_get (betas, 0));
    config->beta2 = (gfloat) json_number_value (json_array_get (betas, 1));
  }
}

static void
test_golden (gconstpointer name)
{
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "data", "train", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, &error);
  g_autofree gfloat *p = NULL, *grads = NULL, *norms = NULL, *expected = NULL;
  RnnOptimizer optimizer;
  RnnTrainConfig config;
  gsize n, steps, size;
  json_t *hyper;

  g_assert_no_error (error);
  hyper = json_loads (rnn_safetensors_get_metadata (file, "hyper"), 0, NULL);
  set_from_hyper (&config, rnn_safetensors_get_metadata (file, "optimizer"), hyper);
  p = read_tensor (file, "in.p0", &n);
  grads = read_tensor (file, "in.grads", &size);
  norms = read_tensor (file, "out.grad_norm", &steps);
  expected = read_tensor (file, "out.params", &size);
  rnn_optimizer_init (&optimizer, &config, n);
  for (gsize t = 0; t < steps; t++) {
    gfloat norm = rnn_clip_norm (n, grads + t * n, config.clip_norm);

    g_assert_cmpfloat_with_epsilon (norm, norms[t], 1e-5 * norms[t]);
    rnn_optimizer_step (&optimizer, p, grads + t * n, config.learning_rate);
    for (gsize i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon (p[i], expected[t * n + i], 1e-5 * (fabsf (expected[t * n + i]) + 0.1));
  }
  rnn_optimizer_clear (&optimizer);
  json_decref (hyper);
}

/* The definition, in double precision, on gradients that shrink: the largest mean square is not the last. */
static void
test_amsgrad (void)
{
  RnnTrainConfig config;
  RnnOptimizer optimizer;
  gfloat p = 1;
  gdouble q = 1, m = 0, v = 0, top = 0;

  rnn_options_init (rnn_train_options, &config);
  config.amsgrad = TRUE;
  config.beta2 = 0.9f;
  rnn_optimizer_init (&optimizer, &config, 1);
  for (gint t = 1; t <= 10; t++) {
    gfloat g = 4.0f / (t * t);

    m = 0.9 * m + 0.1 * g;
    v = 0.9 * v + 0.1 * g * g;
    top = MAX (top, v);
    q -= 0.01 / (1 - pow (0.9, t)) * m / (sqrt (top / (1 - pow (0.9, t))) + 1e-8);
    rnn_optimizer_step (&optimizer, &p, &g, 0.01f);
    g_assert_cmpfloat_with_epsilon (p, q, 1e-6);
  }
  rnn_optimizer_clear (&optimizer);
}

/* RMSprop with momentum: PyTorch keeps the average of the scaled gradient. */
static void
test_rmsprop_momentum (void)
{
  RnnTrainConfig config;
  RnnOptimizer optimizer;
  gfloat p = 1;
  gdouble q = 1, b = 0, v = 0;

  rnn_options_init (rnn_train_options, &config);
  g_assert_true (rnn_options_set (rnn_train_options, &config, "optimizer", "rmsprop", "test", NULL));
  config.momentum = 0.5f;
  config.beta2 = 0.9f;
  rnn_optimizer_init (&optimizer, &config, 1);
  for (gint t = 1; t <= 5; t++) {
    gfloat g = sinf (t);

    v = 0.9 * v + 0.1 * g * g;
    b = 0.5 * b + g / (sqrt (v) + 1e-8);
    q -= 0.01 * b;
    rnn_optimizer_step (&optimizer, &p, &g, 0.01f);
    g_assert_cmpfloat_with_epsilon (p, q, 1e-6);
  }
  rnn_optimizer_clear (&optimizer);
}

static void
test_clip (void)
{
  gfloat grad[10000];
  gdouble after = 0;

  for (gint i = 0; i < 10000; i++)
    grad[i] = i % 2 ? 0.3f : -0.4f;
  g_assert_cmpfloat_with_epsilon (rnn_clip_norm (10000, grad, 100), sqrt (1250), 1e-3);
  g_assert_true (grad[0] == -0.4f && grad[9999] == 0.3f);
  g_assert_cmpfloat_with_epsilon (rnn_clip_norm (10000, grad, 0), sqrt (1250), 1e-3);
  g_assert_true (grad[0] == -0.4f && grad[9999] == 0.3f);
  rnn_clip_norm (10000, grad, 2);
  for (gint i = 0; i < 10000; i++)
    after += grad[i] * grad[i];
  g_assert_cmpfloat_with_epsilon (sqrt (after), 2, 1e-4);
}

static void
test_schedule (void)
{
  static const struct {
    const gchar *name;
    gfloat start, middle, end;
  } cases[] = {
    { "constant", 1, 1, 1 },
    { "cosine", 1, 0.505f, 0.01f },
    { "linear", 1, 0.505f, 0.01f },
    { "exponential", 1, 0.1f, 0.01f },
  };
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.learning_rate = 1;
  config.min_learning_rate = 0.01f;
  config.warmup = 4;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_assert_true (rnn_options_set (rnn_train_options, &config, "schedule", cases[i].name, "test", NULL));
    for (gint u = 0; u < 4; u++)
      g_assert_cmpfloat_with_epsilon (rnn_schedule_get (&config, u, 104), 0.25 * (u + 1), 1e-6);
    g_assert_cmpfloat_with_epsilon (rnn_schedule_get (&config, 4, 104), cases[i].start, 1e-6);
    g_assert_cmpfloat_with_epsilon (rnn_schedule_get (&config, 54, 104), cases[i].middle, 1e-6);
    g_assert_cmpfloat_with_epsilon (rnn_schedule_get (&config, 104, 104), cases[i].end, 1e-6);
    g_assert_cmpfloat_with_epsilon (rnn_schedule_get (&config, 500, 104), cases[i].end, 1e-6);
  }
  config.schedule = RNN_SCHEDULE_COSINE;
  g_assert_cmpfloat (rnn_schedule_get (&config, 29, 104), >, 0.8);     /* flat at first, unlike linear */
}

int
main (int argc, char **argv)
{
  static const gchar *const cases[] = { "optim_sgd_0", "optim_sgd_1", "optim_adam_2", "optim_adamw_3",
    "optim_rmsprop_4", "optim_adagrad_5", "optim_adam_6"
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gchar *path = g_strconcat ("/train/golden/", cases[i], NULL), *file = g_strconcat (cases[i], ".safetensors", NULL);

    g_test_add_data_func_full (path, file, test_golden, g_free);
    g_free (path);
  }
  g_test_add_func ("/train/amsgrad", test_amsgrad);
  g_test_add_func ("/train/rmsprop-momentum", test_rmsprop_momentum);
  g_test_add_func ("/train/clip", test_clip);
  g_test_add_func ("/train/schedule", test_schedule);
  return g_test_run ();
}
