/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled once per row of the kernel table with that row's flags, as PEAK of PEAK_ROW; the flags decide which
 * instructions there are.
 *
 * Rates are those of so many independent chains of multiply-adds in registers; a step of a chain is a macro:
 * FLOAT (sum, a, b), BF16, BYTES, with their operations per vector. */
#include "peak.h"
#if defined __SSE2__
#include <immintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#endif

#define LANES ((gint) (__BIGGEST_ALIGNMENT__ / sizeof (gfloat)))
#define CHAINS 12               /* latency times units: of vdpbf16ps six cycles, two */
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

#define FLOAT(sum, a, b) ((V) (sum) * (V) (a) + (V) (b))        /* contracted */
#define FLOAT_OPERATIONS (2 * LANES)

#if defined __AVX512BF16__
#define BF16(sum, a, b) ((V) _mm512_dpbf16_ps ((__m512) (sum), (__m512bh) (a), (__m512bh) (b)))
#define BF16_OPERATIONS (4 * LANES)
#else                           /* widened to floats */
#define BF16 FLOAT
#define BF16_OPERATIONS FLOAT_OPERATIONS
#endif

#if defined __AVX512VNNI__
#define BYTES(sum, a, b) ((V) _mm512_dpbusd_epi32 ((__m512i) (sum), (__m512i) (a), (__m512i) (b)))
#elif defined __AVX512BW__
#define BYTES(sum, a, b) ((V) _mm512_add_epi32 ((__m512i) (sum), \
    _mm512_madd_epi16 (_mm512_maddubs_epi16 ((__m512i) (a), (__m512i) (b)), (__m512i) (b))))
#elif defined __AVX2__
#define BYTES(sum, a, b) ((V) _mm256_add_epi32 ((__m256i) (sum), \
    _mm256_madd_epi16 (_mm256_maddubs_epi16 ((__m256i) (a), (__m256i) (b)), (__m256i) (b))))
#elif defined __ARM_FEATURE_DOTPROD
#define BYTES(sum, a, b) ((V) vdotq_s32 ((int32x4_t) (sum), (int8x16_t) (a), (int8x16_t) (b)))
#elif defined __SSE2__
#define BYTES(sum, a, b) ((V) _mm_add_epi32 ((__m128i) (sum), _mm_madd_epi16 ((__m128i) (a), (__m128i) (b))))
#define BYTES_OPERATIONS (4 * LANES)    /* as shorts */
#else
#define BYTES FLOAT
#define BYTES_OPERATIONS FLOAT_OPERATIONS
#endif
#ifndef BYTES_OPERATIONS
#define BYTES_OPERATIONS (8 * LANES)
#endif

/* The factors pass for unknown in every round, else the compiler would take products out of the loop. */
#define RATE(NAME, STEP, OPERATIONS) \
  static gdouble \
  NAME (void) \
  { \
    V sum[CHAINS] = { 0 }, a = { 0 }, b = { 0 }; \
    a += 0.5f; \
    b += 1.0f; \
    for (gint r = 0; r < ROUNDS; r++) { \
      for (gint j = 0; j < CHAINS; j++) { \
        __asm__ volatile ("" : VECTOR (a), VECTOR (b)); \
        sum[j] = STEP (sum[j], a, b); \
      } \
    } \
    for (gint j = 0; j < CHAINS; j++) \
      for (gint l = 0; l < LANES; l++) \
        sink |= ((VI) sum[j])[l]; \
    return (gdouble) ROUNDS * CHAINS * OPERATIONS; \
  }

/* Four tiles of 16 x 16 sums, each of 16 words a step. */
#define TILES(NAME, STEP, OPERATIONS) \
  static gdouble \
  NAME (void) \
  { \
    struct { guint8 palette, start, reserved[14]; guint16 bytes[16]; guint8 rows[16]; } config = { .palette = 1 }; \
    for (gint t = 0; t < 8; t++) { \
      config.bytes[t] = 64; \
      config.rows[t] = 16; \
    } \
    __asm__ volatile ("" : : "r" (&config) : "memory"); /* GCC does not know that all of it is read */ \
    _tile_loadconfig (&config); \
    for (gint r = 0; r < ROUNDS / 4; r++) { \
      STEP (0, 4, 6); \
      STEP (1, 4, 7); \
      STEP (2, 5, 6); \
      STEP (3, 5, 7); \
    } \
    _tile_release (); \
    return (gdouble) ROUNDS * 16 * 16 * 16 * OPERATIONS; \
  }

#if defined __SSE2__
#define VECTOR(v) "+v" (v)
#elif defined __ARM_NEON
#define VECTOR(v) "+w" (v)
#else
#define VECTOR(v) "+m" (v)
#endif

RATE (multiply_float, FLOAT, FLOAT_OPERATIONS)
#ifdef __AMX_TILE__
TILES (multiply_bf16, _tile_dpbf16ps, 4)
TILES (multiply_bytes, _tile_dpbusd, 8)
#else
RATE (multiply_bf16, BF16, BF16_OPERATIONS)
RATE (multiply_bytes, BYTES, BYTES_OPERATIONS)
#endif

const RnnPeak PEAK = { PEAK_ROW, read_all, multiply_float, multiply_bf16, multiply_bytes };
