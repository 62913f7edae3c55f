/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connectionist temporal classification (Graves et al. 2006): loss with gradient, streaming decoding into timed words,
 * error rates. */
#pragma once
#include "../base/options.h"
#include "../text/tokens.h"

RNN_API_BEGIN

/* ---- loss.c ---- */

/* Floats of scratch that rnn_ctc_loss needs for T steps, V tokens, L labels. */
gsize rnn_ctc_loss_scratch (gint T, gint V, gint L);

/* Negative log-likelihood in nats of targets[L] (L may be 0) under logits [T] rows, ld floats apart, of V
 * pre-softmax scores; no target is the blank.  dlogits (rows ldd apart; NULL: not wanted; may be logits) gets
 * scale * d nll/d logits, overwritten.  Targets without any path (too few steps) give +inf, scores that are not
 * numbers NAN, both with a zero gradient.  No allocation. */
gfloat rnn_ctc_loss (const gfloat *logits, gsize ld, gint T, gint V, const gint *targets, gint L, gint blank,
    gfloat scale, gfloat *dlogits, gsize ldd, gfloat *scratch);

/* log (sum of exp (x[n])), n >= 1; NAN when any x is, or when all are infinite */
gfloat rnn_log_sum_exp (gint n, const gfloat *x);
/* log (sum of exp (logits[V] - max)) */
gfloat rnn_log_z (gint V, const gfloat *logits, gfloat *max);
/* out[V] = (logits - max) - rnn_log_z (logits); out may be logits */
void rnn_log_softmax (gint V, const gfloat *logits, gfloat *out);

/* ---- align.c: which steps said which token ---- */

typedef struct {
  gint start, end;              /* steps [start, end) that emit the token */
} RnnCtcSpan;

/* Bytes of scratch that rnn_ctc_align needs for T steps and L labels. */
gsize rnn_ctc_align_scratch (gint T, gint L);

/* Forced alignment: the one most probable path of targets[L] through scores [T] rows, ld apart, of V logits or
 * log-probabilities -> spans[L].  Returns its log-probability, or -inf (spans all zero) when there is no path. */
gdouble rnn_ctc_align (const gfloat *scores, gsize ld, gint T, gint V, const gint *targets, gint L, gint blank,
    RnnCtcSpan *spans, gpointer scratch);

/* ---- decoder: steps in, timed words out ---- */

typedef struct {
  gchar *text;
  guint64 start, end;           /* steps since the last rnn_ctc_decoder_reset: [start, end); in captions and results ns */
  gfloat confidence;            /* 0..1: geometric mean of the emitting steps' probabilities */
} RnnCtcWord;

typedef struct {
  gchar *text;                  /* of a whole utterance, words parted by a space */
  gdouble score;                /* natural logarithm, of the decoder's whole sum */
} RnnCtcReading;

typedef struct _RnnCtcDecoder RnnCtcDecoder;

#define RNN_CTC_NO_UNKNOWN -1000        /* and less: words of the lexicon only */
#define RNN_CTC_NO_SENTENCES -1000      /* and less: an utterance is one sentence */

/* Each decoder class reads some of it and has rows for that (decoder.h). */
typedef struct {
  gint decoder;                 /* row of the decoder table: 0 greedy, 1 beam */
  /* beam: */
  gint beam_width;              /* hypotheses */
  gfloat beam_threshold;        /* how far below the best one a hypothesis may lie, in nats */
  gfloat token_threshold;       /* tokens with a lower log-probability in a step do not count, but for the best */
  gint token_count;             /* tokens that one step looks at */
  gboolean recombine;           /* of hypotheses whose future is the same keep the best only */
  gchar *lm_file;               /* n-grams (ARPA or binary), a recurrent model, or "FILE:WEIGHT,..."; NULL: none */
  gchar *lexicon;               /* file of words, see lm/lexicon.h; NULL: the model's lexicon or words; "spelled": its words */
  gfloat lm_weight;             /* of the model's log-probabilities */
  gfloat word_score;            /* for each word that a model weighs, in nats */
  gfloat sentence_score;        /* for each sentence that ends within an utterance; RNN_CTC_NO_SENTENCES: none does */
  gfloat pause_score;           /* log (p / (1 - p)) that one ends where a pause was told */
  gchar *hotwords;              /* to be preferred: "word:boost,two words:boost", or a file of them; NULL: none */
  gchar *g2p_model;             /* says hotwords that a lexicon of sounds lacks; NULL: they are left out */
  gfloat unknown_score;         /* for each word that the lexicon lacks; RNN_CTC_NO_UNKNOWN: there are none */
} RnnCtcDecoderConfig;

