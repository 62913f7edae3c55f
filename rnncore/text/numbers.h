/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* English numbers, said and read: 125 <-> "one hundred twenty five", 21st <-> "twenty first", 1987 <-> "nineteen eighty
 * seven".  Words are lower-case. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_NUMBER_MAX_DIGITS 15        /* what has more is said digit by digit */

void rnn_number_say         (GString *out, guint64 n);          /* n < 10^15 */
void rnn_number_say_ordinal (GString *out, guint64 n);
/* 1905 "nineteen oh five", 2005 "two thousand five", 2024 "twenty twenty four"; n < 10000 */
void rnn_number_say_year    (GString *out, guint64 n);
/* digits[n], anything else between them left out: "five five five" */
void rnn_number_say_digits  (GString *out, const gchar *digits, gsize n);
/* The plural of the last word: "dollars", "eighties", "sixes". */
void rnn_number_make_plural (GString *out);

/* How many of @words (NULL-terminated) are one number, as many as can be; 0: the first is none.  "one hundred and two"
 * is one, "five six" are two. */
guint rnn_number_read         (const gchar *const *words, guint64 *n);
guint rnn_number_read_ordinal (const gchar *const *words, guint64 *n);
guint rnn_number_read_year    (const gchar *const *words, guint64 *n);  /* 1100 to 2099 */
/* One digit: "five", "oh"; -1: none. */
gint  rnn_number_read_digit   (const gchar *word);

G_END_DECLS
