/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the data set, for the files of train/. */
#pragma once
#include "train.h"

G_BEGIN_DECLS

/* Floats that only grow: reused from update to update. */
typedef struct {
  gfloat *data;
  gsize size;
} RnnBuffer;

gfloat *rnn_buffer_need (RnnBuffer *buffer, gsize n);   /* room for n, contents undefined */
void    rnn_buffer_clear (RnnBuffer *buffer);

/* An example in a stretch, and the frames of quiet before it. */
typedef struct {
  guint32 example;              /* of the source */
  guint pause;
} RnnPart;

typedef struct {
  guint n_frames;
  guint32 group;                /* of the data set's */
  gfloat *frames;               /* [n_frames][n_feature]; NULL: frames `at` and on of the store */
  guint64 at;
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
  guint64 n_missing;            /* values of frames that were no finite numbers */
  GPtrArray *groups;            /* names */
  GArray *weights;              /* gfloat, of each group */
  gboolean weighed;             /* one of them may not be 1 */
  guint32 group;                /* of the examples to come */
  struct _RnnStore *store;      /* owned, or NULL: frames are in memory */
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

/* The frames [n_frames][n_feature] of an example that is no stretch: where they lie, or in @room. */
const gfloat *rnn_dataset_read (const RnnDataset *dataset, const RnnExample *example, RnnBuffer *room);
/* guint32 examples that an epoch is made of, by the weights of their groups: in order, without any each one once.
 * (transfer full) */
GArray *rnn_dataset_draw (const RnnDataset *dataset, guint64 seed);
/* Removes all examples. */
void rnn_dataset_empty (RnnDataset *dataset);
/* Adds the example, whose arrays it takes. */
void rnn_dataset_add (RnnDataset *dataset, RnnExample example);
/* All examples of @dataset, which must stay, in stretches of about @length frames (a longer example is one of its own) with
 * pauses of up to @pause frames; first texts of neighbours are parted by @separator (-1: by nothing), targets by @quiet (of one
 * frame; NULL: they have none).  Follows from the arguments alone. (transfer full) */
RnnDataset *rnn_dataset_join (RnnDataset *dataset, guint length, guint pause, gint separator, const gfloat *quiet, guint64 seed);

/* One number out of several, for seeds (never 0). */
guint64 rnn_mix_seed (guint64 a, guint64 b, guint64 c);

G_END_DECLS
