/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A speller as a command line asks for it. */
#include "spell.h"
#include "base/error.h"
#include "model/model.h"

/* "figures=false,language=none" */
static gboolean
set_rules (RnnTextConfig *config, const gchar *rules, GError **error)
{
  g_auto (GStrv) list = g_strsplit (rules ? rules : "", ",", -1);

  for (guint i = 0; list[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (list[i], "=", 2);

    if (*list[i] && !rnn_options_set (rnn_text_options, config, pair[0], pair[1] ? pair[1] : "", "--rules", error))
      return FALSE;
  }
  return TRUE;
}

/* The tokens of a model, and its rules in @config. (transfer full) */
static RnnTokens *
read_model (const gchar *path, RnnTextConfig *config, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load (path, error);
  const RnnOutput *output;

  if (!model)
    return NULL;
  output = rnn_output_primary (rnn_model_get_output (model));
  if (output->klass->label != RNN_LABEL_TEXT) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its output is no text", path);
    return NULL;
  }
  *config = output->text;
  return rnn_tokens_new (rnn_model_get_tokens (model), rnn_model_get_blank (model), error);
}

RnnSpeller *
rnn_spell_new (const gchar *model, RnnTokens *tokens, const gchar *rules, GError **error)
{
  g_autoptr (RnnTokens) own = NULL;
  RnnTextConfig config;

  rnn_options_init (rnn_text_options, &config);
  if ((model && !(own = read_model (model, &config, error))) || !set_rules (&config, rules, error))
    return NULL;
  return rnn_speller_new (own ? own : tokens, &config);
}
