/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows of a series brought to one size, and forecasts back: x -> (x - shift) / scale.
 *
 *   none
 *   mean      scale = 1 + mean |x|                             DeepAR (Salinas et al. 2020)
 *   last      shift = the last value                           NLinear (Zeng et al. 2023)
 *   instance  shift = mean, scale = standard deviation         reversible instance normalisation (Kim et al. 2022)
 *   robust    shift = the last value, scale = mean |x - mean|  for series of many sizes
 *
 * Values that are missing (NAN) do not count. */
#pragma once
#include "../base/api.h"
#include <glib.h>

RNN_API_BEGIN

typedef enum { RNN_SCALING_NONE, RNN_SCALING_MEAN, RNN_SCALING_LAST, RNN_SCALING_INSTANCE, RNN_SCALING_ROBUST } RnnScalingKind;
extern const gchar *const rnn_scaling_names[];  /* by RnnScalingKind, NULL-terminated */

typedef struct {
  gfloat shift, scale;          /* finite; scale > 0 */
} RnnScaling;

/* Of x[n] values, @stride apart. */
RnnScaling rnn_scaling_measure (RnnScalingKind kind, guint n, const gfloat *x, guint stride);

RNN_API_END
