/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of this build's kernel table as they are compiled, for cpu.c and the files that define them. */
#pragma once
#include "kernels.h"

extern const RnnKernels rnn_kernels_c, rnn_kernels_avx2, rnn_kernels_avx512, rnn_kernels_avx512vnni, rnn_kernels_avx512bf16,
    rnn_kernels_amx, rnn_kernels_neon, rnn_kernels_neondot;

/* A whole row: what @row leaves out is that of @row->floats. */
RnnKernels rnn_kernels_whole (const RnnKernels *row);
