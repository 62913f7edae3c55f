/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte pair encoding over characters: the two neighbours that occur most often, words counted as often as they occur, become
 * one piece, until there are enough.  Of pairs that occur equally often the one whose text comes first is taken, so the
 * outcome does not depend on the order of texts.
 *
 * A word is a row of piece numbers; of every pair is known how often it occurs, and in which words it may. */
#include "pieces.h"
#include "../base/error.h"
#include "fold.h"
#include <string.h>

#define MARK "\342\226\201"     /* U+2581 */

struct _RnnPieces {
  GHashTable *words;            /* text -> guint64 * */
};

RnnPieces *
rnn_pieces_new (void)
{
  RnnPieces *pieces = g_new0 (RnnPieces, 1);

  pieces->words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return pieces;
}

void
rnn_pieces_free (RnnPieces *pieces)
{
  if (!pieces)
    return;
  g_hash_table_unref (pieces->words);
  g_free (pieces);
}

static void
count (GHashTable *table, const gchar *text, guint64 n)
{
  guint64 *value = g_hash_table_lookup (table, text);

  if (!value) {
    value = g_new0 (guint64, 1);
    g_hash_table_insert (table, g_strdup (text), value);
  }
  *value += n;
}

void
rnn_pieces_add (RnnPieces *pieces, const gchar *text)
{
  g_autofree gchar *composed = g_utf8_normalize (text, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  g_autofree gchar *folded = composed ? rnn_text_fold_spaces (composed, " ") : g_strdup ("");
  g_auto (GStrv) words = g_strsplit (folded, " ", -1);

  for (guint i = 0; words[i]; i++)
    if (*words[i])
      count (pieces->words, words[i], 1);
}

/* ---- characters ---- */

static gint
compare_counts (gconstpointer a, gconstpointer b, gpointer table)
{
  guint64 n = *(guint64 *) g_hash_table_lookup (table, *(gpointer *) a);
  guint64 m = *(guint64 *) g_hash_table_lookup (table, *(gpointer *) b);

  return n != m ? (n < m ? 1 : -1) : strcmp (*(gchar **) a, *(gchar **) b);
}

/* Calls @add for every character of the word, with its marks. */
static void
foreach_unit (const gchar *word, void (*add) (const gchar *unit, guint64 n, gpointer data), guint64 n, gpointer data)
{
  for (const gchar *p = word, *next; *p; p = next) {
    g_autofree gchar *unit = NULL;

    next = rnn_text_next_unit (p);
    unit = g_strndup (p, next - p);
    add (unit, n, data);
  }
}

static void
count_unit (const gchar *unit, guint64 n, gpointer table)
{
  count (table, unit, n);
}

/* The most frequent one first. (transfer full) */
static GPtrArray *
find_characters (RnnPieces *pieces)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer word, n;

  g_hash_table_iter_init (&iter, pieces->words);
  while (g_hash_table_iter_next (&iter, &word, &n))
    foreach_unit (word, count_unit, *(guint64 *) n, table);
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &word, &n))
    g_ptr_array_add (list, g_strdup (word));
  g_ptr_array_sort_with_data (list, compare_counts, table);
  return list;
}

/* ---- pairs ---- */

typedef struct {
  guint64 count;
  GArray *ids;                  /* of gint */
} Word;

typedef struct {
  gint left, right;
  gint64 count;
  GArray *words;                /* of guint: where it may occur, some of them twice */
} Pair;

typedef struct {
  GPtrArray *names;             /* of pieces */
  GHashTable *ids;              /* name -> its number */
  GArray *words;                /* of Word */
  GHashTable *pairs;            /* gint64 key -> Pair */
} Merging;

static void
pair_free (gpointer data)
{
  Pair *pair = data;

  g_array_unref (pair->words);
  g_free (pair);
}

static gint
name_piece (Merging *m, const gchar *name)
{
  gpointer id;

  if (g_hash_table_lookup_extended (m->ids, name, NULL, &id))
    return GPOINTER_TO_INT (id);
  g_ptr_array_add (m->names, g_strdup (name));
  g_hash_table_insert (m->ids, g_ptr_array_index (m->names, m->names->len - 1), GINT_TO_POINTER ((gint) m->names->len - 1));
  return (gint) m->names->len - 1;
}

static void
count_pair (Merging *m, gint left, gint right, gint64 n, guint word)
{
  gint64 key = ((gint64) left << 32) | right;
  Pair *pair = g_hash_table_lookup (m->pairs, &key);

  if (!pair) {
    gint64 *own = g_new (gint64, 1);

    *own = key;
    pair = g_new0 (Pair, 1);
    *pair = (Pair) { left, right, 0, g_array_new (FALSE, FALSE, sizeof (guint)) };
    g_hash_table_insert (m->pairs, own, pair);
  }
  pair->count += n;
  if (n > 0)
    g_array_append_val (pair->words, word);
}

