/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cepstral mean and variance normalisation of a stream of frames. */
#pragma once
#include "../base/keep.h"
#include "features.h"

G_BEGIN_DECLS

typedef struct _RnnCmvn RnnCmvn;

/* For frames of @dim floats.  @mean, @std: [dim] or NULL, see rnn_features_new. */
RnnCmvn *rnn_cmvn_new (const RnnFeatureConfig *config, guint dim, const gfloat *mean, const gfloat *std,
    GError **error);
void rnn_cmvn_free (RnnCmvn *cmvn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCmvn, rnn_cmvn_free)
void rnn_cmvn_reset (RnnCmvn *cmvn);
void rnn_cmvn_keep (RnnCmvn *cmvn, RnnKeep *keep);

/* Normalises the next frame, x[dim], in place. */
void rnn_cmvn_apply (RnnCmvn *cmvn, gfloat *x);

G_END_DECLS
