/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two digits that move over a picture and bounce off its edges (Srivastava et al. 2015; Shi et al. 2015), drawn by a pen of our own. */
#pragma once
#include "fit.h"

G_BEGIN_DECLS

#define DIGITS_SIDE 64
#define DIGITS_PIXELS (DIGITS_SIDE * DIGITS_SIDE)

/* n frames -> pixels[n][DIGITS_PIXELS], 0 to 1; every sequence has digits of another hand. */
void digits_move (RnnRng *rng, guint n, gfloat *pixels);

G_END_DECLS
