/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of a guess is worth showing: words that have stood for a while, and none after one that has not. */
#pragma once
#include "../ctc/words.h"

G_BEGIN_DECLS

typedef struct {
  RnnCtcWords words;            /* as last guessed */
  GArray *since;                /* guint64: since when each has been the same; NULL: never used */
  guint64 first;                /* how many words there were before them */
} RnnSteady;

/* One of zeros, which takes no memory, may be reset and cleared, too. */
void  rnn_steady_init  (RnnSteady *steady);
void  rnn_steady_clear (RnnSteady *steady);
void  rnn_steady_reset (RnnSteady *steady);
/* At @now the guess is words[n], after @first others: how many of them have stood for @hold. */
void  rnn_steady_keep  (RnnSteady *steady, RnnKeep *keep);
guint rnn_steady_count (RnnSteady *steady, guint64 first, const RnnCtcWord *words, guint n, guint64 now, guint64 hold);

G_END_DECLS
