/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnvideo: a picture in, a step for rnninfer out (rnncore/features/picture.h), with the time of its frame.  How small a model wants its
 * pictures is said by caps: `videoscale ! video/x-raw,format=GRAY8,width=16,height=12 ! rnnvideo`. */
#include "gstrnnvideo.h"
#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>
#include <rnncore/features/picture.h>
#include "gstrnncaps.h"

typedef struct {
  GstBaseTransform parent;
  GstVideoInfo info;
} GstRnnVideo;

typedef GstBaseTransformClass GstRnnVideoClass;

#define GST_RNN_VIDEO(obj) ((GstRnnVideo *) (obj))

G_DEFINE_TYPE (GstRnnVideo, gst_rnn_video, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (rnnvideo, "rnnvideo", GST_RANK_NONE, gst_rnn_video_get_type ());

#define SINK_CAPS "video/x-raw, format=(string)GRAY8, width=(int)[ 1, 512 ], height=(int)[ 1, 512 ], " \
    "framerate=(fraction)[ 0, 2147483647 ]"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (SINK_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_TENSORS_CAPS));

static gint
count_numbers (const GstVideoInfo *info)
{
  return RNN_PICTURE_PARTS * GST_VIDEO_INFO_WIDTH (info) * GST_VIDEO_INFO_HEIGHT (info);
}

static GstCaps *
tensors_of (const GstVideoInfo *info)
{
  GstRnnTensors tensors = { 0, };

  tensors.n = count_numbers (info);
  tensors.fps_n = GST_VIDEO_INFO_FPS_N (info);
  tensors.fps_d = GST_VIDEO_INFO_FPS_D (info);
  return gst_rnn_tensors_to_caps (&tensors, "features", NULL);
}

/* Of fixed caps the tensors that come of them; else whatever is possible on the other side. */
static GstCaps *
transform_caps (GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstCaps *possible, *out;
  GstVideoInfo info;

  if (direction == GST_PAD_SINK && gst_caps_is_fixed (caps) && gst_video_info_from_caps (&info, caps))
    possible = tensors_of (&info);
  else
    possible = gst_static_pad_template_get_caps (direction == GST_PAD_SINK ? &src_template : &sink_template);
  if (!filter)
    return possible;
  out = gst_caps_intersect_full (filter, possible, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (possible);
  return out;
}

static gboolean
set_caps (GstBaseTransform *base, GstCaps *in, GstCaps *out)
{
  return gst_video_info_from_caps (&GST_RNN_VIDEO (base)->info, in);
}

static gboolean
transform_size (GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, gsize size, GstCaps *other, gsize *other_size)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, direction == GST_PAD_SINK ? caps : other))
    return FALSE;
  *other_size = direction == GST_PAD_SINK ? count_numbers (&info) * sizeof (gfloat) : GST_VIDEO_INFO_SIZE (&info);
  return TRUE;
}

static gboolean
get_unit_size (GstBaseTransform *base, GstCaps *caps, gsize *size)
{
  GstRnnVideo *self = GST_RNN_VIDEO (base);
  GstVideoInfo info;

  *size = gst_video_info_from_caps (&info, caps) ? GST_VIDEO_INFO_SIZE (&info) : count_numbers (&self->info) * sizeof (gfloat);
  return TRUE;
}

static GstFlowReturn
transform (GstBaseTransform *base, GstBuffer *in, GstBuffer *out)
{
  GstRnnVideo *self = GST_RNN_VIDEO (base);
  GstVideoFrame frame;
  GstMapInfo map;

  if (!gst_video_frame_map (&frame, &self->info, in, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (!gst_buffer_map (out, &map, GST_MAP_WRITE)) {
    gst_video_frame_unmap (&frame);
    return GST_FLOW_ERROR;
  }
  rnn_picture_step (GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
      GST_VIDEO_INFO_WIDTH (&self->info), GST_VIDEO_INFO_HEIGHT (&self->info), (gfloat *) map.data);
  gst_buffer_unmap (out, &map);
  gst_video_frame_unmap (&frame);
  return GST_FLOW_OK;
}

static void
gst_rnn_video_class_init (GstRnnVideoClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  klass->transform_caps = transform_caps;
  klass->set_caps = set_caps;
  klass->transform_size = transform_size;
  klass->get_unit_size = get_unit_size;
  klass->transform = transform;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Pictures as steps", "Converter/Video",
      "Turns small gray pictures into the steps of a recurrent network", "gst-rnn");
}

static void
gst_rnn_video_init (GstRnnVideo *self)
{
}
