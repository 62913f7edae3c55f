/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model over one sequence that is there as a whole. */
#pragma once
#include "model/model.h"
#include "model/safetensors.h"

G_BEGIN_DECLS

typedef struct {
  gint T;                       /* steps */
  gfloat *y;                    /* [T][n_out], owned; y[t] answers x[t], whatever the model's look-ahead */
} RnnToolSequence;

void rnn_tool_sequence_clear (RnnToolSequence *sequence);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RnnToolSequence, rnn_tool_sequence_clear)

/* @x: [steps][...], as many values a step as the model takes (tokens: [steps]).  @chunk steps at a time, 0: all. */
gboolean rnn_tool_sequence_run (RnnModel *model, const RnnTensorView *x, gint chunk, const gchar *where, RnnToolSequence *result,
    GError **error);

G_END_DECLS
