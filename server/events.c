/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A response that does not end.  Who reads too slowly is sent no more; once all that was sent is read, the response ends,
 * the browser asks again, and gets the lines that it has missed. */
#include "events.h"
#include <string.h>
#include "metrics.h"

#define MAX_QUEUED 262144       /* bytes that a browser has not read */
#define HEARTBEAT 15            /* s: else nobody would notice who has left */

typedef struct {
  Hub *hub;
  SoupServerMessage *msg;
  gsize queued;
  gboolean behind;
  guint heartbeat;
} Reader;

static void
append (Reader *r, gchar *text)
{
  gsize n = strlen (text);

  r->queued += n;
  soup_message_body_append_take (soup_server_message_get_response_body (r->msg), (guchar *) text, n);
  soup_server_message_unpause (r->msg);
}

static void
on_event (const gchar *event, guint64 id, gpointer data)
{
  Reader *r = data;

  r->behind |= r->queued > MAX_QUEUED;
  if (!r->behind)
    append (r, id ? g_strdup_printf ("id: %" G_GUINT64_FORMAT "\ndata: %s\n\n", id, event) : g_strdup_printf ("data: %s\n\n", event));
}

static gboolean
on_heartbeat (gpointer data)
{
  if (!((Reader *) data)->behind)
    append (data, g_strdup (":\n\n"));
  return G_SOURCE_CONTINUE;
}

static void
on_wrote (SoupServerMessage *msg, guint n, Reader *r)
{
  r->queued -= MIN (n, r->queued);
  if (!r->behind || r->queued)
    return;
  soup_message_body_complete (soup_server_message_get_response_body (msg));
  soup_server_message_unpause (msg);
}

static void
on_finished (SoupServerMessage *msg, Reader *r)
{
  metrics_add (METRIC_READERS, -1);
  hub_unsubscribe (r->hub, r);
  g_source_remove (r->heartbeat);
  g_signal_handlers_disconnect_by_data (msg, r);
  g_free (r);
}

/* What is no id of ours, or of a server before this one, says nothing. */
static guint64
parse_id (SoupServerMessage *msg, Hub *hub)
{
  const gchar *text = soup_message_headers_get_one (soup_server_message_get_request_headers (msg), "Last-Event-ID");
  guint64 id = 0;

  return text && g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT64, &id, NULL) && id <= hub_get_last_id (hub) ? id : 0;
}

void
events_send (SoupServerMessage *msg, Hub *hub)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (msg);
  Reader *r = g_new0 (Reader, 1);
  guint64 since = parse_id (msg, hub);

  soup_server_message_set_status (msg, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_headers_set_content_type (headers, "text/event-stream", NULL);
  soup_message_headers_append (headers, "Cache-Control", "no-store");
  soup_message_body_set_accumulate (soup_server_message_get_response_body (msg), FALSE);
  r->hub = hub;
  r->msg = msg;
  g_signal_connect (msg, "wrote-body-data", G_CALLBACK (on_wrote), r);
  g_signal_connect (msg, "finished", G_CALLBACK (on_finished), r);
  r->heartbeat = g_timeout_add_seconds (HEARTBEAT, on_heartbeat, r);
  metrics_add (METRIC_READERS, 1);
  append (r, g_strdup (since ? "retry: 1000\n\n" : "retry: 1000\nevent: begin\ndata: \n\n"));
  hub_recall (hub, since, on_event, r);
  hub_subscribe (hub, on_event, r);
}
