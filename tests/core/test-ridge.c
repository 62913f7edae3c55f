/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Echo state networks and their training: the reservoir is as it was asked for and stays so; ridge regression finds the
 * optimum, also where its problem is badly conditioned; a fitted model answers as it was fitted. */
#include <math.h>
#include <string.h>
#include "session/session.h"
#include "model/root.h"
#include "train/ridge.h"

/* ---- regression ---- */

typedef struct {
  gint n, n_in, n_out;
  gfloat *x, *y;                /* [n][n_in], [n][n_out] */
  gfloat *weight, *bias;
} Rows;

static Rows
random_rows (gint n, gint n_in, gint n_out)
{
  Rows r = { n, n_in, n_out, g_new (gfloat, n * n_in), g_new (gfloat, n * n_out), g_new0 (gfloat, n_out * n_in),
    g_new0 (gfloat, n_out) };
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 5);
  for (gint i = 0; i < n * n_in; i++)
    r.x[i] = rnn_rng_normal (&rng);
  for (gint i = 0; i < n * n_out; i++)
    r.y[i] = rnn_rng_normal (&rng);
  return r;
}

static void
free_rows (Rows *r)
{
  g_free (r->x);
  g_free (r->y);
  g_free (r->weight);
  g_free (r->bias);
}

static gboolean
solve (Rows *r, gdouble lambda, gboolean backwards, GError **error)
{
  g_autoptr (RnnRidge) ridge = rnn_ridge_new (r->n_in, r->n_out);

  for (gint i = 0; i < r->n; i++) {
    gint row = backwards ? r->n - 1 - i : i;

    rnn_ridge_add (ridge, r->x + row * r->n_in, r->y + row * r->n_out);
  }
  return rnn_ridge_solve (ridge, lambda, r->weight, r->bias, error);
}

/* What was a linear function comes out as it, from as few rows as there can be and from many. */
static void
test_exact (void)
{
  for (gint n = 21; n < 200; n += 50) {
    Rows r = random_rows (n, 20, 2);

    for (gint i = 0; i < n; i++)
      for (gint o = 0; o < 2; o++) {
        r.y[i * 2 + o] = 3 + o;
        for (gint j = 0; j < 20; j++)
          r.y[i * 2 + o] += (j - 7 + o) * r.x[i * 20 + j];
      }
    g_assert_true (solve (&r, 0, FALSE, NULL));
    for (gint o = 0; o < 2; o++) {
      g_assert_cmpfloat_with_epsilon (r.bias[o], 3 + o, 1e-3);
      for (gint j = 0; j < 20; j++)
        g_assert_cmpfloat_with_epsilon (r.weight[o * 20 + j], j - 7 + o, 1e-3);
    }
    free_rows (&r);
  }
}

/* The gradient of |Y - W E|^2 + lambda |W|^2 is 0 in every weight, that of the 1 included. */
static void
test_optimum (void)
{
  const gdouble lambda = 7;
  Rows r = random_rows (150, 10, 3);

  g_assert_true (solve (&r, lambda, FALSE, NULL));
  for (gint o = 0; o < 3; o++)
    for (gint k = -1; k < 10; k++) {
      gdouble gradient = lambda * (k < 0 ? r.bias[o] : r.weight[o * 10 + k]);

      for (gint i = 0; i < r.n; i++) {
        gdouble rest = r.bias[o] - r.y[i * 3 + o];

        for (gint j = 0; j < 10; j++)
          rest += (gdouble) r.weight[o * 10 + j] * r.x[i * 10 + j];
        gradient += rest * (k < 0 ? 1 : r.x[i * 10 + k]);
      }
      g_assert_cmpfloat_with_epsilon (gradient, 0, 1e-4);
    }
  free_rows (&r);
}

static void
test_order (void)
{
  Rows a = random_rows (100, 10, 1), b = random_rows (100, 10, 1);

  g_assert_true (solve (&a, 0.1, FALSE, NULL));
  g_assert_true (solve (&b, 0.1, TRUE, NULL));
  for (gint j = 0; j < 10; j++)
    g_assert_cmpfloat_with_epsilon (a.weight[j], b.weight[j], 1e-6);
  free_rows (&a);
  free_rows (&b);
}

/* Two inputs that differ by a millionth: their difference is still found, which squaring the condition would lose. */
static void
test_condition (void)
{
  Rows r = random_rows (300, 2, 1);

  for (gint i = 0; i < r.n; i++) {
    r.x[2 * i] = 1 + 0.01f * r.x[2 * i];
    r.x[2 * i + 1] = r.x[2 * i] + 1e-6f * r.x[2 * i + 1];
    r.y[i] = (r.x[2 * i] - r.x[2 * i + 1]) * 1e6f;
  }
  g_assert_true (solve (&r, 0, FALSE, NULL));
  g_assert_cmpfloat_with_epsilon (r.weight[0], 1e6, 3);
  g_assert_cmpfloat_with_epsilon (r.weight[1], -1e6, 3);
  free_rows (&r);
}

