/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Word and character error rates: substitutions, deletions and insertions of a Levenshtein alignment.
 *
 * Alignments of the same distance differ in their counts; the one with most substitutions is taken, as other scorers
 * do.  With an edit costing EDIT and a substitution EDIT - 1, that is the cheapest one.  Deletions - insertions is the
 * difference in length, so the cost tells all three counts: one row of [n_hyp + 1] costs is enough. */
#include "ctc.h"
#include "../text/fold.h"

#define EDIT (G_GUINT64_CONSTANT (1) << 32)

static inline gint
symbol (const GArray *symbols, guint i)
{
  return g_array_index (symbols, gint, i);
}

/* cost[j]: of the best alignment of the reference so far with the first j of hyp. */
static void
extend_row (guint64 *cost, gint ref, const GArray *hyp)
{
  guint64 diagonal = cost[0];

  cost[0] += EDIT;
  for (guint j = 1; j <= hyp->len; j++) {
    guint64 match = diagonal + (symbol (hyp, j - 1) == ref ? 0 : EDIT - 1);

    diagonal = cost[j];
    cost[j] = MIN (match, MIN (cost[j], cost[j - 1]) + EDIT);
  }
}

static guint64
align_cost (const GArray *ref, const GArray *hyp)
{
  g_autofree guint64 *cost = g_new (guint64, hyp->len + 1);

  for (guint j = 0; j <= hyp->len; j++)
    cost[j] = j * EDIT;
  for (guint i = 0; i < ref->len; i++)
    extend_row (cost, symbol (ref, i), hyp);
  return cost[hyp->len];
}

static void
add_alignment (RnnErrorCount *count, const GArray *ref, const GArray *hyp)
{
  guint64 cost = align_cost (ref, hyp);
  guint64 edits = (cost + EDIT - 1) / EDIT, substitutions = edits * EDIT - cost;
  gint64 deletions = ((gint64) (edits - substitutions) + (gint64) ref->len - (gint64) hyp->len) / 2;

  count->substitutions += substitutions;
  count->deletions += (guint64) deletions;
  count->insertions += edits - substitutions - (guint64) deletions;
  count->reference += ref->len;
}

/* A symbol per word: the same number for the same word. */
static GArray *
word_symbols (const gchar *text, GHashTable *ids)
{
  GArray *symbols = g_array_new (FALSE, FALSE, sizeof (gint));
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i]; i++) {
    gpointer id;

    if (!*words[i])
      continue;
    if (!g_hash_table_lookup_extended (ids, words[i], NULL, &id)) {
      id = GINT_TO_POINTER ((gint) g_hash_table_size (ids));
      g_hash_table_insert (ids, g_strdup (words[i]), id);
    }
    g_array_append_vals (symbols, &(gint) { GPOINTER_TO_INT (id) }, 1);
  }
  return symbols;
}

static GArray *
char_symbols (const gchar *text)
{
  GArray *symbols = g_array_new (FALSE, FALSE, sizeof (gint));

  for (const gchar *p = text; *p; p = g_utf8_next_char (p))
    g_array_append_vals (symbols, &(gint) { (gint) g_utf8_get_char (p) }, 1);
  return symbols;
}

/* Valid, composed, without case, one space between words and none at the ends. */
static gchar *
normalise (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  g_autofree gchar *cased = g_utf8_casefold (valid, -1);
  g_autofree gchar *composed = g_utf8_normalize (cased, -1, G_NORMALIZE_DEFAULT_COMPOSE);

  return rnn_text_fold_spaces (composed, " ");
}

void
rnn_error_count_add (RnnErrorCount *count, const gchar *ref, const gchar *hyp, gboolean chars)
{
  g_autofree gchar *ref_text = normalise (ref);
  g_autofree gchar *hyp_text = normalise (hyp);
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GArray) ref_symbols = chars ? char_symbols (ref_text) : word_symbols (ref_text, ids);
  g_autoptr (GArray) hyp_symbols = chars ? char_symbols (hyp_text) : word_symbols (hyp_text, ids);

  add_alignment (count, ref_symbols, hyp_symbols);
}

gdouble
rnn_error_count_rate (const RnnErrorCount *count)
{
  guint64 errors = count->substitutions + count->deletions + count->insertions;

  return errors == 0 ? 0 : (gdouble) errors / (gdouble) count->reference;
}
