/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the objects of other languages share: the library's model within theirs. */
#pragma once
#include "rnn-gi.h"
#include <rnn.h>

G_GNUC_INTERNAL RnnModel *rnn_gi_model_peek (RnnGiModel *self);
