/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inputs/input -> session/stream -> speech/utterance.  Samples become steps at once; steps become results as these are
 * pulled. */
#include <string.h>
#include "../outputs/output.h"
#include "../session/stream.h"
#include "transcriber.h"

#define CHUNK 4096              /* samples that become steps at once */
#define SECOND G_GUINT64_CONSTANT (1000000000)

typedef enum { RUNNING, FINISHING, ENDING } Phase;

struct _RnnTranscriber {
  RnnModel *model;
  gboolean restart;
  RnnInputStream *input;
  RnnStream *stream;
  RnnUtterance *utterance;
  guint64 rate;
  gint64 start, hop;            /* samples: of step 0, from step to step */

  gfloat *steps;                /* [size][n_in], the first n of them due */
  gsize n_in, size, n, at;
  guint64 n_run;                /* steps that the stream was given */
  Phase phase;
  gboolean endpoint;            /* an utterance has ended in silence */
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
make_parts (RnnTranscriber *t, const RnnTranscriberConfig *config, GError **error)
{
  RnnModel *model = t->model;
  RnnStreamConfig stream = { (RnnPrecision) config->precision, config->batch_group, (guint) config->batch_deadline * 1000 };

  t->input = rnn_input_stream_new (rnn_model_get_input (model), rnn_model_get_input_mean (model),
      rnn_model_get_input_std (model), error);
  return t->input
      && (t->stream = rnn_stream_new (model, &stream, error))
      && (t->utterance = rnn_utterance_new_for_output (rnn_model_get_output (model), &config->utterance, error));
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
  t->model = rnn_model_ref (model);
  t->restart = config->restart;
  if (!make_parts (t, config, error)) {
    rnn_transcriber_free (t);
    return NULL;
  }
  t->rate = (guint64) rnn_model_get_rate (model);
  t->start = rnn_input_stream_get_start (t->input);
  t->hop = rnn_model_get_input (model)->hop;
  t->n_in = (gsize) rnn_model_get_n_in (model);
  return t;
}

void
rnn_transcriber_free (RnnTranscriber *t)
{
  if (!t)
    return;
  g_clear_pointer (&t->input, rnn_input_stream_free);
  rnn_stream_free (t->stream);
  rnn_utterance_free (t->utterance);
  rnn_model_unref (t->model);
  g_free (t->steps);
  g_free (t);
}

void
rnn_transcriber_reset (RnnTranscriber *t)
{
  rnn_input_stream_reset (t->input);
  rnn_stream_reset (t->stream);
  rnn_utterance_reset (t->utterance);
  t->n = t->at = 0;
  t->n_run = 0;
  t->phase = RUNNING;
  t->endpoint = FALSE;
}

gboolean
rnn_transcriber_set_hotwords (RnnTranscriber *t, const gchar *hotwords, GError **error)
{
  return rnn_utterance_set_hotwords (t->utterance, hotwords, error);
}

/* ---- samples in ---- */

/* Room for so many more steps; returns where they go. */
static gfloat *
make_room (RnnTranscriber *t, gsize n)
{
  if (t->n + n > t->size) {
    t->size = MAX (t->n + n, 2 * t->size);
    t->steps = g_renew (gfloat, t->steps, t->size * t->n_in);
  }
  return t->steps + t->n * t->n_in;
}

void
rnn_transcriber_push (RnnTranscriber *t, const gfloat *samples, gsize n)
{
  for (gsize i = 0; i < n; i += CHUNK) {
    guint piece = (guint) MIN (CHUNK, n - i);
    gfloat *room = make_room (t, rnn_input_stream_max_steps (t->input, piece));

    t->n += rnn_input_stream_push (t->input, samples + i, piece, room);
  }
}

void
rnn_transcriber_finish (RnnTranscriber *t)
{
  gfloat *room = make_room (t, rnn_input_stream_max_steps (t->input, 0));

  t->n += rnn_input_stream_finish (t->input, room);
  t->phase = FINISHING;
}

/* ---- results out ---- */

/* Of a sample, rounded down; before the first one there is nothing. */
static guint64
time_of (RnnTranscriber *t, gint64 sample)
{
  guint64 s = (guint64) MAX (sample, 0);

  return s / t->rate * SECOND + s % t->rate * SECOND / t->rate;
}

static void
run_step (RnnTranscriber *t)
{
  gint64 sample = t->start + (gint64) t->n_run++ * t->hop;
  guint64 start = time_of (t, sample);

  memcpy (rnn_stream_get_row (t->stream), t->steps + t->at++ * t->n_in, t->n_in * sizeof (gfloat));
  rnn_stream_push (t->stream, start, time_of (t, sample + t->hop) - start);
  if (t->at < t->n)
    return;
  t->n = t->at = 0;
  rnn_stream_flush (t->stream);
}

/* What is to be done when all answers were taken; FALSE: nothing. */
static gboolean
go_on (RnnTranscriber *t)
{
  if (t->endpoint && rnn_stream_is_between_blocks (t->stream)) {
    t->endpoint = FALSE;
    rnn_stream_restart (t->stream, rnn_model_get_blank (t->model));
  } else if (t->at < t->n) {
    run_step (t);
  } else if (t->phase == FINISHING) {
    rnn_stream_finish (t->stream);
    t->phase = ENDING;
  } else if (t->phase == ENDING && rnn_utterance_is_open (t->utterance)) {
    rnn_utterance_finish (t->utterance);
  } else {
    if (t->phase == ENDING)
      rnn_transcriber_reset (t);
    return FALSE;
  }
  return TRUE;
}

const RnnResult *
rnn_transcriber_next (RnnTranscriber *t)
{
  const RnnResult *result;
  const RnnStreamAnswer *answer;

  for (;;) {
    if ((result = rnn_utterance_next (t->utterance))) {
      t->endpoint |= t->restart && result->kind == RNN_RESULT_ENDPOINT && result->silence;
      return result;
    }
    if ((answer = rnn_stream_next (t->stream)))
      rnn_utterance_push (t->utterance, answer->y, answer->start, answer->start + answer->duration);
    else if (!go_on (t))
      return NULL;
  }
}
