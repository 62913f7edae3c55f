/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gradient that a shard returns: against finite differences of its own loss, for every loss, with look-ahead,
 * padding, stacking and dropout; truncated, against PyTorch (tests/data/train/tbptt_*). */
#include "train-toy.h"
#include "model/safetensors.h"
#include "model/root.h"
#include "train/shard.h"
#include <math.h>

static const gchar series_recipe[] =
    "{\"format\": 1, \"name\": \"toy\", \"input\": {\"kind\": \"tensors\", \"size\": 6},"
    " \"layers\": [{\"cell\": \"conv1d\", \"name\": \"conv\", \"units\": 5, \"kernel\": 3, \"lookahead\": 1},"
    "   {\"cell\": \"lstm\", \"name\": \"rnn\", \"hidden\": 4},"
    "   {\"cell\": \"dropout\", \"name\": \"drop\", \"p\": 0.3},"
    "   {\"cell\": \"dense\", \"name\": \"out\", \"units\": 3}], \"output\": {\"kind\": \"raw\"}}";

/* A shard with the task it works on. */
typedef struct {
  RnnModel *model;
  RnnTrainConfig config;
  RnnTask task;
  RnnShard shard;
  RnnDataset *data;
  gfloat losses[8];
} Fixture;

static void
fixture_init (Fixture *f, RnnModel *model, RnnLossType loss, gint bptt, RnnDataset *data)
{
  g_autoptr (GError) error = NULL;

  f->model = model;
  f->config = toy_config ();
  f->config.bptt = bptt;
  f->data = data;
  f->config.loss = loss;
  g_assert_true (rnn_task_init (&f->task, &f->config, model, data->n_feature, &error));
  g_assert_true (rnn_shard_init (&f->shard, &f->task, &error));
  g_assert_no_error (error);
  rnn_model_pack (model, TRUE);
}

static void
fixture_clear (Fixture *f)
{
  rnn_shard_clear (&f->shard);
  rnn_task_clear (&f->task);
  rnn_dataset_free (f->data);
  rnn_model_unref (f->model);
}

static gdouble
run (Fixture *f)
{
  static const guint32 examples[] = { 0, 1, 2 };
  guint n = rnn_dataset_get_n (f->data);
  gdouble sum = 0;

  rnn_shard_train (&f->shard, f->data, examples, n, 0.5f, NULL, 0, 99, f->losses);
  for (guint i = 0; i < n; i++)
    sum += 0.5 * f->losses[i];
  return sum;
}

/* Moves one weight at a time and compares. */
static void
check_gradient (Fixture *f)
{
  gsize n = rnn_model_get_n_params (f->model);
  gfloat *p = rnn_model_get_params (f->model);
  g_autofree gfloat *grad = NULL;
  gdouble largest = 0;
  const gfloat h = 2e-3f;

  g_assert_cmpfloat (run (f), >, 0);
  grad = g_memdup2 (f->shard.grad, n * sizeof (gfloat));
  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabs (grad[i]));
  g_assert_cmpfloat (largest, >, 0.01);
  for (gsize i = 0; i < n; i++) {
    gfloat was = p[i];
    gdouble up, down;

    p[i] = was + h;
    rnn_model_pack (f->model, TRUE);
    up = run (f);
    p[i] = was - h;
    rnn_model_pack (f->model, TRUE);
    down = run (f);
    p[i] = was;
    g_assert_cmpfloat_with_epsilon (grad[i], (up - down) / (2.0 * h), 2e-3 * largest + 1e-3);
  }
}

static void
test_ctc (void)
{
  RnnModel *model = toy_model (toy_ctc, 3);
  Fixture f;

  fixture_init (&f, model, RNN_LOSS_CTC, 0, toy_dataset (3, 4, 5));
  check_gradient (&f);
  fixture_clear (&f);
}

/* Three series of unlike length; some targets do not count. */
static RnnDataset *
series_dataset (gint n_target, gboolean classes)
{
  RnnDataset *data = rnn_dataset_new (TOY_FEATURES);
  gfloat frames[9 * TOY_FEATURES], targets[9 * 3];
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 0);
  for (gint n = 4; n <= 9; n += 2) {
    for (gint i = 0; i < n * TOY_FEATURES; i++)
      frames[i] = rnn_rng_normal (&rng);
    for (gint i = 0; i < n * n_target; i++)
      targets[i] = i % 5 == 3 ? NAN : classes ? (gfloat) rnn_rng_below (&rng, 3) : rnn_rng_normal (&rng);
    rnn_dataset_add_series (data, frames, n, targets, n_target);
  }
  return data;
}

