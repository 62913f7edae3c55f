/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cells of a model, for those who run or train them.  Not installed: cells are the library's own. */
#pragma once
#include "../cells/cell.h"
#include "model.h"

G_BEGIN_DECLS

RnnCell *rnn_model_get_root (RnnModel *model);  /* the chain of all layers (transfer none) */
/* Of an encoder-decoder, whose decoder is the above: the chain whose answers are the decoder's memory; or NULL. */
RnnCell *rnn_model_get_encoder (RnnModel *model);
RnnCell *rnn_model_get_cells (RnnModel *model); /* above all parameters */
gboolean rnn_model_carries (RnnModel *model);   /* the decoder's state begins as the encoder's ends */
const gchar *const *rnn_model_get_source_tokens (RnnModel *model);      /* that the encoder reads, NULL-terminated; or NULL */

G_END_DECLS