static void
test_undetermined (void)
{
  g_autoptr (GError) error = NULL;
  Rows r = random_rows (9, 10, 1);

  g_assert_false (solve (&r, 0, FALSE, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "11 weights"));
  g_assert_true (solve (&r, 1e-3, FALSE, NULL));
  free_rows (&r);
}

/* ---- reservoirs ---- */

static RnnModel *
model_of (const gchar *layers, gint n_in)
{
  g_autoptr (GError) error = NULL;
  json_t *list = json_loads (layers, 0, NULL), *recipe;
  RnnModel *model;

  g_assert_nonnull (list);
  recipe = json_pack ("{s{sssi}so}", "input", "kind", "tensors", "size", n_in, "layers", list);
  model = rnn_model_new (recipe, 11, "my model", &error);
  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

static RnnParam *
param_of (RnnModel *model, guint layer, guint i)
{
  RnnCell *cell = rnn_model_get_root (model)->children->pdata[layer];

  return cell->params->pdata[i];
}

/* Growth of W^k x per step, in double, over far more steps than it took to set it. */
static gdouble
spectral_radius (const RnnParam *w)
{
  gint n = RNN_PARAM_ROWS (w);
  g_autofree gdouble *x = g_new (gdouble, n), *y = g_new (gdouble, n);
  gdouble sum = 0;

  for (gint i = 0; i < n; i++)
    x[i] = sin (i + 1);
  for (gint k = 0; k < 6000; k++) {
    gdouble norm = 0;

    for (gint i = 0; i < n; i++) {
      y[i] = 0;
      for (gint j = 0; j < n; j++)
        y[i] += w->data[i * n + j] * x[j];
      norm += y[i] * y[i];
    }
    sum += k >= 1000 ? log (norm) / 2 : 0;
    for (gint i = 0; i < n; i++)
      x[i] = y[i] / sqrt (norm);
  }
  return exp (sum / 5000);
}

/* Many connections, and few among which others are passed over. */
static void
test_radius (void)
{
  static const guint counts[] = { 10, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    g_autofree gchar *layers = g_strdup_printf ("[{\"cell\": \"esn\", \"hidden\": 60, \"spectral_radius\": 0.8, "
        "\"connections\": %u}]", counts[i]);
    g_autoptr (RnnModel) model = model_of (layers, 1);
    RnnParam *w_in = param_of (model, 0, 0), *w = param_of (model, 0, 1);
    guint connections = 0;

    g_assert_cmpfloat_with_epsilon (spectral_radius (w), 0.8, 0.02);
    for (gsize k = 0; k < w->size; k++)
      connections += w->data[k] != 0;
    g_assert_cmpuint (connections, >, 60 * counts[i] * 7 / 10);
    g_assert_cmpuint (connections, <, 60 * counts[i] * 13 / 10);
    for (gsize k = 0; k < w_in->size; k++)
      g_assert_cmpfloat (fabsf (w_in->data[k]), <=, 1);
  }
}

/* The echo state property: where a state came from is forgotten. */
static void
test_forgetting (void)
{
  g_autoptr (RnnModel) model = model_of ("[{\"cell\": \"esn\", \"hidden\": 60, \"leak\": 0.5, \"skip\": false}]", 1);
  g_autoptr (RnnSession) a = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  g_autoptr (RnnSession) b = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  gfloat state[60], ya[60], yb[60];

  for (gint i = 0; i < 60; i++)
    state[i] = i % 2 ? 1 : -1;
  rnn_session_set_state (b, 0, state);
  for (gint t = 0; t < 400; t++) {
    gfloat u = sinf (0.3f * t);

    rnn_session_run (a, 1, &u, ya);
    rnn_session_run (b, 1, &u, yb);
    for (gint i = 0; i < 60; i++)
      g_assert_true (t < 380 || fabsf (ya[i] - yb[i]) < 1e-4f);
  }
}

/* Any training leaves the reservoir alone, weight decay too, and moves the readout. */
static void
test_fixed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = model_of ("[{\"cell\": \"esn\", \"hidden\": 10}, "
      "{\"cell\": \"dense\", \"units\": 1}]", 1);
  RnnDataset *data = rnn_dataset_new (1);
  gfloat x[30], y[30];
  RnnTrainConfig config;
  RnnTrainer *trainer;
  RnnModel *trained;

  for (gint t = 0; t < 30; t++) {
    x[t] = sinf (t);
    y[t] = cosf (t);
  }
  rnn_dataset_add_series (data, x, 30, y, 1);
  rnn_options_init (rnn_train_options, &config);
  config.loss = RNN_LOSS_MSE;
  config.optimizer = RNN_OPTIMIZER_ADAMW;
  config.weight_decay = 0.5;
  config.epochs = 5;
  trainer = rnn_trainer_new (model, &config, data, NULL, &error);
  g_assert_no_error (error);
  while (rnn_trainer_step (trainer, NULL));
  trained = rnn_trainer_get_model (trainer);
  for (guint i = 0; i < 2; i++) {
    const RnnParam *was = param_of (model, 0, i), *is = param_of (trained, 0, i);

    g_assert_cmpmem (was->data, was->size * sizeof (gfloat), is->data, is->size * sizeof (gfloat));
  }
  g_assert_cmpfloat (param_of (model, 1, 0)->data[0], !=, param_of (trained, 1, 0)->data[0]);
  rnn_trainer_free (trainer);
  rnn_dataset_free (data);
}

