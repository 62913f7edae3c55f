/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spectra and back: what is not changed returns as it was.  Denoising: as many samples out as in, the same however they are cut,
 * none changed at strength 0; GTCRN's and DTLN's published models, where they are. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "base/rng.h"
#include "base/wav.h"
#include "enhance/denoiser.h"
#include "features/stft.h"

static gfloat *
noise (gsize n, guint64 seed)
{
  gfloat *x = g_new (gfloat, n + 1);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (gsize i = 0; i < n; i++)
    x[i] = 0.2f * rnn_rng_normal (&rng);
  return x;
}

/* ---- the transform ---- */

static void
check_reconstruction (RnnStftType type, guint window, guint hop)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnStft) stft = rnn_stft_new (type, window, hop, &error);
  guint n = 12 * window, late = window - hop;
  g_autofree gfloat *x = noise (n, window + hop), *y = g_new0 (gfloat, n), *spectrum = g_new (gfloat, window + 2);
  g_autofree gfloat *block = g_new (gfloat, window);

  g_assert_no_error (error);
  for (guint i = 0; i + hop <= n; i += hop) {
    rnn_stft_analyse (stft, x + i, spectrum);
    if (i >= late)
      g_assert_cmpint (memcmp (rnn_stft_get_dry (stft), x + i - late, hop * sizeof (gfloat)), ==, 0);
    rnn_stft_inverse (stft, spectrum, block);
    rnn_stft_overlap (stft, block, y + i);
  }
  for (guint i = late; i < n; i++)
    g_assert_cmpfloat (fabsf (y[i] - x[i - late]), <, 2e-6);
}

static void
test_reconstruction (void)
{
  static const guint windows[] = { 16, 64, 400, 512, 960 };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++)
    for (guint overlap = 2; overlap <= 4; overlap += 2) {
      check_reconstruction (RNN_STFT_SQRT_HANN, windows[i], windows[i] / overlap);
      check_reconstruction (RNN_STFT_VORBIS, windows[i], windows[i] / overlap);
    }
  check_reconstruction (RNN_STFT_NONE, 64, 64);
}

/* A sine is one line of the spectrum, where it should be and as high. */
static void
test_spectrum (void)
{
  g_autoptr (RnnStft) stft = rnn_stft_new (RNN_STFT_NONE, 64, 64, NULL);
  gfloat x[64], spectrum[66];

  for (guint i = 0; i < 64; i++)
    x[i] = (gfloat) sin (2 * G_PI * 5 * i / 64);
  rnn_stft_analyse (stft, x, spectrum);
  for (guint k = 0; k <= 32; k++) {
    g_assert_cmpfloat (fabsf (spectrum[2 * k]), <, 1e-4);
    g_assert_cmpfloat (fabsf (spectrum[2 * k + 1] + (k == 5 ? 32 : 0)), <, 1e-4);
  }
}

/* ---- models whose answers are known ---- */

/* [n] -> [n], @gain on the diagonal */
static RnnModel *
new_model (gint n, gfloat gain)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"format\": 1, \"name\": \"gain\", \"input\": {\"kind\": \"tensors\", \"size\": %d},"
      "\"layers\": [{\"cell\": \"dense\", \"name\": \"out\", \"units\": %d}], \"output\": {\"kind\": \"raw\"}}", n, n);
  g_autofree gchar *path = g_strdup_printf ("%s/test-denoise-%d.json", g_get_tmp_dir (), (gint) getpid ());
  g_autoptr (GError) error = NULL;
  RnnModel *model;
  gfloat *weight;
  gsize size;

  g_assert_true (g_file_set_contents (path, recipe, -1, NULL));
  model = rnn_model_load (path, &error);
  g_assert_no_error (error);
  unlink (path);
  weight = rnn_model_get_weight (model, "out.weight", &size);
  memset (weight, 0, size * sizeof (gfloat));
  for (gint i = 0; i < n; i++)
    weight[i * n + i] = gain;
  memset (rnn_model_get_weight (model, "out.bias", &size), 0, n * sizeof (gfloat));
  rnn_model_pack (model, FALSE);
  return model;
}

/* (transfer full) [n] */
static gfloat *
denoise (RnnModel *model, RnnModel *second, gfloat strength, const gfloat *x, gsize n, gsize cut)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnDenoiser) d = rnn_denoiser_new (model, second, &error);
  gfloat *y;
  gsize out = 0;

  g_assert_no_error (error);
  y = g_new0 (gfloat, n + 2 * rnn_denoiser_get_delay (d));
  rnn_denoiser_set_strength (d, strength);
  for (gsize i = 0; i < n; i += cut) {
    out += rnn_denoiser_push (d, x + i, MIN (cut, n - i), y + out);
    g_assert_cmpuint (out + rnn_denoiser_get_delay (d), >=, MIN (i + cut, n));
  }
  out += rnn_denoiser_finish (d, y + out);
  g_assert_cmpuint (out, ==, n);
  return y;
}

static void
test_cuts (void)
{
  static const gsize cuts[] = { 1, 7, 256, 1000, 4000 };
  g_autoptr (RnnModel) model = new_model (130, 0.5f);
  g_autofree gfloat *x = noise (4001, 1), *first = denoise (model, NULL, 1, x, 4001, 64);

  for (guint i = 0; i < 4001; i++)
    g_assert_cmpfloat (fabsf (first[i] - 0.5f * x[i]), <, 1e-5);
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autofree gfloat *y = denoise (model, NULL, 1, x, 4001, cuts[i]);

    g_assert_cmpint (memcmp (first, y, 4001 * sizeof (gfloat)), ==, 0);
  }
}

