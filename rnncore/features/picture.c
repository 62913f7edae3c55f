/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture as a step. */
#include "picture.h"

void
rnn_picture_step (const guint8 *pixels, gsize stride, gint width, gint height, gfloat *out)
{
  gfloat *bits = out + (gsize) width * height;

  for (gint y = 0; y < height; y++, pixels += stride)
    for (gint x = 0; x < width; x++) {
      *out++ = pixels[x] / 128.0f - 1;
      *bits++ = (pixels[x] & 7) / 3.5f - 1;
    }
}
