/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore generate: a language model goes on where a prompt ends.
 *
 * A language model is one that begins with an embedding and gives a score for every token that may follow.  Its tokens
 * are the labels of its recipe, or without labels bytes.  A model of strokes draws (strokes.c). */
#include "generate.h"
#include "tool.h"
#include "base/error.h"
#include "base/topk.h"
#include "model/language.h"
#include "model/root.h"
#include "session/session.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  RnnSession *session;
  const gchar *const *labels;   /* NULL: bytes */
  gint n;                       /* tokens */
  gfloat *scores;               /* [n], after the last token */
  gint *from;                   /* [n]: the tokens to choose from, at first all */
  gdouble *chances;             /* [n]: of those, in their order */
} Speaker;

static gboolean
check_settings (const RnnToolGenerate *s, GError **error)
{
  if (s->length >= 0 && s->top_k >= 0 && s->temperature >= 0 && s->temperature <= 1000 && s->top_p > 0 && s->top_p <= 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--length and --top-k must not be below 0, --temperature from 0 to 1000, --top-p above 0 to 1");
  return FALSE;
}

static gboolean
check (RnnModel *model, GError **error)
{
  RnnCell *root = rnn_model_get_root (model);
  const gchar *reason = NULL;

  if (!rnn_model_reads_tokens (model))
    reason = "no language model: it does not begin with an embedding of one token a step";
  else if (rnn_model_get_latency (model) > 0)
    reason = "it looks ahead, so it cannot tell what follows";
  else if (!rnn_model_get_tokens (model) && root->n_out > 256)
    reason = "it names no tokens, and they are too many to be bytes";
  if (reason)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %s", rnn_model_get_path (model), reason);
  return !reason;
}

/* The longest token that @text begins with, or -1; its bytes in @length. */
static gint
match (const Speaker *speaker, const gchar *text, gsize *length)
{
  gint best = -1;

  *length = 1;
  if (!speaker->labels)
    return (guchar) *text < speaker->n ? (guchar) *text : -1;
  for (gint i = 0; i < speaker->n; i++)
    if (*speaker->labels[i] && g_str_has_prefix (text, speaker->labels[i])
        && (best < 0 || strlen (speaker->labels[i]) > *length)) {
      best = i;
      *length = strlen (speaker->labels[i]);
    }
  return best;
}

static void
hear (const Speaker *speaker, gint token)
{
  gfloat x = (gfloat) token;

  rnn_session_run (speaker->session, 1, &x, speaker->scores);
}

/* Without a prompt the model begins as after its token 0. */
static gboolean
hear_prompt (const Speaker *speaker, const gchar *prompt, GError **error)
{
  gsize length;

  if (!*prompt)
    hear (speaker, 0);
  for (const gchar *at = prompt; *at; at += length) {
    gint token = match (speaker, at, &length);

    if (token < 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "the model has no token for \"%.16s\"", at);
      return FALSE;
    }
    hear (speaker, token);
  }
  return TRUE;
}

/* Of the n tokens to choose from, best first: how many it takes until they are top_p of what all are. */
static gint
cut_rare (const Speaker *speaker, gint n, gdouble top_p)
{
  gdouble sum = 0, kept = 0;
  gint i = 0;

  for (gint k = 0; k < n; k++)
    sum += speaker->chances[k];
  while (i < n && kept < top_p * sum)
    kept += speaker->chances[i++];
  return MAX (i, 1);
}

static gint
draw (const Speaker *speaker, gint n, RnnRng *rng)
{
  gdouble sum = 0, drawn;

  for (gint i = 0; i < n; i++)
    sum += speaker->chances[i];
  drawn = rnn_rng_uniform (rng) * sum;
  for (gint i = 0; i < n; i++) {
    drawn -= speaker->chances[i];
    if (drawn < 0)
      return speaker->from[i];
  }
  return speaker->from[0];
}

/* The most probable token at temperature 0, else one of the best (top_k, 0: of all; of those the ones that are top_p of the
 * probability), drawn from softmax (scores / temperature). */
