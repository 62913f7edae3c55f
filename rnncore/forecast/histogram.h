/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large numbers >= 0 have been lately, of many things at once: histograms with four bins an octave, whose weights fade.  The old
 * ones are not made smaller, new ones are counted as more: all weights of a histogram are in units of `unit`, its newest number's.
 *
 * A number's bin is its exponent and the first two bits of its mantissa, less its histogram's origin; what lies outside is in the first
 * or the last bin.  Where that are too many the bins move.  Quantiles lie on a line through their bin. */
#pragma once
#include "../kernels/kernels.h"

G_BEGIN_DECLS

typedef struct {
  gfloat *unit;                 /* [n]; 0: there is nothing yet */
  gfloat *zeros;                /* [n] these have no size */
  gint *origin;                 /* [n] */
  gfloat (*from)[RNN_BINS];     /* [n] what is in a bin and all above it */
  gint *bins;                   /* [n], as floats' bits say */
  gfloat *steps;                /* [n] */
} RnnHistograms;

RnnHistograms *rnn_histograms_new  (guint n);
void           rnn_histograms_free (RnnHistograms *histograms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnHistograms, rnn_histograms_free)

/* What there is of the @i-th, in its units */
static inline gfloat
rnn_histograms_get_sum (const RnnHistograms *g, guint i)
{
  return g->from[i][0] + g->zeros[i];
}

/* A number for each of the @n from @first on; what is not finite, or below 0, is none.  @growth, above 1: how much more the newest one
 * counts than the one before it. */
void   rnn_histograms_add  (RnnHistograms *histograms, guint first, guint n, const gfloat *values, gfloat growth);
/* The value that so large a share of what there is, and of the one to come, lies below; the largest there is for 1 or more. */
gfloat rnn_histograms_find (const RnnHistograms *histograms, guint i, gfloat coverage);
/* The weight above @value, as the newest number is counted; of all there is where that is 0 */
gfloat rnn_histograms_get_tail (const RnnHistograms *histograms, guint i, gfloat value);

/* The state of the @i-th: numbers[3], its unit, zeros and origin, and bins[RNN_BINS] */
void     rnn_histograms_get_state (const RnnHistograms *histograms, guint i, gfloat *numbers, gfloat *bins);
gboolean rnn_histograms_is_sound  (const gfloat *numbers, const gfloat *bins);
void     rnn_histograms_set_state (RnnHistograms *histograms, guint i, const gfloat *numbers, const gfloat *bins);

G_END_DECLS
