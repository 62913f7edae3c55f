/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore-serve: captions over the network.
 *
 * A page with the captions of running pipelines (web.h), with --model a recogniser for Vosk's clients (vosk.h), and with --pen a page
 * to write on (draw.h). */
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdio.h>
#include "draw.h"
#include "metrics.h"
#include "vosk.h"
#include "web.h"

#define MAX_FLAGS 64
#define PARTIAL_INTERVAL 100    /* ms */

static gchar *listen_address = "127.0.0.1", *model_file, *pen_file;
static gint port = 2700, n_lines = 200;
static gboolean with_metrics;
static gdouble phrase_boost = 4;
static VoskConfig config = { .rate = 8000, .max_clients = 200, .max_backlog = 30, .idle = 300 };

static const GOptionEntry own[] = {
  {"listen", 'l', 0, G_OPTION_ARG_STRING, &listen_address, "Address to listen at (127.0.0.1; 0.0.0.0: all)", "ADDRESS"},
  {"port", 'p', 0, G_OPTION_ARG_INT, &port, "Port (2700); 0: any that is free", "PORT"},
  {"lines", 0, 0, G_OPTION_ARG_INT, &n_lines, "Lines that a browser gets which joins late (200)", "N"},
  {"metrics", 0, 0, G_OPTION_ARG_NONE, &with_metrics, "Numbers as OpenMetrics at /metrics", NULL},
  {"model", 'm', 0, G_OPTION_ARG_FILENAME, &model_file, "Model for WebSocket clients; none: there is only the page", "FILE"},
  {"pen", 0, 0, G_OPTION_ARG_FILENAME, &pen_file, "Model that reads what is drawn on the page /draw; none: there is no such page", "FILE"},
  {"sample-rate", 0, 0, G_OPTION_ARG_INT, &config.rate, "Of clients that do not say (8000, as Vosk's server)", "HZ"},
  {"max-clients", 0, 0, G_OPTION_ARG_INT, &config.max_clients, "Clients at a time (200)", "N"},
  {"max-per-address", 0, 0, G_OPTION_ARG_INT, &config.max_per_address, "Clients of one address (as many)", "N"},
  {"max-backlog", 0, 0, G_OPTION_ARG_INT, &config.max_backlog, "Sound that may wait, of a client (30)", "SECONDS"},
  {"idle", 0, 0, G_OPTION_ARG_INT, &config.idle, "Clients that send nothing for so long are closed (300; 0: never)", "SECONDS"},
  {"phrase-boost", 0, 0, G_OPTION_ARG_DOUBLE, &phrase_boost, "Of the words of a client's phrase_list (4)", "B"},
  {"show", 0, 0, G_OPTION_ARG_NONE, &config.show, "What clients say is on the page, too", NULL},
  {NULL}
};

static RnnTranscriber *first;   /* hears nothing */

/* Rows of RnnTranscriberConfig as flags */
static gchar *values[MAX_FLAGS];

static GOptionEntry *
transcriber_flags (void)
{
  const RnnOption *rows = rnn_transcriber_get_options ();
  GOptionEntry *flags = g_new0 (GOptionEntry, MAX_FLAGS);

  for (guint i = 0; rows[i].name && i + 1 < MAX_FLAGS; i++)
    flags[i] = (GOptionEntry) { g_strdelimit (g_strdup (rows[i].name), "_", '-'), 0, 0, G_OPTION_ARG_STRING, &values[i],
      rows[i].blurb, "X" };
  return flags;
}

static gboolean
parse (gint *argc, gchar ***argv, GError **error)
{
  GOptionContext *context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new ("transcriber", "How WebSocket clients are transcribed", "Show options of the transcriber",
      NULL, NULL);
  gboolean ok;

  g_option_context_set_summary (context, "Serves live captions: a page for browsers, and Vosk's protocol over WebSocket.");
  g_option_context_add_main_entries (context, own, NULL);
  g_option_group_add_entries (group, transcriber_flags ());     /* for as long as the process lasts */
  g_option_context_add_group (context, group);
  ok = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  if (ok && (*argc > 1 || port < 0 || port > 65535 || n_lines < 0 || config.max_clients < 0 || config.max_backlog < 1
          || config.idle < 0 || config.rate < 4000)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, *argc > 1 ? "%s: there are only options" : "a number is out of range",
        (*argv)[1]);
    ok = FALSE;
  }
  return ok;
}

