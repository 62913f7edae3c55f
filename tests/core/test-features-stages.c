/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of the feature front end, each against its definition computed the slow way. */
#include "features-stream.h"
#include "features/cmvn.h"
#include "features/fft.h"
#include "features/offline.h"
#include "features/pcen.h"

#define RATE 16000.f

/* ---- edges: two mel bands of short frames, by Kaldi's formula over a plain DFT of mirrored samples ---- */

#define N_FFT 16
#define MELS 2
#define LOW 100.
#define PLAIN "window=rectangular remove_dc=false preemphasis=0 scale=1 use_log=false n_mels=2 low_freq=100 "
#define OVERLAPPING "frame_length=1 frame_shift=0.375 "         /* 16 samples every 6 */
#define APART "frame_length=0.9375 frame_shift=1.25 "           /* 15 every 20 */

typedef struct {
  const gchar *name, *setup;
  gint length, shift, start;    /* start: of frame 0 */
  gint repeat;                  /* 1: the mirror repeats the edge sample; 0: it does not */
  gint rounding;                /* (n + rounding) / shift frames */
} Edges;

static const Edges all_edges[] = {
  { "snip", PLAIN OVERLAPPING "snip_edges=true", 16, 6, 0, 0, 6 - 16 },
  { "mirror", PLAIN OVERLAPPING "snip_edges=false", 16, 6, 3 - 8, 1, 3 },
  { "reflect", PLAIN OVERLAPPING "type=logmel snip_edges=false", 16, 6, -8, 0, 6 },
  { "snip-apart", PLAIN APART "snip_edges=true", 15, 20, 0, 0, 20 - 15 },
  { "mirror-apart", PLAIN APART "snip_edges=false", 15, 20, 10 - 7, 1, 10 },
  { "reflect-apart", PLAIN APART "type=logmel snip_edges=false", 15, 20, -7, 0, 20 },
};

static gdouble
mirrored_sample (const gfloat *x, gint n, gint k, gint repeat)
{
  while (n > 1 && (k < 0 || k >= n))
    k = k < 0 ? -k - repeat : 2 * n - 2 + repeat - k;
  return x[n > 1 ? k : 0];
}

/* |DFT|^2 at one bin of n_fft, of the @length samples from @at on. */
static gdouble
slow_power (const gfloat *x, gint n, gint at, gint length, gint repeat, gint bin, gint n_fft)
{
  gdouble re = 0, im = 0;

  for (gint i = 0; i < length; i++) {
    gdouble v = mirrored_sample (x, n, at + i, repeat), angle = 2 * G_PI * bin * i / n_fft;

    re += v * cos (angle);
    im += v * sin (angle);
  }
  return re * re + im * im;
}

static gdouble
mel_of (gdouble hz)
{
  return 1127 * log (1 + hz / 700);
}

static gdouble
slow_band (const Edges *edges, const gfloat *x, gint n, gint frame, gint band)
{
  gdouble sum = 0, step = (mel_of (RATE / 2) - mel_of (LOW)) / (MELS + 1), center = mel_of (LOW) + (band + 1) * step;

  for (gint bin = 0; bin < N_FFT / 2; bin++) {
    gdouble weight = MAX (0, 1 - fabs (mel_of (bin * (RATE / N_FFT)) - center) / step);
    gint at = edges->start + frame * edges->shift;

    sum += weight * slow_power (x, n, at, edges->length, edges->repeat, bin, N_FFT);
  }
  return sum;
}

static void
test_edges (gconstpointer data)
{
  const Edges *edges = data;
  g_autofree gfloat *samples = make_signal (200);
  g_autoptr (RnnFeatures) features = make_features (edges->setup);

  g_assert_cmpint (rnn_features_get_start (features), ==, edges->start);
  for (gint n = 0; n < 200; n++) {
    guint steps, expected = n + edges->rounding < 0 || n == 0 ? 0 : (guint) (n + edges->rounding) / edges->shift;
    g_autofree gfloat *out = run_stream (features, samples, (guint) n, 1, &steps);

    g_assert_cmpuint (steps, ==, expected);
    for (guint s = 0; s < steps; s++)
      for (gint band = 0; band < MELS; band++) {
        gdouble slow = slow_band (edges, samples, n, (gint) s, band);

        g_assert_cmpfloat_with_epsilon (out[s * MELS + band], slow, 1e-4 * slow + 1e-4);
      }
  }
}

/* ---- fft ---- */

static void
test_fft (void)
{
  static const guint lengths[] = { 4, 6, 64, 400, 512 };

  for (guint l = 0; l < G_N_ELEMENTS (lengths); l++) {
    gint n = (gint) lengths[l];
    g_autofree gfloat *x = make_signal (lengths[l]), *power = g_new (gfloat, n / 2 + 1);
    g_autoptr (RnnFft) fft = rnn_fft_new (lengths[l], NULL);

    for (gint round = 0; round < 2; round++) {          /* the input survives a transform */
      for (gint i = 0; round == 0 && i < n; i++)
        fft->in[i] = x[i];
      rnn_fft_power (fft, power);
    }
    for (gint k = 0; k <= n / 2; k++)
      g_assert_cmpfloat_with_epsilon (power[k], slow_power (x, n, 0, n, 0, k, n), 1e-5 * n);
  }
  g_assert_null (rnn_fft_new (401, NULL));
  g_assert_null (rnn_fft_new (0, NULL));
}

/* ---- normalisation ---- */

