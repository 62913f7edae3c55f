/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of the feature front end, and what they have to satisfy together. */
#include "features-options.h"
#include "../base/error.h"
#include <float.h>

#define MAX_RATE 1e6
#define MIN_LENGTH 4            /* samples per frame */
#define MAX_LENGTH (1 << 17)
#define ROUNDING 1e-4           /* samples: 440.99999 is 441 */

static const gchar *const types[] = { "fbank", "mfcc", "logmel", "spectrum", NULL };
static const gchar *const windows[] =
    { "povey", "hanning", "hamming", "blackman", "rectangular", "hann-periodic", "hamming-exact", NULL };
static const gchar *const mel_scales[] = { "kaldi", "htk", "slaney", "hcopy", "bins", NULL };
static const gchar *const pcens[] = { "none", "librosa", "first", NULL };
static const gchar *const cmvns[] = { "none", "global", "sliding", "running", NULL };

#define INT(f, lo, hi, def, blurb) RNN_OPT_INT (RnnFeatureConfig, f, lo, hi, def, blurb)
#define FLOAT(f, lo, hi, def, blurb) RNN_OPT_FLOAT (RnnFeatureConfig, f, lo, hi, def, blurb)
#define BOOL(f, def, blurb) RNN_OPT_BOOL (RnnFeatureConfig, f, def, blurb)
#define ENUM(f, choices, def, blurb) RNN_OPT_ENUM (RnnFeatureConfig, f, choices, def, blurb)

#define CMVN_ROWS \
  ENUM (cmvn, cmvns, RNN_CMVN_NONE, "normalisation of mean and variance"), \
  BOOL (cmvn_variance, TRUE, "of the variance too"), \
  INT (cmvn_window, 1, 10000, 600, "frames, sliding"), \
  INT (cmvn_global_frames, 0, 10000, 200, "frames that the model's statistics may stand for, sliding"), \
  FLOAT (cmvn_decay, 0, 1, 0.995, "per frame, running")

const RnnOption rnn_feature_options[] = {
  ENUM (type, types, RNN_FEATURES_FBANK, "kind of features"),
  FLOAT (scale, 1e-6, 1e6, 32768, "factor on samples of +-1"),
  FLOAT (frame_length, 0.01, 1000, 25, "ms"),
  FLOAT (frame_shift, 0.01, 1000, 10, "ms"),
  ENUM (window, windows, RNN_WINDOW_POVEY, "window function"),
  FLOAT (preemphasis, 0, 1, 0.97, "coefficient"),
  BOOL (remove_dc, TRUE, "subtract each frame's mean"),
  BOOL (round_to_power_of_two, TRUE, "zero-pad the FFT to a power of two"),
  BOOL (snip_edges, TRUE, "whole frames only; else mirror the edges"),
  BOOL (use_power, TRUE, "power spectrum; else magnitude"),
  BOOL (use_log, TRUE, "logarithm of the mel energies"),
  FLOAT (log_floor, FLT_MIN, 1e6, FLT_EPSILON, "smallest mel energy"),
  INT (n_mels, 1, 1024, 23, "mel bands"),
  ENUM (mel_scale, mel_scales, RNN_MEL_KALDI, "shape of the filter bank"),
  FLOAT (low_freq, 0, MAX_RATE, 20, "Hz"),
  FLOAT (high_freq, -MAX_RATE, MAX_RATE, 0, "Hz; 0 or less: below the Nyquist frequency"),
  FLOAT (vtln_warp, 0.1, 10, 1, "vocal tract length factor"),
  FLOAT (vtln_low, 0, MAX_RATE, 100, "Hz"),
  FLOAT (vtln_high, -MAX_RATE, MAX_RATE, -500, "Hz; 0 or less: below the Nyquist frequency"),
  BOOL (use_energy, FALSE, "log energy beside the mel bands, or in place of c0"),
  BOOL (raw_energy, TRUE, "energy before pre-emphasis and window"),
  BOOL (htk_compat, FALSE, "energy or c0 last"),
  FLOAT (energy_floor, 0, 1e12, 0, "smallest energy"),
  INT (n_ceps, 1, 1024, 13, "cepstral coefficients"),
  FLOAT (cepstral_lifter, 0, 1e6, 22, "lifter; 0: off"),
  BOOL (orthonormal, TRUE, "DCT; else c0 sqrt (2) times larger (HTK, TensorFlow)"),
  ENUM (pcen, pcens, RNN_PCEN_NONE, "per-channel energy normalisation: how its smoother starts"),
  FLOAT (pcen_time, 1e-3, 1e3, 0.4, "s"),
  FLOAT (pcen_gain, 0, 1, 0.98, "exponent of the smoothed energy"),
  FLOAT (pcen_bias, 0, 1e6, 2, "offset before the root"),
  FLOAT (pcen_power, 1e-3, 1, 0.5, "root"),
  FLOAT (pcen_eps, 1e-30, 1, 1e-6, "floor of the smoothed energy"),
  CMVN_ROWS,
  INT (stack, 1, 64, 1, "frames per step"),
  INT (stride, 1, 64, 1, "frames from step to step"),
  { 0 }
};

