/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels of heads.  The first head's speller decides what is spoken; the others take it from there. */
#include "labeller.h"
#include "../text/pronunciations.h"

/* One of the two spells. */
typedef struct {
  RnnTokens *tokens;
  RnnSpeller *speller;
  RnnPronunciations *pronunciations;
} Head;

struct _RnnLabeller {
  GArray *heads;                /* Head; those that learn from text */
};

static void
head_clear (gpointer data)
{
  Head *head = data;

  rnn_pronunciations_free (head->pronunciations);
  rnn_speller_free (head->speller);
  rnn_tokens_unref (head->tokens);
}

static gchar *
resolve (const gchar *path, const gchar *where)
{
  g_autofree gchar *folder = g_path_get_dirname (where);

  return g_path_is_absolute (path) ? g_strdup (path) : g_build_filename (folder, path, NULL);
}

static gboolean
add_head (RnnLabeller *labeller, const RnnOutput *output, const gchar *where, GError **error)
{
  Head head = { rnn_tokens_ref (output->tokens) };
  g_autofree gchar *path = output->dictionary ? resolve (output->dictionary, where) : NULL;

  head.speller = rnn_speller_new (path ? NULL : head.tokens, &output->text);
  if (path)
    head.pronunciations = rnn_pronunciations_load (path, head.tokens, error);
  g_array_append_val (labeller->heads, head);
  return !path || head.pronunciations;
}

RnnLabeller *
rnn_labeller_new (const RnnOutput *output, const gchar *where, GError **error)
{
  g_autoptr (RnnLabeller) labeller = g_new0 (RnnLabeller, 1);
  const RnnOutput *head;

  labeller->heads = g_array_new (FALSE, TRUE, sizeof (Head));
  g_array_set_clear_func (labeller->heads, head_clear);
  for (guint i = 0; (head = rnn_output_get_head (output, i)); i++)
    if (head->klass->label == RNN_LABEL_TEXT && head->tokens && !add_head (labeller, head, where, error))
      return NULL;
  return g_steal_pointer (&labeller);
}

void
rnn_labeller_free (RnnLabeller *labeller)
{
  if (!labeller)
    return;
  g_array_unref (labeller->heads);
  g_free (labeller);
}

guint
rnn_labeller_get_n (RnnLabeller *labeller)
{
  return labeller->heads->len;
}

gchar *
rnn_labeller_spell (RnnLabeller *labeller, const gchar *text, gssize length, gboolean markup, gboolean *news, GError **error)
{
  const Head *first = &g_array_index (labeller->heads, Head, 0);

  return first->pronunciations ? rnn_speller_speak (first->speller, text, length, markup) :
      rnn_speller_spell (first->speller, text, length, markup, news, error);
}

static GArray *
encode (const Head *head, const gchar *spoken)
{
  return head->pronunciations ? rnn_pronunciations_encode (head->pronunciations, spoken) :
      rnn_tokens_encode (head->tokens, spoken, NULL);
}

const GPtrArray *
rnn_labeller_get_unspelled (RnnLabeller *labeller)
{
  return rnn_speller_get_unspelled (g_array_index (labeller->heads, Head, 0).speller);
}

gboolean
rnn_labeller_encode (RnnLabeller *labeller, const gchar *spoken, GArray **ids, GError **error)
{
  const Head *heads = (const Head *) labeller->heads->data;

  ids[0] = encode (&heads[0], spoken);
  if (!ids[0]) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "the model's %s \"%s\"",
        heads[0].pronunciations ? "dictionary lacks a word of" : "tokens cannot spell", spoken);
    return FALSE;
  }
  for (guint i = 1; i < labeller->heads->len; i++)
    ids[i] = encode (&heads[i], spoken);
  return TRUE;
}
