/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoder and decoder: the gradient of a minibatch of pairs of different lengths against finite differences, that padding changes
 * nothing, what the mean of the weights and bf16 products are, that a few hundred updates teach one to turn a sequence round, that a saved model says the same, and that the beam
 * finds what going through all sequences finds. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "model/root.h"
#include "session/translate.h"
#include "train/pairs.h"
#include "train-toy.h"

#define LETTERS 4               /* a to d, after </s> */

static const gchar turning[] =
    "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"encoder\": {\"tokens\": [\"</s>\", \"a\", \"b\", \"c\", \"d\"], \"layers\": ["
    "   {\"cell\": \"embedding\", \"tokens\": 5, \"units\": 12},"
    "   {\"cell\": \"bidirectional\", \"layers\": [{\"cell\": \"gru\", \"hidden\": 12}]}]},"
    " \"layers\": [{\"cell\": \"embedding\", \"name\": \"in\", \"tokens\": 6, \"units\": 12},"
    "   {\"cell\": \"gru\", \"name\": \"rnn\", \"hidden\": 24},"
    "   {\"cell\": \"attention\", \"name\": \"attention\", \"score\": \"additive\", \"units\": 16, \"memory\": 24, \"longest\": 8},"
    "   {\"cell\": \"dense\", \"name\": \"out\", \"units\": 6}],"
    " \"output\": {\"kind\": \"classes\", \"labels\": [\"<s>\", \"</s>\", \"A\", \"B\", \"C\", \"D\"]}}";

static const gchar carried[] =
    "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"encoder\": {\"carry\": true, \"tokens\": [\"</s>\", \"a\", \"b\", \"c\", \"d\"],"
    "   \"layers\": [{\"cell\": \"embedding\", \"tokens\": 5, \"units\": 3}, {\"cell\": \"gru\", \"name\": \"rnn\", \"hidden\": 5}]},"
    " \"layers\": [{\"cell\": \"embedding\", \"name\": \"in\", \"tokens\": 6, \"units\": 3}, {\"cell\": \"gru\", \"name\": \"rnn\","
    "   \"hidden\": 5}, {\"cell\": \"dense\", \"name\": \"out\", \"units\": 6}],"
    " \"output\": {\"kind\": \"classes\", \"labels\": [\"<s>\", \"</s>\", \"A\", \"B\", \"C\", \"D\"]}}";

typedef struct {
  gint source[8], target[8];
  gint n;
} Turn;

static RnnPair
turn (Turn *t, RnnRng *rng)
{
  t->n = 1 + (gint) rnn_rng_below (rng, 5);
  for (gint i = 0; i < t->n; i++)
    t->source[i] = 1 + (gint) rnn_rng_below (rng, LETTERS);
  for (gint i = 0; i < t->n; i++)
    t->target[i] = 1 + t->source[t->n - 1 - i];
  t->source[t->n] = 0;
  t->target[t->n] = 1;
  return (RnnPair) { t->source, t->target, t->n + 1, t->n + 1 };
}

/* ---- gradient ---- */

/* An update by plain gradient descent moves each weight by the learning rate times its gradient. */
static void
test_gradient (gconstpointer recipe)
{
  static const gint source[][3] = { { 1, 2, 0 }, { 4, 3, 0 } }, target[][3] = { { 3, 2, 1 }, { 1, 0, 0 } };
  const RnnPair pairs[] = { { source[0], target[0], 3, 3 }, { source[1] + 1, target[1], recipe == carried ? 2 : 2, 1 } };
  const RnnPair equal[] = { { source[0], target[0], 3, 3 }, { source[1], target[1], 3, 1 } };
  const RnnPair *used = recipe == carried ? equal : pairs;      /* a carried state is that of the last step */
  g_autoptr (RnnModel) model = toy_model (recipe, 3);
  g_autoptr (RnnModel) moved = toy_model (recipe, 3);
  RnnTrainConfig config = toy_config ();
  RnnPairs *still, *moves;
  gfloat *p = rnn_model_get_params (model), *q = rnn_model_get_params (moved);

  config.optimizer = RNN_OPTIMIZER_SGD;
  config.momentum = 0;
  config.clip_norm = 0;
  still = rnn_pairs_new (model, &config, 0, NULL);
  moves = rnn_pairs_new (moved, &config, 0, NULL);
  rnn_pairs_learn (moves, used, 2, 0, 1);
  for (gsize i = 0; i < rnn_model_get_n_params (model); i += 3) {
    gfloat was = p[i], gradient = was - q[i];
    gdouble up, down;

    p[i] = was + 4e-3f;
    rnn_model_pack (model, TRUE);
    up = rnn_pairs_loss (still, used, 2);
    p[i] = was - 4e-3f;
    rnn_model_pack (model, TRUE);
    down = rnn_pairs_loss (still, used, 2);
    p[i] = was;
    g_assert_cmpfloat_with_epsilon ((up - down) / 8e-3 / 4, gradient, 2e-3);    /* of four tokens the mean */
  }
  rnn_pairs_free (still);
  rnn_pairs_free (moves);
}

