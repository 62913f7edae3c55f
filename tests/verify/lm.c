/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* N-gram models: log10 probabilities of words after contexts, beside an ARPA file. */
#include "families.h"
#include "lm/ngram.h"
#include <math.h>
#include <string.h>

/* log10 P (word | context); a context that begins with <s> begins there, another nowhere. */
static gfloat
score (RnnScorer *scorer, const json_t *context, const gchar *word)
{
  g_autofree guint8 *states = g_malloc (2 * scorer->state_size);
  guint8 *state = states, *next = states + scorer->state_size;
  const gchar *first = json_string_value (json_array_get (context, 0));
  gboolean start = g_strcmp0 (first, "<s>") == 0;

  memset (state, 0xff, scorer->state_size);     /* no context */
  if (start)
    rnn_scorer_start (scorer, state);
  for (gsize i = start; i < json_array_size (context); i++) {
    guint8 *swap = state;

    rnn_scorer_score (scorer, state, rnn_scorer_find (scorer, json_string_value (json_array_get (context, i))), next);
    state = next;
    next = swap;
  }
  return rnn_scorer_score (scorer, state, rnn_scorer_find (scorer, word), NULL) / (gfloat) M_LN10;
}

static gboolean
run_arpa (Case *c, GError **error)
{
  const json_t *tests = json_object_get (c->json, "tests");
  g_autofree gchar *folder = g_path_get_dirname (c->path);
  g_autofree gchar *path = g_build_filename (folder, json_string_value (json_object_get (c->json, "lm")), NULL);
  g_autoptr (RnnScorer) scorer = rnn_ngram_load (path, error);

  for (gsize i = 0; scorer && i < json_array_size (tests); i++) {
    const json_t *one = json_array_get (tests, i);
    const gchar *word = json_string_value (json_object_get (one, "word"));
    g_autofree gchar *name = g_strdup_printf ("%s[%d]", word, (gint) i);
    gfloat wanted = (gfloat) json_number_value (json_object_get (one, "log10p"));
    gfloat got = score (scorer, json_object_get (one, "context"), word);

    case_check (c, name, &got, &wanted, 1, (Tolerance) { 0, 1e-4 });
  }
  return scorer != NULL;
}

const CaseKind cases_lm[] = {
  { "type", "arpa_score", NULL, run_arpa },
  { NULL }
};
