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
 * A file that is missing, is no regular file, cannot be decoded, or is longer than `max-length`, is counted, reported by a
 * message, and left out; the first ten are WARNINGs, too, and if there are more all are listed at the end.  A path that
 * looks like a URI (scheme://) is one unless there is a file of that name; others than file:// are taken with
 * `allow-uris` only, since they may never end.
 *
 * ## Example
 * |[
 * gst-launch-1.0 rnncorpussrc name=c location=corpus/manifest.tsv seed=1 rnntrainer name=t model-file=recipe.json
 *     location=trained.safetensors c.audio ! t.sink c.text ! t.label
 * ]|
 */
/* Threads: decoders, one per processor, decode the next files into memory; a task of our own pushes them, in their order, into
 * two queues, whose tasks feed the ghost pads: text never waits for audio. */
#include "gstrnncorpussrc-private.h"

GST_DEBUG_CATEGORY_STATIC (rnn_corpus_src_debug);
#define GST_CAT_DEFAULT rnn_corpus_src_debug

#define AUDIO_CAPS "audio/x-raw, format = (string) { S16LE, F32LE }, layout = (string) interleaved, " \
    "rate = (int) [ 1, MAX ], channels = (int) 1"
#define TEXT_CAPS "text/x-raw, format = (string) utf8"
#define QUEUE_TIME (10 * GST_SECOND)    /* of audio, decoded ahead */

enum { PROP_0, PROP_LOCATION, PROP_POST_MESSAGES, PROP_ALLOW_URIS, PROP_STATS, PROP_FIRST_NUMBER };

typedef struct {
  const gchar *name, *nick, *blurb;
  gsize offset;
  guint min, max, def;
} Number;

#define FIELD(f) G_STRUCT_OFFSET (GstRnnCorpusSrc, f)

static const Number numbers[] = {
  {"rate", "Rate", "Sampling rate in Hz; 0: what downstream wants, 16000 if it does not care", FIELD (want_rate),
      0, G_MAXINT, 0},
  {"seed", "Seed", "Shuffles the files, anew in every epoch; 0: the order of the manifests", FIELD (seed),
      0, G_MAXUINT, 0},
  {"rank", "Rank", "Which share of the files to play, from 0", FIELD (rank), 0, G_MAXUINT, 0},
  {"world-size", "World size", "Number of shares", FIELD (world_size), 1, G_MAXUINT, 1},
  {"epochs", "Epochs", "How often to play the corpus; 0: for ever", FIELD (epochs), 0, G_MAXUINT, 1},
  {"gap", "Gap", "By how much the timeline jumps after each file (ms)", FIELD (gap), 0, 3600000, 0},
  {"max-length", "Longest recording", "Seconds; a longer one is left out", FIELD (max_length), 1, 86400, 7200},
  {"timeout", "Timeout", "Seconds that the decoder of a recording may take to give samples, at its start and later",
      FIELD (timeout), 1, 86400, 30},
};

static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE ("audio", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (AUDIO_CAPS));
static GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE ("text", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (TEXT_CAPS));

G_DEFINE_TYPE (GstRnnCorpusSrc, gst_rnn_corpus_src, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (rnncorpussrc, "rnncorpussrc", GST_RANK_NONE, GST_TYPE_RNN_CORPUS_SRC)

/* ---- states and messages ---- */

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
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s needs a manifest in `location`", GST_OBJECT_NAME (self)),
        (NULL));
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
    gst_rnn_corpus_src_cancel (self, TRUE);
  ret = GST_ELEMENT_CLASS (gst_rnn_corpus_src_parent_class)->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_FAILURE)
    return ret;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    gst_rnn_corpus_src_start (self);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    gst_rnn_corpus_src_stop (self);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    gst_rnn_corpus_src_close_slots (self);
    g_clear_pointer (&self->corpus, gst_rnn_corpus_free);
  }
  return ret;
}

static void
handle_message (GstBin *bin, GstMessage *message)
{
  if (gst_rnn_corpus_src_handle_message (GST_RNN_CORPUS_SRC (bin), message))
    gst_message_unref (message);
  else
    GST_BIN_CLASS (gst_rnn_corpus_src_parent_class)->handle_message (bin, message);
}

static gboolean
answer_digest (GstRnnCorpusSrc *self, GstQuery *query)
{
  GstStructure *s = gst_query_writable_structure (query);
  g_autofree gchar *digest = gst_rnn_corpus_src_digest (self);

  if (!digest)
    return FALSE;
  gst_structure_set (s, "digest", G_TYPE_STRING, digest, NULL);
  return TRUE;
}

