/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: what happens when no input comes.
 *
 * Text that is held back until a word or a caption is whole stops whoever waits for it, and with default queues that stops
 * the input, too: then the whole pipeline stands still.  A clock that looks at the element while it holds something back
 * sees that no input comes.  If the stream is live, it has ended for now: after as long as ends an utterance, so does the
 * utterance.  If not, somebody waits: the gap runs on over what is held back, and from then on it does so whenever this
 * is more than HELD.  What comes late then is shown late, as it is when `lateness` is lowered.
 *
 * The clock's own thread must not wait for anything; the work is done in another one, under the stream lock. */
#include "gstrnnctcdec-private.h"

#define LOOK (100 * GST_MSECOND)        /* how often it is looked */
#define STALL (250 * GST_MSECOND)       /* without input for so long: somebody waits */
#define HELD (700 * GST_MSECOND)        /* of text, where somebody waits: well within a queue's second */
#define AHEAD (300 * GST_MSECOND)       /* so much less than that after a gap */

static gboolean on_tick (GstClock *clock, GstClockTime time, GstClockID id, gpointer self);

static GstClockTime
held (GstRnnCtcDec *self)
{
  GstClockTime position = gst_rnn_ctc_dec_get_shown_position (self);

  return GST_CLOCK_TIME_IS_VALID (position) && GST_CLOCK_TIME_IS_VALID (self->shown) && position > self->shown
      ? position - self->shown : 0;
}

static void
arm (GstRnnCtcDec *self)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();

  if (!g_atomic_int_compare_and_exchange (&self->armed, FALSE, TRUE))
    return;
  self->tick = gst_clock_new_single_shot_id (clock, gst_clock_get_time (clock) + LOOK);
  gst_clock_id_wait_async (self->tick, on_tick, gst_object_ref (self), gst_object_unref);
}

/* The gap runs on to @ago before where the stream is. */
static void
run_ahead (GstRnnCtcDec *self, GstClockTime ago)
{
  GstClockTime position = rnn_utterance_get_position (self->utterance), shown = self->shown;

  gst_rnn_ctc_dec_push_gap (self, position - ago, position - ago);
  if (self->shown > shown)
    gst_pad_push_event (self->stage.srcpad, gst_event_new_gap (shown, self->shown - shown));
}

static void
look (GstRnnCtcDec *self)
{
  GstClockTime idle = (g_get_monotonic_time () - self->last_input) * GST_USECOND;
  gboolean live;

  GST_OBJECT_LOCK (self);
  live = self->stage.live;
  GST_OBJECT_UNLOCK (self);
  if (live && idle >= self->end_silence) {
    rnn_utterance_finish (self->utterance);
    gst_rnn_ctc_dec_take_results (self);
  } else if (!live && idle >= STALL && held (self) > 0) {
    self->awaited = TRUE;
    run_ahead (self, 0);
  }
  if (rnn_utterance_is_open (self->utterance) || held (self) > 0)
    arm (self);
}

static void
look_under_lock (GstElement *element, gpointer data)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (element);
  GstPad *pad = self->stage.sinkpad;

  if (!GST_PAD_STREAM_TRYLOCK (pad)) {  /* it works, or waits itself */
    if (GST_PAD_IS_ACTIVE (pad))
      arm (self);
    return;
  }
  if (GST_PAD_IS_ACTIVE (pad) && !GST_PAD_IS_FLUSHING (pad) && self->utterance && self->stage.negotiated)
    look (self);
  GST_PAD_STREAM_UNLOCK (pad);
}

static gboolean
on_tick (GstClock *clock, GstClockTime time, GstClockID id, gpointer self)
{
  gst_clock_id_unref (GST_RNN_CTC_DEC (self)->tick);
  g_atomic_int_set (&GST_RNN_CTC_DEC (self)->armed, FALSE);
  gst_element_call_async (GST_ELEMENT (self), look_under_lock, NULL, NULL);
  return TRUE;
}

void
gst_rnn_ctc_dec_watch (GstRnnCtcDec *self)
{
  self->last_input = g_get_monotonic_time ();
  if (self->awaited && held (self) > HELD)
    run_ahead (self, HELD - AHEAD);
  if (held (self) > 0)
    arm (self);
}
