/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data sets in files: what comes out is what went in, training is the same, and no broken file is read. */
#include "train-toy.h"
#include "base/half.h"
#include "train/dataset.h"
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#define N 40
#define DIGEST "0123456789abcdef"

static gchar *
file_name (const gchar *name)
{
  return g_build_filename (g_get_tmp_dir (), name, NULL);
}

/* Every half is read as what it says, and is the nearest one to it and to what is near. */
static void
test_half (void)
{
  for (guint i = 0; i < 0x7c00; i++) {
    guint16 one = (guint16) i, next = (guint16) (i + 1), back;
    gfloat x, y, middle, expected = i < 0x400 ? ldexpf (i, -24) : ldexpf (0x400 + (i & 0x3ff), (gint) (i >> 10) - 25);

    rnn_half_to_float (1, &one, &x);
    g_assert_cmpfloat (x, ==, expected);
    rnn_half_from_float (1, &x, &back);
    g_assert_cmpuint (back, ==, one);
    x = -x;
    rnn_half_from_float (1, &x, &back);
    g_assert_cmpuint (back, ==, one | 0x8000);
    if (next == 0x7c00)
      continue;
    rnn_half_to_float (1, &next, &y);
    middle = (y - x) / 2;
    rnn_half_from_float (1, &middle, &back);
    g_assert_cmpuint (back, ==, i & 1 ? next : one);    /* ties to even */
    middle = nextafterf (middle, INFINITY);
    rnn_half_from_float (1, &middle, &back);
    g_assert_cmpuint (back, ==, next);
  }
}

static void
test_half_limits (void)
{
  gfloat x[] = { INFINITY, -1e9f, NAN, 65519, 65504 };
  guint16 half[5];

  rnn_half_from_float (5, x, half);
  rnn_half_to_float (5, half, x);
  g_assert_cmpfloat (x[0], ==, RNN_HALF_MAX);
  g_assert_cmpfloat (x[1], ==, -RNN_HALF_MAX);
  g_assert_cmpfloat (x[2], ==, 0);
  g_assert_cmpfloat (x[3], ==, RNN_HALF_MAX);
  g_assert_cmpfloat (x[4], ==, RNN_HALF_MAX);
}

/* Examples of all kinds: of no frame, of several texts, of an unknown one. */
static void
fill (RnnDataset *dataset, gboolean rounded, gboolean heads)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 5);
  for (guint i = 0; i < N; i++) {
    guint n = i == 3 ? 0 : 20 + rnn_rng_below (&rng, 60), n_labels = 1 + i % 6;
    g_autofree gfloat *frames = g_new0 (gfloat, n * TOY_FEATURES + 1);
    guint16 half;
    gint labels[7];

    for (guint j = 0; j < n * TOY_FEATURES; j++) {
      frames[j] = rnn_rng_normal (&rng) * 5 + 10;
      if (rounded) {
        rnn_half_from_float (1, frames + j, &half);
        rnn_half_to_float (1, &half, frames + j);
      }
    }
    for (guint j = 0; j < n_labels; j++)
      labels[j] = 1 + (gint) rnn_rng_below (&rng, 3);
    rnn_dataset_add_ctc (dataset, frames, n, labels, n_labels);
    if (heads && i % 3 == 0)
      rnn_dataset_add_text (dataset, i % 2 ? labels : NULL, i % 2 ? n_labels : 0);
  }
}

static void
assert_same (RnnDataset *a, RnnDataset *b)
{
  RnnBuffer room_a = { 0 }, room_b = { 0 };

  g_assert_cmpuint (a->examples->len, ==, b->examples->len);
  g_assert_cmpuint (a->n_frames, ==, b->n_frames);
  for (guint i = 0; i < a->examples->len; i++) {
    const RnnExample *x = RNN_EXAMPLE (a, i), *y = RNN_EXAMPLE (b, i);
    gsize bytes = (gsize) x->n_frames * a->n_feature * sizeof (gfloat);

    g_assert_cmpuint (x->n_frames, ==, y->n_frames);
    g_assert_cmpmem (rnn_dataset_read (a, x, &room_a), bytes, rnn_dataset_read (b, y, &room_b), bytes);
    g_assert_cmpuint (x->n_texts, ==, y->n_texts);
    for (guint j = 0; j < x->n_texts; j++) {
      g_assert_true (!x->texts[j].ids == !y->texts[j].ids);
      g_assert_cmpmem (x->texts[j].ids, x->texts[j].n * sizeof (gint), y->texts[j].ids, y->texts[j].n * sizeof (gint));
    }
    g_assert_cmpint (x->n_target, ==, y->n_target);
    if (x->n_target)
      g_assert_cmpmem (x->targets, x->n_frames * x->n_target * sizeof (gfloat), y->targets,
          y->n_frames * y->n_target * sizeof (gfloat));
  }
  rnn_buffer_clear (&room_a);
  rnn_buffer_clear (&room_b);
}

