/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows avx512vnni and avx512bf16, their intrinsics emulated by SIMDe, and amx (amx.h). */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include "amx.h"
#define RNN_EMULATED
#define rnn_kernels_avx512 rnn_emulated_avx512
#define rnn_kernels_avx512vnni rnn_emulated_avx512vnni
#define rnn_kernels_avx512bf16 rnn_emulated_avx512bf16
#define rnn_kernels_amx rnn_emulated_amx
#include "kernels/kernels-avx512vnni.c"
