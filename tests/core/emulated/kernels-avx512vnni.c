/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row avx512vnni, its intrinsics emulated by SIMDe. */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define RNN_EMULATED
#define rnn_kernels_avx512vnni rnn_emulated_avx512vnni
#include "kernels/kernels-avx512vnni.c"
