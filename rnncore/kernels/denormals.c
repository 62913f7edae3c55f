/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Denormal numbers taken for 0: a bit of the register that controls floating-point arithmetic. */
#include "denormals.h"

#if defined (__SSE2__)
#include <xmmintrin.h>
#define FLUSH 0x8040u           /* results, operands */

guint64
rnn_denormals_flush (void)
{
  guint before = _mm_getcsr ();

  _mm_setcsr (before | FLUSH);
  return before;
}

void
rnn_denormals_restore (guint64 before)
{
  _mm_setcsr ((guint) before);
}

#elif defined (__aarch64__)
#define FLUSH (G_GUINT64_CONSTANT (1) << 24)

guint64
rnn_denormals_flush (void)
{
  guint64 before;

  __asm__ volatile ("mrs %0, fpcr" : "=r" (before));
  __asm__ volatile ("msr fpcr, %0" : : "r" (before | FLUSH));
  return before;
}

void
rnn_denormals_restore (guint64 before)
{
  __asm__ volatile ("msr fpcr, %0" : : "r" (before));
}

#else                           /* they are left as they are */

guint64
rnn_denormals_flush (void)
{
  return 0;
}

void
rnn_denormals_restore (guint64 before)
{
}

#endif
