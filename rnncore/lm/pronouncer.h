/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How words are said that no lexicon has, by an encoder-decoder of letters and phones.  Any thread; one copy a process for a model file, which
 * remembers what it has said. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnPronouncer RnnPronouncer;

RnnPronouncer *rnn_pronouncer_load  (const gchar *path, GError **error);
RnnPronouncer *rnn_pronouncer_ref   (RnnPronouncer *pronouncer);
void           rnn_pronouncer_unref (RnnPronouncer *pronouncer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnPronouncer, rnn_pronouncer_unref)

/* The probable ways to say @word, each the names of its tokens parted by a space, the best first; none: it has characters that the model does not
 * know, or too many. (g_strfreev) */
gchar        **rnn_pronouncer_say   (RnnPronouncer *pronouncer, const gchar *word);

G_END_DECLS
