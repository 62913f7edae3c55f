/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Greedy CTC decoding: the best token of every step, repeats merged, blanks removed.
 *
 * A step emits when its best token is no blank.  A word lasts from the first to the last step that emits one of its
 * tokens, repeats included; its confidence is the geometric mean of these steps' probabilities.  Spaces in a token's
 * text end the word before them and belong to none. */
#include <math.h>
#include <string.h>
#include "decoder.h"

typedef struct {
  RnnCtcDecoder base;
  gint last;                    /* best token of the step before */
  gdouble log_sum;              /* over the steps that emitted the word under way */
  guint64 n_steps;
} Greedy;

static void
close_word (Greedy *greedy)
{
  greedy->base.open = FALSE;
  greedy->base.n_stable = greedy->base.words.n;
}

static void
open_word (Greedy *greedy)
{
  rnn_ctc_words_add (&greedy->base.words)->start = greedy->base.now;
  greedy->base.open = TRUE;
  greedy->log_sum = 0;
  greedy->n_steps = 0;
}

/* This step emits part of the open word. */
static void
extend_word (Greedy *greedy, gint token)
{
  RnnCtcWord *word = &greedy->base.words.words[greedy->base.words.n - 1];

  greedy->log_sum += greedy->base.log_probs[token];
  greedy->n_steps++;
  word->end = greedy->base.now + 1;
  word->confidence = (gfloat) exp (greedy->log_sum / (gdouble) greedy->n_steps);
}

static void
emit (Greedy *greedy, gint token)
{
  const gchar *text = rnn_tokens_get_text (greedy->base.tokens, token);

  while (*text) {
    gsize len = strcspn (text, " ");

    if (len == 0) {
      close_word (greedy);
      text++;
      continue;
    }
    if (!greedy->base.open)
      open_word (greedy);
    rnn_ctc_words_append (&greedy->base.words, text, len);
    extend_word (greedy, token);
    text += len;
  }
}

static void
greedy_step (RnnCtcDecoder *decoder)
{
  Greedy *greedy = (Greedy *) decoder;
  gint best = 0;

  for (gint v = 1; v < decoder->V; v++)
    if (decoder->log_probs[v] > decoder->log_probs[best])
      best = v;
  if (best != decoder->blank && best != greedy->last)
    emit (greedy, best);
  else if (best != decoder->blank && decoder->open)
    extend_word (greedy, best);
  greedy->last = best;
}

static void
greedy_end_word (RnnCtcDecoder *decoder)
{
  close_word ((Greedy *) decoder);
}

static void
greedy_finish (RnnCtcDecoder *decoder)
{
  close_word ((Greedy *) decoder);
  ((Greedy *) decoder)->last = decoder->blank;
}

static void
greedy_reset (RnnCtcDecoder *decoder)
{
  ((Greedy *) decoder)->last = decoder->blank;
}

static void
greedy_keep (RnnCtcDecoder *decoder, RnnKeep *keep)
{
  Greedy *greedy = (Greedy *) decoder;

  rnn_keep (keep, &greedy->last, sizeof greedy->last);
  rnn_keep (keep, &greedy->log_sum, sizeof greedy->log_sum);
  rnn_keep (keep, &greedy->n_steps, sizeof greedy->n_steps);
}

const RnnCtcDecoderClass rnn_ctc_greedy = {
  .name = "greedy",
  .summary = "the best token of each step",
  .instance_size = sizeof (Greedy),
  .step = greedy_step,
  .end_word = greedy_end_word,
  .finish = greedy_finish,
  .reset = greedy_reset,
  .keep = greedy_keep,
};
