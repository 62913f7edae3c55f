/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: who waits for its text, and what happens when no input comes.
 *
 * A word or caption under way holds back the text's time, and an element with other inputs (a muxer, textoverlay) may wait for
 * that while the queue before one of them is full, so that no more input comes here: everything stands still.  Where text
 * goes to such an element, gaps run on over what takes longer than `max-hold`, well within a queue's default second; what comes
 * late then is shown late, and no longer than as much past now, but a muxer gets it with its own time: who plays the file has
 * it all.  So a muxer need hardly wait; it forgets with every text how far the gaps before had told, and is told again.  Gaps
 * stay a little behind the sound, else a muxer that has the last of that ends the file without the last caption.  Where text goes
 * elsewhere, nobody waits, and times stay exact.
 *
 * A live stream may just stop (mute, discontinuous transmission).  After as long as ends an utterance, by the pipeline's
 * clock, and the latency that those upstream declare (a source that gives bursts is silent between them), it is over.  A model that looks
 * ahead still has steps that it has not answered: it is asked for them first, by an event that comes back behind them.  The clock's own
 * thread must not wait for anything: the work is done in another one, under the stream lock. */
#include "gstrnnctcdec-private.h"
#include <string.h>

#define MAX_DEPTH 64
#define MUXER_HOLD (400 * GST_MSECOND)
#define MUXER_LAG (300 * GST_MSECOND)   /* more than a frame of an audio codec (FLAC: 256 ms at 16 kHz) */

/* ---- who waits ---- */

static GstRnnWaits
kind_of (GstElement *element)
{
  const gchar *klass = gst_element_get_metadata (element, GST_ELEMENT_METADATA_KLASS);

  return klass && strstr (klass, "Muxer") ? GST_RNN_WAITS_MUXER : GST_RNN_WAITS_OTHER;
}

/* The first element with several inputs that the text which leaves by @src comes to. */
static GstRnnWaits
find_waiting (GstPad *src, guint depth)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (src);
  g_autoptr (GstElement) element = peer ? gst_pad_get_parent_element (peer) : NULL;
  GstIterator *links = peer && depth < MAX_DEPTH ? gst_pad_iterate_internal_links (peer) : NULL;
  GValue item = G_VALUE_INIT;
  GstRnnWaits found = element && element->numsinkpads > 1 ? kind_of (element) : GST_RNN_WAITS_NOBODY;

  while (links && !found && gst_iterator_next (links, &item) == GST_ITERATOR_OK) {
    found = find_waiting (g_value_get_object (&item), depth + 1);
    g_value_reset (&item);
  }
  g_value_unset (&item);
  g_clear_pointer (&links, gst_iterator_free);
  return found;
}

static void
run_ahead (GstRnnCtcDec *self)
{
  GstClockTime held = gst_rnn_ctc_dec_get_held (self), hold = MIN (self->max_hold, MUXER_HOLD);

  if (held <= hold)
    return;
  if (!self->asked) {
    self->waits = find_waiting (self->stage.srcpad, 0);
    self->asked = TRUE;
  }
  if (self->waits == GST_RNN_WAITS_OTHER)
    hold = self->max_hold;
  if (self->waits != GST_RNN_WAITS_NOBODY && held > hold)
    gst_rnn_ctc_dec_run_ahead (self, held - (self->waits == GST_RNN_WAITS_MUXER ? MIN (hold, MUXER_LAG) : hold / 2));
}

/* ---- live streams that stop ---- */

void
gst_rnn_ctc_dec_end_utterance (GstRnnCtcDec *self)
{
  gst_rnn_ctc_dec_disarm (self);
  if (!self->utterance || !self->stage.negotiated)
    return;
  rnn_utterance_finish (self->utterance);
  gst_rnn_ctc_dec_take_results (self);
}

/* Since the tick, has nothing come? */
static gboolean
is_still (GstRnnCtcDec *self)
{
  GstPad *pad = self->stage.sinkpad;

  return GST_PAD_IS_ACTIVE (pad) && !GST_PAD_IS_FLUSHING (pad) && !self->tick;
}

static void
ask_for_end (GstElement *element, gpointer data)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (element);
  GstPad *pad = self->stage.sinkpad;
  gboolean still, asked;

  GST_PAD_STREAM_LOCK (pad);
  still = is_still (self);
  GST_PAD_STREAM_UNLOCK (pad);
  asked = still && gst_pad_push_event (pad, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty ("rnn-drain")));
  if (!still || asked)
    return;
  GST_PAD_STREAM_LOCK (pad);    /* no model of ours gives these scores */
  if (is_still (self))
    gst_rnn_ctc_dec_end_utterance (self);
  GST_PAD_STREAM_UNLOCK (pad);
}

static gboolean
on_tick (GstClock *clock, GstClockTime time, GstClockID id, gpointer data)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (data);
  gboolean mine;

  GST_OBJECT_LOCK (self);
  mine = self->tick == id;
  if (mine)
    self->tick = NULL;
  GST_OBJECT_UNLOCK (self);
  if (mine) {
    gst_clock_id_unref (id);
    gst_element_call_async (GST_ELEMENT (self), ask_for_end, NULL, NULL);
  }
  return TRUE;
}

void
gst_rnn_ctc_dec_disarm (GstRnnCtcDec *self)
{
  GstClockID tick;

  GST_OBJECT_LOCK (self);
  tick = g_steal_pointer (&self->tick);
  GST_OBJECT_UNLOCK (self);
  if (!tick)
    return;
  gst_clock_id_unschedule (tick);
  gst_clock_id_unref (tick);
}

static GstClockTime
upstream_latency (GstRnnCtcDec *self)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min = 0;

  if (gst_pad_peer_query (self->stage.sinkpad, query))
    gst_query_parse_latency (query, NULL, &min, NULL);
  gst_query_unref (query);
  return GST_CLOCK_TIME_IS_VALID (min) ? min : 0;
}

static void
arm (GstRnnCtcDec *self)
{
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  GstClockID tick;

  if (!clock)
    return;
  tick = gst_clock_new_single_shot_id (clock, gst_clock_get_time (clock) + self->end_silence + upstream_latency (self));
  GST_OBJECT_LOCK (self);
  self->tick = gst_clock_id_ref (tick);
  GST_OBJECT_UNLOCK (self);
  gst_clock_id_wait_async (tick, on_tick, gst_object_ref (self), gst_object_unref);
  gst_clock_id_unref (tick);
}

/* ---- after every step ---- */

void
gst_rnn_ctc_dec_watch (GstRnnCtcDec *self)
{
  gboolean live;

  run_ahead (self);
  GST_OBJECT_LOCK (self);
  live = self->stage.live;
  GST_OBJECT_UNLOCK (self);
  if (!live)
    return;
  gst_rnn_ctc_dec_disarm (self);
  if (rnn_utterance_is_open (self->utterance))
    arm (self);
}
