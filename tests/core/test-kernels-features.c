/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front end's kernels, on every row of the table, against their definitions in double; FFT plans are shared. */
#include <math.h>
#include "base/rng.h"
#include "features/fft.h"
#include "features/mel.h"
#include "kernels/kernels.h"

static gfloat *
random_floats (gsize n, guint64 seed, gfloat scale)
{
  gfloat *x = g_new (gfloat, n);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (gsize i = 0; i < n; i++)
    x[i] = scale * rnn_rng_normal (&rng);
  return x;
}

static void
test_scale_bounded (gconstpointer row)
{
  const RnnKernels *k = row;
  gfloat x[40], y[41];

  for (gint i = 0; i < 40; i++)
    x[i] = ((gfloat[]) { 1, -2, NAN, INFINITY, -INFINITY, 10, -10, 9.5f, 0 })[i % 9];
  y[39] = -7;
  k->scale_bounded (39, 2, 10, x, y);
  for (gint i = 0; i < 39; i++)
    g_assert_cmpfloat (y[i], ==, fabsf (x[i]) < 10 ? 2 * x[i] : 0);
  g_assert_cmpfloat (y[39], ==, -7);
}

static void
test_window (gconstpointer row)
{
  const RnnKernels *k = row;

  for (gint n = 1; n < 70; n += 11) {
    g_autofree gfloat *x = random_floats (n, 1, 1), *w = random_floats (n, 2, 1), *y = g_new (gfloat, n + 1);

    y[n] = -7;
    k->window (n, 0.25f, 0.97f, x, w, y);
    for (gint i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon (y[i], w[i] * ((x[i] - 0.25) - 0.97 * (x[MAX (i - 1, 0)] - 0.25)), 1e-5);
    g_assert_cmpfloat (y[n], ==, -7);
  }
}

/* |sum over j of x[j] e^(-2 pi i j k / n)|^2 */
static gdouble
plain_power (const gfloat *x, guint n, guint k)
{
  gdouble re = 0, im = 0;

  for (guint j = 0; j < n; j++) {
    re += x[j] * cos (2 * G_PI * j * k / n);
    im -= x[j] * sin (2 * G_PI * j * k / n);
  }
  return re * re + im * im;
}

/* Lengths around the vectors', with an even and an odd half, and the usual ones. */
static void
test_power (gconstpointer row)
{
  static const guint lengths[] = { 4, 6, 8, 10, 16, 18, 30, 32, 36, 50, 64, 100, 160, 200, 256, 400, 512 };

  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    guint n = lengths[i];
    g_autoptr (RnnFft) fft = rnn_fft_new (n, NULL);
    g_autofree gfloat *x = random_floats (n, 3, 1), *power = g_new (gfloat, n / 2 + 2);

    for (guint j = 0; j < n; j++)
      fft->in[j] = x[j];
    power[n / 2 + 1] = -7;
    rnn_fft_power (fft, power);
    for (guint k = 0; k <= n / 2; k++)
      g_assert_cmpfloat_with_epsilon (power[k], plain_power (x, n, k), 1e-5 * n);
    g_assert_cmpfloat (power[n / 2 + 1], ==, -7);
    g_assert_cmpmem (fft->in, n * sizeof (gfloat), x, n * sizeof (gfloat));
  }
}

static void
test_bands (gconstpointer row)
{
  enum { N = 6, N_X = 60 };
  static const gint first[8] = { 0, 3, 9, 20, 30, 48 }, quads[2] = { 3, 2 };
  const RnnKernels *k = row;
  g_autofree gfloat *x = random_floats (N_X, 4, 1), *w = random_floats (16 * 5, 5, 1);
  gfloat y[N + 1];

  y[N] = -7;
  k->bands (N, first, quads, w, x, y);
  for (gint b = 0; b < N; b++) {
    gdouble sum = 0;

    for (gint i = 0; i < 4 * quads[b / 4]; i++)
      sum += (gdouble) w[(b / 4) * 16 * quads[0] + i / 4 * 16 + b % 4 * 4 + i % 4] * x[first[b] + i];
    g_assert_cmpfloat_with_epsilon (y[b], sum, 1e-5);
  }
  g_assert_cmpfloat (y[N], ==, -7);
}

