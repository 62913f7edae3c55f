/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: its model.
 *
 * While a stream runs, another thread loads a new model and asks all stages downstream; it waits in stage->next.  The
 * first stage that has one when an endpoint passes takes it, and sends it on in a serialized event `rnn-model`, so that
 * all change at the same step.  One property set on the first element of a chain is thus enough. */
#include "gstrnnstage.h"

GType
gst_rnn_model_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type)) {
    g_once_init_leave (&type, g_boxed_type_register_static ("RnnModel", (GBoxedCopyFunc) rnn_model_ref,
            (GBoxedFreeFunc) rnn_model_unref));
  }
  return type;
}

static gchar *
dup_model_file (GstRnnStage *stage)
{
  gchar *path;

  GST_OBJECT_LOCK (stage);
  path = g_strdup (stage->model_file);
  GST_OBJECT_UNLOCK (stage);
  return path;
}

static RnnModel *
steal_next (GstRnnStage *stage)
{
  RnnModel *next;

  GST_OBJECT_LOCK (stage);
  next = g_steal_pointer (&stage->next);
  GST_OBJECT_UNLOCK (stage);
  return next;
}

/* @model: transfer full */
static void
use_model (GstRnnStage *stage, RnnModel *model)
{
  RnnModel *old;

  GST_OBJECT_LOCK (stage);
  old = stage->model;
  stage->model = model;
  GST_OBJECT_UNLOCK (stage);
  g_clear_pointer (&old, rnn_model_unref);
}

static void
drop_next (GstRnnStage *stage)
{
  RnnModel *next = steal_next (stage);

  g_clear_pointer (&next, rnn_model_unref);
}

void
gst_rnn_stage_drop_model (GstRnnStage *stage)
{
  drop_next (stage);
  use_model (stage, NULL);
}

/* Where the model @name of this project is: beside the plugin's build folder, or in share/ of the prefix that it is installed
 * in. (transfer full), NULL: nowhere */
