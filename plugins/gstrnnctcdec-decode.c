/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: steps in, words out; where an utterance ends. */
#include "gstrnnctcdec-private.h"
#include <string.h>

#define GAP_INTERVAL (500 * GST_MSECOND)        /* a text pad that says nothing for longer stalls who waits for it */
#define PAUSE (200 * GST_MSECOND)       /* an utterance that is too long may end in so short a silence */
#define GRACE (3 * GST_SECOND)  /* for how long it may wait for one, or for the end of a word */

static guint64
to_steps (GstRnnCtcDec *self, guint ms)
{
  return MAX (ms * GST_MSECOND / self->hop, 1);
}

static GstFlowReturn
push_caption (GstRnnCtcDec *self, const RnnCaption *caption)
{
  return caption ? gst_rnn_ctc_dec_push_caption (self, caption) : GST_FLOW_OK;
}

static GstFlowReturn
make_captioner (GstRnnCtcDec *self, const GstRnnCtcDecSettings *s)
{
  RnnCaptionConfig config = { s->output_mode, s->columns, s->lines };
  GstFlowReturn ret = self->captioner ? push_caption (self, rnn_captioner_finish (self->captioner)) : GST_FLOW_OK;

  g_clear_pointer (&self->captioner, rnn_captioner_free);
  self->captioner = rnn_captioner_new (&config);
  return ret;
}

GstFlowReturn
gst_rnn_ctc_dec_configure (GstRnnCtcDec *self)
{
  GstRnnCtcDecSettings s;
  GstFlowReturn ret = GST_FLOW_OK;

  GST_OBJECT_LOCK (self);
  s = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!self->captioner || s.output_mode != self->now.output_mode || s.columns != self->now.columns
      || s.lines != self->now.lines)
    ret = make_captioner (self, &s);
  self->endpoint.config.endpoint_silence = to_steps (self, s.endpoint_silence);
  self->endpoint.config.initial_silence = to_steps (self, s.initial_silence);
  self->endpoint.config.max_utterance = to_steps (self, s.max_utterance);
  self->now = s;
  return ret;
}

/* The same word with times in place of steps; the text stays the decoder's */
static RnnCtcWord
timed (GstRnnCtcDec *self, const RnnCtcWord *word)
{
  const GstClockTime (*steps)[2] = (gpointer) self->steps->data;
  RnnCtcWord copy = *word;

  copy.start = steps[word->start - self->first_step][0];
  copy.end = steps[word->end - 1 - self->first_step][1];
  return copy;
}

static GstFlowReturn
take_words (GstRnnCtcDec *self)
{
  guint i, n, n_stable;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (self->decoder, FALSE, &n, &n_stable);
  GstFlowReturn ret = GST_FLOW_OK;

  for (i = 0; i < n_stable && ret == GST_FLOW_OK; i++) {
    RnnCtcWord word = timed (self, &words[i]);

    g_string_append_printf (self->utterance, "%s%s", self->utterance->len ? " " : "", word.text);
    ret = push_caption (self, rnn_captioner_push (self->captioner, &word));
  }
  if (n_stable == 0)
    return ret;
  rnn_ctc_decoder_drop_words (self->decoder, n_stable);
  GST_OBJECT_LOCK (self);
  self->n_words += n_stable;
  GST_OBJECT_UNLOCK (self);
  return ret;
}

/* Forgets when steps were that no word can refer to any more: an utterance may be long. */
static void
drop_steps (GstRnnCtcDec *self)
{
  guint64 first = rnn_ctc_decoder_get_first_step (self->decoder);

  g_array_remove_range (self->steps, 0, (guint) (first - self->first_step));
  self->first_step = first;
}

static GstFlowReturn
show_partial (GstRnnCtcDec *self)
{
  guint n, n_stable, stable_length = 0;
  const RnnCtcWord *words;
  const RnnCaption *caption;
  RnnCtcWord word;

  if (self->now.partial_interval == 0
      || self->position - self->last_partial < self->now.partial_interval * GST_MSECOND)
    return GST_FLOW_OK;
  self->last_partial = self->position;
  words = rnn_ctc_decoder_get_words (self->decoder, TRUE, &n, &n_stable);
  if (n > 0)
    word = timed (self, &words[n - 1]);
  caption = rnn_captioner_peek (self->captioner, n > 0 ? &word : NULL, &stable_length);
  if (!caption || g_strcmp0 (caption->text, self->partial) == 0)
    return GST_FLOW_OK;
  g_free (self->partial);
  self->partial = g_strdup (caption->text);
  return gst_rnn_ctc_dec_push_partial (self, caption, stable_length);
}

