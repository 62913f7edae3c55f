/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large numbers >= 0 have been lately: a histogram with four bins an octave, whose weights fade.  The old ones are not made smaller,
 * new ones are counted as more: all weights here are in units of `unit`, the newest one's.
 *
 * A number's bin is its exponent and the first two bits of its mantissa, less @origin; what lies outside is in the first or the last
 * bin.  Where that are too many the bins move.  Quantiles lie on a line through their bin. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_HISTOGRAM_BINS 32

typedef struct {
  gfloat unit;                  /* 0: there is nothing yet */
  gfloat zeros;                 /* these have no size */
  gint origin;
  gfloat from[RNN_HISTOGRAM_BINS];      /* what is in a bin and all above it */
} RnnHistogram;

/* What there is, counted as the newest number is. */
static inline gfloat
rnn_histogram_get_total (const RnnHistogram *histogram)
{
  return histogram->unit > 0 ? (histogram->from[0] + histogram->zeros) / histogram->unit : 0;
}

/* @growth, above 1: how much more the newest one counts than the one before it. */
void     rnn_histogram_add (RnnHistogram *histogram, gfloat value, gfloat growth);
/* The value that so large a share of what there is, and of the one to come, lies below; the largest there is for 1 or more. */
gfloat   rnn_histogram_find (const RnnHistogram *histogram, gfloat coverage);
/* The weight above @value */
gfloat   rnn_histogram_get_tail (const RnnHistogram *histogram, gfloat value);
gboolean rnn_histogram_is_sound (const RnnHistogram *histogram);

G_END_DECLS
