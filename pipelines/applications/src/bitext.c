/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two tables of tokens, "</s>" first, in the target's before it "<s>", and texts cut by them. */
#include "bitext.h"

Sentence *
sentence_new (gchar *from, gchar *to)
{
  Sentence *s = g_new0 (Sentence, 1);

  s->from = from;
  s->to = to;
  return s;
}

void
sentence_free (gpointer data)
{
  Sentence *s = data;

  g_clear_pointer (&s->source, g_array_unref);
  g_clear_pointer (&s->target, g_array_unref);
  g_free (s->from);
  g_free (s->to);
  g_free (s);
}

static gchar **
make_names (const GPtrArray *sentences, gboolean target, RnnPiecesKind kind, guint size, GError **error)
{
  g_autoptr (RnnPieces) pieces = rnn_pieces_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) found = NULL;

  for (guint i = 0; i < sentences->len; i++) {
    const Sentence *s = sentences->pdata[i];

    rnn_pieces_add (pieces, target ? s->to : s->from);
  }
  if (!(found = rnn_pieces_train (pieces, kind, size, error)))
    return NULL;
  if (target)
    g_ptr_array_add (names, g_strdup ("<s>"));
  g_ptr_array_add (names, g_strdup ("</s>"));
  for (guint i = 1; found[i]; i++)      /* after the blank */
    g_ptr_array_add (names, g_strdup (found[i]));
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

gboolean
vocabulary_make (Vocabulary *v, const GPtrArray *sentences, const RnnPiecesKind kind[2], const guint size[2], GError **error)
{
  for (gint side = 0; side < 2; side++)
    if (!(v->names[side] = make_names (sentences, side, kind[side], size[side], error))
        || !(v->tokens[side] = rnn_tokens_new ((const gchar *const *) v->names[side], 0, error)))
      return FALSE;
  return TRUE;
}

void
vocabulary_clear (Vocabulary *v)
{
  for (gint side = 0; side < 2; side++) {
    g_clear_pointer (&v->names[side], g_strfreev);
    g_clear_pointer (&v->tokens[side], rnn_tokens_unref);
  }
}

void
vocabulary_give (json_t *recipe, gpointer vocabulary)
{
  const Vocabulary *v = vocabulary;

  pairs_tokens (recipe, v->names[0], v->names[1]);
}

static GArray *
encode (const Vocabulary *v, gint side, const gchar *text, guint longest)
{
  g_autoptr (GArray) ids = rnn_tokens_encode (v->tokens[side], text, NULL);
  gint end = side;              /* "</s>" is the target's second */

  if (!ids || !ids->len || ids->len >= longest)
    return NULL;
  g_array_append_val (ids, end);
  return g_steal_pointer (&ids);
}

void
vocabulary_encode (const Vocabulary *v, GPtrArray *sentences, guint longest)
{
  for (guint i = sentences->len; i-- > 0;) {
    Sentence *s = sentences->pdata[i];

    s->source = encode (v, 0, s->from, longest);
    s->target = encode (v, 1, s->to, longest);
    if (!s->source || !s->target)
      g_ptr_array_remove_index_fast (sentences, i);
  }
}

gchar *
vocabulary_translate (const Vocabulary *v, RnnTranslator *translator, const Sentence *s, GError **error)
{
  guint n;
  const RnnTranslation *best = rnn_translator_run (translator, (const gint *) s->source->data, s->source->len - 1, &n, error);

  return best ? rnn_tokens_decode (v->tokens[1], best->tokens, (gint) best->n) : NULL;
}

GArray *
bitext_pairs (const GPtrArray *sentences)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (RnnPair));

  for (guint i = 0; i < sentences->len; i++) {
    const Sentence *s = sentences->pdata[i];
    RnnPair pair = { (const gint *) s->source->data, (const gint *) s->target->data, (gint) s->source->len, (gint) s->target->len };

    g_array_append_val (pairs, pair);
  }
  return pairs;
}

const Sentence *
bitext_longest (const GPtrArray *sentences, guint n)
{
  const Sentence *longest = sentences->pdata[0];

  for (guint i = 1; i < MIN (n, sentences->len); i++)
    if (((Sentence *) sentences->pdata[i])->source->len > longest->source->len)
      longest = sentences->pdata[i];
  return longest;
}
