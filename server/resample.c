/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer's resampler, without a pipeline. */
#include "resample.h"

void
resample_init (Resample *r, gint from, gint to)
{
  r->resampler = from == to ? NULL : gst_audio_resampler_new (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      GST_AUDIO_RESAMPLER_FLAG_NONE, GST_AUDIO_FORMAT_F32, 1, from, to, NULL);
  r->in = g_array_new (FALSE, FALSE, sizeof (gfloat));
  r->out = g_array_new (FALSE, FALSE, sizeof (gfloat));
  r->half = -1;
}

void
resample_clear (Resample *r)
{
  g_clear_pointer (&r->resampler, gst_audio_resampler_free);
  g_clear_pointer (&r->in, g_array_unref);
  g_clear_pointer (&r->out, g_array_unref);
}

static void
append (GArray *to, guint8 low, guint8 high)
{
  gfloat sample = (gint16) (low | high << 8) / 32768.f;

  g_array_append_val (to, sample);
}

/* @in: NULL: silence */
static void
convert (Resample *r, gfloat *in, gsize n)
{
  gsize due = gst_audio_resampler_get_out_frames (r->resampler, n);
  gpointer from[1] = { in }, to[1];

  g_array_set_size (r->out, due);
  to[0] = r->out->data;
  gst_audio_resampler_resample (r->resampler, in ? from : NULL, n, to, due);
}

void
resample_push (Resample *r, const guint8 *bytes, gsize n)
{
  GArray *to = r->resampler ? r->in : r->out;
  gsize i = 0;

  g_array_set_size (to, 0);
  if (r->half >= 0 && n > 0) {
    append (to, (guint8) r->half, bytes[i++]);
    r->half = -1;
  }
  for (; i + 1 < n; i += 2)
    append (to, bytes[i], bytes[i + 1]);
  if (i < n)
    r->half = bytes[i];
  if (r->resampler)
    convert (r, (gfloat *) to->data, to->len);
}

void
resample_finish (Resample *r)
{
  g_array_set_size (r->out, 0);
  if (r->resampler)
    convert (r, NULL, gst_audio_resampler_get_max_latency (r->resampler));
}
