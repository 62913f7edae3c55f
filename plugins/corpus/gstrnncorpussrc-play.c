/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncorpussrc: the task.  It takes one decoded file after the other and pushes text and samples into the two queues. */
#include "gstrnncorpussrc-private.h"
#include <gst/audio/audio.h>
#include <string.h>

#define DEFAULT_RATE 16000
#define MAX_WARNINGS 10
#define MAX_REPORTED 500
#define PROGRESS_INTERVAL (5 * G_USEC_PER_SEC)
/* fields of a structure that say which utterance it is about */
#define UTTERANCE_FIELDS(u) "manifest", G_TYPE_STRING, (u)->manifest, "line", G_TYPE_UINT, (u)->row->line, \
    "path", G_TYPE_STRING, (u)->row->given, "speaker", G_TYPE_STRING, (u)->row->speaker

/* ---- reports ---- */

static void
post_utterance (GstRnnCorpusSrc *self, const GstRnnUtterance *u, const gchar *type, const gchar *reason,
    GstClockTime start, GstClockTime duration)
{
  GstStructure *s = gst_structure_new ("rnncorpussrc", "type", G_TYPE_STRING, type, UTTERANCE_FIELDS (u),
      "text", G_TYPE_STRING, u->row->text, NULL);

  if (reason)
    gst_structure_set (s, "reason", G_TYPE_STRING, reason, NULL);
  else
    gst_structure_set (s, "timestamp", G_TYPE_UINT64, start, "duration", G_TYPE_UINT64, duration, NULL);
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), s));
}

static void
skip (GstRnnCorpusSrc *self, const GstRnnUtterance *u, const gchar *reason)
{
  g_autofree gchar *line = g_strdup_printf ("%s:%u: %s skipped: %s", u->manifest, u->row->line, u->row->given, reason);

  GST_OBJECT_LOCK (self);
  self->n_skipped++;
  GST_OBJECT_UNLOCK (self);
  if (self->n_skipped <= MAX_WARNINGS)
    GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s", line), (NULL));
  if (self->report->len < MAX_REPORTED)
    g_ptr_array_add (self->report, g_steal_pointer (&line));
  post_utterance (self, u, "skipped", reason, 0, 0);
}

/* At the end, if not all have been warned of. */
static void
list_skipped (GstRnnCorpusSrc *self)
{
  g_autoptr (GString) list = g_string_new (NULL);

  if (self->n_skipped <= MAX_WARNINGS)
    return;
  for (guint i = 0; i < self->report->len; i++)
    g_string_append_printf (list, "\n%s", (const gchar *) self->report->pdata[i]);
  GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%" G_GUINT64_FORMAT " recordings are left out:%s", self->n_skipped, list->str),
      (NULL));
}

static gchar *
describe_time (gdouble seconds)
{
  return seconds < 90 ? g_strdup_printf ("%.0f s", seconds) : g_strdup_printf ("%.0f min", seconds / 60);
}

/* How many files of the pass there have been, now and then, and how long the others will take. */
static void
tell_progress (GstRnnCorpusSrc *self)
{
  guint n = self->corpus->order->len;
  gint64 now = g_get_monotonic_time ();
  g_autofree gchar *left = NULL, *text = NULL;

  if (now - self->told < PROGRESS_INTERVAL || self->next == 0)
    return;
  left = describe_time ((now - self->started) / (gdouble) G_USEC_PER_SEC / self->next * (n - self->next));
  text = g_strdup_printf ("recording %u of %u, %s left", self->next, n, left);
  self->told = now;
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_progress (GST_OBJECT (self), GST_PROGRESS_TYPE_CONTINUE,
          "read", text));
}

/* ---- the timeline ---- */

static GstClockTime
sample_time (GstRnnCorpusSrc *self, guint64 sample)
{
  return gst_util_uint64_scale_round (sample, GST_SECOND, self->rate);
}

