/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said, as people write it (inverse text normalisation), for English: "twenty five" -> 25, "march fifth nineteen
 * eighty seven" -> March 5, 1987, "three dollars and fifty cents" -> $3.50, "seven thirty p m" -> 7:30 p.m., "u s a" -> USA.
 * Numbers below ten stay words unless they measure something.  A speller reads all of it back. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

/* The first of @words (NULL-terminated, lower-case, at least one), with as many after it as belong to it, written to the
 * end of @out; how many they were. */
guint  rnn_text_write_words (const gchar *const *words, GString *out);
/* Whether anything but itself can come of a text that begins with @word. */
gboolean rnn_text_may_begin (const gchar *word);
/* A whole text, words parted by single spaces. (transfer full) */
gchar *rnn_text_write (const gchar *spoken);

RNN_API_END
