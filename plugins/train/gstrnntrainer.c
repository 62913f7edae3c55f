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
 * best result on it is the one that is saved.  Pads `dev_sink_NAME` and `dev_label_NAME` take further sets, each measured and
 * reported by its name beside it; where there are such sets only, the first one decides.
 *
 * Examples are kept in a file beside `checkpoint`, with which a training takes no memory for them; when it goes on, they
 * are not made again as long as rnncorpussrc says that manifests and recordings are the same.
 *
 * A forecaster's recipe (models/forecast) needs no labels: rows of series, as rnncsvparse gives them, are learnt from with what comes
 * after them, a fifth at the end chooses, and the pad `label` is not there.  `config` takes `horizon` and `season`, too.
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

GST_DEBUG_CATEGORY_STATIC (rnn_trainer_debug);
#define GST_CAT_DEFAULT rnn_trainer_debug

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
  {"config", "Configuration", "Options of training, key=value with commas between, over those of the recipe; "
        "rnncore info --training lists them",
      FIELD (config)},
  {"weights", "Weights", "How often an epoch takes an example: NAME=NUMBER with commas between, for manifests with NAME in their "
        "path; the others: 1",
      FIELD (weights)},
};

static const Property numbers[] = {
  {"n-threads", "Threads", "Threads to train with; 0: as the options say", FIELD (n_threads), 256, 0},
  {"checkpoint-interval", "Checkpoint interval", "Seconds between two checkpoints; there is one after each epoch, too",
      FIELD (checkpoint_interval), 86400, 60},
  {"progress-interval", "Progress interval", "Seconds between two reports within an epoch", FIELD (progress_interval),
      86400, 10},
  {"max-length", "Longest example", "Seconds; a longer text is left out; 0: any", FIELD (max_length), 86400, 120},
};

enum { PROP_0, PROP_ASYNC, PROP_RESUME, PROP_STATS, PROP_FIRST_STRING,
  PROP_FIRST_NUMBER = PROP_FIRST_STRING + G_N_ELEMENTS (strings) };

G_DEFINE_TYPE (GstRnnTrainer, gst_rnn_trainer, GST_TYPE_AGGREGATOR)
GST_ELEMENT_REGISTER_DEFINE (rnntrainer, "rnntrainer", GST_RANK_NONE, GST_TYPE_RNN_TRAINER)

/* ---- states ---- */

static gboolean
open_examples (GstRnnTrainer *self, GError **error)
{
  g_autofree gchar *checkpoint = NULL;
  GstClockTime max_length;

  GST_OBJECT_LOCK (self);
  max_length = self->max_length ? self->max_length * GST_SECOND : GST_CLOCK_TIME_NONE;
  checkpoint = g_strdup (self->checkpoint);
  GST_OBJECT_UNLOCK (self);
  return self->forecasting || gst_rnn_trainer_open_sets (self, checkpoint, max_length, error);
}

static gboolean
start (GstAggregator *aggregator)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  g_autoptr (GError) error = NULL;
  const gchar *half;

  self->refused = self->announced = FALSE;
  self->flushing = self->flushed = self->stopping = self->closed = FALSE;
  if ((half = gst_rnn_trainer_find_half (self))) {
    GST_ELEMENT_ERROR (self, CORE, PAD, ("%s: dev_sink%s%s and dev_label%s%s belong together", GST_OBJECT_NAME (self),
            *half ? "_" : "", half, *half ? "_" : "", half), (NULL));
    return FALSE;
  }
  if (gst_rnn_trainer_check_places (self, &error) && open_examples (self, &error))
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
  if (self->forecasting)
    gst_rnn_forecasting_forget (self->forecasting);
  gst_rnn_trainer_foreach_dev (self, gst_rnn_examples_close);
  return TRUE;
}

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
  else if ((self->forecasting = gst_rnn_forecasting_load (GST_ELEMENT (self), path)))
    gst_rnn_trainer_hide_label (self, TRUE);
  else
    self->model = rnn_model_load (path, &error);
  if (self->model && rnn_model_check_trainable (self->model, &error)
      && rnn_output_primary (rnn_model_get_output (self->model))->klass->label == RNN_LABEL_TEXT)
    self->tokens = rnn_tokens_new (rnn_model_get_tokens (self->model), rnn_model_get_blank (self->model), &error);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
  return !error;
}

