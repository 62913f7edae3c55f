/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stages of the front end: mel filter banks over a spectrogram as torchaudio and Whisper have it, PCEN, and the
 * normalisations and contexts over frames in.x [n][dim], whose parameters are in the names of the outputs. */
#include "front-end.h"
#include "features/cmvn.h"
#include "features/fft.h"
#include "features/framer.h"
#include "features/mel.h"
#include "features/offline.h"
#include "features/pcen.h"
#include "features/window.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* [n][dim] -> [dim][n] */
static gfloat *
transpose (const gfloat *x, guint n, guint dim)
{
  gfloat *y = g_new (gfloat, (gsize) n * dim + 1);

  for (guint t = 0; t < n; t++)
    for (guint i = 0; i < dim; i++)
      y[(gsize) i * n + t] = x[(gsize) t * dim + i];
  return y;
}

/* ---- mel banks: fb [bands][bins], out [bands][frames]; the note says the hop ---- */

static void
compare_bank (Case *c, const RnnFeatureConfig *config, guint n_fft, Tolerance tolerance)
{
  g_autoptr (RnnMel) mel = rnn_mel_new (config, n_fft, NULL);
  g_autofree gfloat *fb = g_new0 (gfloat, (gsize) mel->n_mels * mel->n_bins), *spectrum = NULL, *bands = NULL;

  spectrum = g_new0 (gfloat, mel->n_bins + RNN_MEL_PAD);
  bands = g_new (gfloat, mel->n_mels);
  for (guint k = 0; k < mel->n_bins; k++) {
    spectrum[k] = 1;
    rnn_mel_apply (mel, spectrum, bands);
    spectrum[k] = 0;
    for (guint b = 0; b < mel->n_mels; b++)
      fb[(gsize) b * mel->n_bins + k] = bands[b];
  }
  case_compare_with (c, "fb", fb, (gsize) mel->n_mels * mel->n_bins, tolerance);
}

/* What both have in common: torch.stft with a Hann window as long as the transform. */
static gboolean
configure_stft (Case *c, const Wave *wave, RnnFeatureConfig *config, guint *n_fft, GError **error)
{
  const Tensor *fb = case_need (c, "fb", error, 2, -1, -1);
  const gchar *note = case_get (c, "note"), *at = note ? strstr (note, "hop ") : NULL;
  gint hop = at ? atoi (at + 4) : 0;

  if (!fb)
    return FALSE;
  if (hop < 1 || fb->dims[1] < 3)
    return case_wrong (error, "%s: its note does not say \"hop N\"", c->path);
  *n_fft = 2 * (guint) (fb->dims[1] - 1);
  rnn_feature_config_init (config);
  config->type = RNN_FEATURES_LOGMEL;
  config->rate = wave->rate;
  config->scale = 1;
  config->frame_length = *n_fft * 1000 / wave->rate;
  config->frame_shift = hop * 1000 / wave->rate;
  config->window = RNN_WINDOW_HANN_PERIODIC;
  config->preemphasis = 0;
  config->remove_dc = FALSE;
  config->round_to_power_of_two = FALSE;
  config->snip_edges = FALSE;
  config->n_mels = fb->dims[0];
  config->low_freq = 0;
  return TRUE;
}

static gdouble
mel_of (gdouble f)
{
  return 2595 * log10 (1 + f / 700);
}

/* The bank's edges, which the case does not say: the last band's slopes are straight lines over Hz that end in the last
 * three of the corners, equally spaced in mel. */
static void
find_edges (const Tensor *fb, gdouble bin, RnnFeatureConfig *config)
{
  gint n = fb->dims[0], last = fb->dims[1] - 1, peak = 0;
  const gfloat *w = fb->data + (gsize) (n - 1) * fb->dims[1];
  gdouble left, right, step;

  for (gint k = 1; k <= last; k++)
    if (w[k] > w[peak])
      peak = k;
  if (peak < 2 || w[peak - 2] <= 0 || peak + 2 > last || w[peak + 2] <= 0)
    return;
  left = peak - 1 - w[peak - 1] / (w[peak - 1] - w[peak - 2]);
  right = peak + 1 + w[peak + 1] / (w[peak + 1] - w[peak + 2]);
  step = (mel_of (right * bin) - mel_of (left * bin)) / 2;
  config->high_freq = (gfloat) MIN (round (right * bin), config->rate / 2);
  config->low_freq = (gfloat) MAX (round (700 * (pow (10, (mel_of (right * bin) - step * (n + 1)) / 2595) - 1)), 0);
}

