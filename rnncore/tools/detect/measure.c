/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* White noise, and with poles that make it fall by some 3 (pink) or 6 dB (brown) an octave. */
#include "measure.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "base/rng.h"
#include "features/features.h"
#include "outputs/marks.h"

#define FRAMES_PER_SECOND 100
#define CENTRE 200              /* samples of 16000: the middle of a window of 25 ms */

static const struct {
  const gchar *name;
  gfloat pole[3], gain[3];
} kinds[] = {
  { "white", { 0, 0, 0 }, { 1, 0, 0 } },
  { "pink", { 0.99f, 0.9f, 0.4f }, { 0.07f, 0.25f, 0.6f } },
  { "brown", { 0.995f, 0, 0 }, { 1, 0, 0 } },
};

gboolean
rnn_measure_find_noise (RnnMixing *mixing, const gchar *name, GError **error)
{
  for (mixing->kind = 0; mixing->kind < G_N_ELEMENTS (kinds); mixing->kind++)
    if (!name || strcmp (kinds[mixing->kind].name, name) == 0)
      return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "there is no noise called \"%s\"", name);
  return FALSE;
}

static gdouble
power (const gfloat *x, gsize n)
{
  gdouble sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (gdouble) x[i] * x[i];
  return sum / MAX (n, 1);
}

void
rnn_measure_mix (const RnnMixing *mixing, RnnWav *wav)
{
  g_autofree gfloat *noise = g_new (gfloat, wav->n + 1);
  gfloat state[3] = { 0 }, scale;
  RnnRng rng;

  if (isinf (mixing->snr))
    return;
  rnn_rng_seed (&rng, (guint64) mixing->seed, wav->n);
  for (gsize i = 0; i < wav->n; i++) {
    gfloat white = rnn_rng_normal (&rng);

    noise[i] = 0;
    for (guint k = 0; k < 3; k++) {
      state[k] = kinds[mixing->kind].pole[k] * state[k] + white;
      noise[i] += kinds[mixing->kind].gain[k] * state[k];
    }
  }
  scale = (gfloat) sqrt (power (wav->samples, wav->n) / (power (noise, wav->n) + 1e-30) * pow (10, -mixing->snr / 10));
  for (gsize i = 0; i < wav->n; i++)
    wav->samples[i] += scale * noise[i];
}

gboolean *
rnn_measure_truth (const RnnWav *wav, GError **error)
{
  RnnFeatureConfig config;
  g_autoptr (RnnFeatures) features = NULL;
  g_autofree gfloat *frames = NULL;
  g_autofree gboolean *voiced = NULL;
  gboolean *truth = g_new0 (gboolean, wav->n + 1);
  gsize hop = (gsize) wav->rate / FRAMES_PER_SECOND;
  guint n;

  rnn_feature_config_init (&config);
  config.rate = wav->rate;
  config.log_floor = 403.4f;
  if (!(features = rnn_features_new (&config, NULL, NULL, error))) {
    g_free (truth);
    return NULL;
  }
  frames = g_new (gfloat, (rnn_features_max_steps (features, (guint) wav->n) + 1) * rnn_features_get_dim (features));
  n = rnn_features_push (features, wav->samples, (guint) wav->n, frames);
  voiced = g_new0 (gboolean, n + 1);
  rnn_marks_find_voice (frames, n, (gint) rnn_features_get_dim (features), voiced);
  for (gsize i = 0; i < wav->n && n > 0; i++) {
    gsize late = (gsize) CENTRE * (gsize) wav->rate / 16000 - hop / 2;

    truth[i] = voiced[i < late ? 0 : MIN ((i - late) / hop, n - 1)];
  }
  return truth;
}

void
rnn_measure_count (RnnVadErrors *errors, const gboolean *truth, const gboolean *speech, gsize n)
{
  for (gsize i = 80; i < n; i += 160) {
    errors->n++;
    errors->n_speech += truth[i];
    errors->n_missed += truth[i] && !speech[i];
    errors->n_invented += !truth[i] && speech[i];
  }
}
