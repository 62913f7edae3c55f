/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entropy pruning (Stolcke 1998).  Without the n-gram hw the model's entropy rises by
 *   P (h) [ p (w|h) (log p (w|h) - log a' (h) p (w|h')) + (1 - sum p) (log a (h) - log a' (h)) ]
 * with h' = h without its first word, the sum over the n-grams of h, a (h) its back-off weight and a' (h) the one that
 * makes up for w.  P (h) is what the text says where its counts are known: the lower orders of a Kneser-Ney model are no
 * marginals (Chelba et al. 2010). */
#include "ngrams.h"
#include <math.h>
#include <string.h>

typedef struct {
  gsize first, end;             /* the context's n-grams */
  gdouble sum, sum_lower;       /* of p (w|h) and p (w|h') over them */
} Context;

static inline gdouble
probability (const RnnNgramTable *table, const RnnNgramField *record)
{
  return pow (10, RNN_NGRAM_PROB (table, record));
}

static inline gdouble
lower (const RnnNgrams *ngrams, const RnnNgramTable *table, gsize i)
{
  return pow (10, rnn_ngrams_score (ngrams, rnn_ngram_table_get (table, i) + 1, table->order - 1));
}

/* Sets the context that begins at record @first. */
static void
open_context (const RnnNgrams *ngrams, const RnnNgramTable *table, gsize first, Context *c)
{
  const RnnNgramField *words = rnn_ngram_table_get (table, first);

  *c = (Context) {.first = first, .end = first };
  while (c->end < table->n
      && memcmp (words, rnn_ngram_table_get (table, c->end), (table->order - 1) * sizeof *words) == 0) {
    c->sum += probability (table, rnn_ngram_table_get (table, c->end));
    c->sum_lower += lower (ngrams, table, c->end++);
  }
}

/* P of the first @n words of a sentence part */
static gdouble
context_probability (const RnnNgrams *ngrams, const RnnNgramField *words, guint n, gdouble total)
{
  const RnnNgramTable *table = &ngrams->tables[n - 1];
  const RnnNgramField *record = rnn_ngram_table_find (table, words, NULL);
  gdouble log_p = 0;

  if (total > 0 && n == 1 && words[0].word == ngrams->start && ngrams->end < ngrams->words->len)
    return RNN_NGRAM_COUNT (table, rnn_ngram_table_get (table, ngrams->end)) / total;
  if (total > 0 && record)
    return RNN_NGRAM_COUNT (table, record) / total;
  for (guint i = words[0].word == ngrams->start; i < n; i++)
    log_p += rnn_ngrams_score (ngrams, words, i + 1);
  return pow (10, log_p);
}

/* Relative change of perplexity without record @i. */
static gdouble
loss (const RnnNgrams *ngrams, const RnnNgramTable *table, const Context *c, gsize i, gdouble context)
{
  gdouble p = probability (table, rnn_ngram_table_get (table, i)), p_lower = lower (ngrams, table, i);
  gdouble left = MAX (1 - c->sum, 1e-12), left_lower = MAX (1 - c->sum_lower, 1e-12);
  gdouble weight = log (left / left_lower), without = log ((left + p) / (left_lower + p_lower));

  return expm1 (context * (p * (log (p) - without - log (p_lower)) + left * (weight - without)));
}

/* Marks what stays of @table; @kept_above: what stays of the table above it, NULL for the highest order. */
static guint8 *
choose (const RnnNgrams *ngrams, const RnnNgramTable *table, const guint8 *kept_above, gdouble total, gdouble threshold)
{
  guint8 *kept = g_new0 (guint8, table->n + 1);
  const RnnNgramTable *above = table + 1;
  gsize hint = 0;

  for (gsize i = 0; kept_above && i < above->n; i++)
    if (kept_above[i]) {
      const RnnNgramField *prefix = rnn_ngram_table_find (table, rnn_ngram_table_get (above, i), &hint);

      kept[(prefix - table->records) / (table->order + 3)] = TRUE;
    }
  for (Context c = { 0 }; c.end < table->n;) {
    gdouble context;

    open_context (ngrams, table, c.end, &c);
    context = context_probability (ngrams, rnn_ngram_table_get (table, c.first), table->order - 1, total);
    for (gsize i = c.first; i < c.end; i++)
      kept[i] |= loss (ngrams, table, &c, i, context) >= threshold;
  }
  return kept;
}

static gboolean
keep_only (RnnNgramTable *table, const guint8 *kept, GError **error)
{
  RnnNgramTable rest = {.order = table->order, .spill = rnn_spill_new (error) };

  if (!rest.spill)
    return FALSE;
  for (gsize i = 0; i < table->n; i++)
    if (kept[i])
      rnn_ngram_table_add (&rest, rnn_ngram_table_get (table, i));
  rnn_spill_free (table->spill);
  *table = rest;
  return rnn_ngram_table_map (table, error);
}

/* What the n-grams of a context leave over goes to shorter contexts. */
static void
weigh (RnnNgrams *ngrams, guint k)
{
  RnnNgramTable *table = &ngrams->tables[k], *below = table - 1;
  gsize hint = 0;

  for (gsize i = 0; i < below->n; i++)
    RNN_NGRAM_BACKOFF (below, rnn_ngram_table_get (below, i)) = 0;
  for (Context c = { 0 }; c.end < table->n;) {
    open_context (ngrams, table, c.end, &c);
    if (1 - c.sum > 1e-9 && 1 - c.sum_lower > 1e-9)
      RNN_NGRAM_BACKOFF (below, rnn_ngram_table_find (below, rnn_ngram_table_get (table, c.first), &hint)) =
          (gfloat) log10 ((1 - c.sum) / (1 - c.sum_lower));
  }
}

void
rnn_ngrams_weigh (RnnNgrams *ngrams)
{
  for (guint k = 1; k < ngrams->order; k++)
    weigh (ngrams, k);
}

gboolean
rnn_ngrams_prune (RnnNgrams *ngrams, gdouble threshold, GError **error)
{
  guint8 *kept[RNN_NGRAM_MAX_ORDER + 1] = { NULL };
  gdouble total = 0;
  gboolean good = TRUE;

  for (gsize i = 0; i < ngrams->tables[0].n; i++)
    total += RNN_NGRAM_COUNT (&ngrams->tables[0], rnn_ngram_table_get (&ngrams->tables[0], i));
  for (guint k = ngrams->order; k-- > 1;)
    kept[k] = choose (ngrams, &ngrams->tables[k], kept[k + 1], total, threshold);
  for (guint k = 1; k < ngrams->order && good; k++)
    good = keep_only (&ngrams->tables[k], kept[k], error);
  for (guint k = 1; k < ngrams->order; k++)
    g_free (kept[k]);
  if (good)
    rnn_ngrams_weigh (ngrams);
  return good;
}
