/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs an RnnTrainer for an element.  Two files leave it, as an RnnKeeper has it: the checkpoint, from which an interrupted
 * training goes on, and the model with the best dev result (without a dev set: the latest).  Of processes that train
 * together the first one alone writes them and tells the bus. */
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

/* ---- dev sets that have names: the one that decides, then the others ---- */

/* NULL: there are not so many. */
static const gchar *
get_dev (const GstRnnTraining *training, guint i, gdouble *loss, gdouble *metric)
{
  gboolean first = *training->dev_name != 0;

  if (i > 0 || !first)
    return rnn_trainer_get_dev (training->trainer, i - first, loss, metric);
  *loss = training->stats.dev_loss;
  *metric = training->stats.dev_metric;
  return training->dev_name;
}

static GstStructure *
list_devs (const GstRnnTraining *training)
{
  GstStructure *sets = gst_structure_new_empty ("sets");
  gdouble loss, metric;
  const gchar *name;

  for (guint i = 0; (name = get_dev (training, i, &loss, &metric)); i++) {
    g_autoptr (GstStructure) set = gst_structure_new ("set", "loss", G_TYPE_DOUBLE, loss, "metric", G_TYPE_DOUBLE, metric,
        NULL);

    gst_structure_set (sets, name, GST_TYPE_STRUCTURE, set, NULL);
  }
  return sets;
}

static void
append_devs (const GstRnnTraining *training, GString *text, const RnnOutput *output)
{
  gdouble loss, metric;
  const gchar *name;

  for (guint i = 0; (name = get_dev (training, i, &loss, &metric)); i++) {
    g_autofree gchar *now = rnn_output_describe_metric (output, metric);

    g_string_append_printf (text, "  %s %s", name, now);
  }
}

