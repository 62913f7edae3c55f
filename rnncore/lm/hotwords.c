/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hotwords: the automaton of Aho and Corasick over the phrases' tokens, but that a phrase begins only where a word does.
 *
 * A node has earned boost * depth / length, of the best phrase through it.  A step from node to node is worth the
 * difference; where a phrase ends, what it earned is kept and the node earns nothing more. */
#include "hotwords.h"
#include "../base/error.h"
#include "../base/file.h"
#include "../text/fold.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_BOOST 1000
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

typedef struct {
  RnnHotwords *hotwords;
  RnnTokens *tokens;
  const RnnLexicon *lexicon;
  guint32 *parents;             /* of the nodes of a lexicon of sounds; NULL: words are spelled */
  guint32 *first, *next;        /* ways to say a word: the first one and the one after another, place + 1 in the lexicon's words */
  guint32 *nodes;               /* where a way ends */
  GString *left_out;            /* phrases, the first MAX_NAMED of them */
  guint n_left_out;
} Builder;

/* How words are said, in a lexicon of sounds: for each way a node, and from there up to the root. */
static void
index_ways (Builder *b)
{
  const RnnLexicon *lexicon = b->lexicon;

  if (!lexicon || lexicon->spelled)
    return;
  b->parents = g_new0 (guint32, lexicon->n_nodes);
  b->first = g_new0 (guint32, lexicon->n_words);
  b->next = g_new0 (guint32, lexicon->ends[lexicon->n_nodes]);
  b->nodes = g_new0 (guint32, lexicon->ends[lexicon->n_nodes]);
  for (guint32 node = 0; node < lexicon->n_nodes; node++) {
    for (guint32 at = lexicon->ends[node]; at < lexicon->ends[node + 1]; at++) {
      b->nodes[at] = node;
      b->next[at] = b->first[lexicon->words[at]];
      b->first[lexicon->words[at]] = at + 1;
    }
    for (guint32 child = lexicon->children[node]; child < lexicon->children[node + 1]; child++)
      b->parents[child] = node;
  }
}

static void
drop_ways (Builder *b)
{
  g_free (b->parents);
  g_free (b->first);
  g_free (b->next);
  g_free (b->nodes);
}

static gint
compare_texts (gconstpointer text, gconstpointer other)
{
  return strcmp (text, *(const gchar *const *) other);
}

/* The end of word number @word is its own, so that words that are said alike stay apart. */
static void
add_said (Builder *b, guint32 word, guint32 node, GArray *symbols)
{
  guint32 end = RNN_HOTWORDS_END + 1 + word;
  guint at = symbols->len;

  for (; node; node = b->parents[node]) {
    guint32 token = b->lexicon->tokens[node];

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
  for (guint32 way = b->first[*words]; way && n < most; way = b->next[way - 1]) {
    add_said (b, *words, b->nodes[way - 1], symbols);
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
    gchar **text = n < MAX_WORDS ? bsearch (words[n], b->lexicon->texts, b->lexicon->n_words, sizeof (gchar *), compare_texts) : NULL;

    if (!text || !b->first[text - b->lexicon->texts])
      return FALSE;
    numbers[n] = (guint32) (text - b->lexicon->texts);
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

/* (g_strfreev) */
static gchar **
split_phrase (const gchar *phrase)
{
  gchar **words = g_strsplit_set (phrase, " \t", -1);
  guint n = 0;

  for (guint i = 0; words[i]; i++)
    if (*words[i])
      words[n++] = words[i];
    else
      g_free (words[i]);
  words[n] = NULL;
  return words;
}

static void
add_phrase (Builder *b, const gchar *phrase, gfloat boost)
{
  g_autoptr (GArray) symbols = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_auto (GStrv) words = split_phrase (phrase);

  if (!*words || !(b->parents ? add_said_words : add_spelled_words) (b, words, symbols, boost))
    leave_out (b, phrase);
}

/* "phrase" or "phrase:boost" */
static gboolean
parse_phrase (Builder *b, gchar *text, gfloat boost, const gchar *where, GError **error)
{
  gchar *colon = strrchr (text, ':'), *rest;

  if (colon) {
    boost = (gfloat) g_ascii_strtod (colon + 1, &rest);
    if (rest == colon + 1 || *g_strchug (rest) || !(boost >= 0 && boost <= LARGEST_BOOST)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: \"%.64s\" is no boost from 0 to %d", where, colon + 1,
          LARGEST_BOOST);
      return FALSE;
    }
    *colon = '\0';
  }
  add_phrase (b, g_strstrip (text), boost);
  return TRUE;
}

static gboolean
parse (Builder *b, const gchar *text, const gchar *separator, gfloat boost, const gchar *where, GError **error)
{
  g_auto (GStrv) phrases = g_strsplit (text, separator, -1);

  for (gchar **phrase = phrases; *phrase; phrase++)
    if (*g_strstrip (*phrase) && **phrase != '#' && !parse_phrase (b, *phrase, boost, where, error))
      return FALSE;
  return TRUE;
}

/* A list that must be a path: nobody says a slash. */
static gboolean
is_missing_file (const gchar *list, GError **error)
{
  if (g_file_test (list, G_FILE_TEST_EXISTS) || !strchr (list, G_DIR_SEPARATOR) || strpbrk (list, ",:"))
    return FALSE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "hotwords: there is no file \"%s\"", list);
  return TRUE;
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
      g_array_append_val (queue, child);
    }
  }
}

RnnHotwords *
rnn_hotwords_new (const gchar *list, gfloat boost, RnnTokens *tokens, const RnnLexicon *lexicon, gchar **left_out,
    GError **error)
{
  g_autoptr (RnnHotwords) hotwords = g_new0 (RnnHotwords, 1);
  g_autoptr (GString) named = g_string_new (NULL);
  Builder b = { hotwords, tokens, lexicon,.left_out = named };
  Node node = {.child = NONE,.sibling = NONE };
  g_autoptr (GBytes) bytes = NULL;
  gboolean good = TRUE;

  hotwords->nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_array_append_val (hotwords->nodes, node);   /* RNN_HOTWORDS_START */
  g_array_append_val (hotwords->nodes, node);   /* LOST */
  index_ways (&b);
  if (!g_file_test (list, G_FILE_TEST_IS_REGULAR)) {
    good = !is_missing_file (list, error) && parse (&b, list, ",", boost, "hotwords", error);
  } else if ((good = (bytes = rnn_file_map (list, error)) != NULL)) {
    g_autofree gchar *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

    good = parse (&b, text, "\n", boost, list, error);
  }
  drop_ways (&b);
  if (left_out)
    *left_out = good ? name_left_out (&b) : NULL;
  if (!good)
    return NULL;
  link_failures (hotwords);
  return g_steal_pointer (&hotwords);
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
rnn_hotwords_get_earned (const RnnHotwords *hotwords, guint32 state)
{
  return NODE (hotwords, state).earned;
}
