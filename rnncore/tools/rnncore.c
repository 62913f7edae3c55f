/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore SUB-COMMAND [ARGUMENTS].  Exit code: 0, 1 on failure, 2 when called wrongly. */
#include "tool.h"
#include "text/fold.h"
#include <stdio.h>
#include <string.h>

static const RnnTool *const tools[] = { &rnn_tool_info, &rnn_tool_transcribe, &rnn_tool_spot, &rnn_tool_vad, &rnn_tool_align, &rnn_tool_text, &rnn_tool_tokens, &rnn_tool_wer,
  &rnn_tool_calibrate, &rnn_tool_punctuate, &rnn_tool_train_punctuation,
  &rnn_tool_convert, &rnn_tool_quantize, &rnn_tool_generate, &rnn_tool_g2p,
  &rnn_tool_forecast, &rnn_tool_classify, &rnn_tool_forecast_eval, &rnn_tool_ngram, &rnn_tool_perplexity, &rnn_tool_bench, &rnn_tool_run, &rnn_tool_compare, &rnn_tool_split, &rnn_tool_read,
  &rnn_tool_plot };

gboolean
rnn_tool_parse (const RnnTool *tool, const GOptionEntry *options, gint *argc, gchar ***argv, gint min,
    gint max, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (tool->arguments);
  g_autofree gchar *name = g_strdup_printf ("rnncore %s", tool->name);

  g_set_prgname (name);
  g_option_context_set_summary (context, tool->summary);
  if (options)
    g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc - 1 >= min && *argc - 1 <= max)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "usage: %s %s", name, tool->arguments);
  return FALSE;
}

static const RnnTool *
find_tool (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    if (!strcmp (tools[i]->name, name))
      return tools[i];
  return NULL;
}

static void
print_help (void)
{
  g_print ("Usage: rnncore COMMAND [ARGUMENTS]\n\n");
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    g_print ("  %-13s %-37s %s\n", tools[i]->name, tools[i]->arguments, tools[i]->summary);
  g_print ("  %-13s %-37s %s\n", "help", "", "This list; more with: rnncore COMMAND --help");
}

/* UTF-8 whatever the locale, and nothing in it that steers a terminal, line ends and tabs apart: names and texts come
 * from files. */
static void
print (const gchar *text, FILE *file)
{
  const gchar *from = text;

  for (const gchar *p = text; *p; p = from) {
    g_autofree gchar *part = NULL;

    p += strcspn (p, "\n\t");
    part = g_strndup (from, p - from);
    if (*part) {
      g_autofree gchar *escaped = rnn_text_escape (part);

      fputs (escaped, file);
    }
    if (*p)
      putc (*p++, file);
    from = p;
  }
}

static void
print_out (const gchar *text)
{
  print (text, stdout);
}

static void
print_error (const gchar *text)
{
  fflush (stdout);
  print (text, stderr);
}

gint
main (gint argc, gchar **argv)
{
  const RnnTool *tool = argc > 1 ? find_tool (argv[1]) : NULL;
  g_autoptr (GError) error = NULL;

  g_set_print_handler (print_out);
  g_set_printerr_handler (print_error);
  if (argc > 1 && (!strcmp (argv[1], "help") || !strcmp (argv[1], "--help") || !strcmp (argv[1], "-h"))) {
    print_help ();
    return 0;
  }
  if (argc > 1 && !strcmp (argv[1], "--version")) {
    g_print ("rnncore %s\n", RNN_VERSION);
    return 0;
  }
  if (argc < 2) {
    g_printerr ("rnncore: a command is needed, as in rnncore info MODEL; rnncore help lists them\n");
    return 2;
  }
  if (!tool) {
    g_printerr ("rnncore: there is no command \"%s\"; rnncore help lists them\n", argv[1]);
    return 2;
  }
  if (tool->run (argc - 1, argv + 1, &error))
    return 0;
  g_printerr ("rnncore %s: %s\n", tool->name, error->message);
  return error->domain == G_OPTION_ERROR ? 2 : 1;
}
