/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text files as sentences: a line each, words between white space. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Gets the words of one line, valid during the call; a line without words counts. */
typedef void (*RnnSentenceFunc) (gchar **words, guint n, gpointer data);

/* Every line of every file.  Lines of a megabyte and more, and what is no UTF-8, are errors "file:line: reason". */
gboolean rnn_sentences_each (const gchar *const *paths, RnnSentenceFunc func, gpointer data, GError **error);

G_END_DECLS
