/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model over one sequence that is there as a whole: for layers that look at all of it, such as those in both directions, and for
 * any other, too. */
#pragma once
#include "../model/model.h"

RNN_API_BEGIN

/* x [n_steps][n_in] -> y [n_steps][n_out]; y[t] answers x[t], whatever the model's look-ahead: past its end lies the last step, repeated, as
 * where a stream ends.  Fails where there is no memory for it. */
gboolean rnn_run_whole (RnnModel *model, guint n_steps, const gfloat *x, gfloat *y, GError **error);

RNN_API_END
