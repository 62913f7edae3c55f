/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sample after the other by memcpy, which compilers make a load of: what follows the rest of a sample in a buffer begins anywhere. */
#include "gstrnnsamples.h"
#include <string.h>

void
gst_rnn_samples_read (GstAudioFormat format, gconstpointer data, gsize n, gfloat *samples)
{
  const guint8 *at = data;
  gint16 s16;
  gdouble f64;

  if (format == GST_AUDIO_FORMAT_F32)
    memcpy (samples, at, n * sizeof (gfloat));
  for (gsize i = 0; format == GST_AUDIO_FORMAT_S16 && i < n; i++) {
    memcpy (&s16, at + i * sizeof s16, sizeof s16);
    samples[i] = s16 / 32768.0f;
  }
  for (gsize i = 0; format == GST_AUDIO_FORMAT_F64 && i < n; i++) {
    memcpy (&f64, at + i * sizeof f64, sizeof f64);
    samples[i] = (gfloat) f64;
  }
}
