/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strokes of a pen, drawn from what a model expects. */
#pragma once
#include "base/rng.h"
#include "output.h"

G_BEGIN_DECLS

#define RNN_STROKE 5            /* dx, dy, and one of: the pen goes on, is lifted behind this, the drawing ends */

/* y[n] of one step -> the next stroke.  @temperature: 1: as probable as the model says, less: fewer surprises, 0: what is most
 * probable. */
void rnn_strokes_draw (const RnnOutput *output, const gfloat *y, gdouble temperature, RnnRng *rng, gfloat *stroke);

G_END_DECLS