static void
test_padding (void)
{
  g_autoptr (RnnModel) model = toy_model (turning, 3);
  RnnTrainConfig config = toy_config ();
  RnnPairs *pairs = rnn_pairs_new (model, &config, 0, NULL);
  gdouble alone = 0;
  RnnPair pair[9];
  Turn turns[9];
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 0);
  for (guint i = 0; i < 9; i++) {
    pair[i] = turn (&turns[i], &rng);
    alone += rnn_pairs_loss (pairs, &pair[i], 1);
  }
  g_assert_cmpfloat_with_epsilon (rnn_pairs_loss (pairs, pair, 9), alone, 1e-4);
  rnn_pairs_free (pairs);
}

static void
learn_some (RnnPairs *pairs, guint updates, RnnRng *rng)
{
  RnnPair pair[16];
  Turn turns[16];

  for (guint update = 0; update < updates; update++) {
    for (guint i = 0; i < G_N_ELEMENTS (pair); i++)
      pair[i] = turn (&turns[i], rng);
    rnn_pairs_learn (pairs, pair, G_N_ELEMENTS (pair), 0, 0.01f);
  }
}

/* a += (1 - d) (w - a), d = min (decay, (1 + t) / (10 + t)), of the weights w after each update t; until it is taken, w is what learns. */
static void
test_average (void)
{
  g_autoptr (RnnModel) model = toy_model (turning, 1);
  gsize n = rnn_model_get_n_params (model);
  gfloat *w = rnn_model_get_params (model);
  g_autofree gfloat *mean = g_memdup2 (w, n * sizeof (gfloat));
  RnnTrainConfig config = toy_config ();
  RnnPairs *pairs;
  RnnRng rng;

  config.average = 0.3f;
  pairs = rnn_pairs_new (model, &config, 0, NULL);
  rnn_rng_seed (&rng, 1, 0);
  for (guint t = 1; t <= 5; t++) {
    learn_some (pairs, 1, &rng);
    for (gsize i = 0; i < n; i++)
      mean[i] += (1 - MIN (0.3f, (1.0f + t) / (10.0f + t))) * (w[i] - mean[i]);
  }
  g_assert_cmpfloat (fabsf (w[0] - mean[0]), >, 1e-4);
  rnn_pairs_take_average (pairs);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (w[i], mean[i], 1e-6);
  rnn_pairs_free (pairs);
}

/* The logarithm of the probability of what is said best. */
static gdouble
score_of (RnnModel *model)
{
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, 1, 0, NULL);
  guint n;

  return rnn_translator_run (translator, (const gint[]) { 1, 2, 3 }, 3, &n, NULL)->score;
}

/* Products of bf16 are near those of floats and not the same; what was trained with them answers with floats. */
static void
test_precision (void)
{
  g_autoptr (RnnModel) exact = toy_model (turning, 1);
  g_autoptr (RnnModel) rounded = toy_model (turning, 1);
  g_autoptr (RnnModel) copy = NULL;
  RnnTrainConfig config = toy_config ();
  RnnModel *both[] = { exact, rounded };

  for (config.precision = 0; config.precision < 2; config.precision++) {
    RnnPairs *pairs = rnn_pairs_new (both[config.precision], &config, 0, NULL);
    RnnRng rng;

    rnn_rng_seed (&rng, 1, 0);
    learn_some (pairs, 20, &rng);
    rnn_pairs_free (pairs);
  }
  g_assert_cmpfloat (score_of (exact), !=, score_of (rounded));
  g_assert_cmpfloat_with_epsilon (score_of (exact), score_of (rounded), 0.05);
  copy = rnn_model_copy (rounded, NULL);
  g_assert_cmpfloat (score_of (copy), ==, score_of (rounded));
}

/* ---- learning, and the tool's way ---- */

static RnnModel *
learn_to_turn (gfloat own)
{
  RnnModel *model = toy_model (turning, 1);
  RnnTrainConfig config = toy_config ();
  RnnPairs *pairs = rnn_pairs_new (model, &config, 0, NULL);
  RnnPair pair[32];
  Turn turns[32];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (guint update = 0; update < 600; update++) {
    for (guint i = 0; i < 32; i++)
      pair[i] = turn (&turns[i], &rng);
    rnn_pairs_learn (pairs, pair, 32, update > 300 ? own : 0, 0.01f);
  }
  rnn_pairs_free (pairs);
  return model;
}

static void
check_says (RnnModel *model, guint beam, const gchar *source, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, beam, 0, &error);
  g_autofree gchar *said = NULL;

  g_assert_no_error (error);
  said = rnn_translator_translate (translator, source, " ", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, expected);
}

static void
check_all (RnnModel *model)
{
  for (guint beam = 1; beam <= 4; beam += 3) {
    check_says (model, beam, "a", "A");
    check_says (model, beam, "abcd", "D C B A");
    check_says (model, beam, "ddab", "B A D D");
    check_says (model, beam, "bcacd", "D C A C B");
  }
}

