/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For rnntrainer: what a forecaster's recipe is trained with.  Rows of series come in, with holes where PTS jump; a segment begins
 * another series; then one call trains. */
#pragma once
#include <gst/base/base.h>
#include <rnncore/rnn.h>
#include "gstrnnseries.h"

G_BEGIN_DECLS

typedef struct {
  GstElement *owner;            /* for messages; not a ref */
  json_t *recipe;
  gchar *where;                 /* the recipe's file */
  GstRnnSeries format;          /* channels 0: no caps yet */
  GPtrArray *series, *tags;     /* of RnnSeries that are complete, and what their GstTagList was (or NULL) */
  GArray *rows;                 /* floats [n][channels] of the one that is coming */
  gint64 first;                 /* PTS of its first row, or -1 */
  GstTagList *coming;           /* its tags, or NULL */
} GstRnnForecasting;

/* NULL: the file is no forecaster's recipe, but may be anything else. */
GstRnnForecasting *gst_rnn_forecasting_load (GstElement *owner, const gchar *path);
void gst_rnn_forecasting_free (GstRnnForecasting *forecasting);

gboolean gst_rnn_forecasting_set_caps (GstRnnForecasting *forecasting, const GstCaps *caps, GError **error);
/* FALSE: there are no caps, or the hole before the buffer is too long. */
gboolean gst_rnn_forecasting_take (GstRnnForecasting *forecasting, GstBuffer *buffer, GError **error);
/* What the series that is coming is: categories are extended comments, "COLUMN=VALUE". */
void gst_rnn_forecasting_take_tags (GstRnnForecasting *forecasting, const GstTagList *tags);
/* The series that is coming is complete. */
void gst_rnn_forecasting_finish (GstRnnForecasting *forecasting);
void gst_rnn_forecasting_forget (GstRnnForecasting *forecasting);
guint64 gst_rnn_forecasting_count (const GstRnnForecasting *forecasting);       /* rows of all series */

/* @config: "key=value,...", of the recipe's "forecast" or "train", or of its "covariates" with names joined by ';'.  @step: as of
 * RnnForecastFit. */
RnnModel *gst_rnn_forecasting_train (GstRnnForecasting *forecasting, const gchar *config, guint n_threads,
    gboolean (*step) (guint member, const RnnTrainStats *stats, gpointer data), gpointer data, GError **error);

G_END_DECLS
