/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a benchmark would take on this machine if nothing but the inevitable were done:
 *
 *   sum over its needs of  times * max (bytes / bandwidth, operations / rate)
 *
 * Bandwidth is that of reading a buffer of the size of the working set again and again, so it is that of the cache that
 * the weights fit in; the rate is that of the best instructions of the kernels' row for such weights. */
#include "bench.h"
#include "kernels/kernels.h"
#include "kernels/pack.h"
#include "kernels/peak.h"

#define GRAIN 1024              /* bytes that read() takes at once, at least */
#define PASS (256 << 10)        /* bytes that one call reads at least: short ones would time the clock */

/* BENCH_ROWS comes from meson.build: ROW (c) ROW (avx2)... */
#define ROW(row) extern const RnnPeak bench_peak_##row;
BENCH_ROWS
#undef ROW

#define ROW(row) &bench_peak_##row,
static const RnnPeak *const rows[] = { BENCH_ROWS };
#undef ROW

struct _BenchFloor {
  const RnnPeak *peak;
  gsize size;                   /* of the buffer */
  guint passes;
  gpointer buffer;
  gdouble (*multiply) (void);
  gdouble operations;           /* of one call of it */
};

static void
run_read (gpointer data)
{
  const BenchFloor *floor = data;

  for (guint i = 0; i < floor->passes; i++)
    floor->peak->read (floor->buffer, floor->size);
}

static void
run_multiply (gpointer data)
{
  BenchFloor *floor = data;

  floor->operations = floor->multiply ();
}

/* The row that the kernels in use belong to: theirs, or the one whose name theirs begins with. */
static const RnnPeak *
find_peak (void)
{
  const RnnPeak *found = rows[0];

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_has_prefix (rnn_kernels ()->name, rows[i]->name))
      found = rows[i];
  return found;
}

BenchFloor *
bench_floor_new (const BenchWork *work, const BenchSettings *settings, BenchParty parties[BENCH_FLOOR_PARTIES])
{
  const RnnPeak *peak = find_peak ();
  gint weight_size = settings->precision->weight_size;
  BenchFloor *floor = g_new0 (BenchFloor, 1);

  floor->peak = peak;
  floor->multiply = weight_size == 1 ? peak->multiply_bytes : weight_size == 2 ? peak->multiply_bf16
      : peak->multiply_float;
  floor->size = MAX (1, (work->working_set + GRAIN - 1) / GRAIN) * GRAIN;
  floor->passes = MAX (1, PASS / floor->size);
  floor->buffer = rnn_pack_alloc (floor->size);
  for (gsize i = 0; i < floor->size; i++)
    ((guint8 *) floor->buffer)[i] = (guint8) i; /* pages of their own: all pages of zeros are the same one */
  parties[0] = (BenchParty) { run_read, floor };
  parties[1] = (BenchParty) { run_multiply, floor };
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
  gdouble bandwidth = floor->size * floor->passes / bench_party_quantile (&parties[0], 0.5);
  gdouble rate = settings->threads * floor->operations / bench_party_quantile (&parties[1], 0.5), us = 0;

  for (guint i = 0; i < work->needs->len; i++) {
    const BenchNeed *need = &g_array_index (work->needs, BenchNeed, i);

    us += need->times * MAX (need->bytes / bandwidth, need->operations / rate);
  }
  return us;
}
