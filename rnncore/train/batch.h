/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several examples as one padded input of a model. */
#pragma once
#include "dataset.h"
#include "../features/cmvn.h"

G_BEGIN_DECLS

/* How frames become steps. */
typedef struct {
  gint n_feature, n_in;         /* floats per frame, per step */
  gint stack, stride;
  gint latency;                 /* steps of padding that follow each example */
  gfloat floor;                 /* of frames that are log energies, else NAN */
  RnnFeatureConfig norm;        /* how frames are normalised: as the input's stream does */
  gfloat *mean, *std;           /* [n_feature] or NULL */
} RnnFraming;

void rnn_framing_init (RnnFraming *framing, RnnModel *model, gint n_feature);
void rnn_framing_clear (RnnFraming *framing);

typedef struct {
  gint B, T;                    /* T: the longest example's steps + latency */
  gfloat *x;                    /* [T][B][n_in]; past the end of an example its last step again */
  gint *steps;                  /* [B] without the latency; 0: nothing to learn from */
  RnnBuffer padded, frames, stacked, stored;
  gint capacity;                /* of steps */
  RnnCmvn *cmvn;                /* NULL until built */
} RnnBatch;

/* @augment: the options of augmentation, or NULL for none; every example draws from its own generator, seeded by
 * @seed and its number. */
void rnn_batch_build (RnnBatch *batch, const RnnFraming *framing, RnnDataset *dataset, const guint32 *examples, gint B,
    const RnnTrainConfig *augment, guint64 seed);
void rnn_batch_clear (RnnBatch *batch);

G_END_DECLS
