/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recurrent model as a scorer of words. */
#pragma once
#include "scorer.h"

G_BEGIN_DECLS

/* A model file (or whatever else rnn_model_load() reads) with output `classes` over letters, pieces or words.  Errors name the
 * file and the reason. */
RnnScorer *rnn_recurrent_load (const gchar *path, GError **error);

G_END_DECLS
