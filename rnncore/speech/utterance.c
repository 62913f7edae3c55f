/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making one, and results out: the decoder's stable words go to the writer and on to the captioner, and captions to whoever pulls.
 *
 * What a result points to is one of theirs, so nothing is copied; work is done when its result is
 * pulled.  Times: the decoder counts steps; when these were is kept for as long as a word can refer to them. */
#include <string.h>
#include "../base/error.h"
#include "../ctc/decoder.h"
#include "utterance-private.h"
#include "../outputs/calibration.h"

#define LONGEST_HOLD (1500 * MS)        /* for how long a guess may have to stand before it is shown */
#define SURE 100                /* score of the blank in a step that nothing is heard in */

static const gchar *const kinds[] = { "partial", "final", "endpoint", "quiet" };

const gchar *
rnn_result_kind_get_name (RnnResultKind kind)
{
  return kinds[kind];
}

/* ---- configuration ---- */

static void
take_config (RnnUtterance *u, const RnnUtteranceConfig *config)
{
  rnn_options_copy (rnn_utterance_get_options (), &u->config, config);
  u->endpoint.config = (RnnEndpointConfig) {
    config->endpoint_silence * MS, config->initial_silence * MS, config->max_utterance * MS
  };
}

/* None where nothing is asked of it. */
static gboolean
make_writer (const RnnWriterConfig *config, RnnWriter **writer, GError **error)
{
  gboolean needed = config->punctuate_model || config->written;

  *writer = needed ? rnn_writer_new (config, error) : NULL;
  return *writer || !needed;
}

/* Another writer waits for the next utterance. */
static gboolean
change_writer (RnnUtterance *u, const RnnWriterConfig *config, GError **error)
{
  RnnWriter *writer;

  if (g_strcmp0 (u->config.writer.punctuate_model, config->punctuate_model) == 0 && u->config.writer.written == config->written)
    return TRUE;
  if (!make_writer (config, &writer, error))
    return FALSE;
  rnn_writer_free (u->next_writer);
  u->next_writer = writer;
  u->rewritten = TRUE;
  return TRUE;
}

gboolean
rnn_utterance_configure (RnnUtterance *u, const RnnUtteranceConfig *config, GError **error)
{
  if (!change_writer (u, &config->writer, error) || !rnn_ctc_decoder_configure (u->decoder, &config->decoder, error))
    return FALSE;
  u->reshaped |= memcmp (&u->config.caption, &config->caption, sizeof (RnnCaptionConfig)) != 0;
  take_config (u, config);
  return TRUE;
}

gboolean
rnn_utterance_set_hotwords (RnnUtterance *u, const gchar *hotwords, GError **error)
{
  return rnn_ctc_decoder_set_hotwords (u->decoder, hotwords, error);
}

const gchar *
rnn_utterance_get_left_out (RnnUtterance *u)
{
  return rnn_ctc_decoder_get_left_out (u->decoder);
}

const gchar *
rnn_utterance_get_foreign (RnnUtterance *u)
{
  return u->english ? rnn_ctc_decoder_get_foreign (u->decoder) : NULL;
}

/* ---- making one ---- */

RnnUtterance *
rnn_utterance_new (RnnTokens *tokens, const RnnUtteranceConfig *config, GError **error)
{
  RnnCtcDecoder *decoder = rnn_ctc_decoder_new (tokens, &config->decoder, error);
  RnnWriter *writer;
  RnnUtterance *u;

  if (!decoder)
    return NULL;
  if (!make_writer (&config->writer, &writer, error)) {
    rnn_ctc_decoder_free (decoder);
    return NULL;
  }
  u = g_new0 (RnnUtterance, 1);
  u->writer = writer;
  u->tokens = rnn_tokens_ref (tokens);
  u->decoder = decoder;
  u->captioner = rnn_captioner_new (&config->caption);
  rnn_waiting_init (&u->waiting, (guint) rnn_tokens_get_n (tokens));
  u->silence = g_new0 (gfloat, rnn_tokens_get_n (tokens));
  u->silence[rnn_tokens_get_blank (tokens)] = SURE;
  u->times = g_array_new (FALSE, FALSE, sizeof (RnnStepTimes));
  u->unstable = g_array_new (FALSE, FALSE, sizeof (RnnWord));
  u->text = g_string_new (NULL);
  u->partial = g_string_new (NULL);
  rnn_options_init (rnn_utterance_get_options (), &u->config);
  take_config (u, config);
  rnn_utterance_reset (u);
  return u;
}

void
rnn_utterance_free (RnnUtterance *u)
{
  if (!u)
    return;
  rnn_options_clear (rnn_utterance_get_options (), &u->config);
  rnn_ctc_decoder_free (u->decoder);
  rnn_writer_free (u->writer);
  rnn_writer_free (u->next_writer);
  rnn_captioner_free (u->captioner);
  rnn_tokens_unref (u->tokens);
  g_array_free (u->times, TRUE);
  g_array_free (u->unstable, TRUE);
  g_string_free (u->text, TRUE);
  g_string_free (u->partial, TRUE);
  rnn_steady_clear (&u->steady);
  rnn_waiting_clear (&u->waiting);
  g_clear_pointer (&u->calibration, g_array_unref);
  g_free (u->silence);
  g_free (u);
}

