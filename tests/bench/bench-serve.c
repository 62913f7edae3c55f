/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live clients of rnncore-serve on the loopback: each sends a message of 200 ms of sound when its last sample would have been spoken, spread
 * evenly in time, and waits for nothing.  Prints one JSON object: how long answers took, in ms.
 *
 *   rnncore-serve --model MODEL --precision int8 --metrics &
 *   bench-serve ws://127.0.0.1:2700 RAW [--clients N] [--seconds S]      RAW: 16 bit mono, 16 kHz */
#include <libsoup/soup.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE 16000
#define MESSAGE 200             /* ms */
#define BYTES (RATE * MESSAGE / 1000 * 2)

static gint n_clients = 200, seconds = 20;
static const GOptionEntry entries[] = {
  {"clients", 'n', 0, G_OPTION_ARG_INT, &n_clients, "how many", "N"},
  {"seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "of sound for each", "S"},
  {NULL}
};

typedef struct {
  SoupWebsocketConnection *ws;
  GQueue sent;                  /* when messages were that have no answer yet: gint64 */
  gint64 due;                   /* of the next message */
  gsize at;                     /* in the sound */
  gint left;                    /* messages */
} Client;

static GMainLoop *loop;
static gchar *sound;
static gsize n_sound;
static GArray *delays;          /* gdouble, ms */
static gint n_open, n_failed, n_words;
static gint64 longest_lag;      /* of this program behind its own clock */

static void
leave (void)
{
  if (--n_open == 0)
    g_main_loop_quit (loop);
}

static void
on_message (SoupWebsocketConnection *ws, gint type, GBytes *message, Client *c)
{
  gint64 *sent = g_queue_pop_head (&c->sent);
  gdouble delay = sent ? (g_get_monotonic_time () - *sent) / 1000. : 0;
  gsize n;
  const gchar *text = g_bytes_get_data (message, &n);

  if (sent)
    g_array_append_val (delays, delay);
  n_words += g_strstr_len (text, (gssize) n, "\"text\"") != NULL;
  g_free (sent);
}

static void
on_closed (SoupWebsocketConnection *ws, Client *c)
{
  n_failed += soup_websocket_connection_get_close_code (ws) != SOUP_WEBSOCKET_CLOSE_NORMAL;
  leave ();
}

static gboolean
on_tick (gpointer data)
{
  Client *c = data;
  gint64 now = g_get_monotonic_time ();

  if (soup_websocket_connection_get_state (c->ws) != SOUP_WEBSOCKET_STATE_OPEN)
    return G_SOURCE_REMOVE;
  longest_lag = MAX (longest_lag, now - c->due);
  for (; c->left > 0 && c->due <= now; c->left--, c->due += MESSAGE * 1000) {
    g_queue_push_tail (&c->sent, g_memdup2 (&now, sizeof now));
    soup_websocket_connection_send_binary (c->ws, sound + c->at, BYTES);
    c->at = c->at + 2 * BYTES > n_sound ? 0 : c->at + BYTES;
  }
  if (c->left > 0) {
    g_timeout_add (MAX (0, c->due - now) / 1000, on_tick, c);
    return G_SOURCE_REMOVE;
  }
  g_queue_push_tail (&c->sent, g_memdup2 (&now, sizeof now));
  soup_websocket_connection_send_text (c->ws, "{\"eof\" : 1}");
  return G_SOURCE_REMOVE;
}

static void
on_connected (GObject *session, GAsyncResult *result, gpointer data)
{
  Client *c = data;
  g_autoptr (GError) error = NULL;

  c->ws = soup_session_websocket_connect_finish (SOUP_SESSION (session), result, &error);
  if (!c->ws) {
    fprintf (stderr, "%s\n", error->message);
    n_failed++;
    leave ();
    return;
  }
  g_signal_connect (c->ws, "message", G_CALLBACK (on_message), c);
  g_signal_connect (c->ws, "closed", G_CALLBACK (on_closed), c);
  soup_websocket_connection_send_text (c->ws, "{\"config\": {\"sample_rate\": 16000}}");
  c->due = g_get_monotonic_time () + MESSAGE * 1000;
  g_timeout_add (MESSAGE, on_tick, c);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const gdouble *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

static gdouble
percentile (gdouble p)
{
  return delays->len ? g_array_index (delays, gdouble, (guint) (p * (delays->len - 1))) : 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("WS-URI RAW");
  g_autoptr (GError) error = NULL;
  g_autoptr (SoupSession) session = NULL;
  json_t *result;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 3 || n_clients < 1
      || !g_file_get_contents (argv[2], &sound, &n_sound, &error) || n_sound < BYTES) {
    fprintf (stderr, "%s\n", error ? error->message : "usage: bench-serve WS-URI RAW [OPTION...]");
    return 2;
  }
  loop = g_main_loop_new (NULL, FALSE);
  delays = g_array_new (FALSE, FALSE, sizeof (gdouble));
  session = soup_session_new_with_options ("max-conns", n_clients + 1, "max-conns-per-host", n_clients + 1, NULL);
  for (gint i = 0; i < n_clients; i++) {
    Client *c = g_new0 (Client, 1);     /* for as long as the process lasts */
    g_autoptr (SoupMessage) msg = soup_message_new ("GET", argv[1]);

    c->left = seconds * 1000 / MESSAGE;
    c->at = (gsize) i * BYTES % (n_sound - n_sound % BYTES);
    n_open++;
    soup_session_websocket_connect_async (session, msg, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_connected, c);
    for (gint64 until = g_get_monotonic_time () + MESSAGE * 1000 / n_clients; g_get_monotonic_time () < until;)
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (200);
  }
  g_main_loop_run (loop);
  g_array_sort (delays, compare);
  result = json_pack ("{s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "clients", n_clients, "seconds", seconds, "failed", n_failed,
      "answers", (int) delays->len, "finals", n_words, "ms_p50", percentile (.5), "ms_p95", percentile (.95), "ms_p99", percentile (.99),
      "ms_longest", percentile (1), "ms_own_lag", longest_lag / 1000.);
  json_dumpf (result, stdout, JSON_REAL_PRECISION (4));
  putchar ('\n');
  return n_failed > 0;
}
