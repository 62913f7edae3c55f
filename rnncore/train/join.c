/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stretches: what a stream is, made of examples.  All examples, shuffled, are cut into runs of about `join` frames; between
 * two of a run lies a pause.  A stretch holds no frames, only which examples it is made of: they are varied each for itself
 * and put together when a minibatch is built. */
#include "dataset.h"
#include <string.h>

#define SHORT_PAUSE 30          /* frames, as between phrases */

/* Two of five pauses are short ones; the others are of any length, short ones more often. */
static guint
draw_pause (RnnRng *rng, guint longest)
{
  gfloat u = rnn_rng_uniform (rng);

  if (rnn_rng_uniform (rng) < 0.4f)
    return rnn_rng_below (rng, MIN (longest, SHORT_PAUSE) + 1);
  return (guint) (longest * u * u);
}

static void
append_labels (GArray *labels, const RnnExample *example, gint separator)
{
  if (labels->len && example->n_labels && separator >= 0)
    g_array_append_val (labels, separator);
  g_array_append_vals (labels, example->labels, example->n_labels);
}

/* The stretch of examples order[n], of which @pauses[i] comes before the i-th. */
static RnnExample
make_stretch (RnnDataset *dataset, const guint32 *order, guint n, const guint *pauses, gint separator)
{
  RnnExample stretch = {.n_parts = n,.parts = g_new (RnnPart, n) };
  GArray *labels = g_array_new (FALSE, FALSE, sizeof (gint));

  for (guint i = 0; i < n; i++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, order[i]);

    stretch.parts[i] = (RnnPart) { order[i], pauses[i] };
    stretch.n_frames += pauses[i] + example->n_frames;
    append_labels (labels, example, separator);
  }
  stretch.n_labels = (gint) labels->len;
  stretch.labels = (gint *) g_array_free (labels, FALSE);
  return stretch;
}

RnnDataset *
rnn_dataset_join (RnnDataset *dataset, guint length, guint pause, gint separator, guint64 seed)
{
  guint n = dataset->examples->len, first = 0;
  g_autofree guint32 *order = g_new (guint32, n);
  g_autofree guint *pauses = g_new (guint, n);
  RnnDataset *joined = rnn_dataset_new (dataset->n_feature);
  guint64 frames = 0;
  RnnRng rng;

  joined->source = dataset;
  rnn_rng_seed (&rng, seed, 0);
  for (guint i = 0; i < n; i++)
    order[i] = i;
  rnn_rng_shuffle (&rng, order, n);
  for (guint i = 0; i < n; i++) {
    guint more = RNN_EXAMPLE (dataset, order[i])->n_frames;

    pauses[i] = draw_pause (&rng, pause);
    if (i > first && frames + pauses[i] + more > length) {
      rnn_dataset_add (joined, make_stretch (dataset, order + first, i - first, pauses + first, separator));
      first = i;
      frames = 0;
    }
    frames += pauses[i] + more;
  }
  if (n > first)
    rnn_dataset_add (joined, make_stretch (dataset, order + first, n - first, pauses + first, separator));
  return joined;
}
