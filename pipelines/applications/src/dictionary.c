/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pronouncing dictionary as pairs of token sequences. */
#include "dictionary.h"
#include "model/root.h"
#include <string.h>

static void
entry_free (gpointer data)
{
  Entry *e = data;

  g_free (e->word);
  g_ptr_array_unref (e->said);
  g_array_unref (e->letters);
  g_free (e);
}

/* FNV-1a: the same split everywhere. */
static guint32
hash_word (const gchar *word)
{
  guint32 hash = 2166136261u;

  for (; *word; word++)
    hash = (hash ^ (guchar) *word) * 16777619u;
  return hash ^ hash >> 15;
}

typedef struct {
  GHashTable *letters, *phones; /* name -> number + 1 */
  gint end_letter, end_phone;
} Names;

static GHashTable *
number (const gchar *const *names)
{
  GHashTable *table = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; names[i]; i++)
    g_hash_table_insert (table, (gpointer) names[i], GUINT_TO_POINTER (i + 1));
  return table;
}

static gint
find (GHashTable *table, const gchar *name)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (table, name)) - 1;
}

/* NULL: a character is no token. */
static GArray *
spell (const Names *names, const gchar *word)
{
  g_autoptr (GArray) letters = g_array_new (FALSE, FALSE, sizeof (gint));

  for (const gchar *at = word; *at; at++) {
    const gchar name[2] = { *at, 0 };
    gint letter = find (names->letters, name);

    if (letter < 0)
      return NULL;
    g_array_append_val (letters, letter);
  }
  g_array_append_val (letters, names->end_letter);
  return g_steal_pointer (&letters);
}

static GArray *
pronounce (const Names *names, gchar *const *phones)
{
  g_autoptr (GArray) said = g_array_new (FALSE, FALSE, sizeof (gint));

  for (guint i = 0; phones[i]; i++) {
    gint phone = find (names->phones, phones[i]);

    if (phone < 0)
      return NULL;
    g_array_append_val (said, phone);
  }
  g_array_append_val (said, names->end_phone);
  return g_steal_pointer (&said);
}

/* Lines that are not understood are left out. */
static void
read_line (GHashTable *entries, GPtrArray *order, const Names *names, gchar *line)
{
  g_auto (GStrv) parts = g_strsplit (g_strstrip (line), " ", -1);
  GArray *said = parts[0] && parts[1] ? pronounce (names, parts + 1) : NULL, *letters;
  Entry *e;

  if (!said)
    return;
  if (strchr (parts[0], '('))
    *strchr (parts[0], '(') = '\0';
  e = g_hash_table_lookup (entries, parts[0]);
  if (!e && (letters = spell (names, parts[0]))) {
    e = g_new (Entry, 1);
    *e = (Entry) { g_strdup (parts[0]), g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref), letters };
    g_hash_table_insert (entries, e->word, e);
    g_ptr_array_add (order, e);
  }
  if (e)
    g_ptr_array_add (e->said, said);
  else
    g_array_unref (said);
}

static gboolean
split (Dictionary *d, GPtrArray *order, guint at_most, const gchar *path, GError **error)
{
  for (guint i = 0; i < order->len; i++) {
    Entry *e = order->pdata[i];
    guint32 hash = hash_word (e->word);
    GPtrArray *part = hash % 20 == 0 ? d->test : hash % 100 == 1 ? d->dev : d->train;

    if (part->len < at_most)
      g_ptr_array_add (part, e);
    else
      entry_free (e);
  }
  if (d->train->len && d->test->len && d->dev->len)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: too few words \"WORD PH ON ES\" to learn and to test", path);
  return FALSE;
}

gboolean
dictionary_read (Dictionary *d, const gchar *path, RnnModel *model, guint at_most, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  g_autoptr (GHashTable) entries = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) letters = number (rnn_model_get_source_tokens (model));
  g_autoptr (GHashTable) phones = number (rnn_model_get_tokens (model));
  Names names = { letters, phones, find (letters, "</s>"), find (phones, "</s>") };

  d->train = g_ptr_array_new_with_free_func (entry_free);
  d->dev = g_ptr_array_new_with_free_func (entry_free);
  d->test = g_ptr_array_new_with_free_func (entry_free);
  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    read_line (entries, order, &names, lines[i]);
  return split (d, order, at_most, path, error);
}

void
dictionary_clear (Dictionary *d)
{
  g_clear_pointer (&d->train, g_ptr_array_unref);
  g_clear_pointer (&d->dev, g_ptr_array_unref);
  g_clear_pointer (&d->test, g_ptr_array_unref);
}

GArray *
dictionary_pairs (const GPtrArray *entries)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (RnnPair));

  for (guint i = 0; i < entries->len; i++) {
    const Entry *e = entries->pdata[i];

    for (guint j = 0; j < e->said->len; j++) {
      const GArray *said = e->said->pdata[j];
      RnnPair pair = { (const gint *) e->letters->data, (const gint *) said->data, (gint) e->letters->len, (gint) said->len };

      g_array_append_val (pairs, pair);
    }
  }
  return pairs;
}
