/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The window that a model sees: brought to one size, without holes. */
#pragma once
#include "config.h"
#include <math.h>

G_BEGIN_DECLS

/* values[context] -> x[context]; what is missing is the value before it.  FALSE: nothing is known. */
static inline gboolean
rnn_forecast_window (const RnnForecastConfig *c, const gfloat *values, gfloat *x, RnnScaling *scaling)
{
  gfloat last = NAN;

  *scaling = rnn_scaling_measure (c->scaling, (guint) c->context, values, 1);
  for (gint i = 0; i < c->context && isnan (last); i++)
    last = values[i];
  for (gint i = 0; i < c->context; i++) {
    last = isnan (values[i]) ? last : values[i];
    x[i] = (last - scaling->shift) / scaling->scale;
  }
  return !isnan (last);
}

G_END_DECLS
