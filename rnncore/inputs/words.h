/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as rows of one table of vectors, without a list of words: each word names RNN_WORD_ROWS of them by hashes (Svenstrup
 * et al. 2017), so that frequent words do not share all of theirs, and words never seen have that of their ending. */
#pragma once
#include "input.h"

G_BEGIN_DECLS

#define RNN_WORD_ROWS 3         /* twice the word, and its last three characters */

extern const RnnInputClass rnn_input_words;

/* row[RNN_WORD_ROWS]: numbers of rows, 1 to channels of the table - 1; case does not count.  @input: of kind "words". */
void rnn_input_words_hash (const RnnInput *input, const gchar *word, gfloat *row);

G_END_DECLS
