/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trains forecasting models (config.h): the linear part in closed form, then the members on what it leaves. */
#pragma once
#include "config.h"
#include "covariates.h"
#include "../train/train.h"

RNN_API_BEGIN

/* A channel of a series, in units in which its size is about 1. */
typedef struct {
  const gfloat *values;         /* [n]; NAN: missing */
  guint n;
  guint train, valid;           /* what to learn from ends before `train`, what to choose by begins there and ends before
                                 * `valid` */
  const RnnCovariateRows *covariates;  /* of as many steps; NULL where the recipe has no covariates */
} RnnForecastTrack;

typedef struct {
  guint windows;                /* at most so many to learn from; 0: 20000 */
  guint64 seed;
  void (*report) (const gchar *line, gpointer data);    /* may be NULL: what is going on */
  /* May be NULL: after every minibatch of a member, from 0; FALSE: enough, what there is makes the model. */
  gboolean (*step) (guint member, const RnnTrainStats *stats, gpointer data);
  gpointer data;
} RnnForecastFit;

/* A trained model of the recipe (see config.h), with its "deviations": the root mean square error of every step of the horizon
 * over the windows to choose by.  Fails on a horizon or context longer than what there is to learn from. (transfer full) */
RnnModel *rnn_forecast_fit (const json_t *recipe, const RnnForecastTrack *tracks, guint n_tracks, const RnnForecastFit *fit,
    const gchar *where, GError **error);

RNN_API_END
