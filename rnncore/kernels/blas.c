/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file that knows OpenBLAS: training's products over all steps and streams at once.
 *
 * The threads of a training call it at once.  An OpenBLAS that was built without threads and without locks, as Debian's
 * libopenblas0-serial is, then hands the same buffer to two callers now and then, and both get wrong sums: there they
 * wait for each other.  One with threads locks by itself and is told to use a single one.
 *
 * A release that is older than the CPU may not know it and fall back to SSE: Debian 12's calls Emerald Rapids a Prescott. */
#include "blas.h"
#include "kernels.h"
#include <cblas.h>

static GMutex one_at_a_time;

static gboolean
needs_lock (void)
{
  static gsize kind;            /* 1: locks by itself, 2: does not */

  if (g_once_init_enter (&kind)) {
    gboolean threads = openblas_get_parallel () != OPENBLAS_SEQUENTIAL;

    if (threads)
      openblas_set_num_threads (1);
    g_once_init_leave (&kind, threads ? 1 : 2);
  }
  return kind == 2;
}

static void
enter (void)
{
  if (needs_lock ())
    g_mutex_lock (&one_at_a_time);
}

static void
leave (void)
{
  if (needs_lock ())
    g_mutex_unlock (&one_at_a_time);
}

/* x86 cores without AVX, by OpenBLAS's names */
static const gchar *const old_cores[] = { "Katmai", "Coppermine", "Northwood", "Prescott", "Banias", "Core2", "Penryn",
  "Dunnington", "Nehalem", "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Atom", "Nano", NULL };

gboolean
rnn_blas_is_fast (void)
{
  static gsize known;           /* 1: fast, 2: not */

  if (g_once_init_enter (&known)) {
    gboolean old = g_strv_contains (old_cores, openblas_get_corename ()), plain = g_str_equal (rnn_kernels ()->name, "c");

    g_once_init_leave (&known, old && !plain ? 2 : 1);
  }
  return known == 1;
}

void
rnn_blas_outer (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw)
{
  enter ();
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, rows, cols, n, 1.f, dy, (gint) lddy, x, (gint) ldx, 1.f, dw,
      cols);
  leave ();
}

void
rnn_blas_product (gint outputs, gint inputs, gint n, const gfloat *w, gsize ldw, gboolean transposed, const gfloat *x,
    gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  enter ();
  cblas_sgemm (CblasRowMajor, CblasNoTrans, transposed ? CblasNoTrans : CblasTrans, n, outputs, inputs, 1.f, x, (gint) ldx,
      w, (gint) ldw, add, y, (gint) ldy);
  leave ();
}
