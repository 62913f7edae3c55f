/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where captions and their lines end, and how long they stay: what a reader wants, within what speech leaves. */
#pragma once
#include "caption.h"

G_BEGIN_DECLS

/* Characters of words[n] on one line. */
guint rnn_shape_length (const RnnCtcWord *words, guint n);
/* Lines of @columns (0: no end) that words[n] take; a longer word has a line to itself. */
guint rnn_shape_count_lines (const RnnCtcWord *words, guint n, guint columns);
/* Appends words[n], each line as full as it gets. */
void  rnn_shape_fill (const RnnCtcWord *words, guint n, guint columns, GString *out);
/* Appends words[n] on as few lines, but evenly long ones that end where clauses do.  The first one has a third of the columns at
 * least, if the words are that long. */
void  rnn_shape_balance (const RnnCtcWord *words, guint n, guint columns, GString *out);
/* How many of words[n], at least one, are a caption, now that words[n] is to come, too; 0: it may still join them. */
guint rnn_shape_cue (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n);
/* The words of words[n] that are surely on the first line of this caption, whatever comes. */
guint rnn_shape_count_sure (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n);
/* When a caption of @n_chars that is said in [start, end) goes, if nothing is said before @next (0: not known). */
guint64 rnn_shape_end (const RnnCaptionConfig *config, guint64 start, guint64 end, guint64 next, guint n_chars);

G_END_DECLS
