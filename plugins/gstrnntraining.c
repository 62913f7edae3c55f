/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an RnnTrainer for an element.  Two files leave it, both written aside and renamed: the checkpoint, from which an
 * interrupted training goes on, and the model with the best dev result (without a dev set: the latest).  Of processes
 * that train together the first one alone writes them and tells the bus. */
#include "gstrnntraining.h"
#include <math.h>

#define ELAPSED(since) ((g_get_monotonic_time () - (since)) / (gdouble) G_USEC_PER_SEC)

/* ---- reports ---- */

static gdouble
fraction_done (const GstRnnTraining *training)
{
  return training->stats.done ? 1 : (training->stats.epoch + training->stats.epoch_progress) / training->epochs;
}

/* Seconds to go, at the pace since this run began; NAN while nobody can know. */
static gdouble
time_left (const GstRnnTraining *training)
{
  gdouble done = fraction_done (training), here = done - training->done_before;

  return here > 0 ? ELAPSED (training->started) * (1 - done) / here : NAN;
}

static void
post_stats (GstRnnTraining *training, const gchar *type)
{
  const RnnTrainStats *s = &training->stats;
  GstStructure *structure;

  if (!rnn_train_leads ())
    return;
  structure = gst_structure_new ("rnntrainer", "type", G_TYPE_STRING, type,
      "epoch", G_TYPE_UINT, s->epoch + 1, "epochs", G_TYPE_INT, training->epochs,
      "update", G_TYPE_UINT64, s->update, "progress", G_TYPE_DOUBLE, fraction_done (training),
      "loss", G_TYPE_DOUBLE, (gdouble) s->epoch_loss, "dev-loss", G_TYPE_DOUBLE, (gdouble) s->dev_loss,
      "dev-metric", G_TYPE_DOUBLE, (gdouble) s->dev_metric, "best-metric", G_TYPE_DOUBLE, (gdouble) s->best_metric,
      "learning-rate", G_TYPE_DOUBLE, (gdouble) s->learning_rate,
      "gradient-norm", G_TYPE_DOUBLE, (gdouble) s->grad_norm, "infeasible", G_TYPE_UINT64, s->infeasible,
      "seconds", G_TYPE_DOUBLE, training->epoch_seconds,
      "frames-per-second", G_TYPE_DOUBLE, s->frames_per_second, "time-left", G_TYPE_DOUBLE, time_left (training), NULL);

  gst_element_post_message (training->owner, gst_message_new_element (GST_OBJECT (training->owner), structure));
}

/* @before, then the number with a point in any locale; @format is for one double. */
static void
append (GString *text, const gchar *before, const gchar *format, gdouble value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, before);
  g_string_append (text, g_ascii_formatd (number, sizeof (number), format, value));
}

static void
append_time (GString *text, gdouble seconds)
{
  if (isnan (seconds))
    g_string_append (text, "  ?");
  else if (seconds < 90)
    append (text, "  ", "%.0f", seconds);
  else if (seconds < 5400)
    append (text, "  ", "%.0f", seconds / 60);
  else
    append (text, "  ", "%.1f", seconds / 3600);
  g_string_append (text, seconds < 90 ? " s left" : seconds < 5400 ? " min left" : seconds >= 5400 ? " h left" : " left");
}

static void
append_dev (GString *text, const RnnTrainStats *s, const RnnOutput *output)
{
  g_autofree gchar *now = rnn_output_describe_metric (output, s->dev_metric);
  g_autofree gchar *best = rnn_output_describe_metric (output, s->best_metric);

  append (text, "  dev loss ", "%.3f", s->dev_loss);
  g_string_append_printf (text, "  dev %s  best %s", now, best);
}

static void
post_progress (GstRnnTraining *training, GstProgressType type, const gchar *event)
{
  const RnnTrainStats *s = &training->stats;
  g_autoptr (GString) text = g_string_new (event);

  training->last_progress = g_get_monotonic_time ();
  if (!rnn_train_leads ())
    return;
  if (s->update > 0) {
    g_string_append_printf (text, "epoch %u/%d", s->epoch + 1, training->epochs);
    append (text, " ", "%3.0f", 100 * s->epoch_progress);
    append (text, " %  loss ", "%.3f", s->epoch_loss);
    if (!isnan (s->dev_metric))
      append_dev (text, s, rnn_model_get_output (rnn_trainer_get_model (training->trainer)));
    append (text, "  rate ", "%.2g", s->learning_rate);
    append (text, "  ", "%.0f", s->frames_per_second);
    g_string_append (text, " frames/s");
    append_time (text, time_left (training));
  }
  gst_element_post_message (training->owner, gst_message_new_progress (GST_OBJECT (training->owner), type, "train",
          text->str));
}

/* JSON knows finite numbers only, and no decimal comma. */
static void
append_number (GString *json, const gchar *name, gdouble value)
{
  gchar digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (json, ", \"%s\": %s", name,
      isfinite (value) ? g_ascii_formatd (digits, sizeof (digits), "%.6g", value) : "null");
}

