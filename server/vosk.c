/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client is refused when there are too many, and closed when more sound waits than max_backlog, when it does not read its
 * answers, sends what is no message of the protocol, or nothing.  Clients that wait for each answer, as Vosk's do, never
 * meet the first. */
#include "vosk.h"
#include <string.h>
#include "config.h"
#include "metrics.h"
#include "recognizer.h"

#define MAX_MESSAGE (1 << 20)   /* bytes */
#define MICROSECONDS 1000000
#define UNREAD 10               /* s that a client may not read */

struct _Vosk {
  Hub *hub;
  const VoskConfig *config;
  GPtrArray *clients;
  guint n_named;
};

typedef struct {
  Vosk *vosk;
  SoupWebsocketConnection *ws;
  gchar *address, *name;
  ClientConfig config;
  Recognizer *recognizer;       /* since the first sound */
  gboolean ended;
  guint idle;
  gint64 unread;                /* since when it could not be written to; 0: it can */
} Client;

static void
free_client (gpointer data)
{
  Client *c = data;

  g_signal_handlers_disconnect_by_data (c->ws, c);
  if (c->idle)
    g_source_remove (c->idle);
  recognizer_free (c->recognizer);
  client_config_clear (&c->config);
  g_object_unref (c->ws);
  g_free (c->address);
  g_free (c->name);
  g_free (c);
  metrics_add (METRIC_CLIENTS, -1);
}

static void
say_goodbye (Client *c, gushort code, const gchar *reason)
{
  c->ended = TRUE;
  if (soup_websocket_connection_get_state (c->ws) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (c->ws, code, reason);
}

static void
drop (Client *c, gushort code, const gchar *reason)
{
  metrics_add (METRIC_DROPPED, 1);
  say_goodbye (c, code, reason);
}

/* ---- answers ---- */

static gboolean
reads (Client *c)
{
  GOutputStream *out = g_io_stream_get_output_stream (soup_websocket_connection_get_io_stream (c->ws));
  gint64 now = g_get_monotonic_time ();

  if (!G_IS_POLLABLE_OUTPUT_STREAM (out) || g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (out)))
    c->unread = 0;
  else if (!c->unread)
    c->unread = now;
  return !c->unread || now - c->unread < UNREAD * MICROSECONDS;
}

static void
show (Client *c, const gchar *json, gboolean final)
{
  json_t *answer = json_loads (json, 0, NULL), *result;
  json_t *text = json_object_get (answer, final ? "text" : "partial");

  result = json_pack ("{s:s, s:O?}", "type", final ? "final" : "partial", "text", text);
  hub_publish (c->vosk->hub, c->name, result);
  json_decref (result);
  json_decref (answer);
}

