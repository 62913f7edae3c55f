/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row neondot, its intrinsics emulated by SIMDe (arm_neon.h here). */
#define rnn_kernels_neon rnn_emulated_neon
#define rnn_kernels_neondot rnn_emulated_neondot
#include "kernels/kernels-neondot.c"