/* What downstream takes; the wanted rate, else 16 kHz or the nearest to it. */
static gboolean
choose_caps (GstRnnCorpusSrc *self)
{
  g_autoptr (GstCaps) filter = gst_pad_get_pad_template_caps (self->feed_audio);
  g_autoptr (GstCaps) allowed = gst_caps_make_writable (gst_pad_peer_query_caps (self->feed_audio, filter));
  GstStructure *s;
  GstAudioInfo info;

  if (gst_caps_is_empty (allowed))
    return FALSE;
  allowed = gst_caps_truncate (allowed);
  s = gst_caps_get_structure (allowed, 0);
  GST_OBJECT_LOCK (self);
  if (self->want_rate)
    gst_structure_set (s, "rate", G_TYPE_INT, (gint) self->want_rate, NULL);
  else
    gst_structure_fixate_field_nearest_int (s, "rate", DEFAULT_RATE);
  GST_OBJECT_UNLOCK (self);
  allowed = gst_caps_fixate (allowed);
  if (!gst_audio_info_from_caps (&info, allowed))
    return FALSE;
  self->rate = info.rate;
  self->bpf = info.bpf;
  self->caps = g_steal_pointer (&allowed);
  return TRUE;
}

static void
begin_stream (GstRnnCorpusSrc *self, GstPad *pad, const gchar *name, GstCaps *caps, guint group)
{
  g_autofree gchar *id = g_strdup_printf ("%s/%s", GST_OBJECT_NAME (self), name);
  GstEvent *event = gst_event_new_stream_start (id);
  GstSegment segment;

  gst_event_set_group_id (event, group);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, event);
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

static gboolean
begin (GstRnnCorpusSrc *self)
{
  g_autoptr (GstCaps) text = gst_pad_get_pad_template_caps (self->feed_text);
  guint group = gst_util_group_id_next ();

  if (!choose_caps (self)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("downstream of %s takes no mono S16LE or F32LE audio",
            GST_OBJECT_NAME (self)), ("put audioconvert ! audioresample behind it"));
    return FALSE;
  }
  begin_stream (self, self->feed_audio, "audio", self->caps, group);
  begin_stream (self, self->feed_text, "text", text, group);
  return TRUE;
}

/* A queue whose output is not linked would end the whole pipeline at EOS: it gets nothing. */
static GstFlowReturn
push (GstPad *feed, GstPad *output, GstBuffer *buffer)
{
  if (gst_pad_is_linked (output))
    return gst_pad_push (feed, buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_NOT_LINKED;
}

static GstFlowReturn
push_text (GstRnnCorpusSrc *self, const GstRnnUtterance *u, GstClockTime start, GstClockTime duration)
{
  gsize length = strlen (u->row->text);
  GstBuffer *buffer = length ? gst_buffer_new_memdup (u->row->text, length) : gst_buffer_new ();
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_RNN_CORPUS_META);

  gst_structure_set (gst_custom_meta_get_structure (meta), UTTERANCE_FIELDS (u), NULL);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = duration;
  return push (self->feed_text, self->text, buffer);
}

/* The decoded samples, a second at a time. */
static GstFlowReturn
push_audio (GstRnnCorpusSrc *self, GstAdapter *samples)
{
  GstFlowReturn ret = GST_FLOW_OK;
  gboolean first = TRUE;
  gsize size;

  while (ret == GST_FLOW_OK && (size = MIN (gst_adapter_available (samples), (gsize) self->rate * self->bpf)) > 0) {
    GstBuffer *buffer = gst_buffer_make_writable (gst_adapter_take_buffer (samples, size));
    guint64 end = self->position + size / self->bpf;

    GST_BUFFER_PTS (buffer) = sample_time (self, self->position);
    GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION (buffer) = sample_time (self, end) - GST_BUFFER_PTS (buffer);
    GST_BUFFER_OFFSET (buffer) = self->position;
    GST_BUFFER_OFFSET_END (buffer) = end;
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC | GST_BUFFER_FLAG_GAP);
    if (first)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    first = FALSE;
    self->position = end;
    ret = push (self->feed_audio, self->audio, buffer);
  }
  return ret;
}

static GstFlowReturn
play (GstRnnCorpusSrc *self, const GstRnnUtterance *u, GstAdapter *samples)
{
  guint64 n = gst_adapter_available (samples) / self->bpf;
  GstClockTime start = sample_time (self, self->position), end = sample_time (self, self->position + n);
  GstFlowReturn text, audio;
  gboolean post;
  guint gap;

  GST_OBJECT_LOCK (self);
  self->n_files++;
  self->n_samples += n;
  post = self->post_messages;
  gap = self->gap;
  GST_OBJECT_UNLOCK (self);
  if (post)
    post_utterance (self, u, "file", NULL, start, end - start);
  text = push_text (self, u, start, end - start);
  audio = push_audio (self, samples);
  self->position += gst_util_uint64_scale (gap, self->rate, 1000);
  if (audio == GST_FLOW_NOT_LINKED)
    return text;
  return text == GST_FLOW_NOT_LINKED ? audio : MIN (audio, text);
}

