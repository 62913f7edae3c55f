/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Features against torchaudio's, case by case: tests/data/features/KIND_*.safetensors, one runner per kind.  Each case
 * names its wave file and its options; `out` is what torchaudio 0.13.1 made of them in double precision. */
#include "features-stream.h"
#include "features/cmvn.h"
#include "features/offline.h"
#include "model/safetensors.h"
#include <jansson.h>
#include <string.h>

static RnnSafetensors *
open_case (const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, ".safetensors", NULL);
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "data", "features", file, NULL);
  g_autoptr (GError) error = NULL;
  RnnSafetensors *result = rnn_safetensors_open (path, &error);

  g_assert_no_error (error);
  return result;
}

static gfloat *
read_tensor (RnnSafetensors *file, const gchar *name, guint *rows, guint *columns)
{
  const RnnTensorView *view = rnn_safetensors_find (file, name);
  gfloat *data;

  g_assert_nonnull (view);
  *rows = (guint) view->dims[0];
  *columns = view->rank > 1 ? (guint) view->dims[1] : 1;
  data = g_new (gfloat, view->size + 1);
  rnn_tensor_view_to_float (view, data);
  return data;
}

/* Samples of +-1, as streams carry them. (transfer full) */
static gfloat *
read_wave (const gchar *name, guint *n)
{
  g_autoptr (RnnSafetensors) file = open_case (name);
  guint columns;
  gfloat *wave = read_tensor (file, "wave", n, &columns);

  for (guint i = 0; i < *n; i++)
    wave[i] /= 32768;
  return wave;
}

static void
assert_close (const gchar *what, const gfloat *got, const gfloat *expected, guint n, gdouble tolerance)
{
  gdouble worst = 0;

  for (guint i = 0; i < n; i++)
    worst = !(fabs (got[i] - expected[i]) <= worst) ? fabs (got[i] - expected[i]) : worst;
  if (!(worst <= tolerance))
    g_error ("%s is off by %g, tolerance %g", what, worst, tolerance);
}

static gfloat
largest (const gfloat *x, guint n)
{
  gfloat most = 0;

  for (guint i = 0; i < n; i++)
    most = MAX (most, fabsf (x[i]));
  return most;
}

/* ---- fbank_*, mfcc_*: torchaudio.compliance.kaldi ---- */

/* Sets the fields that torchaudio's keyword arguments name; returns subtract_mean. */
static gboolean
apply_arguments (RnnFeatureConfig *config, const gchar *arguments)
{
  static const gchar *const names[][2] = {
    { "num_mel_bins", "n_mels" }, { "num_ceps", "n_ceps" }, { "window_type", "window" },
    { "remove_dc_offset", "remove_dc" }, { "preemphasis_coefficient", "preemphasis" }, { "use_log_fbank", "use_log" },
  };
  json_t *object = json_loads (arguments, 0, NULL);
  gboolean subtract_mean = json_is_true (json_object_get (object, "subtract_mean"));
  g_autoptr (GError) error = NULL;

  json_object_del (object, "subtract_mean");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_get (object, names[i][0])) {
      json_object_set (object, names[i][1], json_object_get (object, names[i][0]));
      json_object_del (object, names[i][0]);
    }
  rnn_options_from_json (rnn_feature_options, config, object, NULL, "case", &error);
  g_assert_no_error (error);
  json_decref (object);
  return subtract_mean;
}

static void
test_kaldi (gconstpointer name)
{
  g_autoptr (RnnSafetensors) file = open_case (name);
  RnnFeatureConfig config = parse_setup ("energy_floor=1");       /* torchaudio's default */
  g_autofree gfloat *wave = NULL, *expected = NULL, *out = NULL;
  g_autoptr (RnnFeatures) features = NULL;
  guint n, rows, columns, steps;
  gboolean subtract_mean = apply_arguments (&config, rnn_safetensors_get_metadata (file, "options"));

  config.type = g_str_has_prefix (name, "mfcc") ? RNN_FEATURES_MFCC : RNN_FEATURES_FBANK;
  config.rate = (gfloat) g_ascii_strtod (rnn_safetensors_get_metadata (file, "sample_rate"), NULL);
  wave = read_wave (rnn_safetensors_get_metadata (file, "wave"), &n);
  expected = read_tensor (file, "out", &rows, &columns);
  features = rnn_features_new (&config, NULL, NULL, NULL);
  out = run_stream (features, wave, n, 0, &steps);
  if (subtract_mean)
    rnn_offline_cmvn (out, steps, columns, FALSE);
  g_assert_cmpuint (steps, ==, rows);
  g_assert_cmpuint (rnn_features_get_dim (features), ==, columns);
  assert_close (name, out, expected, rows * columns, config.type == RNN_FEATURES_MFCC ? 5e-3 : config.use_log ? 1e-3
      : 1e-5 * largest (expected, rows * columns));
}

/* ---- mel_htk40: torchaudio.transforms.MelSpectrogram, [n_mels][frames] ---- */

static void
test_mel (gconstpointer name)
{
  g_autoptr (RnnSafetensors) file = open_case (name);
  g_autoptr (RnnFeatures) features = make_features ("type=logmel window=hann-periodic mel_scale=htk frame_length=32 "
      "frame_shift=8 n_mels=40 low_freq=20 high_freq=7600 snip_edges=false scale=1 preemphasis=0 remove_dc=false "
      "use_log=false");
  guint n, rows, columns, steps;
  g_autofree gfloat *wave = read_wave (rnn_safetensors_get_metadata (file, "wave"), &n);
  g_autofree gfloat *expected = read_tensor (file, "out", &rows, &columns), *transposed = NULL;
  g_autofree gfloat *out = run_stream (features, wave, n, 160, &steps);

  g_assert_cmpuint (steps, ==, columns);
  transposed = g_new (gfloat, rows * columns);
  for (guint t = 0; t < columns; t++)
    for (guint b = 0; b < rows; b++)
      transposed[b * columns + t] = out[t * rows + b];
  assert_close (name, transposed, expected, rows * columns, 1e-4 * largest (expected, rows * columns));
}

