/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The feature front end: the stages tied together, one frame at a time.
 *
 *   samples -> framer -> window -> |FFT|^2 [spectrum] -> mel [mels] -> log or PCEN -> (MFCC) -> CMVN -> stack
 *
 * Every stage keeps its own state and sees the frames in order, so the numbers do not depend on how the samples are
 * cut.  All memory is taken in rnn_features_new. */
#include "features.h"
#include "cmvn.h"
#include "features-options.h"
#include "fft.h"
#include "framer.h"
#include "pcen.h"
#include "stack.h"
#include "tables.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

struct _RnnFeatures {
  RnnFeatureConfig config;
  guint frame_dim;
  RnnFramer *framer;
  RnnTables *tables;            /* shared */
  RnnFft *fft;
  RnnPcen *pcen;                /* NULL: off */
  RnnCmvn *cmvn;
  RnnStack *stack;
  gboolean use_log;
  gfloat log_scale;             /* 1, or 1 / ln 10 */
  gfloat *spectrum;             /* [n_bins + RNN_MEL_PAD], in place of the samples that it is of if they are as many */
  gfloat *mels;                 /* [n_mels] */
};

/* ---- making ---- */

static guint
fft_length (const RnnFeatureConfig *config)
{
  guint length = rnn_feature_config_length (config);

  return config->round_to_power_of_two ? 1u << g_bit_storage (length - 1) : length;
}

static RnnEdges
edges_of (const RnnFeatureConfig *config)
{
  if (config->snip_edges)
    return RNN_EDGES_SNIP;
  return config->type == RNN_FEATURES_LOGMEL ? RNN_EDGES_REFLECT : RNN_EDGES_MIRROR;
}

static guint
frame_dim_of (const RnnFeatureConfig *config, guint n_fft)
{
  if (config->type == RNN_FEATURES_SPECTRUM)
    return n_fft / 2 + 1;
  if (config->type == RNN_FEATURES_MFCC)
    return (guint) config->n_ceps;
  return (guint) config->n_mels + (config->use_energy ? 1 : 0);
}

RnnFeatures *
rnn_features_new (const RnnFeatureConfig *config, const gfloat *mean, const gfloat *std, GError **error)
{
  g_autoptr (RnnFeatures) f = NULL;

  if (!rnn_feature_config_check (config, error))
    return NULL;
  f = g_new0 (RnnFeatures, 1);
  f->config = *config;
  f->frame_dim = frame_dim_of (config, fft_length (config));
  if (!(f->fft = rnn_fft_new (fft_length (config), error))
      || !(f->tables = rnn_tables_get (config, f->fft->n, error))
      || !(f->cmvn = rnn_cmvn_new (config, f->frame_dim, mean, std, error)))
    return NULL;
  f->framer = rnn_framer_new (edges_of (config), rnn_feature_config_length (config), rnn_feature_config_shift (config),
      config->scale);
  f->pcen = config->pcen == RNN_PCEN_NONE ? NULL : rnn_pcen_new (config);
  f->stack = rnn_stack_new (f->frame_dim, (guint) config->stack, (guint) config->stride);
  f->use_log = !f->pcen && (config->use_log || f->tables->mfcc);
  f->log_scale = config->type == RNN_FEATURES_LOGMEL ? (gfloat) (1 / G_LN10) : 1;
  f->spectrum = f->framer->length < f->tables->mel->n_bins + RNN_MEL_PAD
      ? g_new0 (gfloat, f->tables->mel->n_bins + RNN_MEL_PAD) : f->fft->in;
  f->mels = g_new (gfloat, f->tables->mel->n_mels);
  return g_steal_pointer (&f);
}

void
rnn_features_free (RnnFeatures *features)
{
  if (!features)
    return;
  rnn_framer_free (features->framer);
  g_clear_pointer (&features->tables, rnn_tables_drop);
  if (features->fft && features->spectrum != features->fft->in)
    g_free (features->spectrum);
  rnn_fft_free (features->fft);
  rnn_pcen_free (features->pcen);
  rnn_cmvn_free (features->cmvn);
  rnn_stack_free (features->stack);
  g_free (features->mels);
  g_free (features);
}

void
rnn_features_reset (RnnFeatures *features)
{
  rnn_framer_reset (features->framer);
  if (features->pcen)
    rnn_pcen_reset (features->pcen);
  rnn_cmvn_reset (features->cmvn);
  rnn_stack_reset (features->stack);
}

