/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stretches: what a stream is, made of examples.  All examples, shuffled, are cut into runs of about `join` frames; between
 * two of a run lies a pause.  A stretch holds no frames, only which examples it is made of: they are varied each for itself
 * and put together when a minibatch is built. */
#include "dataset.h"
#include "../base/rng.h"
#include <string.h>

#define SHORT_PAUSE 30          /* frames, as between phrases */
#define AT_ONCE 0.25f           /* of the stretches: begin with the first sound of their first example, as a tightly cut clip */

static gboolean
begins_at_once (RnnRng *rng)
{
  return rnn_rng_uniform (rng) < AT_ONCE;
}

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
append_text (GArray *labels, const RnnSequence *text, gint separator)
{
  if (labels->len && text->n && separator >= 0)
    g_array_append_val (labels, separator);
  g_array_append_vals (labels, text->ids, text->n);
}

/* Text number @k of all parts; what one of them does not know the stretch does not know. */
static RnnSequence
join_texts (RnnDataset *dataset, const RnnPart *parts, guint n, guint k, gint separator)
{
  g_autoptr (GArray) labels = g_array_new (TRUE, FALSE, sizeof (gint));
  gint length;

  for (guint i = 0; i < n; i++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, parts[i].example);

    if (k >= example->n_texts || !example->texts[k].ids)
      return (RnnSequence) { 0, NULL };
    append_text (labels, &example->texts[k], separator);
  }
  length = (gint) labels->len;
  return (RnnSequence) { length, (gint *) g_array_free (g_steal_pointer (&labels), FALSE) };
}

/* Targets of all parts, one after the other, with those of the pauses. (transfer full) */
static gfloat *
join_targets (RnnDataset *dataset, const RnnExample *stretch, gsize n_target, const gfloat *quiet)
{
  gfloat *targets = g_new (gfloat, MAX (stretch->n_frames * n_target, 1)), *at = targets;

  for (guint i = 0; i < stretch->n_parts; i++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, stretch->parts[i].example);

    for (guint t = 0; t < stretch->parts[i].pause; t++, at += n_target)
      memcpy (at, quiet, n_target * sizeof (gfloat));
    memcpy (at, example->targets, example->n_frames * n_target * sizeof (gfloat));
    at += example->n_frames * n_target;
  }
  return targets;
}

/* The stretch of examples order[n], of which @pauses[i] comes before the i-th. */
static RnnExample
make_stretch (RnnDataset *dataset, const guint32 *order, guint n, const guint *pauses, gint separator, const gfloat *quiet)
{
  RnnExample stretch = {.n_parts = n,.parts = g_new (RnnPart, n) };

  for (guint i = 0; i < n; i++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, order[i]);

    stretch.parts[i] = (RnnPart) { order[i], pauses[i] };
    stretch.n_frames += pauses[i] + example->n_frames;
    stretch.n_texts = MAX (stretch.n_texts, example->n_texts);
  }
  stretch.texts = g_new (RnnSequence, stretch.n_texts);
  for (guint k = 0; k < stretch.n_texts; k++)
    stretch.texts[k] = join_texts (dataset, stretch.parts, n, k, k == 0 ? separator : -1);
  if (quiet) {
    stretch.n_target = RNN_EXAMPLE (dataset, order[0])->n_target;
    stretch.targets = join_targets (dataset, &stretch, (gsize) stretch.n_target, quiet);
  }
  return stretch;
}

RnnDataset *
rnn_dataset_join (RnnDataset *dataset, guint length, guint pause, gint separator, const gfloat *quiet, guint64 seed)
{
  g_autoptr (GArray) drawn = rnn_dataset_draw (dataset, rnn_mix_seed (seed, 0, 3));
  guint n = drawn->len, first = 0;
  guint32 *order = (guint32 *) drawn->data;
  g_autofree guint *pauses = g_new (guint, n);
  RnnDataset *joined = rnn_dataset_new (dataset->n_feature);
  guint64 frames = 0;
  RnnRng rng;

  joined->source = dataset;
  rnn_rng_seed (&rng, seed, 0);
  rnn_rng_shuffle (&rng, order, n);
  for (guint i = 0; i < n; i++) {
    guint more = RNN_EXAMPLE (dataset, order[i])->n_frames;

    pauses[i] = i == first && begins_at_once (&rng) ? 0 : draw_pause (&rng, pause);
    if (i > first && frames + pauses[i] + more > length) {
      rnn_dataset_add (joined, make_stretch (dataset, order + first, i - first, pauses + first, separator, quiet));
      first = i;
      frames = 0;
    }
    frames += pauses[i] + more;
  }
  if (n > first)
    rnn_dataset_add (joined, make_stretch (dataset, order + first, n - first, pauses + first, separator, quiet));
  return joined;
}
