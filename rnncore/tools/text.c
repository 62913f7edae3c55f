/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore text: what a model learns of texts.  Prints the spoken form of every line; of a line with tabs, as manifests have
 * them, only the last column is a text.  What has no spelling is listed on standard error, once per character. */
#include "tool.h"
#include "base/error.h"
#include "spell.h"
#include "text/fold.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Letters of English, an apostrophe and a space: what is meant without a model. */
static RnnTokens *
plain_tokens (void)
{
  static const gchar *const names[] = { "<blank>", " ", "'", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
    "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", NULL
  };

  return rnn_tokens_new (names, 0, NULL);
}

static void
print_line (RnnSpeller *speller, const gchar *line, gsize n)
{
  const gchar *tab = memrchr (line, '\t', n), *text = tab ? tab + 1 : line;
  gsize length = n - (gsize) (text - line);
  g_autofree gchar *spoken = rnn_speller_speak (speller, text, (gssize) length, FALSE);
  g_autofree gchar *spelled = rnn_speller_spell (speller, text, (gssize) length, FALSE, NULL, NULL);

  fwrite (line, 1, (gsize) (text - line), stdout);
  puts (spoken);
}

static void
print_unspelled (RnnSpeller *speller)
{
  const GPtrArray *unspelled = rnn_speller_get_unspelled (speller);

  for (guint i = 0; i < unspelled->len; i++) {
    const RnnUnspelled *u = unspelled->pdata[i];
    g_autofree gchar *character = rnn_text_escape (u->character), *example = rnn_text_escape (u->example);

    g_printerr ("no token for \"%s\" (U+%04X) in %" G_GUINT64_FORMAT " texts, as in \"%s\"\n", character,
        g_utf8_get_char (u->character), u->count, example);
  }
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnTokens) plain = plain_tokens ();
  g_autoptr (RnnSpeller) speller = NULL;
  g_autofree gchar *model = NULL, *rules = NULL, *line = NULL;
  const GOptionEntry options[] = {
    RNN_SPELL_OPTIONS (&model, &rules),
    { NULL }
  };
  size_t size = 0;
  ssize_t n;
  FILE *in;

  if (!rnn_tool_parse (&rnn_tool_text, options, &argc, &argv, 1, 1, error)
      || !(speller = rnn_spell_new (model, plain, rules, error)))
    return FALSE;
  in = g_str_equal (argv[1], "-") ? stdin : fopen (argv[1], "r");
  if (!in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", argv[1], g_strerror (errno));
    return FALSE;
  }
  while ((n = getline (&line, &size, in)) >= 0) {
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
      n--;
    print_line (speller, line, (gsize) n);
  }
  if (in != stdin)
    fclose (in);
  print_unspelled (speller);
  return TRUE;
}

const RnnTool rnn_tool_text = { "text", "FILE|-", "The spoken form of texts, as a model learns it", run };
