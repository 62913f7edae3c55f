/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of training: windows, linear part, members. */
#pragma once
#include "fit.h"

G_BEGIN_DECLS

typedef struct {
  gint n_in, n_out;             /* numbers of a row of the model's input, horizon */
  guint n;
  gfloat *x, *y;                /* [n][n_in], [n][n_out]; y may be NAN */
} RnnFitWindows;

typedef struct {
  RnnForecastConfig config;
  const RnnForecastFit *fit;
  const gchar *where;
  RnnFitWindows learn, choose;
  gint n_params;
  gboolean median;              /* the output asks for absolute errors */
  gfloat *weight, *bias;        /* [H][context], [H] of the linear part */
  RnnModel *model;
  gboolean stopped;
} RnnFitWork;

/* Numbers of a recipe's output for every step, 0: @error; @median: absolute errors are what it asks for. */
gint     rnn_fit_count_params (const json_t *recipe, const gchar *where, gboolean *median, GError **error);

void     rnn_fit_report (const RnnFitWork *work, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

#define RNN_FIT_BLOCKS 8        /* stretches of the windows to choose by */

/* Errors of n windows to choose by, before and after a change: is their mean less by more than @errors of its standard errors
 * over stretches?  Windows overlap, so a mean over all of them says little. */
gboolean rnn_fit_surely (gdouble errors, guint n, const gdouble *before, const gdouble *after);

/* ---- fit-windows.c ---- */
/* At most @most windows to learn from, or to choose by. */
void     rnn_fit_collect (RnnFitWork *work, const RnnForecastTrack *tracks, guint n_tracks, gboolean learn, guint most,
    RnnFitWindows *windows);
/* The last third of the windows to learn from goes to those to choose by, before them. */
void     rnn_fit_lend (RnnFitWork *work);
void     rnn_fit_windows_clear (RnnFitWindows *windows);

/* ---- fit-linear.c ---- */
void     rnn_fit_linear (RnnFitWork *work);
/* What the linear part says of x[context]. */
void     rnn_fit_apply  (const RnnFitWork *work, const gfloat *x, gfloat *y);

/* ---- fit-members.c ---- */
gboolean rnn_fit_members (RnnFitWork *work, const json_t *recipe, GError **error);
/* Of squared errors, with an encoder that no training changes? */
gboolean rnn_fit_is_solvable  (const RnnFitWork *work, RnnModel *member);       /* fit-readout.c */
gboolean rnn_fit_solve_member (const RnnFitWork *work, RnnModel *member, gint i, GError **error);
/* A member's head says nothing. */
void     rnn_fit_silence (RnnModel *model, gint member);

G_END_DECLS
