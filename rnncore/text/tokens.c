/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token tables.
 *
 * A token's text is its string with U+2581 (sentencepiece's mark) as a space; everything else works on texts, so the
 * separator " ", "\u2581the", " the" and "the " need no cases of their own.  Texts are compared in Unicode's canonical
 * decomposition (NFD): whatever form a table has, its own text and any equivalent one match it. */
#include <string.h>
#include "../base/error.h"
#include "tokens-private.h"
#include "trie.h"

#define MARK "\342\226\201"     /* U+2581 */
#define MAX_BYTES 256           /* of a token: hundreds of letters */

struct _RnnTokens {
  gint ref_count;
  gint n, blank;
  gchar **names;                /* [n] as given, NULL-terminated */
  gchar **texts;                /* [n] */
  RnnTrie trie;                 /* decomposed text -> id */
  RnnSpellings *spellings;      /* or NULL */
  GHashTable *units;            /* characters with their marks that tokens hold, decomposed; a mark that begins a token */
  gboolean ascii[128];          /* those of one such character */
  gboolean has_upper, has_lower;
  gboolean has_foreign;         /* a letter that English lacks */
  gboolean has_space;           /* some text has one */
  gboolean leading_space;       /* a text starts a word with one: encoding starts with a space too */
};

/* ---- the table ---- */

/* Names of tokens that say something about a text, and are none of it: "<pad>", "<unk>", "<|en|>". */
static gboolean
is_silent (const gchar *name)
{
  static const gchar *const names[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", NULL };
  gsize n = strlen (name);

  return (n > 2 && name[0] == '<' && strcspn (name + 1, "<> ") == n - 2 && name[n - 1] == '>')
      || g_strv_contains (names, name);
}

static gchar *
text_of (const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (name, MARK, -1);

  return g_strjoinv (" ", parts);
}

static gchar *
decompose (const gchar *text)
{
  return g_utf8_normalize (text, -1, G_NORMALIZE_DEFAULT);
}

static void
note_units (RnnTokens *tokens, const gchar *text)
{
  for (const gchar *p = text, *next; *p; p = next) {
    gunichar c = g_utf8_get_char (p);

    next = rnn_text_next_unit (p);
    g_hash_table_add (tokens->units, g_strndup (p, next - p));
    if (next - p == 1)
      tokens->ascii[(guchar) *p] = TRUE;
    tokens->has_upper |= g_unichar_isupper (c);
    tokens->has_lower |= g_unichar_islower (c);
    tokens->has_foreign |= g_unichar_isalpha (c) && (c >= 0x80 || next - p > 1);
  }
}

/* A table without any space that has "|", as wav2vec 2.0's, means a space by it. */
static void
find_separator (RnnTokens *tokens)
{
  gint bar = -1;

  for (gint id = 0; id < tokens->n; id++) {
    if (strchr (tokens->texts[id], ' '))
      return;
    if (g_str_equal (tokens->texts[id], "|"))
      bar = id;
  }
  if (bar >= 0)
    *tokens->texts[bar] = ' ';
}

static void
index_text (RnnTokens *tokens, gint id)
{
  const gchar *text = tokens->texts[id];
  g_autofree gchar *decomposed = decompose (text);

  if (!*text)
    return;
  note_units (tokens, decomposed);
  tokens->has_space |= strchr (text, ' ') != NULL;
  tokens->leading_space |= text[0] == ' ' && text[1] != '\0';
  rnn_trie_add (&tokens->trie, decomposed, id);
}

/* What is wrong with a token, or NULL. */
static const gchar *
find_fault (const gchar *name)
{
  if (strlen (name) > MAX_BYTES)
    return "has more than " G_STRINGIFY (MAX_BYTES) " bytes";
  if (!g_utf8_validate (name, -1, NULL))
    return "is not UTF-8";
  for (const gchar *p = name; *p; p = g_utf8_next_char (p))
    if (rnn_text_is_control (g_utf8_get_char (p)))
      return "has a character that ends a line or steers a terminal";
  if (strstr (name, "-->") || (name[0] && name[1] && strchr (name, '<') && !is_silent (name)))
    return "would be a sign or markup in subtitles";
  return NULL;
}

static gboolean
check_table (const gchar *const *names, gint blank, GError **error)
{
  gint n = (gint) g_strv_length ((gchar **) names);

  if (blank < 0 || blank >= n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "tokens: the blank is number %d of %d tokens", blank, n);
    return FALSE;
  }
  for (gint id = 0; id < n; id++) {
    const gchar *fault = find_fault (names[id]);

    if (fault) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "tokens: token %d %s", id, fault);
      return FALSE;
    }
  }
  return TRUE;
}

