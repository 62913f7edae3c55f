/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntranscriber: audio in, timed captions out, by rnnfeatures ! rnninfer ! rnnctcdec.  Here are only their pads and
 * properties; a property goes to every stage that has it, but for the state's: that of all stages is one file (gstrnnkeeper.c). */
#include "gstrnntranscriber.h"
#include <gst/audio/audio.h>
#include "gstrnnctcdec.h"
#include "gstrnnfeatures.h"
#include "gstrnninfer.h"
#include "gstrnnkeeper.h"
#include "gstrnnstage.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_transcriber_debug);
#define GST_CAT_DEFAULT gst_rnn_transcriber_debug

enum { FEATURES, INFER, CTCDEC, N_STAGES };
enum { PROP_GATE = 900, PROP_STATE_FILE = 1000, PROP_STATE_INTERVAL };  /* far from those of the stages */

typedef struct {
  GstBin parent;
  GstElement *stages[N_STAGES];
  GstRnnStage *in_order[N_STAGES];      /* the same */
  GstRnnKeeper keeper;
} GstRnnTranscriber;

typedef GstBinClass GstRnnTranscriberClass;

#define GST_RNN_TRANSCRIBER(obj) ((GstRnnTranscriber *) (obj))

G_DEFINE_TYPE (GstRnnTranscriber, gst_rnn_transcriber, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (rnntranscriber, "rnntranscriber", GST_RANK_NONE, GST_TYPE_RNN_TRANSCRIBER);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (S16) " }, "
        "layout=(string)interleaved, rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2 ]"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=(string){ utf8, pango-markup }"));
static GstStaticPadTemplate unsynced_template = GST_STATIC_PAD_TEMPLATE ("unsynced_src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json"));

/* ---- properties ---- */

/* While the stream runs the first stage alone is told of a new model: it tells the others when it is time to change. */
static guint
last_to_tell (GstRnnTranscriber *self, GParamSpec *pspec)
{
  gboolean running;

  if (!g_str_equal (pspec->name, "model-file"))
    return CTCDEC;
  GST_OBJECT_LOCK (self->stages[FEATURES]);
  running = GST_RNN_STAGE (self->stages[FEATURES])->active;
  GST_OBJECT_UNLOCK (self->stages[FEATURES]);
  return running ? FEATURES : CTCDEC;
}

static gboolean
has_property (GstElement *stage, const gchar *name)
{
  return g_object_class_find_property (G_OBJECT_GET_CLASS (stage), name) != NULL;
}

