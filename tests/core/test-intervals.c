/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intervals of forecasts that meet their truths late: they hold at every step of the horizon, and again after the level has changed. */
#include "forecast/tracker.h"
#include "base/rng.h"
#include <glib.h>
#include <math.h>
#include <string.h>

#define H 96
#define N 8000
#define SHIFT 5000
#define RECENT 24

typedef struct {
  gdouble covered, n, radius;
} Sum;

/* A level with waves of noise, raised by @shift from row SHIFT on */
static gfloat *
make_series (gfloat shift)
{
  gfloat *y = g_new (gfloat, N + H), wave = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 7, 1);
  for (guint t = 0; t < N + H; t++) {
    wave = 0.7f * wave + rnn_rng_normal (&rng);
    y[t] = wave + (t >= SHIFT ? shift : 0);
  }
  return y;
}

/* From what the last day was */
static void
forecast (const gfloat *y, guint t, gfloat *mean)
{
  gfloat level = 0, left;

  for (guint i = 1; i <= RECENT; i++)
    level += y[t - i] / RECENT;
  left = y[t - 1] - level;
  for (guint h = 0; h < H; h++)
    mean[h] = level + (left *= 0.7f);
}

/* sums[2]: forecasts whose truths are all from before the change, and those made after it, of steps from @from on */
static void
run (RnnTracker *tracker, const gfloat *y, guint first, guint last, guint from, Sum *sums)
{
  gfloat mean[H], scale[H];

  for (guint h = 0; h < H; h++)
    scale[h] = 1;
  for (guint t = first; t < last; t++) {
    const gfloat *radius = rnn_tracker_get_radius (tracker);

    forecast (y, t, mean);
    rnn_tracker_issue (tracker, mean, scale, 1.645f);
    for (guint h = from; sums && h < H && t > 1000 && (t >= SHIFT || t + h < SHIFT); h++) {
      Sum *sum = &sums[t >= SHIFT];

      sum->covered += fabsf (y[t + h] - mean[h]) <= radius[h];
      sum->radius += radius[h];
      sum->n++;
    }
    rnn_tracker_observe (tracker, y[t]);
  }
}

static void
test_shift (gconstpointer data)
{
  g_autofree gfloat *y = make_series (*(const gfloat *) data);

  for (guint from = 0; from < H; from += H / 2) {
    g_autoptr (RnnTracker) tracker = rnn_tracker_new (H, 0.9, 500, 0.02);
    Sum sums[2] = { { 0 } };

    run (tracker, y, RECENT, N, from, sums);
    for (guint k = 0; k < 2; k++)
      g_assert_cmpfloat_with_epsilon (sums[k].covered / sums[k].n, 0.9, 0.03);
    /* forecasts from before the change have not made them wide */
    g_assert_cmpfloat (sums[1].radius / sums[1].n, <, 1.6 * sums[0].radius / sums[0].n);
  }
}

/* A series whose level changes all the time has no changes: its far intervals are wide, and hold. */
static void
test_many_shifts (void)
{
  g_autofree gfloat *y = make_series (0);
  g_autoptr (RnnTracker) tracker = rnn_tracker_new (H, 0.9, 500, 0.02);
  Sum sums[2] = { { 0 } };

  for (guint t = 0; t < N + H; t++)
    y[t] += t / 70 % 2 ? 15 : 0;
  run (tracker, y, RECENT, N, H / 2, sums);
  g_assert_cmpfloat_with_epsilon (sums[1].covered / sums[1].n, 0.9, 0.04);
}

/* Every other step is forecast badly: neither is the one that all steps of a band are scored by. */
static void
test_lags (void)
{
  g_autofree gfloat *y = make_series (0);
  g_autoptr (RnnTracker) tracker = rnn_tracker_new (H, 0.9, 500, 0);
  gfloat mean[H], scale[H];
  gdouble covered = 0, n = 0;

  for (guint h = 0; h < H; h++) {
    mean[h] = h % 2 ? 8 : 0;
    scale[h] = 1;
  }
  for (guint t = 0; t < N; t++) {
    rnn_tracker_issue (tracker, mean, scale, 1.645f);
    for (guint h = H / 2; h < H && t > 2000; h++, n++)
      covered += fabsf (y[t + h] - mean[h]) <= rnn_tracker_get_radius (tracker)[h];
    rnn_tracker_observe (tracker, y[t]);
  }
  g_assert_cmpfloat_with_epsilon (covered / n, 0.9, 0.04);
}

/* A stream with a long horizon stays small: of each value only what will be scored waits for it. */
static void
test_size (void)
{
  g_autoptr (RnnTracker) tracker = rnn_tracker_new (720, 0.9, 500, 0.02);

  g_assert_cmpuint (rnn_tracker_get_state_size (tracker) * sizeof (gfloat), <, 420000);
}

/* Just after a change, too, another process goes on as this one. */
static void
test_state (void)
{
  g_autofree gfloat *y = make_series (15), *state = NULL;
  g_autoptr (RnnTracker) a = rnn_tracker_new (H, 0.9, 500, 0.02), b = rnn_tracker_new (H, 0.9, 500, 0.02);

  run (a, y, RECENT, SHIFT + 20, 0, NULL);
  state = g_new (gfloat, rnn_tracker_get_state_size (a));
  rnn_tracker_get_state (a, state);
  g_assert_true (rnn_tracker_set_state (b, state));
  g_assert_cmpmem (rnn_tracker_get_radius (a), sizeof (gfloat) * H, rnn_tracker_get_radius (b), sizeof (gfloat) * H);
  run (a, y, SHIFT + 20, SHIFT + 300, 0, NULL);
  run (b, y, SHIFT + 20, SHIFT + 300, 0, NULL);
  g_assert_cmpmem (rnn_tracker_get_radius (a), sizeof (gfloat) * H, rnn_tracker_get_radius (b), sizeof (gfloat) * H);
  for (guint i = 0; i < 6; i++) {       /* the last one: how far ahead the first value in the ring was forecast */
    gfloat good = state[i];

    state[i] = NAN;
    g_assert_false (rnn_tracker_set_state (b, state));
    state[i] = good;
  }
}

int
main (int argc, char **argv)
{
  static const gfloat shifts[] = { 0, -15, 5 };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (shifts); i++) {
    g_autofree gchar *name = g_strdup_printf ("/intervals/shift/%g", (gdouble) shifts[i]);

    g_test_add_data_func (name, &shifts[i], test_shift);
  }
  g_test_add_func ("/intervals/many-shifts", test_many_shifts);
  g_test_add_func ("/intervals/lags", test_lags);
  g_test_add_func ("/intervals/size", test_size);
  g_test_add_func ("/intervals/state", test_state);
  return g_test_run ();
}
