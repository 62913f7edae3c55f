/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many live streams on one core: N times `appsrc ! rnntranscriber ! fakesink` in one pipeline, each fed a buffer of
 * 20 ms of speech (pocketsphinx-testdata) when its last sample would have been spoken, evenly spread in time.
 *
 * bench-streams MODEL [--streams N] [--seconds S] ... prints one JSON object.  Delays are those of the model's answers
 * at rnninfer's source pad, since the last sample that an answer needs was there; late is what comes after the
 * pipeline's declared latency.  With --without a bin of three `identity` stands in the place of rnntranscriber, for
 * what GStreamer itself takes; --compare 1,10,100 runs both in processes of their own and adds what each further
 * stream takes.  On a machine that is shared run it as `chrt -r 1 bench-streams ...`, or the delays are those of the
 * others. */
#include "streams.h"
#include <stdio.h>

static StreamsOptions o = { .n_streams = 100, .seconds = 20, .core = 0, .precision = "int8", .group = "bench",
  .deadline = 5 };
static gchar *compare;

static const GOptionEntry entries[] = {
  {"streams", 'n', 0, G_OPTION_ARG_INT, &o.n_streams, "how many", "N"},
  {"seconds", 's', 0, G_OPTION_ARG_INT, &o.seconds, "of sound for each", "S"},
  {"core", 0, 0, G_OPTION_ARG_INT, &o.core, "that all threads run on; -1: any", "K"},
  {"precision", 0, 0, G_OPTION_ARG_STRING, &o.precision, "f32 or int8", "P"},
  {"group", 0, 0, G_OPTION_ARG_STRING, &o.group, "batch-group; an empty one: none", "NAME"},
  {"deadline", 0, 0, G_OPTION_ARG_INT, &o.deadline, "batch-deadline", "MS"},
  {"together", 0, 0, G_OPTION_ARG_NONE, &o.together, "all buffers come at the same time", NULL},
  {"without", 0, 0, G_OPTION_ARG_NONE, &o.without, "GStreamer alone", NULL},
  {"compare", 0, 0, G_OPTION_ARG_STRING, &compare, "numbers of streams", "N,..."},
  {NULL}
};

/* The program itself in a process of its own, whose memory is that of these streams alone. */
static json_t *
run_apart (const gchar *self, const gchar *n, gboolean without)
{
  g_autofree gchar *seconds = g_strdup_printf ("%d", o.seconds), *core = g_strdup_printf ("%d", o.core);
  g_autofree gchar *deadline = g_strdup_printf ("%d", o.deadline), *output = NULL;
  const gchar *argv[] = { self, o.model, "--streams", n, "--seconds", seconds, "--core", core, "--precision",
    o.precision, "--group", o.group, "--deadline", deadline,
    without ? "--without" : o.together ? "--together" : NULL, NULL };

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, 0, NULL, NULL, &output, NULL, NULL, NULL))
    return NULL;
  return json_loads (output, 0, NULL);
}

static gdouble
rss_of (const json_t *run)
{
  return json_number_value (json_object_get (run, "rss_kb"));
}

/* Adds what each stream since @before (@n_before of them) has taken, ours and without us. */
static void
add_per_stream (json_t *run, gint n, gdouble rss, gdouble rss_without, gint n_before, const gdouble before[2])
{
  gdouble all = (rss - before[0]) / (n - n_before), without = (rss_without - before[1]) / (n - n_before);

  json_object_set_new (run, "kb_per_added_stream", json_real (all));
  json_object_set_new (run, "kb_per_added_stream_of_gstreamer", json_real (without));
  json_object_set_new (run, "kb_per_added_stream_of_ours", json_real (all - without));
}

static int
run_compare (const gchar *self)
{
  g_auto (GStrv) counts = g_strsplit (compare, ",", -1);
  gdouble before[2] = { 0, 0 };
  gint n_before = 0;

  for (guint i = 0; counts[i]; i++) {
    json_t *ours = run_apart (self, counts[i], FALSE), *without = run_apart (self, counts[i], TRUE);
    gint n = atoi (counts[i]);

    if (!ours || !without)
      return 1;
    if (n_before)
      add_per_stream (ours, n, rss_of (ours), rss_of (without), n_before, before);
    before[0] = rss_of (ours);
    before[1] = rss_of (without);
    n_before = n;
    json_dumpf (ours, stdout, JSON_REAL_PRECISION (4));
    putchar ('\n');
    fflush (stdout);
    json_decref (ours);
    json_decref (without);
  }
  return 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("MODEL");
  g_autoptr (GError) error = NULL;
  json_t *result;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2) {
    fprintf (stderr, "%s\n", error ? error->message : "usage: bench-streams MODEL [OPTION...]; --help");
    return 2;
  }
  o.model = argv[1];
  if (compare)
    return run_compare (argv[0]);
  result = streams_run (&o, &error);
  if (!result) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  json_dumpf (result, stdout, JSON_REAL_PRECISION (4));
  putchar ('\n');
  json_decref (result);
  return 0;
}
