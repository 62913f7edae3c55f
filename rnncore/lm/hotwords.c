/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hotwords: the automaton of Aho and Corasick over the phrases' tokens, but that a phrase begins only where a word does.
 *
 * A node has earned boost * depth / length, of the best phrase through it.  A step from node to node is worth the
 * difference; where a phrase ends, what it earned is kept and the node earns nothing more. */
#include "hotwords.h"
#include "../text/fold.h"
#include <math.h>
#include <string.h>

#define LOST 1                  /* in a word that no phrase has here: waits for its end */
#define NONE G_MAXUINT32
#define MAX_NAMED 10
#define MAX_WAYS 32             /* to say a phrase that are known */
#define MAX_WORDS 100           /* of a phrase of sounds */

typedef struct {
  guint32 symbol, fail;         /* that leads here; where the text goes on as if the phrase had not begun: after its end */
  guint32 child, sibling;       /* the first of its children, the next of its parent's */
  gfloat earned;                /* on the way; taken back by a failure */
  gfloat kept;                  /* of a phrase that ends here */
} Node;

struct _RnnHotwords {
  GArray *nodes;
  gfloat most;
};

#define NODE(hotwords, i) g_array_index ((hotwords)->nodes, Node, i)

static guint32
find_child (const RnnHotwords *hotwords, guint32 node, guint32 symbol)
{
  guint32 child = NODE (hotwords, node).child;

  while (child != NONE && NODE (hotwords, child).symbol != symbol)
    child = NODE (hotwords, child).sibling;
  return child;
}

static guint32
add_child (RnnHotwords *hotwords, guint32 node, guint32 symbol)
{
  guint32 child = find_child (hotwords, node, symbol);
  Node made = {.symbol = symbol,.fail = RNN_HOTWORDS_START,.child = NONE };

  if (child != NONE)
    return child;
  made.sibling = NODE (hotwords, node).child;
  g_array_append_val (hotwords->nodes, made);
  return NODE (hotwords, node).child = hotwords->nodes->len - 1;
}

/* ---- phrases ---- */

/* One way to say a word: where it ends in the lexicon, and the next way + 1. */
typedef struct {
  guint32 node, next;
} Way;

typedef struct {
  RnnHotwords *hotwords;
  RnnTokens *tokens;
  const RnnLexicon *lexicon;
  guint32 *parents;             /* of the nodes of a lexicon of sounds; NULL: words are spelled */
  guint16 *leading;             /* the tokens that lead to them */
  guint32 *first;               /* of each word, the first way + 1 */
  GArray *ways;                 /* Way */
  GString *left_out;            /* phrases, the first MAX_NAMED of them */
  guint n_left_out;
} Builder;

/* How the words of @own are said that its base lacks: for each way a node, and from there up to the root. */
static void
index_own (Builder *b, const RnnLexicon *own)
{
  guint32 others = own->base ? own->base->n_nodes : 0, words = rnn_lexicon_count_base (own);

  for (guint32 i = 0; i < own->n_nodes - (others ? others - 1 : 0); i++) {
    guint32 node = i && others ? others - 1 + i : i;

    for (guint32 at = own->ends[i]; at < own->ends[i + 1]; at++)
      if (own->words[at] >= words) {
        Way way = { node, b->first[own->words[at]] };

        g_array_append_val (b->ways, way);
        b->first[own->words[at]] = b->ways->len;
      }
    for (guint32 place = own->children[i]; place < own->children[i + 1]; place++) {
      guint32 child = rnn_lexicon_child_at (own, place);

      if (child >= others) {
        b->parents[child] = node;
        b->leading[child] = own->tokens[place];
      }
    }
  }
}

static void
index_ways (Builder *b)
{
  const RnnLexicon *lexicon = b->lexicon;

  if (!lexicon || lexicon->spelled)
    return;
  b->parents = g_new0 (guint32, lexicon->n_nodes);
  b->leading = g_new0 (guint16, lexicon->n_nodes);
  b->first = g_new0 (guint32, lexicon->n_words);
  b->ways = g_array_new (FALSE, FALSE, sizeof (Way));
  if (lexicon->base)
    index_own (b, lexicon->base);
  index_own (b, lexicon);
}

