/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mel filter banks: n_mels triangles whose corners c[0 .. n_mels + 1] are equally spaced on the mel scale,
 *
 *   w[b][k] = max (0, min ((x - c[b]) / (c[b+1] - c[b]), (c[b+2] - x) / (c[b+2] - c[b+1])))  at bin k
 *
 * where x and the corners are in mel (Kaldi, HTK's HCopy), in Hz (librosa, torchaudio), or whole bins, floor ((N + 1) f /
 * rate) (python_speech_features, ONNX), which may coincide.  Each band is kept as one
 * run of bins.  VTLN (vocal tract length normalisation) moves the corners by a piecewise linear warp.
 *
 * Kaldi leaves out the Nyquist bin.  HCopy uses only the bins from max (lo N / rate + 1.5, 1) to
 * min (hi N / rate - 0.5, N / 2 - 1) and warps differently at the cut-offs (HSigP.c). */
#include "mel.h"
#include "features-options.h"
#include "../base/error.h"
#include <math.h>

/* ---- scales ---- */

static gdouble
htk_from_hz (gdouble f)
{
  return 1127 * log1p (f / 700);
}

static gdouble
htk_to_hz (gdouble m)
{
  return 700 * expm1 (m / 1127);
}

/* Slaney's Auditory Toolbox: linear up to 1 kHz, logarithmic above. */
#define SLANEY_KNEE_HZ 1000.
#define SLANEY_KNEE_MEL 15.
#define SLANEY_STEP (log (6.4) / 27)

static gdouble
slaney_from_hz (gdouble f)
{
  return f < SLANEY_KNEE_HZ ? f * SLANEY_KNEE_MEL / SLANEY_KNEE_HZ
      : SLANEY_KNEE_MEL + log (f / SLANEY_KNEE_HZ) / SLANEY_STEP;
}

static gdouble
slaney_to_hz (gdouble m)
{
  return m < SLANEY_KNEE_MEL ? m * SLANEY_KNEE_HZ / SLANEY_KNEE_MEL
      : SLANEY_KNEE_HZ * exp ((m - SLANEY_KNEE_MEL) * SLANEY_STEP);
}

/* ---- VTLN: f is scaled by 1 / warp between two cuts; straight lines join that to the fixed edges of the band ---- */

typedef struct {
  gdouble low, high;            /* Hz: edges of the band */
  gdouble warp, low_cut, high_cut;
} Vtln;

static void
place_cuts_kaldi (Vtln *v)
{
  v->low_cut *= MAX (1, v->warp);
  v->high_cut *= MIN (1, v->warp);
}

static void
place_cuts_hcopy (Vtln *v)
{
  v->low_cut *= 2 / (1 + 1 / v->warp);
  v->high_cut *= 2 / (1 + 1 / v->warp);
}

static gdouble
warp_freq (const Vtln *v, gdouble f)
{
  gdouble scale = 1 / v->warp, l = v->low_cut, h = v->high_cut;

  if (f < l)
    return v->low + (scale * l - v->low) / (l - v->low) * (f - v->low);
  if (f < h)
    return scale * f;
  return v->high + (v->high - scale * h) / (v->high - h) * (f - v->high);
}

/* ---- what a scale consists of ---- */

typedef struct {
  gdouble (*from_hz) (gdouble f);
  gdouble (*to_hz) (gdouble m);
  gboolean over_hz;             /* triangles are straight over Hz, and the Nyquist bin counts */
  gboolean whole_bins;          /* corners are numbers of bins */
  gboolean unit_area;
  gboolean htk_bins;
  void (*place_cuts) (Vtln *v); /* NULL: no VTLN */
} Scale;

static const Scale scales[] = {
  [RNN_MEL_KALDI] = { htk_from_hz, htk_to_hz, .place_cuts = place_cuts_kaldi },
  [RNN_MEL_HTK] = { htk_from_hz, htk_to_hz, .over_hz = TRUE },
  [RNN_MEL_SLANEY] = { slaney_from_hz, slaney_to_hz, .over_hz = TRUE, .unit_area = TRUE },
  [RNN_MEL_HCOPY] = { htk_from_hz, htk_to_hz, .htk_bins = TRUE, .place_cuts = place_cuts_hcopy },
  [RNN_MEL_BINS] = { htk_from_hz, htk_to_hz, .over_hz = TRUE, .whole_bins = TRUE },
};

static gboolean
prepare_warp (const Scale *scale, Vtln *v, GError **error)
{
  gdouble w = v->warp;

  if (w == 1)
    return TRUE;
  if (!scale->place_cuts) {
    g_set_error_literal (error, RNN_ERROR, RNN_ERROR_OPTION, "features: vtln_warp needs mel_scale kaldi or hcopy");
    return FALSE;
  }
  scale->place_cuts (v);
  if (v->low < MIN (v->low_cut, v->low_cut / w) && v->low_cut < v->high_cut
      && MAX (v->high_cut, v->high_cut / w) < v->high)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "features: vtln_low, vtln_high and vtln_warp (%g to %g Hz scaled by "
      "1/%g) do not fit between %g and %g Hz", v->low_cut, v->high_cut, w, v->low, v->high);
  return FALSE;
}

