/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore read: pictures of lines of text -> their text, a line each, by a line recogniser such as Tesseract's.  The best token of each step
 * counts, repetitions and blanks do not; tokens in a row that spell a character together are that character. */
#include "tool.h"
#include <stdio.h>
#include "base/error.h"
#include "features/line.h"
#include "model/model.h"
#include "picture.h"
#include "sequence.h"

/* The model's steps of a picture's columns [n][height]. */
static gboolean
run_columns (RnnModel *model, const gfloat *columns, guint n, const gchar *path, RnnToolSequence *answer, GError **error)
{
  g_autoptr (RnnInputStream) stream = rnn_input_stream_new (rnn_model_get_input (model), rnn_model_get_input_mean (model),
      rnn_model_get_input_std (model), error);
  gint n_in = rnn_model_get_n_in (model), steps;
  g_autofree gfloat *x = NULL;

  if (!stream)
    return FALSE;
  x = g_new (gfloat, (gsize) rnn_input_stream_max_steps (stream, n) * (gsize) n_in + 1);
  steps = (gint) rnn_input_stream_push (stream, columns, n, x);
  if (steps == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: narrower than one step of the model", path);
    return FALSE;
  }
  return rnn_tool_sequence_run_from (model, steps, x, 0, NULL, 0, answer, error);
}

static gchar *
decode (RnnModel *model, const RnnToolSequence *answer)
{
  RnnTokens *tokens = rnn_model_get_output (model)->tokens;
  gint n = rnn_tokens_get_n (tokens), blank = rnn_tokens_get_blank (tokens), before = blank, n_ids = 0;
  g_autofree gint *ids = g_new (gint, answer->T);

  for (gint t = 0; t < answer->T; t++) {
    const gfloat *y = answer->y + (gsize) t * (gsize) n;
    gint best = 0;

    for (gint i = 1; i < n; i++)
      best = y[i] > y[best] ? i : best;
    if (best != before && best != blank)
      ids[n_ids++] = best;
    before = best;
  }
  return rnn_tokens_decode (tokens, ids, n_ids);
}

static gboolean
read_picture (RnnModel *model, const gchar *path, GError **error)
{
  g_auto (RnnToolPicture) picture = { 0 };
  g_auto (RnnToolSequence) answer = { 0 };
  g_autofree gfloat *columns = NULL;
  g_autofree gchar *text = NULL;
  guint n;

  if (!rnn_tool_picture_load (path, &picture, error))
    return FALSE;
  columns = rnn_line_columns (picture.pixels, (gsize) picture.width, picture.width, picture.height, rnn_model_get_input (model)->channels, &n, error);
  if (!columns)
    g_prefix_error (error, "%s: ", path);
  if (!columns || !run_columns (model, columns, n, path, &answer, error))
    return FALSE;
  text = decode (model, &answer);
  puts (g_strstrip (text));
  return TRUE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnModel) model = NULL;

  if (!rnn_tool_parse (&rnn_tool_read, NULL, &argc, &argv, 2, G_MAXINT, error) || !(model = rnn_model_load (argv[1], error)))
    return FALSE;
  if (!g_str_equal (rnn_model_get_input (model)->klass->name, "line") || !rnn_model_get_output (model)->tokens) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it does not read lines of text (its \"input\" would be \"line\", its output CTC's "
        "tokens)", argv[1]);
    return FALSE;
  }
  for (gint i = 2; i < argc; i++)
    if (!read_picture (model, argv[i], error))
      return FALSE;
  return TRUE;
}

const RnnTool rnn_tool_read = { "read", "MODEL PICTURE...", "Read pictures of lines of text (PNG, PGM), e.g. by Tesseract's eng.traineddata", run };