/* All rows of RnnCtcDecoderConfig: `decoder`, then those of every class; for rnn_options_init () and so on. */
const RnnOption *rnn_ctc_decoder_get_options (void);

RnnCtcDecoder *rnn_ctc_decoder_new (RnnTokens *tokens, const RnnCtcDecoderConfig *config, GError **error);
void  rnn_ctc_decoder_free (RnnCtcDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCtcDecoder, rnn_ctc_decoder_free)
/* Feeds one step of scores (logits or log-probabilities, [V]). */
void  rnn_ctc_decoder_step (RnnCtcDecoder *decoder, const gfloat *scores);
/* A silence: the word under way, if any, is complete and nothing joins it any more.  Does nothing where the tokens know
 * no words. */
void  rnn_ctc_decoder_end_word (RnnCtcDecoder *decoder);
/* A silence at which a sentence may be over, too (pause_score); it may be told of in every step that it lasts. */
void  rnn_ctc_decoder_pause (RnnCtcDecoder *decoder);
/* As rnn_ctc_decoder_finish (), where an utterance is only too long: after the next reset the sentence goes on. */
void  rnn_ctc_decoder_cut (RnnCtcDecoder *decoder);
/* Ends the utterance: the last word becomes complete, and all are stable. */
void  rnn_ctc_decoder_finish (RnnCtcDecoder *decoder);
void  rnn_ctc_decoder_reset (RnnCtcDecoder *decoder);
/* Words so far, and how many of them, from the first on, can no longer change (greedy: all that are complete); the
 * others are the best guess of now, any of them may come out otherwise.  (transfer none), valid until the next call.
 * With @partial the word under way, if any, is included as the last one. */
const RnnCtcWord *rnn_ctc_decoder_get_words (RnnCtcDecoder *decoder, gboolean partial, guint *n_words, guint *n_stable);
/* Drops the first @n words (they were sent), stable ones only. */
void  rnn_ctc_decoder_drop_words (RnnCtcDecoder *decoder, guint n);
/* After finish: readings of the whole utterance, best first, words that were dropped included; a decoder that knows
 * only one has none.  (transfer none), valid until the next call. */
const RnnCtcReading *rnn_ctc_decoder_get_n_best (RnnCtcDecoder *decoder, guint *n);
/* From the next step on: weights and the like that may change in mid-utterance; what can not stays as it was made. */
gboolean rnn_ctc_decoder_configure (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error);
/* From the next step on: words to be preferred, "word:boost,word,..."; NULL or "": none. */
gboolean rnn_ctc_decoder_set_hotwords (RnnCtcDecoder *decoder, const gchar *hotwords, GError **error);
/* Those of its hotwords that cannot be said with its tokens or its lexicon, as a message names them; NULL: none. (transfer none), until other
 * hotwords, another model or lexicon come. */
const gchar *rnn_ctc_decoder_get_left_out (RnnCtcDecoder *decoder);
/* "German", where the commonest words of its language model are rather those than English ones; NULL: nothing says so. */
const gchar *rnn_ctc_decoder_get_foreign (RnnCtcDecoder *decoder);
/* The first step in which a word that is there or still to come can start. */
guint64  rnn_ctc_decoder_get_first_step (RnnCtcDecoder *decoder);
/* Probability of the blank in the last step, and whether a word is open. */
gfloat   rnn_ctc_decoder_get_blank_probability (RnnCtcDecoder *decoder);
gboolean rnn_ctc_decoder_in_word (RnnCtcDecoder *decoder);

/* ---- error-rate.c ---- */

typedef struct {
  guint64 substitutions, deletions, insertions, reference;     /* reference: words (or characters) in the reference */
} RnnErrorCount;

/* Adds the Levenshtein alignment of @hyp against @ref to @count: words split at white space, or with @chars
 * characters (white space folded to one, ends trimmed). Case is ignored. */
void    rnn_error_count_add (RnnErrorCount *count, const gchar *ref, const gchar *hyp, gboolean chars);
gdouble rnn_error_count_rate (const RnnErrorCount *count);      /* (S + D + I) / N; 0 / 0 = 0 */

RNN_API_END
