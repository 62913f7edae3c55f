/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rnntrainer
 * @title: rnntrainer
 * @short_description: trains a recurrent model on whatever flows in
 *
 * Collects examples until EOS, then trains, saves the model and ends the stream.  Data come in at `sink` (audio,
 * tensors or series, as the model wants), labels at `label`: text, whose [PTS, PTS + duration) cuts its utterance out
 * of the audio, or tensors, one target per row of the data.  So any media file with a subtitle track trains a speech
 * model.  The pads `dev_sink` and `dev_label` take a second set, on which every epoch is measured; the model with the
 * best result on it is the one that is saved.
 *
 * `model-file` is a recipe (.json) or a model to train on.  Options come from its `train` object and from `config`.
 * Training goes on from `checkpoint` when that exists.  A flush, the way to READY and the action signal `stop` end it
 * within one minibatch, with a checkpoint saved.
 *
 * ELEMENT messages named `rnntrainer` tell of every `epoch`, now and then of an `update`, and of each text `skipped`;
 * PROGRESS messages tell the same to people.  The pad `src` gives one line of JSON per epoch and may stay unlinked.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=film.mkv ! matroskademux name=d rnntrainer name=t model-file=recipe.json
 *     location=trained.safetensors d.audio_0 ! queue ! decodebin ! audioconvert ! audioresample ! t.sink
 *     d.subtitle_0 ! queue ! t.label
 * ]|
 */
/* Threads: all the work is done in the aggregator's own task, where aggregate() cuts examples as long as there are
 * data, and runs one minibatch per call once all pads are at EOS.  Training pauses while the pipeline does.  Whoever
 * ends it from another thread waits for `lock`, that is for one minibatch. */
#include "gstrnntrainer-private.h"
#include "gstrnncaps.h"

GST_DEBUG_CATEGORY_STATIC (rnn_trainer_debug);
#define GST_CAT_DEFAULT rnn_trainer_debug

#define DATA_CAPS "audio/x-raw, format = (string) { S16LE, F32LE, F64LE }, layout = (string) interleaved, " \
    "rate = (int) [ 1, MAX ], channels = (int) [ 1, MAX ]; " GST_RNN_TENSORS_CAPS
#define LABEL_CAPS "text/x-raw, format = (string) { utf8, pango-markup }; " GST_RNN_TENSORS_CAPS

typedef struct {
  const gchar *name, *nick, *blurb;
  gsize offset;
  guint max, def;               /* numbers */
} Property;

#define FIELD(f) G_STRUCT_OFFSET (GstRnnTrainer, f)

static const Property strings[] = {
  {"model-file", "Model file", "Recipe (.json), or a model (.safetensors) to train on", FIELD (model_file)},
  {"location", "Location", "Where to save the best model", FIELD (location)},
  {"checkpoint", "Checkpoint", "Where to save all that is needed to go on after an interruption", FIELD (checkpoint)},
  {"config", "Configuration", "Options of training, key=value with commas between, over those of the recipe",
      FIELD (config)},
};

static const Property numbers[] = {
  {"n-threads", "Threads", "Threads to train with; 0: as the options say", FIELD (n_threads), 256, 0},
  {"checkpoint-interval", "Checkpoint interval", "Seconds between two checkpoints; there is one after each epoch, too",
      FIELD (checkpoint_interval), 86400, 60},
  {"progress-interval", "Progress interval", "Seconds between two reports within an epoch", FIELD (progress_interval),
      86400, 10},
};