static RnnDataset *
sealed (const gchar *path, gboolean half, gboolean heads)
{
  RnnDataset *dataset = rnn_dataset_new (TOY_FEATURES);
  g_autoptr (GError) error = NULL;

  rnn_dataset_store (dataset, path, half, &error);
  g_assert_no_error (error);
  fill (dataset, FALSE, heads);
  rnn_dataset_seal (dataset, DIGEST, "notes of ours", &error);
  g_assert_no_error (error);
  return dataset;
}

static void
test_back (void)
{
  for (gint half = 0; half < 2; half++) {
    g_autofree gchar *path = file_name ("rnn-back.set"), *notes = NULL;
    g_autoptr (GError) error = NULL;
    RnnDataset *memory = rnn_dataset_new (TOY_FEATURES), *file = sealed (path, half, TRUE), *again;
    gfloat mean[2][TOY_FEATURES], std[2][TOY_FEATURES];

    fill (memory, half, TRUE);
    assert_same (memory, file);
    again = rnn_dataset_load (path, TOY_FEATURES, DIGEST, &notes, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (notes, ==, "notes of ours");
    assert_same (memory, again);
    rnn_dataset_get_stats (memory, mean[0], std[0]);
    rnn_dataset_get_stats (again, mean[1], std[1]);
    g_assert_cmpmem (mean[0], sizeof mean[0], mean[1], sizeof mean[1]);
    g_assert_cmpmem (std[0], sizeof std[0], std[1], sizeof std[1]);
    rnn_dataset_free (memory);
    rnn_dataset_free (file);
    rnn_dataset_free (again);
    g_unlink (path);
  }
}

static void
test_series (void)
{
  g_autofree gchar *path = file_name ("rnn-series.set"), *notes = NULL;
  g_autoptr (GError) error = NULL;
  RnnDataset *memory = rnn_dataset_new (2), *file = rnn_dataset_new (2), *again;
  gfloat x[20] = { 1e-3f, 70000, NAN, 4 }, y[30] = { 3, NAN, 5 };

  rnn_dataset_store (file, path, FALSE, &error);
  rnn_dataset_add_series (memory, x, 10, y, 3);
  rnn_dataset_add_series (file, x, 10, y, 3);
  rnn_dataset_seal (file, DIGEST, "", &error);
  again = rnn_dataset_load (path, 2, DIGEST, &notes, &error);
  g_assert_no_error (error);
  assert_same (memory, file);
  assert_same (memory, again);
  rnn_dataset_free (memory);
  rnn_dataset_free (file);
  rnn_dataset_free (again);
  g_unlink (path);
}

static void
expect_refusal (const gchar *path, gint n_feature, const gchar *digest)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *notes = NULL;

  g_assert_null (rnn_dataset_load (path, n_feature, digest, &notes, &error));
  g_assert_nonnull (strstr (error->message, path));
}

/* Other data, cut short, or with one byte changed anywhere but in the frames. */
static void
test_refused (void)
{
  g_autofree gchar *path = file_name ("rnn-refused.set"), *bytes = NULL;
  guint64 frames;
  gsize n;

  expect_refusal ("/nonexistent.set", TOY_FEATURES, DIGEST);
  rnn_dataset_free (sealed (path, TRUE, TRUE));
  expect_refusal (path, TOY_FEATURES, "another");
  expect_refusal (path, TOY_FEATURES + 1, DIGEST);
  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  memcpy (&frames, bytes + 32, sizeof frames);       /* where the index begins */
  for (gsize cut = 0; cut < n; cut += 97) {
    g_assert_true (g_file_set_contents (path, bytes, (gssize) cut, NULL));
    expect_refusal (path, TOY_FEATURES, DIGEST);
  }
  for (gsize at = 0; at < n; at += at < 128 ? 1 : 31) {
    if (at >= 128 && at < frames)
      at = frames;
    if (at >= 64 && at < 128 && at - 64 >= strlen (DIGEST))
      continue;                 /* what fills the digest up is not looked at */
    bytes[at] ^= 0x15;
    g_assert_true (g_file_set_contents (path, bytes, (gssize) n, NULL));
    expect_refusal (path, TOY_FEATURES, DIGEST);
    bytes[at] ^= 0x15;
  }
  g_unlink (path);
}

