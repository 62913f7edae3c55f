/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trainer as a whole: it learns, stops when it should, keeps the best, says what is wrong; threads and the size of
 * the pieces change no result. */
#include "train-toy.h"
#include "train/dataset.h"
#include <math.h>

static void
test_learns (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnTrainConfig config = toy_config ();
  RnnDataset *train = toy_dataset (60, 4, 1), *dev = toy_dataset (20, 5, 2);
  RnnTrainStats stats = { 0 };
  RnnTrainer *trainer;
  gfloat first = NAN;

  config.epochs = 40;
  config.patience = 10;
  config.short_first_epochs = 2;
  trainer = toy_trainer (model, &config, train, dev);
  while (rnn_trainer_step (trainer, &stats) && stats.best_metric != 0)
    if (isnan (first))
      first = stats.loss;
  g_assert_cmpfloat (stats.best_metric, ==, 0);
  g_assert_cmpfloat (stats.dev_loss, <, 0.2 * first);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

/* Every option that draws random numbers is on. */
static RnnTrainConfig
random_config (void)
{
  RnnTrainConfig config = toy_config ();

  config.augment_from = 1;
  config.stretch = config.warp = config.gain = config.noise = 0.1f;
  config.time_masks = config.freq_masks = config.time_mask_width = config.freq_mask_width = 2;
  config.shards = 3;
  return config;
}

static void
test_threads (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (23, 4, 1), *dev = toy_dataset (11, 4, 2);
  RnnTrainConfig config = random_config ();
  RnnTrainer *one = toy_trainer (model, &config, train, dev), *many;
  RnnTrainStats a, b;

  config.n_threads = 4;
  many = toy_trainer (model, &config, train, dev);
  while (rnn_trainer_step (one, &a)) {
    g_assert_true (rnn_trainer_step (many, &b));
    g_assert_true (a.loss == b.loss && a.grad_norm == b.grad_norm);
    g_assert_true (isnan (a.dev_loss) ? isnan (b.dev_loss) : a.dev_loss == b.dev_loss);
  }
  g_assert_false (rnn_trainer_step (many, &b));
  g_assert_true (b.done);
  g_assert_cmpfloat (a.dev_metric, ==, b.dev_metric);
  toy_assert_same_weights (rnn_trainer_get_model (one), rnn_trainer_get_model (many));
  rnn_trainer_free (one);
  rnn_trainer_free (many);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

/* Pieces of a minibatch only change the padding and the order of sums. */
static void
test_shards (void)
{
  g_autofree gchar *recipe = g_strdup (toy_ctc);
  g_autoptr (RnnModel) model = NULL;
  RnnDataset *train = toy_dataset (10, 6, 1);
  RnnTrainConfig config = toy_config ();
  gfloat loss[2], norm[2];

  memcpy (strstr (recipe, "\"p\": 0.1"), "\"p\": 0.0", 8);   /* dropout follows the piece */
  model = toy_model (recipe, 1);
  config.batch_size = 10;
  for (gint i = 0; i < 2; i++) {
    RnnTrainStats stats;
    RnnTrainer *trainer;

    config.shards = i ? 10 : 1;
    trainer = toy_trainer (model, &config, train, NULL);
    rnn_trainer_step (trainer, &stats);
    loss[i] = stats.loss;
    norm[i] = stats.grad_norm;
    rnn_trainer_free (trainer);
  }
  g_assert_cmpfloat_with_epsilon (loss[0], loss[1], 1e-5 * loss[0]);
  g_assert_cmpfloat_with_epsilon (norm[0], norm[1], 1e-5 * norm[0]);
  rnn_dataset_free (train);
}

/* The gradient of a minibatch is a mean, over examples or over labels. */
static void
test_per_label (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (6, 6, 1);
  RnnTrainConfig config = toy_config ();
  gint n_labels = 0;
  gfloat norm[2];

  for (guint i = 0; i < 6; i++)
    n_labels += RNN_EXAMPLE (train, i)->texts[0].n;
  config.batch_size = 6;
  for (gint i = 0; i < 2; i++) {
    RnnTrainer *trainer;
    RnnTrainStats stats;

    config.per_label = i;
    trainer = toy_trainer (model, &config, train, NULL);
    rnn_trainer_step (trainer, &stats);
    norm[i] = stats.grad_norm;
    rnn_trainer_free (trainer);
  }
  g_assert_cmpint (n_labels, >, 6);
  g_assert_cmpfloat_with_epsilon (norm[1] * n_labels, norm[0] * 6, 1e-4 * norm[0]);
  rnn_dataset_free (train);
}

/* Rounded to bf16, products move the gradient a little, and a model learns as well. */
static void
test_precision (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (10, 6, 1);
  RnnTrainConfig config = toy_config ();
  gfloat norm[2], loss[2];

  config.batch_size = 10;
  for (gint i = 0; i < 2; i++) {
    RnnTrainer *trainer;
    RnnTrainStats stats;

    config.precision = i;
    trainer = toy_trainer (model, &config, train, NULL);
    rnn_trainer_step (trainer, &stats);
    norm[i] = stats.grad_norm;
    while (rnn_trainer_step (trainer, &stats))
      ;
    loss[i] = stats.loss;
    rnn_trainer_free (trainer);
  }
  g_assert_cmpfloat (norm[0], !=, norm[1]);
  g_assert_cmpfloat_with_epsilon (norm[0], norm[1], 0.02 * norm[0]);
  g_assert_cmpfloat_with_epsilon (loss[0], loss[1], 0.2 * loss[0] + 0.01);
  rnn_dataset_free (train);
}

static void
test_input_stats (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (10, 6, 1);
  RnnTrainConfig config = toy_config ();
  RnnTrainer *trainer = toy_trainer (model, &config, train, NULL);
  RnnModel *trained = rnn_trainer_get_model (trainer);
  gfloat mean[TOY_FEATURES], std[TOY_FEATURES];

  rnn_dataset_get_stats (train, mean, std);
  g_assert_null (rnn_model_get_input_mean (model));
  g_assert_cmpmem (rnn_model_get_input_mean (trained), sizeof (mean), mean, sizeof (mean));
  g_assert_cmpmem (rnn_model_get_input_std (trained), sizeof (std), std, sizeof (std));
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
}

/* With a learning rate of 0 nothing ever gets better: it stops after the first epoch and `patience` more. */
static void
test_patience (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (10, 3, 1), *dev = toy_dataset (5, 3, 2);
  RnnTrainConfig config = toy_config ();
  RnnTrainStats stats = { 0 };
  RnnTrainer *trainer;

  config.epochs = 50;
  config.patience = 3;
  config.learning_rate = 0;
  trainer = toy_trainer (model, &config, train, dev);
  while (rnn_trainer_step (trainer, &stats));
  g_assert_cmpuint (stats.epoch, ==, 3);
  g_assert_true (stats.done);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

/* Divergence after good epochs: the best weights are those of the best epoch, not the last ones. */
static void
test_best (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (20, 3, 1), *dev = toy_dataset (8, 3, 2);
  RnnTrainConfig config = toy_config ();
  RnnTrainStats stats = { 0 };
  RnnTrainer *trainer;
  g_autofree gfloat *best = NULL;
  gfloat metric = INFINITY, loss = INFINITY;
  gsize size = rnn_model_get_n_params (model) * sizeof (gfloat);

  config.epochs = 12;
  config.clip_norm = 0;
  config.learning_rate = 0.5f;
  trainer = toy_trainer (model, &config, train, dev);
  g_assert_true (rnn_trainer_get_best (trainer) == rnn_trainer_get_model (trainer));
  while (rnn_trainer_step (trainer, &stats))
    if (stats.epoch_progress == 1 && (stats.dev_metric < metric ||
            (stats.dev_metric == metric && stats.dev_loss < loss))) {
      metric = stats.dev_metric;
      loss = stats.dev_loss;
      g_free (best);
      best = g_memdup2 (rnn_model_get_params (rnn_trainer_get_model (trainer)), size);
    }
  g_assert_cmpfloat (stats.best_metric, ==, metric);
  g_assert_cmpmem (rnn_model_get_params (rnn_trainer_get_best (trainer)), size, best, size);
  g_assert_true (memcmp (rnn_model_get_params (rnn_trainer_get_model (trainer)), best, size) != 0);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

/* Examples too short for their text are counted and teach nothing; the others still do. */
static void
test_infeasible (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (4, 3, 1), *hopeless = rnn_dataset_new (TOY_FEATURES);
  RnnTrainConfig config = toy_config ();
  gfloat frames[4 * TOY_FEATURES] = { 0 };
  gint labels[] = { 2, 2, 2, 2, 2 };
  RnnTrainStats stats;
  RnnTrainer *trainer;

  for (guint n = 0; n <= 4; n += 4) {
    rnn_dataset_add_ctc (train, frames, n, labels, 5);
    rnn_dataset_add_ctc (hopeless, frames, n, labels, 5);
  }
  config.batch_size = 6;
  trainer = toy_trainer (model, &config, train, NULL);
  rnn_trainer_step (trainer, &stats);
  g_assert_cmpuint (stats.infeasible, ==, 2);
  g_assert_true (isfinite (stats.loss) && stats.grad_norm > 0);
  rnn_trainer_free (trainer);

  trainer = toy_trainer (model, &config, hopeless, NULL);
  rnn_trainer_step (trainer, &stats);
  g_assert_true (isnan (stats.loss));
  g_assert_cmpuint (stats.update, ==, 0);
  g_assert_cmpfloat (stats.grad_norm, ==, 0);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (hopeless);
}

/* By itself a learner makes the trainer's update, and goes on learning from whatever it is given. */
static void
test_learner (void)
{
  g_auto (GStrv) parts = g_strsplit (toy_ctc, "\"p\": 0.1", 2);
  g_autofree gchar *recipe = g_strjoinv ("\"p\": 0", parts);
  g_autoptr (RnnModel) model = toy_model (recipe, 1);
  RnnDataset *train = toy_dataset (8, 3, 4);
  const guint32 all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
  RnnTrainConfig config = toy_config ();
  gfloat mean[TOY_FEATURES], std[TOY_FEATURES], first, last = 0;
  RnnTrainer *trainer;
  RnnTrainStats stats;
  RnnLearner *learner;

  rnn_dataset_get_stats (train, mean, std);
  rnn_model_set_input_stats (model, mean, std, TOY_FEATURES);
  config.batch_size = 8;
  config.schedule = RNN_SCHEDULE_CONSTANT;
  trainer = toy_trainer (model, &config, train, NULL);
  rnn_trainer_step (trainer, &stats);
  learner = rnn_learner_new (model, &config, TOY_FEATURES, NULL);
  {
    const guint32 *order;       /* of the trainer's minibatch: sums depend on it */
    RnnEpoch epoch;

    rnn_epoch_init (&epoch, train, 8, config.seed, 0, FALSE);
    rnn_epoch_get (&epoch, 0, &order);
    first = rnn_learner_learn (learner, train, order, 8, config.learning_rate);
    rnn_epoch_clear (&epoch);
  }
  g_assert_cmpfloat (first, ==, stats.loss);
  toy_assert_same_weights (rnn_trainer_get_model (trainer), rnn_learner_get_model (learner));
  for (gint i = 0; i < 60; i++)
    last = rnn_learner_learn (learner, train, all + i % 4, 4, config.learning_rate);
  g_assert_cmpfloat (last, <, 0.5f * first);
  rnn_learner_free (learner);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
}

static void
expect_refusal (const gchar *recipe, RnnTrainConfig config, RnnDataset *train, gint code, const gchar *words)
{
  g_autoptr (RnnModel) model = toy_model (recipe, 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_trainer_new (model, &config, train, NULL, &error));
  g_assert_error (error, RNN_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, "toy"));
}

static void
test_errors (void)
{
  RnnDataset *good = toy_dataset (3, 3, 1), *empty = rnn_dataset_new (TOY_FEATURES);
  RnnDataset *wide = rnn_dataset_new (TOY_FEATURES + 1), *series = rnn_dataset_new (TOY_FEATURES);
  RnnTrainConfig config = toy_config ();
  gfloat frames[20 * (TOY_FEATURES + 1)] = { 0 };
  gint blank = 0, unknown = TOY_TOKENS;

  expect_refusal (toy_ctc, config, empty, RNN_ERROR_SHAPE, "no example");
  rnn_dataset_add_ctc (wide, frames, 20, NULL, 0);
  expect_refusal (toy_ctc, config, wide, RNN_ERROR_SHAPE, "frames of 7");
  rnn_dataset_add_series (series, frames, 20, frames, 1);
  expect_refusal (toy_ctc, config, series, RNN_ERROR_SHAPE, "no labels");
  rnn_dataset_add_ctc (good, frames, 20, &blank, 1);
  expect_refusal (toy_ctc, config, good, RNN_ERROR_SHAPE, "example 3");
  rnn_dataset_free (good);
  good = toy_dataset (3, 3, 1);
  rnn_dataset_add_ctc (good, frames, 20, &unknown, 1);
  expect_refusal (toy_ctc, config, good, RNN_ERROR_SHAPE, "tokens");
  config.loss = RNN_LOSS_MSE;
  expect_refusal (toy_ctc, config, series, RNN_ERROR_OPTION, "does not fit");
  rnn_dataset_free (good);
  rnn_dataset_free (empty);
  rnn_dataset_free (wide);
  rnn_dataset_free (series);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/learns", test_learns);
  g_test_add_func ("/train/threads", test_threads);
  g_test_add_func ("/train/shards", test_shards);
  g_test_add_func ("/train/per-label", test_per_label);
  g_test_add_func ("/train/precision", test_precision);
  g_test_add_func ("/train/input-stats", test_input_stats);
  g_test_add_func ("/train/patience", test_patience);
  g_test_add_func ("/train/best", test_best);
  g_test_add_func ("/train/infeasible", test_infeasible);
  g_test_add_func ("/train/learner", test_learner);
  g_test_add_func ("/train/errors", test_errors);
  return g_test_run ();
}
