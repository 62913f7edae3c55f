/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BLEU of a corpus (Papineni et al. 2002): the geometric mean of the precisions of runs of 1 to 4 words, each run counted as
 * often as the reference has it, times exp (1 - reference / length) where translations are shorter. */
#include "bleu.h"
#include <math.h>

/* Runs of n words -> how often. (transfer full) */
static GHashTable *
count_runs (gchar **words, guint n)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint length = g_strv_length (words);

  for (guint i = 0; i + n <= length; i++) {
    g_autoptr (GString) run = g_string_new (words[i]);

    for (guint k = 1; k < n; k++)
      g_string_append_printf (run, " %s", words[i + k]);
    g_hash_table_insert (counts, g_strdup (run->str), GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, run->str)) + 1));
  }
  return counts;
}

static void
add_order (Bleu *bleu, guint n, gchar **words, gchar **reference)
{
  g_autoptr (GHashTable) said = count_runs (words, n), wanted = count_runs (reference, n);
  GHashTableIter iter;
  gpointer run, count;

  g_hash_table_iter_init (&iter, said);
  while (g_hash_table_iter_next (&iter, &run, &count)) {
    bleu->matched[n - 1] += MIN (GPOINTER_TO_UINT (count), GPOINTER_TO_UINT (g_hash_table_lookup (wanted, run)));
    bleu->total[n - 1] += GPOINTER_TO_UINT (count);
  }
}

void
bleu_add (Bleu *bleu, const gchar *translation, const gchar *reference)
{
  g_auto (GStrv) words = g_strsplit (translation, " ", -1), others = g_strsplit (reference, " ", -1);

  for (guint n = 1; n <= BLEU_ORDER; n++)
    add_order (bleu, n, words, others);
  bleu->length += g_strv_length (words);
  bleu->reference += g_strv_length (others);
}

gdouble
bleu_score (const Bleu *bleu)
{
  gdouble sum = 0;

  for (guint n = 0; n < BLEU_ORDER; n++) {
    if (!bleu->matched[n])
      return 0;
    sum += log ((gdouble) bleu->matched[n] / bleu->total[n]) / BLEU_ORDER;
  }
  return 100 * exp (sum + MIN (0, 1 - (gdouble) bleu->reference / bleu->length));
}
