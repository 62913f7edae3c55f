/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of features: front ends from a line of options, a signal, and streams cut into pieces. */
#pragma once
#include "base/rng.h"
#include "features/features-options.h"
#include "features/features.h"
#include <math.h>

/* "n_mels=80 stack=3": names and values of rnn_feature_options[] */
static inline RnnFeatureConfig
parse_setup (const gchar *setup)
{
  g_auto (GStrv) options = g_strsplit (setup, " ", -1);
  RnnFeatureConfig config;

  rnn_feature_config_init (&config);
  for (guint i = 0; options[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (options[i], "=", 2);
    g_autoptr (GError) error = NULL;

    rnn_options_set (rnn_feature_options, &config, pair[0], pair[1], setup, &error);
    g_assert_no_error (error);
  }
  return config;
}

/* With some statistics for cmvn=global. (transfer full) */
static inline RnnFeatures *
make_features (const gchar *setup)
{
  RnnFeatureConfig config = parse_setup (setup);
  g_autoptr (GError) error = NULL;
  gfloat mean[128], std[128];
  RnnFeatures *features;

  for (guint i = 0; i < 128; i++) {
    mean[i] = 0.1f * i;
    std[i] = 1 + i;
  }
  features = rnn_features_new (&config, config.cmvn == RNN_CMVN_GLOBAL ? mean : NULL,
      config.cmvn == RNN_CMVN_GLOBAL ? std : NULL, &error);
  g_assert_no_error (error);
  return features;
}

/* Noise under a rising tone, with an offset. (transfer full) */
static inline gfloat *
make_signal (guint n)
{
  gfloat *samples = g_new (gfloat, n);
  RnnRng rng;

  rnn_rng_seed (&rng, 7, 1);
  for (guint i = 0; i < n; i++)
    samples[i] = 0.01f + 0.3f * sinf (0.05f * i + 1e-5f * i * i) + 0.02f * rnn_rng_normal (&rng);
  return samples;
}

/* Pushes pieces of @cut samples (0: of random length, also none), then finishes. (transfer full) */
static inline gfloat *
run_stream (RnnFeatures *features, const gfloat *samples, guint n, guint cut, guint *steps)
{
  guint dim = rnn_features_get_dim (features), total = rnn_features_max_steps (features, n);
  gfloat *out = g_new (gfloat, (gsize) total * dim);
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  *steps = 0;
  while (n > 0) {
    guint length = cut ? cut : rnn_rng_below (&rng, 700), piece = MIN (length, n);
    guint max = rnn_features_max_steps (features, piece);
    guint got = rnn_features_push (features, samples, piece, out + (gsize) *steps * dim);

    g_assert_cmpuint (got, <=, max);
    *steps += got;
    samples += piece;
    n -= piece;
  }
  *steps += rnn_features_finish (features, out + (gsize) *steps * dim);
  g_assert_cmpuint (*steps, ==, total);
  return out;
}