enum { PROP_0, PROP_RESUME, PROP_STATS, PROP_FIRST_STRING,
  PROP_FIRST_NUMBER = PROP_FIRST_STRING + G_N_ELEMENTS (strings) };

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (DATA_CAPS));
static GstStaticPadTemplate label_template = GST_STATIC_PAD_TEMPLATE ("label", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (LABEL_CAPS));
static GstStaticPadTemplate dev_sink_template = GST_STATIC_PAD_TEMPLATE ("dev_sink", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (DATA_CAPS));
static GstStaticPadTemplate dev_label_template = GST_STATIC_PAD_TEMPLATE ("dev_label", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (LABEL_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json"));

G_DEFINE_TYPE (GstRnnTrainer, gst_rnn_trainer, GST_TYPE_AGGREGATOR)
GST_ELEMENT_REGISTER_DEFINE (rnntrainer, "rnntrainer", GST_RANK_NONE, GST_TYPE_RNN_TRAINER)

/* ---- buffers and events in ---- */

static void
forget_flushed (GstRnnTrainer *self)
{
  if (g_atomic_int_compare_and_exchange (&self->flushed, TRUE, FALSE)) {
    gst_rnn_examples_flush (&self->train);
    gst_rnn_examples_flush (&self->dev);
  }
}

static gboolean
is_eos (GstElement *element, GstPad *pad, gpointer data)
{
  return gst_aggregator_pad_is_eos (GST_AGGREGATOR_PAD (pad));
}

/* The dev pads may come and go meanwhile; what one of them gets without the other is of no use. */
static void
advance_dev (GstRnnTrainer *self)
{
  GstRnnExamples *dev = &self->dev;

  g_mutex_lock (&self->lock);
  if (dev->data && dev->label)
    gst_rnn_examples_advance (dev);
  else if (dev->data || dev->label)
    gst_aggregator_pad_drop_buffer (dev->data ? dev->data : dev->label);
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
aggregate (GstAggregator *aggregator, gboolean timeout)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);

  if (self->refused)
    return GST_FLOW_NOT_NEGOTIATED;
  if (g_atomic_int_get (&self->flushing) > 0) {
    g_usleep (1000);
    return GST_AGGREGATOR_FLOW_NEED_DATA;
  }
  forget_flushed (self);
  gst_rnn_examples_advance (&self->train);
  advance_dev (self);
  if (!gst_element_foreach_sink_pad (GST_ELEMENT (self), is_eos, NULL))
    return g_atomic_int_get (&self->stopping) ? gst_rnn_trainer_end_stream (self) : GST_AGGREGATOR_FLOW_NEED_DATA;
  gst_rnn_examples_finish (&self->train);
  gst_rnn_examples_finish (&self->dev);
  return gst_rnn_trainer_train (self);
}

static GstRnnExamples *
examples_of (GstRnnTrainer *self, GstAggregatorPad *pad)
{
  return pad == self->dev.data || pad == self->dev.label ? &self->dev : &self->train;
}

static gboolean
set_caps (GstRnnTrainer *self, GstAggregatorPad *pad, const GstCaps *caps)
{
  GstRnnExamples *examples = examples_of (self, pad);
  g_autoptr (GError) error = NULL;

  if (pad == examples->data ? gst_rnn_examples_set_data_caps (examples, caps, &error) :
      gst_rnn_examples_set_label_caps (examples, caps, &error))
    return TRUE;
  self->refused = TRUE;
  GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
  return FALSE;
}

static gboolean
set_segment (GstRnnTrainer *self, GstAggregatorPad *pad, const GstSegment *segment)
{
  GstRnnExamples *examples = examples_of (self, pad);

  if (segment->format != GST_FORMAT_TIME || segment->rate < 0) {
    self->refused = TRUE;
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s needs a TIME segment that plays forward", GST_OBJECT_NAME (self)),
        (NULL));
    return FALSE;
  }
  if (pad == examples->data)
    gst_rnn_examples_finish (examples);
  return TRUE;
}

static gboolean
sink_event (GstAggregator *aggregator, GstAggregatorPad *pad, GstEvent *event)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  GstEventType type = GST_EVENT_TYPE (event);
  const GstSegment *segment;
  gboolean ok = TRUE;
  GstCaps *caps;

  if (type == GST_EVENT_FLUSH_START) {
    g_atomic_int_inc (&self->flushing);
    gst_rnn_trainer_cancel (self);
  } else if (type == GST_EVENT_FLUSH_STOP) {
    g_atomic_int_set (&self->flushed, TRUE);
  } else if (type == GST_EVENT_CAPS) {
    forget_flushed (self);
    gst_event_parse_caps (event, &caps);
    ok = set_caps (self, pad, caps);
  } else if (type == GST_EVENT_SEGMENT) {
    forget_flushed (self);
    gst_event_parse_segment (event, &segment);
    ok = set_segment (self, pad, segment);
  }
  if (!ok) {
    gst_event_unref (event);
    return FALSE;
  }
  ok = GST_AGGREGATOR_CLASS (gst_rnn_trainer_parent_class)->sink_event (aggregator, pad, event);
  if (type == GST_EVENT_FLUSH_STOP)
    g_atomic_int_add (&self->flushing, -1);
  return ok;
}

