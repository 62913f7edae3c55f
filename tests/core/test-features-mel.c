/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mel filter banks: shapes, scales, HTK's choice of bins, vocal tract length warping. */
#include "features-stream.h"
#include "features/mel.h"

#define RATE 16000.f

/* The bank as a matrix, weights[n_mels][n_bins]. (transfer full) */
static gfloat *
mel_matrix (const gchar *setup, guint n_fft, guint *n_bins)
{
  RnnFeatureConfig config = parse_setup (setup);
  g_autoptr (RnnMel) mel = rnn_mel_new (&config, n_fft, NULL);
  gfloat *weights = g_new (gfloat, mel->n_mels * mel->n_bins);
  g_autofree gfloat *unit = g_new0 (gfloat, mel->n_bins + RNN_MEL_PAD), *column = g_new (gfloat, mel->n_mels);

  *n_bins = mel->n_bins;
  for (guint k = 0; k < mel->n_bins; k++) {
    unit[k] = 1;
    rnn_mel_apply (mel, unit, column);
    unit[k] = 0;
    for (guint b = 0; b < mel->n_mels; b++)
      weights[b * mel->n_bins + k] = column[b];
  }
  return weights;
}

static guint
peak_of (const gfloat *row, guint n)
{
  guint best = 0;

  for (guint k = 1; k < n; k++)
    best = row[k] > row[best] ? k : best;
  return best;
}

/* Between the first and the last centre the triangles of a bank without unit area sum to 1. */
static void
test_mel_partition (void)
{
  static const gchar *const scales[] = { "kaldi", "htk", "hcopy" };

  for (guint s = 0; s < G_N_ELEMENTS (scales); s++) {
    g_autofree gchar *setup = g_strdup_printf ("mel_scale=%s", scales[s]);
    guint n_bins, n_mels = 23;
    g_autofree gfloat *w = mel_matrix (setup, 2048, &n_bins);

    for (guint k = peak_of (w, n_bins) + 1; k < peak_of (w + (n_mels - 1) * n_bins, n_bins); k++) {
      gfloat sum = 0;

      for (guint b = 0; b < n_mels; b++)
        sum += w[b * n_bins + k];
      g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
    }
  }
}

/* Corners at whole bins, here 0 0 0 1 2 3 5 8: slopes may have no width. */
static void
test_mel_bins (void)
{
  static const gfloat expected[6][9] = {
    { 1 }, { 1 }, { 0, 1 }, { 0, 0, 1 }, { 0, 0, 0, 1, 0.5f }, { 0, 0, 0, 0, 0.5f, 1, 2 / 3.f, 1 / 3.f },
  };
  guint n_bins;
  g_autofree gfloat *w = mel_matrix ("mel_scale=bins n_mels=6 low_freq=0", 16, &n_bins);

  g_assert_cmpmem (w, 6 * n_bins * sizeof (gfloat), expected, sizeof expected);
}

/* Slaney's bands have unit area over Hz; centres as in librosa's documentation of mel_frequencies. */
static void
test_mel_slaney (void)
{
  static const gdouble centres[] = { 85.317, 170.635, 255.952, 341.269 };
  RnnFeatureConfig config = parse_setup ("mel_scale=slaney n_mels=38 low_freq=0 high_freq=0");
  g_autofree gfloat *unit = NULL, *out = g_new (gfloat, 38), *areas = g_new0 (gfloat, 38), *best = g_new0 (gfloat, 38);
  g_autofree guint *peaks = g_new0 (guint, 38);
  g_autoptr (RnnMel) mel = NULL;
  const gdouble width = 22050. / 16384;

  config.rate = 22050;
  mel = rnn_mel_new (&config, 16384, NULL);
  unit = g_new0 (gfloat, mel->n_bins + RNN_MEL_PAD);
  for (guint k = 0; k < mel->n_bins; k++) {
    unit[k] = 1;
    rnn_mel_apply (mel, unit, out);
    unit[k] = 0;
    for (guint b = 0; b < 38; b++) {
      areas[b] += (gfloat) (out[b] * width);
      if (out[b] > best[b]) {
        best[b] = out[b];
        peaks[b] = k;
      }
    }
  }
  for (guint b = 0; b < 38; b++)
    g_assert_cmpfloat_with_epsilon (areas[b], 1, 1e-3);
  for (guint b = 0; b < G_N_ELEMENTS (centres); b++)
    g_assert_cmpfloat_with_epsilon (peaks[b] * width, centres[b], width);
}

/* VTLN moves a centre f to f / warp between the cuts, and along straight lines to the edges of the band outside. */
typedef struct {
  const gchar *scale;
  gdouble low_cut, high_cut;    /* where 1000 and 4000 Hz come to lie with warp 1.5 */
} Cuts;

static const Cuts all_cuts[] = {
  { "kaldi", 1000 * 1.5, 4000 },
  { "hcopy", 1000 * 1.2, 4000 * 1.2 },
};

static void
test_mel_vtln (gconstpointer data)
{
  const Cuts *cuts = data;
  g_autofree gchar *plain = g_strdup_printf ("low_freq=200 mel_scale=%s", cuts->scale);
  g_autofree gchar *warped = g_strconcat (plain, " vtln_warp=1.5 vtln_low=1000 vtln_high=4000", NULL);
  gdouble l = cuts->low_cut, h = cuts->high_cut;
  guint n_bins;
  g_autofree gfloat *a = mel_matrix (plain, 8192, &n_bins), *b = mel_matrix (warped, 8192, &n_bins);

  for (guint row = 0; row < 23 * n_bins; row += n_bins) {
    gdouble hz = RATE / 8192, f = peak_of (a + row, n_bins) * hz, g = f / 1.5;

    if (f < l)
      g = 200 + (f - 200) * (l / 1.5 - 200) / (l - 200);
    if (f > h)
      g = 8000 - (8000 - f) * (8000 - h / 1.5) / (8000 - h);
    g_assert_cmpfloat_with_epsilon (peak_of (b + row, n_bins) * hz, g, 2 * hz);
  }
}

/* HCopy leaves out the bins below lo N / rate + 2.5 - 1 and above hi N / rate + 0.5 - 1, rounded down. */
static void
test_mel_htk_bins (void)
{
  guint n;
  g_autofree gfloat *kaldi = mel_matrix ("n_mels=1 low_freq=110 high_freq=4010", 512, &n);
  g_autofree gfloat *hcopy = mel_matrix ("n_mels=1 low_freq=110 high_freq=4010 mel_scale=hcopy", 512, &n);

  for (guint k = 0; k < n; k++)
    g_assert_cmpfloat (hcopy[k], ==, k >= 5 && k <= 127 ? kaldi[k] : 0);
  g_assert_cmpfloat (kaldi[4], >, 0);
  g_assert_cmpfloat (kaldi[128], >, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/features/mel/partition", test_mel_partition);
  g_test_add_func ("/features/mel/slaney", test_mel_slaney);
  g_test_add_data_func ("/features/mel/vtln-kaldi", &all_cuts[0], test_mel_vtln);
  g_test_add_func ("/features/mel/bins", test_mel_bins);
  g_test_add_data_func ("/features/mel/vtln-hcopy", &all_cuts[1], test_mel_vtln);
  g_test_add_func ("/features/mel/htk-bins", test_mel_htk_bins);
  return g_test_run ();
}
