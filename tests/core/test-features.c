/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streaming front end: the same bits however the samples are cut, steps where they should be, no allocation, and
 * clear refusals. */
#include "count-alloc.h"
#include "features-stream.h"
#include "base/error.h"
#include "features/pcen.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define N_SAMPLES 8000
#define MELS 5                  /* a plain spectrum: frames of 64 samples every 24 */
#define PLAIN "frame_length=4 frame_shift=1.5 window=rectangular remove_dc=false preemphasis=0 scale=1 use_log=false " \
    "n_mels=5 low_freq=100 "

/* One of everything that carries state from sample to sample or frame to frame. */
static const gchar *const setups[] = {
  "",
  "n_mels=80 snip_edges=false stack=3 stride=3",
  "type=mfcc use_energy=true cmvn=sliding cmvn_window=20 stack=2",
  "type=mfcc htk_compat=true use_energy=true raw_energy=false cmvn=running stack=2 stride=5",
  "type=logmel window=hann-periodic mel_scale=slaney snip_edges=false round_to_power_of_two=false stack=4 stride=2",
  "pcen=librosa use_energy=true cmvn=global",
  "pcen=first frame_length=7 frame_shift=23 snip_edges=false",
  "frame_length=25.0625 frame_shift=0.3125 use_power=false snip_edges=false cmvn=sliding cmvn_variance=false",
  "type=logmel frame_length=3.0625 frame_shift=9 snip_edges=false mel_scale=hcopy log_floor=1 vtln_warp=1.1",
};

static void
test_cuts (gconstpointer setup)
{
  static const guint cuts[] = { 1, 160, 1600, 0, N_SAMPLES };
  g_autofree gfloat *samples = make_signal (N_SAMPLES), *whole = NULL;
  g_autoptr (RnnFeatures) features = make_features (setup);
  guint n_whole, n, dim = rnn_features_get_dim (features);

  whole = run_stream (features, samples, N_SAMPLES, N_SAMPLES, &n_whole);
  g_assert_cmpuint (n_whole, >, 0);
  for (guint i = 0; i < n_whole * dim; i++)
    g_assert_true (isfinite (whole[i]));
  /* always the same object: finish leaves it as new */
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autofree gfloat *pieces = run_stream (features, samples, N_SAMPLES, cuts[i], &n);

    g_assert_cmpmem (whole, n_whole * dim * sizeof (gfloat), pieces, n * dim * sizeof (gfloat));
  }
  /* and so does a reset in mid-stream */
  rnn_features_push (features, samples, 1234, g_newa (gfloat, rnn_features_max_steps (features, 1234) * dim));
  rnn_features_reset (features);
  g_free (run_stream (features, samples, N_SAMPLES, 0, &n));
  g_assert_cmpuint (n, ==, n_whole);
}

static void
test_no_allocation (gconstpointer setup)
{
  g_autofree gfloat *samples = make_signal (N_SAMPLES), *out = NULL;
  g_autoptr (RnnFeatures) features = make_features (setup);
  guint steps = 0;
  gint before;

  out = g_new (gfloat, (gsize) rnn_features_max_steps (features, N_SAMPLES) * rnn_features_get_dim (features));
  before = g_atomic_int_get (&n_allocations);
  for (guint i = 0; i < N_SAMPLES; i += 400)
    steps += rnn_features_push (features, samples + i, 400, out + (gsize) steps * rnn_features_get_dim (features));
  rnn_features_finish (features, out + (gsize) steps * rnn_features_get_dim (features));
  rnn_features_reset (features);
  g_assert_cmpint (g_atomic_int_get (&n_allocations), ==, before);
}

/* ---- steps ---- */

/* A click is seen by exactly the steps whose window holds it. */
static void
test_position (void)
{
  g_autoptr (RnnFeatures) features = make_features (PLAIN "snip_edges=false stack=3 stride=2");
  gint start = rnn_features_get_start (features), hop = (gint) rnn_features_get_hop (features);
  gint window = (gint) rnn_features_get_window (features), dim = (gint) rnn_features_get_dim (features);

  g_assert_cmpint (hop, ==, 2 * 24);
  g_assert_cmpint (window, ==, 64 + 2 * 24);
  g_assert_cmpint (dim, ==, 3 * MELS);
  for (gint click = 100; click < 400; click += 7) {
    gfloat samples[1000] = { 0 };
    g_autofree gfloat *out = NULL;
    guint steps;

    samples[click] = 1;
    out = run_stream (features, samples, 1000, 160, &steps);
    for (gint s = 0; s < (gint) steps; s++) {
      gboolean inside = click >= start + s * hop && click < start + s * hop + window, seen = FALSE;

      for (gint i = 0; i < dim; i++)
        seen |= out[s * dim + i] > 0;
      g_assert_cmpint (seen, ==, inside);
    }
  }
}

