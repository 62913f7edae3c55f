/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the data set, for the files of train/. */
#pragma once
#include "train.h"

G_BEGIN_DECLS

/* An example in a stretch, and the frames of quiet before it. */
typedef struct {
  guint32 example;              /* of the source */
  guint pause;
} RnnPart;

typedef struct {
  guint n_frames;
  gfloat *frames;               /* [n_frames][n_feature] */
  guint n_texts;
  RnnSequence *texts;           /* [n_texts], each owned: CTC, one for every head */
  gint n_target;
  gfloat *targets;              /* [n_frames][n_target], or NULL */
  guint n_parts;                /* of a stretch, which has no frames of its own; else 0 */
  RnnPart *parts;
} RnnExample;

struct _RnnDataset {
  gint n_feature;
  GArray *examples;             /* of RnnExample */
  guint64 n_frames;             /* of all */
  RnnDataset *source;           /* of the parts of stretches (borrowed), or NULL */
};

#define RNN_EXAMPLE(d, i) (&g_array_index ((d)->examples, RnnExample, i))

/* The minibatches of one epoch: examples of like length together, minibatches in random order. */
typedef struct {
  guint n, batch_size, n_batches;
  guint32 *order;               /* [n] examples, minibatch after minibatch */
  guint32 *batches;             /* [n_batches] which minibatch comes when */
} RnnEpoch;

/* Follows from the arguments alone.  @short_first: minibatches from short to long. */
void rnn_epoch_init (RnnEpoch *epoch, RnnDataset *dataset, guint batch_size, guint64 seed, guint number,
    gboolean short_first);
void rnn_epoch_clear (RnnEpoch *epoch);
/* Examples of minibatch @i, shortest first; returns how many. */
guint rnn_epoch_get (const RnnEpoch *epoch, guint i, const guint32 **examples);

/* Adds the example, whose arrays it takes. */
void rnn_dataset_add (RnnDataset *dataset, RnnExample example);
/* All examples of @dataset, which must stay, in stretches of about @length frames (a longer example is one of its own) with
 * pauses of up to @pause frames; first texts of neighbours are parted by @separator (-1: by nothing).  Follows from the
 * arguments alone. (transfer full) */
RnnDataset *rnn_dataset_join (RnnDataset *dataset, guint length, guint pause, gint separator, guint64 seed);

/* One number out of several, for seeds (never 0). */
guint64 rnn_mix_seed (guint64 a, guint64 b, guint64 c);

G_END_DECLS
