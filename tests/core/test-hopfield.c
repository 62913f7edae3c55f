/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hopfield networks: damaged patterns come back, energy never rises, the memory is full at its capacity, ties keep. */
#include <math.h>
#include <string.h>
#include "base/rng.h"
#include "session/session.h"
#include "train/storage.h"

static RnnModel *
hopfield (const gchar *update, gint N, gint patterns, gdouble beta)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_pack ("{s{sssi}s[{ss ss si sf}]}", "input", "kind", "tensors", "size", N, "layers", "cell",
      "hopfield", "update", update, "patterns", patterns, "beta", beta);
  RnnModel *model = rnn_model_new (recipe, 1, "my memory", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

/* n patterns [n][N] of +-1 */
static gfloat *
random_patterns (gint n, gint N, guint64 seed)
{
  gfloat *x = g_new (gfloat, n * N);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 9);
  for (gint i = 0; i < n * N; i++)
    x[i] = rnn_rng_below (&rng, 2) ? 1 : -1;
  return x;
}

/* The state after a cue and @steps - 1 more updates. */
static void
recall (RnnModel *model, const gfloat *cue, gint N, gint steps, gfloat *y)
{
  g_autoptr (RnnSession) s = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *zeros = g_new0 (gfloat, N);

  for (gint t = 0; t < steps; t++)
    rnn_session_run (s, 1, t ? zeros : cue, y);
}

/* Mean overlap, 1 = the same, of stored patterns with what they are recalled as. */
static gdouble
mean_overlap (RnnModel *model, const gfloat *patterns, gint n, gint N)
{
  g_autofree gfloat *y = g_new (gfloat, N);
  gdouble sum = 0;

  for (gint k = 0; k < n; k++) {
    recall (model, patterns + k * N, N, 20, y);
    for (gint i = 0; i < N; i++)
      sum += y[i] * patterns[k * N + i];
  }
  return sum / n / N;
}

static void
test_recall (gconstpointer update)
{
  enum { N = 100, P = 5 };
  g_autofree gfloat *patterns = random_patterns (P, N, 1);

  for (gint rule = RNN_STORAGE_HEBB; rule <= RNN_STORAGE_STORKEY; rule++) {
    g_autoptr (RnnModel) model = hopfield (update, N, 16, 0);

    g_assert_true (rnn_hopfield_store (model, rule, patterns, P, NULL));
    for (gint k = 0; k < P; k++) {
      gfloat cue[N], y[N];

      memcpy (cue, patterns + k * N, sizeof cue);
      for (gint i = 0; i < 15; i++)
        cue[(i * 7 + k) % N] *= -1;
      recall (model, cue, N, 8, y);
      g_assert_cmpmem (y, sizeof y, patterns + k * N, sizeof y);
    }
  }
}

static void
test_energy (void)
{
  enum { N = 60, P = 12 };
  g_autofree gfloat *patterns = random_patterns (P, N, 2), *cues = random_patterns (20, N, 3);
  g_autofree gfloat *W = g_new0 (gfloat, N * N);
  g_autoptr (RnnModel) model = hopfield ("async", N, 16, 0);

  rnn_hopfield_hebb (N, P, patterns, W);
  g_assert_true (rnn_hopfield_store (model, RNN_STORAGE_HEBB, patterns, P, NULL));
  for (gint k = 0; k < 20; k++) {
    gdouble before = rnn_hopfield_energy (N, W, cues + k * N);

    for (gint steps = 1; steps < 8; steps++) {
      gfloat y[N];
      gdouble energy;

      recall (model, cues + k * N, N, steps, y);
      energy = rnn_hopfield_energy (N, W, y);
      g_assert_cmpfloat (energy, <=, before + 1e-6);
      g_assert_true (steps > 1 || energy < before - 1);
      before = energy;
    }
  }
}