static gboolean
sink_query (GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  GstRnnExamples *examples = examples_of (self, pad);
  g_autoptr (GstCaps) caps = NULL;
  GstCaps *filter;

  if (GST_QUERY_TYPE (query) != GST_QUERY_CAPS || !examples->model)
    return GST_AGGREGATOR_CLASS (gst_rnn_trainer_parent_class)->sink_query (aggregator, pad, query);
  caps = pad == examples->data ? gst_rnn_examples_get_data_caps (examples) : gst_rnn_examples_get_label_caps (examples);
  gst_query_parse_caps (query, &filter);
  if (filter) {
    GstCaps *all = g_steal_pointer (&caps);

    caps = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  gst_query_set_caps_result (query, caps);
  return TRUE;
}

/* It accepts whatever the template has: set_caps says better than the core what is wrong with it. */
static GstAggregatorPad *
new_pad (GstStaticPadTemplate *template)
{
  g_autoptr (GstPadTemplate) pad_template = gst_static_pad_template_get (template);
  GstAggregatorPad *pad = g_object_new (GST_TYPE_AGGREGATOR_PAD, "name", template->name_template, "direction", GST_PAD_SINK,
      "template", pad_template, NULL);

  GST_PAD_SET_ACCEPT_TEMPLATE (pad);
  return pad;
}

/* Only the dev pads come on request, each once. */
static GstAggregatorPad *
create_new_pad (GstAggregator *aggregator, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  gboolean label = g_str_equal (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), dev_label_template.name_template);
  GstAggregatorPad **slot = label ? &self->dev.label : &self->dev.data;

  if (*slot)
    return NULL;
  return *slot = new_pad (label ? &dev_label_template : &dev_sink_template);
}

static void
release_pad (GstElement *element, GstPad *pad)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (element);
  GstAggregatorPad **slot = GST_AGGREGATOR_PAD (pad) == self->dev.label ? &self->dev.label : &self->dev.data;

  g_mutex_lock (&self->lock);
  *slot = NULL;
  g_mutex_unlock (&self->lock);
  GST_ELEMENT_CLASS (gst_rnn_trainer_parent_class)->release_pad (element, pad);
}

static gboolean
start (GstAggregator *aggregator)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  g_autoptr (GError) error = NULL;

  self->refused = self->announced = FALSE;
  self->flushing = self->flushed = self->stopping = FALSE;
  if (!self->dev.data != !self->dev.label) {
    GST_ELEMENT_ERROR (self, CORE, PAD, ("%s: dev_sink and dev_label belong together", GST_OBJECT_NAME (self)), (NULL));
    return FALSE;
  }
  if (gst_rnn_examples_open (&self->train, self->model, self->tokens, &error) &&
      gst_rnn_examples_open (&self->dev, self->model, self->tokens, &error))
    return TRUE;
  GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", error->message), (NULL));
  return FALSE;
}

static gboolean
stop (GstAggregator *aggregator)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);

  gst_rnn_trainer_cancel (self);
  gst_rnn_examples_close (&self->train);
  gst_rnn_examples_close (&self->dev);
  return TRUE;
}

/* ---- states ---- */

static gboolean
load_model (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->model_file);
  GST_OBJECT_UNLOCK (self);
  if (!path)
    g_set_error (&error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s needs a recipe or a model in `model-file`",
        GST_OBJECT_NAME (self));
  else
    self->model = rnn_model_load (path, &error);
  if (self->model && rnn_model_get_output_kind (self->model) == RNN_OUTPUT_CTC)
    self->tokens = rnn_tokens_new (rnn_model_get_tokens (self->model), rnn_model_get_blank (self->model), &error);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
  return !error;
}

