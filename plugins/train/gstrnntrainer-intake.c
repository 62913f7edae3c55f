/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: how much its pads take.
 *
 * A pad that has a buffer takes another one only while some other pad has none: then nothing can be done with what is
 * here, and what is missing may well be behind it.  A demuxer whose one queue is full feeds none of them, and in films
 * texts are seconds or minutes apart, overlap, or follow the sound: whoever waited for a text with the sound held back
 * would wait for ever. */
#include "gstrnntrainer-private.h"

#define PATIENCE 3000           /* ms */
#define MOST (4 * 3600 * GST_SECOND)    /* of one pad's data */

static GstPadChainFunction aggregator_chain;
static GstFlowReturn (*sink_event_pre_queue) (GstAggregator *, GstAggregatorPad *, GstEvent *);
static gboolean (*sink_query_pre_queue) (GstAggregator *, GstAggregatorPad *, GstQuery *);
static gboolean (*src_query) (GstAggregator *, GstQuery *);

static gboolean
has_something (GstElement *element, GstPad *pad, gpointer data)
{
  return gst_aggregator_pad_has_buffer (GST_AGGREGATOR_PAD (pad)) || gst_aggregator_pad_is_eos (GST_AGGREGATOR_PAD (pad));
}

static gboolean
is_full (GstRnnTrainer *self, GstPad *pad)
{
  return gst_rnn_trainer_find_locked (self, pad) && !self->closed && !g_atomic_int_get (&self->stopping) &&
      !g_atomic_int_get (&self->flushing) && !GST_PAD_IS_FLUSHING (pad) &&
      gst_aggregator_pad_has_buffer (GST_AGGREGATOR_PAD (pad)) &&
      gst_element_foreach_sink_pad (GST_ELEMENT (self), has_something, NULL);
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (parent);

  g_mutex_lock (&self->wake_lock);
  while (is_full (self, pad))
    g_cond_wait (&self->room, &self->wake_lock);
  g_mutex_unlock (&self->wake_lock);
  return aggregator_chain (pad, parent, buffer);
}

void
gst_rnn_trainer_make_room (GstRnnTrainer *self, gboolean closed)
{
  g_mutex_lock (&self->wake_lock);
  self->closed = closed;
  g_cond_broadcast (&self->room);
  g_mutex_unlock (&self->wake_lock);
}

void
gst_rnn_trainer_hold_back (GstAggregatorPad *pad)
{
  aggregator_chain = GST_PAD_CHAINFUNC (pad);
  gst_pad_set_chain_function (GST_PAD (pad), chain);
}

/* Data without labels, or labels without data, would be waited for for ever.  A pad may be linked to a queue that is linked to
 * nothing: whatever feeds it has begun by the time that the other stream is over, or does so very soon. */
static gboolean
has_begun (GstPad *pad)
{
  g_autoptr (GstEvent) start = gst_pad_get_sticky_event (pad, GST_EVENT_STREAM_START, 0);

  return start != NULL;
}

static void
blame_partner (GstElement *element, gpointer partner)
{
  if (gst_pad_is_linked (partner)) {
    for (guint i = 0; i < PATIENCE / 10 && !has_begun (partner) && GST_STATE_TARGET (element) >= GST_STATE_PAUSED; i++)
      g_usleep (10000);
    if (has_begun (partner) || GST_STATE_TARGET (element) < GST_STATE_PAUSED)
      return;
  }
  GST_ELEMENT_ERROR (element, CORE, PAD, ("%s: nothing is linked to %s; is there such a stream, and one that it takes?",
          GST_OBJECT_NAME (element), GST_OBJECT_NAME (partner)), (NULL));
}

static void
check_partner (GstRnnTrainer *self, GstAggregatorPad *pad)
{
  const GstRnnExamples *examples = gst_rnn_trainer_find (self, pad);
  GstAggregatorPad *partner = !examples || self->forecasting ? NULL : pad == examples->data ? examples->label : examples->data;

  if (partner && !has_begun (GST_PAD (partner)))
    gst_element_call_async (GST_ELEMENT (self), blame_partner, gst_object_ref (partner), gst_object_unref);
}

static GstFlowReturn
see_eos (GstAggregator *aggregator, GstAggregatorPad *pad, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    check_partner (GST_RNN_TRAINER (aggregator), pad);
  return sink_event_pre_queue (aggregator, pad, event);
}

/* There is nothing to agree on, and whoever asks would wait until all that is held has been used. */
static gboolean
answer_at_once (GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION || GST_QUERY_TYPE (query) == GST_QUERY_DRAIN)
    return FALSE;
  return sink_query_pre_queue (aggregator, pad, query);
}

/* Nothing waits for the clock here: what the base class takes for its latency is how much a pad may hold. */
static gboolean
answer_latency (GstAggregator *aggregator, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return src_query (aggregator, query);
  gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

void
gst_rnn_trainer_init_intake (GstRnnTrainer *self)
{
  g_object_set (self, "latency", (guint64) MOST, NULL);
}

void
gst_rnn_trainer_init_intake_class (GstAggregatorClass *klass)
{
  sink_query_pre_queue = klass->sink_query_pre_queue;
  sink_event_pre_queue = klass->sink_event_pre_queue;
  src_query = klass->src_query;
  klass->sink_query_pre_queue = answer_at_once;
  klass->sink_event_pre_queue = see_eos;
  klass->src_query = answer_latency;
}