/* Hebbian storage holds 0.138 patterns per unit (Amit et al. 1985), Storkey's rule more. */
static void
test_capacity (void)
{
  enum { N = 300 };
  g_autofree gfloat *patterns = random_patterns (N / 4, N, 4);
  static const struct {
    RnnStorageRule rule;
    gint n;
    gdouble least, most;
  } loads[] = {
    { RNN_STORAGE_HEBB, N / 12, 0.99, 1 }, { RNN_STORAGE_HEBB, N / 5, 0, 0.8 }, { RNN_STORAGE_STORKEY, N / 5, 0.99, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (loads); i++) {
    g_autoptr (RnnModel) model = hopfield ("sync", N, 16, 0);
    gdouble overlap;

    g_assert_true (rnn_hopfield_store (model, loads[i].rule, patterns, loads[i].n, NULL));
    overlap = mean_overlap (model, patterns, loads[i].n, N);
    g_test_message ("%d patterns: overlap %g", loads[i].n, overlap);
    g_assert_cmpfloat (overlap, >=, loads[i].least);
    g_assert_cmpfloat (overlap, <=, loads[i].most);
  }
}

/* A sum that is 0 keeps its unit, also where its terms are no binary fractions: 0.1 + 0.2 - 0.3. */
static void
test_ties (void)
{
  enum { N = 4 };
  static const gfloat W[N * N] = { 0, 0.1f, 0.2f, -0.3f, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0 };
  static const gfloat cue[N] = { 5, 1, 1, 1 };
  g_autoptr (RnnModel) model = hopfield ("sync", N, 16, 0);
  gfloat y[N];

  memcpy (rnn_model_get_params (model), W, sizeof W);
  recall (model, cue, N, 1, y);
  g_assert_cmpfloat (y[0], ==, 5);
  g_assert_cmpfloat (y[1], ==, 1);
  g_assert_cmpfloat (y[2], ==, 1);
  g_assert_cmpfloat (y[3], ==, -1);
}

/* More memories than units, half of the cue missing; energy falls. */
static void
test_modern (void)
{
  enum { N = 64, P = 500 };
  const gfloat beta = 0.5f;
  g_autofree gfloat *patterns = random_patterns (P, N, 6);
  g_autoptr (RnnModel) model = hopfield ("modern", N, P, beta);

  g_assert_true (rnn_hopfield_store (model, RNN_STORAGE_HEBB, patterns, P, NULL));
  for (gint k = 0; k < P; k += 50) {
    gfloat cue[N], y[N];
    gdouble before;

    for (gint i = 0; i < N; i++)
      cue[i] = i % 2 ? 0 : 2 * patterns[k * N + i];
    before = rnn_hopfield_modern_energy (N, P, patterns, beta, cue);
    for (gint steps = 1; steps < 6; steps++) {
      gdouble energy;

      recall (model, cue, N, steps, y);
      energy = rnn_hopfield_modern_energy (N, P, patterns, beta, y);
      g_assert_cmpfloat (energy, <=, before + 1e-4);
      before = energy;
    }
    for (gint i = 0; i < N; i++)
      g_assert_cmpfloat_with_epsilon (y[i], patterns[k * N + i], 1e-3);
  }
}

static void
test_refusals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) modern = hopfield ("modern", 4, 3, 0), none = NULL;
  json_t *recipe = json_pack ("{s{sssi}s[{ss}]}", "input", "kind", "tensors", "size", 4, "layers", "cell", "dense");
  gfloat patterns[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

  none = rnn_model_new (recipe, 1, "my model", &error);
  json_decref (recipe);
  g_assert_no_error (error);
  g_assert_false (rnn_hopfield_store (modern, RNN_STORAGE_HEBB, patterns, 2, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "my memory: 2 patterns"));
  g_clear_error (&error);
  g_assert_false (rnn_hopfield_store (none, RNN_STORAGE_HEBB, patterns, 2, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "my model"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/hopfield/recall/sync", "sync", test_recall);
  g_test_add_data_func ("/hopfield/recall/async", "async", test_recall);
  g_test_add_func ("/hopfield/energy", test_energy);
  g_test_add_func ("/hopfield/capacity", test_capacity);
  g_test_add_func ("/hopfield/ties", test_ties);
  g_test_add_func ("/hopfield/modern", test_modern);
  g_test_add_func ("/hopfield/refusals", test_refusals);
  return g_test_run ();
}