/* ---- cmvn_delta_splice: in.x[n][dim] and what becomes of it ---- */

typedef struct {
  RnnSafetensors *file;
  guint n, dim;
  const gfloat *x;
  gfloat *out;                  /* room for a splice of 4 */
} Frames;

static void
check_frames (Frames *f, const gchar *name, gdouble tolerance)
{
  guint rows, columns;
  g_autofree gchar *tensor = g_strconcat ("out.", name, NULL);
  g_autofree gfloat *expected = read_tensor (f->file, tensor, &rows, &columns);

  g_assert_cmpuint (rows, ==, f->n);
  assert_close (name, f->out, expected, rows * columns, tolerance * largest (expected, rows * columns));
}

static void
check_sliding (Frames *f)
{
  static const struct {
    const gchar *name;
    guint window, min_window;
    gboolean center, variance;
  } cases[] = {
    { "sliding_w20_min10_center1_var1", 20, 10, TRUE, TRUE },
    { "sliding_w20_min5_center0_var0", 20, 5, FALSE, FALSE },
    { "sliding_w20_min5_center0_var1", 20, 5, FALSE, TRUE },
    { "sliding_w21_min100_center1_var0", 21, 100, TRUE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    rnn_offline_cmvn_sliding (f->x, f->n, f->dim, cases[i].window, cases[i].min_window, cases[i].center,
        cases[i].variance, f->out);
    check_frames (f, cases[i].name, cases[i].variance ? 1e-4 : 1e-5);
  }
}

static void
check_streaming (Frames *f, const gfloat *mean, const gfloat *std)
{
  static const gchar *const cases[][2] = {
    { "ema_cmvn_a097", "cmvn=running cmvn_decay=0.97" },
    { "online_cmn_w15_g10", "cmvn=sliding cmvn_window=15 cmvn_global_frames=10 cmvn_variance=false" },
    { "online_cmvn_w15_g10", "cmvn=sliding cmvn_window=15 cmvn_global_frames=10" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    RnnFeatureConfig config = parse_setup (cases[i][1]);
    g_autoptr (RnnCmvn) cmvn = rnn_cmvn_new (&config, f->dim, mean, std, NULL);

    memcpy (f->out, f->x, f->n * f->dim * sizeof (gfloat));
    for (guint t = 0; t < f->n; t++)
      rnn_cmvn_apply (cmvn, f->out + t * f->dim);
    check_frames (f, cases[i][0], 1e-5);
  }
}

static void
check_utterance (Frames *f)
{
  for (gint variance = 0; variance < 2; variance++) {
    memcpy (f->out, f->x, f->n * f->dim * sizeof (gfloat));
    rnn_offline_cmvn (f->out, f->n, f->dim, variance);
    check_frames (f, variance ? "utt_cmvn" : "utt_cmn", 1e-5);
  }
}

static void
check_deltas (Frames *f)
{
  g_autofree gfloat *first = g_new (gfloat, f->n * f->dim);

  rnn_offline_deltas (f->x, f->n, f->dim, 2, 2, f->out);
  check_frames (f, "kaldi_deltadelta_w2", 1e-5);
  rnn_offline_deltas (f->x, f->n, f->dim, 2, 1, f->out);
  check_frames (f, "delta_w2", 1e-5);
  check_frames (f, "torchaudio_deltas_win5", 1e-5);
  memcpy (first, f->out, f->n * f->dim * sizeof (gfloat));
  rnn_offline_deltas (first, f->n, f->dim, 2, 1, f->out);
  check_frames (f, "deltadelta_repeated_w2", 1e-5);
}

static void
test_frames (gconstpointer name)
{
  Frames f = { open_case (name) };
  guint dim, one;
  g_autofree gfloat *x = read_tensor (f.file, "in.x", &f.n, &f.dim), *out = g_new (gfloat, 4 * f.n * f.dim);
  g_autofree gfloat *mean = read_tensor (f.file, "in.global_mean", &dim, &one);
  g_autofree gfloat *std = read_tensor (f.file, "in.global_var", &dim, &one);

  f.x = x;
  f.out = out;
  for (guint i = 0; i < dim; i++)
    std[i] = sqrtf (std[i]);
  check_sliding (&f);
  check_streaming (&f, mean, std);
  check_utterance (&f);
  check_deltas (&f);
  rnn_offline_splice (x, f.n, f.dim, 2, 1, out);
  check_frames (&f, "splice_l2_r1", 0);
  rnn_safetensors_free (f.file);
}

/* ---- all cases ---- */

static const struct {
  const gchar *prefix;
  GTestDataFunc run;
} kinds[] = {
  { "fbank_", test_kaldi },
  { "mfcc_", test_kaldi },
  { "mel_", test_mel },
  { "cmvn_", test_frames },
};

int
main (int argc, char *argv[])
{
  g_autofree gchar *folder = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *file;

  g_test_init (&argc, &argv, NULL);
  folder = g_test_build_filename (G_TEST_DIST, "data", "features", NULL);
  dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  while ((file = g_dir_read_name (dir)))
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
      if (g_str_has_prefix (file, kinds[k].prefix)) {
        gchar *name = g_strndup (file, strlen (file) - strlen (".safetensors"));
        g_autofree gchar *path = g_strconcat ("/features/golden/", name, NULL);

        g_test_add_data_func_full (path, name, kinds[k].run, g_free);
      }
  return g_test_run ();
}
