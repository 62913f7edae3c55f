/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vocabulary of a text, and how often it has each n-gram. */
#pragma once
#include "ngrams.h"
#include "sorter.h"

G_BEGIN_DECLS

/* The words of the text: all, or the @limit most frequent ones (of equals the first ones in the order of strcmp), and
 * <unk>, <s>, </s>. (transfer full) */
GPtrArray *rnn_count_words (const gchar *const *paths, guint limit, GError **error);

/* The words[n], without doubles, and <unk>, <s>, </s>. (transfer full) */
GPtrArray *rnn_count_list (const gchar *const *words, guint n);

/* Sorted records of a sentence's runs of @order words, the last word first, then their count.  Before a sentence stand
 * order - 1 <s>, behind it </s>; words that the vocabulary lacks are <unk>. (transfer full) */
RnnSorter *rnn_count_ngrams (const gchar *const *paths, const RnnNgrams *ngrams, gsize memory, GError **error);

G_END_DECLS