void
rnn_utterance_forget (RnnUtterance *u)
{
  rnn_ctc_decoder_reset (u->decoder);
  rnn_endpoint_reset (&u->endpoint);
  if (u->rewritten) {
    rnn_writer_free (u->writer);
    u->writer = g_steal_pointer (&u->next_writer);
    u->rewritten = FALSE;
  }
  g_array_set_size (u->times, 0);
  g_string_truncate (u->text, 0);
  g_string_truncate (u->partial, 0);
  rnn_steady_reset (&u->steady);
  u->n_heard = u->n_taken = 0;
  u->first_step = 0;
  u->start = NEVER;
  u->over = u->written = u->flushed = u->ended = FALSE;
}

static void
forget_stream (RnnUtterance *u)
{
  rnn_utterance_forget (u);
  rnn_ctc_decoder_reset (u->decoder);   /* and what a cut has left */
  if (u->writer)
    rnn_writer_reset (u->writer);
  rnn_captioner_reset (u->captioner);
  u->position = u->told = NEVER;
  u->seam = -1;
  u->tell = FALSE;
}

void
rnn_utterance_reset (RnnUtterance *u)
{
  forget_stream (u);
  rnn_waiting_reset (&u->waiting);
}

void
rnn_utterance_jump (RnnUtterance *u)
{
  forget_stream (u);
  rnn_waiting_jump (&u->waiting);
}

/* ---- results out ---- */

const RnnStepTimes *
rnn_utterance_times_of (RnnUtterance *u, guint64 step)
{
  return &g_array_index (u->times, RnnStepTimes, MIN (step - u->first_step, u->times->len - 1));
}

/* The same word with times in place of steps; the text stays the decoder's. */
static RnnWord
timed (RnnUtterance *u, const RnnCtcWord *word)
{
  RnnWord copy = *word;

  copy.start = rnn_utterance_times_of (u, word->start)->start;
  copy.end = rnn_utterance_times_of (u, word->end - 1)->end;
  copy.confidence = rnn_calibration_apply (u->calibration, word->confidence);
  return copy;
}

static const RnnResult *
give_caption (RnnUtterance *u, RnnResultKind kind, const RnnCaption *caption, guint stable_length)
{
  u->result = (RnnResult) {
    .kind = kind, .text = caption->text, .stable_length = stable_length, .start = caption->start, .end = caption->end,
    .confidence = caption->confidence, .words = caption->words, .n_words = caption->n_words,
  };
  return &u->result;
}

static const RnnResult *
give_final (RnnUtterance *u, const RnnCaption *caption)
{
  u->told = MAX (u->told, caption->end);
  return give_caption (u, RNN_RESULT_FINAL, caption, (guint) g_utf8_strlen (caption->text, -1));
}

/* The next word that the decoder is sure of. */
static const RnnWord *
hear_word (RnnUtterance *u)
{
  guint n_stable;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (u->decoder, FALSE, NULL, &n_stable);

  if (u->n_taken == n_stable) {
    rnn_ctc_decoder_drop_words (u->decoder, n_stable);
    u->n_taken = 0;
    return NULL;
  }
  u->word = timed (u, &words[u->n_taken++]);
  u->n_heard++;
  return &u->word;
}

/* The next word as it is written; at the end of the utterance all are due. */
static const RnnWord *
next_word (RnnUtterance *u)
{
  const RnnWord *word;

  if (!u->writer)
    return hear_word (u);
  while ((word = hear_word (u)))
    rnn_writer_push (u->writer, word);
  if (u->over && !u->written)
    rnn_writer_finish (u->writer);
  u->written = u->over;
  return rnn_writer_next (u->writer);
}

/* Moves written words to the captioner until that has a caption. */
static const RnnCaption *
take_words (RnnUtterance *u)
{
  const RnnCaption *caption = NULL;
  const RnnWord *word;

  while (!caption && (word = next_word (u))) {
    g_string_append_printf (u->text, "%s%s", u->text->len ? " " : "", word->text);
    u->n_words++;
    caption = rnn_captioner_push (u->captioner, word);
  }
  return caption;
}

/* Before the captioner changes its shape, and at the end: what it has. */
static const RnnCaption *
flush_captioner (RnnUtterance *u)
{
  if (!u->reshaped && !(u->over && !u->flushed))
    return NULL;
  u->flushed = u->over;
  return rnn_captioner_finish_until (u->captioner, u->over ? u->end : 0);
}

