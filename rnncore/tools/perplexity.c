/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore perplexity: how well a language model knows a text, which it reads as one stream from a fresh state.
 *
 * Every token but the first is told from those before it: bits per token, per character, and 2 to the power of the former. */
#include "tool.h"
#include "base/error.h"
#include "ctc/ctc.h"
#include "model/language.h"
#include "model/root.h"
#include "session/session.h"
#include "text/longest.h"
#include <math.h>
#include <string.h>

#define CHUNK 256               /* steps at once */

typedef struct {
  gdouble nats;
  gsize tokens, characters;     /* told */
} Told;

static gboolean
check (RnnModel *model, GError **error)
{
  const RnnCell *root = rnn_model_get_root (model);
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

/* (transfer full) of gfloat, or NULL: something in it is no token. */
static GArray *
encode (RnnModel *model, const gchar *path, const gchar *text, gsize n, GError **error)
{
  const gchar *const *labels = rnn_model_get_tokens (model);
  g_autoptr (GArray) tokens = g_array_new (FALSE, FALSE, sizeof (gfloat));

  for (gsize at = 0, length = 1; at < n; at += length) {
    gint token = labels ? rnn_longest_token (labels, text + at, &length)
        : (guchar) text[at] < rnn_model_get_n_out (model) ? (guchar) text[at] : -1;
    gfloat x = (gfloat) token;

    if (token < 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: the model has no token for what stands at byte %" G_GSIZE_FORMAT,
          path, at);
      return NULL;
    }
    g_array_append_val (tokens, x);
  }
  if (tokens->len >= 2)
    return g_steal_pointer (&tokens);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: fewer than two tokens", path);
  return NULL;
}

static gboolean
read_stream (RnnModel *model, const GArray *tokens, Told *told, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, CHUNK, RNN_PRECISION_F32, error);
  gint V = rnn_model_get_n_out (model);
  g_autofree gfloat *y = g_new (gfloat, (gsize) CHUNK * V);
  const gfloat *x = (const gfloat *) tokens->data;

  for (guint first = 0; session && first + 1 < tokens->len; first += CHUNK) {
    guint n = MIN (CHUNK, tokens->len - 1 - first);

    rnn_session_run (session, n, x + first, y);
    for (guint t = 0; t < n; t++) {
      gfloat *scores = y + (gsize) t * V;

      told->nats += rnn_log_sum_exp (V, scores) - scores[(gint) x[first + t + 1]];
    }
  }
  told->tokens = tokens->len - 1;
  return session != NULL;
}

static void
print_told (const Told *told, gboolean json)
{
  gdouble bits = told->nats / G_LN2;

  if (json)
    g_print ("{\"tokens\":%" G_GSIZE_FORMAT ",\"bits_per_token\":%.4f,\"bits_per_character\":%.4f,\"perplexity\":%.4f}\n",
        told->tokens, bits / told->tokens, bits / told->characters, exp (told->nats / told->tokens));
  else
    g_print ("%" G_GSIZE_FORMAT " tokens: %.4f bits per token, %.4f per character, perplexity %.4f\n", told->tokens,
        bits / told->tokens, bits / told->characters, exp (told->nats / told->tokens));
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GArray) tokens = NULL;
  g_autofree gchar *text = NULL;
  gboolean json = FALSE;
  Told told = { 0 };
  gsize n;
  const GOptionEntry options[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "The result as one object", NULL },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_perplexity, options, &argc, &argv, 2, 2, error)
      || !(model = rnn_model_load (argv[1], error)) || !check (model, error)
      || !g_file_get_contents (argv[2], &text, &n, error) || !(tokens = encode (model, argv[2], text, n, error))
      || !read_stream (model, tokens, &told, error))
    return FALSE;
  /* the first character is given, not told */
  for (gsize i = 0; i < n; i++)
    told.characters += ((guchar) text[i] & 0xc0) != 0x80;
  told.characters = MAX (told.characters, 2) - 1;
  print_told (&told, json);
  return TRUE;
}

const RnnTool rnn_tool_perplexity = { "perplexity", "MODEL TEXT", "How well a language model knows a text", run };
