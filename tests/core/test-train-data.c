/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to examples before a model sees them: their order, augmentation, normalisation, stacking, padding. */
#include "train-toy.h"
#include "train/augment.h"
#include "train/batch.h"
#include <math.h>

/* ---- the order of an epoch ---- */

static RnnDataset *
lengths_dataset (guint n)
{
  RnnDataset *data = rnn_dataset_new (1);
  gfloat frames[500] = { 0 };
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 3);
  for (guint i = 0; i < n; i++)
    rnn_dataset_add_ctc (data, frames, 20 + rnn_rng_below (&rng, 480), NULL, 0);
  return data;
}

static void
test_epoch_complete (void)
{
  RnnDataset *data = lengths_dataset (203);
  RnnEpoch epoch;
  gint seen[203] = { 0 };
  guint64 padded = 0;

  rnn_epoch_init (&epoch, data, 8, 1, 0, FALSE);
  g_assert_cmpuint (epoch.n_batches, ==, 26);
  for (guint b = 0; b < epoch.n_batches; b++) {
    const guint32 *examples;
    guint n = rnn_epoch_get (&epoch, b, &examples), last = 0;

    for (guint i = 0; i < n; i++) {
      guint length = RNN_EXAMPLE (data, examples[i])->n_frames;

      seen[examples[i]]++;
      g_assert_cmpuint (length, >=, last);      /* shortest first */
      last = length;
    }
    padded += n * last;
  }
  for (guint i = 0; i < 203; i++)
    g_assert_cmpint (seen[i], ==, 1);
  g_assert_cmpfloat (padded, <, 1.2 * rnn_dataset_get_frames (data));
  rnn_epoch_clear (&epoch);
  rnn_dataset_free (data);
}

static gboolean
same_order (RnnDataset *data, guint64 seed_a, guint number_a, guint64 seed_b, guint number_b)
{
  RnnEpoch a, b;
  gboolean same;

  rnn_epoch_init (&a, data, 8, seed_a, number_a, FALSE);
  rnn_epoch_init (&b, data, 8, seed_b, number_b, FALSE);
  same = memcmp (a.order, b.order, a.n * sizeof (guint32)) == 0
      && memcmp (a.batches, b.batches, a.n_batches * sizeof (guint32)) == 0;
  rnn_epoch_clear (&a);
  rnn_epoch_clear (&b);
  return same;
}

static void
test_epoch_seed (void)
{
  RnnDataset *data = lengths_dataset (100);

  g_assert_true (same_order (data, 5, 2, 5, 2));
  g_assert_false (same_order (data, 5, 2, 5, 3));
  g_assert_false (same_order (data, 5, 2, 6, 2));
  rnn_dataset_free (data);
}

static void
test_epoch_short_first (void)
{
  RnnDataset *data = lengths_dataset (100);
  RnnEpoch epoch;
  guint last = 0;

  rnn_epoch_init (&epoch, data, 8, 1, 0, TRUE);
  for (guint b = 0; b < epoch.n_batches; b++) {
    const guint32 *examples;
    guint n = rnn_epoch_get (&epoch, b, &examples), longest = RNN_EXAMPLE (data, examples[n - 1])->n_frames;

    g_assert_cmpfloat (longest * 1.25, >=, last);
    last = MAX (last, longest);
  }
  rnn_epoch_clear (&epoch);
  rnn_dataset_free (data);
}

static void
test_stats (void)
{
  RnnDataset *data = rnn_dataset_new (2);
  const gfloat a[] = { 1, 10, 3, 10 }, b[] = { 5, 10 };
  gfloat mean[2], std[2];

  rnn_dataset_add_ctc (data, a, 2, NULL, 0);
  rnn_dataset_add_ctc (data, b, 1, NULL, 0);
  rnn_dataset_get_stats (data, mean, std);
  g_assert_cmpuint (rnn_dataset_get_n (data), ==, 2);
  g_assert_cmpuint (rnn_dataset_get_frames (data), ==, 3);
  g_assert_cmpfloat_with_epsilon (mean[0], 3, 1e-6);
  g_assert_cmpfloat_with_epsilon (std[0], sqrt (8.0 / 3), 1e-6);
  g_assert_cmpfloat_with_epsilon (mean[1], 10, 1e-6);
  g_assert_true (std[1] > 0 && std[1] < 1e-4);   /* a constant can still be divided by */
  rnn_dataset_free (data);
}

