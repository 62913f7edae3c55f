/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the largest minibatch fits into memory, asked before the first one: what a shard makes room for (shard.c), of all
 * shards at once, with examples as long as the longest. */
#include "trainer.h"
#include "augment.h"
#include <unistd.h>

#define GROWTH 1.25             /* of RnnBuffer */

static gsize
count_steps (const RnnFraming *framing, gsize n)
{
  return (n < (gsize) framing->stack ? 0 : (n - framing->stack) / framing->stride + 1) + framing->latency;
}

/* Bytes for @B examples as long and as talkative as @example, in one shard. */
static gdouble
measure_shard (const RnnTrainer *t, const RnnExample *example, gint B, gboolean training)
{
  const RnnCell *root = rnn_model_get_root (t->learner.model);
  const RnnFraming *framing = &t->learner.task.framing;
  gsize frames = training ? rnn_augment_max_frames (&t->learner.config, example->n_frames) : example->n_frames;
  gsize T = count_steps (framing, frames), chunk = t->learner.config.bptt && training ? MIN ((gsize) t->learner.config.bptt, T) : T;
  RnnLabels labels = rnn_task_get_labels (&t->learner.task, example);
  gdouble per_step = 2.0 * framing->n_in + root->n_out + (training ? root->n_out + root->n_tape : 0);
  gdouble floats = T * B * per_step + 2.0 * frames * framing->n_feature;

  if (training || root->offline)
    floats += (gdouble) B * (chunk * root->n_scratch + root->n_scratch_once) +
        (gdouble) B * (T / MAX (chunk, 1) + 2) * root->n_state;
  floats += rnn_output_scratch (t->learner.task.output, &labels, (gint) T);
  return GROWTH * floats * sizeof (gfloat);
}

static guint
find_longest (const RnnDataset *dataset)
{
  guint longest = 0;

  for (guint i = 1; i < dataset->examples->len; i++)
    if (RNN_EXAMPLE (dataset, i)->n_frames > RNN_EXAMPLE (dataset, longest)->n_frames)
      longest = i;
  return longest;
}

/* Memory that the machine has, and that the process may have. */
static gboolean
has_room (gdouble bytes)
{
  gpointer room;

  if (bytes > 0.9 * sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE))
    return FALSE;
  room = g_try_malloc ((gsize) bytes);
  g_free (room);
  return room != NULL;
}

static gboolean
check_set (const RnnTrainer *t, const RnnDataset *dataset, const gchar *what, gboolean training, GError **error)
{
  guint longest = find_longest (dataset), n = MIN (dataset->examples->len, (guint) t->learner.config.batch_size);
  const RnnExample *example = RNN_EXAMPLE (dataset, longest);
  gint B = training ? (gint) ((n + t->learner.config.shards - 1) / t->learner.config.shards) : (gint) n;
  gdouble bytes = measure_shard (t, example, B, training) * t->learner.config.shards;

  if (has_room (bytes))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %s example %u has %u frames, and a minibatch of the like takes %.1f GB of "
      "memory: leave it out, or see batch_size%s", rnn_model_get_path (t->learner.model), what, longest, example->n_frames,
      bytes / 1e9, training ? " and bptt" : "");
  return FALSE;
}

gboolean
rnn_trainer_check_room (RnnTrainer *t, GError **error)
{
  return check_set (t, t->train, "training", TRUE, error) && (!t->dev || check_set (t, t->dev, "dev", FALSE, error));
}
