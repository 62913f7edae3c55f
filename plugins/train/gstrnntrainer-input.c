/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: its pads, and the buffers and events that come in at them. */
#include "gstrnntrainer-private.h"
#include "gstrnncaps.h"
#include <string.h>

#define DATA_CAPS "audio/x-raw, format = (string) { S16LE, F32LE, F64LE }, layout = (string) interleaved, " \
    "rate = (int) [ 1, MAX ], channels = (int) [ 1, MAX ]; " GST_RNN_TENSORS_CAPS
#define LABEL_CAPS GST_RNN_SUBTITLE_CAPS "; " GST_RNN_TENSORS_CAPS

static GstAggregatorClass *parent_class;

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (DATA_CAPS));
static GstStaticPadTemplate label_template = GST_STATIC_PAD_TEMPLATE ("label", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (LABEL_CAPS));
static GstStaticPadTemplate dev_sink_template = GST_STATIC_PAD_TEMPLATE ("dev_sink", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (DATA_CAPS));
static GstStaticPadTemplate dev_label_template = GST_STATIC_PAD_TEMPLATE ("dev_label", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (LABEL_CAPS));
static GstStaticPadTemplate other_sink_template = GST_STATIC_PAD_TEMPLATE ("dev_sink_%s", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (DATA_CAPS));
static GstStaticPadTemplate other_label_template = GST_STATIC_PAD_TEMPLATE ("dev_label_%s", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS (LABEL_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json"));

static void
forget_flushed (GstRnnTrainer *self)
{
  if (g_atomic_int_compare_and_exchange (&self->flushed, TRUE, FALSE)) {
    gst_rnn_examples_flush (&self->train);
    g_mutex_lock (&self->lock);
    gst_rnn_trainer_foreach_dev (self, gst_rnn_examples_flush);
    g_mutex_unlock (&self->lock);
  }
}

static gboolean
is_eos (GstElement *element, GstPad *pad, gpointer data)
{
  return gst_aggregator_pad_is_eos (GST_AGGREGATOR_PAD (pad));
}

/* The dev pads may come and go meanwhile; what one of them gets without the other is of no use. */
static gboolean
advance_dev (GstRnnExamples *dev)
{
  if (dev->data && dev->label)
    return gst_rnn_examples_advance (dev);
  if (dev->data || dev->label)
    gst_aggregator_pad_drop_buffer (dev->data ? dev->data : dev->label);
  return TRUE;
}

static gboolean
advance_devs (GstRnnTrainer *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->devs->len; i++)
    if (!advance_dev (&GST_RNN_TRAINER_DEV (self, i)->examples))
      return FALSE;
  return TRUE;
}

static void
finish_devs (GstRnnTrainer *self)
{
  g_mutex_lock (&self->lock);
  gst_rnn_trainer_foreach_dev (self, gst_rnn_examples_finish);
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
refuse_without_caps (GstRnnTrainer *self)
{
  self->refused = TRUE;
  GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("%s: data came without caps", GST_OBJECT_NAME (self)), (NULL));
  return GST_FLOW_NOT_NEGOTIATED;
}

static GstFlowReturn
collect (GstRnnTrainer *self)
{
  gst_rnn_trainer_preroll (self);
  if (self->refused)
    return GST_FLOW_NOT_NEGOTIATED;
  if (g_atomic_int_get (&self->flushing) > 0) {
    g_usleep (1000);
    return GST_AGGREGATOR_FLOW_NEED_DATA;
  }
  if (self->forecasting)
    return gst_rnn_trainer_collect_series (self);
  forget_flushed (self);
  if (!gst_rnn_examples_advance (&self->train) || !advance_devs (self))
    return refuse_without_caps (self);
  if (!gst_element_foreach_sink_pad (GST_ELEMENT (self), is_eos, NULL))
    return g_atomic_int_get (&self->stopping) ? gst_rnn_trainer_end_stream (self) : GST_AGGREGATOR_FLOW_NEED_DATA;
  gst_rnn_examples_finish (&self->train);
  finish_devs (self);
  return gst_rnn_trainer_train (self);
}

static GstFlowReturn
aggregate (GstAggregator *aggregator, gboolean timeout)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  GstFlowReturn ret = collect (self);

  gst_rnn_trainer_make_room (self, ret != GST_AGGREGATOR_FLOW_NEED_DATA);
  return ret;
}

static gboolean
set_caps (GstRnnTrainer *self, GstAggregatorPad *pad, const GstCaps *caps)
{
  GstRnnExamples *examples = gst_rnn_trainer_find (self, pad);
  g_autoptr (GError) error = NULL;

  if (!examples)
    return TRUE;
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
  GstRnnExamples *examples = gst_rnn_trainer_find (self, pad);

  if (segment->format != GST_FORMAT_TIME || segment->rate < 0) {
    self->refused = TRUE;
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s needs a TIME segment that plays forward", GST_OBJECT_NAME (self)),
        (NULL));
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  if (examples && pad == examples->data)
    gst_rnn_examples_begin_segment (examples);
  g_mutex_unlock (&self->lock);
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
  } else if (self->forecasting && (type == GST_EVENT_CAPS || type == GST_EVENT_SEGMENT || type == GST_EVENT_TAG)) {
    ok = gst_rnn_trainer_series_event (self, event);
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
  ok = parent_class->sink_event (aggregator, pad, event);
  if (type == GST_EVENT_FLUSH_STOP && g_atomic_int_get (&self->flushing) > 0)
    g_atomic_int_add (&self->flushing, -1);
  return ok;
}

