/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture as a step: what a frame of video is to a model. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

#define RNN_PICTURE_PARTS 2     /* numbers of a step for each pixel */

/* pixels [height] rows of @width bytes of brightness, @stride bytes apart -> out[2 * width * height]: brightness from -1 to 1, row by
 * row, then in the same order its last three bits, from -1 to 1, in which a camera's noise shows. */
void rnn_picture_step (const guint8 *pixels, gsize stride, gint width, gint height, gfloat *out);

RNN_API_END
