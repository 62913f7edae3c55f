/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model over one sequence that is there as a whole. */
#pragma once
#include "model/model.h"
#include "model/safetensors.h"

G_BEGIN_DECLS

typedef struct {
  gint T;                       /* steps */
  gfloat *state;                /* of rnn_tool_sequence_run_from; owned, may be NULL */
  gfloat *y;                    /* [T][n_out], owned; y[t] answers x[t], whatever the model's look-ahead */
} RnnToolSequence;

void rnn_tool_sequence_clear (RnnToolSequence *sequence);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RnnToolSequence, rnn_tool_sequence_clear)

/* The same for x [T][n_in], in a state whose first @n_states numbers behind what the input keeps are @states; result->state: what they are
 * in the end, if the model can be run so. */
gboolean rnn_tool_sequence_run_from (RnnModel *model, gint T, const gfloat *x, gint chunk, const gfloat *states, gsize n_states,
    RnnToolSequence *result, GError **error);

/* @x: [steps][...], as many values a step as the model takes (tokens: [steps]).  @chunk steps at a time, 0: all. */
gboolean rnn_tool_sequence_run (RnnModel *model, const RnnTensorView *x, gint chunk, const gchar *where, RnnToolSequence *result,
    GError **error);

G_END_DECLS