static void
drop_ways (Builder *b)
{
  g_free (b->parents);
  g_free (b->leading);
  g_free (b->first);
  g_clear_pointer (&b->ways, g_array_unref);
}

/* The end of word number @word is its own, so that words that are said alike stay apart. */
static void
add_said (Builder *b, guint32 word, guint32 node, GArray *symbols)
{
  guint32 end = RNN_HOTWORDS_END + 1 + word;
  guint at = symbols->len;

  for (; node; node = b->parents[node]) {
    guint32 token = b->leading[node];

    g_array_insert_val (symbols, at, token);
  }
  g_array_append_val (symbols, end);
}

static void
add_spelled (Builder *b, const gchar *word, GArray *symbols)
{
  g_autoptr (GArray) ids = rnn_tokens_encode (b->tokens, word, NULL);
  guint32 end = RNN_HOTWORDS_END;
  guint before = symbols->len;

  for (guint i = 0; ids && i < ids->len; i++) {
    guint32 id = (guint32) g_array_index (ids, gint, i);
    const gchar *text = rnn_tokens_get_text (b->tokens, (gint) id);

    if (text[strspn (text, " ")])
      g_array_append_val (symbols, id);
  }
  if (symbols->len > before)
    g_array_append_val (symbols, end);
}

static void
leave_out (Builder *b, const gchar *phrase)
{
  g_autofree gchar *text = rnn_text_escape (phrase), *start = g_strndup (text, 64), *shown = g_utf8_make_valid (start, -1);

  if (b->n_left_out++ < MAX_NAMED)
    g_string_append_printf (b->left_out, "%s\"%s\"", b->left_out->len ? ", " : "", shown);
}

/* (g_free) */
static gchar *
name_left_out (const Builder *b)
{
  if (b->n_left_out > MAX_NAMED)
    return g_strdup_printf ("%s and %u more", b->left_out->str, b->n_left_out - MAX_NAMED);
  return b->n_left_out > 0 ? g_strdup (b->left_out->str) : NULL;
}

static void
add_symbols (RnnHotwords *hotwords, const GArray *symbols, gfloat boost)
{
  guint32 node = RNN_HOTWORDS_START;

  for (guint i = 0; i < symbols->len; i++) {
    Node *at;

    node = add_child (hotwords, node, g_array_index (symbols, guint32, i));
    at = &NODE (hotwords, node);
    at->earned = MAX (at->earned, boost * (gfloat) (i + 1) / (gfloat) symbols->len);
  }
  NODE (hotwords, node).kept = MAX (NODE (hotwords, node).kept, boost);
}

/* What @symbols begin and @words, which end with NONE, end: in all ways that it can be said, but at most @most; returns how many. */
static guint
add_ways (Builder *b, const guint32 *words, GArray *symbols, gfloat boost, guint most)
{
  guint n = 0, before = symbols->len;

  if (*words == NONE) {
    add_symbols (b->hotwords, symbols, boost);
    return 1;
  }
  for (guint32 i = b->first[*words]; i && n < most; i = g_array_index (b->ways, Way, i - 1).next) {
    add_said (b, *words, g_array_index (b->ways, Way, i - 1).node, symbols);
    n += add_ways (b, words + 1, symbols, boost, most - n);
    g_array_set_size (symbols, before);
  }
  return n;
}

/* FALSE: the lexicon lacks some word. */
static gboolean
add_said_words (Builder *b, gchar **words, GArray *symbols, gfloat boost)
{
  guint32 numbers[MAX_WORDS + 1];
  guint n = 0;

  for (; words[n]; n++) {
    guint32 word = n < MAX_WORDS ? rnn_hotwords_find (b->lexicon, words[n]) : RNN_LEXICON_NONE;

    if (word == RNN_LEXICON_NONE || !b->first[word])
      return FALSE;
    numbers[n] = word;
  }
  numbers[n] = NONE;
  add_ways (b, numbers, symbols, boost, MAX_WAYS);
  return TRUE;
}

