/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: frames out, from a pool; several that are ready together go as one list. */
#include "gstrnnstage.h"

void
gst_rnn_stage_drop_pool (GstRnnStage *stage)
{
  if (stage->pool)
    gst_buffer_pool_set_active (stage->pool, FALSE);
  gst_clear_object (&stage->pool);
}

static gboolean
make_pool (GstRnnStage *stage, GstCaps *caps, gsize size)
{
  GstStructure *config;

  gst_rnn_stage_drop_pool (stage);
  stage->frame_size = size;
  stage->pool = gst_buffer_pool_new ();
  config = gst_buffer_pool_get_config (stage->pool);
  gst_buffer_pool_config_set_params (config, caps, size, 0, 0);
  return gst_buffer_pool_set_config (stage->pool, config) && gst_buffer_pool_set_active (stage->pool, TRUE);
}

gboolean
gst_rnn_stage_set_output (GstRnnStage *stage, GstCaps *caps, gint n)
{
  if (!make_pool (stage, caps, n * sizeof (gfloat)))
    return FALSE;
  return gst_pad_push_event (stage->srcpad, gst_event_new_caps (caps));
}

static GstFlowReturn
make_frame (GstRnnStage *stage, const gfloat *data, const GstClockTime *times, GstBuffer **frame)
{
  GstFlowReturn ret = gst_buffer_pool_acquire_buffer (stage->pool, frame, NULL);

  if (ret != GST_FLOW_OK)
    return ret;
  gst_buffer_fill (*frame, 0, data, stage->frame_size);
  GST_BUFFER_PTS (*frame) = times[0];
  GST_BUFFER_DURATION (*frame) = times[1];
  if (stage->discont)
    GST_BUFFER_FLAG_SET (*frame, GST_BUFFER_FLAG_DISCONT);
  stage->discont = FALSE;
  return GST_FLOW_OK;
}

GstFlowReturn
gst_rnn_stage_push_frames (GstRnnStage *stage, guint n_frames, const gfloat *data, const GstClockTime (*times)[2])
{
  gsize n = stage->frame_size / sizeof (gfloat);
  g_autoptr (GstBufferList) list = n_frames > 1 ? gst_buffer_list_new_sized (n_frames) : NULL;
  GstBuffer *frame = NULL;
  guint i;

  for (i = 0; i < n_frames; i++) {
    GstFlowReturn ret = make_frame (stage, data + i * n, times[i], &frame);

    if (ret != GST_FLOW_OK)
      return ret;
    if (list)
      gst_buffer_list_add (list, frame);
  }
  GST_OBJECT_LOCK (stage);
  stage->n_steps += n_frames;
  GST_OBJECT_UNLOCK (stage);
  if (list)
    return gst_pad_push_list (stage->srcpad, g_steal_pointer (&list));
  return n_frames ? gst_pad_push (stage->srcpad, frame) : GST_FLOW_OK;
}
