/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live streams of speech through one pipeline, see bench-streams.c. */
#pragma once
#include <glib.h>
#include <jansson.h>

typedef struct {
  const gchar *model;
  gint n_streams, seconds, core;
  gchar *precision, *group;
  gint deadline;                /* ms */
  gchar *element;
  gboolean together;
} StreamsOptions;

/* What was measured (transfer full), or NULL. */
json_t *streams_run (const StreamsOptions *options, GError **error);
