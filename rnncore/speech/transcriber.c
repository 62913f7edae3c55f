/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* session/listener -> speech/utterance: samples become steps at once; steps become results as these are pulled.  The model runs as far
 * as the head needs it that the utterance listens to.  With a gate the same samples go to a detector, too, which tells the utterance. */
#include "../outputs/output.h"
#include "../session/listener.h"
#include "transcriber.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

struct _RnnTranscriber {
  RnnModel *model;              /* narrowed */
  gboolean restart;
  RnnListener *listener;
  RnnVad *vad;                  /* NULL: no gate */
  RnnUtterance *utterance;
  guint64 rate;
  gboolean narrow;              /* there is only the head in the model's answers */
  gboolean flushing, finishing;
};

static const RnnOption *
collect_options (void)
{
  static const gchar *precisions[RNN_N_PRECISIONS + 1];
  const RnnOption own[] = {
    RNN_OPT_ENUM (RnnTranscriberConfig, precision, precisions, RNN_PRECISION_F32, "Numbers that the weights are kept in"),
    RNN_OPT_BOOL (RnnTranscriberConfig, restart, FALSE, "The model's state begins anew where an utterance has ended in silence"),
    RNN_OPT_STRING (RnnTranscriberConfig, batch_group, "Transcribers of a process that run as one batch"),
    RNN_OPT_INT (RnnTranscriberConfig, batch_deadline, 0, 1000, 5, "Milliseconds that a step waits for others of the batch group"),
    {NULL}
  };
  GArray *rows = g_array_new (TRUE, TRUE, sizeof (RnnOption));

  for (gint p = 0; p < RNN_N_PRECISIONS; p++)
    precisions[p] = rnn_precision_get_name (p);
  rnn_options_append (rows, rnn_utterance_get_options (), G_STRUCT_OFFSET (RnnTranscriberConfig, utterance));
  rnn_options_append (rows, rnn_gate_options, G_STRUCT_OFFSET (RnnTranscriberConfig, gate));
  rnn_options_append (rows, own, 0);
  return (const RnnOption *) g_array_free (rows, FALSE);
}

const RnnOption *
rnn_transcriber_get_options (void)
{
  static gsize options = 0;

  if (g_once_init_enter (&options))
    g_once_init_leave (&options, (gsize) collect_options ());
  return (const RnnOption *) options;
}

/* ---- making one ---- */

static gboolean
check_model (RnnModel *model, GError **error)
{
  if (rnn_model_get_input (model)->klass->source == RNN_SOURCE_AUDIO
      && rnn_output_primary (rnn_model_get_output (model))->klass->label == RNN_LABEL_TEXT)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model does not transcribe audio",
      rnn_model_get_path (model));
  return FALSE;
}

static gboolean
make_parts (RnnTranscriber *t, RnnModel *model, const RnnTranscriberConfig *config, GError **error)
{
  RnnStreamConfig stream = { (RnnPrecision) config->precision, config->batch_group, (guint) config->batch_deadline * 1000 };
  const RnnOutput *output = rnn_model_get_output (model);

  if (!(t->utterance = rnn_utterance_new_for_output (output, &config->utterance, error))
      || !(t->model = rnn_model_narrow (model, rnn_utterance_get_head (t->utterance), stream.precision, error)))
    return FALSE;
  t->narrow = rnn_model_get_n_out (t->model) < output->n;
  if (config->gate.vad_model && !(t->vad = rnn_gate_new_detector (&config->gate, rnn_model_get_rate (model), error)))
    return FALSE;
  return (t->listener = rnn_listener_new (t->model, &stream, error)) != NULL;
}

