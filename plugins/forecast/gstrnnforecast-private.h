/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of rnnforecast: stream, anomalies, state file. */
#pragma once
#include "gstrnnforecast.h"
#include "gstrnnseries.h"

G_BEGIN_DECLS

typedef struct {
  gdouble coverage, anomaly_probability;
  guint every, max_gap, anomaly_interval, state_interval;
  gboolean post_anomalies;
  RnnAdaptKind adapt;
} GstRnnForecastSettings;

struct _GstRnnForecast {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* under the object lock */
  gchar *model_file, *state_file, *known_file, *categories;
  gchar *save_wanted, *load_wanted;     /* paths */
  GstRnnForecastSettings settings;
  guint64 n_values, n_forecasts, n_resets, n_anomalies, n_falls;
  gboolean adapted;

  /* NULL->READY; then read only */
  RnnModel *model;
  gchar **columns;              /* those of the model, or NULL */

  /* streaming thread */
  GstRnnForecastSettings now;
  GstRnnSeries series;          /* channels 0: no caps yet */
  GstSegment segment;
  RnnForecaster *forecaster;
  gint *places;                 /* [n_streams] column of the stream's values */
  gint n_streams;
  gfloat *row;                  /* [n_streams] */
  RnnSeries *known;             /* of known-file, or NULL */
  gint *past_places;            /* [n_past] column of the stream's values */
  gfloat *past;                 /* [n_past] */
  gboolean clocked;             /* the forecaster knows what time it is, and what is known ahead */
  gboolean known_ended;         /* that was told */
  GstClockTime next;            /* PTS that is due, or NONE: anything */
  gint64 resume;                /* time up to which values are known from the state file, or RNN_TIME_NONE */
  gboolean untold_state;        /* the state file's forecast has not left here */
  guint64 count;                /* values since the last reset */
  guint64 pushed;               /* count at the last forecast that left */
  guint64 told;                 /* count at the last anomaly told of */
  guint64 untold;               /* anomalies since */
  gint64 saved;                 /* monotonic time of the last state file */
};

/* ---- gstrnnforecast-properties.c ---- */
void gst_rnn_forecast_install_properties (GObjectClass *klass);

/* ---- gstrnnforecast-covariates.c ---- */
/* With the caps; FALSE: it is refused, and told why. */
gboolean gst_rnn_forecast_negotiate_covariates (GstRnnForecast *self);
void gst_rnn_forecast_clear_covariates (GstRnnForecast *self);
void gst_rnn_forecast_set_categories (GstRnnForecast *self);    /* those of the property */
void gst_rnn_forecast_take_tags (GstRnnForecast *self, const GstTagList *tags);
/* Before a value: what is known of its time and of the steps ahead, and its columns of the past (NULL: missing). */
void gst_rnn_forecast_foretell (GstRnnForecast *self, GstClockTime pts);
void gst_rnn_forecast_take_past (GstRnnForecast *self, const gfloat *values);

/* ---- gstrnnforecast-anomaly.c ---- */
void gst_rnn_forecast_register_meta (void);
/* Tells of values outside of their intervals, by a message and on @buffer (or NULL). */
void gst_rnn_forecast_judge (GstRnnForecast *self, GstClockTime pts, GstBuffer *buffer);

/* ---- gstrnnforecast-state.c ---- */
/* Goes on where the state file, if there is one that fits, left off. */
void gst_rnn_forecast_load_state (GstRnnForecast *self);
void gst_rnn_forecast_save_state (GstRnnForecast *self);
/* What the signals asked for, between two buffers. */
void gst_rnn_forecast_save_if_wanted (GstRnnForecast *self);
void gst_rnn_forecast_load_if_wanted (GstRnnForecast *self);
void gst_rnn_forecast_install_signals (GObjectClass *klass);

/* ---- gstrnnforecast.c ---- */
/* All of the stream; the model stays. */
void gst_rnn_forecast_forget (GstRnnForecast *self);

G_END_DECLS
