/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rnncorpussrc
 * @title: rnncorpussrc
 * @short_description: plays a corpus of recordings and their texts on one timeline
 *
 * Reads manifests (lines of path, speaker and text with tabs between; paths relative to the manifest; audio in any
 * format that uridecodebin knows) and plays one file after the other.  A file takes its exact number of samples on the
 * timeline.  The pad `text` says what is spoken, one buffer per file with the file's time and duration; a custom meta
 * tells manifest, line, path and speaker.  Every file begins with a DISCONT buffer; with `gap` the timeline
 * jumps between two files, so that whoever keeps a state begins anew.
 *
 * A file that is missing or cannot be decoded is counted, reported by a WARNING message, and left out.
 *
 * ## Example
 * |[
 * gst-launch-1.0 rnncorpussrc name=c location=corpus/manifest.tsv seed=1 rnntrainer name=t model-file=recipe.json
 *     location=trained.safetensors c.audio ! t.sink c.text ! t.label
 * ]|
 */
/* Threads: a task of our own decodes a file into memory and pushes it into two queues, whose tasks feed the ghost
 * pads: text never waits for audio, and the next file is decoded while downstream works. */
#include "gstrnncorpussrc.h"
#include "gstrnncorpus.h"
#include "gstrnndecoder.h"
#include <gst/audio/audio.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (rnn_corpus_src_debug);
#define GST_CAT_DEFAULT rnn_corpus_src_debug

#define DEFAULT_RATE 16000
#define AUDIO_CAPS "audio/x-raw, format = (string) { S16LE, F32LE }, layout = (string) interleaved, " \
    "rate = (int) [ 1, MAX ], channels = (int) 1"
#define TEXT_CAPS "text/x-raw, format = (string) utf8"
#define QUEUE_TIME (10 * GST_SECOND)    /* of audio, decoded ahead */
/* fields of a structure that say which utterance it is about */
#define UTTERANCE_FIELDS(u) "manifest", G_TYPE_STRING, (u)->manifest, "line", G_TYPE_UINT, (u)->row->line, \
    "path", G_TYPE_STRING, (u)->row->given, "speaker", G_TYPE_STRING, (u)->row->speaker

struct _GstRnnCorpusSrc {
  GstBin parent;
  GstRnnDecoder decoder;
  const gchar *missing;         /* element that the decoder lacks */
  GstPad *feed_audio, *feed_text;       /* source pads into the queues, of no element */
  GstPad *audio, *text;         /* the queues' ghosts, ours */
  GstRnnCorpus *corpus;         /* READY and up */

  /* the task's, PAUSED and up */
  GstCaps *caps;                /* of the audio; NULL: not begun */
  gint rate, bpf;
  guint next, epoch;            /* in the order; pass */
  guint64 position;             /* samples on the timeline */

  /* properties, with the object lock */
  gchar *location;
  gint want_rate;
  guint seed, rank, world_size, epochs, gap;
  gboolean post_messages;
  guint64 n_files, n_skipped, n_samples;        /* stats */
};