/* ---- fitting models ---- */

#define STEPS 600
#define WASHOUT 100

/* A series to predict: two sines, one step ahead; targets before the washout are nonsense. */
static RnnDataset *
two_sines (gfloat *x, gfloat *y)
{
  RnnDataset *data = rnn_dataset_new (1);

  for (gint t = 0; t < STEPS; t++) {
    x[t] = 0.5f * (sinf (0.3f * t) + sinf (0.7071f * t));
    y[t] = t < WASHOUT ? 1e6f : 0.5f * (sinf (0.3f * (t + 1)) + sinf (0.7071f * (t + 1)));
  }
  rnn_dataset_add_series (data, x, STEPS, y, 1);
  return data;
}

static gdouble
mean_error (RnnModel *model, const gfloat *x, const gfloat *y, gint n, gint first, gint latency)
{
  g_autoptr (RnnSession) s = rnn_session_new (model, 1, 16, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *got = g_new (gfloat, n);
  gdouble sum = 0;

  rnn_session_run (s, (guint) n, x, got);
  for (gint t = first; t < n - latency; t++)
    sum += ((gdouble) got[t + latency] - y[t]) * ((gdouble) got[t + latency] - y[t]);
  return sqrt (sum / (n - latency - first));
}

static void
test_fit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = model_of ("[{\"cell\": \"esn\", \"hidden\": 80}, "
      "{\"cell\": \"dense\", \"units\": 1}]", 1);
  gfloat x[STEPS], y[STEPS];
  RnnDataset *data = two_sines (x, y);

  g_assert_true (rnn_ridge_fit (model, data, WASHOUT, 1e-6, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (mean_error (model, x, y, STEPS, WASHOUT, 0), <, 1e-3);
  rnn_dataset_free (data);
}

/* A layer that looks ahead answers late; targets that are not numbers do not count. */
static void
test_latency (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = model_of ("[{\"cell\": \"conv1d\", \"units\": 8, \"kernel\": 4, \"lookahead\": 2}, "
      "{\"cell\": \"dense\", \"units\": 1}]", 1);
  gfloat x[STEPS], y[STEPS], with_holes[STEPS];
  RnnDataset *data = rnn_dataset_new (1);

  for (gint t = 0; t < STEPS; t++)
    x[t] = sinf (t * t);
  for (gint t = 0; t < STEPS; t++) {
    y[t] = t + 2 < STEPS ? 2 * x[t + 2] - x[t] + 1 : 0;
    with_holes[t] = t % 5 && t + 2 < STEPS ? y[t] : NAN;
  }
  rnn_dataset_add_series (data, x, STEPS, with_holes, 1);
  g_assert_true (rnn_ridge_fit (model, data, 4, 1e-9, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (mean_error (model, x, y, STEPS, 4, 2), <, 1e-3);
  rnn_dataset_free (data);
}

static void
test_refusals (void)
{
  static const struct {
    const gchar *layers;
    gint code;
    const gchar *reason;
  } bad[] = {
    { "[{\"cell\": \"esn\", \"hidden\": 4}]", RNN_ERROR_UNSUPPORTED, "last layer" },
    { "[{\"cell\": \"dense\", \"units\": 1, \"activation\": \"tanh\"}]", RNN_ERROR_UNSUPPORTED, "last layer" },
    { "[{\"cell\": \"dense\", \"units\": 1, \"bias\": false}]", RNN_ERROR_UNSUPPORTED, "bias" },
    { "[{\"cell\": \"dense\", \"units\": 2}]", RNN_ERROR_SHAPE, "example 0" },
    { "[{\"cell\": \"dense\", \"units\": 20000}]", RNN_ERROR_LIMIT, "20000" },
  };
  gfloat x[STEPS], y[STEPS];
  RnnDataset *data = two_sines (x, y);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (RnnModel) model = model_of (bad[i].layers, 1);

    g_assert_false (rnn_ridge_fit (model, data, 0, 1, &error));
    g_assert_error (error, RNN_ERROR, bad[i].code);
    g_assert_nonnull (strstr (error->message, "my model"));
    g_assert_nonnull (strstr (error->message, bad[i].reason));
  }
  rnn_dataset_free (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ridge/exact", test_exact);
  g_test_add_func ("/ridge/optimum", test_optimum);
  g_test_add_func ("/ridge/order", test_order);
  g_test_add_func ("/ridge/condition", test_condition);
  g_test_add_func ("/ridge/undetermined", test_undetermined);
  g_test_add_func ("/reservoir/radius", test_radius);
  g_test_add_func ("/reservoir/forgetting", test_forgetting);
  g_test_add_func ("/reservoir/fixed", test_fixed);
  g_test_add_func ("/fit/series", test_fit);
  g_test_add_func ("/fit/latency", test_latency);
  g_test_add_func ("/fit/refusals", test_refusals);
  return g_test_run ();
}
