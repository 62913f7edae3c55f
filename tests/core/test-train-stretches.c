/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Examples joined to stretches, and the acoustic conditions that they are heard in. */
#include "train-toy.h"
#include "train/acoustics.h"
#include "train/batch.h"
#include <math.h>
#include <string.h>

#define N 60
#define DIM 4
#define FLOOR 2.f
#define SEPARATOR 9

/* N examples of 10 to 49 frames; all frames and the one label of example i are i + 3. */
static RnnDataset *
make_examples (void)
{
  RnnDataset *data = rnn_dataset_new (DIM);
  gfloat frames[50 * DIM];

  for (gint i = 0; i < N; i++) {
    gint label = i + 3;

    for (guint k = 0; k < G_N_ELEMENTS (frames); k++)
      frames[k] = i + 3;
    rnn_dataset_add_ctc (data, frames, 10 + i % 40, &label, 1);
  }
  return data;
}

static void
test_join (void)
{
  RnnDataset *data = make_examples (), *joined = rnn_dataset_join (data, 200, 30, SEPARATOR, NULL, 1);
  gint seen[N] = { 0 };

  g_assert_cmpuint (rnn_dataset_get_n (joined), <, N / 2);
  for (guint s = 0; s < rnn_dataset_get_n (joined); s++) {
    const RnnExample *stretch = RNN_EXAMPLE (joined, s);
    guint frames = 0;

    g_assert_cmpuint (stretch->n_frames, <=, 200);
    g_assert_cmpint (stretch->texts[0].n, ==, 2 * (gint) stretch->n_parts - 1);
    for (guint i = 0; i < stretch->n_parts; i++) {
      guint32 example = stretch->parts[i].example;

      seen[example]++;
      g_assert_cmpint (stretch->texts[0].ids[2 * i], ==, (gint) example + 3);
      g_assert_cmpint (i ? stretch->texts[0].ids[2 * i - 1] : SEPARATOR, ==, SEPARATOR);
      frames += stretch->parts[i].pause + RNN_EXAMPLE (data, example)->n_frames;
    }
    g_assert_cmpuint (frames, ==, stretch->n_frames);
  }
  for (gint i = 0; i < N; i++)
    g_assert_cmpint (seen[i], ==, 1);
  rnn_dataset_free (joined);
  rnn_dataset_free (data);
}

static gboolean
same_stretches (RnnDataset *data, guint64 seed_a, guint64 seed_b)
{
  RnnDataset *a = rnn_dataset_join (data, 200, 30, -1, NULL, seed_a), *b = rnn_dataset_join (data, 200, 30, -1, NULL, seed_b);
  gboolean same = rnn_dataset_get_n (a) == rnn_dataset_get_n (b);

  for (guint s = 0; same && s < rnn_dataset_get_n (a); s++) {
    const RnnExample *x = RNN_EXAMPLE (a, s), *y = RNN_EXAMPLE (b, s);

    same = x->n_parts == y->n_parts && memcmp (x->parts, y->parts, x->n_parts * sizeof (RnnPart)) == 0;
  }
  rnn_dataset_free (a);
  rnn_dataset_free (b);
  return same;
}

static void
test_join_seed (void)
{
  RnnDataset *data = make_examples ();

  g_assert_true (same_stretches (data, 7, 7));
  g_assert_false (same_stretches (data, 7, 8));
  rnn_dataset_free (data);
}

/* An example longer than a stretch may be is one of its own; nothing is lost. */
static void
test_join_long (void)
{
  RnnDataset *data = make_examples (), *joined = rnn_dataset_join (data, 5, 0, -1, NULL, 1);

  g_assert_cmpuint (rnn_dataset_get_n (joined), ==, N);
  g_assert_cmpuint (rnn_dataset_get_frames (joined), ==, rnn_dataset_get_frames (data));
  rnn_dataset_free (joined);
  rnn_dataset_free (data);
}

/* Without any variation, the frames of a stretch are those of its parts, with quiet between. */
static void
test_join_frames (void)
{
  RnnDataset *data = make_examples (), *joined = rnn_dataset_join (data, 200, 30, -1, NULL, 1);
  RnnFraming framing = {.n_feature = DIM,.n_in = DIM,.stack = 1,.stride = 1,.floor = FLOOR };
  RnnTrainConfig plain;
  RnnBatch batch = { 0 };
  const RnnExample *stretch = RNN_EXAMPLE (joined, 0);
  const guint32 first = 0;
  guint t = 0;

  rnn_options_init (rnn_train_options, &plain);
  rnn_batch_build (&batch, &framing, joined, &first, 1, &plain, 1);
  g_assert_cmpint (batch.steps[0], ==, (gint) stretch->n_frames);
  for (guint i = 0; i < stretch->n_parts; i++) {
    guint end = t + stretch->parts[i].pause;
    gfloat value = stretch->parts[i].example + 3;

    for (; t < end; t++)
      g_assert_true (batch.x[t * DIM] == FLOOR || batch.x[t * DIM] == value);
    for (end += RNN_EXAMPLE (data, stretch->parts[i].example)->n_frames; t < end; t++)
      g_assert_cmpfloat (batch.x[t * DIM + 1], ==, value);
  }
  rnn_batch_clear (&batch);
  rnn_dataset_free (joined);
  rnn_dataset_free (data);
}

/* ---- acoustics: frames of speech-like level 10 with gaps at the floor ---- */

#define FRAMES 400

static gfloat
frame_value (guint t)
{
  return t % 100 < 50 ? 10 : FLOOR;
}

