/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a model's heads an utterance listens to: the first one that can do what is asked. */
#include "../base/error.h"
#include "../text/tokens-private.h"
#include "utterance-private.h"

static RnnUtterance *
listen_to_head (const RnnOutput *output, guint i, const RnnUtteranceConfig *config, GError **error)
{
  const RnnOutput *head = rnn_output_get_head (output, i);
  RnnUtterance *u;

  if (!head->tokens) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "its output names no tokens");
    return NULL;
  }
  if (!(u = rnn_utterance_new (head->tokens, config, error)))
    return NULL;
  u->head = i;
  u->first = rnn_output_get_head_start (output, i);
  if (head->calibration)
    u->calibration = g_array_ref (head->calibration);
  return u;
}

/* As the rules for its texts see it. */
static gboolean
is_english (const RnnOutput *output)
{
  return output->text.language == RNN_TEXT_ENGLISH
      || (output->text.language == RNN_TEXT_AUTO && output->tokens && rnn_tokens_are_english (output->tokens));
}

RnnUtterance *
rnn_utterance_new_for_output (const RnnOutput *output, const RnnUtteranceConfig *config, GError **error)
{
  g_autoptr (GError) why = NULL, other = NULL;
  RnnUtterance *u = listen_to_head (output, 0, config, &why);
  const RnnOutput *head;

  for (guint i = 1; !u && (head = rnn_output_get_head (output, i)); i++, g_clear_error (&other)) {
    if (head->klass->label == RNN_LABEL_TEXT && head->tokens)
      u = listen_to_head (output, i, config, &other);
    if (g_error_matches (other, RNN_ERROR, RNN_ERROR_OPTION)) { /* its lexicon is this head's; something else was wrong */
      GError *first = why;

      why = other;
      other = first;
    }
  }
  if (u)
    u->english = is_english (rnn_output_primary (output));
  else
    g_propagate_error (error, g_steal_pointer (&why));
  return u;
}

guint
rnn_utterance_get_head (RnnUtterance *u)
{
  return u->head;
}
