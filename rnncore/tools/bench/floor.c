/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a benchmark would take on this machine if nothing but the inevitable were done:
 *
 *   sum over its needs of  times * max (bytes / bandwidth, operations / rate)
 *
 * Bandwidth is that of reading a buffer of the size of the working set again and again, so it is that of the cache that
 * the weights fit in.  Weights of 16 bits are multiplied at the rate of floats. */
#include "bench.h"
#include "kernels/kernels.h"

#define GRAIN 1024              /* bytes that read() takes at once, at least */
#define PASS (256 << 10)        /* bytes that one call reads at least: short ones would time the clock */

/* BENCH_ROWS comes from meson.build: ROW (c) ROW (avx2)... */
#define ROW(row) extern const BenchLimits bench_limits_##row;
BENCH_ROWS
#undef ROW

#define ROW(row) &bench_limits_##row,
static const BenchLimits *const rows[] = { BENCH_ROWS };
#undef ROW

struct _BenchFloor {
  const BenchLimits *limits;
  gsize size;                   /* of the buffer */
  guint passes;
  gpointer buffer;
  gdouble operations[G_N_ELEMENTS (((BenchLimits *) NULL)->multiply)];  /* of one call each */
};

static void
run_read (gpointer data)
{
  const BenchFloor *floor = data;

  for (guint i = 0; i < floor->passes; i++)
    floor->limits->read (floor->buffer, floor->size);
}

static void
run_float (gpointer data)
{
  BenchFloor *floor = data;

  floor->operations[0] = floor->limits->multiply[0] ();
}

static void
run_bytes (gpointer data)
{
  BenchFloor *floor = data;

  floor->operations[1] = floor->limits->multiply[1] ();
}

static void
run_shorts (gpointer data)
{
  BenchFloor *floor = data;

  floor->operations[2] = floor->limits->multiply[2] ();
}

/* The row that the kernels in use belong to: theirs, or the one whose name theirs begins with. */
static const BenchLimits *
find_limits (void)
{
  const BenchLimits *found = rows[0];

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_has_prefix (rnn_kernels ()->name, rows[i]->name))
      found = rows[i];
  return found;
}

BenchFloor *
bench_floor_new (gsize working_set, BenchParty parties[BENCH_FLOOR_PARTIES])
{
  static void (*const run[BENCH_FLOOR_PARTIES]) (gpointer) = { run_read, run_float, run_bytes, run_shorts };
  BenchFloor *floor = g_new0 (BenchFloor, 1);

  floor->limits = find_limits ();
  floor->size = MAX (1, (working_set + GRAIN - 1) / GRAIN) * GRAIN;
  floor->passes = MAX (1, PASS / floor->size);
  floor->buffer = g_aligned_alloc (floor->size, 1, 64);
  for (gsize i = 0; i < floor->size; i++)
    ((guint8 *) floor->buffer)[i] = (guint8) i; /* pages of their own: all pages of zeros are the same one */
  for (guint i = 0; i < BENCH_FLOOR_PARTIES; i++)
    parties[i] = (BenchParty) { run[i], floor };
  return floor;
}

void
bench_floor_free (BenchFloor *floor)
{
  g_aligned_free (floor->buffer);
  g_free (floor);
}

gdouble
bench_floor_get (const BenchFloor *floor, const BenchWork *work, const BenchSettings *settings,
    const BenchParty parties[BENCH_FLOOR_PARTIES])
{
  gdouble us = 0, rate = 0;
  gdouble bandwidth = floor->size * floor->passes / bench_party_quantile (&parties[0], 0.5);
  guint first = settings->precision->weight_size == 1 ? 1 : 0, last = first ? 2 : 0;

  for (guint i = first; i <= last; i++)
    rate = MAX (rate, floor->operations[i] / bench_party_quantile (&parties[i + 1], 0.5));
  rate *= settings->threads;
  for (guint i = 0; i < work->needs->len; i++) {
    const BenchNeed *need = &g_array_index (work->needs, BenchNeed, i);

    us += need->times * MAX (need->bytes / bandwidth, need->operations / rate);
  }
  return us;
}
