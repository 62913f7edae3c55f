/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of timed words whose storage is used again: it grows to the most words and letters that ever waited in it,
 * then allocates no more. */
#pragma once
#include "../base/keep.h"
#include "ctc.h"

G_BEGIN_DECLS

typedef struct {
  RnnCtcWord *words;            /* [size]; the first n are in the queue */
  GString *texts;               /* of all words, each with its end */
  guint n, size;
} RnnCtcWords;

/* With room for @n words; there is always more. */
void rnn_ctc_words_init  (RnnCtcWords *words, guint n);
void rnn_ctc_words_clear (RnnCtcWords *words);
/* Adds an empty word; rnn_ctc_words_append() extends the text of the last one. */
RnnCtcWord *rnn_ctc_words_add (RnnCtcWords *words);
void rnn_ctc_words_append (RnnCtcWords *words, const gchar *text, gsize len);
/* Takes away all but the first @n words. */
void rnn_ctc_words_truncate (RnnCtcWords *words, guint n);
/* Takes the first @n words away. */
void rnn_ctc_words_drop  (RnnCtcWords *words, guint n);

void rnn_ctc_words_keep  (RnnCtcWords *words, RnnKeep *keep);

G_END_DECLS
