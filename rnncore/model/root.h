/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cells of a model, for those who run or train them.  Not installed: cells are the library's own. */
#pragma once
#include "../cells/cell.h"
#include "model.h"

G_BEGIN_DECLS

RnnCell *rnn_model_get_root (RnnModel *model);  /* the chain of all layers (transfer none) */

G_END_DECLS