static void
set_state_property (GstRnnTranscriber *self, guint id, const GValue *value)
{
  GST_OBJECT_LOCK (self);
  if (id == PROP_STATE_FILE) {
    g_free (self->keeper.file);
    self->keeper.file = g_value_dup_string (value);
  } else {
    self->keeper.interval = g_value_get_uint (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_state_property (GstRnnTranscriber *self, guint id, GValue *value)
{
  GST_OBJECT_LOCK (self);
  if (id == PROP_STATE_FILE)
    g_value_set_string (value, self->keeper.file);
  else
    g_value_set_uint (value, self->keeper.interval);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_transcriber_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnTranscriber *self = GST_RNN_TRANSCRIBER (object);
  guint i, last;

  if (id >= PROP_STATE_FILE) {
    set_state_property (self, id, value);
    return;
  }
  last = last_to_tell (self, pspec);
  for (i = 0; i <= last; i++) {
    if (has_property (self->stages[i], pspec->name))
      g_object_set_property (G_OBJECT (self->stages[i]), pspec->name, value);
  }
}

static void
get_stats (GstRnnTranscriber *self, GValue *value)
{
  static const gchar *const names[N_STAGES] = { "features", "infer", "ctcdec" };
  GstStructure *all = gst_structure_new_empty ("stats");
  guint i;

  for (i = 0; i < N_STAGES; i++) {
    GstStructure *stats;

    g_object_get (self->stages[i], "stats", &stats, NULL);
    gst_structure_set (all, names[i], GST_TYPE_STRUCTURE, stats, NULL);
    gst_structure_free (stats);
  }
  g_value_take_boxed (value, all);
}

static void
gst_rnn_transcriber_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnTranscriber *self = GST_RNN_TRANSCRIBER (object);
  guint i = 0;

  if (id >= PROP_STATE_FILE) {
    get_state_property (self, id, value);
    return;
  }
  if (g_str_equal (pspec->name, "stats")) {
    get_stats (self, value);
    return;
  }
  while (!has_property (self->stages[i], pspec->name))
    i++;
  g_object_get_property (G_OBJECT (self->stages[i]), pspec->name, value);
}

/* ---- GstElement, GstBin ---- */

static GstStateChangeReturn
gst_rnn_transcriber_change_state (GstElement *element, GstStateChange transition)
{
  GstRnnTranscriber *self = GST_RNN_TRANSCRIBER (element);
  g_autofree gchar *path = NULL;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY || transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    g_object_get (self->stages[FEATURES], "model-file", &path, NULL);
    g_object_set (self->stages[INFER], "model-file", path, NULL);
    g_object_set (self->stages[CTCDEC], "model-file", path, NULL);
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    gst_rnn_keeper_start (&self->keeper);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_rnn_keeper_stop (&self->keeper);
  return GST_ELEMENT_CLASS (gst_rnn_transcriber_parent_class)->change_state (element, transition);
}

/* Messages of the decoder become the bin's own, and what only the features know; of a swap all stages speak, once is enough. */
static gboolean
is_passed_on (GstRnnTranscriber *self, GstMessage *message)
{
  const gchar *type = gst_structure_get_string (gst_message_get_structure (message), "type");

  return GST_MESSAGE_SRC (message) == GST_OBJECT (self->stages[CTCDEC])
      || (GST_MESSAGE_SRC (message) == GST_OBJECT (self->stages[FEATURES]) && !g_strcmp0 (type, "opposite-phases"));
}

static void
gst_rnn_transcriber_handle_message (GstBin *bin, GstMessage *message)
{
  GstRnnTranscriber *self = GST_RNN_TRANSCRIBER (bin);
  GstStructure *s;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    if (!is_passed_on (self, message)) {
      gst_message_unref (message);
      return;
    }
    s = gst_structure_copy (gst_message_get_structure (message));
    gst_structure_set_name (s, "rnntranscriber");
    gst_message_unref (message);
    message = gst_message_new_element (GST_OBJECT (self), s);
  }
  GST_BIN_CLASS (gst_rnn_transcriber_parent_class)->handle_message (bin, message);
}

static void
notify_delay (GObject *decoder, GParamSpec *pspec, GObject *self)
{
  g_object_notify (self, pspec->name);
}

static void
reset_signal (GstRnnTranscriber *self)
{
  guint i;

  for (i = 0; i < N_STAGES; i++)
    g_signal_emit_by_name (self->stages[i], "reset");
}

static void
save_state_signal (GstRnnTranscriber *self, const gchar *path)
{
  gst_rnn_keeper_save (&self->keeper, path);
}

static void
load_state_signal (GstRnnTranscriber *self, const gchar *path)
{
  gst_rnn_keeper_load (&self->keeper, path);
}

static void
gst_rnn_transcriber_finalize (GObject *object)
{
  gst_rnn_keeper_clear (&GST_RNN_TRANSCRIBER (object)->keeper);
  G_OBJECT_CLASS (gst_rnn_transcriber_parent_class)->finalize (object);
}

static void
gst_rnn_transcriber_class_init (GstRnnTranscriberClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_transcriber_debug, "rnntranscriber", 0, "speech to captions");
  object_class->set_property = gst_rnn_transcriber_set_property;
  object_class->get_property = gst_rnn_transcriber_get_property;
  object_class->finalize = gst_rnn_transcriber_finalize;
  gst_rnn_stage_install_properties (object_class);
  gst_rnn_features_install_gate (object_class, PROP_GATE);
  gst_rnn_infer_install_properties (object_class);
  gst_rnn_ctc_dec_install_properties (object_class);
  gst_rnn_stage_install_state (object_class, PROP_STATE_FILE, G_CALLBACK (save_state_signal), G_CALLBACK (load_state_signal));
  /* action signal, as the stages have */
  g_signal_new_class_handler ("reset", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (reset_signal), NULL, NULL, NULL, G_TYPE_NONE, 0);

  element_class->change_state = gst_rnn_transcriber_change_state;
  klass->handle_message = gst_rnn_transcriber_handle_message;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_add_static_pad_template (element_class, &unsynced_template);
  gst_element_class_set_static_metadata (element_class, "Speech transcriber", "Converter/Audio/Text",
      "Turns speech into timed captions with a recurrent network", "gst-rnn");
}

/* What does not fit is refused by rnnfeatures, which can say why, and not by the pad's template. */
static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  g_autoptr (GstPad) target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));

  if (target && GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS)
    return gst_pad_query (target, query);
  return gst_pad_query_default (pad, parent, query);
}

static GstPad *
add_ghost (GstRnnTranscriber *self, guint stage, const gchar *name)
{
  g_autoptr (GstPad) target = gst_element_get_static_pad (self->stages[stage], name);
  GstPadTemplate *template = gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), name);
  GstPad *pad = gst_ghost_pad_new_from_template (name, target, template);

  gst_element_add_pad (GST_ELEMENT (self), pad);
  return pad;
}

static void
gst_rnn_transcriber_init (GstRnnTranscriber *self)
{
  GstPad *sinkpad;

  self->stages[FEATURES] = g_object_new (GST_TYPE_RNN_FEATURES, "name", "features", NULL);
  self->stages[INFER] = g_object_new (GST_TYPE_RNN_INFER, "name", "infer", NULL);
  self->stages[CTCDEC] = g_object_new (GST_TYPE_RNN_CTC_DEC, "name", "ctcdec", NULL);
  gst_bin_add_many (GST_BIN (self), self->stages[FEATURES], self->stages[INFER], self->stages[CTCDEC], NULL);
  gst_rnn_infer_set_listener (self->stages[INFER], self->stages[CTCDEC]);
  gst_element_link_many (self->stages[FEATURES], self->stages[INFER], self->stages[CTCDEC], NULL);
  sinkpad = add_ghost (self, FEATURES, "sink");
  gst_pad_set_query_function (sinkpad, sink_query);
  for (guint i = 0; i < N_STAGES; i++)
    self->in_order[i] = GST_RNN_STAGE (self->stages[i]);
  gst_rnn_keeper_init (&self->keeper, sinkpad, self->in_order, N_STAGES);
  add_ghost (self, CTCDEC, "src");
  add_ghost (self, CTCDEC, "unsynced_src");
  g_signal_connect (self->stages[CTCDEC], "notify::max-observed-delay", G_CALLBACK (notify_delay), self);
}
