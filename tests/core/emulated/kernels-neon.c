/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row neon, its intrinsics emulated by SIMDe (arm_neon.h here). */
#define rnn_kernels_neon rnn_emulated_neon
#include "kernels/kernels-neon.c"
