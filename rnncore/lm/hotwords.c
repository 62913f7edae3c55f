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
#include <string.h>

#define LARGEST_BOOST 1000
#define LOST 1                  /* in a word that no phrase has here: waits for its end */
#define NONE G_MAXUINT32
#define MAX_NAMED 10

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
  GHashTable *ways;             /* of a lexicon of sounds: word -> node where it ends */
  guint32 *parents;             /* of the lexicon's nodes */
  GString *left_out;            /* phrases, the first MAX_NAMED of them */
  guint n_left_out;
} Builder;

/* How a word is said, in a lexicon of sounds: for each word a node, and from there up to the root. */
static void
index_ways (Builder *b)
{
  const RnnLexicon *lexicon = b->lexicon;

  if (!lexicon || lexicon->spelled)
    return;
  b->ways = g_hash_table_new (g_str_hash, g_str_equal);
  b->parents = g_new0 (guint32, lexicon->n_nodes);
  for (guint32 node = lexicon->n_nodes; node-- > 0;) {
    for (guint32 w = lexicon->ends[node]; w < lexicon->ends[node + 1]; w++)
      g_hash_table_insert (b->ways, lexicon->texts[lexicon->words[w]], GUINT_TO_POINTER (node));
    for (guint32 child = lexicon->children[node]; child < lexicon->children[node + 1]; child++)
      b->parents[child] = node;
  }
}

/* Its end is its own, so that words that are said alike stay apart. */
static void
add_said (Builder *b, const gchar *word, GArray *symbols)
{
  guint32 node = GPOINTER_TO_UINT (g_hash_table_lookup (b->ways, word)), end = RNN_HOTWORDS_END + 1;
  guint at = symbols->len;

  if (!node)
    return;
  for (guint32 w = b->lexicon->ends[node]; w < b->lexicon->ends[node + 1]; w++)
    if (g_str_equal (b->lexicon->texts[b->lexicon->words[w]], word))
      end += b->lexicon->words[w];
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

/* TRUE: every word of the phrase can be said. */
static gboolean
write_symbols (Builder *b, const gchar *phrase, GArray *symbols)
{
  g_auto (GStrv) words = g_strsplit_set (phrase, " \t", -1);

  for (gchar **word = words; *word; word++) {
    guint before = symbols->len;

    if (!**word)
      continue;
    if (b->ways)
      add_said (b, *word, symbols);
    else
      add_spelled (b, *word, symbols);
    if (symbols->len == before)
      return FALSE;
  }
  return symbols->len > 0;
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
add_phrase (Builder *b, const gchar *phrase, gfloat boost)
{
  g_autoptr (GArray) symbols = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 node = RNN_HOTWORDS_START;

  if (!write_symbols (b, phrase, symbols)) {
    leave_out (b, phrase);
    return;
  }
  for (guint i = 0; i < symbols->len; i++) {
    Node *at;

    node = add_child (b->hotwords, node, g_array_index (symbols, guint32, i));
    at = &NODE (b->hotwords, node);
    at->earned = MAX (at->earned, boost * (gfloat) (i + 1) / (gfloat) symbols->len);
  }
  NODE (b->hotwords, node).kept = MAX (NODE (b->hotwords, node).kept, boost);
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
  g_clear_pointer (&b.ways, g_hash_table_unref);
  g_free (b.parents);
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
