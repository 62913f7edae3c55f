/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Toy tasks for the tests of training: a made-up speaker who says letters as runs of fixed spectra. */
#pragma once
#include "base/rng.h"
#include "train/train.h"
#include <string.h>

#define TOY_FEATURES 6
#define TOY_TOKENS 4            /* blank, space, a, b */

/* Audio in, normalised by statistics that the trainer has to find, two frames per step, a look-ahead of one step. */
static const gchar toy_ctc[] =
    "{\"format\": 1, \"name\": \"toy\","
    " \"input\": {\"kind\": \"audio\", \"rate\": 16000,"
    "   \"features\": {\"n_mels\": 6, \"cmvn\": \"global\", \"stack\": 2, \"stride\": 2}},"
    " \"layers\": [{\"cell\": \"conv1d\", \"name\": \"conv\", \"units\": 8, \"kernel\": 3, \"lookahead\": 1},"
    "   {\"cell\": \"lstm\", \"name\": \"rnn\", \"hidden\": 12},"
    "   {\"cell\": \"dropout\", \"name\": \"drop\", \"p\": 0.1},"
    "   {\"cell\": \"dense\", \"name\": \"out\", \"units\": 4}],"
    " \"output\": {\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \" \", \"a\", \"b\"], \"blank\": 0}}";

static inline RnnModel *
toy_model (const gchar *recipe, guint64 seed)
{
  json_error_t json_error;
  g_autoptr (GError) error = NULL;
  json_t *json = json_loads (recipe, 0, &json_error);
  RnnModel *model;

  g_assert_nonnull (json);
  model = rnn_model_new (json, seed, "toy", &error);
  g_assert_no_error (error);
  json_decref (json);
  return model;
}

static inline RnnTrainConfig
toy_config (void)
{
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.batch_size = 5;
  config.epochs = 3;
  config.learning_rate = 0.01f;
  return config;
}

/* One frame per call: label's spectrum, far from zero mean, with noise. */
static inline void
toy_frame (RnnRng *rng, gint label, gfloat *frame)
{
  for (gint i = 0; i < TOY_FEATURES; i++)
    frame[i] = 5 + i + (i % TOY_TOKENS == label ? 4 : 0) + 0.3f * rnn_rng_normal (rng);
}

/* n texts of 1 to max_labels letters and spaces, each held for 4 to 7 frames, blank between them. */
static inline RnnDataset *
toy_dataset (guint n, gint max_labels, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (TOY_FEATURES);
  gfloat *frames = g_new (gfloat, TOY_FEATURES * 10 * (max_labels + 1));
  gint *labels = g_new (gint, max_labels);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 7);
  for (guint e = 0; e < n; e++) {
    guint n_labels = 1 + rnn_rng_below (&rng, max_labels), n_frames = 0;

    for (guint i = 0; i < n_labels; i++) {
      guint hold = 4 + rnn_rng_below (&rng, 4);

      labels[i] = i % 3 == 1 ? 1 : 2 + (gint) rnn_rng_below (&rng, 2);
      for (guint t = 0; t < hold; t++)
        toy_frame (&rng, labels[i], frames + TOY_FEATURES * n_frames++);
      for (guint t = 0; t < 2; t++)
        toy_frame (&rng, 0, frames + TOY_FEATURES * n_frames++);
    }
    rnn_dataset_add_ctc (dataset, frames, n_frames, labels, n_labels);
  }
  g_free (frames);
  g_free (labels);
  return dataset;
}

static inline RnnTrainer *
toy_trainer (RnnModel *model, const RnnTrainConfig *config, RnnDataset *train, RnnDataset *dev)
{
  g_autoptr (GError) error = NULL;
  RnnTrainer *trainer = rnn_trainer_new (model, config, train, dev, &error);

  g_assert_no_error (error);
  return trainer;
}

static inline void
toy_assert_same_weights (RnnModel *a, RnnModel *b)
{
  gsize n = rnn_model_get_n_params (a) * sizeof (gfloat);

  g_assert_cmpmem (rnn_model_get_params (a), n, rnn_model_get_params (b), rnn_model_get_n_params (b) * sizeof (gfloat));
}

/* A temporary file name; the caller unlinks and frees. */
static inline gchar *
toy_path (const gchar *name)
{
  g_autofree gchar *unique = g_strdup_printf ("rnn-%d-%s", g_random_int_range (0, G_MAXINT), name);

  return g_build_filename (g_get_tmp_dir (), unique, NULL);
}