static void
test_strength (void)
{
  g_autoptr (RnnModel) model = new_model (130, 0);
  g_autofree gfloat *x = noise (3000, 1), *none = denoise (model, NULL, 0, x, 3000, 100), *half = denoise (model, NULL, 0.5f, x, 3000, 100);

  g_assert_cmpint (memcmp (none, x, 3000 * sizeof (gfloat)), ==, 0);
  for (guint i = 0; i < 3000; i++)
    g_assert_cmpfloat (fabsf (half[i] - 0.5f * x[i]), <, 1e-5);
}

/* A mask over magnitudes, with and without a second model; frames of 4 hops are added up. */
static void
test_mask (void)
{
  g_autoptr (RnnModel) mask = new_model (33, 0);
  g_autofree gfloat *x = noise (1000, 2), *y = NULL;

  y = denoise (mask, NULL, 1, x, 1000, 64);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpfloat (fabsf (y[i]), <, 1e-6);
}

static void
test_refused (void)
{
  g_autoptr (RnnModel) odd = new_model (77, 1), mask = new_model (33, 1), second = new_model (32, 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_denoiser_new (odd, NULL, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (rnn_denoiser_new (mask, second, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_SHAPE);
}

/* ---- published models ---- */

/* GTCRN's own stream of mix.wav: the same samples, but at the ends, which it pads otherwise. */
static void
test_gtcrn (void)
{
  g_autofree gchar *folder = g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", "models", "gtcrn", NULL);
  g_autofree gchar *onnx = g_build_filename (folder, "gtcrn_simple.onnx", NULL), *mix = g_build_filename (folder, "mix.wav", NULL);
  g_autofree gchar *clean = g_build_filename (folder, "enh_stream.wav", NULL);
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gfloat *y = NULL;
  RnnWav in = { 0 }, expected = { 0 };
  gfloat worst = 0;

  if (!g_file_test (onnx, G_FILE_TEST_EXISTS)) {
    g_test_skip ("../shared is not there");
    return;
  }
  model = rnn_model_load (onnx, &error);
  g_assert_no_error (error);
  g_assert_true (rnn_wav_load (&in, mix, 0, NULL) && rnn_wav_load (&expected, clean, 0, NULL));
  y = denoise (model, NULL, 1, in.samples, in.n, 1600);
  for (gsize i = 0; i + 1024 < MIN (in.n, expected.n); i++)
    worst = MAX (worst, fabsf (y[i] - expected.samples[i]));
  g_test_message ("largest difference %g", worst);
  g_assert_cmpfloat (worst, <, 1e-3);
  rnn_wav_clear (&in);
  rnn_wav_clear (&expected);
}

/* FFmpeg's arnndn with RNNoise's weights, a frame later than ours: speech in noise of our own making */
static void
test_arnndn (void)
{
  g_autofree gchar *weights = g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", "models", "rnnoise", "bd.rnnn", NULL);
  g_autofree gchar *in = g_strdup_printf ("%s/test-denoise-%d.f32", g_get_tmp_dir (), (gint) getpid ()), *out = g_strconcat (in, ".out", NULL);
  g_autofree gchar *filter = g_strdup_printf ("arnndn=m=%s", weights), *ffmpeg = g_find_program_in_path ("ffmpeg");
  const gchar *argv[] = { "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", in, "-af", filter,
    "-f", "f32le", out, NULL };
  const gsize n = 4 * 48000;
  g_autofree gfloat *x = noise (n, 3), *y = NULL, *theirs = NULL;
  g_autoptr (RnnModel) model = NULL;
  gdouble sum = 0;
  gsize size;

  if (!ffmpeg || !g_file_test (weights, G_FILE_TEST_EXISTS)) {
    g_test_skip ("ffmpeg or ../shared is not there");
    return;
  }
  for (gsize i = 0; i < n; i++) {       /* a buzz that comes and goes, of a pitch that glides */
    gdouble t = i / 48000., loud = MAX (0, sin (2 * G_PI * 1.5 * t)), phase = 2 * G_PI * (110 * t + 8 * sin (3 * t));

    x[i] = 0.05f * x[i] + 0.2f * (gfloat) (loud * (sin (phase) + 0.6 * sin (2 * phase) + 0.4 * sin (5 * phase)));
  }
  g_assert_true (g_file_set_contents (in, (const gchar *) x, n * sizeof (gfloat), NULL));
  g_assert_true (g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_assert_true (g_file_get_contents (out, (gchar **) &theirs, &size, NULL));
  g_assert_cmpuint (size, ==, n * sizeof (gfloat));
  model = rnn_model_load (weights, NULL);
  y = denoise (model, NULL, 1, x, n, 1000);
  for (gsize i = 480; i < n; i++)
    sum += (y[i - 480] - theirs[i]) * (y[i - 480] - theirs[i]);
  g_test_message ("differ by %g RMS", sqrt (sum / n));
  g_assert_cmpfloat (sqrt (sum / n), <, 1e-3);
  unlink (in);
  unlink (out);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/denoise/stft/reconstruction", test_reconstruction);
  g_test_add_func ("/denoise/stft/spectrum", test_spectrum);
  g_test_add_func ("/denoise/cuts", test_cuts);
  g_test_add_func ("/denoise/strength", test_strength);
  g_test_add_func ("/denoise/mask", test_mask);
  g_test_add_func ("/denoise/refused", test_refused);
  g_test_add_func ("/denoise/gtcrn", test_gtcrn);
  g_test_add_func ("/denoise/arnndn", test_arnndn);
  return g_test_run ();
}
