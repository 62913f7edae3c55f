/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recurrent model has read, kept: hypotheses have most of their words in common, steps ask the same words again, and words after one
 * state begin with the same tokens, so of the nodes of the tree of all that is asked few are new.  Sets of WAYS by key; of a set the one
 * goes that was not wanted for longest. */
#include "recurrent-private.h"
#include <string.h>

#define WAYS 8
#define BYTES (16 << 20)
#define FEWEST_SETS 16          /* of models with very many words */
#define SPARE (2 * RNN_RECURRENT_ROWS)  /* nodes behind the sets: of two steps of a call */
#define SUM 2                   /* floats behind y: what makes it log-probabilities */

void
rnn_recurrent_nodes_init (RnnRecurrentNodes *nodes, gsize n_state, gsize V)
{
  guint n_floats = (guint) (n_state + V + SUM);
  gsize n_sets = BYTES / (n_floats * WAYS * sizeof (gfloat));

  *nodes = (RnnRecurrentNodes) {.n_floats = n_floats,.n_state = (guint) n_state,.n_sets = (guint) MAX (n_sets, FEWEST_SETS) };
  n_sets = nodes->n_sets * WAYS;
  nodes->keys = g_new0 (guint64, n_sets);
  nodes->used = g_new0 (guint32, n_sets);
  nodes->floats = g_new (gfloat, (n_sets + SPARE) * n_floats);
}

void
rnn_recurrent_nodes_clear (RnnRecurrentNodes *nodes)
{
  g_free (nodes->keys);
  g_free (nodes->used);
  g_free (nodes->floats);
}

void
rnn_recurrent_nodes_begin (RnnRecurrentNodes *nodes)
{
  if (++nodes->now == 0) {
    memset (nodes->used, 0, nodes->n_sets * WAYS * sizeof *nodes->used);
    nodes->now = 1;
  }
}

static gsize
first_of (const RnnRecurrentNodes *nodes, guint64 key)
{
  return (gsize) ((key >> 32) * nodes->n_sets >> 32) * WAYS;
}

static void
point (const RnnRecurrentNodes *nodes, gsize place, RnnRecurrentNode *node)
{
  node->state = nodes->floats + place * nodes->n_floats;
  node->y = node->state + nodes->n_state;
}

gboolean
rnn_recurrent_nodes_find (RnnRecurrentNodes *nodes, guint64 key, RnnRecurrentNode *node)
{
  gsize first = first_of (nodes, key);

  for (gsize place = first; place < first + WAYS; place++)
    if (nodes->keys[place] == key) {
      nodes->used[place] = nodes->now;
      point (nodes, place, node);
      return TRUE;
    }
  return FALSE;
}

void
rnn_recurrent_nodes_add (RnnRecurrentNodes *nodes, guint64 key, RnnRecurrentNode *node)
{
  gsize first = first_of (nodes, key), oldest = first;

  for (gsize place = first; place < first + WAYS; place++)
    if (nodes->now - nodes->used[place] > nodes->now - nodes->used[oldest])
      oldest = place;
  if (nodes->used[oldest] == nodes->now) {
    point (nodes, (gsize) nodes->n_sets * WAYS + nodes->spare++ % SPARE, node);
    return;
  }
  nodes->keys[oldest] = key;
  nodes->used[oldest] = nodes->now;
  point (nodes, oldest, node);
}
