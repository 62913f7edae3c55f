/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are words of another language than English?  By the commonest ones: for languages that are written with the same letters. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The share of all words of a text that @word is. */
typedef gdouble (*RnnWeighWord) (gpointer data, const gchar *word);

/* The name of the language ("German") whose commonest words are clearly commoner than those of English; NULL: there is none. */
const gchar *rnn_guess_foreign (RnnWeighWord weigh, gpointer data);

G_END_DECLS
