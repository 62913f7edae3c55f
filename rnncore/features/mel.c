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
#include "../kernels/kernels.h"
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

/* A band's weights above zero, last: one past the last of them. */
typedef struct {
  guint first, last;
  gfloat *weights;              /* [n_bins], valid from first on */
} Band;

static void
make_band (Band *band, const gdouble *c, const gdouble *axis, guint first, guint last, gdouble gain)
{
  band->first = band->last = 0;
  for (guint k = first; k <= last; k++) {
    gfloat w = (gfloat) (gain * MIN (rise (axis[k], c[0], c[1]), rise (-axis[k], -c[2], -c[1])));

    if (!(w > 0))
      continue;
    if (band->last == 0)
      band->first = k;
    band->last = k + 1;
    band->weights[k] = w;
  }
}

/* Appends four bands side by side, all as long as the longest; the last of them start early enough to stay within
 * the spectrum. */
static void
append_four (RnnMel *mel, guint group, const Band *bands, GArray *weights)
{
  guint length = 0, quads;

  for (guint j = 0; j < 4; j++)
    length = MAX (length, bands[j].last - bands[j].first);
  mel->quads[group] = (gint) (quads = (length + 3) / 4);
  for (guint j = 0; j < 4; j++)
    mel->first[4 * group + j] = (gint) MIN (bands[j].first, mel->n_bins + RNN_MEL_PAD - 4 * quads);
  for (guint i = 0; i < 16 * quads; i++) {
    guint j = i / 4 % 4, k = (guint) mel->first[4 * group + j] + i / 16 * 4 + i % 4;
    gfloat w = k >= bands[j].first && k < bands[j].last ? bands[j].weights[k] : 0;

    g_array_append_val (weights, w);
  }
}

static void
make_bands (RnnMel *mel, const gdouble *corners, const gdouble *axis, guint first, guint last, gboolean unit_area)
{
  g_autofree gfloat *memory = g_new0 (gfloat, 4 * mel->n_bins);
  GArray *weights = g_array_new (FALSE, FALSE, sizeof (gfloat));
  guint n_groups = (mel->n_mels + 3) / 4;

  mel->first = g_new (gint, 4 * n_groups);
  mel->quads = g_new (gint, n_groups);
  for (guint group = 0; group < n_groups; group++) {
    Band bands[4] = { {0}, {0}, {0}, {0} };

    for (guint j = 0; j < 4 && 4 * group + j < mel->n_mels; j++) {
      const gdouble *c = corners + 4 * group + j;

      bands[j].weights = memory + j * mel->n_bins;
      make_band (&bands[j], c, axis, first, last, unit_area ? 2 / (c[2] - c[0]) : 1);
    }
    append_four (mel, group, bands, weights);
  }
  mel->weights = (gfloat *) g_array_free (weights, FALSE);
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
  guint first, last;
  RnnMel *mel;

  if (!prepare_warp (scale, &v, error))
    return NULL;
  mel = g_new0 (RnnMel, 1);
  mel->n_bins = n_fft / 2 + 1;
  mel->n_mels = (guint) config->n_mels;
  corners = make_corners (scale, &v, mel->n_mels, n_fft, config->rate);
  bin_range (scale, &v, n_fft / config->rate, n_fft, &first, &last);
  make_bands (mel, corners, axis, first, last, scale->unit_area);
  return mel;
}

void
rnn_mel_free (RnnMel *mel)
{
  if (!mel)
    return;
  g_free (mel->first);
  g_free (mel->quads);
  g_free (mel->weights);
  g_free (mel);
}

void
rnn_mel_apply (const RnnMel *mel, const gfloat *spectrum, gfloat *out)
{
  rnn_kernels ()->bands ((gint) mel->n_mels, mel->first, mel->quads, mel->weights, spectrum, out);
}