static void
unload_model (GstRnnTrainer *self)
{
  self->train.model = self->dev.model = NULL;
  g_clear_pointer (&self->tokens, rnn_tokens_unref);
  g_clear_pointer (&self->model, rnn_model_unref);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !load_model (self)) {
    unload_model (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_rnn_trainer_stop (self);
  ret = GST_ELEMENT_CLASS (gst_rnn_trainer_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    gst_rnn_trainer_set_playing (self, transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    unload_model (self);
  return ret;
}

/* ---- properties ---- */

static GstStructure *
get_stats (GstRnnTrainer *self)
{
  return gst_structure_new ("rnntrainer-stats", "examples", G_TYPE_UINT, self->train.n_examples,
      "skipped", G_TYPE_UINT, self->train.n_skipped, "frames", G_TYPE_UINT64, self->train.n_frames,
      "dev-examples", G_TYPE_UINT, self->dev.n_examples, "dev-skipped", G_TYPE_UINT, self->dev.n_skipped, "dev-frames", G_TYPE_UINT64, self->dev.n_frames, NULL);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_RESUME) {
    self->resume = g_value_get_boolean (value);
  } else if (id >= PROP_FIRST_NUMBER) {
    G_STRUCT_MEMBER (guint, self, numbers[id - PROP_FIRST_NUMBER].offset) = g_value_get_uint (value);
  } else {
    gchar **string = &G_STRUCT_MEMBER (gchar *, self, strings[id - PROP_FIRST_STRING].offset);

    g_free (*string);
    *string = g_value_dup_string (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_RESUME)
    g_value_set_boolean (value, self->resume);
  else if (id == PROP_STATS)
    g_value_take_boxed (value, get_stats (self));
  else if (id >= PROP_FIRST_NUMBER)
    g_value_set_uint (value, G_STRUCT_MEMBER (guint, self, numbers[id - PROP_FIRST_NUMBER].offset));
  else
    g_value_set_string (value, G_STRUCT_MEMBER (gchar *, self, strings[id - PROP_FIRST_STRING].offset));
  GST_OBJECT_UNLOCK (self);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, PROP_RESUME,
      g_param_spec_boolean ("resume", "Resume", "Go on from the checkpoint if it exists", TRUE, flags));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Examples taken and texts skipped", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_object_class_install_property (klass, PROP_FIRST_STRING + i,
        g_param_spec_string (strings[i].name, strings[i].nick, strings[i].blurb, NULL, flags));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_object_class_install_property (klass, PROP_FIRST_NUMBER + i,
        g_param_spec_uint (numbers[i].name, numbers[i].nick, numbers[i].blurb, 0, numbers[i].max, numbers[i].def,
            flags));
}

/* ---- life ---- */

static void
gst_rnn_trainer_init (GstRnnTrainer *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->wake_lock);
  g_cond_init (&self->wake);
  self->resume = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint, self, numbers[i].offset) = numbers[i].def;
  gst_rnn_examples_init (&self->train, GST_ELEMENT (self));
  gst_rnn_examples_init (&self->dev, GST_ELEMENT (self));
  self->train.data = new_pad (&sink_template);
  self->train.label = new_pad (&label_template);
  gst_element_add_pad (GST_ELEMENT (self), GST_PAD (self->train.data));
  gst_element_add_pad (GST_ELEMENT (self), GST_PAD (self->train.label));
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);    /* nothing needs to be linked to src: EOS is told here */
}

static void
gst_rnn_trainer_finalize (GObject *object)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  gst_rnn_examples_clear (&self->train);
  gst_rnn_examples_clear (&self->dev);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->wake_lock);
  g_mutex_clear (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (G_STRUCT_MEMBER (gchar *, self, strings[i].offset));
  G_OBJECT_CLASS (gst_rnn_trainer_parent_class)->finalize (object);
}

static void
add_templates (GstElementClass *klass)
{
  gst_element_class_add_static_pad_template_with_gtype (klass, &sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &label_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &dev_sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &dev_label_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &src_template, GST_TYPE_AGGREGATOR_PAD);
}

static void
gst_rnn_trainer_class_init (GstRnnTrainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAggregatorClass *aggregator_class = GST_AGGREGATOR_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (rnn_trainer_debug, "rnntrainer", 0, "trainer");
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = gst_rnn_trainer_finalize;
  install_properties (object_class);
  element_class->change_state = change_state;
  element_class->release_pad = release_pad;
  aggregator_class->aggregate = aggregate;
  aggregator_class->sink_event = sink_event;
  aggregator_class->sink_query = sink_query;
  aggregator_class->create_new_pad = create_new_pad;
  aggregator_class->start = start;
  aggregator_class->stop = stop;
  add_templates (element_class);
  gst_element_class_set_static_metadata (element_class, "Trainer", "Sink", "Trains a recurrent model on what flows in",
      "gst-rnn");
  /**
   * GstRnnTrainer::stop:
   *
   * Ends training within one minibatch, with a checkpoint saved, and then the stream.
   */
  g_signal_new_class_handler ("stop", GST_TYPE_RNN_TRAINER, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (gst_rnn_trainer_stop), NULL, NULL, NULL, G_TYPE_NONE, 0);
}
