/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: the options of a training, its minibatches, and what pauses or ends it. */
#include "gstrnntrainer-private.h"
#include <string.h>

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
  json_t *train = json_object_get (rnn_model_get_recipe (self->model), "train");
  g_autofree gchar *where = g_strconcat (rnn_model_get_path (self->model), ": train", NULL);

  rnn_options_init (rnn_train_options, config);
  if (train && !rnn_options_from_json (rnn_train_options, config, train, NULL, where, error))
    return FALSE;
  if (!apply_config (config, text, error))
    return FALSE;
  if (n_threads)
    config->n_threads = n_threads;
  return TRUE;
}

gboolean
gst_rnn_trainer_check_places (GstRnnTrainer *self, GError **error)
{
  g_autofree gchar *location = NULL, *checkpoint = NULL;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  checkpoint = g_strdup (self->checkpoint);
  GST_OBJECT_UNLOCK (self);
  return rnn_train_check_places (location, checkpoint, error);
}

/* The set without a name decides, or else the first one that holds anything; the others are measured beside it. */
static GstRnnTraining *
add_devs (GstRnnTrainer *self, GstRnnTrainingSetup *setup, GError **error)
{
  g_autoptr (GArray) others = g_array_new (TRUE, TRUE, sizeof (GstRnnTrainingDev));

  for (guint i = 0; i < self->devs->len; i++) {
    const GstRnnTrainerSet *set = GST_RNN_TRAINER_DEV (self, i);
    GstRnnTrainingDev dev = { set->name, set->examples.dataset };

    if (!dev.data || rnn_dataset_get_n (dev.data) == 0)
      continue;
    if (!setup->dev.data)
      setup->dev = dev;
    else
      g_array_append_val (others, dev);
  }
  setup->others = (const GstRnnTrainingDev *) others->data;
  return gst_rnn_training_new (GST_ELEMENT (self), setup, error);
}

static GstRnnTraining *
new_training (GstRnnTrainer *self, GError **error)
{
  g_autofree gchar *location = NULL, *checkpoint = NULL, *text = NULL, *weights = NULL;
  GstRnnTrainingSetup setup = {.model = self->model,.train = self->train.dataset };
  RnnTrainConfig config;
  guint n_threads;

  GST_OBJECT_LOCK (self);
  setup.location = location = g_strdup (self->location);
  setup.checkpoint = checkpoint = g_strdup (self->checkpoint);
  setup.resume = self->resume;
  setup.checkpoint_interval = self->checkpoint_interval;
  setup.progress_interval = self->progress_interval;
  text = g_strdup (self->config);
  weights = g_strdup (self->weights);
  n_threads = self->n_threads;
  GST_OBJECT_UNLOCK (self);
  if (!setup.train || rnn_dataset_get_n (setup.train) == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: no utterance to train on came in", GST_OBJECT_NAME (self));
    return NULL;
  }
  if (!make_config (self, &config, text, n_threads, error) || !gst_rnn_examples_weigh (&self->train, weights, error))
    return NULL;
  setup.config = &config;
  return add_devs (self, &setup, error);
}

GstFlowReturn
gst_rnn_trainer_end_stream (GstRnnTrainer *self)
{
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_eos (GST_OBJECT (self)));
  return GST_FLOW_EOS;
}

/* ---- pausing ---- */

static void
wake (GstRnnTrainer *self)
{
  g_mutex_lock (&self->wake_lock);
  g_cond_broadcast (&self->wake);
  g_cond_broadcast (&self->room);
  g_mutex_unlock (&self->wake_lock);
}

void
gst_rnn_trainer_wait_until_playing (GstRnnTrainer *self)
{
  g_mutex_lock (&self->wake_lock);
  while (!self->playing && !g_atomic_int_get (&self->stopping) && !g_atomic_int_get (&self->flushing))
    g_cond_wait (&self->wake, &self->wake_lock);
  g_mutex_unlock (&self->wake_lock);
}

void
gst_rnn_trainer_set_playing (GstRnnTrainer *self, gboolean playing)
{
  g_mutex_lock (&self->wake_lock);
  self->playing = playing;
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->wake_lock);
}

