/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* experiment NAME [OPTIONS] [FILE]: runs one of the experiments or applications.  Exit code: 0, 1 on failure, 2 when called wrongly. */
#include "experiment.h"
#include <string.h>

static const Experiment *const experiments[] = {
  &experiment_memory, &experiment_clipping, &experiment_truncation, &experiment_free_running,
  &experiment_hopfield, &experiment_mackey_glass, &experiment_characters, &experiment_chorales, &experiment_cost,
  &application_handwriting, &application_control, &application_g2p,
  &application_monitor, &application_nextframe, &application_translation, &application_written, &application_drawing, &application_sentences, &application_spelling,
};

static const Experiment *
find (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (experiments); i++)
    if (!strcmp (experiments[i]->name, name))
      return experiments[i];
  return NULL;
}

static void
print_list (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (experiments); i++)
    g_printerr ("  %-18s %-6s %s\n", experiments[i]->name, experiments[i]->needs_file ? "FILE" : "",
        experiments[i]->summary);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("NAME [FILE]");
  Setting s = {.threads = (gint) g_get_num_processors (),.seed = 1 };
  gdouble minutes = 0;
  const GOptionEntry options[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &s.out, "Where the tables go (here)", "DIRECTORY" },
    { "cells", 0, 0, G_OPTION_ARG_STRING, &s.only, "Only these cells", "NAME,..." },
    { "smoke", 0, 0, G_OPTION_ARG_NONE, &s.smoke, "Tiny sizes: only that it runs", NULL },
    { "threads", 0, 0, G_OPTION_ARG_INT, &s.threads, "Threads (one per processor)", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &s.seconds, "CPU time for one training of memory (no limit)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &s.seed, "Of data and weights (1)", "N" },
    { "minutes", 0, 0, G_OPTION_ARG_DOUBLE, &minutes, "CPU time for one training of an application (no limit)", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &s.json, "The last line is an application's result, one object", NULL },
    { "recipes", 0, 0, G_OPTION_ARG_FILENAME, &s.recipes, "Where an application's recipe is", "DIRECTORY" },
    { "save", 0, 0, G_OPTION_ARG_FILENAME, &s.save, "Where an application's models go", "DIRECTORY" },
    { "start", 0, 0, G_OPTION_ARG_FILENAME, &s.start, "Where models are that an application goes on with", "DIRECTORY" },
    { NULL }
  };
  const Experiment *experiment;
  gboolean ok;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  experiment = argc > 1 ? find (argv[1]) : NULL;
  if (!experiment || argc != 2 + experiment->needs_file) {
    print_list ();
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "usage: experiment NAME [OPTIONS] [FILE]");
    return FALSE;
  }
  if (!s.out)
    s.out = g_strdup (".");
  if (minutes > 0)
    s.seconds = 60 * minutes;
  s.file = g_strdup (argv[2]);
  ok = experiment->run (&s, error);
  g_free (s.out);
  g_free (s.file);
  g_free (s.only);
  g_free (s.recipes);
  g_free (s.save);
  g_free (s.start);
  return ok;
}

gint
main (gint argc, gchar **argv)
{
  g_autoptr (GError) error = NULL;

  if (run (argc, argv, &error))
    return 0;
  g_printerr ("experiment: %s\n", error->message);
  return error->domain == G_OPTION_ERROR ? 2 : 1;
}