static void
test_stack (void)
{
  static const guint shapes[][2] = { { 1, 1 }, { 3, 3 }, { 4, 1 }, { 2, 5 }, { 1, 3 }, { 200, 1 } };
  g_autofree gfloat *samples = make_signal (N_SAMPLES), *frames = NULL;
  g_autoptr (RnnFeatures) plain = make_features ("");
  guint n_frames, n, dim = rnn_features_get_frame_dim (plain);

  frames = run_stream (plain, samples, N_SAMPLES, 160, &n_frames);
  g_assert_cmpuint (n_frames, ==, 1 + (N_SAMPLES - 400) / 160);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    guint stack = shapes[i][0], stride = shapes[i][1], steps;
    g_autofree gchar *setup = g_strdup_printf ("stack=%u stride=%u", MIN (stack, 64), stride);
    g_autofree gfloat *once = g_new (gfloat, (gsize) n_frames * dim * stack), *out = NULL;
    g_autoptr (RnnFeatures) features = make_features (setup);

    steps = rnn_stack_frames (frames, n_frames, dim, stack, stride, once);
    g_assert_cmpuint (steps, ==, n_frames < stack ? 0 : 1 + (n_frames - stack) / stride);
    for (guint s = 0; s < steps; s++)
      g_assert_cmpmem (once + s * stack * dim, stack * dim * sizeof (gfloat), frames + s * stride * dim,
          stack * dim * sizeof (gfloat));
    if (stack > 64)
      continue;
    out = run_stream (features, samples, N_SAMPLES, 0, &n);
    g_assert_cmpmem (once, (gsize) steps * stack * dim * sizeof (gfloat), out,
        (gsize) n * stack * dim * sizeof (gfloat));
  }
}

/* What is no number, or absurdly loud, is silence: it must not stay in the means for ever. */
static void
test_not_finite (void)
{
  static const gfloat bad[] = { NAN, INFINITY, -INFINITY, 1e30f };
  g_autofree gfloat *samples = make_signal (N_SAMPLES), *silent = g_memdup2 (samples, N_SAMPLES * sizeof (gfloat));
  g_autofree gfloat *a = NULL, *b = NULL;
  g_autoptr (RnnFeatures) features = make_features ("cmvn=running pcen=first");
  guint n_a, n_b;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    samples[500 * i] = bad[i];
    silent[500 * i] = 0;
  }
  a = run_stream (features, samples, N_SAMPLES, 160, &n_a);
  b = run_stream (features, silent, N_SAMPLES, 160, &n_b);
  g_assert_cmpmem (a, n_a * rnn_features_get_dim (features) * sizeof (gfloat),
      b, n_b * rnn_features_get_dim (features) * sizeof (gfloat));
  g_assert_true (isfinite (a[0]));
}

/* Digital silence gives the floors, not minus infinity. */
static void
test_silence (void)
{
  gfloat samples[400] = { 0 };
  g_autoptr (RnnFeatures) plain = make_features ("use_energy=true log_floor=1e-5");
  g_autoptr (RnnFeatures) floored = make_features ("use_energy=true energy_floor=100 htk_compat=true");
  g_autofree gfloat *a = NULL, *b = NULL;
  guint n;

  a = run_stream (plain, samples, 400, 0, &n);
  b = run_stream (floored, samples, 400, 0, &n);
  g_assert_cmpfloat_with_epsilon (a[0], logf (FLT_EPSILON), 1e-5);
  g_assert_cmpfloat_with_epsilon (a[23], logf (1e-5f), 1e-5);
  g_assert_cmpfloat_with_epsilon (b[0], logf (FLT_EPSILON), 1e-5);
  g_assert_cmpfloat_with_epsilon (b[23], logf (100), 1e-5);
}

/* ---- kinds of features against each other ---- */

static void
test_htk_order (void)
{
  g_autofree gfloat *samples = make_signal (400), *kaldi = NULL, *htk = NULL;
  g_autoptr (RnnFeatures) a = make_features ("type=mfcc");
  g_autoptr (RnnFeatures) b = make_features ("type=mfcc htk_compat=true use_log=false");
  guint n;

  kaldi = run_stream (a, samples, 400, 0, &n);
  htk = run_stream (b, samples, 400, 0, &n);
  for (guint k = 1; k < 13; k++)
    g_assert_cmpfloat_with_epsilon (htk[k - 1], kaldi[k], 1e-5);
  g_assert_cmpfloat_with_epsilon (htk[12], kaldi[0] * G_SQRT2, 1e-4);
}

/* PCEN takes the place of the logarithm. */
static void
test_pcen (void)
{
  RnnFeatureConfig config = parse_setup ("pcen=librosa");
  g_autofree gfloat *samples = make_signal (N_SAMPLES), *mels = NULL, *out = NULL;
  g_autoptr (RnnFeatures) linear = make_features ("use_log=false"), features = make_features ("pcen=librosa");
  RnnPcen *pcen = rnn_pcen_new (&config);
  guint n;

  mels = run_stream (linear, samples, N_SAMPLES, 160, &n);
  out = run_stream (features, samples, N_SAMPLES, 160, &n);
  for (guint t = 0; t < n; t++)
    rnn_pcen_apply (pcen, mels + t * 23, mels + t * 23);
  g_assert_cmpmem (mels, n * 23 * sizeof (gfloat), out, n * 23 * sizeof (gfloat));
  rnn_pcen_free (pcen);
}