const RnnOption rnn_cmvn_options[] = {
  CMVN_ROWS,
  { 0 }
};

void
rnn_feature_config_init (RnnFeatureConfig *config)
{
  config->rate = 16000;
  rnn_options_init (rnn_feature_options, config);
}

static gdouble
to_samples (const RnnFeatureConfig *config, gfloat ms)
{
  return (gdouble) config->rate * ms / 1000 + ROUNDING;
}

guint
rnn_feature_config_length (const RnnFeatureConfig *config)
{
  return (guint) to_samples (config, config->frame_length);
}

guint
rnn_feature_config_shift (const RnnFeatureConfig *config)
{
  return (guint) to_samples (config, config->frame_shift);
}

gdouble
rnn_feature_config_upper (const RnnFeatureConfig *config, gfloat freq)
{
  return freq > 0 ? freq : config->rate / 2 + freq;
}

static gboolean
refuse (GError **error, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (RNN_ERROR, RNN_ERROR_OPTION, format, args);
  va_end (args);
  return FALSE;
}

/* Rows set from JSON are in range already; fields set by a program may not be. */
static gboolean
check_ranges (const RnnFeatureConfig *config, GError **error)
{
  for (const RnnOption *o = rnn_feature_options; o->name; o++) {
    gdouble max = o->choices ? g_strv_length ((gchar **) o->choices) - 1. : o->max;
    gdouble value = o->type == RNN_OPTION_FLOAT ? G_STRUCT_MEMBER (gfloat, config, o->offset)
        : G_STRUCT_MEMBER (gint, config, o->offset);

    if (!(value >= (gfloat) o->min && value <= (gfloat) max))
      return refuse (error, "features: option \"%s\" is %g, must be from %g to %g", o->name, value, o->min, max);
  }
  return TRUE;
}

gboolean
rnn_feature_config_check (const RnnFeatureConfig *config, GError **error)
{
  gdouble nyquist = config->rate / 2, high = rnn_feature_config_upper (config, config->high_freq);
  gdouble length = to_samples (config, config->frame_length);

  if (!(config->rate > 0 && config->rate <= MAX_RATE))
    return refuse (error, "features: the sample rate is %g Hz, must be above 0 and at most %g", config->rate, MAX_RATE);
  if (!check_ranges (config, error))
    return FALSE;
  if (length < MIN_LENGTH || length > MAX_LENGTH)
    return refuse (error, "features: frame_length is %g samples at %g Hz, must be from %d to %d", length, config->rate,
        MIN_LENGTH, MAX_LENGTH);
  if (to_samples (config, config->frame_shift) < 1)
    return refuse (error, "features: frame_shift is %g ms, less than a sample at %g Hz", config->frame_shift,
        config->rate);
  if (!(config->low_freq < high && high <= nyquist))
    return refuse (error, "features: low_freq %g and high_freq %g Hz do not fit below %g, half the sample rate",
        config->low_freq, high, nyquist);
  if (config->type == RNN_FEATURES_MFCC && config->n_ceps > config->n_mels)
    return refuse (error, "features: n_ceps %d is more than n_mels %d", config->n_ceps, config->n_mels);
  if (config->type == RNN_FEATURES_SPECTRUM && config->pcen != RNN_PCEN_NONE)
    return refuse (error, "features: pcen needs mel bands, a spectrum has none");
  return TRUE;
}
