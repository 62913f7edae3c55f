/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer with a forecaster's recipe: what comes in at `sink` is all there is, its own future is what is learnt. */
#include "gstrnntrainer-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A series has no labels: the pad is not there while such a recipe is. */
void
gst_rnn_trainer_hide_label (GstRnnTrainer *self, gboolean hide)
{
  GstAggregatorPad *pad = self->train.label;

  if (hide && pad) {
    g_mutex_lock (&self->wake_lock);
    self->train.label = NULL;
    g_mutex_unlock (&self->wake_lock);
    gst_element_remove_pad (GST_ELEMENT (self), GST_PAD (pad));
  } else if (!hide && !pad) {
    gst_rnn_trainer_add_label (self);
  }
}

/* ---- reports ---- */

static gboolean
must_end (GstRnnTrainer *self)
{
  return g_atomic_int_get (&self->stopping) || g_atomic_int_get (&self->flushing) > 0;
}

static void
post_epoch (GstRnnTrainer *self, guint member, const RnnTrainStats *s)
{
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("rnntrainer", "type", G_TYPE_STRING, "epoch", "member", G_TYPE_UINT, member,
              "epoch", G_TYPE_UINT, s->epoch + 1, "update", G_TYPE_UINT64, s->update, "loss", G_TYPE_DOUBLE,
              (gdouble) s->epoch_loss, "dev-loss", G_TYPE_DOUBLE, (gdouble) s->dev_loss, "dev-metric", G_TYPE_DOUBLE,
              (gdouble) s->dev_metric, "learning-rate", G_TYPE_DOUBLE, (gdouble) s->learning_rate, NULL)));
}

static void
push_line (GstRnnTrainer *self, json_t *object)
{
  gchar *text = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (7));
  g_autofree gchar *line = g_strconcat (text, "\n", NULL);

  gst_aggregator_finish_buffer (GST_AGGREGATOR (self), gst_buffer_new_memdup (line, strlen (line)));
  free (text);
  json_decref (object);
}

static gboolean
after_minibatch (guint member, const RnnTrainStats *stats, gpointer data)
{
  GstRnnTrainer *self = data;

  if (stats->epoch_progress >= 1 || stats->done) {
    post_epoch (self, member, stats);
    push_line (self, json_pack ("{sisisfsf}", "member", member, "epoch", stats->epoch + 1, "loss", stats->epoch_loss,
            "dev_loss", isnan (stats->dev_loss) ? 0 : stats->dev_loss));
  }
  gst_rnn_trainer_wait_until_playing (self);
  return !must_end (self);
}

/* ---- the task ---- */

/* @location may be NULL: then it is told of, and gone. */
static gboolean
train_and_save (GstRnnTrainer *self, GError **error)
{
  g_autofree gchar *location = NULL, *config = NULL;
  g_autoptr (RnnModel) model = NULL;
  guint n_threads;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  config = g_strdup (self->config);
  n_threads = self->n_threads;
  GST_OBJECT_UNLOCK (self);
  model = gst_rnn_forecasting_train (self->forecasting, config, n_threads, after_minibatch, self, error);
  if (!model || g_atomic_int_get (&self->flushing) > 0)
    return model != NULL;
  return !location || rnn_model_save (model, location, error);
}

static GstFlowReturn
fail (GstRnnTrainer *self, const GError *error)
{
  self->refused = TRUE;
  GST_ELEMENT_ERROR (self, LIBRARY, FAILED, ("%s", error->message), (NULL));
  return GST_FLOW_ERROR;
}

static GstFlowReturn
train (GstRnnTrainer *self)
{
  g_autoptr (GError) error = NULL;
  guint64 rows;

  gst_rnn_forecasting_finish (self->forecasting);
  rows = gst_rnn_forecasting_count (self->forecasting);
  GST_OBJECT_LOCK (self);
  self->train.n_examples = self->forecasting->series->len;
  self->train.n_frames = rows;
  GST_OBJECT_UNLOCK (self);
  push_line (self, json_pack ("{sisI}", "series", self->forecasting->series->len, "rows", (json_int_t) rows));
  gst_rnn_trainer_wait_until_playing (self);
  if (must_end (self) && !g_atomic_int_get (&self->stopping))
    return GST_AGGREGATOR_FLOW_NEED_DATA;
  if (!train_and_save (self, &error))
    return fail (self, error);
  return g_atomic_int_get (&self->flushing) > 0 ? GST_AGGREGATOR_FLOW_NEED_DATA : gst_rnn_trainer_end_stream (self);
}

GstFlowReturn
gst_rnn_trainer_collect_series (GstRnnTrainer *self)
{
  GstAggregatorPad *pad = self->train.data;
  g_autoptr (GError) error = NULL;
  GstBuffer *buffer;

  if (g_atomic_int_compare_and_exchange (&self->flushed, TRUE, FALSE))
    gst_rnn_forecasting_forget (self->forecasting);
  while (!error && (buffer = gst_aggregator_pad_pop_buffer (pad))) {
    gst_rnn_forecasting_take (self->forecasting, buffer, &error);
    gst_buffer_unref (buffer);
  }
  if (error)
    return fail (self, error);
  if (gst_aggregator_pad_is_eos (pad) || g_atomic_int_get (&self->stopping))
    return train (self);
  return GST_AGGREGATOR_FLOW_NEED_DATA;
}

/* CAPS, SEGMENT and TAG of the series; FALSE: it does not take them. */
gboolean
gst_rnn_trainer_series_event (GstRnnTrainer *self, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  const GstSegment *segment;
  GstTagList *tags;
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
    gst_event_parse_tag (event, &tags);
    gst_rnn_forecasting_take_tags (self->forecasting, tags);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
    gst_event_parse_segment (event, &segment);
    gst_rnn_forecasting_finish (self->forecasting);
    if (segment->format != GST_FORMAT_TIME || segment->rate < 0)
      g_set_error (&error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s needs a TIME segment that plays forward", GST_OBJECT_NAME (self));
  } else {
    gst_event_parse_caps (event, &caps);
    gst_rnn_forecasting_set_caps (self->forecasting, caps, &error);
  }
  if (!error)
    return TRUE;
  self->refused = TRUE;
  GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
  return FALSE;
}