RnnTranscriber *
rnn_transcriber_new (RnnModel *model, const RnnTranscriberConfig *config, GError **error)
{
  RnnTranscriberConfig defaults;
  RnnTranscriber *t;

  if (!check_model (model, error))
    return NULL;
  rnn_options_init (rnn_transcriber_get_options (), &defaults);
  config = config ? config : &defaults;
  t = g_new0 (RnnTranscriber, 1);
  t->restart = config->restart;
  if (!make_parts (t, model, config, error)) {
    rnn_transcriber_free (t);
    return NULL;
  }
  t->rate = (guint64) rnn_model_get_rate (model);
  rnn_transcriber_reset (t);
  return t;
}

void
rnn_transcriber_free (RnnTranscriber *t)
{
  if (!t)
    return;
  rnn_listener_free (t->listener);
  rnn_vad_free (t->vad);
  rnn_utterance_free (t->utterance);
  rnn_model_unref (t->model);
  g_free (t);
}

void
rnn_transcriber_reset (RnnTranscriber *t)
{
  rnn_listener_reset (t->listener);
  rnn_utterance_reset (t->utterance);
  if (t->vad) {
    rnn_vad_reset (t->vad);
    rnn_utterance_begin_stretch (t->utterance, 0);
  }
  t->flushing = t->finishing = FALSE;
}

gboolean
rnn_transcriber_set_hotwords (RnnTranscriber *t, const gchar *hotwords, GError **error)
{
  return rnn_utterance_set_hotwords (t->utterance, hotwords, error);
}

const gchar *
rnn_transcriber_get_foreign (RnnTranscriber *t)
{
  return rnn_utterance_get_foreign (t->utterance);
}

const gchar *
rnn_transcriber_get_left_out (RnnTranscriber *t)
{
  return rnn_utterance_get_left_out (t->utterance);
}

void
rnn_transcriber_push (RnnTranscriber *t, const gfloat *samples, gsize n)
{
  rnn_listener_push (t->listener, samples, n);
  if (t->vad)
    rnn_vad_push (t->vad, samples, n);
}

void
rnn_transcriber_flush (RnnTranscriber *t)
{
  rnn_listener_flush (t->listener);
  t->flushing = TRUE;
}

void
rnn_transcriber_finish (RnnTranscriber *t)
{
  rnn_listener_finish (t->listener);
  if (t->vad)
    rnn_vad_finish (t->vad);
  t->finishing = TRUE;
}

/* ---- results out ---- */

static guint64
time_of (const RnnTranscriber *t, guint64 sample)
{
  return sample / t->rate * SECOND + sample % t->rate * SECOND / t->rate;
}

/* What the detector knows by now */
static void
tell (RnnTranscriber *t)
{
  RnnVadSpan span;

  while (t->vad && rnn_vad_next (t->vad, &span))
    rnn_utterance_tell (t->utterance, time_of (t, span.end), span.speech);
}

/* No answer is left, and at the end, or what may be one, the last utterance is over; FALSE: nothing more to come. */
static gboolean
end (RnnTranscriber *t)
{
  if (!t->flushing && !t->finishing)
    return FALSE;
  if (rnn_utterance_is_open (t->utterance)) {
    rnn_utterance_finish (t->utterance);
    return TRUE;
  }
  t->flushing = FALSE;
  if (t->finishing)
    rnn_transcriber_reset (t);
  return FALSE;
}

const RnnResult *
rnn_transcriber_next (RnnTranscriber *t)
{
  const RnnResult *result;
  const RnnHeard *heard;

  tell (t);
  for (;;) {
    if ((result = rnn_utterance_next (t->utterance))) {
      if (t->restart && result->kind == RNN_RESULT_ENDPOINT && result->silence && rnn_utterance_is_quiet (t->utterance))
        rnn_listener_restart (t->listener, rnn_model_get_blank (t->model));
      return result;
    }
    if ((heard = rnn_listener_next (t->listener)))
      (t->narrow ? rnn_utterance_push_head : rnn_utterance_push) (t->utterance, heard->y, time_of (t, heard->start),
          time_of (t, heard->end));
    else if (!end (t))
      return NULL;
  }
}