/* ---- a minibatch ---- */

/* @report: of an epoch that ended. */
static gboolean
train (GstRnnTrainer *self, gchar **report, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean more;

  if (g_atomic_int_get (&self->flushing))
    return TRUE;
  if (g_atomic_int_get (&self->stopping)) {
    if (self->training)
      gst_rnn_training_interrupt (self->training, error);
    more = FALSE;
  } else {
    if (!self->training && !(self->training = new_training (self, error)))
      return FALSE;
    more = gst_rnn_training_step (self->training, error);
    if (more && rnn_train_leads () && gst_rnn_training_ended_epoch (self->training))
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

/* Once, for people: what was left out, and why. */
static void
list_skipped (GstRnnTrainer *self, const GstRnnExamples *examples, const gchar *what)
{
  const GPtrArray *unspelled = examples->labeller ? rnn_labeller_get_unspelled (examples->labeller) : NULL;
  g_autoptr (GString) list = g_string_new (NULL);

  if (examples->n_skipped <= examples->n_warned)
    return;
  for (guint i = 0; i < examples->report->len; i++)
    g_string_append_printf (list, "\n%s", (const gchar *) g_ptr_array_index (examples->report, i));
  for (guint i = 0; unspelled && i < unspelled->len; i++) {
    const RnnUnspelled *u = unspelled->pdata[i];

    g_string_append_printf (list, "\n%s (U+%04X) in %" G_GUINT64_FORMAT " texts, as in \"%s\"", u->character,
        g_utf8_get_char (u->character), u->count, u->example);
  }
  if (examples->n_skipped > examples->report->len)
    g_string_append_printf (list, "\nand %u more", examples->n_skipped - examples->report->len);
  GST_ELEMENT_WARNING (self, STREAM, WRONG_TYPE, ("%u of %u texts %s are left out:%s", examples->n_skipped,
          examples->n_skipped + examples->n_examples, what, list->str), (NULL));
}

/* The first line comes before training: with it a sink behind `src` prerolls, even where it is empty since another
 * process speaks for this one. */
static void
announce (GstRnnTrainer *self)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GPtrArray) devs = gst_rnn_trainer_list_devs (self);
  guint n_examples = 0, n_skipped = 0;

  gst_rnn_examples_seal (&self->train);
  list_skipped (self, &self->train, "to train on");
  for (guint i = 0; i < devs->len; i++) {
    GstRnnExamples *dev = devs->pdata[i];

    gst_rnn_examples_seal (dev);
    list_skipped (self, dev, "to measure on");
    n_examples += dev->n_examples;
    n_skipped += dev->n_skipped;
  }
  if (rnn_train_leads ())
    g_string_printf (line, "{\"examples\": %u, \"skipped\": %u, \"dev_examples\": %u, \"dev_skipped\": %u}\n",
        self->train.n_examples, self->train.n_skipped, n_examples, n_skipped);
  push_line (self, g_string_free (g_steal_pointer (&line), FALSE));
  self->announced = TRUE;
}

GstFlowReturn
gst_rnn_trainer_train (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;
  gchar *report = NULL;
  gboolean more;

  if (!self->announced)
    announce (self);
  gst_rnn_trainer_wait_until_playing (self);
  more = train (self, &report, &error);
  if (report)
    push_line (self, report);
  if (error) {
    GST_ELEMENT_ERROR (self, LIBRARY, FAILED, ("%s", error->message), (NULL));
    return GST_FLOW_ERROR;
  }
  return more ? GST_AGGREGATOR_FLOW_NEED_DATA : gst_rnn_trainer_end_stream (self);
}

void
gst_rnn_trainer_cancel (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;

  wake (self);
  g_mutex_lock (&self->lock);
  if (self->training) {
    gst_rnn_training_interrupt (self->training, &error);
    g_clear_pointer (&self->training, gst_rnn_training_free);
  }
  g_mutex_unlock (&self->lock);
  if (error)
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE, ("%s", error->message), (NULL));
}

void
gst_rnn_trainer_stop (GstRnnTrainer *self)
{
  g_atomic_int_set (&self->stopping, TRUE);
  wake (self);
}