RnnTokens *
rnn_tokens_new (const gchar *const *names, gint blank, GError **error)
{
  RnnTokens *tokens;

  if (!check_table (names, blank, error))
    return NULL;
  tokens = g_new0 (RnnTokens, 1);
  tokens->ref_count = 1;
  tokens->blank = blank;
  tokens->names = g_strdupv ((gchar **) names);
  tokens->n = (gint) g_strv_length (tokens->names);
  tokens->texts = g_new0 (gchar *, tokens->n + 1);
  tokens->units = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  rnn_trie_init (&tokens->trie);
  for (gint id = 0; id < tokens->n; id++)
    tokens->texts[id] = id == blank || is_silent (names[id]) ? g_strdup ("") : text_of (names[id]);
  find_separator (tokens);
  for (gint id = 0; id < tokens->n; id++)
    index_text (tokens, id);
  return tokens;
}

RnnTokens *
rnn_tokens_ref (RnnTokens *tokens)
{
  g_atomic_int_inc (&tokens->ref_count);
  return tokens;
}

void
rnn_tokens_unref (RnnTokens *tokens)
{
  if (!tokens || !g_atomic_int_dec_and_test (&tokens->ref_count))
    return;
  g_strfreev (tokens->names);
  g_strfreev (tokens->texts);
  g_hash_table_unref (tokens->units);
  rnn_trie_clear (&tokens->trie);
  rnn_spellings_free (tokens->spellings);
  g_free (tokens);
}

gint
rnn_tokens_get_n (RnnTokens *tokens)
{
  return tokens->n;
}

gint
rnn_tokens_get_blank (RnnTokens *tokens)
{
  return tokens->blank;
}

gboolean
rnn_tokens_have_spaces (RnnTokens *tokens)
{
  return tokens->has_space;
}

const gchar *
rnn_tokens_get (RnnTokens *tokens, gint id)
{
  return tokens->names[id];
}

const gchar *
rnn_tokens_get_text (RnnTokens *tokens, gint id)
{
  return tokens->texts[id];
}

RnnTextCase
rnn_tokens_get_case (RnnTokens *tokens)
{
  if (tokens->has_upper == tokens->has_lower)
    return RNN_TEXT_CASE_ANY;
  return tokens->has_upper ? RNN_TEXT_CASE_UPPER : RNN_TEXT_CASE_LOWER;
}

gboolean
rnn_tokens_are_english (RnnTokens *tokens)
{
  return (tokens->has_upper || tokens->has_lower) && !tokens->has_foreign;
}

/* A letter with marks that are tokens themselves counts, too. */
gboolean
rnn_tokens_have (RnnTokens *tokens, const gchar *unit)
{
  g_autofree gchar *decomposed = NULL;

  if ((guchar) unit[0] < 0x80 && !unit[1])
    return tokens->ascii[(guchar) unit[0]];
  decomposed = decompose (unit);
  if (g_hash_table_contains (tokens->units, decomposed))
    return TRUE;
  for (const gchar *p = decomposed; *p; p = g_utf8_next_char (p)) {
    gchar one[7] = "";

    g_unichar_to_utf8 (g_utf8_get_char (p), one);
    if (!g_hash_table_contains (tokens->units, one))
      return FALSE;
  }
  return *decomposed != '\0';
}

void
rnn_tokens_set_spellings (RnnTokens *tokens, RnnSpellings *spellings)
{
  rnn_spellings_free (tokens->spellings);
  tokens->spellings = spellings;
}

/* ---- texts ---- */

/* Tables with word-initial spaces want one before the first word too. */
gchar *
rnn_tokens_fold (RnnTokens *tokens, const gchar *text)
{
  g_autofree gchar *spaced = rnn_text_fold_spaces (text, tokens->has_space ? " " : "");
  g_autofree gchar *folded = rnn_text_fold_case (spaced, rnn_tokens_get_case (tokens));

  return g_strconcat (tokens->leading_space && *folded ? " " : "", folded, NULL);
}

