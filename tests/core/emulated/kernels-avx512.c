/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row avx512, its intrinsics emulated by SIMDe. */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#undef _mm512_madd_epi16        /* SIMDe 0.7.4 gives its alias the arguments of the masked one */
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16 (a, b)
#define RNN_EMULATED
#define rnn_kernels_avx512 rnn_emulated_avx512
#include "kernels/kernels-avx512.c"
