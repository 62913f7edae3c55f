/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The window that a model sees: brought to one size, without holes. */
#pragma once
#include "config.h"
#include "../kernels/kernels.h"
#include <math.h>

G_BEGIN_DECLS

/* values[context] -> x[context]; what is missing lies on the line between its neighbours, or is the only one.  FALSE: nothing is
 * known. */
static inline gboolean
rnn_forecast_window (const RnnForecastConfig *c, const gfloat *values, gfloat *x, RnnScaling *scaling)
{
  gint last = -1;

  *scaling = rnn_scaling_measure (c->scaling, (guint) c->context, values, 1);
  if (rnn_kernels ()->centre (c->context, scaling->shift, scaling->scale, values, x) == 0)
    return TRUE;
  for (gint i = 0; i < c->context; i++) {
    if (isnan (values[i]))
      continue;
    x[i] = (values[i] - scaling->shift) / scaling->scale;
    for (gint k = last + 1; k < i; k++)
      x[k] = last < 0 ? x[i] : x[last] + (x[i] - x[last]) * (k - last) / (i - last);
    last = i;
  }
  for (gint k = last + 1; last >= 0 && k < c->context; k++)
    x[k] = x[last];
  return last >= 0;
}

G_END_DECLS