/* FALSE: some word cannot be spelled. */
static gboolean
add_spelled_words (Builder *b, gchar **words, GArray *symbols, gfloat boost)
{
  for (; *words; words++) {
    guint before = symbols->len;

    add_spelled (b, *words, symbols);
    if (symbols->len == before)
      return FALSE;
  }
  add_symbols (b->hotwords, symbols, boost);
  return TRUE;
}

static void
add_phrase (Builder *b, const RnnHotPhrase *phrase)
{
  g_autoptr (GArray) symbols = g_array_new (FALSE, FALSE, sizeof (guint32));

  if (!*phrase->words || !(b->parents ? add_said_words : add_spelled_words) (b, phrase->words, symbols, phrase->boost))
    leave_out (b, phrase->text);
}

/* ---- the automaton ---- */

static guint32
go (const RnnHotwords *hotwords, guint32 state, guint32 symbol)
{
  while (state != LOST) {
    guint32 child = find_child (hotwords, state, symbol);

    if (child != NONE)
      return child;
    if (state == RNN_HOTWORDS_START)
      break;
    state = NODE (hotwords, state).fail;
  }
  return symbol >= RNN_HOTWORDS_END ? RNN_HOTWORDS_START : LOST;
}

/* Level by level: a failure leads to a node nearer to the root. */
static void
link_failures (RnnHotwords *hotwords)
{
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 node = RNN_HOTWORDS_START;

  g_array_append_val (queue, node);
  for (guint i = 0; i < queue->len; i++) {
    node = g_array_index (queue, guint32, i);
    for (guint32 child = NODE (hotwords, node).child; child != NONE; child = NODE (hotwords, child).sibling) {
      Node *at = &NODE (hotwords, child);

      at->fail = node == RNN_HOTWORDS_START ? LOST : go (hotwords, NODE (hotwords, node).fail, at->symbol);
      if (at->kept > 0)
        at->earned = 0;
      at->kept += NODE (hotwords, at->fail).kept;
      hotwords->most = MAX (hotwords->most, at->kept + at->earned);
      g_array_append_val (queue, child);
    }
  }
}

RnnHotwords *
rnn_hotwords_new (const GArray *phrases, RnnTokens *tokens, const RnnLexicon *lexicon, gchar **left_out)
{
  RnnHotwords *hotwords = g_new0 (RnnHotwords, 1);
  g_autoptr (GString) named = g_string_new (NULL);
  Builder b = { hotwords, tokens, lexicon,.left_out = named };
  Node node = {.child = NONE,.sibling = NONE };

  hotwords->nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_array_append_val (hotwords->nodes, node);   /* RNN_HOTWORDS_START */
  g_array_append_val (hotwords->nodes, node);   /* LOST */
  index_ways (&b);
  for (guint i = 0; i < phrases->len; i++)
    add_phrase (&b, &g_array_index (phrases, RnnHotPhrase, i));
  drop_ways (&b);
  if (left_out)
    *left_out = name_left_out (&b);
  link_failures (hotwords);
  return hotwords;
}

void
rnn_hotwords_free (RnnHotwords *hotwords)
{
  if (!hotwords)
    return;
  g_array_unref (hotwords->nodes);
  g_free (hotwords);
}

guint32
rnn_hotwords_step (const RnnHotwords *hotwords, guint32 state, guint32 symbol, gdouble *score)
{
  guint32 next = go (hotwords, state, symbol);
  const Node *to = &NODE (hotwords, next);

  *score += to->earned - NODE (hotwords, state).earned + (next != state && symbol >= RNN_HOTWORDS_END ? to->kept : 0);
  return next;
}

gboolean
rnn_hotwords_have (const RnnHotwords *hotwords, guint32 state)
{
  return state < hotwords->nodes->len;
}

gfloat
rnn_hotwords_get_most (const RnnHotwords *hotwords)
{
  return hotwords->most;
}

gfloat
rnn_hotwords_get_earned (const RnnHotwords *hotwords, guint32 state)
{
  return NODE (hotwords, state).earned;
}