/* For what is said attention looks where it comes from: backwards. */
static void
check_attention (RnnModel *model)
{
  static const gint source[] = { 2, 4, 1, 3 };
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, 3, 0, NULL);
  guint n, S, met = 0;
  const RnnTranslation *best = rnn_translator_run (translator, source, 4, &n, NULL);
  g_autofree gfloat *weights = rnn_translator_attend (translator, best->tokens, best->n, &S);

  g_assert_cmpuint (best->n, ==, 4);
  g_assert_cmpuint (S, ==, 5);
  for (guint i = 0; i <= 4; i++) {
    const gfloat *row = weights + i * S;
    gfloat sum = 0;
    guint most = 0;

    for (guint s = 0; s < S; s++) {
      sum += row[s];
      most = row[s] > row[most] ? s : most;
    }
    g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
    met += i < 4 && most == 3 - i;
  }
  g_assert_cmpuint (met, >=, 3);
}

static void
test_encoder_decoder (void)
{
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-turn-XXXXXX.safetensors", NULL);
  g_autoptr (RnnModel) model = learn_to_turn (0), again = NULL;
  g_autoptr (GError) error = NULL;

  check_all (model);
  check_attention (model);
  close (g_mkstemp (path));
  rnn_model_save (model, path, &error);
  g_assert_no_error (error);
  again = rnn_model_load (path, &error);
  g_assert_no_error (error);
  remove (path);
  check_all (again);
}

static void
test_scheduled_sampling (void)
{
  g_autoptr (RnnModel) model = learn_to_turn (0.25f);

  check_all (model);
}

/* ---- the search ---- */

/* The probability of a target, by the trainer's sum. */
static gdouble
probability (RnnPairs *pairs, const gint *source, gint n_source, const gint *target, gint n_target)
{
  return -rnn_pairs_loss (pairs, &(RnnPair) { source, target, n_source, n_target }, 1);
}

/* A wide beam without a length penalty: nothing shorter than three labels is more probable than the first. */
static void
test_beam (void)
{
  static const gint source[] = { 2, 4, 0 };
  g_autoptr (RnnModel) model = toy_model (turning, 9);
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, 200, 0, NULL);
  RnnTrainConfig config = toy_config ();
  RnnPairs *pairs = rnn_pairs_new (model, &config, 0, NULL);
  guint n;
  const RnnTranslation *best = rnn_translator_run (translator, source, 2, &n, NULL);
  gint target[5] = { 0 };
  gdouble most = -INFINITY;

  for (gint code = 0; code < 6 * 6 * 6; code++) {
    gint length = 0;

    for (gint rest = code; length < 3 && (target[length] = rest % 6) != 1; rest /= 6)
      length++;
    target[length] = 1;
    most = MAX (most, probability (pairs, source, 3, target, length + 1));
  }
  g_assert_cmpuint (n, >, 1);
  g_assert_cmpfloat (best[0].score, >=, most - 1e-4);
  for (guint i = 1; i < n; i++)
    g_assert_cmpfloat (best[i - 1].score, >=, best[i].score);
  memcpy (target, best[0].tokens, MIN (best[0].n, 4) * sizeof (gint));
  if (best[0].n <= 4) {
    target[best[0].n] = 1;
    g_assert_cmpfloat_with_epsilon (probability (pairs, source, 3, target, (gint) best[0].n + 1), best[0].score, 1e-3);
  }
  rnn_pairs_free (pairs);
}

static void
test_refusals (void)
{
  static const gchar plain[] = "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 3}]}";
  g_autoptr (RnnModel) model = toy_model (turning, 1), other = toy_model (plain, 1);
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, 1, 0, NULL);
  g_autoptr (GError) no_encoder = NULL, no_token = NULL, long_source = NULL, wide = NULL;

  g_assert_null (rnn_translator_new (other, 1, 0, &no_encoder));
  g_assert_nonnull (strstr (no_encoder->message, "no encoder-decoder"));
  g_assert_null (rnn_translator_new (model, 1000, 0, &wide));
  g_assert_null (rnn_translator_translate (translator, "aeb", " ", &no_token));
  g_assert_error (no_token, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  g_assert_null (rnn_translator_translate (translator, "abcdabcd", " ", &long_source));
  g_assert_error (long_source, RNN_ERROR, RNN_ERROR_LIMIT);
}

gint
main (gint argc, gchar **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/translate/gradient/attention", turning, test_gradient);
  g_test_add_data_func ("/translate/gradient/carried", carried, test_gradient);
  g_test_add_func ("/translate/average", test_average);
  g_test_add_func ("/translate/precision", test_precision);
  g_test_add_func ("/translate/padding", test_padding);
  g_test_add_func ("/translate/pattern/encoder-decoder", test_encoder_decoder);
  g_test_add_func ("/translate/scheduled-sampling", test_scheduled_sampling);
  g_test_add_func ("/translate/beam", test_beam);
  g_test_add_func ("/translate/refusals", test_refusals);
  return g_test_run ();
}
