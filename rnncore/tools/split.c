/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore split: text without marks into sentences, by a model that reads bytes and says of each whether something ends behind it
 * (nnsplit, Minixhofer 2020).  A step of the model is some bytes, and its answer two logits for each: of a sentence's end, of a word's.
 *
 * A line is read in windows of WINDOW bytes that begin STRIDE apart, between PAD bytes of 0; what they say of a byte is averaged. */
#include "tool.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "model/model.h"
#include "sequence.h"

#define WINDOW 500
#define STRIDE 90
#define PAD 5
#define MAX_LINE (1 << 20)

enum { SENTENCE, WORD, LEVELS };

typedef struct {
  RnnModel *model;
  gint bytes;                   /* of a step */
  gint level;
  gdouble threshold;
} Splitter;

static gboolean
check (Splitter *s, GError **error)
{
  s->bytes = rnn_model_get_n_in (s->model);
  if (rnn_model_get_n_out (s->model) == LEVELS * s->bytes && s->bytes <= PAD)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it does not say of each byte whether a sentence and a word end",
      rnn_model_get_path (s->model));
  return FALSE;
}

/* Adds to sum[n] the probability that something ends behind each of n bytes, and 1 to counts[n]. */
static gboolean
hear_window (const Splitter *s, const guint8 *bytes, gsize n, gdouble *sum, guint *counts, GError **error)
{
  gint steps = (gint) (n + 2 * PAD + s->bytes - 1) / s->bytes;
  g_autofree gfloat *x = g_new0 (gfloat, steps * s->bytes);
  RnnTensorView view = rnn_tensor_view_f32 ("text", 2, (const gint[]) { steps, s->bytes }, x);
  g_auto (RnnToolSequence) answer = { 0 };

  for (gsize i = 0; i < n; i++)
    x[PAD + i] = bytes[i];
  if (!rnn_tool_sequence_run (s->model, &view, 0, "text", &answer, error))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    sum[i] += 1 / (1 + exp (-answer.y[(PAD + i) * LEVELS + (gsize) s->level]));
    counts[i]++;
  }
  return TRUE;
}

static gboolean
hear_line (const Splitter *s, const guint8 *bytes, gsize n, gdouble *sum, guint *counts, GError **error)
{
  for (gsize from = 0; from < n; from += STRIDE) {
    if (!hear_window (s, bytes + from, MIN (n - from, WINDOW), sum + from, counts + from, error))
      return FALSE;
    if (from + WINDOW >= n)
      break;
  }
  return TRUE;
}

static void
say (gchar *piece)
{
  g_strstrip (piece);
  if (*piece)
    puts (piece);
}

/* @line is taken apart. */
static gboolean
split_line (const Splitter *s, gchar *line, GError **error)
{
  gsize n = strlen (line), begin = 0;
  g_autofree gdouble *sum = g_new0 (gdouble, n + 1);
  g_autofree guint *counts = g_new0 (guint, n + 1);

  if (!hear_line (s, (const guint8 *) line, n, sum, counts, error))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    gboolean whole = i + 1 == n || ((guchar) line[i + 1] & 0xc0) != 0x80;       /* never within a character */
    g_autofree gchar *piece = NULL;

    if (i + 1 < n && !(whole && sum[i] > s->threshold * counts[i]))
      continue;
    piece = g_strndup (line + begin, i + 1 - begin);
    say (piece);
    begin = i + 1;
  }
  return TRUE;
}

static gboolean
split_lines (const Splitter *s, FILE *file, const gchar *path, GError **error)
{
  g_autofree gchar *line = g_malloc (MAX_LINE);

  while (fgets (line, MAX_LINE, file)) {
    if (!g_utf8_validate (line, -1, NULL)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: not UTF-8, or a line of more than 1 MB", path);
      return FALSE;
    }
    if (!split_line (s, g_strchomp (line), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  gboolean words = FALSE, ok;
  Splitter s = { .threshold = 0.8 };
  const GOptionEntry options[] = {
    { "threshold", 't', 0, G_OPTION_ARG_DOUBLE, &s.threshold, "How probable an end has to be (0.8)", "P" },
    { "words", 'w', 0, G_OPTION_ARG_NONE, &words, "Words instead of sentences", NULL },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  FILE *file;

  if (!rnn_tool_parse (&rnn_tool_split, options, &argc, &argv, 1, 2, error) || !(model = rnn_model_load (argv[1], error)))
    return FALSE;
  s.model = model;
  s.level = words ? WORD : SENTENCE;
  if (!check (&s, error))
    return FALSE;
  if (!(file = argc > 2 ? fopen (argv[2], "r") : stdin)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read", argv[2]);
    return FALSE;
  }
  ok = split_lines (&s, file, argc > 2 ? argv[2] : "standard input", error);
  if (file != stdin)
    fclose (file);
  return ok;
}

const RnnTool rnn_tool_split = { "split", "MODEL [FILE]", "Split text without marks into sentences, by a model of nnsplit's kind", run };
