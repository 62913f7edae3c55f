/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Post-training quantisation.  The quantised model is saved with rnn_model_save(): its file holds the weights as
 * kernels read them, is mapped and not read, and so shared by all processes that run it. */
#pragma once
#include "model.h"

RNN_API_BEGIN

/* From now on float sessions of @model gather what its products' inputs are like (mean squares).  One thread, and only
 * sessions that are made afterwards by whoever calibrates; FALSE when the model's weights are not floats. */
gboolean  rnn_model_observe (RnnModel *model, GError **error);

/* The same cells with weights of @precision: after observing, with each row's scale chosen for the inputs that were
 * seen (int8 only).  Observing ends.  (transfer full), or NULL. */
RnnModel *rnn_model_quantize (RnnModel *model, RnnPrecision precision, GError **error);

RNN_API_END
