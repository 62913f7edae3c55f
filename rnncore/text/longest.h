/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text as the longest tokens that fit, one after the other: what models of text read that know no words and no blank. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The longest of the NULL-terminated @tokens that @text begins with, or -1; its bytes in @length (0 without one). */
gint rnn_longest_token (const gchar *const *tokens, const gchar *text, gsize *length);

G_END_DECLS