static void
test_log_floor (gconstpointer row)
{
  const RnnKernels *k = row;
  gfloat y[19];

  for (gint i = 0; i < 19; i++)
    y[i] = powf (10, i - 6);
  k->log_floor (18, 1e-3f, 2, y);
  for (gint i = 0; i < 18; i++)
    g_assert_cmpfloat_with_epsilon (y[i], 2 * log (MAX (powf (10, i - 6), 1e-3f)), 1e-5);
  g_assert_cmpfloat (y[18], ==, powf (10, 12));
}

/* Filter banks of any shape stay inside the spectrum and its padding: valgrind and the sanitizers look. */
static void
test_bank_ends (gconstpointer row)
{
  rnn_kernels_use (row);
  for (gint n_mels = 1; n_mels < 12; n_mels++)
    for (guint n_fft = 4; n_fft < 80; n_fft += 6) {
      RnnFeatureConfig config;
      g_autoptr (RnnMel) mel = NULL;
      g_autofree gfloat *spectrum = NULL, *out = g_new (gfloat, n_mels);

      rnn_feature_config_init (&config);
      config.n_mels = n_mels;
      config.mel_scale = RNN_MEL_HTK;
      mel = rnn_mel_new (&config, n_fft, NULL);
      spectrum = g_new0 (gfloat, mel->n_bins + RNN_MEL_PAD);
      for (gint b = 0; b < n_mels; b++)
        g_assert_cmpint (mel->first[b] + 4 * mel->quads[b / 4], <=, (gint) mel->n_bins + RNN_MEL_PAD);
      rnn_mel_apply (mel, spectrum, out);
      for (gint b = 0; b < n_mels; b++)
        g_assert_cmpfloat (out[b], ==, 0);
    }
}

/* ---- plans ---- */

static void
test_plans_are_shared (void)
{
  RnnFft *a = rnn_fft_new (512, NULL), *b = rnn_fft_new (512, NULL), *other = rnn_fft_new (400, NULL);
  gfloat power_a[257], power_b[257];

  g_assert_true (a->plan == b->plan);
  g_assert_true (a->plan != other->plan);
  g_assert_true (a->in != b->in && a->out != b->out);
  for (gint i = 0; i < 512; i++)
    a->in[i] = b->in[i] = (gfloat) (i % 37) - 18;
  rnn_fft_power (a, power_a);
  rnn_fft_free (a);             /* the plan stays for b */
  rnn_fft_free (other);
  rnn_fft_power (b, power_b);
  g_assert_cmpmem (power_a, sizeof power_a, power_b, sizeof power_b);
  rnn_fft_free (b);
}

static gpointer
make_and_drop (gpointer data)
{
  for (guint i = 0; i < 200; i++) {
    g_autoptr (RnnFft) fft = rnn_fft_new (64 + 16 * (i % 3), NULL);
    gfloat power[49];

    fft->in[0] = 3;
    rnn_fft_power (fft, power);
    g_assert_cmpfloat_with_epsilon (power[5], 9, 1e-5);
  }
  return NULL;
}

static void
test_plans_in_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("plans", make_and_drop, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *name;
    GTestDataFunc func;
  } tests[] = {
    { "scale-bounded", test_scale_bounded }, { "window", test_window }, { "power", test_power },
    { "bands", test_bands }, { "log-floor", test_log_floor }, { "bank-ends", test_bank_ends },
  };
  const RnnKernels *const *rows = rnn_kernels_list ();

  g_test_init (&argc, &argv, NULL);
  for (guint r = 0; rows[r]; r++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree gchar *path = g_strdup_printf ("/kernels-features/%s/%s", rows[r]->name, tests[i].name);

      if (rows[r]->supported ())
        g_test_add_data_func (path, rows[r], tests[i].func);
    }
  g_test_add_func ("/fft/plans-are-shared", test_plans_are_shared);
  g_test_add_func ("/fft/plans-in-threads", test_plans_in_threads);
  return g_test_run ();
}