/* Applies @config to the frames -> out[FRAMES][DIM] */
static void
apply (const RnnTrainConfig *config, guint64 seed, gfloat *out)
{
  RnnDataset *data = make_examples ();
  RnnRng rng;

  for (guint i = 0; i < FRAMES * DIM; i++)
    out[i] = frame_value (i / DIM);
  rnn_rng_seed (&rng, seed, 0);
  rnn_acoustics_apply (config, &rng, data, FLOOR, FRAMES, DIM, out);
  rnn_dataset_free (data);
}

static void
test_level (void)
{
  gfloat x[FRAMES * DIM], lowest = INFINITY, highest = -INFINITY;
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.level = 20;
  for (guint seed = 0; seed < 100; seed++) {
    apply (&config, seed, x);
    for (guint i = 0; i < FRAMES * DIM; i++)    /* one shift for all; silence stays silence */
      g_assert_cmpfloat (x[i], ==, frame_value (i / DIM) == FLOOR ? FLOOR : x[0]);
    lowest = MIN (lowest, x[0]);
    highest = MAX (highest, x[0]);
  }
  g_assert_cmpfloat_with_epsilon (lowest, 10 - 20 * logf (10) / 10, 0.4);
  g_assert_cmpfloat_with_epsilon (highest, 10 + 20 * logf (10) / 10, 0.4);
}

/* Energy of a frame, without @emphasis */
static gdouble
total_energy (const gfloat *frame, gfloat emphasis)
{
  gdouble sum = 0;

  for (gint c = 0; c < DIM; c++)
    sum += exp (frame[c] - emphasis * c / DIM);
  return sum;
}

/* Energy of noise in the gaps, against the mean energy of all frames: the ratio that was asked for. */
static void
check_noise (gfloat emphasis)
{
  const gfloat loud[DIM] = { 10, 10, 10, 10 };
  gfloat x[FRAMES * DIM];
  gdouble ratio = 0;
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.noise_prob = 1;
  config.snr_low = config.snr_high = 12;
  config.emphasis = emphasis;
  for (guint seed = 0; seed < 50; seed++) {
    gdouble sum = 0;

    apply (&config, seed, x);
    for (guint i = 0; i < FRAMES * DIM; i++)
      g_assert_cmpfloat (x[i], >=, frame_value (i / DIM));
    for (guint t = 0; t < FRAMES; t++)
      sum += frame_value (t) == FLOOR ? total_energy (x + t * DIM, emphasis) : 0;
    ratio += log (total_energy (loud, emphasis) / 2 / (sum / (FRAMES / 2))) / 50;
  }
  g_assert_cmpfloat_with_epsilon (ratio * 10 / log (10), 12, 1.5);
}

static void
test_noise (void)
{
  check_noise (0);
  check_noise (5);
}

/* A room fills the frames after a sound, less and less, and adds nothing before it. */
static void
test_reverb (void)
{
  gfloat x[FRAMES * DIM];
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.reverb = 1;
  apply (&config, 1, x);
  g_assert_cmpfloat (x[0], ==, 10);
  g_assert_cmpfloat (x[50 * DIM], >, FLOOR + 1);
  for (guint t = 51; t < 60; t++)
    g_assert_cmpfloat (x[t * DIM], <, x[(t - 1) * DIM]);
}

static void
test_background (void)
{
  gfloat x[FRAMES * DIM];
  RnnTrainConfig config;
  guint louder = 0;

  rnn_options_init (rnn_train_options, &config);
  config.noise_prob = config.babble = 1;
  config.snr_low = config.snr_high = 0;
  apply (&config, 1, x);
  for (guint i = 0; i < FRAMES * DIM; i++)
    louder += frame_value (i / DIM) == FLOOR && x[i] > FLOOR;
  g_assert_cmpuint (louder, ==, FRAMES * DIM / 2);
}

/* Of three examples with targets one has nothing in it: that one is heard behind the others, as loud as a noise would be. */
static void
test_background_of_nothing (void)
{
  const gdouble speech = log (DIM * exp (10) / 2);
  RnnDataset *data = rnn_dataset_new (DIM);
  gfloat frames[10 * DIM], targets[10], x[FRAMES * DIM];
  RnnTrainConfig config;
  RnnRng rng;

  for (guint e = 0; e < 3; e++) {
    for (guint t = 0; t < 10; t++)
      targets[t] = e != 1 && t == 4;
    for (guint i = 0; i < 10 * DIM; i++)
      frames[i] = e == 1 && i % DIM == 0 ? 6 : e == 1 ? FLOOR : 8;      /* one band alone */
    rnn_dataset_add_series (data, frames, 10, targets, 1);
  }
  rnn_options_init (rnn_train_options, &config);
  config.noise_prob = config.babble = 1;
  config.snr_low = config.snr_high = 12;
  for (guint seed = 0; seed < 20; seed++) {
    for (guint i = 0; i < FRAMES * DIM; i++)
      x[i] = frame_value (i / DIM);
    rnn_rng_seed (&rng, seed, 0);
    rnn_acoustics_apply (&config, &rng, data, FLOOR, FRAMES, DIM, x);
    g_assert_cmpfloat_with_epsilon (x[60 * DIM], speech - 1.2 * log (10), 0.1);
    g_assert_cmpfloat (x[60 * DIM + 1], <, x[60 * DIM] - 2);
  }
  rnn_dataset_free (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/stretches/join", test_join);
  g_test_add_func ("/train/stretches/join-seed", test_join_seed);
  g_test_add_func ("/train/stretches/join-long", test_join_long);
  g_test_add_func ("/train/stretches/join-frames", test_join_frames);
  g_test_add_func ("/train/acoustics/level", test_level);
  g_test_add_func ("/train/acoustics/noise", test_noise);
  g_test_add_func ("/train/acoustics/reverb", test_reverb);
  g_test_add_func ("/train/acoustics/background", test_background);
  g_test_add_func ("/train/acoustics/background-of-nothing", test_background_of_nothing);
  return g_test_run ();
}
