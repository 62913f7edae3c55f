/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as they are spoken, with the marks that people write behind them and the capitals that they begin with: read off
 * a text in ordinary orthography, for training and measuring, and written back to words that have neither. */
#pragma once
#include "speller.h"

G_BEGIN_DECLS

typedef enum { RNN_MARK_NONE, RNN_MARK_PERIOD, RNN_MARK_COMMA, RNN_MARK_QUESTION, RNN_N_MARKS } RnnMark;
#define RNN_MARK_UNKNOWN -1     /* nobody can tell: a dash, three dots; of a capital: a word in capitals, figures */

typedef struct {
  guint at;                     /* of its bytes among all words */
  gint mark;                    /* RnnMark behind it, or unknown */
  gint capital;                 /* 0, 1 or unknown */
} RnnMarkedWord;

typedef struct {
  GString *words;               /* each ends with a '\0' */
  GArray *list;                 /* of RnnMarkedWord */
} RnnMarks;

void rnn_marks_init  (RnnMarks *marks);
void rnn_marks_clear (RnnMarks *marks);
void rnn_marks_empty (RnnMarks *marks);         /* no word, but the memory is kept */
guint rnn_marks_get_n (const RnnMarks *marks);
const RnnMarkedWord *rnn_marks_get (const RnnMarks *marks, guint i);
const gchar *rnn_marks_get_word (const RnnMarks *marks, guint i);

/* Adds the words of a paragraph @text (UTF-8; what is none becomes U+FFFD), as @speller says them, in lower case.  Semicolons and
 * colons count as commas, exclamation marks as full stops, or as commas where the sentence goes on. */
void rnn_marks_read (RnnMarks *marks, RnnSpeller *speller, const gchar *text, gsize length);

/* Appends @word with its first letter as @capital says, and the mark. */
void rnn_marks_write (GString *out, const gchar *word, RnnMark mark, gboolean capital);

G_END_DECLS
