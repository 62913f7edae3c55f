/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of PyTorch's state_dicts that differ from those of our layers. */
#pragma once
#include "model/tensors.h"

G_BEGIN_DECLS

/* Adds, beside each such tensor, what a layer would ask for:
 *   module.X (DataParallel), _orig_mod.X (compile)             X
 *   weight_ih, weight_hh, bias_ih, bias_hh (LSTMCell, ...)     weight_ih_l0, ...
 *   X_g and X_v, parametrizations.X.original0 and 1            X = g v / |v| (weight_norm, over the first dimension)
 *   num_batches_tracked (BatchNorm)                            nothing: it goes with running_mean */
gboolean rnn_state_dict_complete (RnnTensors *tensors, GError **error);

G_END_DECLS