/* A disk without room: the rest is in memory, and what was there keeps its name. */
static void
test_full (void)
{
  g_autofree gchar *path = file_name ("rnn-full.set");
  RnnDataset *memory = rnn_dataset_new (TOY_FEATURES), *file = rnn_dataset_new (TOY_FEATURES);
  struct rlimit limit, small;
  g_autoptr (GError) error = NULL;

  fill (memory, TRUE, TRUE);
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &limit);
  small = (struct rlimit) { 10000, limit.rlim_max };
  setrlimit (RLIMIT_FSIZE, &small);
  rnn_dataset_store (file, path, TRUE, &error);
  g_assert_no_error (error);
  fill (file, FALSE, TRUE);
  g_assert_false (rnn_dataset_seal (file, DIGEST, "", &error));
  setrlimit (RLIMIT_FSIZE, &limit);
  g_assert_nonnull (strstr (error->message, "rnn-full.set"));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_same (memory, file);
  rnn_dataset_free (memory);
  rnn_dataset_free (file);
}

/* The weights of a training do not tell where its frames were, with stretches and augmentation too. */
static void
test_training (void)
{
  g_autofree gchar *path = file_name ("rnn-training.set");
  RnnModel *model = toy_model (toy_ctc, 1);
  RnnTrainConfig config = toy_config ();
  RnnDataset *sets[] = { rnn_dataset_new (TOY_FEATURES), sealed (path, TRUE, FALSE) };
  g_autofree gfloat *weights = g_new (gfloat, rnn_model_get_n_params (model));
  gsize bytes = rnn_model_get_n_params (model) * sizeof (gfloat);
  g_autoptr (GError) error = NULL;

  fill (sets[0], TRUE, FALSE);
  config.epochs = 3;
  config.n_threads = 2;
  config.join = 100;
  config.augment_from = 1;
  config.stretch = 0.1f;
  config.noise_prob = config.babble = 1;
  for (guint i = 0; i < 2; i++) {
    RnnTrainer *trainer = rnn_trainer_new (model, &config, sets[i], NULL, &error);

    g_assert_no_error (error);
    while (rnn_trainer_step (trainer, NULL));
    if (i == 0)
      memcpy (weights, rnn_model_get_params (rnn_trainer_get_model (trainer)), bytes);
    else
      g_assert_cmpmem (weights, bytes, rnn_model_get_params (rnn_trainer_get_model (trainer)), bytes);
    rnn_trainer_free (trainer);
    rnn_dataset_free (sets[i]);
  }
  rnn_model_unref (model);
  g_unlink (path);
}

/* What cannot fit into memory is refused before it is tried. */
static void
test_room (void)
{
  const guint n = 2000000;
  RnnModel *model = toy_model ("{\"format\": 1, \"name\": \"room\", \"input\": {\"kind\": \"tensors\", \"size\": 1}, "
      "\"layers\": [{\"cell\": \"lstm\", \"name\": \"l\", \"hidden\": 512}, {\"cell\": \"dense\", \"name\": \"o\", \"units\": 3}], "
      "\"output\": {\"kind\": \"ctc\", \"blank\": 0, \"tokens\": [\"-\", \"a\", \"b\"]}}", 1);
  RnnTrainConfig config = toy_config ();
  RnnDataset *dataset = rnn_dataset_new (1);
  g_autofree gfloat *frames = g_new0 (gfloat, n);
  g_autoptr (GError) error = NULL;
  const gint label = 1;

  rnn_dataset_add_ctc (dataset, frames, 10, &label, 1);
  for (guint i = 0; i < 16; i++)
    rnn_dataset_add_ctc (dataset, frames, n, &label, 1);
  config.batch_size = 17;
  g_assert_null (rnn_trainer_new (model, &config, dataset, NULL, &error));
  g_assert_nonnull (strstr (error->message, "example 1 has 2000000 frames"));
  rnn_dataset_free (dataset);
  rnn_model_unref (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train-store/half", test_half);
  g_test_add_func ("/train-store/half-limits", test_half_limits);
  g_test_add_func ("/train-store/back", test_back);
  g_test_add_func ("/train-store/series", test_series);
  g_test_add_func ("/train-store/refused", test_refused);
  g_test_add_func ("/train-store/full", test_full);
  g_test_add_func ("/train-store/training", test_training);
  g_test_add_func ("/train-store/room", test_room);
  return g_test_run ();
}
