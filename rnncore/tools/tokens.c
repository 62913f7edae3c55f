/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore tokens: a table of tokens made from texts, as they are spoken: a JSON list for a recipe's "tokens".  Of a line with
 * tabs, as manifests have them, only the last column is a text. */
#include "tool.h"
#include "base/error.h"
#include "base/file.h"
#include "spell.h"
#include "text/fold.h"
#include "text/pieces.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE 65536          /* what a recipe takes */

static const gchar *const kinds[] = { "bpe", "characters", NULL };
static const gchar *const cases[] = { "any", "lower", "upper", NULL };

/* Where @name is in @names, or -1 and an error. */
static gint
find_name (const gchar *option, const gchar *const *names, const gchar *name, GError **error)
{
  g_autofree gchar *known = g_strjoinv (", ", (gchar **) names);

  for (gint i = 0; names[i]; i++)
    if (g_str_equal (names[i], name))
      return i;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s must be one of %s", option, known);
  return -1;
}

static gboolean
add_file (RnnPieces *pieces, RnnSpeller *speller, RnnTextCase wanted, const gchar *path, GError **error)
{
  g_autofree gchar *line = NULL;
  size_t size = 0;
  ssize_t n;
  FILE *in = g_str_equal (path, "-") ? stdin : fopen (path, "r");

  if (!in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  while ((n = getline (&line, &size, in)) >= 0) {
    const gchar *tab = memrchr (line, '\t', (gsize) n), *text = tab ? tab + 1 : line;
    g_autofree gchar *spoken = rnn_speller_speak (speller, text, (gssize) (line + n - text), FALSE);
    g_autofree gchar *folded = rnn_text_fold_case (spoken, wanted);

    rnn_pieces_add (pieces, folded);
  }
  if (in != stdin)
    fclose (in);
  return TRUE;
}

static gboolean
write_tokens (gchar **tokens, const gchar *path, GError **error)
{
  json_t *list = json_array ();
  gchar *text;
  gboolean ok;

  for (guint i = 0; tokens[i]; i++)
    json_array_append_new (list, json_string (tokens[i]));
  text = json_dumps (list, JSON_INDENT (1));
  json_decref (list);
  ok = rnn_file_replace (path, text, strlen (text), error);
  free (text);
  if (ok)
    g_print ("%s: %u tokens\n", path, g_strv_length (tokens));
  return ok;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnPieces) pieces = rnn_pieces_new ();
  g_autoptr (RnnSpeller) speller = NULL;
  g_autofree gchar *kind_name = NULL, *case_name = NULL, *rules = NULL, *out = NULL;
  g_auto (GStrv) tokens = NULL;
  gint size = 0, kind, wanted;
  const GOptionEntry options[] = {
    { "size", 'n', 0, G_OPTION_ARG_INT, &size, "Tokens in all, the blank included", "N" },
    { "kind", 'k', 0, G_OPTION_ARG_STRING, &kind_name, "Pieces of words, or characters (bpe)", "bpe|characters" },
    { "case", 'c', 0, G_OPTION_ARG_STRING, &case_name, "Of letters (lower)", "lower|upper|any" },
    { "rules", 'r', 0, G_OPTION_ARG_STRING, &rules, "Rules to change, see rnncore info --text", "NAME=VALUE,..." },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "The file to write", "TOKENS.json" },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_tokens, options, &argc, &argv, 1, G_MAXINT, error)
      || (kind = find_name ("--kind", kinds, kind_name ? kind_name : "bpe", error)) < 0
      || (wanted = find_name ("--case", cases, case_name ? case_name : "lower", error)) < 0
      || !(speller = rnn_spell_new (NULL, NULL, rules, error)))
    return FALSE;
  if (!out || size < (kind == RNN_PIECES_BPE ? 3 : 0) || size > MAX_SIZE) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--out is needed, and --size from 3 to %d", MAX_SIZE);
    return FALSE;
  }
  for (gint i = 1; i < argc; i++)
    if (!add_file (pieces, speller, (RnnTextCase) wanted, argv[i], error))
      return FALSE;
  tokens = rnn_pieces_train (pieces, (RnnPiecesKind) kind, size ? (guint) size : MAX_SIZE, error);
  return tokens && write_tokens (tokens, out, error);
}

const RnnTool rnn_tool_tokens = { "tokens", "TEXT... --size N --out FILE", "A table of tokens made from texts", run };
