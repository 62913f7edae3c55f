/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a browser and a pipeline meet over HTTP:
 *
 *   GET /                  the page
 *   GET /events            captions as server-sent events; after Last-Event-ID, or all that are remembered
 *   PUT /captions/STREAM   results for it (rnntranscriber's unsynced_src through souphttpclientsink); from this machine only
 *   GET /metrics           OpenMetrics, if it was asked for
 *
 * draw.h has a page of its own. */
#pragma once
#include <libsoup/soup.h>
#include "hub.h"

/* GET or HEAD; else the answer says that nothing else is allowed. */
gboolean web_is_get (SoupServerMessage *msg);
/* A page of the program's resources. */
void web_send_page (SoupServerMessage *msg, const gchar *resource);
void web_serve (SoupServer *server, Hub *hub, gboolean metrics);
