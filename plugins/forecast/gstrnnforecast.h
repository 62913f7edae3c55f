/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_FORECAST (gst_rnn_forecast_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnForecast, gst_rnn_forecast, GST, RNN_FORECAST, GstElement)
GST_ELEMENT_REGISTER_DECLARE (rnnforecast);

G_END_DECLS
