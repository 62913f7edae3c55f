/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picks the row of the kernel table, once per process. */
#include "rows.h"

static const RnnKernels *const rows[] = {
  &rnn_kernels_c,
#ifdef RNN_HAVE_AVX2
  &rnn_kernels_avx2,
#endif
#ifdef RNN_HAVE_AVX512
  &rnn_kernels_avx512,
#endif
#ifdef RNN_HAVE_AVX512VNNI
  &rnn_kernels_avx512vnni,
  &rnn_kernels_avx512bf16,
  &rnn_kernels_amx,
#endif
#ifdef RNN_HAVE_NEON
  &rnn_kernels_neon,
#endif
#ifdef RNN_HAVE_NEONDOT
  &rnn_kernels_neondot,
#endif
  NULL
};

static const RnnKernels *current;

/* weak: a test of rows that this CPU lacks has its own */
__attribute__ ((weak)) const RnnKernels *const *
rnn_kernels_list (void)
{
  return rows;
}

const RnnKernels *
rnn_kernels_find (const gchar *name)
{
  for (guint i = 0; rows[i]; i++)
    if (g_str_equal (rows[i]->name, name))
      return rows[i]->supported () ? rows[i] : NULL;
  return NULL;
}

static const RnnKernels *
pick (void)
{
  const gchar *wanted = g_getenv ("RNN_CPU");
  const RnnKernels *best = wanted ? rnn_kernels_find (wanted) : NULL;

  if (best)
    return best;
  if (wanted)
    g_warning ("RNN_CPU=%s: no such kernels on this machine, choosing the best there are", wanted);
  for (guint i = 0; rows[i]; i++)
    if (rows[i]->supported () && (!rows[i]->pays || rows[i]->pays ()))
      best = rows[i];
  return best;
}

const RnnKernels *
rnn_kernels (void)
{
  const RnnKernels *row = g_atomic_pointer_get (&current);

  if (G_UNLIKELY (!row)) {
    row = pick ();
    g_atomic_pointer_set (&current, row);
  }
  return row;
}

void
rnn_kernels_use (const RnnKernels *row)
{
  g_atomic_pointer_set (&current, row);
}
