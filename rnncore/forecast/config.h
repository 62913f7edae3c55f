/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasting models: a window of the last values, brought to one size, goes in; all steps of the horizon come out.
 *
 *   y = linear (x) + mean over members of head (encoder (x))
 *
 * The linear part is fitted in closed form (linear.h); the members' encoders are recurrent and read the window's segments one
 * after another (cells/window.c).  A recipe gives the encoder's layers:
 *
 *   {"forecast": {"context": 336, "segment": 24, "scaling": "last"}, "layers": [{"cell": "gru", "hidden": 64}],
 *    "output": {"kind": "regression"}, "train": {...}}
 *
 * and rnn_forecast_expand() makes the model's own recipe of it, whose layers are a graph over the whole window.  The model knows
 * one channel; every channel of a series is a window of its own.
 *
 * With covariates (covariates.h) the encoders read those of their segments, too, a category becomes a vector beside what the encoder
 * says, and what is known of the steps ahead is met by that, step by step, with the same weights:
 *
 *   y_h += V relu (A [encoder (x); category] + B known_h) */
#pragma once
#include "../base/error.h"
#include "../base/options.h"
#include "scaling.h"
#include <jansson.h>

RNN_API_BEGIN

/* The recipe's "forecast" object */
typedef struct {
  gint context, horizon;        /* steps of the window and of the forecast */
  gint segment;                 /* steps that the encoder reads at once; divides context */
  gint season;                  /* 0: unknown */
  gint scaling;                 /* RnnScalingKind */
  gboolean linear;              /* is there a linear part? */
  gint members;                 /* 0: the linear part alone */
  gint known, past, categories; /* numbers beside the window: of a step, ahead or not; and tokens (covariates.h) */
} RnnForecastConfig;

extern const RnnOption rnn_forecast_options[];

/* What goes on learning while a forecaster runs: nothing, a linear map beside the model (recursive least squares), or all weights
 * (gradient descent in bounded steps). */
typedef enum { RNN_ADAPT_OFF, RNN_ADAPT_READOUT, RNN_ADAPT_ALL } RnnAdaptKind;
extern const gchar *const rnn_adapt_names[];    /* by RnnAdaptKind, NULL-terminated */

/* Reads and checks "forecast" of a recipe. */
gboolean rnn_forecast_config_read (RnnForecastConfig *config, const json_t *recipe, const gchar *where, GError **error);

/* Numbers of a model's input: context, and what stands behind it. */
gint     rnn_forecast_get_row (const RnnForecastConfig *config);

/* list[i] of a model's "forecast", or the last there is; @fallback: there is no such list. */
gfloat rnn_forecast_read_number (const json_t *forecast, const gchar *key, gsize i, gfloat fallback);

/* What the parts are called: tensors "linear.weight", "net0....", "head0.weight", ... */
#define RNN_FORECAST_LINEAR "linear"

/* The recipe of the whole model, or of member @i alone (its layers have the names that they have in the whole one); for @n_params
 * numbers per step of the horizon.  (transfer full) */
json_t *rnn_forecast_expand        (const json_t *recipe, const RnnForecastConfig *config, gint n_params);
json_t *rnn_forecast_expand_member (const json_t *recipe, const RnnForecastConfig *config, gint n_params, gint i);

RNN_API_END
