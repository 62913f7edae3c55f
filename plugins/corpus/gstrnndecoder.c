/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uridecodebin ! audioconvert ! audioresample ! capsfilter, run to READY and back for every file (to NULL after an
 * error: a failed uridecodebin serves no other file otherwise).  The chain ends in
 * a pad that belongs to no element and gathers the samples, so that a file which fails half-way leaves nothing on the
 * timeline. */
#include "gstrnndecoder.h"

static void
finish_locked (GstRnnDecoder *decoder, const gchar *reason)
{
  if (!decoder->done) {
    decoder->done = TRUE;
    decoder->reason = g_strdup (reason);
    g_cond_signal (&decoder->cond);
  }
}

static void
finish (GstRnnDecoder *decoder, const gchar *reason)
{
  g_mutex_lock (&decoder->lock);
  finish_locked (decoder, reason);
  g_mutex_unlock (&decoder->lock);
}

static GstFlowReturn
collect_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnDecoder *decoder = gst_pad_get_element_private (pad);
  gboolean over;

  g_mutex_lock (&decoder->lock);
  if (gst_adapter_available (decoder->samples) + gst_buffer_get_size (buffer) > decoder->most)
    finish_locked (decoder, "it is longer than max-length");
  over = decoder->done || decoder->cancelled;
  decoder->heard = g_get_monotonic_time ();
  g_mutex_unlock (&decoder->lock);
  if (over)
    gst_buffer_unref (buffer);
  else
    gst_adapter_push (decoder->samples, buffer);
  return over ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

static gboolean
collect_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnDecoder *decoder = gst_pad_get_element_private (pad);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    finish (decoder, NULL);
  gst_event_unref (event);
  return TRUE;
}

static void
on_pad_added (GstElement *source, GstPad *pad, GstRnnDecoder *decoder)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (decoder->convert, "sink");

  if (!gst_pad_is_linked (sink))
    decoder->linked |= GST_PAD_LINK_SUCCESSFUL (gst_pad_link (pad, sink));
}

static void
on_no_more_pads (GstElement *source, GstRnnDecoder *decoder)
{
  if (!decoder->linked)
    finish (decoder, "it holds no audio");
}

static GstElement *
add (GstRnnDecoder *decoder, const gchar *factory, const gchar **missing)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element)
    gst_bin_add (GST_BIN (decoder->bin), element);
  else
    *missing = factory;
  return element;
}

static void
connect_chain (GstRnnDecoder *decoder)
{
  g_autoptr (GstCaps) audio = gst_caps_new_empty_simple ("audio/x-raw");
  g_autoptr (GstPad) end = gst_element_get_static_pad (decoder->filter, "src");

  g_object_set (decoder->source, "caps", audio, "expose-all-streams", FALSE, NULL);
  g_signal_connect (decoder->source, "pad-added", G_CALLBACK (on_pad_added), decoder);
  g_signal_connect (decoder->source, "no-more-pads", G_CALLBACK (on_no_more_pads), decoder);
  gst_element_link_many (decoder->convert, decoder->resample, decoder->filter, NULL);
  decoder->collector = gst_object_ref_sink (gst_pad_new ("collector", GST_PAD_SINK));
  gst_pad_set_element_private (decoder->collector, decoder);
  gst_pad_set_chain_function (decoder->collector, collect_chain);
  gst_pad_set_event_function (decoder->collector, collect_event);
  gst_pad_link_full (end, decoder->collector, GST_PAD_LINK_CHECK_NOTHING);
  gst_pad_set_active (decoder->collector, TRUE);
}

void
gst_rnn_decoder_init (GstRnnDecoder *decoder, const gchar **missing)
{
  g_mutex_init (&decoder->lock);
  g_cond_init (&decoder->cond);
  decoder->samples = gst_adapter_new ();
  decoder->bin = gst_bin_new (NULL);
  gst_element_set_locked_state (decoder->bin, TRUE);
  decoder->source = add (decoder, "uridecodebin", missing);
  decoder->convert = add (decoder, "audioconvert", missing);
  decoder->resample = add (decoder, "audioresample", missing);
  decoder->filter = add (decoder, "capsfilter", missing);
  if (decoder->source && decoder->convert && decoder->resample && decoder->filter)
    connect_chain (decoder);
}

void
gst_rnn_decoder_clear (GstRnnDecoder *decoder)
{
  if (decoder->collector) {
    gst_pad_set_active (decoder->collector, FALSE);
    gst_clear_object (&decoder->collector);
  }
  g_clear_object (&decoder->samples);
  g_free (decoder->reason);
  g_cond_clear (&decoder->cond);
  g_mutex_clear (&decoder->lock);
}

/* Until the file is over; FALSE: it failed, or nobody wants it any more. */
static gboolean
wait (GstRnnDecoder *decoder)
{
  gboolean well;

  g_mutex_lock (&decoder->lock);
  while (!decoder->done && !decoder->cancelled)
    if (!g_cond_wait_until (&decoder->cond, &decoder->lock, decoder->heard + decoder->timeout) &&
        g_get_monotonic_time () >= decoder->heard + decoder->timeout)
      finish_locked (decoder, "it gives no samples");
  well = decoder->done && !decoder->reason;
  g_mutex_unlock (&decoder->lock);
  return well;
}

void
gst_rnn_decoder_begin (GstRnnDecoder *decoder, const gchar *uri, GstCaps *caps)
{
  gst_adapter_clear (decoder->samples);
  g_clear_pointer (&decoder->reason, g_free);
  decoder->linked = decoder->done = FALSE;
  decoder->heard = g_get_monotonic_time ();
  g_object_set (decoder->source, "uri", uri, NULL);
  g_object_set (decoder->filter, "caps", caps, NULL);
  if (gst_element_set_state (decoder->bin, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE)
    finish (decoder, "it cannot be opened");
}

gboolean
gst_rnn_decoder_end (GstRnnDecoder *decoder, gchar **reason)
{
  gst_element_set_state (decoder->bin, wait (decoder) ? GST_STATE_READY : GST_STATE_NULL);
  *reason = NULL;
  if (g_atomic_int_get (&decoder->cancelled))
    return FALSE;
  *reason = g_steal_pointer (&decoder->reason);
  if (!*reason && gst_adapter_available (decoder->samples) == 0)
    *reason = g_strdup ("it holds no sample");
  return !*reason;
}

void
gst_rnn_decoder_cancel (GstRnnDecoder *decoder, gboolean cancel)
{
  g_mutex_lock (&decoder->lock);
  g_atomic_int_set (&decoder->cancelled, cancel);
  g_cond_signal (&decoder->cond);
  g_mutex_unlock (&decoder->lock);
}

gboolean
gst_rnn_decoder_handle_message (GstRnnDecoder *decoder, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (!gst_object_has_as_ancestor (GST_MESSAGE_SRC (message), GST_OBJECT (decoder->bin)))
    return FALSE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    finish (decoder, error->message);
  }
  return TRUE;
}