static void
test_mse (void)
{
  Fixture f;

  fixture_init (&f, toy_model (series_recipe, 3), RNN_LOSS_MSE, 0, series_dataset (3, FALSE));
  check_gradient (&f);
  fixture_clear (&f);
}

static void
test_cross_entropy (void)
{
  Fixture f;

  fixture_init (&f, toy_model (series_recipe, 3), RNN_LOSS_CROSS_ENTROPY, 0, series_dataset (1, TRUE));
  check_gradient (&f);
  fixture_clear (&f);
}

/* Targets between 0 and 1; and against the definition, log sigmoid and log (1 - sigmoid), at logits of every size. */
static void
test_binary_cross_entropy (void)
{
  RnnDataset *data = series_dataset (3, FALSE);
  gfloat y[] = { -20, -1, 0, 0.5f, 3, 20 }, targets[] = { 0, 1, NAN, 0.25f, 1, 1 }, scratch[6];
  RnnLabels labels = {.values = targets,.n_rows = 2,.n_values = 3,.ld = 3,.stride = 1 };
  RnnAnswer answer = {.labels = labels,.steps = 2,.y = y,.ld = 3,.scratch = scratch };
  const gchar *reason = NULL;
  gdouble expected = 0;
  Fixture f;

  for (guint i = 0; i < data->examples->len; i++)
    for (guint j = 0; j < RNN_EXAMPLE (data, i)->n_frames * 3; j++)
      RNN_EXAMPLE (data, i)->targets[j] = 1 / (1 + expf (-RNN_EXAMPLE (data, i)->targets[j]));
  fixture_init (&f, toy_model (series_recipe, 3), RNN_LOSS_BINARY_CROSS_ENTROPY, 0, data);
  check_gradient (&f);

  g_assert_cmpuint (rnn_output_scratch (f.task.output, &labels, 2), <=, G_N_ELEMENTS (scratch));
  for (guint i = 0; i < G_N_ELEMENTS (y); i++)
    if (!isnan (targets[i]))
      expected -= targets[i] * log (1 / (1 + exp (-y[i]))) + (1 - targets[i]) * log (1 / (1 + exp (y[i])));
  g_assert_cmpfloat_with_epsilon (rnn_output_loss (f.task.output, &answer), expected / 2, 1e-6);
  g_assert_true (rnn_output_accepts (f.task.output, &labels, &reason));
  targets[1] = 1.5f;
  g_assert_false (rnn_output_accepts (f.task.output, &labels, &reason));
  g_assert_nonnull (reason);
  fixture_clear (&f);
}

/* A chunk as long as the sequence is no chunk; shorter ones see the same loss, but not the whole gradient. */
static void
test_bptt_limit (void)
{
  gsize n;
  g_autofree gfloat *whole = NULL, *cut = NULL;
  gdouble loss = 0;

  for (gint bptt = 0; bptt <= 100; bptt += bptt ? 95 : 5) {
    Fixture f;
    RnnModel *model = toy_model (series_recipe, 3);
    gint p = 0;

    fixture_init (&f, model, RNN_LOSS_MSE, bptt, series_dataset (3, FALSE));
    n = rnn_model_get_n_params (model);
    if (bptt == 0) {
      const guint32 examples[] = { 0, 1, 2 };

      rnn_shard_train (&f.shard, f.data, examples, 3, 0.5f, NULL, 0, 0, f.losses);
      whole = g_memdup2 (f.shard.grad, n * sizeof (gfloat));
      loss = f.losses[2];
    } else {
      const guint32 examples[] = { 0, 1, 2 };

      rnn_shard_train (&f.shard, f.data, examples, 3, 0.5f, NULL, 0, 0, f.losses);
      p = memcmp (whole, f.shard.grad, n * sizeof (gfloat)) == 0;
      g_assert_cmpint (p, ==, bptt == 100);
      g_assert_cmpfloat_with_epsilon (f.losses[2], loss, 1e-6);
    }
    fixture_clear (&f);
  }
}

static void
read_into (RnnSafetensors *file, const gchar *name, gfloat *to)
{
  const RnnTensorView *view = rnn_safetensors_find (file, name);

  g_assert_nonnull (view);
  rnn_tensor_view_to_float (view, to);
}