static gboolean
sink_query (GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  GstRnnExamples *examples = gst_rnn_trainer_find (self, pad);
  g_autoptr (GstCaps) caps = NULL;
  GstCaps *filter;

  if (GST_QUERY_TYPE (query) != GST_QUERY_CAPS || !examples || !examples->model)
    return parent_class->sink_query (aggregator, pad, query);
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
new_pad (GstStaticPadTemplate *template, const gchar *name)
{
  g_autoptr (GstPadTemplate) pad_template = gst_static_pad_template_get (template);
  GstAggregatorPad *pad = g_object_new (GST_TYPE_AGGREGATOR_PAD, "name", name,
      "direction", GST_PAD_SINK, "template", pad_template, NULL);

  GST_PAD_SET_ACCEPT_TEMPLATE (pad);
  gst_rnn_trainer_hold_back (pad);
  return pad;
}

/* Only the dev pads come on request, each once; their templates' names begin with these. */
static GstAggregatorPad *
create_new_pad (GstAggregator *aggregator, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (aggregator);
  const gchar *pattern = GST_PAD_TEMPLATE_NAME_TEMPLATE (template);
  gboolean label = g_str_has_prefix (pattern, "dev_label"), named = strchr (pattern, '%') != NULL;
  GstRnnTrainerSet *set;
  GstAggregatorPad **slot;

  if (named && (!name || !*(name += strlen (label ? "dev_label_" : "dev_sink_"))))
    return NULL;
  g_mutex_lock (&self->lock);
  g_mutex_lock (&self->wake_lock);
  set = gst_rnn_trainer_need_set (self, named ? name : "");
  slot = label ? &set->examples.label : &set->examples.data;
  if (!*slot) {
    g_autofree gchar *full = g_strdup_printf (named ? "%s_%s" : "%s", label ? "dev_label" : "dev_sink", name);

    *slot = new_pad (label ? &dev_label_template : &dev_sink_template, full);
  } else {
    slot = NULL;
  }
  g_mutex_unlock (&self->wake_lock);
  g_mutex_unlock (&self->lock);
  return slot ? *slot : NULL;
}

static void
release_pad (GstElement *element, GstPad *pad)
{
  GstRnnTrainer *self = GST_RNN_TRAINER (element);
  GstRnnExamples *dev;

  g_mutex_lock (&self->lock);
  g_mutex_lock (&self->wake_lock);
  dev = gst_rnn_trainer_find_locked (self, pad);
  if (dev) {
    gst_rnn_examples_flush (dev);
    *(GST_AGGREGATOR_PAD (pad) == dev->label ? &dev->label : &dev->data) = NULL;
  }
  g_mutex_unlock (&self->wake_lock);
  g_mutex_unlock (&self->lock);
  gst_rnn_trainer_make_room (self, FALSE);
  GST_ELEMENT_CLASS (parent_class)->release_pad (element, pad);
}

void
gst_rnn_trainer_add_label (GstRnnTrainer *self)
{
  GstAggregatorPad *pad = new_pad (&label_template, "label");

  g_mutex_lock (&self->wake_lock);
  self->train.label = pad;
  g_mutex_unlock (&self->wake_lock);
  gst_element_add_pad (GST_ELEMENT (self), GST_PAD (pad));
}

void
gst_rnn_trainer_add_pads (GstRnnTrainer *self)
{
  self->train.data = new_pad (&sink_template, "sink");
  gst_element_add_pad (GST_ELEMENT (self), GST_PAD (self->train.data));
  gst_rnn_trainer_add_label (self);
}

void
gst_rnn_trainer_init_input (GstAggregatorClass *aggregator_class)
{
  GstElementClass *klass = GST_ELEMENT_CLASS (aggregator_class);

  parent_class = GST_AGGREGATOR_CLASS (g_type_class_peek_parent (aggregator_class));
  klass->release_pad = release_pad;
  aggregator_class->aggregate = aggregate;
  aggregator_class->sink_event = sink_event;
  aggregator_class->sink_query = sink_query;
  gst_rnn_trainer_init_intake_class (aggregator_class);
  aggregator_class->create_new_pad = create_new_pad;
  gst_element_class_add_static_pad_template_with_gtype (klass, &sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &label_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &dev_sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &dev_label_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &other_sink_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &other_label_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &src_template, GST_TYPE_AGGREGATOR_PAD);
}
