/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One piece of a minibatch: everything that a thread needs to run it, reused from update to update. */
#pragma once
#include "task.h"
#include "../model/root.h"

G_BEGIN_DECLS

typedef struct {
  const RnnTask *task;
  RnnBatch batch;
  gint chunk;                   /* steps per truncated chunk */
  gint *lengths;                /* [B] within the chunk under way */
  RnnBuffer y, dy;              /* [T][B][n_out] */
  RnnBuffer entry;              /* [chunks + 1][B][n_state]: the state before each chunk */
  RnnBuffer dstate;             /* [B][n_state] */
  RnnBuffer tape, scratch, loss_scratch;
  gfloat *grad;                 /* [n_params], NULL until trained */
  gboolean adds;                /* to the gradients that are there, of the same update */
  RnnMeasure measure;
} RnnShard;

gboolean rnn_shard_init (RnnShard *shard, const RnnTask *task, GError **error);
void     rnn_shard_clear (RnnShard *shard);

/* shard->grad, made when it is not there yet */
gfloat  *rnn_shard_need_grad (RnnShard *shard);
/* Forward and backward over examples[n]: shard->grad = (if it adds: +=) the sum of their gradients times @scale, losses[n] = the loss of
 * each.  The seeds: of augmentation (@augment NULL: none) and of dropout (RnnRun.seed). */
void rnn_shard_train (RnnShard *shard, RnnDataset *dataset, const guint32 *examples, gint n, gfloat scale,
    const RnnTrainConfig *augment, guint64 augment_seed, guint64 noise_seed, gfloat *losses);
/* Forward only, without noise; adds to shard->measure. */
void rnn_shard_evaluate (RnnShard *shard, RnnDataset *dataset, const guint32 *examples, gint n, gfloat *losses);

G_END_DECLS