static void
reshape (RnnUtterance *u)
{
  rnn_captioner_free (u->captioner);
  u->captioner = rnn_captioner_new (&u->config.caption);
  u->reshaped = FALSE;
}

static const RnnResult *
give_endpoint (RnnUtterance *u)
{
  u->ended = TRUE;
  u->result = (RnnResult) {
    .kind = RNN_RESULT_ENDPOINT, .text = u->text->str, .stable_length = (guint) g_utf8_strlen (u->text->str, -1),
    .start = u->start, .end = u->end, .silence = u->by_silence,
  };
  u->by_silence = FALSE;
  u->result.readings = rnn_ctc_decoder_get_n_best (u->decoder, &u->result.n_readings);
  return &u->result;
}

/* Words that the writer has, but has not written yet. */
static const RnnCtcWord *
get_waiting (RnnUtterance *u, guint *n)
{
  *n = 0;
  return u->writer ? rnn_writer_get_waiting (u->writer, n) : NULL;
}

/* How many of the decoder's guesses are shown. */
static guint
count_shown (RnnUtterance *u, const RnnCtcWord *words, guint n)
{
  gfloat stability = u->config.partial_stability;

  if (stability == 0)
    return n;
  if (!u->steady.since)
    rnn_steady_init (&u->steady);
  n = rnn_steady_count (&u->steady, u->n_heard, words, n, u->position, (guint64) (stability * LONGEST_HOLD));
  return stability < 1 ? n : 0;
}

/* Words that may still change, as a caption after what is under way; NULL: no news. */
static const RnnResult *
give_partial (RnnUtterance *u)
{
  guint n, n_waiting, stable_length;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (u->decoder, TRUE, &n, NULL);
  const RnnCtcWord *waiting = get_waiting (u, &n_waiting);
  const RnnCaption *caption;

  if (!rnn_utterance_has_begun (u) || u->config.partial_interval == 0
      || u->position - u->last_partial < u->config.partial_interval * MS)
    return NULL;
  u->last_partial = u->position;
  g_array_set_size (u->unstable, 0);
  if (n_waiting > 0)
    g_array_append_vals (u->unstable, waiting, n_waiting);
  n = count_shown (u, words, n);
  for (guint i = 0; i < n; i++) {
    RnnWord word = timed (u, &words[i]);

    g_array_append_val (u->unstable, word);
  }
  caption = rnn_captioner_peek (u->captioner, (const RnnWord *) u->unstable->data, u->unstable->len, &stable_length);
  if (!caption || g_str_equal (caption->text, u->partial->str))
    return NULL;
  g_string_assign (u->partial, caption->text);
  return give_caption (u, RNN_RESULT_PARTIAL, caption, stable_length);
}

/* No word is still to come that begins before this. */
static guint64
quiet_until (RnnUtterance *u)
{
  const guint64 *start = rnn_captioner_get_start (u->captioner);
  guint n;
  const RnnCtcWord *waiting = get_waiting (u, &n);

  if (start || n > 0)
    return start ? *start : waiting[0].start;
  if (u->start == NEVER || u->ended)
    return u->position;
  return MIN (u->position, u->first_step + u->times->len > rnn_ctc_decoder_get_first_step (u->decoder)
      ? rnn_utterance_times_of (u, rnn_ctc_decoder_get_first_step (u->decoder))->start : u->position);
}

static const RnnResult *
give_quiet (RnnUtterance *u)
{
  guint64 start = u->told, until;

  if (u->position == NEVER || (!u->tell && u->position + u->hop <= u->told + QUIET_INTERVAL))
    return NULL;
  u->tell = FALSE;
  until = quiet_until (u);
  if (until <= start)
    return NULL;
  u->told = until;
  u->result = (RnnResult) {.kind = RNN_RESULT_QUIET, .start = start, .end = until };
  return &u->result;
}

/* Of what was heard so far. */
static const RnnResult *
next_result (RnnUtterance *u)
{
  const RnnCaption *caption = NULL;
  const RnnResult *result;

  if (rnn_utterance_has_begun (u)) {
    if ((caption = take_words (u)) || (caption = flush_captioner (u)))
      return give_final (u, caption);
    if (u->reshaped)
      reshape (u);
    if (u->over)
      return give_endpoint (u);
    if ((result = give_partial (u)))
      return result;
  } else if (u->reshaped) {
    reshape (u);
  }
  return give_quiet (u);
}

const RnnResult *
rnn_utterance_next (RnnUtterance *u)
{
  const RnnResult *result;

  while (!(result = next_result (u)) && rnn_utterance_hear_waiting (u));
  return result;
}

gboolean
rnn_utterance_is_open (RnnUtterance *u)
{
  return rnn_utterance_has_begun (u) || rnn_waiting_get_n (&u->waiting) > 0;
}

guint64
rnn_utterance_get_position (RnnUtterance *u)
{
  return u->position;
}

guint64
rnn_utterance_get_n_words (RnnUtterance *u)
{
  return u->n_words;
}
