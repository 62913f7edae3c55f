/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digits as strokes of a pen: steps of (dx, dy, pen up), the latter 1 where the pen was lifted on the way. */
#pragma once
#include "features/pen.h"
#include "fit.h"

G_BEGIN_DECLS

typedef struct {
  RnnPenShape shape;
  gint value;
} PenDigit;

/* A file of UCI's pendigits: x and y of eight points from 0 to 100, then ten bits, or the digit. (transfer full) of PenDigit */
GArray *pen_read  (const gchar *path, GError **error);
/* Another way to write it: turned, slanted, stretched, and with a hand that shakes. */
PenDigit pen_vary (const PenDigit *digit, RnnRng *rng);
/* The same way as a drawing of many points is read (features/pen.h): at places evenly apart on it, and a one as thin as may be, which the
 * file has stretched. */
PenDigit pen_retrace (const PenDigit *digit, RnnRng *rng);
/* n digits side by side -> steps[n * RNN_PEN_POINTS][RNN_PEN_SIZE]; gaps and heights follow from @rng (NULL: none). */
void    pen_write (const PenDigit *digits, guint n, RnnRng *rng, gfloat *steps);

G_END_DECLS