void
gst_rnn_ctc_dec_forget (GstRnnCtcDec *self)
{
  if (self->decoder)
    rnn_ctc_decoder_reset (self->decoder);
  if (self->captioner)
    rnn_captioner_reset (self->captioner);
  rnn_endpoint_reset (&self->endpoint);
  g_array_set_size (self->steps, 0);
  self->first_step = 0;
  self->utterance_start = GST_CLOCK_TIME_NONE;
  g_string_truncate (self->utterance, 0);
  g_clear_pointer (&self->partial, g_free);
}

GstFlowReturn
gst_rnn_ctc_dec_end_utterance (GstRnnCtcDec *self)
{
  GstClockTime start = self->utterance_start;
  GstFlowReturn ret;

  if (!gst_rnn_ctc_dec_in_utterance (self))
    return GST_FLOW_OK;
  rnn_ctc_decoder_finish (self->decoder);
  ret = take_words (self);
  if (ret == GST_FLOW_OK)
    ret = push_caption (self, rnn_captioner_finish (self->captioner));
  gst_rnn_ctc_dec_post_endpoint (self, start);
  gst_pad_push_event (self->stage.srcpad, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("rstranscribe/final-transcript")));
  gst_rnn_ctc_dec_forget (self);
  return ret;
}

/* A silence that ends the utterance, or one that is too long and between two words. */
static gboolean
is_over (GstRnnCtcDec *self, gboolean *silence)
{
  RnnEndpoint *e = &self->endpoint;
  gboolean blank = rnn_ctc_decoder_get_blank_probability (self->decoder) > 0.5;

  if (!rnn_endpoint_step (e, blank))
    return FALSE;
  *silence = e->silence >= (e->spoken ? e->config.endpoint_silence : e->config.initial_silence);
  return *silence || !rnn_ctc_decoder_in_word (self->decoder) || e->silence * self->hop >= PAUSE
      || e->steps * self->hop >= (GstClockTime) (self->now.max_utterance * GST_MSECOND + GRACE);
}

/* Tells the stages upstream, which may begin anew, and this one, which may swap its model. */
static void
announce_endpoint (GstRnnCtcDec *self, gboolean silence)
{
  g_atomic_int_set (&self->stage.endpoint_seen, TRUE);
  gst_pad_push_event (self->stage.sinkpad, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("rnn-endpoint", "silence", G_TYPE_BOOLEAN, silence, NULL)));
}

/* Whoever waits for text learns of each silence in time, and, while a caption is not complete, of all before it. */
static void
fill_gap (GstRnnCtcDec *self)
{
  const RnnCaption *caption;
  const RnnCtcWord *words;
  guint n, n_stable;

  if (GST_CLOCK_TIME_IS_VALID (self->shown) && self->position + self->hop <= self->sent + GAP_INTERVAL)
    return;
  caption = rnn_captioner_peek (self->captioner, NULL, NULL);
  words = rnn_ctc_decoder_get_words (self->decoder, TRUE, &n, &n_stable);
  gst_rnn_ctc_dec_push_gap (self, caption ? caption->start : n > 0 ? timed (self, &words[0]).start : self->position);
}

void
gst_rnn_ctc_dec_advance (GstRnnCtcDec *self, GstClockTime start, GstClockTime end)
{
  gboolean back = self->sent > end && self->sent - end > self->stage.now.alignment_threshold;

  if (back || !GST_CLOCK_TIME_IS_VALID (self->sent)) {
    self->sent = start;
    self->shown = GST_CLOCK_TIME_NONE;
  }
  self->position = end;
}

GstFlowReturn
gst_rnn_ctc_dec_step (GstRnnCtcDec *self, const gfloat *scores, GstClockTime start, GstClockTime end)
{
  GstClockTime times[2] = { start, end };
  gboolean silence = FALSE;
  GstFlowReturn ret;

  if (gst_rnn_ctc_dec_in_utterance (self)) {
    times[0] = MAX (start, self->position);     /* there time goes one way only */
    times[1] = MAX (end, times[0]);
  }
  gst_rnn_ctc_dec_advance (self, times[0], times[1]);
  if (!gst_rnn_ctc_dec_in_utterance (self))
    self->utterance_start = self->last_partial = start;
  g_array_append_vals (self->steps, times, 1);
  rnn_ctc_decoder_step (self->decoder, scores);
  ret = take_words (self);
  if (ret == GST_FLOW_OK && is_over (self, &silence)) {
    ret = gst_rnn_ctc_dec_end_utterance (self);
    announce_endpoint (self, silence);
  } else if (ret == GST_FLOW_OK) {
    ret = show_partial (self);
    drop_steps (self);
  }
  fill_gap (self);
  return ret;
}
