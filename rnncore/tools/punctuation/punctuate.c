/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore punctuate TEXT: lines of words get full stops, commas, question marks and capitals, as a stream of captions gets them; or
 * with --test, texts that have them tell how often the tagger is right. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "speech/punctuator.h"
#include "texts.h"
#include "tools/tool.h"

/* ---- writing ---- */

static void
print_words (RnnPunctuator *p, guint *n)
{
  const RnnCtcWord *word;

  while ((word = rnn_punctuator_next (p)))
    printf ("%s%s", (*n)++ ? " " : "", word->text);
}

static void
print_line (RnnPunctuator *p, RnnSpeller *speller, const gchar *line, gsize n)
{
  g_autofree gchar *spoken = rnn_speller_speak (speller, line, (gssize) n, FALSE);
  g_auto (GStrv) words = g_strsplit (spoken, " ", -1);
  guint printed = 0;

  for (guint i = 0; words[i]; i++) {
    RnnCtcWord word = {.text = words[i] };

    if (*words[i])
      rnn_punctuator_push (p, &word);
    print_words (p, &printed);
  }
  rnn_punctuator_finish (p);
  print_words (p, &printed);
  putchar ('\n');
}

static gboolean
write_file (RnnPunctuator *p, const gchar *path, GError **error)
{
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);
  FILE *in = g_str_equal (path, "-") ? stdin : fopen (path, "r");
  g_autofree gchar *line = NULL;
  size_t size = 0;
  ssize_t n;

  if (!in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  while ((n = getline (&line, &size, in)) >= 0)
    print_line (p, speller, line, (gsize) n);
  if (in != stdin)
    fclose (in);
  return TRUE;
}

/* ---- measuring ---- */

typedef struct {
  guint64 right, written, wanted;
} Count;

typedef struct {
  Count marks[RNN_N_MARKS], capitals;
  guint64 n;                    /* words */
} Score;

static void
count (Count *c, gboolean wanted, gboolean written)
{
  c->wanted += wanted;
  c->written += written;
  c->right += wanted && written;
}

static void
score_word (Score *s, const RnnMarkedWord *wanted, const gchar *written)
{
  static const gchar signs[] = "?.,?";
  gchar last = written[strlen (written) - 1];

  s->n++;
  for (gint m = RNN_MARK_PERIOD; wanted->mark != RNN_MARK_UNKNOWN && m < RNN_N_MARKS; m++)
    count (&s->marks[m], wanted->mark == m, last == signs[m]);
  if (wanted->capital != RNN_MARK_UNKNOWN)
    count (&s->capitals, wanted->capital, g_unichar_isupper (g_utf8_get_char (written)));
}

static void
score_text (Score *s, RnnPunctuator *p, const RnnMarks *marks)
{
  guint n = rnn_marks_get_n (marks), at = 0;
  const RnnCtcWord *written;

  rnn_punctuator_reset (p);
  for (guint i = 0; i < n; i++) {
    RnnCtcWord word = {.text = (gchar *) rnn_marks_get_word (marks, i) };

    rnn_punctuator_push (p, &word);
    if (i + 1 == n)
      rnn_punctuator_finish (p);
    while ((written = rnn_punctuator_next (p)))
      score_word (s, rnn_marks_get (marks, at++), written->text);
  }
}

static void
print_count (const gchar *what, const Count *c)
{
  gdouble precision = c->written ? (gdouble) c->right / c->written : 0, recall = c->wanted ? (gdouble) c->right / c->wanted : 0;

  g_print ("%-15s F1 %.3f  precision %.3f  recall %.3f  (%" G_GUINT64_FORMAT ")\n", what,
      c->right ? 2 * precision * recall / (precision + recall) : 0, precision, recall, c->wanted);
}

static gboolean
test_file (RnnPunctuator *p, const gchar *path, GError **error)
{
  Score s = { 0 };
  RnnMarks marks;
  gboolean good;

  rnn_marks_init (&marks);
  good = rnn_marked_text_load (&marks, path, error);
  if (good) {
    score_text (&s, p, &marks);
    g_print ("%s: %" G_GUINT64_FORMAT " words\n", path, s.n);
    print_count ("full stops", &s.marks[RNN_MARK_PERIOD]);
    print_count ("commas", &s.marks[RNN_MARK_COMMA]);
    print_count ("question marks", &s.marks[RNN_MARK_QUESTION]);
    print_count ("capitals", &s.capitals);
  }
  rnn_marks_clear (&marks);
  return good;
}

/* ---- the command line ---- */

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *path = NULL;
  gboolean test = FALSE, good;
  const GOptionEntry options[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &path, "The tagger", "FILE" },
    { "test", 0, 0, G_OPTION_ARG_NONE, &test, "The texts have what is to be written: precision, recall and F1 of each", NULL },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  RnnPunctuator *p;

  if (!rnn_tool_parse (&rnn_tool_punctuate, options, &argc, &argv, 1, G_MAXINT, error))
    return FALSE;
  if (!path) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "which model? --model FILE");
    return FALSE;
  }
  if (!(model = rnn_model_load (path, error)) || !(p = rnn_punctuator_new (model, error)))
    return FALSE;
  good = TRUE;
  for (gint i = 1; good && i < argc; i++)
    good = (test ? test_file : write_file) (p, argv[i], error);
  rnn_punctuator_free (p);
  return good;
}

const RnnTool rnn_tool_punctuate = { "punctuate", "TEXT...|- --model MODEL",
  "Write full stops, commas, question marks and capitals into lines of words", run };
