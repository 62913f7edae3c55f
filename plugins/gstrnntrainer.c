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
#include "gstrnntrainer.h"
#include "gstrnncaps.h"
#include "gstrnnexamples.h"
#include "gstrnntraining.h"

GST_DEBUG_CATEGORY_STATIC (rnn_trainer_debug);
#define GST_CAT_DEFAULT rnn_trainer_debug

#define DATA_CAPS "audio/x-raw, format = (string) { S16LE, F32LE, F64LE }, layout = (string) interleaved, " \
    "rate = (int) [ 1, MAX ], channels = (int) [ 1, MAX ]; " GST_RNN_TENSORS_CAPS
#define LABEL_CAPS "text/x-raw, format = (string) { utf8, pango-markup }; " GST_RNN_TENSORS_CAPS

struct _GstRnnTrainer {
  GstAggregator parent;
  RnnModel *model;              /* READY and up; never the shared copy */
  RnnTokens *tokens;            /* CTC, else NULL */
  GstRnnExamples train, dev;
  gint flushing;                /* atomic: pads between FLUSH_START and FLUSH_STOP */
  gint flushed;                 /* atomic: a flush is over, the open examples are stale */
  gint stopping;                /* atomic: `stop` was emitted */
  gboolean refused;             /* caps; the task's */

  gboolean announced;           /* the first line of the report is out; the task's */

  GMutex lock;
  GCond wake;                   /* playing, stopping or flushing changed */
  gboolean playing;             /* with lock, as is the rest */
  GstRnnTraining *training;

  /* properties, with the object lock */
  gchar *model_file, *location, *checkpoint, *config;
  gboolean resume;
  guint n_threads, checkpoint_interval, progress_interval;
};

enum {
  PROP_MODEL_FILE = 1, PROP_LOCATION, PROP_CHECKPOINT, PROP_RESUME, PROP_CONFIG, PROP_N_THREADS,
  PROP_CHECKPOINT_INTERVAL, PROP_PROGRESS_INTERVAL, PROP_STATS
};

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

/* ---- training ---- */

static gboolean
apply_config (RnnTrainConfig *config, const gchar *text, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (text ? text : "", ",", -1);

  for (gchar **pair = pairs; *pair; pair++) {
    g_auto (GStrv) halves = g_strsplit (g_strstrip (*pair), "=", 2);

    if (!halves[0])
      continue;
    if (!rnn_options_set (rnn_train_options, config, halves[0], halves[1] ? halves[1] : "", "config", error))
      return FALSE;
  }
  return TRUE;
}

/* Defaults, then what the recipe says, then the properties. */
static gboolean
make_config (GstRnnTrainer *self, RnnTrainConfig *config, const gchar *text, guint n_threads, GError **error)
{
  static const RnnLossType losses[] = {[RNN_OUTPUT_RAW] = RNN_LOSS_MSE,[RNN_OUTPUT_CTC] = RNN_LOSS_CTC,
    [RNN_OUTPUT_CLASSES] = RNN_LOSS_CROSS_ENTROPY
  };
  json_t *train = json_object_get (rnn_model_get_recipe (self->model), "train");
  g_autofree gchar *where = g_strconcat (rnn_model_get_path (self->model), ": train", NULL);

  rnn_options_init (rnn_train_options, config);
  config->loss = losses[rnn_model_get_output_kind (self->model)];
  if (train && !rnn_options_from_json (rnn_train_options, config, train, NULL, where, error))
    return FALSE;
  if (!apply_config (config, text, error))
    return FALSE;
  if (n_threads)
    config->n_threads = n_threads;
  return TRUE;
}

static GstRnnTraining *
new_training (GstRnnTrainer *self, GError **error)
{
  g_autofree gchar *location = NULL, *checkpoint = NULL, *text = NULL;
  GstRnnTrainingSetup setup = {.model = self->model,.train = self->train.dataset,.dev = self->dev.dataset };
  RnnTrainConfig config;
  guint n_threads;

  GST_OBJECT_LOCK (self);
  setup.location = location = g_strdup (self->location);
  setup.checkpoint = checkpoint = g_strdup (self->checkpoint);
  setup.resume = self->resume;
  setup.checkpoint_interval = self->checkpoint_interval;
  setup.progress_interval = self->progress_interval;
  text = g_strdup (self->config);
  n_threads = self->n_threads;
  GST_OBJECT_UNLOCK (self);
  if (!setup.train || rnn_dataset_get_n (setup.train) == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: no utterance to train on came in", GST_OBJECT_NAME (self));
    return NULL;
  }
  if (!make_config (self, &config, text, n_threads, error))
    return NULL;
  setup.config = &config;
  return gst_rnn_training_new (GST_ELEMENT (self), &setup, error);
}