static void
unload_model (GstRnnTrainer *self)
{
  self->train.model = NULL;
  for (guint i = 0; i < self->devs->len; i++)
    GST_RNN_TRAINER_DEV (self, i)->examples.model = NULL;
  g_clear_pointer (&self->tokens, rnn_tokens_unref);
  g_clear_pointer (&self->model, rnn_model_unref);
  g_clear_pointer (&self->forecasting, gst_rnn_forecasting_free);
  gst_rnn_trainer_hide_label (self, FALSE);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (element);
  GstStateChangeReturn ret;
  gboolean waits = FALSE;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !load_model (self)) {
    unload_model (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    waits = gst_rnn_trainer_begin_preroll (self);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_rnn_trainer_stop (self);
  ret = GST_ELEMENT_CLASS (gst_rnn_trainer_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && ret == GST_STATE_CHANGE_SUCCESS && waits)
    ret = GST_STATE_CHANGE_ASYNC;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || ret == GST_STATE_CHANGE_FAILURE)
    gst_rnn_trainer_end_preroll (self);
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
  g_autoptr (GPtrArray) devs = gst_rnn_trainer_list_devs (self);
  guint n_dev = 0, n_skipped = 0;
  guint64 n_frames = 0;
  GstStructure *stats;

  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < devs->len; i++) {
    const GstRnnExamples *dev = devs->pdata[i];

    n_dev += dev->n_examples;
    n_skipped += dev->n_skipped;
    n_frames += dev->n_frames;
  }
  stats = gst_structure_new ("rnntrainer-stats", "examples", G_TYPE_UINT, self->train.n_examples,
      "skipped", G_TYPE_UINT, self->train.n_skipped, "frames", G_TYPE_UINT64, self->train.n_frames,
      "dev-examples", G_TYPE_UINT, n_dev, "dev-skipped", G_TYPE_UINT, n_skipped,
      "dev-frames", G_TYPE_UINT64, n_frames, NULL);
  GST_OBJECT_UNLOCK (self);
  return stats;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_ASYNC) {
    self->async = g_value_get_boolean (value);
  } else if (id == PROP_RESUME) {
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

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  if (id == PROP_ASYNC)
    g_value_set_boolean (value, self->async);
  else if (id == PROP_RESUME)
    g_value_set_boolean (value, self->resume);
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

  g_object_class_install_property (klass, PROP_ASYNC,
      g_param_spec_boolean ("async", "Asynchronous", "Go to PAUSED only when data have come, as sinks do", TRUE, flags));
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
  g_cond_init (&self->room);
  self->async = self->resume = self->prerolled = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint, self, numbers[i].offset) = numbers[i].def;
  gst_rnn_trainer_init_sets (self);
  gst_rnn_trainer_init_intake (self);
  gst_rnn_trainer_add_pads (self);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);    /* nothing needs to be linked to src: EOS is told here */
}

static void
gst_rnn_trainer_finalize (GObject *object)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (object);

  gst_rnn_trainer_clear_sets (self);
  g_cond_clear (&self->room);
  g_cond_clear (&self->wake);
  g_mutex_clear (&self->wake_lock);
  g_mutex_clear (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (G_STRUCT_MEMBER (gchar *, self, strings[i].offset));
  G_OBJECT_CLASS (gst_rnn_trainer_parent_class)->finalize (object);
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
  aggregator_class->start = start;
  aggregator_class->stop = stop;
  gst_rnn_trainer_init_input (aggregator_class);
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
