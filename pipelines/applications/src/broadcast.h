/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broadcast with faults, put together of clips as decoders gave them. */
#pragma once
#include "fit.h"

G_BEGIN_DECLS

#define BROADCAST_WIDTH 16
#define BROADCAST_HEIGHT 12
#define BROADCAST_PIXELS (BROADCAST_WIDTH * BROADCAST_HEIGHT)
#define BROADCAST_SIZE (2 * BROADCAST_PIXELS)   /* numbers of a step */

typedef enum { BROADCAST_PICTURE, BROADCAST_BLACK, BROADCAST_FROZEN, BROADCAST_BARS, BROADCAST_NOISE, BROADCAST_SCROLLING,
  BROADCAST_CUT, BROADCAST_FADE, BROADCAST_N } BroadcastClass;

typedef struct {
  BroadcastClass kind;          /* PICTURE, BLACK, BARS, NOISE */
  gboolean still;               /* a camera that looks at what does not move */
  guint n;                      /* frames */
  guint8 *pixels;               /* [n][BROADCAST_PIXELS], brightness */
} Clip;

/* Files KIND-NAME.gray of a folder, frames of 16 x 12 bytes one after the other; KIND: picture, still, black, bars, noise; NAME ends
 * in -test for those to be tested on, which are read with @test.  (transfer full) of Clip */
GPtrArray *broadcast_read_clips (const gchar *folder, gboolean test, GError **error);
void       broadcast_clip_free  (gpointer clip);
/* n frames of segments, the clips shown in other ways (@vary) or as they are -> steps[n][BROADCAST_SIZE], targets[n]. */
void       broadcast_make       (const GPtrArray *clips, guint n, gboolean vary, RnnRng *rng, gfloat *steps, gfloat *targets);

G_END_DECLS