static GstFlowReturn
end_stream (GstRnnTrainer *self)
{
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_eos (GST_OBJECT (self)));
  return GST_FLOW_EOS;
}

/* With the lock, from the task: waits as long as training has to pause. */
static gboolean
may_train (GstRnnTrainer *self)
{
  while (!self->playing && !g_atomic_int_get (&self->stopping) && !g_atomic_int_get (&self->flushing))
    g_cond_wait (&self->wake, &self->lock);
  return !g_atomic_int_get (&self->flushing);
}

static void
set_playing (GstRnnTrainer *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

/* One minibatch, the first time after setting up.  @report: of an epoch that ended. */
static gboolean
train (GstRnnTrainer *self, gchar **report, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean more;

  if (!may_train (self))
    return TRUE;
  if (g_atomic_int_get (&self->stopping)) {
    if (self->training)
      gst_rnn_training_interrupt (self->training, error);
    more = FALSE;
  } else {
    if (!self->training && !(self->training = new_training (self, error)))
      return FALSE;
    more = gst_rnn_training_step (self->training, error);
    if (more && gst_rnn_training_ended_epoch (self->training))
      *report = gst_rnn_training_describe (self->training);
  }
  if (!more)
    g_clear_pointer (&self->training, gst_rnn_training_free);
  return more;
}

static void
push_line (GstRnnTrainer *self, gchar *line)
{
  gst_aggregator_finish_buffer (GST_AGGREGATOR (self), gst_buffer_new_wrapped (line, strlen (line)));
}

/* The first line comes before training: with it a sink behind `src` prerolls. */
static void
announce (GstRnnTrainer *self)
{
  push_line (self, g_strdup_printf ("{\"examples\": %u, \"skipped\": %u, \"dev_examples\": %u, \"dev_skipped\": %u}\n",
          self->train.n_examples, self->train.n_skipped, self->dev.n_examples, self->dev.n_skipped));
  self->announced = TRUE;
}

static GstFlowReturn
train_and_report (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;
  gchar *report = NULL;
  gboolean more;

  if (!self->announced)
    announce (self);
  more = train (self, &report, &error);
  if (report)
    push_line (self, report);
  if (error) {
    GST_ELEMENT_ERROR (self, LIBRARY, FAILED, ("%s", error->message), (NULL));
    return GST_FLOW_ERROR;
  }
  return more ? GST_AGGREGATOR_FLOW_NEED_DATA : end_stream (self);
}

/* Ends a training that is under way, from any thread. */
static void
cancel_training (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->wake);
  if (self->training) {
    gst_rnn_training_interrupt (self->training, &error);
    g_clear_pointer (&self->training, gst_rnn_training_free);
  }
  g_mutex_unlock (&self->lock);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE, ("%s", error->message), (NULL));
}

static void
on_stop (GstRnnTrainer *self)
{
  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->stopping, TRUE);
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
}

/* ---- the aggregator ---- */

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
  if (self->dev.data)
    gst_rnn_examples_advance (&self->dev);
  if (!gst_element_foreach_sink_pad (GST_ELEMENT (self), is_eos, NULL))
    return g_atomic_int_get (&self->stopping) ? end_stream (self) : GST_AGGREGATOR_FLOW_NEED_DATA;
  gst_rnn_examples_finish (&self->train);
  gst_rnn_examples_finish (&self->dev);
  return train_and_report (self);
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
    cancel_training (self);
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

static GstAggregatorPad *
new_pad (GstStaticPadTemplate *template)
{
  g_autoptr (GstPadTemplate) pad_template = gst_static_pad_template_get (template);

  return g_object_new (GST_TYPE_AGGREGATOR_PAD, "name", template->name_template, "direction", GST_PAD_SINK, "template",
      pad_template, NULL);
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

  GST_ELEMENT_CLASS (gst_rnn_trainer_parent_class)->release_pad (element, pad);
  *slot = NULL;
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

  cancel_training (self);
  gst_rnn_examples_close (&self->train);
  gst_rnn_examples_close (&self->dev);
  return TRUE;
}

