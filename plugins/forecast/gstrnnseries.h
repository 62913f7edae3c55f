/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What flows between the elements of time series: the tensors of gstrnncaps.h, a time step per buffer, PTS from the first
 * one on.
 *
 * Beside what all tensors have, caps may hold `rnn-start` (the date and time of PTS 0), `rnn-step` ("1h", "1mo"; the
 * framerate says it only of steps that last equally long) and `rnn-columns` ("load,temperature").  Forecasts have
 * dimensions C:H, H steps from their PTS on. */
#pragma once
#include <gst/gst.h>
#include <rnncore/rnn.h>

G_BEGIN_DECLS

typedef struct {
  gint channels, horizon;       /* floats of a step; steps of a buffer, 1 but for forecasts */
  gint64 start;                 /* of PTS 0, or RNN_TIME_NONE */
  RnnTimeStep step;             /* n 0: unknown */
  gchar *columns;               /* joined by ',', or NULL */
} GstRnnSeries;

#define GST_RNN_SERIES_CAPS "other/tensors, format=(string)static, num_tensors=(int)1, " \
    "types=(string)float32, framerate=(fraction)[ 0/1, 2147483647/1 ]"
#define GST_RNN_SERIES_AUDIO_CAPS "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, " \
    "rate=(int)[ 1, MAX ], channels=(int)[ 1, MAX ]"

/* @kind is "series" or "forecast". */
GstCaps *gst_rnn_series_to_caps (const GstRnnSeries *series, const gchar *kind);
/* From tensors or audio. */
gboolean gst_rnn_series_from_caps (GstRnnSeries *series, const GstCaps *caps, GError **error);
void     gst_rnn_series_clear (GstRnnSeries *series);
/* The PTS of step @k of a series whose steps are known. */
GstClockTime gst_rnn_series_get_pts (const GstRnnSeries *series, gint64 k);

/* Pads "sink" and "src" of the templates of @element's class; that of the source says itself what its caps are. (transfer
 * none) */
GstPad  *gst_rnn_series_add_sinkpad (GstElement *element, GstPadChainFunction chain, GstPadEventFunction event);
GstPad  *gst_rnn_series_add_srcpad (GstElement *element);

G_END_DECLS
