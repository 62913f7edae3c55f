/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore g2p: how words are said, by an encoder-decoder of letters and phones. */
#include "tool.h"
#include "base/error.h"
#include "session/translate.h"
#include <stdio.h>
#include <string.h>

typedef struct {
  RnnTranslator *translator;
  gboolean dictionary;          /* the word before what it sounds like, as dictionaries have it */
  guint refused;
} Speaking;

/* A word with characters that the model does not know is told of and left out. */
static void
say (Speaking *s, const gchar *given)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *word = g_utf8_strdown (given, -1);
  g_autofree gchar *said = *word ? rnn_translator_translate (s->translator, word, " ", &error) : NULL;

  if (said)
    g_print ("%s%s%s\n", s->dictionary ? word : "", s->dictionary ? " " : "", said);
  else if (*word) {
    g_printerr ("rnncore g2p: %s: %s\n", word, error->message);
    s->refused++;
  }
}

static void
say_lines (Speaking *s)
{
  gchar line[4096];

  while (fgets (line, sizeof (line), stdin))
    if (g_utf8_validate (g_strstrip (line), -1, NULL))
      say (s, line);
    else
      s->refused++;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  gint beam = 4;
  Speaking s = { NULL };
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnTranslator) translator = NULL;
  const GOptionEntry options[] = {
    { "beam", 'b', 0, G_OPTION_ARG_INT, &beam, "Readings followed at once (4)", "N" },
    { "dictionary", 'd', 0, G_OPTION_ARG_NONE, &s.dictionary, "Each line begins with its word: a dictionary for hotwords and lexica", NULL },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_g2p, options, &argc, &argv, 1, 1 << 20, error)
      || !(model = rnn_model_load (argv[1], error))
      || !(translator = rnn_translator_new (model, (guint) MAX (beam, 0), 0, error)))
    return FALSE;
  s.translator = translator;
  for (gint i = 2; i < argc; i++)
    say (&s, argv[i]);
  if (argc == 2)
    say_lines (&s);
  if (s.refused)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%u words could not be said", s.refused);
  return !s.refused;
}

const RnnTool rnn_tool_g2p = { "g2p", "MODEL [WORD...]", "Say how words are said (without words: one a line of standard input)", run };