gboolean
features_run_mel (Case *c, GError **error)
{
  g_auto (Wave) wave = { NULL };
  g_auto (Frames) frames = { NULL };
  g_autofree gfloat *out = NULL;
  Tolerance tolerance = case_tolerance (c, NULL, (Tolerance) { 1e-4, 0 });
  RnnFeatureConfig config;
  guint n_fft;

  if (!wave_open (c, &wave, error) || !configure_stft (c, &wave, &config, &n_fft, error))
    return FALSE;
  config.mel_scale = RNN_MEL_HTK;
  config.use_log = FALSE;
  find_edges (case_find (c, "fb"), wave.rate / n_fft, &config);
  if (!frames_make (&frames, &config, &wave, error))
    return FALSE;
  compare_bank (c, &config, n_fft, tolerance);
  out = transpose (frames.x, frames.n, frames.dim);
  case_compare_with (c, "out", out, (gsize) frames.n * frames.dim, tolerance);
  return TRUE;
}

/* ---- Whisper: the last frame is dropped ---- */

/* stft_power [bins][frames] */
static gboolean
compare_power (Case *c, const RnnFeatureConfig *config, guint n_fft, const Wave *wave, Tolerance tolerance,
    GError **error)
{
  RnnFramer *framer = rnn_framer_new (RNN_EDGES_REFLECT, n_fft, rnn_feature_config_shift (config), 1);
  g_autoptr (RnnFft) fft = rnn_fft_new (n_fft, error);
  RnnWindow *window = rnn_window_new (config);
  guint bins = n_fft / 2 + 1, n = 0, used = 0, room = (guint) rnn_framer_count (framer, wave->n, TRUE);
  g_autofree gfloat *power = g_new0 (gfloat, (gsize) (room + 1) * bins), *turned = NULL;
  const gfloat *frame = NULL;

  while (fft && (frame || used < wave->n || n < room)) {
    frame = rnn_framer_next (framer, used == wave->n);
    if (frame && n < room) {
      rnn_window_apply (window, frame, fft->in);
      rnn_fft_power (fft, power + (gsize) n++ * bins);
    } else if (used < wave->n) {
      used += rnn_framer_append (framer, wave->samples + used, wave->n - used);
    } else {
      break;
    }
  }
  turned = transpose (power, n, bins);
  if (fft && case_find (c, "stft_power"))
    case_compare_with (c, "stft_power", turned, (gsize) n * bins, tolerance);
  rnn_framer_free (framer);
  rnn_window_free (window);
  return fft != NULL;
}

gboolean
features_run_whisper (Case *c, GError **error)
{
  g_auto (Wave) wave = { NULL };
  g_auto (Frames) frames = { NULL };
  g_autofree gfloat *out = NULL;
  Tolerance tolerance = case_tolerance (c, NULL, (Tolerance) { 0, 1e-4 });
  RnnFeatureConfig config;
  guint n_fft, n;

  if (!wave_open (c, &wave, error) || !configure_stft (c, &wave, &config, &n_fft, error))
    return FALSE;
  config.mel_scale = RNN_MEL_SLANEY;
  config.log_floor = 1e-10f;
  if (!frames_make (&frames, &config, &wave, error)
      || !compare_power (c, &config, n_fft, &wave, (Tolerance) { 1e-5, 0 }, error))
    return FALSE;
  compare_bank (c, &config, n_fft, (Tolerance) { 1e-5, 0 });
  n = MAX (frames.n, 1) - 1;
  rnn_offline_whisper (frames.x, (gsize) n * frames.dim);
  out = transpose (frames.x, n, frames.dim);
  case_compare_with (c, "out", out, (gsize) n * frames.dim, tolerance);
  return TRUE;
}

/* ---- PCEN: in.mel [bands][frames]; s follows from the time constant, in frames, as s^2 T^2 + s = 1 says ---- */

static gboolean
configure_pcen (Case *c, gint bands, RnnFeatureConfig *config, GError **error)
{
  gdouble s = case_get_number (c, "s", 0);
  const gchar *init = case_get (c, "init");

  if (!(s > 0 && s < 1))
    return case_wrong (error, "%s: s is not between 0 and 1", c->path);
  rnn_feature_config_init (config);
  config->n_mels = bands;
  config->frame_shift = 10;
  config->pcen = init && strstr (init, "E[0]") ? RNN_PCEN_FIRST : RNN_PCEN_LIBROSA;
  config->pcen_time = (gfloat) (sqrt (1 - s) / s / 100);
  config->pcen_gain = (gfloat) case_get_number (c, "gain", 0.98);
  config->pcen_bias = (gfloat) case_get_number (c, "bias", 2);
  config->pcen_power = (gfloat) case_get_number (c, "power", 0.5);
  config->pcen_eps = (gfloat) case_get_number (c, "eps", 1e-6);
  return TRUE;
}

