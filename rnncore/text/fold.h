/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters without a locale: white space, case, marks.  A text in here is valid UTF-8. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum { RNN_TEXT_CASE_ANY, RNN_TEXT_CASE_LOWER, RNN_TEXT_CASE_UPPER } RnnTextCase;

/* @text without white space at its ends, every other run of it replaced by @between. (transfer full) */
gchar *rnn_text_fold_spaces (const gchar *text, const gchar *between);

/* Every character by Unicode's simple mapping, a sigma that ends a word as such, a sharp s as two: g_utf8_strdown and
 * g_utf8_strup ask the locale, which in Turkish makes other letters of i and I. (transfer full) */
gchar *rnn_text_fold_case (const gchar *text, RnnTextCase wanted);

/* What follows the character at @p and the marks above, below and behind it, which stand on it. */
const gchar *rnn_text_next_unit (const gchar *p);

/* Some @room bytes of @text around the place @at, in whole characters, for a message. (transfer full) */
gchar *rnn_text_excerpt (const gchar *text, const gchar *at, gsize room);

/* @text for a terminal or a log: whatever could steer it (control characters, line ends, marks that turn the direction
 * of writing) as \u{1B}, what is no UTF-8 as U+FFFD. (transfer full) */
gchar *rnn_text_escape (const gchar *text);
/* Could it steer a terminal or break a line? */
gboolean rnn_text_is_control (gunichar c);

G_END_DECLS
