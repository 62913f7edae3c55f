/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC by definition: every path through a small matrix of random scores, and what its labels say. */
#pragma once
#include "base/rng.h"
#include "ctc/ctc.h"
#include <math.h>

#define T 6
#define V 4

static inline void
make_scores (gfloat scores[T][V], guint64 seed)
{
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (gint t = 0; t < T; t++) {
    for (gint v = 0; v < V; v++)
      scores[t][v] = 2 * rnn_rng_normal (&rng);
    rnn_log_softmax (V, scores[t], scores[t]);
  }
}

/* Adds e^log_p to what @text has. */
static inline void
add (GHashTable *texts, const gchar *text, gdouble log_p)
{
  gdouble *sum = g_hash_table_lookup (texts, text);

  if (!sum) {
    sum = g_new0 (gdouble, 1);
    g_hash_table_insert (texts, g_strdup (text), sum);
  }
  *sum += exp (log_p);
}

typedef void (*Say) (GHashTable *texts, const gint *labels, gint n, gdouble log_p);

/* Every path through the matrix, its labels given to @say. */
static inline GHashTable *
sum_up (gfloat scores[T][V], Say say)
{
  GHashTable *texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gint n_paths = 1;

  for (gint t = 0; t < T; t++)
    n_paths *= V;
  for (gint path = 0; path < n_paths; path++) {
    gint labels[T], n = 0, last = 0;
    gdouble log_p = 0;

    for (gint t = 0, rest = path; t < T; t++, rest /= V) {
      gint v = rest % V;

      log_p += scores[t][v];
      if (v != 0 && v != last)
        labels[n++] = v;
      last = v;
    }
    say (texts, labels, n, log_p);
  }
  return texts;
}
