/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's part of the picture: what rnn_transcriber_push () does, with a look at what goes from one part to the next. */
#include <math.h>
#include <string.h>
#include "../outputs/output.h"
#include "scope-private.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MAX_WORDS 512           /* that are remembered */

static guint64
time_of (RnnScope *s, gint64 sample)
{
  return (guint64) MAX (sample, 0) * SECOND / (guint64) s->rate;
}

/* A step's answer fills all columns that the step is long. */
static void
add_tokens (RnnScope *s, const RnnStreamAnswer *a)
{
  guint64 column_ns = (guint64) s->hop * SECOND / (guint64) s->rate, first = a->start / column_ns,
      end = MAX (first + 1, (a->start + a->duration) / column_ns);

  rnn_log_softmax (s->n_tokens, a->y + s->head_start, s->log_probs);
  for (guint64 column = first; column < end; column++) {
    guint8 *to = s->tokens + (column % (guint) s->width) * s->n_tokens;

    for (gint i = 0; rnn_scope_has_column (s, column) && i < s->n_tokens; i++)
      to[i] = i == s->blank ? 0 : (guint8) (255 * expf (s->log_probs[i]));
  }
}

static void
take_words (RnnScope *s)
{
  const RnnResult *r;

  while ((r = rnn_utterance_next (s->utterance)))
    for (guint i = 0; r->kind == RNN_RESULT_FINAL && i < r->n_words; i++) {
      ScopeWord word = { g_strdup (r->words[i].text), r->words[i].start };

      if (s->words->len >= MAX_WORDS)
        g_array_remove_index (s->words, 0);
      g_array_append_val (s->words, word);
      s->n_words++;
    }
}

static void
take_answers (RnnScope *s)
{
  const RnnStreamAnswer *a;

  while ((a = rnn_stream_next (s->stream))) {
    add_tokens (s, a);
    rnn_utterance_push (s->utterance, a->y, a->start, a->start + a->duration);
    take_words (s);
  }
}

void
rnn_scope_listen (RnnScope *s, const gfloat *samples, guint n)
{
  gsize n_in = (gsize) rnn_model_get_n_in (s->model);
  guint due = rnn_input_stream_max_steps (s->input, n);

  s->steps = g_renew (gfloat, s->steps, MAX (due, 1) * n_in);
  due = rnn_input_stream_push (s->input, samples, n, s->steps);
  for (guint k = 0; k < due; k++) {
    gint64 sample = s->step_start + (gint64) s->n_steps++ * s->step_hop;
    guint64 start = time_of (s, sample);

    memcpy (rnn_stream_get_row (s->stream), s->steps + k * n_in, n_in * sizeof (gfloat));
    rnn_stream_push (s->stream, start, time_of (s, sample + s->step_hop) - start);
    take_answers (s);
  }
  rnn_stream_flush (s->stream);
  take_answers (s);
}

void
rnn_scope_forget (RnnScope *s)
{
  s->n_steps = 0;
  rnn_input_stream_reset (s->input);
  rnn_stream_reset (s->stream);
  rnn_utterance_reset (s->utterance);
}

static gboolean
check (RnnModel *model, gint rate, GError **error)
{
  gboolean speech = rnn_model_get_input (model)->klass->source == RNN_SOURCE_AUDIO
      && rnn_output_primary (rnn_model_get_output (model))->klass->label == RNN_LABEL_TEXT;

  if (speech && rnn_model_get_rate (model) == rate)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, speech ? "%s: the model needs sound of %d Hz" : "%s: the model does not transcribe audio",
      rnn_model_get_path (model), rnn_model_get_rate (model));
  return FALSE;
}

gboolean
rnn_scope_hear (RnnScope *s, RnnModel *model, const RnnUtteranceConfig *config, GError **error)
{
  RnnUtteranceConfig defaults = { 0 };
  const RnnOutput *output = rnn_model_get_output (model), *head = rnn_output_primary (output);
  gboolean ok;

  if (!check (model, s->rate, error))
    return FALSE;
  rnn_options_init (rnn_utterance_get_options (), &defaults);
  s->input = rnn_input_stream_new (rnn_model_get_input (model), rnn_model_get_input_mean (model), rnn_model_get_input_std (model), error);
  ok = s->input && (s->stream = rnn_stream_new (model, &(RnnStreamConfig) { 0 }, error))
      && (s->utterance = rnn_utterance_new_for_output (output, config ? config : &defaults, error));
  rnn_options_clear (rnn_utterance_get_options (), &defaults);
  if (!ok)
    return FALSE;
  s->model = rnn_model_ref (model);
  s->n_tokens = head->n;
  s->blank = rnn_model_get_blank (model);
  s->step_start = rnn_input_stream_get_start (s->input);
  s->step_hop = rnn_model_get_input (model)->hop;
  s->log_probs = g_new (gfloat, s->n_tokens);
  return TRUE;
}

void
rnn_scope_deafen (RnnScope *s)
{
  g_clear_pointer (&s->input, rnn_input_stream_free);
  g_clear_pointer (&s->stream, rnn_stream_free);
  g_clear_pointer (&s->utterance, rnn_utterance_free);
  g_clear_pointer (&s->model, rnn_model_unref);
  g_free (s->steps);
  g_free (s->log_probs);
}