static gint
choose (const Speaker *speaker, const RnnToolGenerate *s, RnnRng *rng)
{
  const gfloat *scores = speaker->scores;
  gint n = s->top_k > 0 ? MIN (s->top_k, speaker->n) : speaker->n, best;

  rnn_top_k (speaker->n, scores, 1, &best);
  if (s->temperature == 0)
    return best;
  if (n < speaker->n || s->top_p < 1)
    rnn_top_k (speaker->n, scores, n, speaker->from);
  for (gint i = 0; i < n; i++)
    speaker->chances[i] = exp ((scores[speaker->from[i]] - scores[best]) / s->temperature);
  return draw (speaker, s->top_p < 1 ? cut_rare (speaker, n, s->top_p) : n, rng);
}

static void
say (const Speaker *speaker, gint token)
{
  gboolean shown = isatty (STDOUT_FILENO);

  if (speaker->labels && shown)
    g_print ("%s", speaker->labels[token]);
  else if (speaker->labels)
    fputs (speaker->labels[token], stdout);
  else if (shown && token < 0x20 && token != '\n' && token != '\t')
    g_print ("%c", token);
  else
    putchar (token);
  fflush (stdout);
}

static gboolean
speak (const RnnToolGenerate *s, RnnModel *model, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error);
  g_autofree gfloat *scores = g_new0 (gfloat, (gsize) rnn_model_get_n_out (model));
  g_autofree gint *from = g_new (gint, (gsize) rnn_model_get_n_out (model));
  g_autofree gdouble *chances = g_new (gdouble, (gsize) rnn_model_get_n_out (model));
  Speaker speaker = { session, rnn_model_get_tokens (model), rnn_model_get_n_out (model), scores, from, chances };
  RnnRng rng;

  if (!session || !hear_prompt (&speaker, s->prompt, error))
    return FALSE;
  rnn_rng_seed (&rng, (guint64) s->seed, 0);
  for (gint i = 0; i < speaker.n; i++)
    from[i] = i;
  for (gint i = 0; i < s->length; i++) {
    gint token = choose (&speaker, s, &rng);

    say (&speaker, token);
    hear (&speaker, token);
  }
  putchar ('\n');
  return TRUE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  g_autofree gchar *prompt = NULL, *midi = NULL;
  RnnToolGenerate s = { .length = 200, .temperature = 1, .top_p = 1, .seed = 1 };
  const GOptionEntry options[] = {
    { "prompt", 'p', 0, G_OPTION_ARG_STRING, &prompt, "What the model goes on from (it is not printed again)", "TEXT" },
    { "length", 'n', 0, G_OPTION_ARG_INT, &s.length, "Tokens to generate, or strokes at most (200)", "N" },
    { "temperature", 't', 0, G_OPTION_ARG_DOUBLE, &s.temperature,
        "1: as probable as the model says; less: fewer surprises; 0: always the most probable token", "T" },
    { "top-k", 'k', 0, G_OPTION_ARG_INT, &s.top_k, "Only ever one of the K most probable tokens (0: any)", "K" },
    { "top-p", 0, 0, G_OPTION_ARG_DOUBLE, &s.top_p, "Only ever one of the most probable tokens that have P of the probability together (1: any)",
        "P" },
    { "midi", 0, 0, G_OPTION_ARG_FILENAME, &midi, "Of a model of music: a MIDI file to write; the prompt is one to read", "FILE" },
    { "seed", 's', 0, G_OPTION_ARG_INT64, &s.seed, "The same seed draws the same text (1)", "S" },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_generate, options, &argc, &argv, 1, 1, error)
      || !(model = rnn_model_load (argv[1], error)))
    return FALSE;
  s.prompt = prompt ? prompt : "";
  if (!check_settings (&s, error))
    return FALSE;
  if (midi)
    return rnn_tool_generate_midi (&s, model, midi, error);
  if (g_str_equal (rnn_model_get_output (model)->klass->name, "strokes"))
    return rnn_tool_generate_strokes (&s, model, error);
  return check (model, error) && speak (&s, model, error);
}

const RnnTool rnn_tool_generate = { "generate", "MODEL", "Let a language model go on from a prompt, or a model of strokes draw (SVG)", run };