#define DIM 3

static void
test_pcen (gconstpointer start)
{
  RnnFeatureConfig config = parse_setup ("n_mels=3 pcen_time=0.2 pcen_gain=0.8 pcen_bias=10 pcen_power=0.25");
  g_autofree gfloat *signal = make_signal (50 * DIM);
  gdouble smooth[DIM], s = (sqrt (1 + 4 * 20. * 20) - 1) / (2 * 20. * 20);
  RnnPcen *pcen;

  config.pcen = GPOINTER_TO_INT (start);
  pcen = rnn_pcen_new (&config);
  for (guint t = 0; t < 50; t++) {
    gfloat *x = signal + t * DIM, out[DIM];

    for (guint i = 0; i < DIM; i++)
      x[i] = 1e4f * fabsf (x[i]);
    rnn_pcen_apply (pcen, x, out);
    for (guint i = 0; i < DIM; i++) {
      smooth[i] = (1 - s) * (t ? smooth[i] : config.pcen == RNN_PCEN_FIRST ? x[i] : 1) + s * x[i];
      g_assert_cmpfloat_with_epsilon (out[i],
          pow (x[i] / pow (1e-6 + smooth[i], 0.8) + 10, 0.25) - pow (10, 0.25), 1e-4);
    }
  }
  rnn_pcen_free (pcen);
}

/* After a long loud stretch the sums of a sliding window still hold nothing but the window. */
static void
test_cmvn_sliding (void)
{
  enum { W = 50, N = 100000 };
  RnnFeatureConfig config = parse_setup ("cmvn=sliding cmvn_window=50");
  g_autoptr (RnnCmvn) cmvn = rnn_cmvn_new (&config, 1, NULL, NULL, NULL);
  g_autofree gfloat *x = make_signal (N);

  for (gint t = 0; t < N; t++) {
    gfloat y;
    gdouble mean = 0, var = 0;
    gint n = MIN (t + 1, W);

    x[t] *= t < N / 2 ? 1e5f : 1;
    y = x[t];
    rnn_cmvn_apply (cmvn, &y);
    if (t < N - 500 && t > 500)
      continue;
    for (gint k = t + 1 - n; k <= t; k++)
      mean += x[k] / n;
    for (gint k = t + 1 - n; k <= t; k++)
      var += (x[k] - mean) * (x[k] - mean) / n;
    g_assert_cmpfloat_with_epsilon (y, n == 1 ? 0 : (x[t] - mean) / sqrt (var), 1e-4);
  }
}

static void
test_cmvn_global (void)
{
  RnnFeatureConfig config = parse_setup ("cmvn=global");
  const gfloat mean[DIM] = { 1, 2, 3 }, std[DIM] = { 2, 4, 0 };
  gfloat x[DIM] = { 2, 0, 3 };
  RnnCmvn *cmvn = rnn_cmvn_new (&config, DIM, mean, std, NULL);

  rnn_cmvn_apply (cmvn, x);
  g_assert_cmpfloat (x[0], ==, 0.5);
  g_assert_cmpfloat (x[1], ==, -0.5);
  g_assert_cmpfloat (x[2], ==, 0);      /* a constant feature has no deviation to divide by */
  rnn_cmvn_free (cmvn);
}

/* ---- offline ---- */

/* Inside, the first derivative of t^2 is 2 t and the second 2; edges see repeated frames. */
static void
test_deltas (void)
{
  gfloat x[20], first[20], second[20];

  for (guint t = 0; t < 20; t++)
    x[t] = (gfloat) (t * t);
  rnn_offline_deltas (x, 20, 1, 2, 1, first);
  rnn_offline_deltas (x, 20, 1, 2, 2, second);
  for (guint t = 4; t < 16; t++) {
    g_assert_cmpfloat_with_epsilon (first[t], 2. * t, 1e-4);
    g_assert_cmpfloat_with_epsilon (second[t], 2, 1e-4);
  }
  g_assert_cmpfloat_with_epsilon (first[0], (1 * 1 + 2 * 4) / 10., 1e-5);
}

static void
test_whisper (void)
{
  gfloat x[] = { -10, 2, 0, -6 };

  rnn_offline_whisper (x, 4);
  g_assert_cmpfloat_with_epsilon (x[0], -0.5, 1e-6);    /* clipped to 2 - 8 */
  g_assert_cmpfloat_with_epsilon (x[1], 1.5, 1e-6);
  g_assert_cmpfloat_with_epsilon (x[2], 1, 1e-6);
  g_assert_cmpfloat_with_epsilon (x[3], -0.5, 1e-6);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (all_edges); i++) {
    g_autofree gchar *path = g_strconcat ("/features/edges/", all_edges[i].name, NULL);

    g_test_add_data_func (path, &all_edges[i], test_edges);
  }
  g_test_add_func ("/features/fft", test_fft);
  g_test_add_data_func ("/features/pcen/librosa", GINT_TO_POINTER (RNN_PCEN_LIBROSA), test_pcen);
  g_test_add_data_func ("/features/pcen/first", GINT_TO_POINTER (RNN_PCEN_FIRST), test_pcen);
  g_test_add_func ("/features/cmvn/sliding", test_cmvn_sliding);
  g_test_add_func ("/features/cmvn/global", test_cmvn_global);
  g_test_add_func ("/features/deltas", test_deltas);
  g_test_add_func ("/features/whisper", test_whisper);
  return g_test_run ();
}
