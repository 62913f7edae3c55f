/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes or tags as they come up in a stream: rows in, events out.
 *
 *   rnn_spotter_push (spotter, rows, n);
 *   while ((event = rnn_spotter_next (spotter)))
 *     ...
 *
 * The model's probabilities are averaged over `smoothing`.  One that reaches the threshold, and among classes is the largest, is an
 * event, unless another came less than `refractory` before; it has to fall below the threshold before it can be one again.
 * Classes called other, silence, unknown and the like are none.  For models that hear all from a fresh state, `window` runs
 * them over so much of the stream anew every `interval`, and takes their last answer.
 *
 * A model that gives one answer for all steps (its output has a pooling) has no events; ask rnn_spotter_get_whole (). */
#pragma once
#include "../base/keep.h"
#include "../model/model.h"

RNN_API_BEGIN

typedef struct {
  gfloat threshold;             /* 0..1 */
  gint smoothing, refractory;   /* ms */
  gint window, interval;        /* ms; window 0: one continuous state */
} RnnSpotterConfig;

extern const RnnOption rnn_spotter_options[];   /* rows of all fields */

typedef struct {
  gint index;                   /* of the model's first head's numbers */
  const gchar *label;           /* its name, or NULL */
  gfloat score;                 /* smoothed probability */
  guint64 start, end;           /* rows since the last reset, of the step (or window) that decided */
} RnnSpotted;

typedef struct _RnnSpotter RnnSpotter;

/* @model: its output classes, tags, or numbers that are probabilities.  @rate: rows a second, for models whose input has
 * none of its own.  @config: copied; NULL: the defaults. */
RnnSpotter *rnn_spotter_new (RnnModel *model, gdouble rate, const RnnSpotterConfig *config, GError **error);
void rnn_spotter_free (RnnSpotter *spotter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSpotter, rnn_spotter_free)
/* Threshold and refractory time, from now on. */
void rnn_spotter_configure (RnnSpotter *spotter, const RnnSpotterConfig *config);
/* rows[n][channels of the model's input].  Take all events before the next push. */
void rnn_spotter_push (RnnSpotter *spotter, const gfloat *rows, gsize n);
/* The end: the last events are due, then the spotter is as new. */
void rnn_spotter_finish (RnnSpotter *spotter);
/* (transfer none), valid until the next call; NULL: none for now. */
const RnnSpotted *rnn_spotter_next (RnnSpotter *spotter);
void rnn_spotter_reset (RnnSpotter *spotter);
/* Its state between two pushes, when all events were taken, out or in (base/keep.h). */
void        rnn_spotter_keep (RnnSpotter *spotter, RnnKeep *keep);
/* The smoothed probabilities [n] of the step that was looked at last. */
const gfloat *rnn_spotter_get_scores (RnnSpotter *spotter, gint *n);
/* What all steps since the last reset are together, the largest of it (tags: the most probable): by the output's pooling, or the
 * mean.  Before finish has been taken to its end; FALSE: there was no step. */
gboolean rnn_spotter_get_whole (RnnSpotter *spotter, RnnSpotted *whole);
gboolean rnn_spotter_is_nothing (RnnSpotter *spotter, gint index);      /* "other" and the like */

RNN_API_END
