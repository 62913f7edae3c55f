/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Examples of the adding problem. */
#include "adding.h"
#include "train/dataset.h"
#include <math.h>

/* Marks in the two halves of the first @span steps. */
static void
fill (RnnExample *example, guint span, RnnRng *rng)
{
  guint n = example->n_frames, half = span / 2;
  guint marked[2] = { rnn_rng_below (rng, half), half + rnn_rng_below (rng, span - half) };

  for (guint t = 0; t < n; t++) {
    example->frames[2 * t] = rnn_rng_uniform (rng);
    example->frames[2 * t + 1] = t == marked[0] || t == marked[1];
    example->targets[t] = NAN;
  }
  example->targets[n - 1] = example->frames[2 * marked[0]] + example->frames[2 * marked[1]];
}

static void
refresh (RnnDataset *dataset, guint part, guint64 seed)
{
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (guint i = 0; i < rnn_dataset_get_n (dataset); i++)
    fill (RNN_EXAMPLE (dataset, i), RNN_EXAMPLE (dataset, i)->n_frames / part, &rng);
}

void
adding_refresh (RnnDataset *dataset, guint64 seed, gpointer unused)
{
  refresh (dataset, 1, seed);
}

void
adding_refresh_early (RnnDataset *dataset, guint64 seed, gpointer unused)
{
  refresh (dataset, 5, seed);
}

RnnDataset *
adding_new (guint n, guint n_steps, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (2);
  g_autofree gfloat *zeros = g_new0 (gfloat, 2 * n_steps);

  for (guint i = 0; i < n; i++)
    rnn_dataset_add_series (dataset, zeros, n_steps, zeros, 1);
  adding_refresh (dataset, seed, NULL);
  return dataset;
}
