/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which inputs belong to which answers: a recipe of models/patterns/ for each way there is, trained for a second on a task that
 * needs it. */
#include <math.h>
#include <string.h>
#include "model/root.h"
#include "session/translate.h"
#include "train/optimizer.h"
#include "train/pairs.h"
#include "train/train.h"
#include "train/unroll.h"

#define STEPS 12

static RnnModel *
load (const gchar *name, RnnTrainConfig *config)
{
  g_autofree gchar *base = g_strconcat (name, ".json", NULL);
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "..", "models", "patterns", base, NULL);
  g_autoptr (GError) error = NULL;
  RnnModel *model = rnn_model_load (path, &error);

  g_assert_no_error (error);
  rnn_options_init (rnn_train_options, config);
  rnn_options_from_json (rnn_train_options, config, json_object_get (rnn_model_get_recipe (model), "train"), NULL, path, &error);
  g_assert_no_error (error);
  return model;
}

/* ---- by the trainer: an answer a step, or one at the end ---- */

/* x[STEPS][n_in] and what is right. */
typedef void (*Fill) (RnnRng *rng, gfloat *x, gfloat *targets);

static RnnDataset *
make (Fill fill, gint n_in, guint n, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (n_in);
  gfloat x[STEPS * 2], targets[STEPS];
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (guint i = 0; i < n; i++) {
    fill (&rng, x, targets);
    rnn_dataset_add_series (dataset, x, STEPS, targets, 1);
  }
  return dataset;
}

static void
check_learns (const gchar *name, Fill fill)
{
  RnnTrainConfig config;
  g_autoptr (RnnModel) model = load (name, &config);
  RnnDataset *train = make (fill, rnn_model_get_n_in (model), 240, 1), *dev = make (fill, rnn_model_get_n_in (model), 100, 2);
  RnnTrainer *trainer = rnn_trainer_new (model, &config, train, dev, NULL);
  RnnTrainStats stats;

  g_assert_nonnull (trainer);
  while (rnn_trainer_step (trainer, &stats))
    ;
  g_test_message ("%s: error rate %g", name, (gdouble) stats.best_metric);
  g_assert_cmpfloat (stats.best_metric, <, 0.03);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

static void
fill_different (RnnRng *rng, gfloat *x, gfloat *targets)
{
  for (guint t = 0; t < STEPS; t++) {
    x[2 * t] = (gfloat) rnn_rng_below (rng, 2);
    x[2 * t + 1] = (gfloat) rnn_rng_below (rng, 2);
    targets[t] = x[2 * t] != x[2 * t + 1];
  }
}

static void
test_one_to_one (void)
{
  check_learns ("one-to-one", fill_different);
}

static void
fill_began (RnnRng *rng, gfloat *x, gfloat *targets)
{
  for (guint t = 0; t < STEPS; t++)
    x[t] = rnn_rng_uniform (rng) < 0.5f ? -1 : 1;
  for (guint t = 0; t < STEPS; t++)
    targets[t] = x[0] > 0;
}

static void
test_many_to_one (void)
{
  check_learns ("many-to-one", fill_began);
}

static void
fill_rises (RnnRng *rng, gfloat *x, gfloat *targets)
{
  gfloat before = 0;

  for (guint t = 0; t < STEPS; t++) {
    x[t] = (gfloat) rnn_rng_below (rng, 8) / 4 - 0.875f;
    targets[t] = x[t] > before;
    before = x[t];
  }
}

static void
test_aligned (void)
{
  check_learns ("aligned", fill_rises);
}

/* ---- hearing itself ---- */

/* From cos and sin of an angle a turn by a third of a right angle a step. */
static gdouble
turn (RnnUnroll *u, RnnRng *rng)
{
  gdouble sum = 0;
  gsize n = (gsize) u->T * u->B;

  for (guint b = 0; b < u->B; b++) {
    gdouble angle = 2 * G_PI * rnn_rng_uniform (rng);

    u->x[2 * b] = (gfloat) cos (angle);
    u->x[2 * b + 1] = (gfloat) sin (angle);
  }
  rnn_unroll_forward (u);
  for (gsize i = 0; i < n; i++) {
    const gfloat *start = u->x + 2 * (i % u->B);
    gdouble angle = atan2 (start[1], start[0]) + (i / u->B + 1) * G_PI / 6;
    gdouble e[2] = { u->y[2 * i] - cos (angle), u->y[2 * i + 1] - sin (angle) };

    for (gint k = 0; k < 2; k++)
      u->dy[2 * i + k] = (gfloat) (2 * e[k] / n);
    sum += e[0] * e[0] + e[1] * e[1];
  }
  return sum / n;
}

static void
test_one_to_many (void)
{
  RnnTrainConfig config;
  g_autoptr (RnnModel) model = load ("one-to-many", &config);
  gsize n = rnn_model_get_n_params (model);
  RnnOptimizer optimizer;
  RnnUnroll u;
  RnnRng rng;

  rnn_model_pack (model, TRUE);
  rnn_unroll_init (&u, model, STEPS, (guint) config.batch_size);
  rnn_optimizer_init (&optimizer, &config, n);
  rnn_rng_seed (&rng, 1, 0);
  for (guint t = 1; t < STEPS; t++)
    u.own[t] = TRUE;
  for (gint update = 0; update < config.epochs; update++) {
    turn (&u, &rng);
    rnn_unroll_backward (&u);
    rnn_clip_norm (n, u.grad, config.clip_norm);
    rnn_optimizer_step (&optimizer, rnn_model_get_params (model), u.grad, config.learning_rate);
    rnn_model_pack (model, TRUE);
  }
  g_assert_cmpfloat (turn (&u, &rng), <, 0.02);
  rnn_unroll_clear (&u);
  rnn_optimizer_clear (&optimizer);
}

/* ---- another length ---- */

/* Every letter is said twice, backwards. */
static void
test_encoder_decoder (void)
{
  RnnTrainConfig config;
  g_autoptr (RnnModel) model = load ("encoder-decoder", &config);
  RnnPairs *pairs = rnn_pairs_new (model, &config, 0, NULL);
  gint source[32][4], target[32][7];
  g_autoptr (RnnTranslator) translator = NULL;
  g_autofree gchar *said = NULL;
  RnnPair pair[32];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (gint update = 0; update < config.epochs; update++) {
    for (guint i = 0; i < 32; i++) {
      gint n = 1 + (gint) rnn_rng_below (&rng, 3);

      for (gint k = 0; k < n; k++)
        source[i][k] = 1 + (gint) rnn_rng_below (&rng, 4);
      for (gint k = 0; k < 2 * n; k++)
        target[i][k] = 1 + source[i][n - 1 - k / 2];
      source[i][n] = 0;
      target[i][2 * n] = 1;
      pair[i] = (RnnPair) { source[i], target[i], n + 1, 2 * n + 1 };
    }
    rnn_pairs_learn (pairs, pair, 32, 0, config.learning_rate);
  }
  rnn_pairs_free (pairs);
  translator = rnn_translator_new (model, 2, 0, NULL);
  said = rnn_translator_translate (translator, "cab", "", NULL);
  g_assert_cmpstr (said, ==, "BBAACC");
}

gint
main (gint argc, gchar **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patterns/one-to-one", test_one_to_one);
  g_test_add_func ("/patterns/one-to-many", test_one_to_many);
  g_test_add_func ("/patterns/many-to-one", test_many_to_one);
  g_test_add_func ("/patterns/aligned", test_aligned);
  g_test_add_func ("/patterns/encoder-decoder", test_encoder_decoder);
  return g_test_run ();
}