static gboolean
feed_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM &&
      gst_structure_has_name (gst_query_get_structure (query), GST_RNN_CORPUS_QUERY))
    return answer_digest (gst_pad_get_element_private (pad), query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* A corpus has no positions to go to. */
static gboolean
feed_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnCorpusSrc *self = gst_pad_get_element_private (pad);

  if (gst_event_has_name (event, GST_RNN_CORPUS_KNOWN))
    g_atomic_int_set (&self->known, TRUE);
  else if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return g_atomic_int_get (&self->known);
}

/* ---- properties ---- */

static GstStructure *
get_stats (GstRnnCorpusSrc *self)
{
  return gst_structure_new ("rnncorpussrc-stats", "files", G_TYPE_UINT64, self->n_files,
      "skipped", G_TYPE_UINT64, self->n_skipped, "samples", G_TYPE_UINT64, self->n_samples, NULL);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_LOCATION) {
    g_free (self->location);
    self->location = g_value_dup_string (value);
  } else if (id == PROP_POST_MESSAGES) {
    self->post_messages = g_value_get_boolean (value);
  } else if (id == PROP_ALLOW_URIS) {
    self->allow_uris = g_value_get_boolean (value);
  } else {
    G_STRUCT_MEMBER (guint, self, numbers[id - PROP_FIRST_NUMBER].offset) = g_value_get_uint (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_LOCATION)
    g_value_set_string (value, self->location);
  else if (id == PROP_POST_MESSAGES)
    g_value_set_boolean (value, self->post_messages);
  else if (id == PROP_ALLOW_URIS)
    g_value_set_boolean (value, self->allow_uris);
  else if (id == PROP_STATS)
    g_value_take_boxed (value, get_stats (self));
  else
    g_value_set_uint (value, G_STRUCT_MEMBER (guint, self, numbers[id - PROP_FIRST_NUMBER].offset));
  GST_OBJECT_UNLOCK (self);
}

/* ---- life ---- */

/* A queue inside that holds @most (0: any amount), its source as ghost pad @name, and the pad that feeds it. */
static GstPad *
add_output (GstRnnCorpusSrc *self, GstStaticPadTemplate *template, const gchar *name, GstClockTime most,
    GstPad **ghost)
{
  GstElement *queue = gst_element_factory_make ("queue", name);
  g_autoptr (GstPadTemplate) ghost_template = gst_static_pad_template_get (template);
  g_autoptr (GstPad) sink = NULL, source = NULL;
  GstPad *feed = gst_object_ref_sink (gst_pad_new_from_static_template (template, "feed"));

  gst_pad_set_element_private (feed, self);
  gst_pad_set_query_function (feed, feed_query);
  gst_pad_set_event_function (feed, feed_event);
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
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint, self, numbers[i].offset) = numbers[i].def;
  self->report = g_ptr_array_new_with_free_func (g_free);
  gst_rnn_corpus_src_init_slots (self);
  self->feed_audio = add_output (self, &audio_template, "audio", QUEUE_TIME, &self->audio);
  self->feed_text = add_output (self, &text_template, "text", 0, &self->text);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SINK);
}

static void
gst_rnn_corpus_src_finalize (GObject *object)
{
  GstRnnCorpusSrc *self = GST_RNN_CORPUS_SRC (object);

  gst_rnn_corpus_src_clear_slots (self);
  g_ptr_array_unref (self->report);
  gst_object_unref (self->feed_audio);
  gst_object_unref (self->feed_text);
  g_free (self->location);
  G_OBJECT_CLASS (gst_rnn_corpus_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, PROP_LOCATION,
      g_param_spec_string ("location", "Location", "Manifest to play; several with ':' between them", NULL, flags));
  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message for each file, with its place on the timeline", FALSE, flags));
  g_object_class_install_property (klass, PROP_ALLOW_URIS,
      g_param_spec_boolean ("allow-uris", "Allow URIs",
          "Take any source that a manifest names by its URI, not regular files alone", FALSE, flags));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Files played, files skipped, samples played", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    const Number *n = &numbers[i];

    g_object_class_install_property (klass, PROP_FIRST_NUMBER + i,
        g_param_spec_uint (n->name, n->nick, n->blurb, n->min, n->max, n->def, flags));
  }
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
      "Plays a manifest of recordings and their texts on one timeline", "gst-rnn");
  if (!gst_meta_get_info (GST_RNN_CORPUS_META)) {
    static const gchar *tags[] = { NULL };

    gst_meta_register_custom (GST_RNN_CORPUS_META, tags, NULL, NULL, NULL);
  }
}