gboolean
features_run_pcen (Case *c, GError **error)
{
  const Tensor *mel = case_need (c, "in.mel", error, 2, -1, -1);
  guint bands = mel ? (guint) mel->dims[0] : 0, n = mel ? (guint) mel->dims[1] : 0;
  g_autofree gfloat *frames = NULL, *smooth = NULL, *out = NULL, *smoother = NULL;
  RnnFeatureConfig config;
  RnnPcen *pcen;

  if (!mel || !configure_pcen (c, mel->dims[0], &config, error))
    return FALSE;
  pcen = rnn_pcen_new (&config);
  rnn_pcen_reset (pcen);
  frames = transpose (mel->data, bands, n);
  smooth = g_new (gfloat, mel->n + 1);
  for (guint t = 0; t < n; t++) {
    rnn_pcen_apply (pcen, frames + (gsize) t * bands, frames + (gsize) t * bands);
    memcpy (smooth + (gsize) t * bands, pcen->smooth, bands * sizeof (gfloat));
  }
  rnn_pcen_free (pcen);
  out = transpose (frames, n, bands);
  smoother = transpose (smooth, n, bands);
  case_compare (c, "out", out, mel->n);
  case_compare (c, "out.smoother", smoother, mel->n);
  return TRUE;
}

/* ---- frames into other frames ---- */

typedef struct {
  Case *c;
  const gfloat *x;              /* [n][dim] */
  guint n, dim;
  const gfloat *mean, *std;     /* global statistics, or NULL */
} Input;

/* One row per kind of output: its name, with the numbers that it holds. */
typedef struct {
  const gchar *format;          /* for sscanf */
  gint n_numbers;
  void (*run) (const Input *in, const gint *k, gfloat *out);
  guint (*width) (const gint *k);       /* NULL: as wide as the input */
  const gchar *tolerance;       /* clause of "tol", or NULL */
} Stage;

static void
run_sliding (const Input *in, const gint *k, gfloat *out)
{
  rnn_offline_cmvn_sliding (in->x, in->n, in->dim, (guint) k[0], (guint) k[1], k[2], k[3], out);
}

static void
run_mean (const Input *in, const gint *k, gfloat *out)
{
  memcpy (out, in->x, (gsize) in->n * in->dim * sizeof (gfloat));
  rnn_offline_cmvn (out, in->n, in->dim, FALSE);
}

static void
run_mean_variance (const Input *in, const gint *k, gfloat *out)
{
  memcpy (out, in->x, (gsize) in->n * in->dim * sizeof (gfloat));
  rnn_offline_cmvn (out, in->n, in->dim, TRUE);
}

/* Frame by frame, as a stream does it. */
static void
run_cmvn (const Input *in, const RnnFeatureConfig *config, gfloat *out)
{
  g_autoptr (RnnCmvn) cmvn = rnn_cmvn_new (config, in->dim, in->mean, in->std, NULL);

  memcpy (out, in->x, (gsize) in->n * in->dim * sizeof (gfloat));
  for (guint t = 0; cmvn && t < in->n; t++)
    rnn_cmvn_apply (cmvn, out + (gsize) t * in->dim);
}

static void
run_online (const Input *in, const gint *k, gboolean variance, gfloat *out)
{
  RnnFeatureConfig config;

  rnn_feature_config_init (&config);
  config.cmvn = RNN_CMVN_SLIDING;
  config.cmvn_variance = variance;
  config.cmvn_window = k[0];
  config.cmvn_global_frames = k[1];
  run_cmvn (in, &config, out);
}

static void
run_online_mean (const Input *in, const gint *k, gfloat *out)
{
  run_online (in, k, FALSE, out);
}

static void
run_online_variance (const Input *in, const gint *k, gfloat *out)
{
  run_online (in, k, TRUE, out);
}

/* a097: the decay 0.97 */
static void
run_running (const Input *in, const gint *k, gfloat *out)
{
  RnnFeatureConfig config;
  gdouble decay = k[0];

  while (decay >= 1)
    decay /= 10;
  rnn_feature_config_init (&config);
  config.cmvn = RNN_CMVN_RUNNING;
  config.cmvn_decay = (gfloat) decay;
  run_cmvn (in, &config, out);
}