gchar *
gst_rnn_training_describe (const GstRnnTraining *training)
{
  const RnnTrainStats *s = &training->stats;
  g_autoptr (GString) json = g_string_new (NULL);

  g_string_printf (json, "{\"epoch\": %u, \"update\": %" G_GUINT64_FORMAT, s->epoch + 1, s->update);
  append_number (json, "loss", s->epoch_loss);
  g_string_append_printf (json, ", \"infeasible\": %" G_GUINT64_FORMAT, s->infeasible);
  append_number (json, "learning_rate", s->learning_rate);
  append_number (json, "seconds", training->epoch_seconds);
  append_number (json, "frames_per_second", s->frames_per_second);
  if (!isnan (s->dev_metric)) {
    append_number (json, "dev_loss", s->dev_loss);
    append_number (json, "dev_metric", s->dev_metric);
  }
  g_string_append (json, "}\n");
  return g_string_free (g_steal_pointer (&json), FALSE);
}

/* Tells once what an update could not learn from. */
static void
warn (GstRnnTraining *training)
{
  const RnnTrainStats *s = &training->stats;
  const RnnOutput *output = rnn_output_primary (rnn_model_get_output (rnn_trainer_get_model (training->trainer)));

  if (!isfinite (s->grad_norm) && !training->warned_number) {
    training->warned_number = TRUE;
    GST_ELEMENT_WARNING (training->owner, STREAM, FAILED, ("update %" G_GUINT64_FORMAT " is left out, and others like it: "
            "its gradient is not a finite number; are the data?", s->update), (NULL));
  }
  if (s->infeasible && gst_rnn_training_ended_epoch (training) && !training->warned_short) {
    training->warned_short = TRUE;
    GST_ELEMENT_WARNING (training->owner, STREAM, WRONG_TYPE, ("%" G_GUINT64_FORMAT " examples of an epoch are %s: nothing is "
            "learnt from them", s->infeasible, output->klass->unlearnt), (NULL));
  }
}

/* ---- files ---- */

static gboolean
save_checkpoint (GstRnnTraining *training, GError **error)
{
  training->last_checkpoint = g_get_monotonic_time ();
  return !training->checkpoint || !rnn_train_leads () ||
      rnn_trainer_save_checkpoint (training->trainer, training->checkpoint, error);
}

static gboolean
save_model (GstRnnTraining *training, GError **error)
{
  return !training->location || !rnn_train_leads () ||
      rnn_model_save (rnn_trainer_get_best (training->trainer), training->location, error);
}

/* ---- life ---- */

GstRnnTraining *
gst_rnn_training_new (GstElement *owner, const GstRnnTrainingSetup *setup, GError **error)
{
  GstRnnTraining *training = g_new0 (GstRnnTraining, 1);
  gboolean resumed = setup->resume && setup->checkpoint && g_file_test (setup->checkpoint, G_FILE_TEST_EXISTS);

  training->owner = owner;
  training->epochs = setup->config->epochs;
  training->location = g_strdup (setup->location);
  training->checkpoint = g_strdup (setup->checkpoint);
  training->checkpoint_interval = (gint64) setup->checkpoint_interval * G_USEC_PER_SEC;
  training->progress_interval = (gint64) setup->progress_interval * G_USEC_PER_SEC;
  training->stats.dev_metric = NAN;
  if (rnn_train_check_places (setup->location, setup->checkpoint, error))
    training->trainer = rnn_trainer_new (setup->model, setup->config, setup->train, setup->dev, error);
  if (!training->trainer || (resumed && !rnn_trainer_load_checkpoint (training->trainer, setup->checkpoint, error))) {
    gst_rnn_training_free (training);
    return NULL;
  }
  training->started = training->epoch_started = training->last_checkpoint = g_get_monotonic_time ();
  training->done_before = -1;
  post_progress (training, GST_PROGRESS_TYPE_START, resumed ? "resumed from the checkpoint" : "started");
  return training;
}

void
gst_rnn_training_free (GstRnnTraining *training)
{
  g_clear_pointer (&training->trainer, rnn_trainer_free);
  g_free (training->location);
  g_free (training->checkpoint);
  g_free (training);
}

gboolean
gst_rnn_training_ended_epoch (const GstRnnTraining *training)
{
  return training->stats.epoch_progress >= 1;
}

static gboolean
end_epoch (GstRnnTraining *training, GError **error)
{
  post_stats (training, "epoch");
  post_progress (training, GST_PROGRESS_TYPE_CONTINUE, "");
  training->epoch_started = g_get_monotonic_time ();
  return save_checkpoint (training, error) && save_model (training, error);
}

gboolean
gst_rnn_training_step (GstRnnTraining *training, GError **error)
{
  gint64 now;

  if (!rnn_trainer_step (training->trainer, &training->stats)) {
    if (!rnn_trainer_check (training->trainer, error)) {
      gst_rnn_training_interrupt (training, NULL);
      return FALSE;
    }
    if (save_model (training, error))
      post_progress (training, GST_PROGRESS_TYPE_COMPLETE, "done: ");
    return FALSE;
  }
  if (training->done_before < 0)
    training->done_before = fraction_done (training);
  training->epoch_seconds = ELAPSED (training->epoch_started);
  warn (training);
  if (gst_rnn_training_ended_epoch (training))
    return end_epoch (training, error);
  now = g_get_monotonic_time ();
  if (now - training->last_progress >= training->progress_interval) {
    post_stats (training, "update");
    post_progress (training, GST_PROGRESS_TYPE_CONTINUE, "");
  }
  return now - training->last_checkpoint < training->checkpoint_interval || save_checkpoint (training, error);
}

gboolean
gst_rnn_training_interrupt (GstRnnTraining *training, GError **error)
{
  post_progress (training, GST_PROGRESS_TYPE_CANCELED, "interrupted: ");
  return save_checkpoint (training, error) && save_model (training, error);
}
