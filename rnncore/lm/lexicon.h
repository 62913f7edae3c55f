/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and how tokens say them: by letters or pieces of text, or by phones, several ways a word.  In memory a tree of
 * tokens from the root, node 0; words that are said alike end at one node.  Immutable, shared by references. */
#pragma once
#include "../text/tokens.h"
#include "image.h"

G_BEGIN_DECLS

#define RNN_LEXICON_NONE G_MAXUINT32    /* no node, no word */
#define RNN_LEXICON_LONGEST 256         /* tokens of a word */

typedef struct _RnnLexicon RnnLexicon;

struct _RnnLexicon {
  gatomicrefcount refs;
  RnnLexicon *base;             /* that this one adds words to, or NULL; see rnn_lexicon_extend () */
  guint n_nodes, n_words;       /* those of the base included, which come first */
  /* of its own nodes, and of its own words; a lexicon without a base has all of them: */
  guint32 *children;            /* [own nodes + 1]: node i's are at children[i] .. children[i + 1] - 1, by ascending token */
  guint16 *tokens;              /* at a child's place: the one that leads to it */
  guint32 *nodes;               /* at a child's place: the child; NULL: its place is its number */
  guint32 *ends;                /* [own nodes + 1]: places in `words` of what ends at the node */
  guint32 *words;               /* their numbers */
  gchar **texts;                /* [own words], by ascending strcmp () */
  gboolean *used;               /* [tokens of the table]: some word has the token; NULL with a base */
  gboolean spelled;             /* words are the texts of their tokens: no phones */
};

/* A way to say a word. */
typedef struct {
  const gchar *text;
  guint16 *tokens;              /* [n] */
  guint n;
} RnnLexiconWay;

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
/* Words that @base (without a base of its own; gets a reference) lacks, said as ways[n], each word at least once, beside those of @base. */
RnnLexicon *rnn_lexicon_extend (RnnLexicon *base, const RnnLexiconWay *ways, guint n);
RnnLexicon *rnn_lexicon_ref   (RnnLexicon *lexicon);
void        rnn_lexicon_unref (RnnLexicon *lexicon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLexicon, rnn_lexicon_unref)

/* The lexicon whose own node @node is, which becomes its place there. */
static inline const RnnLexicon *
rnn_lexicon_owner (const RnnLexicon *lexicon, guint32 *node)
{
  if (!lexicon->base || *node == 0)
    return lexicon;
  if (*node < lexicon->base->n_nodes)
    return lexicon->base;
  *node -= lexicon->base->n_nodes - 1;  /* the root is both's */
  return lexicon;
}

/* The child at a place of the owner's children. */
static inline guint32
rnn_lexicon_child_at (const RnnLexicon *owner, guint32 place)
{
  return owner->nodes ? owner->nodes[place] : place;
}

/* The child of @node by @token, or RNN_LEXICON_NONE. */
static inline guint32
rnn_lexicon_step (const RnnLexicon *lexicon, guint32 node, gint token)
{
  const RnnLexicon *owner = rnn_lexicon_owner (lexicon, &node);
  guint32 low = owner->children[node], end = owner->children[node + 1], high = end;

  while (low < high) {
    guint32 middle = low + (high - low) / 2;

    if (owner->tokens[middle] < token)
      low = middle + 1;
    else
      high = middle;
  }
  return low < end && owner->tokens[low] == token ? rnn_lexicon_child_at (owner, low) : RNN_LEXICON_NONE;
}

/* The numbers of the @n words that end at @node. */
static inline const guint32 *
rnn_lexicon_get_words (const RnnLexicon *lexicon, guint32 node, guint *n)
{
  const RnnLexicon *owner = rnn_lexicon_owner (lexicon, &node);

  *n = owner->ends[node + 1] - owner->ends[node];
  return owner->words + owner->ends[node];
}

static inline guint
rnn_lexicon_count_base (const RnnLexicon *lexicon)
{
  return lexicon->base ? lexicon->base->n_words : 0;
}

static inline const gchar *
rnn_lexicon_get_text (const RnnLexicon *lexicon, guint32 word)
{
  guint first = rnn_lexicon_count_base (lexicon);

  return word < first ? lexicon->base->texts[word] : lexicon->texts[word - first];
}

/* The number of the word @text, or RNN_LEXICON_NONE. */
guint32     rnn_lexicon_find (const RnnLexicon *lexicon, const gchar *text);

/* ahead[n_nodes] (transfer full): the largest of best[word] (n_words) over the words at and below each node; of a lexicon without a base. */
gfloat     *rnn_lexicon_look_ahead (const RnnLexicon *lexicon, const gfloat *best);

G_END_DECLS
