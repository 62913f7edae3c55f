/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to say a word: the best readings of a translator, those nearly as probable as the first. */
#include "pronouncer.h"
#include "../session/translate.h"
#include <string.h>

#define BEAM 6
#define MARGIN 2.5f             /* nats below the best way */
#define MAX_WAYS 4
#define MAX_WORDS 65536         /* that are remembered */

struct _RnnPronouncer {
  guint refs;                   /* under the lock of all */
  RnnModel *model;
  GMutex lock;                  /* of what follows */
  RnnTranslator *translator;
  GHashTable *said;             /* word -> ways */
};

static GMutex lock;
static GHashTable *shared;      /* model -> RnnPronouncer, not referenced */

static RnnPronouncer *
look_up (RnnModel *model)
{
  RnnPronouncer *found;

  g_mutex_lock (&lock);
  found = shared ? g_hash_table_lookup (shared, model) : NULL;
  if (found)
    found->refs++;
  g_mutex_unlock (&lock);
  return found;
}

/* Two threads may have made one at once: each keeps its own. */
static void
share (RnnPronouncer *p)
{
  g_mutex_lock (&lock);
  if (!shared)
    shared = g_hash_table_new (NULL, NULL);
  if (!g_hash_table_contains (shared, p->model))
    g_hash_table_insert (shared, p->model, p);
  g_mutex_unlock (&lock);
}

RnnPronouncer *
rnn_pronouncer_load (const gchar *path, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load_shared (path, error);
  RnnPronouncer *p = model ? look_up (model) : NULL;
  RnnTranslator *translator;

  if (p || !model || !(translator = rnn_translator_new (model, BEAM, 0, error)))
    return p;
  p = g_new0 (RnnPronouncer, 1);
  p->refs = 1;
  p->model = g_steal_pointer (&model);
  p->translator = translator;
  p->said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  g_mutex_init (&p->lock);
  share (p);
  return p;
}

RnnPronouncer *
rnn_pronouncer_ref (RnnPronouncer *p)
{
  g_mutex_lock (&lock);
  p->refs++;
  g_mutex_unlock (&lock);
  return p;
}

void
rnn_pronouncer_unref (RnnPronouncer *p)
{
  gboolean last;

  if (!p)
    return;
  g_mutex_lock (&lock);
  last = --p->refs == 0;
  if (last && g_hash_table_lookup (shared, p->model) == p)
    g_hash_table_remove (shared, p->model);
  g_mutex_unlock (&lock);
  if (!last)
    return;
  rnn_translator_free (p->translator);
  rnn_model_unref (p->model);
  g_hash_table_unref (p->said);
  g_mutex_clear (&p->lock);
  g_free (p);
}

/* ---- words ---- */

static gchar *
name_tokens (RnnPronouncer *p, const RnnTranslation *way)
{
  const gchar *const *labels = rnn_model_get_tokens (p->model);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < way->n; i++)
    g_string_append_printf (text, "%s%s", i ? " " : "", labels[way->tokens[i]]);
  return g_string_free (text, FALSE);
}

static gchar **
translate (RnnPronouncer *p, const gchar *word)
{
  GPtrArray *ways = g_ptr_array_new ();
  guint n = 0;
  const RnnTranslation *best = *word ? rnn_translator_read (p->translator, word, &n, NULL) : NULL;

  for (guint i = 0; i < MIN (n, MAX_WAYS) && best[i].score >= best[0].score - MARGIN; i++)
    if (best[i].n > 0)
      g_ptr_array_add (ways, name_tokens (p, &best[i]));
  g_ptr_array_add (ways, NULL);
  return (gchar **) g_ptr_array_free (ways, FALSE);
}

gchar **
rnn_pronouncer_say (RnnPronouncer *p, const gchar *word)
{
  gchar **ways;

  g_mutex_lock (&p->lock);
  if (!(ways = g_hash_table_lookup (p->said, word))) {
    ways = translate (p, word);
    if (g_hash_table_size (p->said) >= MAX_WORDS)
      g_hash_table_remove_all (p->said);
    g_hash_table_insert (p->said, g_strdup (word), ways);
  }
  ways = g_strdupv (ways);
  g_mutex_unlock (&p->lock);
  return ways;
}
