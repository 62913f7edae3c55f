/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* More words beside those of a lexicon that many share: a second, small tree.
 *
 * A node of it stands for the same tokens as the one beneath it in the base, if there is one, and has that one's words and children besides its own;
 * below a child that no new word has, the base goes on alone.  So a sequence of tokens has one node, whatever words it begins. */
#include "lexicon.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  guint16 token;                /* that leads to it */
  guint32 beneath;              /* in the base, or RNN_LEXICON_NONE */
  guint32 child, sibling;       /* the first of its children by ascending token, the next of its parent's; 0: none */
} Node;

typedef struct {
  guint32 node, word;
} End;

typedef struct {
  RnnLexicon *lexicon;
  GArray *nodes;                /* Node; the root first */
  GArray *ends;                 /* End */
  GArray *children, *child_tokens, *child_nodes, *first_words, *words;
} Builder;

#define NODE(b, i) g_array_index ((b)->nodes, Node, i)

static guint32
add_child (Builder *b, guint32 node, guint16 token)
{
  guint32 *link = &NODE (b, node).child, beneath = NODE (b, node).beneath, made = b->nodes->len;
  Node child = { .token = token };

  while (*link && NODE (b, *link).token < token)
    link = &NODE (b, *link).sibling;
  if (*link && NODE (b, *link).token == token)
    return *link;
  child.sibling = *link;
  child.beneath = beneath == RNN_LEXICON_NONE ? beneath : rnn_lexicon_step (b->lexicon->base, beneath, token);
  *link = made;
  g_array_append_val (b->nodes, child);
  return made;
}

static void
add_way (Builder *b, const RnnLexiconWay *way)
{
  End end = { 0, rnn_lexicon_find (b->lexicon, way->text) };

  for (guint i = 0; i < way->n; i++)
    end.node = add_child (b, end.node, way->tokens[i]);
  g_array_append_val (b->ends, end);
}

static gint
compare_ends (gconstpointer a, gconstpointer b)
{
  const End *x = a, *y = b;

  return x->node != y->node ? (x->node > y->node) - (x->node < y->node) : (x->word > y->word) - (x->word < y->word);
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* Words get their numbers in the order of their texts. */
static void
name_words (RnnLexicon *lexicon, const RnnLexiconWay *ways, guint n)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *texts = g_ptr_array_new ();

  for (guint i = 0; i < n; i++)
    if (g_hash_table_add (seen, (gpointer) ways[i].text))
      g_ptr_array_add (texts, g_strdup (ways[i].text));
  g_ptr_array_sort (texts, compare_texts);
  lexicon->n_words = lexicon->base->n_words + texts->len;
  lexicon->texts = (gchar **) g_ptr_array_free (texts, FALSE);
}

static void
put_child (Builder *b, guint16 token, guint32 node)
{
  g_array_append_val (b->child_tokens, token);
  g_array_append_val (b->child_nodes, node);
}

/* Of both trees, in the order of their tokens. */
static void
put_children (Builder *b, const Node *node)
{
  const RnnLexicon *base = b->lexicon->base;
  gboolean both = node->beneath != RNN_LEXICON_NONE;
  guint32 at = both ? base->children[node->beneath] : 0, end = both ? base->children[node->beneath + 1] : 0;

  for (guint32 child = node->child; child; child = NODE (b, child).sibling) {
    for (; at < end && base->tokens[at] < NODE (b, child).token; at++)
      put_child (b, base->tokens[at], at);
    at += at < end && base->tokens[at] == NODE (b, child).token;
    put_child (b, NODE (b, child).token, base->n_nodes + child - 1);
  }
  for (; at < end; at++)
    put_child (b, base->tokens[at], at);
}

/* @first: the first of the ends that is not put yet; returns that of the next node. */
static guint
put_words (Builder *b, guint32 node, guint first)
{
  const RnnLexicon *base = b->lexicon->base;
  guint32 beneath = NODE (b, node).beneath, last = RNN_LEXICON_NONE;
  guint n = 0;
  const guint32 *words = beneath == RNN_LEXICON_NONE ? NULL : rnn_lexicon_get_words (base, beneath, &n);

  if (n > 0)
    g_array_append_vals (b->words, words, n);
  for (; first < b->ends->len && g_array_index (b->ends, End, first).node == node; first++) {
    guint32 word = g_array_index (b->ends, End, first).word;

    if (word != last)
      g_array_append_val (b->words, word);
    last = word;
  }
  return first;
}

static void
put_all (Builder *b)
{
  guint first = 0;

  g_array_sort (b->ends, compare_ends);
  for (guint32 node = 0; node < b->nodes->len; node++) {
    g_array_append_val (b->children, b->child_nodes->len);
    g_array_append_val (b->first_words, b->words->len);
    put_children (b, &NODE (b, node));
    first = put_words (b, node, first);
  }
  g_array_append_val (b->children, b->child_nodes->len);
  g_array_append_val (b->first_words, b->words->len);
}

RnnLexicon *
rnn_lexicon_extend (RnnLexicon *base, const RnnLexiconWay *ways, guint n)
{
  RnnLexicon *lexicon = g_new0 (RnnLexicon, 1);
  Builder b = { lexicon, g_array_new (FALSE, FALSE, sizeof (Node)), g_array_new (FALSE, FALSE, sizeof (End)),
    g_array_new (FALSE, FALSE, sizeof (guint32)), g_array_new (FALSE, FALSE, sizeof (guint16)), g_array_new (FALSE, FALSE, sizeof (guint32)),
    g_array_new (FALSE, FALSE, sizeof (guint32)), g_array_new (FALSE, FALSE, sizeof (guint32))
  };
  Node root = { 0 };

  g_atomic_ref_count_init (&lexicon->refs);
  lexicon->base = rnn_lexicon_ref (base);
  lexicon->spelled = base->spelled;
  name_words (lexicon, ways, n);
  g_array_append_val (b.nodes, root);
  for (guint i = 0; i < n; i++)
    add_way (&b, &ways[i]);
  put_all (&b);
  lexicon->n_nodes = base->n_nodes + b.nodes->len - 1;
  lexicon->children = (guint32 *) (gpointer) g_array_free (b.children, FALSE);
  lexicon->tokens = (guint16 *) (gpointer) g_array_free (b.child_tokens, FALSE);
  lexicon->nodes = (guint32 *) (gpointer) g_array_free (b.child_nodes, FALSE);
  lexicon->ends = (guint32 *) (gpointer) g_array_free (b.first_words, FALSE);
  lexicon->words = (guint32 *) (gpointer) g_array_free (b.words, FALSE);
  g_array_unref (b.nodes);
  g_array_unref (b.ends);
  return lexicon;
}
