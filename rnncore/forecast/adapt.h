/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasters that go on learning while they run.
 *
 *   readout   y = shipped (x) + D z      z = [what the model's readout reads; 1], D by recursive least squares that forget
 *                                        (Haykin, Adaptive Filter Theory); D begins as 0
 *   all       y = adapted (x)            a copy of the model; each forecast that has met all its truths is a step of gradient
 *                                        descent of bounded length, back through the whole window
 *
 * Errors are cut to a few times their usual size before they are learnt from.  A guard compares what both would have said: the
 * adapted weights count only while their error is the smaller one, and where it has grown beyond the shipped weights' they begin
 * anew from these. */
#pragma once
#include "config.h"
#include "../model/model.h"

G_BEGIN_DECLS

typedef struct _RnnAdapter RnnAdapter;

/* Fails on a readout that reads too much for its inverse matrix, and where the streams need too much memory. */
RnnAdapter *rnn_adapter_new  (RnnModel *model, const RnnForecastConfig *config, RnnAdaptKind kind, guint n_streams,
    GError **error);
void        rnn_adapter_free (RnnAdapter *adapter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnAdapter, rnn_adapter_free)

/* values[n_streams] that came, NAN: missing; what is complete by them is learnt from. */
void     rnn_adapter_observe  (RnnAdapter *adapter, const gfloat *values);
/* Windows x[n_streams][row] and what the shipped weights say of them, said[n_streams][horizon], both scaled: what counts
 * is in @said then. */
void     rnn_adapter_forecast (RnnAdapter *adapter, const gfloat *x, const RnnScaling *scalings, gfloat *said);
/* Do the adapted weights count now?  @falls (may be NULL): how often they began anew. */
gboolean rnn_adapter_counts   (RnnAdapter *adapter, guint64 *falls);

void     rnn_adapter_forget   (RnnAdapter *adapter);            /* forecasts that wait; not what was learnt */
gsize    rnn_adapter_get_state_size (RnnAdapter *adapter);      /* floats */
void     rnn_adapter_get_state (RnnAdapter *adapter, gfloat *state);
gboolean rnn_adapter_set_state (RnnAdapter *adapter, const gfloat *state);      /* FALSE: that is no such state */

G_END_DECLS
