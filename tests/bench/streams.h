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
  gboolean together;
  gboolean without;             /* with a bin of three `identity` in the place of rnntranscriber */
} StreamsOptions;

/* What was measured (transfer full), or NULL. */
json_t *streams_run (const StreamsOptions *options, GError **error);
