/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models behind one interface: what comes next, given what came.  A model scores symbols: words, or the tokens
 * of a recogniser.  It does not change once it is made: any number of threads and streams share one, and what a
 * hypothesis has seen is a state of state_size bytes that the caller keeps, copies and compares.
 *
 * A new kind of model is one file with a class, and its loader in load.c where a file can hold it. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnScorer RnnScorer;

/* What rnn_scorer_find() answers for a symbol that the model does not know, and what scores as such. */
#define RNN_SCORER_UNKNOWN G_MAXUINT32

/* What will be asked: score_text (@text), with the state after it if @next is where that goes; or end (), without a text. */
typedef struct {
  gconstpointer state;
  guint32 symbol;
  const gchar *text;            /* NULL: the end */
  gpointer next;                /* NULL: not wanted */
} RnnScorerQuestion;

typedef struct {
  const gchar *name;
  gsize instance_size;          /* of a struct that begins with an RnnScorer */
  guint32 (*find)     (RnnScorer *scorer, const gchar *symbol);
  /* State at the beginning of a sentence. */
  void    (*start)    (RnnScorer *scorer, gpointer state);
  /* log P (symbol | state) in nats; @next (NULL: not wanted; not @state) becomes the state after it. */
  gfloat  (*score)    (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next);
  /* The same of any text, which a model may read that has no table of words; @symbol: what find() answered for it.  NULL: the
   * number says all. */
  gfloat  (*score_text) (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text, gpointer next);
  /* log P (the sentence ends here | state) in nats; 0 where the model has no notion of it. */
  gfloat  (*end)      (RnnScorer *scorer, gconstpointer state);
  /* Many questions at once, where that costs less than one after the other: fills in each @next; what is then asked without is
   * remembered, for a while.  The numbers are the same bits.  NULL where `prepares` is never set. */
  void    (*prepare)  (RnnScorer *scorer, const RnnScorerQuestion *questions, guint n);
  /* score_text () gives no more: what is known without much work.  NULL: that is what score () gives. */
  gfloat  (*ceiling)  (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text);
  /* Can @state, whose bytes came from outside, be one of its?  NULL: any can. */
  gboolean (*holds)   (RnnScorer *scorer, gconstpointer state);
  void    (*finalize) (RnnScorer *scorer);      /* may be NULL */
} RnnScorerClass;

struct _RnnScorer {
  const RnnScorerClass *klass;
  gatomicrefcount refs;
  gsize state_size;             /* a multiple of 4 */
  gboolean prepares;            /* prepare () gains something */
};

/* For classes: an instance with everything else zero. */
gpointer   rnn_scorer_alloc (const RnnScorerClass *klass);

RnnScorer *rnn_scorer_ref   (RnnScorer *scorer);
void       rnn_scorer_unref (RnnScorer *scorer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnScorer, rnn_scorer_unref)

static inline guint32
rnn_scorer_find (RnnScorer *scorer, const gchar *symbol)
{
  return scorer->klass->find (scorer, symbol);
}

static inline void
rnn_scorer_start (RnnScorer *scorer, gpointer state)
{
  scorer->klass->start (scorer, state);
}

static inline gfloat
rnn_scorer_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  return scorer->klass->score (scorer, state, symbol, next);
}

static inline gfloat
rnn_scorer_score_text (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text, gpointer next)
{
  return scorer->klass->score_text ? scorer->klass->score_text (scorer, state, symbol, text, next)
      : scorer->klass->score (scorer, state, symbol, next);
}

static inline gfloat
rnn_scorer_ceiling (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text)
{
  return scorer->klass->ceiling ? scorer->klass->ceiling (scorer, state, symbol, text) : scorer->klass->score (scorer, state, symbol, NULL);
}

static inline gfloat
rnn_scorer_end (RnnScorer *scorer, gconstpointer state)
{
  return scorer->klass->end (scorer, state);
}

static inline gboolean
rnn_scorer_holds (RnnScorer *scorer, gconstpointer state)
{
  return !scorer->klass->holds || scorer->klass->holds (scorer, state);
}

/* ---- sum.c: several models as one ---- */

/* Scores are sums of the @n scorers' (each gets a reference), times their weights.  Symbols must be found, with
 * rnn_scorer_find(), before threads share the sum. */
RnnScorer *rnn_scorer_sum_new (RnnScorer *const *scorers, const gfloat *weights, guint n);

/* ---- load.c ---- */

/* "FILE" or "FILE:WEIGHT,FILE:WEIGHT,...", recognised by what the files hold.  @ngram: the first model of n-grams among them, borrowed, or
 * NULL: there is none. */
RnnScorer *rnn_scorer_load (const gchar *files, RnnScorer **ngram, GError **error);
/* The paths, NULL-terminated, and their @weights (may be NULL). (both transfer full) */
gchar    **rnn_scorer_split_files (const gchar *files, gfloat **weights, GError **error);

G_END_DECLS
