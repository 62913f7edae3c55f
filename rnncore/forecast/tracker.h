/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasts meet their truths: steps of the last @horizon forecasts of one series wait for the values that they told, and what they
 * missed by makes the intervals of those to come (conformal.h).
 *
 * Memory: 16 bytes for each of the horizon's steps and bands, of which there are 18 at a horizon of 24, 34 of 720; the conformal's. */
#pragma once
#include "conformal.h"

RNN_API_BEGIN

typedef struct _RnnTracker RnnTracker;

/* @coverage, @window, @rate: rnn_conformal_new()'s. */
RnnTracker *rnn_tracker_new  (guint horizon, gdouble coverage, guint window, gdouble rate);
void        rnn_tracker_free (RnnTracker *tracker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTracker, rnn_tracker_free)

/* The value that came: of each band a forecast of it is scored by |value - mean| / scale.  NAN: none is. */
void rnn_tracker_observe (RnnTracker *tracker, gfloat value);
/* A forecast from the value after the last one on: mean[horizon], scale[horizon] > 0.  @fallback: the radius in scales while
 * there are no scores. */
void rnn_tracker_issue (RnnTracker *tracker, const gfloat *mean, const gfloat *scale, gfloat fallback);

/* Of the last forecast: [horizon], half the width of its interval. */
const gfloat *rnn_tracker_get_radius (RnnTracker *tracker);
/* The same for any other coverage, from the scores kept alone. */
gfloat        rnn_tracker_get_spread (RnnTracker *tracker, guint h, gdouble coverage, gfloat fallback);

/* What the forecast before the last value had to say of it: its mean and radius, and how likely a miss like this one is.
 * FALSE: there was none, or no value. */
gboolean      rnn_tracker_judge (RnnTracker *tracker, gfloat value, gfloat *mean, gfloat *radius, gfloat *probability);

/* How many of the last values are from after the last change of level, or -1: it is more than a horizon ago. */
gint          rnn_tracker_get_since (const RnnTracker *tracker);
/* Forecasts that wait are dropped; the scores stay. */
void     rnn_tracker_forget (RnnTracker *tracker);
gsize    rnn_tracker_get_state_size (RnnTracker *tracker);     /* floats */
void     rnn_tracker_get_state (RnnTracker *tracker, gfloat *state);
gboolean rnn_tracker_set_state (RnnTracker *tracker, const gfloat *state);      /* FALSE: that is no such state */

RNN_API_END
