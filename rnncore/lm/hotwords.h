/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words to be preferred, for a search over tokens: a phrase earns its reward little by little on the way through its
 * tokens, and what it earned is taken back when the text goes another way.  A phrase begins where a word begins and is
 * complete where one ends. */
#pragma once
#include "lexicon.h"

G_BEGIN_DECLS

typedef struct _RnnHotwords RnnHotwords;

/* A word ends: a symbol beside the tokens.  With a lexicon of sounds add 1 and the word's number, for words that are
 * said alike. */
#define RNN_HOTWORDS_END 65536
#define RNN_HOTWORDS_START 0    /* the state at the beginning */

typedef struct {
  gchar *text;
  gchar **words;                /* of it; may be none */
  gfloat boost;                 /* a natural logarithm, of the whole phrase */
} RnnHotPhrase;

/* @list: "word:boost,two words:boost,...", or the path of a file with one "phrase" or "phrase:boost" a line (comments
 * begin with '#').  Without a boost a phrase has @boost.  Of RnnHotPhrase. (transfer full) */
GArray      *rnn_hotwords_read (const gchar *list, gfloat boost, GError **error);
/* A word as lexica have it, in lower case. (transfer full) */
gchar       *rnn_hotwords_fold (const gchar *word);
/* The number of @word in a lexicon of sounds, as it is written or else in lower case; RNN_LEXICON_NONE: it lacks it. */
guint32      rnn_hotwords_find (const RnnLexicon *lexicon, const gchar *word);

/* A phrase that cannot be said is left out, and named in @left_out (may be NULL; (transfer full), NULL if there is none): "\"a\", \"b\" and 3 more".
 * @lexicon may be NULL where tokens spell. */
RnnHotwords *rnn_hotwords_new  (const GArray *phrases, RnnTokens *tokens, const RnnLexicon *lexicon, gchar **left_out);
void         rnn_hotwords_free (RnnHotwords *hotwords);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnHotwords, rnn_hotwords_free)

/* Adds to *score what @symbol earns or loses in @state; returns the state after it. */
guint32      rnn_hotwords_step (const RnnHotwords *hotwords, guint32 state, guint32 symbol, gdouble *score);
gboolean     rnn_hotwords_have (const RnnHotwords *hotwords, guint32 state);
/* The most that the end of a word earns. */
gfloat       rnn_hotwords_get_most (const RnnHotwords *hotwords);
/* What a phrase that is under way has earned so far. */
gfloat       rnn_hotwords_get_earned (const RnnHotwords *hotwords, guint32 state);

G_END_DECLS
