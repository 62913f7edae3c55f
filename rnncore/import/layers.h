/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers as a reader finds them: rows in the order in which they run, each with "name" and "from", the names of what it reads
 * ("input": the model's). */
#pragma once
#include <jansson.h>

/* What a recipe's "layers" are for such rows (transfer full; @rows is taken over): the rows without "from" where each reads the
 * one before it and nothing else, or one graph. */
json_t *rnn_import_layers (json_t *rows);
