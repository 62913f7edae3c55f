/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of covariates: calendars, and the ring of a stream. */
#pragma once
#include "covariates.h"

G_BEGIN_DECLS

/* ---- covariate-rows.c: what a calendar has ---- */
#define RNN_CALENDAR_NUMBERS 2  /* sine and cosine */

typedef struct {
  const gchar *name;
  gdouble (*turn) (const RnnCivil *civil);      /* 0 to below 1, which is 0 again */
} RnnCalendar;

const RnnCalendar *rnn_calendar_find (const gchar *name);       /* or NULL */
gchar             *rnn_calendar_list (void);    /* all names, joined by commas; g_free */

/* ---- covariate-ring.c: what is known beside a stream, of its last steps and those ahead ----
 *
 * State: place of the next step, then [K][context + H + 1] and [P][context] numbers. */
typedef struct _RnnCovariateRing RnnCovariateRing;

RnnCovariateRing *rnn_covariate_ring_new  (const RnnCovariates *covariates, const RnnForecastConfig *config);
void            rnn_covariate_ring_free (RnnCovariateRing *ring);
void            rnn_covariate_ring_reset (RnnCovariateRing *ring);  /* the clock, too */
/* The time of the next step, and how far steps are apart. */
void            rnn_covariate_ring_set_clock (RnnCovariateRing *ring, gint64 next, const RnnTimeStep *step);
/* Known columns[n_known] of the step that is @ahead (up to H) after the next one. */
void            rnn_covariate_ring_foretell  (RnnCovariateRing *ring, guint ahead, const gfloat *columns);
/* The next step is here, and has been: its past columns[n_past], NULL: missing. */
void            rnn_covariate_ring_push      (RnnCovariateRing *ring, const gfloat *columns);
/* rest[row - context - categories] of a window that ends before the next step. */
void            rnn_covariate_ring_read      (const RnnCovariateRing *ring, gfloat *rest);
gsize           rnn_covariate_ring_get_state_size (const RnnCovariateRing *ring);
void            rnn_covariate_ring_get_state (const RnnCovariateRing *ring, gfloat *state);
gboolean        rnn_covariate_ring_set_state (RnnCovariateRing *ring, const gfloat *state); /* FALSE: that is no such state */

G_END_DECLS
