/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps in: one step's scores go to the decoder, silences end words and utterances.  Where somebody tells of speech, what comes waits in the
 * order that it came in until that is known of its time, and is heard when results are pulled. */
#include "../ctc/decoder.h"
#include "utterance-private.h"

#define PAUSE (200 * MS)        /* an utterance that is too long may end in so short a silence */
#define GRACE (3000 * MS)       /* for how long it may wait for one, or for the end of a word */

/* Of scores or their logarithms; -1: the blank. */
static gint
best_token (RnnUtterance *u, const gfloat *scores)
{
  gint best = 0;

  for (gint v = 1; v < rnn_tokens_get_n (u->tokens); v++)
    if (scores[v] > scores[best])
      best = v;
  return best == rnn_tokens_get_blank (u->tokens) ? -1 : best;
}

/* An utterance may end in the midst of a token, which the steps that follow go on to say: it was heard already. */
static const gfloat *
after_seam (RnnUtterance *u, const gfloat *scores, guint64 start)
{
  if (u->seam >= 0 && (start > u->position + u->hop || best_token (u, scores) != u->seam))
    u->seam = -1;
  return u->seam >= 0 ? u->silence : scores;
}

/* Forgets when steps were that no word can refer to any more: an utterance may be long. */
static void
drop_times (RnnUtterance *u)
{
  guint64 first = rnn_ctc_decoder_get_first_step (u->decoder);

  if (first <= u->first_step)
    return;
  g_array_remove_range (u->times, 0, (guint) MIN (first - u->first_step, u->times->len));
  u->first_step = first;
}

/* The stream is at @end now; it may have gone back. */
static void
advance (RnnUtterance *u, guint64 start, guint64 end)
{
  if (u->told == NEVER || (u->told > end && u->told - end > QUIET_INTERVAL))
    u->told = start;
  u->position = end;
}

/* A silence that ends the utterance, or one that is too long and between two words. */
static gboolean
is_over (RnnUtterance *u)
{
  const RnnEndpoint *e = &u->endpoint;
  guint64 grace = rnn_tokens_have_spaces (u->tokens) ? 0 : GRACE;       /* a word of phones may be the beginning of a longer one */

  u->by_silence = rnn_endpoint_is_silence (e);
  return u->by_silence || e->silence >= PAUSE || e->length >= e->config.max_utterance + grace + GRACE
      || (e->length >= e->config.max_utterance + grace && !rnn_ctc_decoder_in_word (u->decoder));
}

/* The utterance is over: its last words are to be pulled.  @goes_on: it is only too long. */
static void
end_utterance (RnnUtterance *u, gboolean goes_on)
{
  if (!rnn_utterance_has_begun (u) || u->over)
    return;
  if (u->seam < 0)              /* else it is the same still */
    u->seam = best_token (u, u->decoder->log_probs);
  if (goes_on)
    rnn_ctc_decoder_cut (u->decoder);
  else
    rnn_ctc_decoder_finish (u->decoder);
  u->end = u->position;
  u->over = TRUE;
}

/* Words that ended @delay ago become final if others than these are at most so probable. */
static void
settle (RnnUtterance *u, gint delay, gfloat doubt)
{
  const RnnStepTimes *times = (const RnnStepTimes *) (gpointer) u->times->data;
  guint n = u->times->len;

  while (n > 0 && u->position - times[n - 1].end < (guint64) delay * MS)
    n--;
  rnn_ctc_decoder_settle (u->decoder, u->first_step + n, doubt);
}

/* Steps of an utterance do not overlap. */
static void
note_times (RnnUtterance *u, guint64 start, guint64 end)
{
  RnnStepTimes times = { start, end };

  if (rnn_utterance_has_begun (u)) {
    times.start = MAX (start, u->position);
    times.end = MAX (end, times.start);
  } else {
    u->start = u->last_partial = start;
  }
  advance (u, times.start, times.end);
  u->hop = end - start;
  drop_times (u);
  g_array_append_val (u->times, times);
}

static void
end_word_by_silence (RnnUtterance *u)
{
  const guint64 silence = u->endpoint.silence, word_silence = u->config.word_silence * MS;

  if (word_silence == 0 || silence < word_silence)
    return;
  if (silence - u->hop < word_silence)
    rnn_ctc_decoder_pause (u->decoder);
  if (rnn_ctc_decoder_in_word (u->decoder))
    rnn_ctc_decoder_end_word (u->decoder);
}

