/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which examples an epoch takes, and in which order: sorted by length with some jitter, so that a minibatch needs little
 * padding yet differs from epoch to epoch, then cut into minibatches, which are shuffled.
 *
 * An example of weight w is taken w times on average: of all examples in random order, one is taken at each whole number
 * that the sum of weights passes, from a random start on, so an epoch always has as many. */
#include "dataset.h"
#include "../base/rng.h"
#include <math.h>

#define ROUNDING 1e-6           /* more than a sum of weights is off by */
#define LENGTH_JITTER 0.2f      /* examples mix with those up to this much longer */

static gdouble
get_weight (const RnnDataset *dataset, guint32 example)
{
  guint group = RNN_EXAMPLE (dataset, example)->group;

  return group < dataset->weights->len ? g_array_index (dataset->weights, gfloat, group) : 1;
}

static gdouble
sum_weights (const RnnDataset *dataset)
{
  gdouble sum = 0;

  for (guint i = 0; i < dataset->examples->len; i++)
    sum += get_weight (dataset, i);
  return sum;
}

/* @order, of all examples, to those that are taken. */
static GArray *
take_weighed (const RnnDataset *dataset, GArray *order, RnnRng *rng)
{
  GArray *taken = g_array_new (FALSE, FALSE, sizeof (guint32));
  gdouble total = sum_weights (dataset), whole = floor (total + ROUNDING), rest = MAX (total - whole, 0);
  gdouble sum = rnn_rng_uniform (rng) * (1 - rest) + ROUNDING;

  for (guint i = 0; i < order->len; i++) {
    guint32 example = g_array_index (order, guint32, i);

    sum += get_weight (dataset, example);
    while (taken->len + 1 <= sum && taken->len < whole)
      g_array_append_val (taken, example);
  }
  g_array_unref (order);
  return taken;
}

GArray *
rnn_dataset_draw (const RnnDataset *dataset, guint64 seed)
{
  GArray *order = g_array_sized_new (FALSE, FALSE, sizeof (guint32), dataset->examples->len);
  RnnRng rng;

  for (guint32 i = 0; i < dataset->examples->len; i++)
    g_array_append_val (order, i);
  if (!dataset->weighed)
    return order;
  rnn_rng_seed (&rng, seed, 0);
  rnn_rng_shuffle (&rng, (guint32 *) order->data, order->len);
  return take_weighed (dataset, order, &rng);
}

typedef struct {
  gfloat key;
  guint32 example;
} Ranked;

static gint
compare_ranked (gconstpointer a, gconstpointer b)
{
  const Ranked *l = a, *r = b;

  if (l->key != r->key)
    return l->key < r->key ? -1 : 1;
  return l->example < r->example ? -1 : l->example > r->example;
}

static void
sort_ranked (Ranked *ranked, guint n, guint32 *order)
{
  qsort (ranked, n, sizeof (Ranked), compare_ranked);
  for (guint i = 0; i < n; i++)
    order[i] = ranked[i].example;
}

void
rnn_epoch_init (RnnEpoch *epoch, RnnDataset *dataset, guint batch_size, guint64 seed, guint number,
    gboolean short_first)
{
  g_autoptr (GArray) drawn = rnn_dataset_draw (dataset, rnn_mix_seed (seed, number, 3));
  guint n = drawn->len;
  g_autofree Ranked *ranked = g_new (Ranked, n + 1);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, number);
  epoch->n = n;
  epoch->batch_size = batch_size;
  epoch->n_batches = (n + batch_size - 1) / batch_size;
  epoch->order = g_new (guint32, n + 1);
  epoch->batches = g_new (guint32, epoch->n_batches + 1);
  for (guint i = 0; i < n; i++) {
    ranked[i].example = g_array_index (drawn, guint32, i);
    ranked[i].key = RNN_EXAMPLE (dataset, ranked[i].example)->n_frames * (1 + LENGTH_JITTER * rnn_rng_uniform (&rng));
  }
  sort_ranked (ranked, n, epoch->order);

  for (guint b = 0; b < epoch->n_batches; b++) {
    guint first = b * batch_size, count = MIN (batch_size, n - first);

    epoch->batches[b] = b;
    for (guint i = 0; i < count; i++) {
      ranked[i].example = epoch->order[first + i];
      ranked[i].key = RNN_EXAMPLE (dataset, ranked[i].example)->n_frames;
    }
    sort_ranked (ranked, count, epoch->order + first);
  }
  if (!short_first)
    rnn_rng_shuffle (&rng, epoch->batches, epoch->n_batches);
}

void
rnn_epoch_clear (RnnEpoch *epoch)
{
  g_clear_pointer (&epoch->order, g_free);
  g_clear_pointer (&epoch->batches, g_free);
}

guint
rnn_epoch_get (const RnnEpoch *epoch, guint i, const guint32 **examples)
{
  guint first = epoch->batches[i] * epoch->batch_size;

  *examples = epoch->order + first;
  return MIN (epoch->batch_size, epoch->n - first);
}
