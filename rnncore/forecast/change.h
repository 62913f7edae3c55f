/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has the level of a series changed?  The mean of what a forecast misses by in its first 12 steps is compared with such means before
 * it: one 1.8 times as large as 99 % of those lately (twice that while these are few) is a change, which began where the next step was
 * missed most.  Those of the last 24 values are no measure yet, as the means of a change rise one after the other.
 *
 * Forecasts from before a change could not know of it, and what they miss by says nothing of those that are made after it, so
 * intervals need not learn from them.  A series that changes all the time is to have wide intervals, though: there is credit for three
 * changes at first, and for one more in every four horizons; what comes within 36 values, or three horizons, is one with it.
 *
 * State: scores of the next step, sums of the waiting forecasts, how many means there were, steps since the change, credit,
 * the last means; the others. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_CHANGE_STEPS 12u    /* of a forecast that are looked at */

typedef struct _RnnChange RnnChange;

RnnChange *rnn_change_new  (guint horizon);
void       rnn_change_free (RnnChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnChange, rnn_change_free)

guint rnn_change_get_steps (const RnnChange *change);   /* RNN_CHANGE_STEPS, or a shorter horizon */
/* A forecast is made: it has age 0 when the next value comes. */
void  rnn_change_issue     (RnnChange *change);
/* A value: signed misses[n], in scales, of the forecasts of age 0, 1, ... */
void  rnn_change_observe   (RnnChange *change, guint n, const gfloat *misses);
/* Forecasts of this age and more are from before the last change. */
guint rnn_change_get_age   (const RnnChange *change);
void  rnn_change_forget    (RnnChange *change);         /* the waiting forecasts */

gsize    rnn_change_get_state_size (RnnChange *change);        /* floats */
void     rnn_change_get_state (RnnChange *change, gfloat *state);
gboolean rnn_change_set_state (RnnChange *change, const gfloat *state); /* FALSE: that is no such state */

G_END_DECLS