static void
on_answer (gchar *json, gboolean final, gboolean last, gint64 arrived, gpointer data)
{
  Client *c = data;

  if (soup_websocket_connection_get_state (c->ws) == SOUP_WEBSOCKET_STATE_OPEN && reads (c)) {
    soup_websocket_connection_send_text (c->ws, json);
    metrics_add_delay (g_get_monotonic_time () - arrived);
    metrics_add (METRIC_FINALS, final);
    if (c->vosk->config->show)
      show (c, json, final);
  } else if (!c->ended) {
    drop (c, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "answers are not read");
  }
  g_free (json);
  if (last)
    say_goodbye (c, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

/* ---- messages ---- */

static gboolean
on_idle (gpointer data)
{
  Client *c = data;

  c->idle = 0;
  drop (c, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "nothing was said for too long");
  return G_SOURCE_REMOVE;
}

static void
put_off_idle (Client *c)
{
  if (c->idle)
    g_source_remove (c->idle);
  c->idle = c->vosk->config->idle ? g_timeout_add_seconds (c->vosk->config->idle, on_idle, c) : 0;
}

static gboolean
start (Client *c)
{
  const VoskConfig *config = c->vosk->config;
  RecognizerConfig r = { config->model, &config->transcriber, c->config.rate, c->config.words, c->config.max_alternatives,
    c->config.hotwords };
  g_autoptr (GError) error = NULL;

  if (c->recognizer || (c->recognizer = recognizer_new (&r, on_answer, c, &error)))
    return TRUE;
  g_printerr ("%s: %s\n", c->address, error->message);
  drop (c, SOUP_WEBSOCKET_CLOSE_SERVER_ERROR, "there is no recogniser for this");
  return FALSE;
}

static void
take_sound (Client *c, GBytes *sound)
{
  if (!start (c))
    return;
  metrics_add (METRIC_MESSAGES, 1);
  if (recognizer_get_backlog (c->recognizer) > (gint64) c->vosk->config->max_backlog * MICROSECONDS)
    drop (c, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "sound comes faster than it can be transcribed");
  else
    recognizer_push (c->recognizer, sound);
}

static void
take_text (Client *c, GBytes *text)
{
  gsize n;
  const gchar *bytes = g_bytes_get_data (text, &n);
  g_autofree gchar *reason = NULL;
  gboolean eof = FALSE;

  if (!client_config_read (&c->config, bytes, n, &eof, &reason)) {
    drop (c, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, reason);
  } else if (eof && start (c)) {
    c->ended = TRUE;
    recognizer_finish (c->recognizer);
  }
}

static void
on_message (SoupWebsocketConnection *ws, gint type, GBytes *message, Client *c)
{
  if (c->ended)
    return;
  put_off_idle (c);
  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    take_sound (c, message);
  else
    take_text (c, message);
}

static void
on_closed (SoupWebsocketConnection *ws, Client *c)
{
  g_ptr_array_remove_fast (c->vosk->clients, c);
}

/* ---- connections ---- */

static gboolean
is_welcome (Vosk *v, const gchar *address)
{
  gint n = 0;

  for (guint i = 0; i < v->clients->len; i++)
    n += !strcmp (((Client *) v->clients->pdata[i])->address, address);
  return (gint) v->clients->len < v->config->max_clients && n < v->config->max_per_address;
}

static void
on_connection (SoupServer *server, SoupServerMessage *msg, const char *path, SoupWebsocketConnection *ws, gpointer data)
{
  Vosk *v = data;
  const gchar *address = soup_server_message_get_remote_host (msg);
  Client *c;

  if (!address) {               /* it has gone while it waited to be let in */
    soup_websocket_connection_close (ws, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
    return;
  }
  if (!is_welcome (v, address)) {
    metrics_add (METRIC_REFUSED, 1);
    soup_websocket_connection_close (ws, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "too many clients");
    return;
  }
  c = g_new0 (Client, 1);
  c->vosk = v;
  c->ws = g_object_ref (ws);
  c->address = g_strdup (address);
  c->name = g_strdup_printf ("client %u", ++v->n_named);
  client_config_init (&c->config, v->config->rate, v->config->phrase_boost);
  soup_websocket_connection_set_max_incoming_payload_size (ws, MAX_MESSAGE);
  g_signal_connect (ws, "message", G_CALLBACK (on_message), c);
  g_signal_connect (ws, "closed", G_CALLBACK (on_closed), c);
  g_ptr_array_add (v->clients, c);
  metrics_add (METRIC_CONNECTIONS, 1);
  metrics_add (METRIC_CLIENTS, 1);
  put_off_idle (c);
}

Vosk *
vosk_new (SoupServer *server, Hub *hub, const VoskConfig *config)
{
  Vosk *v = g_new0 (Vosk, 1);

  v->hub = hub;
  v->config = config;
  v->clients = g_ptr_array_new_with_free_func (free_client);
  /* Sound hardly gets smaller, and a small message must not become a large one. */
  soup_server_remove_websocket_extension (server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_websocket_handler (server, "/", NULL, NULL, on_connection, v, NULL);
  return v;
}

void
vosk_free (Vosk *v)
{
  g_ptr_array_unref (v->clients);
  g_free (v);
}