static void
run_delta (const Input *in, const gint *k, gfloat *out)
{
  rnn_offline_deltas (in->x, in->n, in->dim, (guint) k[0], 1, out);
}

static void
run_delta_of_window (const Input *in, const gint *k, gfloat *out)
{
  rnn_offline_deltas (in->x, in->n, in->dim, (guint) k[0] / 2, 1, out);
}

static void
run_delta_twice (const Input *in, const gint *k, gfloat *out)
{
  g_autofree gfloat *first = g_new (gfloat, (gsize) in->n * in->dim);

  rnn_offline_deltas (in->x, in->n, in->dim, (guint) k[0], 1, first);
  rnn_offline_deltas (first, in->n, in->dim, (guint) k[0], 1, out);
}

static void
run_second_delta (const Input *in, const gint *k, gfloat *out)
{
  rnn_offline_deltas (in->x, in->n, in->dim, (guint) k[0], 2, out);
}

static void
run_splice (const Input *in, const gint *k, gfloat *out)
{
  rnn_offline_splice (in->x, in->n, in->dim, (guint) k[0], (guint) k[1], out);
}

static guint
splice_width (const gint *k)
{
  return (guint) (k[0] + 1 + k[1]);
}

static const Stage stages[] = {
  { "out.sliding_w%d_min%d_center%d_var%d%n", 4, run_sliding, NULL, "sliding" },
  { "out.utt_cmn%n", 0, run_mean },
  { "out.utt_cmvn%n", 0, run_mean_variance },
  { "out.online_cmn_w%d_g%d%n", 2, run_online_mean },
  { "out.online_cmvn_w%d_g%d%n", 2, run_online_variance },
  { "out.ema_cmvn_a%d%n", 1, run_running },
  { "out.delta_w%d%n", 1, run_delta },
  { "out.torchaudio_deltas_win%d%n", 1, run_delta_of_window },
  { "out.deltadelta_repeated_w%d%n", 1, run_delta_twice },
  { "out.kaldi_deltadelta_w%d%n", 1, run_second_delta },
  { "out.splice_l%d_r%d%n", 2, run_splice, splice_width },
};

/* Whether the whole of @name is as @format says; k: the numbers. */
static gboolean
name_fits (const Stage *stage, const gchar *name, gint *k)
{
  gint end = 0, *n[5] = { &k[0], &k[1], &k[2], &k[3], &end };

  n[stage->n_numbers] = &end;
  sscanf (name, stage->format, n[0], n[1], n[2], n[3], n[4]);
  if (end <= 0 || (gsize) end != strlen (name))
    return FALSE;
  for (gint i = 0; i < stage->n_numbers; i++)
    if (k[i] < 0 || k[i] > 10000)
      return FALSE;
  return TRUE;
}

static void
compare_stage (const Input *in, const gchar *name)
{
  gint k[4] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    if (name_fits (&stages[i], name, k)) {
      gsize width = stages[i].width ? stages[i].width (k) : 1, n = (gsize) in->n * in->dim * width;
      g_autofree gfloat *out = g_new0 (gfloat, n + 1);

      stages[i].run (in, k, out);
      case_compare_with (in->c, name, out, n, case_tolerance (in->c, stages[i].tolerance, TOLERANCE_FORWARD));
      return;
    }
}

gboolean
features_run_normalised (Case *c, GError **error)
{
  const Tensor *x = case_need (c, "in.x", error, 2, -1, -1), *mean, *var;
  g_autofree gfloat *std = NULL;
  Input in = { .c = c };

  if (!x)
    return FALSE;
  in.x = x->data;
  in.n = (guint) x->dims[0];
  in.dim = (guint) x->dims[1];
  mean = case_find (c, "in.global_mean");
  var = case_find (c, "in.global_var");
  if (mean && var && mean->n == in.dim && var->n == in.dim) {
    std = g_new (gfloat, in.dim);
    for (guint i = 0; i < in.dim; i++)
      std[i] = sqrtf (var->data[i]);
    in.mean = mean->data;
    in.std = std;
  }
  for (guint i = 0; i < c->tensors->len; i++)
    if (case_is_expected (c->tensors->pdata[i]))
      compare_stage (&in, ((Tensor *) c->tensors->pdata[i])->name);
  return TRUE;
}