/* ---- augmentation ---- */

#define N 100
#define DIM 8

/* A ramp over time and channels: linear interpolation of it is exact. */
static void
make_ramp (gfloat *frames)
{
  for (gint t = 0; t < N; t++)
    for (gint c = 0; c < DIM; c++)
      frames[t * DIM + c] = t + 1000 * c;
}

static void
test_stretch (void)
{
  RnnTrainConfig config = toy_config ();
  gfloat in[N * DIM], out[2 * N * DIM];
  guint shortest = G_MAXUINT, longest = 0;
  RnnRng rng;

  make_ramp (in);
  config.stretch = 0.2f;
  for (guint seed = 0; seed < 200; seed++) {
    guint n;

    rnn_rng_seed (&rng, seed, 0);
    n = rnn_augment_frames (&config, &rng, in, N, DIM, FALSE, out);
    g_assert_cmpuint (n, <=, rnn_augment_max_frames (&config, N));
    shortest = MIN (shortest, n);
    longest = MAX (longest, n);
    for (guint t = 0; t < n; t++)
      g_assert_cmpfloat_with_epsilon (out[t * DIM + 1], 1000 + t * (N - 1.0) / (n - 1), 1e-3);
    g_assert_cmpuint (rnn_augment_frames (&config, &rng, in, N, DIM, TRUE, out), ==, N);
    g_assert_cmpmem (in, sizeof (in), out, sizeof (in));
  }
  g_assert_true (shortest >= 80 && shortest < 85 && longest > 115 && longest <= 120);
}

static void
test_warp_gain (void)
{
  RnnTrainConfig config = toy_config ();
  gfloat in[N * DIM], out[2 * N * DIM];
  gdouble sum = 0, sum2 = 0;
  RnnRng rng;

  make_ramp (in);
  config.warp = 0.1f;
  for (guint seed = 0; seed < 50; seed++) {
    gfloat warp;

    rnn_rng_seed (&rng, seed, 0);
    rnn_augment_frames (&config, &rng, in, N, DIM, FALSE, out);
    warp = out[1] / 1000;
    g_assert_true (warp >= 0.9f && warp <= 1.1f);
    for (gint c = 0; c < DIM; c++)
      g_assert_cmpfloat_with_epsilon (out[50 * DIM + c], 50 + 1000 * MIN (c * warp, DIM - 1), 0.1);
  }

  config.warp = 0;
  config.gain = 2;
  for (guint seed = 0; seed < 1000; seed++) {
    gfloat gain;

    rnn_rng_seed (&rng, seed, 0);
    rnn_augment_frames (&config, &rng, in, N, DIM, FALSE, out);
    gain = out[0] - in[0];
    g_assert_cmpfloat_with_epsilon (out[77 * DIM + 5] - in[77 * DIM + 5], gain, 1e-2);
    sum += gain;
    sum2 += gain * gain;
  }
  g_assert_cmpfloat_with_epsilon (sum / 1000, 0, 0.3);
  g_assert_cmpfloat_with_epsilon (sqrt (sum2 / 1000), 2, 0.2);
}

static void
fill (gfloat *frames, gfloat value)
{
  for (gint i = 0; i < N * DIM; i++)
    frames[i] = value;
}