typedef struct {
  RnnSafetensors *file;
  const gchar *prefix;
  gfloat *grad;                 /* NULL: load; else compare with */
} Weights;

static void
visit_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  Weights *w = data;
  g_autofree gchar *name = g_strconcat (w->prefix, param->name, NULL);
  g_autofree gfloat *values = g_new (gfloat, param->size);
  gdouble largest = 0;

  read_into (w->file, name, values);
  if (!w->grad) {
    memcpy (param->data, values, param->size * sizeof (gfloat));
    return;
  }
  for (gsize i = 0; i < param->size; i++)
    largest = MAX (largest, fabs (values[i]));
  for (gsize i = 0; i < param->size; i++)
    g_assert_cmpfloat_with_epsilon (w->grad[param->offset + i], values[i], 1e-4 * largest + 1e-6);
}

/* The case's loss is sum (y lossw); as a squared error that has this gradient: target = y - lossw count / 2. */
static RnnDataset *
make_targets (Fixture *f, RnnSafetensors *file, gint T, gint B, gint n_in, gint n_out, const gfloat *x)
{
  RnnDataset *data = rnn_dataset_new (n_in);
  g_autofree gfloat *w = g_new (gfloat, T * B * n_out), *frames = g_new (gfloat, T * n_in);
  g_autofree gfloat *targets = g_new (gfloat, T * n_out);

  read_into (file, "lossw.y", w);
  for (gint b = 0; b < B; b++) {
    for (gint t = 0; t < T; t++) {
      memcpy (frames + t * n_in, x + (t * B + b) * n_in, n_in * sizeof (gfloat));
      for (gint i = 0; i < n_out; i++) {
        gint at = (t * B + b) * n_out + i;

        targets[t * n_out + i] = (f ? f->shard.y.data[at] : 0) - w[at] * T * n_out / 2;
      }
    }
    rnn_dataset_add_series (data, frames, T, targets, n_out);
  }
  return data;
}

typedef struct {
  const gchar *name, *cell;
  gint T, k;
} Truncated;

static void
test_tbptt (gconstpointer data)
{
  enum { B = 2, N_IN = 3, H = 5 };
  const Truncated *c = data;
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "data", "train", c->name, NULL);
  g_autofree gchar *recipe = g_strdup_printf ("{\"format\": 1, \"name\": \"toy\", \"input\": {\"kind\": \"tensors\","
      " \"size\": 3}, \"layers\": [{\"cell\": \"%s\", \"name\": \"rnn\", \"hidden\": 5}],"
      " \"output\": {\"kind\": \"raw\"}}", c->cell);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, &error);
  RnnModel *model = toy_model (recipe, 1);
  const guint32 examples[B] = { 0, 1 };
  g_autofree gfloat *x = g_new (gfloat, c->T * B * N_IN);
  RnnDataset *targets;
  Fixture f;

  g_assert_no_error (error);
  read_into (file, "in.x", x);
  rnn_cell_foreach_param (rnn_model_get_root (model), visit_param, &(Weights) { file, "w." });
  fixture_init (&f, model, RNN_LOSS_MSE, c->k, make_targets (NULL, file, c->T, B, N_IN, H, x));
  rnn_shard_evaluate (&f.shard, f.data, examples, B, f.losses);
  targets = make_targets (&f, file, c->T, B, N_IN, H, x);
  rnn_dataset_free (f.data);
  f.data = targets;
  rnn_shard_train (&f.shard, f.data, examples, B, 1, NULL, 0, 0, f.losses);
  rnn_cell_foreach_param (rnn_model_get_root (model), visit_param, &(Weights) { file, "grad.w.", f.shard.grad });
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  static const Truncated lstm = { "tbptt_lstm_i3_h5_t12_k4_b2.safetensors", "lstm", 12, 4 };
  static const Truncated gru = { "tbptt_gru_i3_h5_t10_k3_b2.safetensors", "gru", 10, 3 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/gradient/ctc", test_ctc);
  g_test_add_func ("/train/gradient/mse", test_mse);
  g_test_add_func ("/train/gradient/cross-entropy", test_cross_entropy);
  g_test_add_func ("/train/gradient/binary-cross-entropy", test_binary_cross_entropy);
  g_test_add_func ("/train/gradient/bptt-limit", test_bptt_limit);
  g_test_add_data_func ("/train/gradient/tbptt-lstm", &lstm, test_tbptt);
  g_test_add_data_func ("/train/gradient/tbptt-gru", &gru, test_tbptt);
  return g_test_run ();
}
