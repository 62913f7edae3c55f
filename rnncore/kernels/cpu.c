/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picks the row of the kernel table, once per process. */
#include "rows.h"
#include <string.h>

static const RnnKernels *const compiled[] = {
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
};

static RnnKernels whole[G_N_ELEMENTS (compiled)];
static const RnnKernels *rows[G_N_ELEMENTS (compiled) + 1];
static const RnnKernels *current;

RnnKernels
rnn_kernels_whole (const RnnKernels *row)
{
  const RnnKernels *floats = row->floats;
  RnnKernels made = *row;

  if (!floats)
    return made;
  for (gint type = 0; type < RNN_N_PACKS; type++)
    if (!made.linear[type]) {
      made.linear[type] = floats->linear[type];
      made.lstm_step[type] = floats->lstm_step[type];
      made.gru_step[type] = floats->gru_step[type];
    }
  memcpy (&made.sigmoid, &floats->sigmoid, sizeof made - G_STRUCT_OFFSET (RnnKernels, sigmoid));
  return made;
}

static void
make_rows (void)
{
  static gsize made;

  if (!g_once_init_enter (&made))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (compiled); i++) {
    whole[i] = rnn_kernels_whole (compiled[i]);
    rows[i] = &whole[i];
  }
  g_once_init_leave (&made, 1);
}

/* weak: a test of rows that this CPU lacks has its own */
__attribute__ ((weak)) const RnnKernels *const *
rnn_kernels_list (void)
{
  make_rows ();
  return rows;
}

const RnnKernels *
rnn_kernels_find (const gchar *name)
{
  make_rows ();
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

  make_rows ();
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