/* corners[n_mels + 2], on the axis over which the triangles are straight */
static gdouble *
make_corners (const Scale *scale, const Vtln *v, guint n_mels, guint n_fft, gdouble rate)
{
  gdouble *corners = g_new (gdouble, n_mels + 2), low = scale->from_hz (v->low), high = scale->from_hz (v->high);

  for (guint i = 0; i < n_mels + 2; i++) {
    gdouble f = scale->to_hz (low + (high - low) * i / (n_mels + 1));

    if (v->warp != 1)
      f = warp_freq (v, f);
    corners[i] = scale->whole_bins ? floor ((n_fft + 1) * f / rate) : scale->over_hz ? f : scale->from_hz (f);
  }
  return corners;
}

static void
bin_range (const Scale *scale, const Vtln *v, gdouble bins_per_hz, guint n_fft, guint *first, guint *last)
{
  *first = 0;
  *last = scale->over_hz ? n_fft / 2 : n_fft / 2 - 1;
  if (scale->htk_bins) {
    *first = (guint) MAX (v->low * bins_per_hz + 1.5, 1);
    *last = (guint) CLAMP (v->high * bins_per_hz - 0.5, 0, *last);
  }
}

/* 0 at @from, 1 at @to >= @from: a straight line, or a step. */
static gdouble
rise (gdouble x, gdouble from, gdouble to)
{
  return from < to ? (x - from) / (to - from) : x >= to;
}

/* Appends the run of one band, from its first to its last weight above zero. */
static RnnMelBand
make_band (GArray *weights, const gdouble *c, const gdouble *axis, guint first, guint last, gdouble gain)
{
  const gfloat zero = 0;
  guint begin = weights->len;
  RnnMelBand band = { 0 };

  for (guint k = first; k <= last; k++) {
    gfloat w = (gfloat) (gain * MIN (rise (axis[k], c[0], c[1]), rise (-axis[k], -c[2], -c[1])));

    if (!(w > 0))
      continue;
    if (weights->len == begin)
      band.first = k;
    g_array_append_val (weights, w);
  }
  while ((weights->len - begin) % 4)
    g_array_append_val (weights, zero);
  band.quads = (weights->len - begin) / 4;
  return band;
}

/* axis[n_fft / 2 + 1]: where the bins lie on it */
static gdouble *
make_axis (const Scale *scale, gdouble hz_per_bin, guint n_fft)
{
  gdouble *axis = g_new (gdouble, n_fft / 2 + 1);

  for (guint k = 0; k <= n_fft / 2; k++)
    axis[k] = scale->whole_bins ? k : scale->over_hz ? k * hz_per_bin : scale->from_hz (k * hz_per_bin);
  return axis;
}

RnnMel *
rnn_mel_new (const RnnFeatureConfig *config, guint n_fft, GError **error)
{
  const Scale *scale = &scales[config->mel_scale];
  Vtln v = { config->low_freq, rnn_feature_config_upper (config, config->high_freq), config->vtln_warp,
    config->vtln_low, rnn_feature_config_upper (config, config->vtln_high) };
  g_autofree gdouble *corners = NULL, *axis = make_axis (scale, (gdouble) config->rate / n_fft, n_fft);
  GArray *weights;
  guint first, last;
  RnnMel *mel;

  if (!prepare_warp (scale, &v, error))
    return NULL;
  mel = g_new0 (RnnMel, 1);
  mel->n_bins = n_fft / 2 + 1;
  mel->n_mels = (guint) config->n_mels;
  mel->bands = g_new (RnnMelBand, mel->n_mels);
  corners = make_corners (scale, &v, mel->n_mels, n_fft, config->rate);
  bin_range (scale, &v, n_fft / config->rate, n_fft, &first, &last);
  weights = g_array_new (FALSE, FALSE, sizeof (gfloat));
  for (guint b = 0; b < mel->n_mels; b++) {
    const gdouble *c = corners + b;

    mel->bands[b] = make_band (weights, c, axis, first, last, scale->unit_area ? 2 / (c[2] - c[0]) : 1);
  }
  mel->weights = (gfloat *) g_array_free (weights, FALSE);
  return mel;
}

void
rnn_mel_free (RnnMel *mel)
{
  if (!mel)
    return;
  g_free (mel->bands);
  g_free (mel->weights);
  g_free (mel);
}

void
rnn_mel_apply (const RnnMel *mel, const gfloat *spectrum, gfloat *restrict out)
{
  const gfloat *w = mel->weights;

  for (guint b = 0; b < mel->n_mels; b++) {
    const gfloat *x = spectrum + mel->bands[b].first;
    gfloat lane[4] = { 0 };

    for (guint q = 0; q < mel->bands[b].quads; q++, w += 4, x += 4)
      for (guint j = 0; j < 4; j++)
        lane[j] += w[j] * x[j];
    out[b] = (lane[0] + lane[2]) + (lane[1] + lane[3]);
  }
}