static void
warn (void)
{
  if (first && rnn_transcriber_get_left_out (first))
    g_printerr ("rnncore-serve: hotwords that cannot be said are left out: %s\n", rnn_transcriber_get_left_out (first));
  if (first && rnn_transcriber_get_foreign (first))
    g_printerr ("rnncore-serve: the language model seems to be %s, but the model is English\n", rnn_transcriber_get_foreign (first));
}

static gboolean
configure (GError **error)
{
  const RnnOption *rows = rnn_transcriber_get_options ();

  rnn_options_init (rows, &config.transcriber);
  config.transcriber.utterance.caption.output_mode = RNN_CAPTION_WORDS;
  config.transcriber.utterance.partial_interval = PARTIAL_INTERVAL;
  config.transcriber.batch_group = g_strdup ("serve");
  config.phrase_boost = (gfloat) phrase_boost;
  if (config.max_per_address < 1)
    config.max_per_address = config.max_clients;
  for (guint i = 0; rows[i].name; i++)
    if (values[i] && !rnn_options_set (rows, &config.transcriber, rows[i].name, values[i], "--", error))
      return FALSE;
  if (!model_file)
    return TRUE;
  /* What fails for one fails for all, so it fails now; and what all share is there as long as the first one is. */
  if ((config.model = rnn_model_load (model_file, error)))
    first = rnn_transcriber_new (config.model, &config.transcriber, error);
  warn ();
  return first != NULL;
}

static gboolean
listen_at (SoupServer *server, GError **error)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (listen_address);
  g_autoptr (GSocketAddress) address = NULL;
  GSList *uris;

  if (!inet) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is no address such as 127.0.0.1 or ::1", listen_address);
    return FALSE;
  }
  address = g_inet_socket_address_new (inet, (guint16) port);
  if (!soup_server_listen (server, address, 0, error))
    return FALSE;
  uris = soup_server_get_uris (server);
  for (GSList *l = uris; l; l = l->next) {
    g_autofree gchar *uri = g_uri_to_string (l->data);

    g_print ("rnncore-serve: captions at %s%s%s\n", uri, model_file ? ", Vosk's protocol there, too" : "",
        pen_file ? "; draw at /draw" : "");
  }
  fflush (stdout);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  return TRUE;
}

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
serve (GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SoupServer) server = soup_server_new ("server-header", "gst-rnn ", NULL);
  Hub *hub = hub_new ((guint) n_lines);
  Vosk *vosk = config.model ? vosk_new (server, hub, &config) : NULL;
  Draw *draw = pen_file ? draw_new (server, pen_file, error) : NULL;
  gboolean ok;

  web_serve (server, hub, with_metrics);
  g_unix_signal_add (SIGINT, on_signal, loop);
  g_unix_signal_add (SIGTERM, on_signal, loop);
  if ((ok = (!pen_file || draw) && listen_at (server, error)))
    g_main_loop_run (loop);
  soup_server_disconnect (server);
  g_clear_pointer (&vosk, vosk_free);
  g_clear_object (&server);
  g_clear_pointer (&draw, draw_free);
  hub_free (hub);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gint status = 0;

  gst_init (NULL, NULL);
  if (!parse (&argc, &argv, &error) || !configure (&error) || !serve (&error)) {
    g_printerr ("rnncore-serve: %s\n", error->message);
    status = error->domain == G_OPTION_ERROR ? 2 : 1;
  }
  rnn_options_clear (rnn_transcriber_get_options (), &config.transcriber);
  g_clear_pointer (&first, rnn_transcriber_free);
  g_clear_pointer (&config.model, rnn_model_unref);
  return status;
}