/* The longest token at @text whose rest ends where @good says so (NULL: anywhere), or -1; its bytes in @length. */
static gint
longest (RnnTokens *tokens, const gchar *text, const guint8 *good, gsize *length)
{
  gint best = -1, node = 0;

  for (gsize i = 0; text[i] && (node = rnn_trie_step (&tokens->trie, node, (guint8) text[i])) != 0; i++)
    if (rnn_trie_value (&tokens->trie, node) >= 0 && (!good || good[i + 1])) {
      best = rnn_trie_value (&tokens->trie, node);
      *length = i + 1;
    }
  return best;
}

/* good[i]: can text + i be spelled to its end?  (transfer full) */
static guint8 *
find_good (RnnTokens *tokens, const gchar *text, gsize n)
{
  guint8 *good = g_malloc0 (n + 1);
  gsize length;

  good[n] = 1;
  for (gsize i = n; i-- > 0;)
    good[i] = longest (tokens, text + i, good + i, &length) >= 0;
  return good;
}

/* The character behind the last place that tokens reach from the beginning. */
static gchar *
find_unspelled (RnnTokens *tokens, const gchar *text, gsize n)
{
  g_autofree guint8 *reached = g_malloc0 (n + 1);
  const gchar *end;
  gsize last = 0;

  reached[0] = 1;
  for (gsize i = 0; i < n; i++) {
    gint node = 0;

    if (!reached[i])
      continue;
    last = i;
    for (gsize k = i; k < n && (node = rnn_trie_step (&tokens->trie, node, (guint8) text[k])) != 0; k++)
      reached[k + 1] |= rnn_trie_value (&tokens->trie, node) >= 0;
  }
  while (last > 0 && ((text[last] & 0xc0) == 0x80 || g_unichar_ismark (g_utf8_get_char (text + last))))
    last--;
  end = rnn_text_next_unit (text + last);
  return g_utf8_normalize (text + last, end - (text + last), G_NORMALIZE_DEFAULT_COMPOSE);
}

GArray *
rnn_tokens_match (RnnTokens *tokens, const gchar *folded, gchar **fault)
{
  g_autofree gchar *text = decompose (folded);
  gsize n = strlen (text), length = 0;
  g_autofree guint8 *good = find_good (tokens, text, n);
  GArray *ids;

  if (!good[0]) {
    *fault = find_unspelled (tokens, text, n);
    return NULL;
  }
  ids = g_array_new (FALSE, FALSE, sizeof (gint));
  for (gsize i = 0; i < n; i += length)
    g_array_append_vals (ids, &(gint) { longest (tokens, text + i, good + i, &length) }, 1);
  return ids;
}

GArray *
rnn_tokens_encode (RnnTokens *tokens, const gchar *text, GError **error)
{
  g_autofree gchar *folded = NULL, *fault = NULL, *excerpt = NULL;
  GArray *ids;

  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "a text is not UTF-8");
    return NULL;
  }
  folded = rnn_tokens_fold (tokens, text);
  ids = rnn_tokens_match (tokens, folded, &fault);
  if (!ids) {
    const gchar *at = strstr (text, fault);

    excerpt = rnn_text_excerpt (text, at ? at : text, 60);
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "no token for \"%s\" (U+%04X) in \"%s\"", fault,
        g_utf8_get_char (fault), excerpt);
  }
  return ids;
}

gchar *
rnn_tokens_decode (RnnTokens *tokens, const gint *ids, gint n)
{
  GString *text = g_string_new (NULL);

  for (gint i = 0, length = 1; i < n; i += length) {
    const gchar *spelled = tokens->spellings ? rnn_spellings_match (tokens->spellings, ids + i, n - i, &length) : NULL;

    g_string_append (text, spelled ? spelled : tokens->texts[ids[i]]);
    length = spelled ? length : 1;
  }
  if (n > 0 && g_str_has_prefix (tokens->names[ids[0]], MARK))
    g_string_erase (text, 0, 1);
  return g_string_free (text, FALSE);
}
