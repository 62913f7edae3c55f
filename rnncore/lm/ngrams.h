/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An n-gram model in the making: sorted tables that are trained, read from ARPA text, pruned, and written as ARPA text
 * or as the image that rnn_ngram_load() maps.  All numbers are logarithms to base 10, as in ARPA files. */
#pragma once
#include "../base/spill.h"

G_BEGIN_DECLS

#define RNN_NGRAM_MAX_ORDER 6

typedef union {
  guint32 word;
  gfloat value;
} RnnNgramField;

/* The n-grams of one order, sorted by their words: w[1] first, w[order] last.  A record has order + 3 fields: words,
 * log10 P (w[order] | the words before), log10 of the back-off weight, and how often the text has it (0: unknown). */
typedef struct {
  guint order;
  gsize n;
  RnnSpill *spill;
  RnnNgramField *records;       /* [n][order + 3]; valid after rnn_ngram_table_map() */
} RnnNgramTable;

typedef struct {
  guint order;
  GPtrArray *words;             /* texts in the order of strcmp(); a word's number is its place */
  GHashTable *ids;              /* text -> number */
  guint32 unknown, start, end;  /* of <unk>, <s>, </s>; words->len: not in the model */
  RnnNgramTable tables[RNN_NGRAM_MAX_ORDER];    /* [k]: order k + 1 */
} RnnNgrams;

/* @words (transfer full): any order, without doubles. */
RnnNgrams *rnn_ngrams_new  (guint order, GPtrArray *words, GError **error);
void       rnn_ngrams_free (RnnNgrams *ngrams);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnNgrams, rnn_ngrams_free)
/* words->len when there is no such word */
guint32    rnn_ngrams_find_word (const RnnNgrams *ngrams, const gchar *text);

static inline RnnNgramField *
rnn_ngram_table_get (const RnnNgramTable *table, gsize i)
{
  return table->records + i * (table->order + 3);
}

#define RNN_NGRAM_PROB(table, record)    ((record)[(table)->order].value)
#define RNN_NGRAM_BACKOFF(table, record) ((record)[(table)->order + 1].value)
#define RNN_NGRAM_COUNT(table, record)   ((record)[(table)->order + 2].value)

void     rnn_ngram_table_add (RnnNgramTable *table, const RnnNgramField *record);
gboolean rnn_ngram_table_map (RnnNgramTable *table, GError **error);
/* Sorts what was mapped; FALSE: an n-gram is there twice (its place in @twice). */
gboolean rnn_ngram_table_sort (RnnNgramTable *table, gsize *twice);
/* The record of words[order], or NULL.  @hint (in and out, may be NULL): where the last search ended; searches that
 * ascend are cheap. */
RnnNgramField *rnn_ngram_table_find (const RnnNgramTable *table, const RnnNgramField *words, gsize *hint);
/* A context is followed by every n-gram that begins with it, an n-gram by no context that is missing: adds missing
 * prefixes with the probability that backing off gives them. */
gboolean rnn_ngrams_add_prefixes (RnnNgrams *ngrams, GError **error);
/* log10 P (words[n - 1] | words[0 .. n - 2]) by backing off, 1 <= n <= order */
gdouble  rnn_ngrams_score (const RnnNgrams *ngrams, const RnnNgramField *words, guint n);

/* ---- kneser-ney.c ---- */

typedef struct {
  guint order;
  guint vocabulary;             /* most frequent words to keep; 0: all */
  const gchar *const *words;    /* [n_words]: the vocabulary instead, whether the text has them or not; NULL: the text's */
  guint n_words;
  gsize memory;                 /* bytes that sorting may use; 0: 64 MB for each of two sorts */
} RnnNgramTraining;

/* @paths: NULL-terminated UTF-8 text files, a sentence a line, words between white space. */
RnnNgrams *rnn_ngrams_train (const gchar *const *paths, const RnnNgramTraining *training, GError **error);

/* ---- prune.c ---- */

/* Takes away the n-grams (n > 1) without which the model's perplexity rises by less than @threshold (relative), longest
 * first, and no context of one that stays; makes the back-off weights anew. */
gboolean rnn_ngrams_prune (RnnNgrams *ngrams, gdouble threshold, GError **error);

/* Makes all back-off weights such that probabilities sum to 1. */
void     rnn_ngrams_weigh (RnnNgrams *ngrams);

/* ---- mix.c ---- */

/* (1 - share) of the first, @share of the second, over the words of the first; neither is changed. (transfer full) */
RnnNgrams *rnn_ngrams_mix (const RnnNgrams *first, const RnnNgrams *second, gdouble share, GError **error);

/* ---- arpa.c ---- */

RnnNgrams *rnn_ngrams_parse_arpa (const gchar *text, gsize n, const gchar *where, GError **error);
gboolean   rnn_ngrams_write_arpa (const RnnNgrams *ngrams, const gchar *path, GError **error);

G_END_DECLS
