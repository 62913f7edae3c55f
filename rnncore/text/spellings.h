/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts that only several tokens in a row stand for, such as characters of Chinese that a model spells by their parts. */
#pragma once
#include <jansson.h>
#include "../base/api.h"

G_BEGIN_DECLS

typedef struct _RnnSpellings RnnSpellings;

/* @object: {"TEXT": [ID, ID, ...], ...}, ids below @n_tokens.  Two texts spelled alike: the first one counts.  A text that could steer a
 * terminal or end a line is RNN_ERROR_FORMAT. */
RnnSpellings *rnn_spellings_new (const json_t *object, gint n_tokens, const gchar *where, GError **error);
void          rnn_spellings_free (RnnSpellings *spellings);     /* NULL: nothing */

/* The text of as many of ids[n] as one stands for, how many that are in @length; NULL: none begins so. */
const gchar  *rnn_spellings_match (const RnnSpellings *spellings, const gint *ids, gint n, gint *length);

G_END_DECLS
