/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An utterance on its way into another process: the search as it stands, words that wait for marks, figures or the rest of their caption,
 * and when steps were. */
#include "utterance-private.h"
#include "../ctc/decoder.h"

#define MAX_STEPS (1 << 24)     /* that an utterance remembers */
#define KEEP(keep, field) rnn_keep (keep, &(field), sizeof (field))

static void
keep_times (RnnUtterance *u, RnnKeep *keep)
{
  KEEP (keep, u->start);
  KEEP (keep, u->end);
  KEEP (keep, u->position);
  KEEP (keep, u->hop);
  KEEP (keep, u->told);
  KEEP (keep, u->last_partial);
  KEEP (keep, u->n_words);
  KEEP (keep, u->seam);
  rnn_keep_array (keep, u->times, MAX_STEPS);
  KEEP (keep, u->first_step);
  KEEP (keep, u->endpoint.length);
  KEEP (keep, u->endpoint.silence);
  KEEP (keep, u->endpoint.spoken);
}

static void
keep_words (RnnUtterance *u, RnnKeep *keep)
{
  guint n_stable;

  rnn_keep_string (keep, u->text);
  rnn_keep_string (keep, u->partial);
  rnn_steady_keep (&u->steady, keep);
  KEEP (keep, u->n_heard);
  rnn_ctc_decoder_get_words (u->decoder, TRUE, NULL, &n_stable);
  rnn_keep_count (keep, &u->n_taken, n_stable);
  rnn_keep_same (keep, u->writer != NULL);
  if (u->writer)
    rnn_writer_keep (u->writer, keep);
  rnn_captioner_keep (u->captioner, keep);
}

static void
keep_flags (RnnUtterance *u, RnnKeep *keep)
{
  KEEP (keep, u->over);
  KEEP (keep, u->by_silence);
  KEEP (keep, u->written);
  KEEP (keep, u->flushed);
  KEEP (keep, u->ended);
  KEEP (keep, u->tell);
}

void
rnn_utterance_keep (RnnUtterance *u, RnnKeep *keep)
{
  if (!keep->to)
    rnn_utterance_reset (u);
  if (u->reshaped || u->rewritten) {    /* what was asked for waits for the utterance to end */
    keep->failed = TRUE;
    return;
  }
  rnn_ctc_decoder_keep (u->decoder, keep);
  keep_times (u, keep);
  keep_words (u, keep);
  keep_flags (u, keep);
  rnn_waiting_keep (&u->waiting, keep);
  if (rnn_utterance_has_begun (u) && u->times->len == 0)
    keep->failed = TRUE;
  if (keep->failed && !keep->to)
    rnn_utterance_reset (u);
}
