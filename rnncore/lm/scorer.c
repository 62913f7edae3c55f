/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of scorers. */
#include "scorer.h"

gpointer
rnn_scorer_alloc (const RnnScorerClass *klass)
{
  RnnScorer *scorer = g_malloc0 (klass->instance_size);

  scorer->klass = klass;
  g_atomic_ref_count_init (&scorer->refs);
  return scorer;
}

RnnScorer *
rnn_scorer_ref (RnnScorer *scorer)
{
  g_atomic_ref_count_inc (&scorer->refs);
  return scorer;
}

void
rnn_scorer_unref (RnnScorer *scorer)
{
  if (!scorer || !g_atomic_ref_count_dec (&scorer->refs))
    return;
  if (scorer->klass->finalize)
    scorer->klass->finalize (scorer);
  g_free (scorer);
}