enum {
  PROP_LOCATION = 1, PROP_RATE, PROP_SEED, PROP_RANK, PROP_WORLD_SIZE, PROP_EPOCHS, PROP_GAP, PROP_POST_MESSAGES,
  PROP_STATS
};

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE ("audio", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE ("text", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (TEXT_CAPS));

G_DEFINE_TYPE (GstRnnCorpusSrc, gst_rnn_corpus_src, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (rnncorpussrc, "rnncorpussrc", GST_RANK_NONE, GST_TYPE_RNN_CORPUS_SRC)

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
  GST_OBJECT_LOCK (self);
  self->n_skipped++;
  GST_OBJECT_UNLOCK (self);
  GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s:%u: %s skipped: %s", u->manifest, u->row->line, u->row->given, reason), (NULL));
  post_utterance (self, u, "skipped", reason, 0, 0);
}

static GstStructure *
get_stats (GstRnnCorpusSrc *self)
{
  return gst_structure_new ("rnncorpussrc-stats", "files", G_TYPE_UINT64, self->n_files,
      "skipped", G_TYPE_UINT64, self->n_skipped, "samples", G_TYPE_UINT64, self->n_samples, NULL);
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
  g_autoptr (GstCaps) filter = gst_static_pad_template_get_caps (&audio_template);
  g_autoptr (GstCaps) allowed = gst_caps_make_writable (gst_pad_peer_query_caps (self->feed_audio, filter));
  GstStructure *s;
  GstAudioInfo info;

  if (gst_caps_is_empty (allowed))
    return FALSE;
  allowed = gst_caps_truncate (allowed);
  s = gst_caps_get_structure (allowed, 0);
  GST_OBJECT_LOCK (self);
  if (self->want_rate)
    gst_structure_set (s, "rate", G_TYPE_INT, self->want_rate, NULL);
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
  g_autoptr (GstCaps) text = gst_static_pad_template_get_caps (&text_template);
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
  GstBuffer *buffer = gst_buffer_new_memdup (u->row->text, strlen (u->row->text));
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_RNN_CORPUS_META);

  gst_structure_set (gst_custom_meta_get_structure (meta), UTTERANCE_FIELDS (u), NULL);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = duration;
  return push (self->feed_text, self->text, buffer);
}

/* The decoded samples, a second at a time. */
static GstFlowReturn
push_audio (GstRnnCorpusSrc *self)
{
  GstAdapter *samples = self->decoder.samples;
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
play (GstRnnCorpusSrc *self, const GstRnnUtterance *u)
{
  guint64 n = gst_adapter_available (self->decoder.samples) / self->bpf;
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
  audio = push_audio (self);
  self->position += gst_util_uint64_scale (gap, self->rate, 1000);
  if (audio == GST_FLOW_NOT_LINKED)
    return text;
  return text == GST_FLOW_NOT_LINKED ? audio : MIN (audio, text);
}

/* ---- the task ---- */

static const GstRnnUtterance *
next_utterance (GstRnnCorpusSrc *self)
{
  GstRnnCorpus *corpus = self->corpus;

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
  }
  if (self->next == corpus->order->len)
    return NULL;
  return &g_array_index (corpus->utterances, GstRnnUtterance, g_array_index (corpus->order, guint32, self->next++));
}

static GstFlowReturn
play_next (GstRnnCorpusSrc *self)
{
  const GstRnnUtterance *u = next_utterance (self);
  g_autofree gchar *uri = NULL, *reason = NULL;

  if (!u)
    return GST_FLOW_EOS;
  uri = gst_rnn_utterance_get_uri (u);
  if (gst_rnn_decoder_run (&self->decoder, uri, self->caps, &reason))
    return play (self, u);
  if (!reason)
    return GST_FLOW_FLUSHING;
  skip (self, u, reason);
  return GST_FLOW_OK;
}

static void
task (gpointer data)
{
  GstRnnCorpusSrc *self = data;
  GstFlowReturn ret = GST_FLOW_OK;

  if (!self->caps && !begin (self))
    ret = GST_FLOW_NOT_NEGOTIATED;
  else
    ret = play_next (self);
  if (ret == GST_FLOW_OK)
    return;
  if (ret < GST_FLOW_EOS && self->caps)
    GST_ELEMENT_FLOW_ERROR (self, ret);
  if (ret <= GST_FLOW_EOS) {
    gst_pad_push_event (self->feed_audio, gst_event_new_eos ());
    gst_pad_push_event (self->feed_text, gst_event_new_eos ());
  }
  gst_pad_pause_task (self->feed_audio);
}

