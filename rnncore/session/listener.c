/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of one chunk wait in `steps` until they are run, RNN_STREAM_BLOCK at a time. */
#include "listener.h"
#include <string.h>
#include "../outputs/output.h"

#define CHUNK 4096              /* rows that become steps at once */

typedef enum { RUNNING, FLUSHING, FINISHING, ENDING } Phase;

struct _RnnListener {
  RnnInputStream *input;
  RnnStream *stream;
  gint channels;
  gint64 start, hop;            /* rows: of step 0, from step to step */
  guint delay;
  gfloat *steps;                /* [size][n_in], the first n of them due */
  gsize n_in, size, n, at;
  guint64 n_run;                /* steps that the stream was given */
  Phase phase;
  gboolean restart;             /* as soon as it can be */
  gint blank;
  RnnHeard heard;
};

RnnListener *
rnn_listener_new (RnnModel *model, const RnnStreamConfig *config, GError **error)
{
  const RnnInput *input = rnn_model_get_input (model);
  RnnStreamConfig own = config ? *config : (RnnStreamConfig) {.precision = RNN_PRECISION_F32 };
  RnnListener *l = g_new0 (RnnListener, 1);

  l->input = rnn_input_stream_new (input, rnn_model_get_input_mean (model), rnn_model_get_input_std (model), error);
  own.normalised = TRUE;
  l->stream = l->input ? rnn_stream_new (model, &own, error) : NULL;
  if (!l->stream) {
    g_prefix_error (error, "%s: ", rnn_model_get_path (model));
    rnn_listener_free (l);
    return NULL;
  }
  l->channels = input->channels;
  l->start = rnn_input_stream_get_start (l->input);
  l->hop = input->hop;
  l->n_in = (gsize) rnn_model_get_n_in (model);
  l->delay = (guint) (input->window + (gint) rnn_stream_get_latency (l->stream) * input->hop);
  return l;
}

void
rnn_listener_free (RnnListener *l)
{
  if (!l)
    return;
  g_clear_pointer (&l->input, rnn_input_stream_free);
  g_clear_pointer (&l->stream, rnn_stream_free);
  g_free (l->steps);
  g_free (l);
}

void
rnn_listener_reset (RnnListener *l)
{
  rnn_input_stream_reset (l->input);
  rnn_stream_reset (l->stream);
  l->n = l->at = 0;
  l->n_run = 0;
  l->phase = RUNNING;
  l->restart = FALSE;
}

void
rnn_listener_restart (RnnListener *l, gint blank)
{
  l->restart = TRUE;
  l->blank = blank;
}

guint
rnn_listener_get_delay (RnnListener *l)
{
  return l->delay;
}

guint
rnn_listener_get_hop (RnnListener *l)
{
  return (guint) l->hop;
}

/* Room for so many more steps; returns where they go. */
static gfloat *
make_room (RnnListener *l, gsize n)
{
  if (l->n + n > l->size) {
    l->size = MAX (l->n + n, 2 * l->size);
    l->steps = g_renew (gfloat, l->steps, l->size * l->n_in);
  }
  return l->steps + l->n * l->n_in;
}

void
rnn_listener_push (RnnListener *l, const gfloat *rows, gsize n)
{
  for (gsize i = 0; i < n; i += CHUNK) {
    guint piece = (guint) MIN (CHUNK, n - i);
    gfloat *room = make_room (l, rnn_input_stream_max_steps (l->input, piece));

    l->n += rnn_input_stream_push (l->input, rows + i * l->channels, piece, room);
  }
}

void
rnn_listener_flush (RnnListener *l)
{
  l->phase = FLUSHING;
}

void
rnn_listener_finish (RnnListener *l)
{
  gfloat *room = make_room (l, rnn_input_stream_max_steps (l->input, 0));

  l->n += rnn_input_stream_finish (l->input, room);
  l->phase = FINISHING;
}

static void
run_step (RnnListener *l)
{
  gint64 row = l->start + (gint64) l->n_run++ * l->hop;

  memcpy (rnn_stream_get_row (l->stream), l->steps + l->at++ * l->n_in, l->n_in * sizeof (gfloat));
  rnn_stream_push (l->stream, (guint64) MAX (row, 0), (guint64) (row + l->hop - MAX (row, 0)));
  if (l->at < l->n)
    return;
  l->n = l->at = 0;
  rnn_stream_flush (l->stream);
}

/* What is to be done when all answers were taken; FALSE: nothing. */
static gboolean
go_on (RnnListener *l)
{
  if (l->restart && rnn_stream_is_between_blocks (l->stream)) {
    l->restart = FALSE;
    rnn_stream_restart (l->stream, l->blank);
  } else if (l->at < l->n) {
    run_step (l);
  } else if (l->phase == FLUSHING || l->phase == FINISHING) {
    rnn_stream_finish (l->stream);
    l->phase = l->phase == FINISHING ? ENDING : RUNNING;
  } else {
    if (l->phase == ENDING)
      rnn_listener_reset (l);
    return FALSE;
  }
  return TRUE;
}

const RnnHeard *
rnn_listener_next (RnnListener *l)
{
  const RnnStreamAnswer *answer;

  while (!(answer = rnn_stream_next (l->stream)))
    if (!go_on (l))
      return NULL;
  l->heard = (RnnHeard) { answer->y, answer->start, answer->start + answer->duration };
  return &l->heard;
}

void
rnn_listener_keep (RnnListener *l, RnnKeep *keep)
{
  if (!keep->to)
    rnn_listener_reset (l);
  if (l->at < l->n || l->phase != RUNNING) {
    keep->failed = TRUE;
    return;
  }
  rnn_input_stream_keep (l->input, keep);
  rnn_stream_keep (l->stream, keep);
  rnn_keep (keep, &l->n_run, sizeof l->n_run);
  rnn_keep (keep, &l->restart, sizeof l->restart);
  rnn_keep (keep, &l->blank, sizeof l->blank);
  if (keep->failed && !keep->to)
    rnn_listener_reset (l);
}
