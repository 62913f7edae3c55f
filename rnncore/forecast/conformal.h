/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intervals that hold: adaptive conformal inference (Gibbs & Candes 2021), a level per step of the horizon.
 *
 * Of every forecast that has met its truth the score |y - f| / scale is counted for its h, in a histogram that forgets.  The
 * interval at h is f +- scale q, q the (1 - a_h) quantile of these scores, and after each truth
 *   a_h += rate (alpha - missed)
 * so that the share of missed truths goes to alpha whatever the series does.  While there are few scores, q is what the
 * forecaster's own distribution says.
 *
 * Memory is constant: 40 floats a step. */
#pragma once
#include "../base/api.h"
#include <glib.h>

RNN_API_BEGIN

typedef struct _RnnConformal RnnConformal;

/* @window: scores that are remembered, about: a score weighs less than half after as many.  @coverage: 1 - alpha, as 0.9.
 * @rate: 0.005 is slow, 0.05 fast; 0: plain split conformal over the window. */
RnnConformal *rnn_conformal_new  (guint horizon, guint window, gdouble coverage, gdouble rate);
void          rnn_conformal_free (RnnConformal *conformal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnConformal, rnn_conformal_free)

/* A truth for step @h (from 0) of a forecast whose interval then was +- @radius (in scales; NAN: there was none).  Scores that
 * are not finite are ignored. */
void   rnn_conformal_add (RnnConformal *conformal, guint h, gfloat score, gfloat radius);
/* The same for all steps, [horizon]; those that do not follow are counted. */
void   rnn_conformal_add_all (RnnConformal *conformal, const gfloat *scores, const gfloat *radii, const gboolean *follows);
/* The same, but neither level nor radius follow: what the next score that they do follow finds. */
void   rnn_conformal_count (RnnConformal *conformal, guint h, gfloat score);
/* In scales; @fallback while there are less than a few scores. */
gfloat rnn_conformal_get_radius (RnnConformal *conformal, guint h, gfloat fallback);
/* Of all steps, [horizon]; NAN while there are few scores. */
const gfloat *rnn_conformal_get_radii (RnnConformal *conformal);
/* The quantile of the scores remembered at @coverage, whatever has been missed. */
gfloat rnn_conformal_get_quantile (RnnConformal *conformal, guint h, gdouble coverage, gfloat fallback);
/* The share of scores remembered that are larger than @score: how likely such a truth is.  1: there are none. */
gfloat rnn_conformal_get_probability (RnnConformal *conformal, guint h, gfloat score);

/* All of it, to go on in another process: floats[size]. */
gsize    rnn_conformal_get_state_size (RnnConformal *conformal);
void     rnn_conformal_get_state (RnnConformal *conformal, gfloat *state);
/* FALSE: that is no such state. */
gboolean rnn_conformal_set_state (RnnConformal *conformal, const gfloat *state);

RNN_API_END
