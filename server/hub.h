/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions of several streams, on their way to whoever reads along.
 *
 * A result is an object as rnntranscriber's unsynced_src sends it: "type" (partial, final) and "text"; what else it holds is not
 * looked at.  The last lines are remembered, so that who joins late sees what was said. */
#pragma once
#include <glib.h>
#include <jansson.h>

#define HUB_MAX_STREAMS 64
#define HUB_MAX_NAME 64         /* bytes */
#define HUB_MAX_TEXT 4096

typedef struct _Hub Hub;

/* @event: what a browser is told, JSON; @id: 0: partial results, which nobody needs to catch up on. */
typedef void (*HubFunc) (const gchar *event, guint64 id, gpointer data);

Hub *hub_new (guint n_lines);   /* that are remembered, of all streams together */
void hub_free (Hub *hub);
/* FALSE: @name or @result is no good, or there are too many streams. */
gboolean hub_publish (Hub *hub, const gchar *name, const json_t *result);
/* @func gets all that comes from now on, until it is removed. */
void hub_subscribe (Hub *hub, HubFunc func, gpointer data);
void hub_unsubscribe (Hub *hub, gpointer data);
/* What is remembered and newer than @since (0: all), lines in their order, and what is under way. */
void hub_recall (Hub *hub, guint64 since, HubFunc func, gpointer data);
guint64 hub_get_last_id (Hub *hub);