static void
post_stats (GstRnnTraining *training, const gchar *type)
{
  const RnnTrainStats *s = &training->stats;
  g_autoptr (GstStructure) devs = NULL;
  GstStructure *structure;

  if (!rnn_train_leads ())
    return;
  devs = list_devs (training);
  structure = gst_structure_new ("rnntrainer", "type", G_TYPE_STRING, type,
      "epoch", G_TYPE_UINT, s->epoch + 1, "epochs", G_TYPE_INT, training->epochs,
      "update", G_TYPE_UINT64, s->update, "progress", G_TYPE_DOUBLE, fraction_done (training),
      "loss", G_TYPE_DOUBLE, (gdouble) s->epoch_loss, "dev-loss", G_TYPE_DOUBLE, (gdouble) s->dev_loss,
      "dev-metric", G_TYPE_DOUBLE, (gdouble) s->dev_metric, "best-metric", G_TYPE_DOUBLE, (gdouble) s->best_metric,
      "learning-rate", G_TYPE_DOUBLE, (gdouble) s->learning_rate,
      "gradient-norm", G_TYPE_DOUBLE, (gdouble) s->grad_norm, "infeasible", G_TYPE_UINT64, s->infeasible,
      "seconds", G_TYPE_DOUBLE, training->epoch_seconds,
      "frames-per-second", G_TYPE_DOUBLE, s->frames_per_second, "time-left", G_TYPE_DOUBLE, time_left (training),
      "dev-sets", GST_TYPE_STRUCTURE, devs, NULL);
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
    const RnnOutput *output = rnn_model_get_output (rnn_trainer_get_model (training->trainer));

    g_string_append_printf (text, "epoch %u/%d", s->epoch + 1, training->epochs);
    append (text, " ", "%3.0f", 100 * s->epoch_progress);
    append (text, " %  loss ", "%.3f", s->epoch_loss);
    if (!isnan (s->dev_metric))
      append_dev (text, s, output);
    append_devs (training, text, output);
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
append_value (GString *json, gdouble value)
{
  gchar digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (json, isfinite (value) ? g_ascii_formatd (digits, sizeof (digits), "%.6g", value) : "null");
}

static void
append_number (GString *json, const gchar *name, gdouble value)
{
  g_string_append_printf (json, ", \"%s\": ", name);
  append_value (json, value);
}

/* The metric of each; a pad's name needs few escapes. */
static void
append_dev_numbers (const GstRnnTraining *training, GString *json)
{
  gdouble loss, metric;
  const gchar *name;
  guint i;

  for (i = 0; (name = get_dev (training, i, &loss, &metric)); i++) {
    g_autofree gchar *quoted = g_strescape (name, NULL);

    g_string_append_printf (json, "%s\"%s\": ", i ? ", " : ", \"dev_sets\": {", quoted);
    append_value (json, metric);
  }
  if (i)
    g_string_append_c (json, '}');
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
  append_dev_numbers (training, json);
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
  if (s->invalid && !training->warned_number) {
    training->warned_number = TRUE;
    GST_ELEMENT_WARNING (training->owner, STREAM, FAILED, ("%" G_GUINT64_FORMAT " examples of an epoch are answered by what is no "
            "finite number: nothing is learnt from them", s->invalid), (NULL));
  }
  if (s->infeasible && gst_rnn_training_ended_epoch (training) && !training->warned_short) {
    training->warned_short = TRUE;
    GST_ELEMENT_WARNING (training->owner, STREAM, WRONG_TYPE, ("%" G_GUINT64_FORMAT " examples of an epoch are %s: nothing is "
            "learnt from them", s->infeasible, output->klass->unlearnt), (NULL));
  }
}

/* ---- files ---- */

/* Training goes on without a checkpoint; the next one may find room. */
static void
save_checkpoint (GstRnnTraining *training)
{
  g_autoptr (GError) error = NULL;
  gboolean written = rnn_keeper_save_checkpoint (training->keeper, training->trainer, &error);

  training->last_checkpoint = g_get_monotonic_time ();
  if (!written && !training->warned_checkpoint)
    GST_ELEMENT_WARNING (training->owner, RESOURCE, WRITE, ("no checkpoint, it will be tried again: %s", error->message),
        (NULL));
  training->warned_checkpoint = !written;
}

static gboolean
save_model (GstRnnTraining *training, GError **error)
{
  gchar *said = NULL;
  gboolean good = rnn_keeper_save_model (training->keeper, training->trainer, &said, error);

  if (said) {
    g_free (training->said);
    training->said = said;
  }
  return good;
}

/* What ended how, with what became of the model. */
static void
post_end (GstRnnTraining *training, GstProgressType type, const gchar *event)
{
  g_autofree gchar *text = g_strdup_printf (training->said ? "%s%s; " : "%s", event, training->said);

  post_progress (training, type, text);
}

/* ---- life ---- */

static void
warn_missing (GstRnnTraining *training, const GstRnnTrainingSetup *setup)
{
  guint64 missing = rnn_dataset_get_missing (setup->train) + (setup->dev.data ? rnn_dataset_get_missing (setup->dev.data) : 0);

  if (missing)
    GST_ELEMENT_WARNING (training->owner, STREAM, FAILED, ("%" G_GUINT64_FORMAT " values of the data are no finite numbers: the "
            "last one of their kind stands for each, and no target beside them counts", missing), (NULL));
}

static gboolean
add_devs (GstRnnTraining *training, const GstRnnTrainingDev *devs, GError **error)
{
  for (; devs->data; devs++)
    if (!rnn_trainer_add_dev (training->trainer, devs->name, devs->data, error))
      return FALSE;
  return TRUE;
}

GstRnnTraining *
gst_rnn_training_new (GstElement *owner, const GstRnnTrainingSetup *setup, GError **error)
{
  GstRnnTraining *training = g_new0 (GstRnnTraining, 1);
  gboolean resumed = FALSE;

  training->owner = owner;
  training->epochs = setup->config->epochs;
  training->dev_name = g_strdup (setup->dev.name ? setup->dev.name : "");
  training->checkpoint_interval = (gint64) setup->checkpoint_interval * G_USEC_PER_SEC;
  training->progress_interval = (gint64) setup->progress_interval * G_USEC_PER_SEC;
  training->stats.dev_metric = NAN;
  training->keeper = rnn_keeper_new (setup->location, setup->checkpoint, error);
  if (training->keeper)
    training->trainer = rnn_trainer_new (setup->model, setup->config, setup->train, setup->dev.data, error);
  if (!training->trainer || !add_devs (training, setup->others, error) ||
      (setup->resume && !rnn_keeper_resume (training->keeper, training->trainer, &resumed, error))) {
    gst_rnn_training_free (training);
    return NULL;
  }
  warn_missing (training, setup);
  training->started = training->epoch_started = training->last_checkpoint = g_get_monotonic_time ();
  training->done_before = -1;
  post_progress (training, GST_PROGRESS_TYPE_START, resumed ? "resumed from the checkpoint" : "started");
  return training;
}

void
gst_rnn_training_free (GstRnnTraining *training)
{
  g_clear_pointer (&training->trainer, rnn_trainer_free);
  rnn_keeper_free (training->keeper);
  g_free (training->said);
  g_free (training->dev_name);
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
  save_checkpoint (training);
  return save_model (training, error);
}

gboolean
gst_rnn_training_step (GstRnnTraining *training, GError **error)
{
  gint64 now;

  if (!rnn_trainer_step (training->trainer, &training->stats)) {
    if (!rnn_trainer_check (training->trainer, error)) {
      warn (training);
      gst_rnn_training_interrupt (training, NULL);
      return FALSE;
    }
    if (save_model (training, error))
      post_end (training, GST_PROGRESS_TYPE_COMPLETE, "done: ");
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
  if (now - training->last_checkpoint >= training->checkpoint_interval)
    save_checkpoint (training);
  return TRUE;
}

gboolean
gst_rnn_training_interrupt (GstRnnTraining *training, GError **error)
{
  gboolean good;

  save_checkpoint (training);
  good = save_model (training, error);
  post_end (training, GST_PROGRESS_TYPE_CANCELED, "interrupted: ");
  return good;
}