/* ---- the element ---- */

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
    on_stop (self);
  ret = GST_ELEMENT_CLASS (gst_rnn_trainer_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (self, transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    unload_model (self);
  return ret;
}

static GstStructure *
get_stats (GstRnnTrainer *self)
{
  return gst_structure_new ("rnntrainer-stats", "examples", G_TYPE_UINT, self->train.n_examples,
      "skipped", G_TYPE_UINT, self->train.n_skipped, "dev-examples", G_TYPE_UINT, self->dev.n_examples,
      "dev-skipped", G_TYPE_UINT, self->dev.n_skipped, NULL);
}

static gchar **
string_property (GstRnnTrainer *self, guint id)
{
  return id == PROP_MODEL_FILE ? &self->model_file : id == PROP_LOCATION ? &self->location :
      id == PROP_CHECKPOINT ? &self->checkpoint : &self->config;
}

static guint *
uint_property (GstRnnTrainer *self, guint id)
{
  return id == PROP_N_THREADS ? &self->n_threads : id == PROP_CHECKPOINT_INTERVAL ? &self->checkpoint_interval :
      &self->progress_interval;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  GST_OBJECT_LOCK (self);
  if (G_IS_PARAM_SPEC_STRING (pspec)) {
    gchar **string = string_property (self, id);

    g_free (*string);
    *string = g_value_dup_string (value);
  } else if (G_IS_PARAM_SPEC_UINT (pspec)) {
    *uint_property (self, id) = g_value_get_uint (value);
  } else {
    self->resume = g_value_get_boolean (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  GST_OBJECT_LOCK (self);
  if (G_IS_PARAM_SPEC_STRING (pspec))
    g_value_set_string (value, *string_property (self, id));
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    g_value_set_uint (value, *uint_property (self, id));
  else if (id == PROP_RESUME)
    g_value_set_boolean (value, self->resume);
  else
    g_value_take_boxed (value, get_stats (self));
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_trainer_init (GstRnnTrainer *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  self->resume = TRUE;
  self->checkpoint_interval = 60;
  self->progress_interval = 10;
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
  g_mutex_clear (&self->lock);
  g_free (self->model_file);
  g_free (self->location);
  g_free (self->checkpoint);
  g_free (self->config);
  G_OBJECT_CLASS (gst_rnn_trainer_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, PROP_MODEL_FILE, g_param_spec_string ("model-file", "Model file",
          "Recipe (.json), or a model (.safetensors) to train on", NULL, flags));
  g_object_class_install_property (klass, PROP_LOCATION, g_param_spec_string ("location", "Location",
          "Where to save the best model", NULL, flags));
  g_object_class_install_property (klass, PROP_CHECKPOINT, g_param_spec_string ("checkpoint", "Checkpoint",
          "Where to save all that is needed to go on after an interruption", NULL, flags));
  g_object_class_install_property (klass, PROP_RESUME, g_param_spec_boolean ("resume", "Resume",
          "Go on from the checkpoint if it exists", TRUE, flags));
  g_object_class_install_property (klass, PROP_CONFIG, g_param_spec_string ("config", "Configuration",
          "Options of training, key=value with commas between, over those of the recipe", NULL, flags));
  g_object_class_install_property (klass, PROP_N_THREADS, g_param_spec_uint ("n-threads", "Threads",
          "Threads to train with; 0: as the options say", 0, 256, 0, flags));
  g_object_class_install_property (klass, PROP_CHECKPOINT_INTERVAL, g_param_spec_uint ("checkpoint-interval",
          "Checkpoint interval", "Seconds between two checkpoints; there is one after each epoch, too", 0, 86400, 60,
          flags));
  g_object_class_install_property (klass, PROP_PROGRESS_INTERVAL, g_param_spec_uint ("progress-interval",
          "Progress interval", "Seconds between two reports within an epoch", 0, 86400, 10, flags));
  g_object_class_install_property (klass, PROP_STATS, g_param_spec_boxed ("stats", "Statistics",
          "Examples taken and texts skipped", GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
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
      "gst-rnn developers");
  /**
   * GstRnnTrainer::stop:
   *
   * Ends training within one minibatch, with a checkpoint saved, and then the stream.
   */
  g_signal_new_class_handler ("stop", GST_TYPE_RNN_TRAINER, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (on_stop), NULL, NULL, NULL, G_TYPE_NONE, 0);
}
