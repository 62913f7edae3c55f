/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do, measured by loops that do nothing else: read memory, and multiply and add.  Compiled once
 * per row of the kernel table with that row's flags, as LIMITS of LIMITS_ROW; the compiler chooses the instructions. */
#include "bench.h"

#define LANES ((gint) (__BIGGEST_ALIGNMENT__ / sizeof (gfloat)))
#define CHAINS 10               /* independent, more than latency times units */
#define ROUNDS 2000

typedef gfloat V __attribute__ ((vector_size (__BIGGEST_ALIGNMENT__), may_alias));
typedef gint32 VI __attribute__ ((vector_size (__BIGGEST_ALIGNMENT__), may_alias));

static volatile gint32 sink;    /* what nobody needs would not be computed */

/* Four quarters side by side: prefetchers follow several streams faster than one. */
static void
read_all (gconstpointer buffer, gsize bytes)
{
  gsize quarter = bytes / sizeof (VI) / 4;
  const VI *v = buffer;
  VI sum[8] = { 0 };

  for (gsize i = 0; i < quarter; i += 2)
    for (gint j = 0; j < 8; j++)
      sum[j] |= v[i + j % 2 + (j / 2) * quarter];
  sum[0] |= sum[1] | sum[2] | sum[3] | sum[4] | sum[5] | sum[6] | sum[7];
  for (gint j = 0; j < LANES; j++)
    sink |= sum[0][j];
}

static gdouble
multiply_float (void)
{
  V sum[CHAINS] = { 0 }, factor = { 0 }, addend = { 0 };

  factor += 0.5f;
  addend += 1.0f;
  __asm__ volatile ("" : "+m" (factor), "+m" (addend)); /* unknown to the compiler */
  for (gint r = 0; r < ROUNDS; r++)
    for (gint j = 0; j < CHAINS; j++)
      sum[j] = sum[j] * factor + addend;
  for (gint j = 1; j < CHAINS; j++)
    sum[0] += sum[j];
  for (gint j = 0; j < LANES; j++)
    sink |= (gint32) sum[0][j];
  return 2.0 * ROUNDS * CHAINS * LANES;
}

/* Dot products of 2 rows with 4, so that few operands have to be loaded.  Factors of 8 bits suit machines with such an
 * instruction, of 16 all others: the faster one counts. */
#define LENGTH 512
#define PADDING 64              /* rows a power of two apart would meet in few sets of the cache */
#define PAGE 4096               /* and where they start decides, too */
#define PASSES 32
#define DOT_PRODUCTS(NAME, TYPE_A, TYPE_B) \
  static TYPE_A NAME##_a[2][LENGTH + PADDING] __attribute__ ((aligned (PAGE))); \
  static TYPE_B NAME##_b[4][LENGTH + PADDING] __attribute__ ((aligned (PAGE))); \
  static gdouble \
  NAME (void) \
  { \
    gint32 s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0; \
    for (gint p = 0; p < PASSES; p++) { \
      __asm__ volatile ("" : : "r" (NAME##_a), "r" (NAME##_b) : "memory"); /* zeros, but the compiler must not know */ \
      for (gint i = 0; i < LENGTH; i++) { \
        s0 += NAME##_a[0][i] * NAME##_b[0][i]; \
        s1 += NAME##_a[0][i] * NAME##_b[1][i]; \
        s2 += NAME##_a[0][i] * NAME##_b[2][i]; \
        s3 += NAME##_a[0][i] * NAME##_b[3][i]; \
        s4 += NAME##_a[1][i] * NAME##_b[0][i]; \
        s5 += NAME##_a[1][i] * NAME##_b[1][i]; \
        s6 += NAME##_a[1][i] * NAME##_b[2][i]; \
        s7 += NAME##_a[1][i] * NAME##_b[3][i]; \
      } \
    } \
    sink |= s0 | s1 | s2 | s3 | s4 | s5 | s6 | s7; \
    return 2.0 * PASSES * 8 * LENGTH; \
  }

DOT_PRODUCTS (multiply_bytes, guint8, gint8)
DOT_PRODUCTS (multiply_shorts, gint16, gint16)

const BenchLimits LIMITS = { LIMITS_ROW, read_all, { multiply_float, multiply_bytes, multiply_shorts } };