/* ---- sizes ---- */

guint
rnn_features_get_dim (RnnFeatures *features)
{
  return features->frame_dim * features->stack->stack;
}

guint
rnn_features_get_frame_dim (RnnFeatures *features)
{
  return features->frame_dim;
}

guint
rnn_features_get_hop (RnnFeatures *features)
{
  return features->framer->shift * features->stack->stride;
}

guint
rnn_features_get_window (RnnFeatures *features)
{
  return features->framer->length + (features->stack->stack - 1) * features->framer->shift;
}

gint
rnn_features_get_start (RnnFeatures *features)
{
  return (gint) features->framer->start;
}

guint
rnn_features_max_steps (RnnFeatures *features, guint n_samples)
{
  RnnFramer *framer = features->framer;
  guint64 frames = rnn_framer_count (framer, framer->base + framer->fill + n_samples, TRUE);

  return (guint) (rnn_stack_count (features->stack, frames) - rnn_stack_count (features->stack, framer->n_frames));
}

/* ---- running ---- */

static void
compress (RnnFeatures *f, guint n, gfloat *energies)
{
  if (f->pcen)
    rnn_pcen_apply (f->pcen, energies, energies);
  if (f->use_log)
    rnn_kernels ()->log_floor ((gint) n, f->config.log_floor, f->log_scale, energies);
}

/* spectrum -> mel bands, their compression, cepstra -> out[frame_dim] */
static void
compute_bands (RnnFeatures *f, gfloat energy, gfloat *out)
{
  const RnnTables *tables = f->tables;
  gboolean energy_first = f->config.use_energy && !f->config.htk_compat;
  gfloat *mels = tables->mfcc ? f->mels : out + energy_first;

  rnn_mel_apply (tables->mel, f->spectrum, mels);
  compress (f, tables->mel->n_mels, mels);
  if (tables->mfcc)
    rnn_mfcc_apply (tables->mfcc, mels, energy, out);
  else if (f->config.use_energy)
    out[energy_first ? 0 : tables->mel->n_mels] = energy;
}

/* samples[length] -> out[frame_dim] */
static void
compute_frame (RnnFeatures *f, const gfloat *samples, gfloat *out)
{
  const RnnTables *tables = f->tables;
  gfloat energy = rnn_window_apply (tables->window, samples, f->fft->in);

  rnn_fft_power (f->fft, f->spectrum);
  for (guint k = 0; k < tables->mel->n_bins && !f->config.use_power; k++)
    f->spectrum[k] = sqrtf (f->spectrum[k]);
  if (f->config.type == RNN_FEATURES_SPECTRUM) {
    memcpy (out, f->spectrum, f->frame_dim * sizeof (gfloat));
    compress (f, f->frame_dim, out);
  } else {
    compute_bands (f, energy, out);
  }
  rnn_cmvn_apply (f->cmvn, out);
}

static guint
run_frames (RnnFeatures *f, gboolean end, gfloat *out)
{
  const gfloat *samples;
  guint steps = 0, dim = rnn_features_get_dim (f);

  while ((samples = rnn_framer_next (f->framer, end))) {
    compute_frame (f, samples, rnn_stack_next (f->stack));
    steps += rnn_stack_push (f->stack, out + (gsize) steps * dim);
  }
  return steps;
}

guint
rnn_features_push (RnnFeatures *features, const gfloat *samples, guint n, gfloat *out)
{
  guint steps = 0, dim = rnn_features_get_dim (features);

  while (n > 0) {
    guint taken = rnn_framer_append (features->framer, samples, n);

    samples += taken;
    n -= taken;
    steps += run_frames (features, FALSE, out + (gsize) steps * dim);
  }
  return steps;
}

guint
rnn_features_finish (RnnFeatures *features, gfloat *out)
{
  guint steps = run_frames (features, TRUE, out);

  rnn_features_reset (features);
  return steps;
}

void
rnn_features_keep (RnnFeatures *f, RnnKeep *keep)
{
  rnn_framer_keep (f->framer, keep);
  if (f->pcen)
    rnn_pcen_keep (f->pcen, keep);
  rnn_cmvn_keep (f->cmvn, keep);
  rnn_stack_keep (f->stack, keep);
}