static gchar *
find_own_model (GstRnnStage *stage, const gchar *name)
{
  static const gchar *const places[] = { "../../models", "../../../share/gst-rnn/models", "../../share/gst-rnn/models" };
  g_autoptr (GstPlugin) plugin = gst_plugin_feature_get_plugin (GST_PLUGIN_FEATURE (gst_element_get_factory (GST_ELEMENT (stage))));
  const gchar *file = plugin ? gst_plugin_get_filename (plugin) : NULL;
  g_autofree gchar *folder = file ? g_path_get_dirname (file) : NULL, *base = g_strconcat (name, ".safetensors", NULL);

  for (guint i = 0; folder && i < G_N_ELEMENTS (places); i++) {
    g_autofree gchar *path = g_build_filename (folder, places[i], base, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_canonicalize_filename (path, NULL);
  }
  return NULL;
}

gboolean
gst_rnn_stage_load_model (GstRnnStage *stage)
{
  const gchar *own = GST_RNN_STAGE_GET_CLASS (stage)->default_model;
  g_autofree gchar *path = dup_model_file (stage);
  g_autoptr (GError) error = NULL;
  RnnModel *model;

  drop_next (stage);
  if (!path && own)
    path = find_own_model (stage, own);
  if (!path && GST_RNN_STAGE_GET_CLASS (stage)->works_without_model) {
    use_model (stage, NULL);
    return TRUE;
  }
  if (!path) {
    GST_ELEMENT_ERROR (stage, RESOURCE, NOT_FOUND, ("No model: set the property model-file."), (NULL));
    return FALSE;
  }
  if (stage->model && g_str_equal (rnn_model_get_path (stage->model), path))
    return TRUE;
  model = rnn_model_load_shared (path, &error);
  if (!model) {
    GST_ELEMENT_ERROR (stage, RESOURCE, NOT_FOUND, ("Cannot load the model: %s", error->message), (NULL));
    return FALSE;
  }
  use_model (stage, model);
  return TRUE;
}

gboolean
gst_rnn_stage_prepare_model (GstRnnStage *stage)
{
  g_autoptr (GError) error = NULL;

  if (!GST_RNN_STAGE_GET_CLASS (stage)->set_model (stage, stage->model, &error)) {
    GST_ELEMENT_ERROR (stage, LIBRARY, SETTINGS, ("%s: %s",
            stage->model ? rnn_model_get_path (stage->model) : GST_OBJECT_NAME (stage), error->message), (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (stage);
  stage->active = TRUE;
  GST_OBJECT_UNLOCK (stage);
  return TRUE;
}

static void
warn_kept (GstRnnStage *stage, RnnModel *model, const GError *why)
{
  GST_ELEMENT_WARNING (stage, LIBRARY, SETTINGS, ("Cannot swap to the model %s: %s; the one in use stays",
          rnn_model_get_path (model), why->message), (NULL));
}

/* Of this stage and of those downstream, in any thread: a model that one of them refuses must not be swapped in by
 * another. */
static gboolean
all_can_use (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstQuery *query;

  if (klass->check_model && !klass->check_model (model, error))
    return FALSE;
  query = gst_query_new_custom (GST_QUERY_CUSTOM, gst_structure_new ("rnn-model",
          "model", GST_TYPE_RNN_MODEL, model, NULL));
  gst_pad_peer_query (stage->srcpad, query);    /* who knows no models does not mind */
  gst_structure_get (gst_query_get_structure (query), "refusal", G_TYPE_ERROR, error, NULL);
  gst_query_unref (query);
  return *error == NULL;
}

static gboolean
answer_model (GstRnnStage *stage, GstQuery *query)
{
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GError) error = NULL;

  gst_structure_get (gst_query_get_structure (query), "model", GST_TYPE_RNN_MODEL, &model, NULL);
  if (!all_can_use (stage, model, &error))
    gst_structure_set (gst_query_writable_structure (query), "refusal", G_TYPE_ERROR, error, NULL);
  return TRUE;
}

gboolean
gst_rnn_stage_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM
      && gst_structure_has_name (gst_query_get_structure (query), "rnn-model"))
    return answer_model (GST_RNN_STAGE (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

/* @model: transfer full; to be swapped in, unless something else than @path has been set since then */
static void
set_next (GstRnnStage *stage, RnnModel *model, const gchar *path)
{
  GST_OBJECT_LOCK (stage);
  if (stage->active && g_strcmp0 (stage->model_file, path) == 0) {
    RnnModel *old = stage->next;

    stage->next = model;
    model = old;
  }
  GST_OBJECT_UNLOCK (stage);
  g_clear_pointer (&model, rnn_model_unref);
}

static void
load_aside (GstElement *element, gpointer data)
{
  GstRnnStage *stage = GST_RNN_STAGE (element);
  g_autofree gchar *path = dup_model_file (stage);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = path ? rnn_model_load_shared (path, &error) : NULL;

  if (!model)
    GST_ELEMENT_WARNING (stage, RESOURCE, NOT_FOUND, ("Cannot load the model: %s; the one in use stays",
            error ? error->message : "no model-file"), (NULL));
  else if (!all_can_use (stage, model, &error))
    warn_kept (stage, model, error);
  else
    set_next (stage, g_steal_pointer (&model), path);
}

void
gst_rnn_stage_set_model_file (GstRnnStage *stage, const gchar *path)
{
  gboolean active;

  GST_OBJECT_LOCK (stage);
  g_free (stage->model_file);
  stage->model_file = g_strdup (path);
  active = stage->active;
  GST_OBJECT_UNLOCK (stage);
  if (active)
    gst_element_call_async (GST_ELEMENT (stage), load_aside, NULL, NULL);
}

static void
announce_swap (GstRnnStage *stage, RnnModel *model)
{
  gchar *name = gst_object_get_name (GST_OBJECT (gst_element_get_factory (GST_ELEMENT (stage))));

  gst_element_post_message (GST_ELEMENT (stage), gst_message_new_element (GST_OBJECT (stage),
          gst_structure_new (name, "type", G_TYPE_STRING, "model-swapped",
              "model-file", G_TYPE_STRING, rnn_model_get_path (model),
              "timestamp", G_TYPE_UINT64, gst_rnn_timeline_started (&stage->timeline) ?
              gst_rnn_timeline_next (&stage->timeline) : GST_CLOCK_TIME_NONE, NULL)));
  g_free (name);
}

/* With the same input caps; where they do not fit the new model, others follow. */
static void
renegotiate (GstRnnStage *stage)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (stage->sinkpad);
  GstRnnTimeline timeline = stage->timeline;

  stage->negotiated = caps && GST_RNN_STAGE_GET_CLASS (stage)->set_caps (stage, caps, NULL);
  if (stage->negotiated && gst_rnn_timeline_started (&timeline))
    gst_rnn_timeline_start (&stage->timeline, gst_rnn_timeline_next (&timeline));
}

/* Tells the stages downstream, before the caps that come of it.  What meets a flush is said again after it. */
static gboolean
tell (GstRnnStage *stage)
{
  gboolean told = GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new ("rnn-model", "model", GST_TYPE_RNN_MODEL, stage->model, NULL)));

  stage->untold = !told && GST_PAD_IS_FLUSHING (stage->srcpad);
  if (!stage->untold)
    renegotiate (stage);
  return told;
}

void
gst_rnn_stage_tell_if_due (GstRnnStage *stage)
{
  if (stage->untold)
    tell (stage);
}

/* @any_size: the input will change with the model */
static gboolean
swap (GstRnnStage *stage, RnnModel *model, gboolean any_size)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  gboolean negotiated = stage->negotiated;
  g_autoptr (GError) error = NULL;

  klass->drain (stage);
  stage->negotiated = negotiated && !any_size;
  if (!klass->set_model (stage, model, &error)) {
    warn_kept (stage, model, error);
    stage->negotiated = negotiated;
    return FALSE;
  }
  use_model (stage, rnn_model_ref (model));
  GST_OBJECT_LOCK (stage);
  g_free (stage->model_file);
  stage->model_file = g_strdup (rnn_model_get_path (model));
  stage->n_swaps++;
  GST_OBJECT_UNLOCK (stage);
  announce_swap (stage, model);
  return tell (stage);
}

void
gst_rnn_stage_swap_if_due (GstRnnStage *stage)
{
  gboolean endpoint = g_atomic_int_exchange (&stage->endpoint_seen, FALSE);
  g_autoptr (RnnModel) model = NULL;

  if (!endpoint && gst_rnn_timeline_started (&stage->timeline))
    return;
  model = steal_next (stage);
  if (model && model != stage->model)
    swap (stage, model, FALSE);
}

gboolean
gst_rnn_stage_take_model_event (GstRnnStage *stage, GstEvent *event)
{
  g_autoptr (RnnModel) model = NULL, next = steal_next (stage);

  gst_structure_get (gst_event_get_structure (event), "model", GST_TYPE_RNN_MODEL, &model, NULL);
  if (!model || model == stage->model)
    return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, event);
  gst_event_unref (event);
  return swap (stage, model, TRUE);
}