/* One step of the head's own scores */
static void
hear (RnnUtterance *u, const gfloat *scores, guint64 start, guint64 end)
{
  gboolean silent, due;

  if (u->ended)
    rnn_utterance_forget (u);
  scores = after_seam (u, scores, start);
  note_times (u, start, end);
  rnn_ctc_decoder_step (u->decoder, scores);
  silent = rnn_ctc_decoder_get_blank_probability (u->decoder) > 0.5;
  due = rnn_endpoint_step (&u->endpoint, silent, u->hop);
  end_word_by_silence (u);
  if (u->config.word_doubt > 0 && u->config.word_silence > 0)
    settle (u, u->config.word_silence, u->config.word_doubt);
  if (u->config.word_delay > 0)
    settle (u, u->config.word_delay, 1);
  if (due && is_over (u))
    end_utterance (u, !u->by_silence);
}

static void
skip (RnnUtterance *u, guint64 start, guint64 end)
{
  if (u->ended)
    rnn_utterance_forget (u);
  if (end - start >= u->endpoint.config.endpoint_silence) {
    u->by_silence = TRUE;
    end_utterance (u, FALSE);
  }
  for (guint64 at = start; u->start != NEVER && !u->over && at + u->hop <= end; at += u->hop)
    hear (u, u->silence, at, at + u->hop);
  u->seam = -1;
  advance (u, start, end);
  u->tell = TRUE;
}

static void
finish (RnnUtterance *u)
{
  end_utterance (u, FALSE);
  u->tell = TRUE;
}

/* ---- now, or when it is known what it is ---- */

static void
take (RnnUtterance *u, const RnnWaitingStep *step)
{
  if (step->kind == RNN_WAITING_FINISH)
    finish (u);
  else if (step->kind == RNN_WAITING_SKIP)
    skip (u, step->start, step->end);
  else
    hear (u, step->scores ? step->scores : u->silence, step->start, step->end);
}

gboolean
rnn_utterance_hear_waiting (RnnUtterance *u)
{
  const RnnWaitingStep *step = rnn_waiting_next (&u->waiting);

  if (step)
    take (u, step);
  return step != NULL;
}

static void
take_or_wait (RnnUtterance *u, RnnWaitingKind kind, const gfloat *scores, guint64 start, guint64 end)
{
  RnnWaitingStep step = { kind, start, end, scores };

  if (rnn_waiting_is_used (&u->waiting))
    rnn_waiting_push (&u->waiting, kind, scores, start, end);
  else
    take (u, &step);
}

void
rnn_utterance_push_head (RnnUtterance *u, const gfloat *scores, guint64 start, guint64 end)
{
  take_or_wait (u, RNN_WAITING_STEP, scores, start, end);
}

void
rnn_utterance_push (RnnUtterance *u, const gfloat *scores, guint64 start, guint64 end)
{
  take_or_wait (u, RNN_WAITING_STEP, scores + u->first, start, end);
}

void
rnn_utterance_skip (RnnUtterance *u, guint64 start, guint64 end)
{
  take_or_wait (u, RNN_WAITING_SKIP, NULL, start, end);
}

void
rnn_utterance_finish (RnnUtterance *u)
{
  take_or_wait (u, RNN_WAITING_FINISH, NULL, 0, 0);
}

void
rnn_utterance_begin_stretch (RnnUtterance *u, guint64 start)
{
  rnn_waiting_begin (&u->waiting, start);
}

void
rnn_utterance_tell (RnnUtterance *u, guint64 end, gboolean speech)
{
  rnn_waiting_tell (&u->waiting, end, speech);
}

void
rnn_utterance_inherit (RnnUtterance *u, RnnUtterance *from)
{
  rnn_waiting_inherit (&u->waiting, &from->waiting);
}

gboolean
rnn_utterance_is_quiet (RnnUtterance *u)
{
  for (guint i = 0; i < rnn_waiting_get_n (&u->waiting); i++)
    if (best_token (u, rnn_waiting_get_scores (&u->waiting, i)) >= 0)
      return FALSE;
  return TRUE;
}
