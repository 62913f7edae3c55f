/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server counts, and its OpenMetrics text.  Counters may be added to from any thread. */
#pragma once
#include <glib.h>

typedef enum {
  METRIC_CONNECTIONS,           /* counters, as they stand in metrics.c */
  METRIC_REFUSED,
  METRIC_DROPPED,
  METRIC_AUDIO,
  METRIC_MESSAGES,
  METRIC_FINALS,
  METRIC_LINES,
  METRIC_CLIENTS,               /* gauges: these go down, too */
  METRIC_BACKLOG,
  METRIC_READERS,
  N_METRICS
} Metric;

void metrics_add (Metric metric, gint64 n);
gint64 metrics_get (Metric metric);
/* From a message's arrival to its answer */
void metrics_add_delay (gint64 microseconds);
/* (transfer full) */
gchar *metrics_to_text (void);
