/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several channels as one: what cancels is heard, what does not is the mean, and no cut of the stream changes a bit. */
#include "base/downmix.h"
#include <math.h>
#include <string.h>

#define RATE 16000
#define N 8000

/* n rows of two channels: noise, and the same times @second. */
static gfloat *
make_rows (gfloat second)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  gfloat *x = g_new (gfloat, 2 * N);

  for (guint i = 0; i < N; i++) {
    x[2 * i] = (gfloat) g_rand_double_range (rand, -0.5, 0.5);
    x[2 * i + 1] = second * x[2 * i];
  }
  return x;
}

static void
mix (const gfloat *x, guint piece, gfloat *mono)
{
  RnnDownmix d;

  rnn_downmix_init (&d, 2, RATE);
  for (guint i = 0; i < N; i += piece)
    rnn_downmix (&d, x + 2 * i, MIN (piece, N - i), mono + i);
}

static void
test_mean (void)
{
  static const gfloat seconds[] = { 1, 0, 0.5f, -0.3f };

  for (guint k = 0; k < G_N_ELEMENTS (seconds); k++) {
    g_autofree gfloat *x = make_rows (seconds[k]), *mono = g_new (gfloat, N);

    mix (x, N, mono);
    for (guint i = 0; i < N; i++)
      g_assert_cmpfloat (mono[i], ==, (x[2 * i] + x[2 * i + 1]) / 2);
  }
}

/* After 2 ms it is the louder channel and nothing else. */
static void
test_opposite (void)
{
  static const gfloat seconds[] = { -1, -0.9f, -1.2f };

  for (guint k = 0; k < G_N_ELEMENTS (seconds); k++) {
    g_autofree gfloat *x = make_rows (seconds[k]), *mono = g_new (gfloat, N);
    guint louder = seconds[k] < -1;

    mix (x, N, mono);
    for (guint i = RATE / 500 + 1; i < N; i++)
      g_assert_cmpfloat_with_epsilon (mono[i], x[2 * i + louder], 1e-6);
  }
}

/* From one to the other and back: no step in what is heard that is larger than those of the channels. */
static void
test_change (void)
{
  RnnDownmix d;
  gfloat before = 0;

  rnn_downmix_init (&d, 2, RATE);
  for (guint i = 0; i < 4 * RATE; i++) {
    gfloat s = (gfloat) sin (2 * G_PI * 100 * i / RATE), row[2] = { s, i / RATE % 2 ? -s : s }, mono;

    rnn_downmix (&d, row, 1, &mono);
    if (i % RATE > 0)
      g_assert_cmpfloat (fabsf (mono - before), <, 0.08);
    if (i % RATE > RATE / 2)
      g_assert_cmpfloat_with_epsilon (fabsf (mono), fabsf (s), 1e-5);
    before = mono;
  }
}

static void
test_cuts (void)
{
  g_autofree gfloat *x = make_rows (-1), *whole = g_new (gfloat, N), *cut = g_new (gfloat, N);

  mix (x, N, whole);
  mix (x, 7, cut);
  g_assert_cmpmem (cut, N * sizeof (gfloat), whole, N * sizeof (gfloat));
  rnn_downmix (&(RnnDownmix) { .channels = 1 }, x, N, cut);
  g_assert_cmpmem (cut, N * sizeof (gfloat), x, N * sizeof (gfloat));
}

/* What no power can be made of is forgotten: opposite phases are heard after it. */
static void
test_not_numbers (void)
{
  const gfloat bad[] = { NAN, INFINITY, -INFINITY, 1e30f };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gfloat *x = make_rows (-1), *mono = g_new (gfloat, N);
    gdouble power = 0;

    x[0] = x[1] = bad[i];
    mix (x, N, mono);
    for (guint n = N / 2; n < N; n++)
      power += mono[n] * mono[n];
    g_assert_cmpfloat (power, >, 0.1);
  }
}

/* Kept in the midst, it goes on bit for bit. */
static void
test_keep (void)
{
  g_autofree gfloat *x = make_rows (-1), *whole = g_new (gfloat, N), *rest = g_new (gfloat, N);
  g_autoptr (GByteArray) kept = g_byte_array_new ();
  RnnKeep out = { .to = kept }, in = { 0, };
  RnnDownmix d, other;

  mix (x, N, whole);
  rnn_downmix_init (&d, 2, RATE);
  rnn_downmix_init (&other, 2, RATE);
  rnn_downmix (&d, x, 100, rest);
  rnn_downmix_keep (&d, &out);
  in = (RnnKeep) { .from = kept->data, .left = kept->len };
  rnn_downmix_keep (&other, &in);
  g_assert_false (in.failed);
  rnn_downmix (&other, x + 200, N - 100, rest + 100);
  g_assert_cmpmem (rest, N * sizeof (gfloat), whole, N * sizeof (gfloat));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/downmix/mean", test_mean);
  g_test_add_func ("/downmix/opposite", test_opposite);
  g_test_add_func ("/downmix/change", test_change);
  g_test_add_func ("/downmix/cuts", test_cuts);
  g_test_add_func ("/downmix/not-numbers", test_not_numbers);
  g_test_add_func ("/downmix/keep", test_keep);
  return g_test_run ();
}
