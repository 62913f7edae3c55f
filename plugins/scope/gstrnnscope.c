/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnscope: GStreamer's base class cuts sound into frames and times them, RnnScope draws, cairo writes the words.
 *
 * A frame that comes too late is drawn all the same: the model has to hear all of the sound. */
#include "gstrnnscope.h"
#include <gst/audio/audio.h>
#include <gst/video/video.h>
#include <rnncore/rnn.h>
#include "gstrnnsamples.h"
#ifdef HAVE_CAIRO
#include <cairo.h>
#endif

GST_DEBUG_CATEGORY_STATIC (gst_rnn_scope_debug);
#define GST_CAT_DEFAULT gst_rnn_scope_debug

#define ROWS 3                  /* of words */

typedef struct {
  GstAudioVisualizer parent;
  gchar *model_file;            /* under the object lock */
  RnnModel *model;
  RnnScope *scope;              /* streaming thread */
  gfloat *samples;              /* [n_samples] */
  gsize n_samples;
} GstRnnScope;

typedef GstAudioVisualizerClass GstRnnScopeClass;

#define GST_RNN_SCOPE(obj) ((GstRnnScope *) (obj))

G_DEFINE_TYPE (GstRnnScope, gst_rnn_scope, GST_TYPE_AUDIO_VISUALIZER)
GST_ELEMENT_REGISTER_DEFINE (rnnscope, "rnnscope", GST_RANK_NONE, GST_TYPE_RNN_SCOPE);

enum { PROP_0, PROP_MODEL_FILE };

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (S16) " }, "
        "layout=(string)interleaved, rate=(int)[ 4000, 192000 ], channels=(int)1"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("BGRx")));
#else
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("xRGB")));
#endif

/* ---- the stream ---- */

static gboolean
gst_rnn_scope_setup (GstAudioVisualizer *visualizer)
{
  GstRnnScope *self = GST_RNN_SCOPE (visualizer);
  g_autoptr (GError) error = NULL;

  rnn_scope_free (self->scope);
  self->scope = rnn_scope_new (self->model, NULL, GST_AUDIO_INFO_RATE (&visualizer->ainfo), GST_VIDEO_INFO_WIDTH (&visualizer->vinfo),
      GST_VIDEO_INFO_HEIGHT (&visualizer->vinfo), &error);
  if (!self->scope)
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s; put audioconvert ! audioresample before rnnscope", error->message), (NULL));
  return self->scope != NULL;
}

static void
hear (GstRnnScope *self, const GstMapInfo *map)
{
  GstAudioVisualizer *visualizer = &self->parent;
  gsize n = map->size / (gsize) GST_AUDIO_INFO_BPF (&visualizer->ainfo);

  if (GST_AUDIO_INFO_FORMAT (&visualizer->ainfo) == GST_AUDIO_FORMAT_F32 && (gsize) map->data % sizeof (gfloat) == 0) {
    rnn_scope_push (self->scope, (const gfloat *) map->data, n);
    return;
  }
  if (n > self->n_samples) {
    self->samples = g_renew (gfloat, self->samples, n);
    self->n_samples = n;
  }
  gst_rnn_samples_read (GST_AUDIO_INFO_FORMAT (&visualizer->ainfo), map->data, n, self->samples);
  rnn_scope_push (self->scope, self->samples, n);
}

static void
write_words (GstRnnScope *self, GstVideoFrame *frame)
{
#ifdef HAVE_CAIRO
  cairo_surface_t *surface = cairo_image_surface_create_for_data (GST_VIDEO_FRAME_PLANE_DATA (frame, 0), CAIRO_FORMAT_RGB24,
      GST_VIDEO_FRAME_WIDTH (frame), GST_VIDEO_FRAME_HEIGHT (frame), GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0));
  cairo_t *cairo = cairo_create (surface);
  const RnnScopeWord *words;
  gint top, bottom;
  guint n;

  rnn_scope_get_words_area (self->scope, &top, &bottom);
  words = rnn_scope_get_words (self->scope, &n);
  cairo_select_font_face (cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cairo, MAX (6, .75 * (bottom - top) / ROWS));
  cairo_set_source_rgb (cairo, 1, 1, 1);
  for (guint i = 0; i < n; i++) {
    cairo_move_to (cairo, words[i].x, top + (bottom - top) * (words[i].number % ROWS + .8) / ROWS);
    cairo_show_text (cairo, words[i].text);
  }
  cairo_destroy (cairo);
  cairo_surface_destroy (surface);
#endif
}

static gboolean
gst_rnn_scope_render (GstAudioVisualizer *visualizer, GstBuffer *audio, GstVideoFrame *frame)
{
  GstRnnScope *self = GST_RNN_SCOPE (visualizer);
  GstMapInfo map;

  if (!gst_buffer_map (audio, &map, GST_MAP_READ))
    return FALSE;
  hear (self, &map);
  gst_buffer_unmap (audio, &map);
  rnn_scope_draw (self->scope, GST_VIDEO_FRAME_PLANE_DATA (frame, 0), (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0));
  write_words (self, frame);
  return TRUE;
}

/* ---- the element ---- */

static gboolean
load (GstRnnScope *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->model_file);
  GST_OBJECT_UNLOCK (self);
  if (!path || self->model || (self->model = rnn_model_load (path, &error)))
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
  return FALSE;
}

static GstStateChangeReturn
gst_rnn_scope_change_state (GstElement *element, GstStateChange transition)
{
  GstRnnScope *self = GST_RNN_SCOPE (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !load (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_rnn_scope_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    g_clear_pointer (&self->scope, rnn_scope_free);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    g_clear_pointer (&self->model, rnn_model_unref);
  return ret;
}

static GstPadProbeReturn
drop_qos (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_QOS ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static void
gst_rnn_scope_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnScope *self = GST_RNN_SCOPE (object);

  if (id != PROP_MODEL_FILE) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  g_free (self->model_file);
  self->model_file = g_value_dup_string (value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_scope_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnScope *self = GST_RNN_SCOPE (object);

  if (id != PROP_MODEL_FILE) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  g_value_set_string (value, self->model_file);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_scope_finalize (GObject *object)
{
  GstRnnScope *self = GST_RNN_SCOPE (object);

  g_free (self->model_file);
  g_free (self->samples);
  G_OBJECT_CLASS (gst_rnn_scope_parent_class)->finalize (object);
}

static void
gst_rnn_scope_init (GstRnnScope *self)
{
  GstPad *src = gst_element_get_static_pad (GST_ELEMENT (self), "src");

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, drop_qos, NULL, NULL);
  gst_object_unref (src);
  g_object_set (self, "shader", 0, NULL);       /* none: all of a frame is drawn */
}

static void
gst_rnn_scope_class_init (GstRnnScopeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_scope_debug, "rnnscope", 0, "picture of what is heard");
  object_class->set_property = gst_rnn_scope_set_property;
  object_class->get_property = gst_rnn_scope_get_property;
  object_class->finalize = gst_rnn_scope_finalize;
  element_class->change_state = gst_rnn_scope_change_state;
  klass->setup = gst_rnn_scope_setup;
  klass->render = gst_rnn_scope_render;
  g_object_class_install_property (object_class, PROP_MODEL_FILE, g_param_spec_string ("model-file", "Model file",
          "Model whose tokens and words are shown; none: there are only sound and bands", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "What a recurrent network hears", "Filter/Visualization",
      "Draws waveform, log-mel bands, probabilities of tokens and words as a picture that scrolls", "gst-rnn");
}
