/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ranks of a training and the sum of their gradients.
 *
 * Rank r owns the r-th run of a minibatch's shards, and the sum goes along a chain: rank 0 adds up its shards, rank 1
 * adds its own to what it gets, one after the other, and so on; the last one has what a single process would have, bit
 * for bit, and shares it.  Blocks keep all ranks of the chain busy at once. */
#include "reduce.h"
#include "../base/error.h"
#include "../base/module.h"
#include "../kernels/kernels.h"
#include <stdlib.h>
#include <string.h>
#include "train.h"

#define BLOCK 65536             /* floats per message */
#define PATIENCE (10 * G_USEC_PER_SEC)  /* for the others to hear that this rank leaves */

/* ---- the table: alone, and MPI ---- */

static gboolean
alone_join (guint *rank, guint *size, GError **error)
{
  *rank = 0;
  *size = 1;
  return TRUE;
}

static gint
alone_agree (gint word, gint64 patience)
{
  return word;
}

static const RnnReduceClass none = { .name = "none", .join = alone_join, .agree = alone_agree };

/* What launchers tell their processes. */
static const struct {
  const gchar *size, *rank;
} launchers[] = {
  { "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK" },
  { "PMI_SIZE", "PMI_RANK" },
};

static gint
launched (gboolean rank)
{
  for (guint i = 0; i < G_N_ELEMENTS (launchers); i++) {
    const gchar *size = g_getenv (launchers[i].size), *number = g_getenv (launchers[i].rank);

    if (size && number)
      return atoi (rank ? number : size);
  }
  return rank ? 0 : 1;
}

gboolean
rnn_train_leads (void)
{
  return launched (TRUE) == 0;
}

static const RnnReduceClass *
find_class (GError **error)
{
  GModule *module;
  gpointer row;

  if (launched (FALSE) < 2)
    return &none;
  module = rnn_module_open ("librnncore-mpi.so", G_MODULE_BIND_LAZY);
  if (module && g_module_symbol (module, RNN_REDUCE_MPI, &row)) {
    g_module_make_resident (module);    /* MPI cannot start twice in a process */
    return row;
  }
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "mpirun started %d processes, but librnncore cannot train on "
      "them together: %s (it is built with -Dmpi=enabled)", launched (FALSE), g_module_error ());
  return NULL;
}

/* ---- joining and leaving ---- */

static gint taken;              /* atomic: a trainer of this process takes part, or a rank left too early */

gboolean
rnn_reduce_join (RnnReduce *reduce, GError **error)
{
  *reduce = (RnnReduce) { .klass = find_class (error), .size = 1 };
  if (!reduce->klass || reduce->klass == &none)
    return reduce->klass != NULL;
  if (!g_atomic_int_compare_and_exchange (&taken, FALSE, TRUE)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "mpirun started this process for one training, which is "
        "still running or was left early");
    return FALSE;
  }
  reduce->joined = reduce->klass->join (&reduce->rank, &reduce->size, error);
  reduce->block = g_new (gfloat, BLOCK);
  return reduce->joined;
}

void
rnn_reduce_leave (RnnReduce *reduce, gboolean early)
{
  g_clear_pointer (&reduce->block, g_free);
  if (!reduce->joined)
    return;
  reduce->joined = FALSE;
  if (early)
    reduce->klass->agree (RNN_REDUCE_LEFT, PATIENCE);
  else
    g_atomic_int_set (&taken, FALSE);
  reduce->klass->leave ();
}

gint
rnn_reduce_agree (RnnReduce *reduce, gint word)
{
  gint largest = reduce->klass->agree (word, 0);

  if (largest != 0 && reduce->joined) {         /* all ranks know, nobody waits for this one any more */
    reduce->joined = FALSE;
    reduce->klass->leave ();
  }
  return largest;
}

/* ---- sums ---- */

static void
add_parts (gsize at, gint n, gfloat *const *parts, guint n_parts, gfloat *sum)
{
  for (guint i = 1; i < n_parts; i++)
    rnn_kernels ()->add (n, parts[i] + at, sum + at);
}

/* One block of the chain.  parts[0] is there already and what comes in is added to it: a + b is b + a. */
static void
sum_block (RnnReduce *reduce, gsize at, gint n, gfloat *const *parts, guint n_parts, gfloat *sum)
{
  if (reduce->rank > 0) {
    reduce->klass->receive (reduce->rank - 1, reduce->block, n);
    if (n_parts > 0)
      rnn_kernels ()->add (n, reduce->block, sum + at);
    else
      memcpy (sum + at, reduce->block, n * sizeof (gfloat));
  }
  add_parts (at, n, parts, n_parts, sum);
  if (reduce->rank + 1 < reduce->size)
    reduce->klass->send (reduce->rank + 1, sum + at, n);
}

void
rnn_reduce_sum (RnnReduce *reduce, gsize n, gfloat *const *parts, guint n_parts, gfloat *sum)
{
  for (gsize at = 0; at < n; at += BLOCK)
    sum_block (reduce, at, (gint) MIN (BLOCK, n - at), parts, n_parts, sum);
  rnn_reduce_share (reduce, reduce->size - 1, sum, n * sizeof (gfloat));
}

void
rnn_reduce_share (RnnReduce *reduce, guint root, gpointer data, gsize bytes)
{
  if (reduce->size > 1 && bytes > 0)
    reduce->klass->share (root, data, bytes);
}