static void
start_task (GstRnnCorpusSrc *self)
{
  self->next = self->epoch = 0;
  self->position = 0;
  g_array_set_size (self->corpus->order, 0);
  GST_OBJECT_LOCK (self);
  self->n_files = self->n_skipped = self->n_samples = 0;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_decoder_cancel (&self->decoder, FALSE);
  gst_pad_set_active (self->feed_audio, TRUE);
  gst_pad_set_active (self->feed_text, TRUE);
  gst_pad_start_task (self->feed_audio, task, self, NULL);
}

static void
stop_task (GstRnnCorpusSrc *self)
{
  gst_pad_stop_task (self->feed_audio);
  gst_pad_set_active (self->feed_audio, FALSE);
  gst_pad_set_active (self->feed_text, FALSE);
  gst_clear_caps (&self->caps);
}

/* ---- the element ---- */

static gboolean
open_corpus (GstRnnCorpusSrc *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *location = NULL;

  if (self->missing) {
    GST_ELEMENT_ERROR (self, CORE, MISSING_PLUGIN, ("%s needs the element %s", GST_OBJECT_NAME (self), self->missing),
        (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);
  if (!location || !*location) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s needs a manifest in `location`", GST_OBJECT_NAME (self)), (NULL));
    return FALSE;
  }
  self->corpus = gst_rnn_corpus_new (location, &error);
  if (!self->corpus)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
  return self->corpus != NULL;
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_corpus (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_rnn_decoder_cancel (&self->decoder, TRUE);
  ret = GST_ELEMENT_CLASS (gst_rnn_corpus_src_parent_class)->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    start_task (self);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    stop_task (self);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    gst_element_set_state (self->decoder.bin, GST_STATE_NULL);
    g_clear_pointer (&self->corpus, gst_rnn_corpus_free);
  }
  return ret;
}

static void
handle_message (GstBin *bin, GstMessage *message)
{
  if (gst_rnn_decoder_handle_message (&GST_RNN_CORPUS_SRC (bin)->decoder, message))
    gst_message_unref (message);
  else
    GST_BIN_CLASS (gst_rnn_corpus_src_parent_class)->handle_message (bin, message);
}

static gboolean
feed_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_free (self->location);
      self->location = g_value_dup_string (value);
      break;
    case PROP_RATE:
      self->want_rate = g_value_get_int (value);
      break;
    case PROP_SEED:
      self->seed = g_value_get_uint (value);
      break;
    case PROP_RANK:
      self->rank = g_value_get_uint (value);
      break;
    case PROP_WORLD_SIZE:
      self->world_size = g_value_get_uint (value);
      break;
    case PROP_EPOCHS:
      self->epochs = g_value_get_uint (value);
      break;
    case PROP_GAP:
      self->gap = g_value_get_uint (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_RATE:
      g_value_set_int (value, self->want_rate);
      break;
    case PROP_SEED:
      g_value_set_uint (value, self->seed);
      break;
    case PROP_RANK:
      g_value_set_uint (value, self->rank);
      break;
    case PROP_WORLD_SIZE:
      g_value_set_uint (value, self->world_size);
      break;
    case PROP_EPOCHS:
      g_value_set_uint (value, self->epochs);
      break;
    case PROP_GAP:
      g_value_set_uint (value, self->gap);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* A queue inside that holds @most (0: any amount), its source as ghost pad @name, and the pad that feeds it. */
static GstPad *
add_output (GstRnnCorpusSrc *self, GstStaticPadTemplate *template, const gchar *name, GstClockTime most,
    GstPad **ghost)
{
  GstElement *queue = gst_element_factory_make ("queue", name);
  g_autoptr (GstPadTemplate) ghost_template = gst_static_pad_template_get (template);
  g_autoptr (GstPad) sink = NULL, source = NULL;
  GstPad *feed = gst_object_ref_sink (gst_pad_new_from_static_template (template, "feed"));

  gst_pad_set_query_function (feed, feed_query);
  gst_pad_use_fixed_caps (feed);
  if (!queue) {
    self->missing = "queue";
    return feed;
  }
  g_object_set (queue, "max-size-buffers", 0, "max-size-bytes", 0, "max-size-time", most, "silent", TRUE, NULL);
  gst_bin_add (GST_BIN (self), queue);
  sink = gst_element_get_static_pad (queue, "sink");
  source = gst_element_get_static_pad (queue, "src");
  gst_pad_link_full (feed, sink, GST_PAD_LINK_CHECK_NOTHING);
  *ghost = gst_ghost_pad_new_from_template (name, source, ghost_template);
  gst_element_add_pad (GST_ELEMENT (self), *ghost);
  return feed;
}

static void
gst_rnn_corpus_src_init (GstRnnCorpusSrc *self)
{
  self->world_size = self->epochs = 1;
  gst_rnn_decoder_init (&self->decoder, &self->missing);
  gst_bin_add (GST_BIN (self), self->decoder.bin);
  self->feed_audio = add_output (self, &audio_template, "audio", QUEUE_TIME, &self->audio);
  self->feed_text = add_output (self, &text_template, "text", 0, &self->text);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK);
}

static void
gst_rnn_corpus_src_finalize (GObject *object)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  gst_rnn_decoder_clear (&self->decoder);
  gst_object_unref (self->feed_audio);
  gst_object_unref (self->feed_text);
  g_free (self->location);
  G_OBJECT_CLASS (gst_rnn_corpus_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (klass, PROP_LOCATION, g_param_spec_string ("location", "Location",
          "Manifest to play; several with ':' between them", NULL, flags));
  g_object_class_install_property (klass, PROP_RATE, g_param_spec_int ("rate", "Rate",
          "Sampling rate in Hz; 0: what downstream wants, 16000 if it does not care", 0, G_MAXINT, 0, flags));
  g_object_class_install_property (klass, PROP_SEED, g_param_spec_uint ("seed", "Seed",
          "Shuffles the files, anew in every epoch; 0: the order of the manifests", 0, G_MAXUINT, 0, flags));
  g_object_class_install_property (klass, PROP_RANK, g_param_spec_uint ("rank", "Rank",
          "Which share of the files to play, from 0", 0, G_MAXUINT, 0, flags));
  g_object_class_install_property (klass, PROP_WORLD_SIZE, g_param_spec_uint ("world-size", "World size",
          "Number of shares", 1, G_MAXUINT, 1, flags));
  g_object_class_install_property (klass, PROP_EPOCHS, g_param_spec_uint ("epochs", "Epochs",
          "How often to play the corpus; 0: for ever", 0, G_MAXUINT, 1, flags));
  g_object_class_install_property (klass, PROP_GAP, g_param_spec_uint ("gap", "Gap",
          "Milliseconds by which the timeline jumps after each file", 0, 3600000, 0, playing));
  g_object_class_install_property (klass, PROP_POST_MESSAGES, g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message for each file, with its place on the timeline", FALSE, playing));
  g_object_class_install_property (klass, PROP_STATS, g_param_spec_boxed ("stats", "Statistics",
          "Files played, files skipped, samples played", GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_rnn_corpus_src_class_init (GstRnnCorpusSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (rnn_corpus_src_debug, "rnncorpussrc", 0, "corpus source");
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = gst_rnn_corpus_src_finalize;
  install_properties (object_class);
  element_class->change_state = change_state;
  GST_BIN_CLASS (klass)->handle_message = handle_message;
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_add_static_pad_template (element_class, &text_template);
  gst_element_class_set_static_metadata (element_class, "Corpus source", "Source/File",
      "Plays a manifest of recordings and their texts on one timeline", "gst-rnn developers");
  if (!gst_meta_get_info (GST_RNN_CORPUS_META)) {
    static const gchar *tags[] = { NULL };

    gst_meta_register_custom (GST_RNN_CORPUS_META, tags, NULL, NULL, NULL);
  }
}
