/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page, metrics, and captions that come in; events.c sends them out. */
#include "web.h"
#include <string.h>
#include "events.h"
#include "metrics.h"
#include "objects.h"

#define PAGE "/org/gst-rnn/page.html"
/* The page is one file, and what it shows comes from here only. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; " \
  "img-src data:; frame-ancestors 'self'"
#define CAPTIONS "/captions/"

/* ---- what is read ---- */

gboolean
web_is_get (SoupServerMessage *msg)
{
  const gchar *method = soup_server_message_get_method (msg);

  if (!strcmp (method, "GET") || !strcmp (method, "HEAD"))
    return TRUE;
  soup_server_message_set_status (msg, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
  return FALSE;
}

void
web_send_page (SoupServerMessage *msg, const gchar *resource)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (msg);
  g_autoptr (GBytes) page = g_resources_lookup_data (resource, 0, NULL);

  soup_message_headers_append (headers, "Content-Security-Policy", POLICY);
  soup_message_headers_append (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_append (headers, "Cache-Control", "no-cache");
  soup_server_message_set_status (msg, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (headers, "text/html; charset=utf-8", NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body (msg), page);
}

static void
on_page (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  if (soup_message_headers_header_contains (soup_server_message_get_request_headers (msg), "Upgrade", "websocket"))
    return;                     /* vosk.c's */
  if (!web_is_get (msg))
    return;
  if (strcmp (path, "/"))
    soup_server_message_set_status (msg, SOUP_STATUS_NOT_FOUND, NULL);
  else
    web_send_page (msg, PAGE);
}

static void
on_metrics (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  gchar *text;

  if (!web_is_get (msg))
    return;
  text = metrics_to_text ();
  soup_server_message_set_status (msg, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (msg, "application/openmetrics-text; version=1.0.0; charset=utf-8", SOUP_MEMORY_TAKE, text,
      strlen (text));
}

static void
on_events (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  if (web_is_get (msg))
    events_send (msg, data);
}

/* ---- what comes in ---- */

typedef struct {
  Hub *hub;
  gchar *stream;
  Objects objects;
  gboolean bad;
} Intake;

static void
free_intake (gpointer data, GClosure *closure)
{
  Intake *in = data;

  g_free (in->stream);
  objects_clear (&in->objects);
  g_free (in);
}

static void
on_object (const json_t *object, gpointer data)
{
  Intake *in = data;

  in->bad |= !hub_publish (in->hub, in->stream, object);
}

static void
on_chunk (SoupServerMessage *msg, GBytes *chunk, gpointer data)
{
  Intake *in = data;
  gsize n;
  const gchar *bytes = g_bytes_get_data (chunk, &n);

  if (!in->bad && !objects_push (&in->objects, bytes, n, on_object, in))
    in->bad = TRUE;
  if (in->bad)
    soup_server_message_set_status (msg, SOUP_STATUS_BAD_REQUEST, NULL);
}

static gboolean
is_near (SoupServerMessage *msg)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (msg);

  return G_IS_INET_SOCKET_ADDRESS (remote)
      && g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
}

/* Before the body.  Only PUT: a page of somebody else's cannot make a browser send that unasked. */
static void
on_captions_head (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  Intake *in;

  if (strcmp (soup_server_message_get_method (msg), "PUT")) {
    soup_server_message_set_status (msg, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
    return;
  }
  if (!is_near (msg) || !g_str_has_prefix (path, CAPTIONS)) {
    soup_server_message_set_status (msg, SOUP_STATUS_FORBIDDEN, NULL);
    return;
  }
  in = g_new0 (Intake, 1);
  in->hub = data;
  in->stream = g_strdup (path + strlen (CAPTIONS));
  objects_init (&in->objects);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (msg), FALSE);
  g_signal_connect_data (msg, "got-chunk", G_CALLBACK (on_chunk), in, free_intake, 0);
}

static void
on_captions (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  if (soup_server_message_get_status (msg) == SOUP_STATUS_NONE)
    soup_server_message_set_status (msg, SOUP_STATUS_NO_CONTENT, NULL);
}

void
web_serve (SoupServer *server, Hub *hub, gboolean metrics)
{
  soup_server_add_handler (server, "/", on_page, NULL, NULL);
  soup_server_add_handler (server, "/events", on_events, hub, NULL);
  soup_server_add_early_handler (server, "/captions", on_captions_head, hub, NULL);
  soup_server_add_handler (server, "/captions", on_captions, NULL, NULL);
  if (metrics)
    soup_server_add_handler (server, "/metrics", on_metrics, NULL, NULL);
}