/* ---- the task ---- */

const GstRnnUtterance *
gst_rnn_corpus_src_choose (GstRnnCorpusSrc *self)
{
  GstRnnCorpus *corpus = self->corpus;

  if (g_atomic_int_get (&self->known))
    return NULL;
  if (self->next == corpus->order->len) {
    guint seed, epochs;

    GST_OBJECT_LOCK (self);
    seed = self->seed;
    epochs = self->epochs;
    if (epochs == 0 || self->epoch < epochs)
      gst_rnn_corpus_arrange (corpus, seed, self->epoch++, self->rank, self->world_size);
    else
      g_array_set_size (corpus->order, 0);
    GST_OBJECT_UNLOCK (self);
    self->next = 0;
    self->started = self->told = g_get_monotonic_time ();
  }
  if (self->next == corpus->order->len)
    return NULL;
  tell_progress (self);
  return &g_array_index (corpus->utterances, GstRnnUtterance, g_array_index (corpus->order, guint32, self->next++));
}

static GstFlowReturn
play_next (GstRnnCorpusSrc *self)
{
  g_autofree gchar *reason = NULL;
  GstAdapter *samples;
  const GstRnnUtterance *u = gst_rnn_corpus_src_take (self, &samples, &reason);

  if (!u || g_atomic_int_get (&self->known))
    return GST_FLOW_EOS;
  if (samples)
    return play (self, u, samples);
  if (!reason)
    return GST_FLOW_FLUSHING;
  skip (self, u, reason);
  return GST_FLOW_OK;
}

static void
task (gpointer data)
{
  GstRnnCorpusSrc *self = data;
  GstFlowReturn ret = GST_FLOW_NOT_NEGOTIATED;

  if (self->caps || begin (self))
    ret = play_next (self);
  if (ret == GST_FLOW_OK)
    return;
  if (self->caps && (ret == GST_FLOW_NOT_LINKED || ret < GST_FLOW_EOS))
    GST_ELEMENT_FLOW_ERROR (self, ret);
  if (ret == GST_FLOW_EOS)
    list_skipped (self);
  if (ret != GST_FLOW_FLUSHING) {
    gst_pad_push_event (self->feed_audio, gst_event_new_eos ());
    gst_pad_push_event (self->feed_text, gst_event_new_eos ());
  }
  gst_pad_pause_task (self->feed_audio);
}

gchar *
gst_rnn_corpus_src_digest (GstRnnCorpusSrc *self)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint setting[7];

  GST_OBJECT_LOCK (self);
  memcpy (setting, (guint[]) { self->rate, self->seed, self->rank, self->world_size, self->epochs, self->gap,
          self->max_length }, sizeof (setting));
  GST_OBJECT_UNLOCK (self);
  if (setting[4] == 0)
    return NULL;
  g_checksum_update (sum, (const guchar *) setting, sizeof (setting));
  gst_rnn_corpus_digest (self->corpus, sum);
  return g_strdup (g_checksum_get_string (sum));
}

void
gst_rnn_corpus_src_start (GstRnnCorpusSrc *self)
{
  self->next = self->epoch = self->slot = 0;
  for (guint i = 0; i < self->n_slots; i++)
    self->slots[i].utterance = NULL;
  self->position = 0;
  self->known = FALSE;
  g_array_set_size (self->corpus->order, 0);
  g_ptr_array_set_size (self->report, 0);
  GST_OBJECT_LOCK (self);
  self->n_files = self->n_skipped = self->n_samples = 0;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_corpus_src_cancel (self, FALSE);
  gst_pad_set_active (self->feed_audio, TRUE);
  gst_pad_set_active (self->feed_text, TRUE);
  gst_pad_start_task (self->feed_audio, task, self, NULL);
}

void
gst_rnn_corpus_src_stop (GstRnnCorpusSrc *self)
{
  gst_pad_stop_task (self->feed_audio);
  gst_rnn_corpus_src_close_slots (self);
  gst_pad_set_active (self->feed_audio, FALSE);
  gst_pad_set_active (self->feed_text, FALSE);
  gst_clear_caps (&self->caps);
}
