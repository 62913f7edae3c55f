/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What makes a model one of language. */
#pragma once
#include "model.h"

G_BEGIN_DECLS

/* Does it read one token a step: is its first layer an embedding, alone or tied, and does it read nothing else? */
gboolean rnn_model_reads_tokens (RnnModel *model);

G_END_DECLS
