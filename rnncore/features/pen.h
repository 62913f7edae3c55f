/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pen strokes as a handwriting model reads them: steps (dx, dy, lifted), y upwards, lifted 1 where the pen was in the air on the way.
 *
 * A drawing, of whatever size and however many points, becomes characters: strokes that overlap from side to side belong together
 * (the bar of a 5, the stem of a 4), characters stand from left to right.  Each is stretched to a box of 1 x 1 and becomes as many points,
 * evenly apart along its way, as those of UCI's pendigits have (Alimoglu & Alpaydin 1996). */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

#define RNN_PEN_SIZE 3          /* numbers of a step */
#define RNN_PEN_POINTS 8

typedef struct {
  gfloat x[RNN_PEN_POINTS], y[RNN_PEN_POINTS];  /* in a box of 1 x 1 */
} RnnPenShape;

/* Where the pen is, in boxes. */
typedef struct {
  gfloat x, y;
} RnnPen;

#define RNN_PEN_START { 0.5f, 0.5f }    /* the middle of the first box */
#define RNN_PEN_GAP 0.25f       /* from character to character */

/* drawing[n][RNN_PEN_SIZE], finite numbers, -> RnnPenShapes from left to right.  Specks are left out.  (transfer full) */
GArray *rnn_pen_find_shapes (const gfloat *drawing, guint n);
/* Writes @shape @size high and wide from (@left, @base) on -> steps[RNN_PEN_POINTS][RNN_PEN_SIZE].  Returns where it ends on the right. */
gfloat rnn_pen_write (RnnPen *pen, const RnnPenShape *shape, gfloat left, gfloat base, gfloat size, gfloat *steps);

RNN_API_END
