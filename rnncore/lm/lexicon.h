/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and how tokens say them: by letters or pieces of text, or by phones, several ways a word.  In memory a tree of
 * tokens from the root, node 0; words that are said alike end at one node.  Immutable, shared by references. */
#pragma once
#include "../text/tokens.h"
#include "image.h"

G_BEGIN_DECLS

#define RNN_LEXICON_NONE G_MAXUINT32    /* no node, no word */
#define RNN_LEXICON_LONGEST 256         /* tokens of a word */

typedef struct {
  gatomicrefcount refs;
  guint n_nodes, n_words;
  guint32 *children;            /* [n_nodes + 1]: node i's are children[i] .. children[i + 1] - 1, by ascending token */
  guint16 *tokens;              /* [n_nodes]: the one that leads to the node */
  guint32 *ends;                /* [n_nodes + 1]: places in `words` of what ends at the node */
  guint32 *words;               /* their numbers */
  gchar **texts;                /* [n_words], by ascending strcmp () */
  gboolean *used;               /* [tokens of the table]: some word has the token */
  gboolean spelled;             /* words are the texts of their tokens: no phones */
} RnnLexicon;

/* Lines `word TOKEN TOKEN ...`, or `word` alone, which is then spelled with the tokens; `word(2)` is another way to say
 * `word` (CMU's dictionaries), `#` and `;;;` begin comments.  A word that the tokens cannot spell is left out and
 * counted in @n_left_out (may be NULL); a token that is not in the table is an error, as is a file without any word. */
RnnLexicon *rnn_lexicon_parse (const gchar *text, gsize n, RnnTokens *tokens, const gchar *where, guint *n_left_out,
    GError **error);
RnnLexicon *rnn_lexicon_load  (const gchar *path, RnnTokens *tokens, guint *n_left_out, GError **error);
/* The words[n], spelled. */
RnnLexicon *rnn_lexicon_spell (const gchar *const *words, guint n, RnnTokens *tokens, const gchar *where,
    guint *n_left_out, GError **error);
/* The tokens that the lines name, after a blank. (transfer full) */
RnnTokens  *rnn_lexicon_list_tokens (const gchar *text, gsize n, const gchar *where, GError **error);
/* The words that @ngrams has too, in few bytes. (transfer full) */
GBytes     *rnn_lexicon_pack (const RnnLexicon *lexicon, const RnnNgrams *ngrams, RnnTokens *tokens);
/* What rnn_lexicon_pack() made for the words of @image. */
RnnLexicon *rnn_lexicon_unpack (const guint8 *bytes, gsize n, const RnnNgramImage *image, RnnTokens *tokens,
    const gchar *where, GError **error);
RnnLexicon *rnn_lexicon_ref   (RnnLexicon *lexicon);
void        rnn_lexicon_unref (RnnLexicon *lexicon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLexicon, rnn_lexicon_unref)

/* The child of @node by @token, or RNN_LEXICON_NONE. */
static inline guint32
rnn_lexicon_step (const RnnLexicon *lexicon, guint32 node, gint token)
{
  guint32 low = lexicon->children[node], end = lexicon->children[node + 1], high = end;

  while (low < high) {
    guint32 middle = low + (high - low) / 2;

    if (lexicon->tokens[middle] < token)
      low = middle + 1;
    else
      high = middle;
  }
  return low < end && lexicon->tokens[low] == token ? low : RNN_LEXICON_NONE;
}

/* ahead[n_nodes] (transfer full): the largest of best[word] (n_words) over the words at and below each node. */
gfloat     *rnn_lexicon_look_ahead (const RnnLexicon *lexicon, const gfloat *best);

G_END_DECLS