/* Adds, or with @sign -1 takes away, all pairs of a word. */
static void
count_word (Merging *m, guint index, gint sign)
{
  const Word *word = &g_array_index (m->words, Word, index);

  for (guint i = 0; i + 1 < word->ids->len; i++)
    count_pair (m, g_array_index (word->ids, gint, i), g_array_index (word->ids, gint, i + 1), sign * (gint64) word->count,
        index);
}

static gchar *
pair_name (const Merging *m, const Pair *pair)
{
  return g_strconcat (g_ptr_array_index (m->names, pair->left), g_ptr_array_index (m->names, pair->right), NULL);
}

static gboolean
is_better (const Merging *m, const Pair *pair, const Pair *best)
{
  g_autofree gchar *name = NULL, *other = NULL;

  if (!best || pair->count != best->count)
    return !best || pair->count > best->count;
  name = pair_name (m, pair);
  other = pair_name (m, best);
  return strcmp (name, other) < 0;
}

/* The pair to join, or NULL: none occurs twice. */
static Pair *
find_best (const Merging *m)
{
  Pair *best = NULL;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, m->pairs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Pair *) value)->count > 1 && is_better (m, value, best))
      best = value;
  return best;
}

static void
join_in_word (Word *word, gint left, gint right, gint joined)
{
  guint n = 0;
  gint *ids = (gint *) word->ids->data;

  for (guint i = 0; i < word->ids->len; i++, n++)
    if (i + 1 < word->ids->len && ids[i] == left && ids[i + 1] == right) {
      ids[n] = joined;
      i++;
    } else {
      ids[n] = ids[i];
    }
  g_array_set_size (word->ids, n);
}

static void
join (Merging *m, Pair *pair)
{
  g_autofree gchar *name = pair_name (m, pair);
  gint left = pair->left, right = pair->right, joined = name_piece (m, name);
  gint64 key = ((gint64) left << 32) | right;
  g_autoptr (GArray) words = g_array_ref (pair->words);
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);

  pair->words = g_array_new (FALSE, FALSE, sizeof (guint));     /* this one may grow while its words are counted */
  for (guint i = 0; i < words->len; i++) {
    guint index = g_array_index (words, guint, i);

    if (!g_hash_table_add (done, GUINT_TO_POINTER (index)))
      continue;
    count_word (m, index, -1);
    join_in_word (&g_array_index (m->words, Word, index), left, right, joined);
    count_word (m, index, 1);
  }
  g_hash_table_remove (m->pairs, &key);
}

static void
add_unit (const gchar *unit, guint64 n, gpointer data)
{
  gpointer *place = data;

  g_array_append_vals (place[1], &(gint) { name_piece (place[0], unit) }, 1);
}

static void
take_words (Merging *m, RnnPieces *pieces)
{
  GHashTableIter iter;
  gpointer text, n;

  g_hash_table_iter_init (&iter, pieces->words);
  while (g_hash_table_iter_next (&iter, &text, &n)) {
    Word word = { *(guint64 *) n, g_array_new (FALSE, FALSE, sizeof (gint)) };
    gpointer place[] = { m, word.ids };

    add_unit (MARK, 0, place);
    foreach_unit (text, add_unit, 0, place);
    g_array_append_val (m->words, word);
  }
  for (guint i = 0; i < m->words->len; i++)
    count_word (m, i, 1);
}

static void
merge (RnnPieces *pieces, GPtrArray *names, guint size)
{
  Merging m = { names, g_hash_table_new (g_str_hash, g_str_equal), g_array_new (FALSE, FALSE, sizeof (Word)),
    g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, pair_free)
  };
  Pair *best;

  for (guint i = 0; i < names->len; i++)
    g_hash_table_insert (m.ids, g_ptr_array_index (names, i), GINT_TO_POINTER ((gint) i));
  take_words (&m, pieces);
  while (names->len < size && (best = find_best (&m)))
    join (&m, best);
  for (guint i = 0; i < m.words->len; i++)
    g_array_unref (g_array_index (m.words, Word, i).ids);
  g_hash_table_unref (m.pairs);
  g_array_unref (m.words);
  g_hash_table_unref (m.ids);
}

gchar **
rnn_pieces_train (RnnPieces *pieces, RnnPiecesKind kind, guint size, GError **error)
{
  g_autoptr (GPtrArray) characters = find_characters (pieces);
  GPtrArray *names = g_ptr_array_new ();

  g_ptr_array_add (names, g_strdup ("<blank>"));
  g_ptr_array_add (names, g_strdup (kind == RNN_PIECES_BPE ? MARK : " "));
  for (guint i = 0; i < characters->len; i++)
    g_ptr_array_add (names, g_strdup (g_ptr_array_index (characters, i)));
  if (names->len > size) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%u tokens are too few: a blank, a space and %u characters need %u", size,
        characters->len, names->len);
    g_ptr_array_add (names, NULL);
    g_strfreev ((gchar **) g_ptr_array_free (names, FALSE));
    return NULL;
  }
  if (kind == RNN_PIECES_BPE)
    merge (pieces, names, size);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}