static void
test_masks (void)
{
  RnnTrainConfig config = toy_config ();
  gfloat frames[N * DIM];
  guint most_frames = 0, most_channels = 0;
  RnnRng rng;

  config.time_masks = config.freq_masks = 1;
  config.time_mask_width = 10;
  config.freq_mask_width = 3;
  for (guint seed = 0; seed < 300; seed++) {
    guint masked_frames = 0, masked_channels = 0, zeros = 0;

    rnn_rng_seed (&rng, seed, 0);
    fill (frames, 1);
    rnn_augment_mask (&config, &rng, N, DIM, frames);
    for (gint i = 0; i < N * DIM; i++)
      zeros += frames[i] == 0;
    for (gint t = 0; t < N; t++)
      masked_frames += frames[t * DIM] == 0 && frames[t * DIM + DIM - 1] == 0;
    for (gint c = 0; c < DIM; c++)
      masked_channels += frames[c] == 0 && frames[(N - 1) * DIM + c] == 0;
    /* whole rows and whole columns, nothing else */
    if (masked_frames < N && masked_channels < DIM)
      g_assert_cmpuint (zeros, ==, masked_frames * DIM + masked_channels * (N - masked_frames));
    most_frames = MAX (most_frames, masked_frames);
    most_channels = MAX (most_channels, masked_channels);
  }
  g_assert_cmpuint (most_frames, ==, 10);
  g_assert_cmpuint (most_channels, ==, 3);

  config.freq_masks = 0;
  config.time_mask_width = 1000;        /* never more than a fifth */
  for (guint seed = 0; seed < 300; seed++) {
    guint zeros = 0;

    rnn_rng_seed (&rng, seed, 0);
    fill (frames, 1);
    rnn_augment_mask (&config, &rng, N, DIM, frames);
    for (gint t = 0; t < N; t++)
      zeros += frames[t * DIM] == 0;
    g_assert_cmpuint (zeros, <=, N / 5);
  }
}

static void
test_noise (void)
{
  RnnTrainConfig config = toy_config ();
  gfloat frames[N * DIM];
  gdouble sum2 = 0;
  RnnRng rng;

  config.noise = 0.5f;
  rnn_rng_seed (&rng, 1, 0);
  fill (frames, 0);
  rnn_augment_mask (&config, &rng, N, DIM, frames);
  for (gint i = 0; i < N * DIM; i++)
    sum2 += frames[i] * frames[i];
  g_assert_cmpfloat_with_epsilon (sqrt (sum2 / (N * DIM)), 0.5, 0.05);
}

/* ---- batches ---- */

static void
test_batch (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *data = toy_dataset (4, 4, 1);
  const guint32 examples[] = { 2, 0, 3 };
  gfloat mean[TOY_FEATURES], std[TOY_FEATURES];
  RnnFraming framing;
  RnnBatch batch = { 0 };
  gint longest = 0;

  rnn_dataset_get_stats (data, mean, std);
  rnn_model_set_input_stats (model, mean, std, TOY_FEATURES);
  rnn_framing_init (&framing, model, TOY_FEATURES);
  for (gint round = 0; round < 2; round++) {    /* buffers are used again */
    rnn_batch_build (&batch, &framing, data, examples, 3, NULL, 0);
    for (gint b = 0; b < 3; b++) {
      const RnnExample *e = RNN_EXAMPLE (data, examples[b]);

      g_assert_cmpint (batch.steps[b], ==, e->n_frames / 2);
      longest = MAX (longest, batch.steps[b]);
      for (gint t = 0; t < batch.T; t++)
        for (gint i = 0; i < 2 * TOY_FEATURES; i++) {
          gfloat x = batch.x[(t * 3 + b) * 2 * TOY_FEATURES + i];
          gint from = MIN (t, batch.steps[b] - 1);      /* the last step goes on to the end */

          g_assert_cmpfloat_with_epsilon (x, (e->frames[from * 2 * TOY_FEATURES + i] - mean[i % TOY_FEATURES])
              / std[i % TOY_FEATURES], 1e-4);
        }
    }
    g_assert_cmpint (batch.T, ==, longest + 1); /* the look-ahead */
  }
  rnn_batch_clear (&batch);
  rnn_framing_clear (&framing);
  rnn_dataset_free (data);
}