/* ---- many streams at once ---- */

static gpointer
run_in_thread (gpointer samples)
{
  gfloat *out = NULL;
  guint n;

  for (gint i = 0; i < 50; i++) {
    g_autoptr (RnnFeatures) features = make_features (setups[4]);

    g_free (out);
    out = run_stream (features, samples, 2000, 160, &n);
  }
  return out;
}

static void
test_threads (void)
{
  g_autofree gfloat *samples = make_signal (2000), *first = NULL;
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("features", run_in_thread, samples);
  first = run_in_thread (samples);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    g_autofree gfloat *out = g_thread_join (threads[i]);

    g_assert_cmpmem (out, 4 * 23 * sizeof (gfloat), first, 4 * 23 * sizeof (gfloat));
  }
}

/* ---- refusals ---- */

static void
test_refusals (void)
{
  static const struct {
    const gchar *setup, *says;
  } cases[] = {
    { "type=mfcc n_ceps=24", "n_ceps 24 is more than n_mels 23" },
    { "high_freq=9000", "high_freq 9000" },
    { "low_freq=4000 high_freq=3000", "low_freq 4000" },
    { "high_freq=-8000", "high_freq 0" },
    { "frame_length=0.1", "frame_length" },
    { "frame_shift=0.01", "frame_shift" },
    { "frame_length=25.0625 round_to_power_of_two=false", "no FFT of length 401" },
    { "vtln_warp=1.1 mel_scale=slaney", "vtln_warp needs mel_scale" },
    { "vtln_warp=1.1 vtln_low=10", "vtln_low" },
    { "vtln_warp=0.9 vtln_high=8000", "vtln_high" },
    { "vtln_warp=9 vtln_low=2000", "vtln_low" },
    { "cmvn=global", "input.mean" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    RnnFeatureConfig config = parse_setup (cases[i].setup);
    g_autoptr (GError) error = NULL;

    g_assert_null (rnn_features_new (&config, NULL, NULL, &error));
    g_assert_true (error && error->domain == RNN_ERROR);
    if (!strstr (error->message, cases[i].says))
      g_error ("%s: \"%s\" does not say \"%s\"", cases[i].setup, error->message, cases[i].says);
  }
}

static void
test_refuse_fields (void)
{
  RnnFeatureConfig good, config;
  g_autoptr (RnnFeatures) features = NULL;

  rnn_feature_config_init (&good);
  features = rnn_features_new (&good, NULL, NULL, NULL);
  g_assert_nonnull (features);
#define REFUSED(field, value) \
  config = good; \
  config.field = value; \
  g_assert_null (rnn_features_new (&config, NULL, NULL, NULL))
  REFUSED (rate, 0);
  REFUSED (rate, NAN);
  REFUSED (n_mels, 0);
  REFUSED (window, 7);
  REFUSED (window, -1);
  REFUSED (scale, NAN);
  REFUSED (stack, 0);
}

/* Defaults are what the table says, each within its own range, and Kaldi's. */
static void
test_defaults (void)
{
  RnnFeatureConfig config;

  rnn_feature_config_init (&config);
  g_assert_true (rnn_feature_config_check (&config, NULL));
  g_assert_cmpfloat (config.rate, ==, 16000);
  g_assert_cmpfloat (config.preemphasis, ==, 0.97f);
  g_assert_cmpint (config.n_mels, ==, 23);
  g_assert_cmpuint (rnn_feature_config_length (&config), ==, 400);
  g_assert_cmpuint (rnn_feature_config_shift (&config), ==, 160);
  g_assert_cmpfloat (rnn_feature_config_upper (&config, config.high_freq), ==, 8000);
}

static void
add_for_setups (const gchar *name, GTestDataFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (setups); i++) {
    g_autofree gchar *path = g_strdup_printf ("/features/%s/%u", name, i);

    g_test_add_data_func (path, setups[i], func);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_for_setups ("cuts", test_cuts);
  add_for_setups ("no-allocation", test_no_allocation);
  g_test_add_func ("/features/position", test_position);
  g_test_add_func ("/features/stack", test_stack);
  g_test_add_func ("/features/not-finite", test_not_finite);
  g_test_add_func ("/features/htk-order", test_htk_order);
  g_test_add_func ("/features/pcen", test_pcen);
  g_test_add_func ("/features/silence", test_silence);
  g_test_add_func ("/features/threads", test_threads);
  g_test_add_func ("/features/refusals", test_refusals);
  g_test_add_func ("/features/refuse-fields", test_refuse_fields);
  g_test_add_func ("/features/defaults", test_defaults);
  return g_test_run ();
}
