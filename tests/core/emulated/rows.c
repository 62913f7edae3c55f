/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the place of the library's list of rows: those that x86-64 with AVX2 can only run emulated.  Slow, and they say
 * nothing of the real instructions' timing, but every operation of every kernel is that of the real row. */
#include "kernels/rows.h"

extern const RnnKernels rnn_emulated_avx512, rnn_emulated_avx512vnni, rnn_emulated_avx512bf16, rnn_emulated_amx,
    rnn_emulated_neon, rnn_emulated_neondot;

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
}

const RnnKernels *const *
rnn_kernels_list (void)
{
  static const RnnKernels *const originals[] = { &rnn_emulated_avx512, &rnn_emulated_avx512vnni,
    &rnn_emulated_avx512bf16, &rnn_emulated_amx, &rnn_emulated_neon, &rnn_emulated_neondot };
  static RnnKernels rows[G_N_ELEMENTS (originals)];
  static const RnnKernels *list[G_N_ELEMENTS (originals) + 1];

  for (guint i = 0; i < G_N_ELEMENTS (originals) && !list[i]; i++) {
    rows[i] = rnn_kernels_whole (originals[i]);
    rows[i].supported = supported;
    list[i] = &rows[i];
  }
  return list;
}