/* What is drawn for an example does not depend on its company. */
static void
test_batch_company (void)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *data = toy_dataset (4, 4, 1);
  const guint32 alone[] = { 2 }, together[] = { 0, 2, 3 };
  RnnTrainConfig config = toy_config ();
  RnnBatch a = { 0 }, b = { 0 };
  RnnFraming framing;

  config.stretch = config.noise = config.warp = 0.1f;
  rnn_framing_init (&framing, model, TOY_FEATURES);
  rnn_batch_build (&a, &framing, data, alone, 1, &config, 42);
  rnn_batch_build (&b, &framing, data, together, 3, &config, 42);
  g_assert_cmpint (a.steps[0], ==, b.steps[1]);
  for (gint t = 0; t < a.steps[0]; t++)
    g_assert_cmpmem (a.x + t * framing.n_in, framing.n_in * sizeof (gfloat), b.x + (t * 3 + 1) * framing.n_in,
        framing.n_in * sizeof (gfloat));
  rnn_batch_build (&b, &framing, data, alone, 1, &config, 43);
  g_assert_true (a.steps[0] != b.steps[0] || a.x[0] != b.x[0]);
  rnn_batch_clear (&a);
  rnn_batch_clear (&b);
  rnn_framing_clear (&framing);
  rnn_dataset_free (data);
}

/* An epoch always has as many examples as the weights add up to; the shares are those of the weights. */
static void
test_weights (void)
{
  RnnDataset *data = rnn_dataset_new (1), *joined;
  gfloat frames[50] = { 0 };
  guint taken[3] = { 0 };

  for (guint i = 0; i < 90; i++) {
    rnn_dataset_begin_group (data, i % 3 == 0 ? "half" : i % 3 == 1 ? "twice" : "never");
    rnn_dataset_add_ctc (data, frames, 10 + i % 40, NULL, 0);
  }
  g_assert_cmpstr (rnn_dataset_get_group (data, 1), ==, "twice");
  g_assert_null (rnn_dataset_get_group (data, 3));
  rnn_dataset_weigh_group (data, 0, 0.5f);
  rnn_dataset_weigh_group (data, 1, 2);
  rnn_dataset_weigh_group (data, 2, 0);
  for (guint e = 0; e < 20; e++) {
    guint seen[90] = { 0 };
    RnnEpoch epoch;

    rnn_epoch_init (&epoch, data, 8, 1, e, FALSE);
    g_assert_cmpuint (epoch.n, ==, 15 + 60);
    for (guint i = 0; i < epoch.n; i++) {
      seen[epoch.order[i]]++;
      taken[epoch.order[i] % 3]++;
    }
    for (guint i = 0; i < 90; i++)
      g_assert_true (i % 3 == 0 ? seen[i] <= 1 : seen[i] == (i % 3 == 1 ? 2 : 0));
    rnn_epoch_clear (&epoch);
  }
  g_assert_cmpuint (taken[0], ==, 20 * 15);
  g_assert_cmpuint (taken[1], ==, 20 * 60);
  joined = rnn_dataset_join (data, 100, 0, -1, NULL, 7);
  g_assert_cmpuint (joined->n_frames, >, 0);
  for (guint i = 0, n = 0; i < joined->examples->len; i++) {
    n += RNN_EXAMPLE (joined, i)->n_parts;
    if (i + 1 == joined->examples->len)
      g_assert_cmpuint (n, ==, 75);
  }
  rnn_dataset_free (joined);
  rnn_dataset_free (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/data/epoch-complete", test_epoch_complete);
  g_test_add_func ("/train/data/epoch-seed", test_epoch_seed);
  g_test_add_func ("/train/data/epoch-short-first", test_epoch_short_first);
  g_test_add_func ("/train/data/stats", test_stats);
  g_test_add_func ("/train/data/stretch", test_stretch);
  g_test_add_func ("/train/data/warp-gain", test_warp_gain);
  g_test_add_func ("/train/data/masks", test_masks);
  g_test_add_func ("/train/data/noise", test_noise);
  g_test_add_func ("/train/data/batch", test_batch);
  g_test_add_func ("/train/data/batch-company", test_batch_company);
  g_test_add_func ("/train/data/weights", test_weights);
  return g_test_run ();
}
