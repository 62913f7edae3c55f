/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pipeline: samples -> features -> session -> utterance (greedy CTC) in one process and thread, as the elements do it but
 * without GStreamer.  A call is about a second of audio for every stream, --steps of the model at once. */
#include "bench.h"
#include "audio.h"
#include "base/error.h"
#include "session/session.h"
#include "speech/utterance.h"
#include <string.h>

typedef struct {
  RnnFeatures *features;
  RnnUtterance *utterance;
  guint64 n_steps;              /* so far */
  gsize at;                     /* next sample */
  gfloat *steps;                /* [most steps of one push][n_in] */
} Stream;

typedef struct {
  RnnSession *session;
  gfloat *audio;                /* played again and again */
  gsize n_audio;
  guint B, n_in, n_out, piece, pieces;  /* samples pushed at once, pushes in one call */
  Stream *streams;              /* [B] */
  gsize stream_bytes;           /* of features and utterance */
  guint64 step;                 /* ns */
  gfloat *x, *y;                /* [most steps][B][n_in], [n_out] */
} Pipeline;

/* Returns how many steps; streams are alike, so it is the same for all. */
static guint
hear (Pipeline *p, guint b)
{
  Stream *stream = &p->streams[b];
  guint n;

  if (stream->at + p->piece > p->n_audio)
    stream->at = 0;
  n = rnn_features_push (stream->features, p->audio + stream->at, p->piece, stream->steps);
  stream->at += p->piece;
  for (guint t = 0; t < n; t++)
    memcpy (p->x + ((gsize) t * p->B + b) * p->n_in, stream->steps + (gsize) t * p->n_in, p->n_in * sizeof (gfloat));
  return n;
}

static void
decode (Pipeline *p, guint b, guint n)
{
  Stream *stream = &p->streams[b];

  for (guint t = 0; t < n; t++, stream->n_steps++) {
    rnn_utterance_push (stream->utterance, p->y + ((gsize) t * p->B + b) * p->n_out, stream->n_steps * p->step,
        (stream->n_steps + 1) * p->step);
    while (rnn_utterance_next (stream->utterance));
  }
}

static void
run (gpointer data)
{
  Pipeline *p = data;

  for (guint i = 0; i < p->pieces; i++) {
    guint n = 0;

    for (guint b = 0; b < p->B; b++)
      n = hear (p, b);
    rnn_session_run (p->session, n, p->x, p->y);
    for (guint b = 0; b < p->B; b++)
      decode (p, b, n);
  }
}

static void
pipeline_free (gpointer data)
{
  Pipeline *p = data;

  for (guint b = 0; p->streams && b < p->B; b++) {
    g_clear_pointer (&p->streams[b].features, rnn_features_free);
    g_clear_pointer (&p->streams[b].utterance, rnn_utterance_free);
    g_free (p->streams[b].steps);
  }
  g_clear_pointer (&p->session, rnn_session_free);
  g_free (p->streams);
  g_free (p->audio);
  g_free (p->x);
  g_free (p->y);
  g_free (p);
}

/* ---- making one ---- */

static gboolean
make_stream (RnnModel *model, Stream *stream, GError **error)
{
  RnnUtteranceConfig config;

  rnn_options_init (rnn_utterance_get_options (), &config);
  stream->features = rnn_features_new (rnn_model_get_features (model), rnn_model_get_input_mean (model),
      rnn_model_get_input_std (model), error);
  stream->utterance = rnn_utterance_new_for_output (rnn_model_get_output (model), &config, error);
  return stream->features && stream->utterance;
}

/* Heap that one more takes, when what streams share is there. */
static gsize
another_stream (RnnModel *model)
{
  gsize heap = bench_heap (), with;
  Stream stream = { 0 };

  make_stream (model, &stream, NULL);
  with = bench_heap ();
  rnn_features_free (stream.features);
  rnn_utterance_free (stream.utterance);
  return with - heap;
}

/* Room for what one push can return, of every stream. */
static void
make_buffers (Pipeline *p)
{
  RnnFeatures *features = p->streams[0].features;
  gsize most = rnn_features_max_steps (features, p->piece + rnn_features_get_window (features));

  for (guint b = 0; b < p->B; b++) {
    p->streams[b].steps = g_new (gfloat, most * p->n_in);
    p->streams[b].at = (gsize) b * p->piece % (p->n_audio - p->piece + 1);
  }
  p->x = g_new (gfloat, most * p->B * p->n_in);
  p->y = g_new (gfloat, most * p->B * p->n_out);
}

static gboolean
make_streams (Pipeline *p, RnnModel *model, const BenchSettings *s, GError **error)
{
  gint rate = rnn_model_get_rate (model);

  if (!(p->session = rnn_session_new (model, s->streams, s->steps, s->precision->precision, error)))
    return FALSE;
  p->B = s->streams;
  p->streams = g_new0 (Stream, p->B);
  p->n_in = rnn_model_get_n_in (model);
  p->n_out = rnn_model_get_n_out (model);
  for (guint b = 0; b < p->B; b++)
    if (!make_stream (model, &p->streams[b], error))
      return FALSE;
  p->stream_bytes = another_stream (model);
  p->piece = rnn_features_get_hop (p->streams[0].features) * s->steps;
  p->step = rnn_features_get_hop (p->streams[0].features) * G_GUINT64_CONSTANT (1000000000) / rate;
  p->pieces = MAX (1, ((guint) rate + p->piece / 2) / p->piece);
  p->audio = s->audio ? bench_audio_load (s->audio, rate, p->piece, &p->n_audio, error)
      : bench_audio_make (rate, MAX (10 * (gsize) rate, p->piece), &p->n_audio);
  if (p->audio)
    make_buffers (p);
  return p->audio != NULL;
}

static RnnModel *
load_model (const gchar *path, GError **error)
{
  g_autoptr (RnnModel) model = NULL;

  if (!path) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "pipeline needs --model FILE");
    return NULL;
  }
  if (!(model = rnn_model_load (path, error)))
    return NULL;
  if (!rnn_model_get_features (model) || rnn_output_primary (rnn_model_get_output (model))->klass->label != RNN_LABEL_TEXT) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model does not transcribe audio", path);
    return NULL;
  }
  return g_steal_pointer (&model);
}

/* Every step of a second needs the weights. */
static void
add_needs (BenchWork *work, RnnModel *model, const BenchSettings *s, guint pieces)
{
  bench_add_forward_needs (work, rnn_model_get_root (model), s->steps, s->streams, s->precision->weight_size);
  for (guint i = 0; i < work->needs->len; i++)
    g_array_index (work->needs, BenchNeed, i).times *= pieces;
}

gboolean
bench_prepare_pipeline (BenchSettings *s, BenchWork *work, GError **error)
{
  g_autoptr (RnnModel) model = load_model (s->model, error);
  Pipeline *p = work->data = g_new0 (Pipeline, 1);

  work->run = run;
  work->free = pipeline_free;
  if (!model || !make_streams (p, model, s, error))
    return FALSE;
  if (rnn_model_get_precision (model) != RNN_PRECISION_F32)
    bench_set_precision (s, rnn_model_get_precision (model));
  work->bytes_per_stream = bench_stream_bytes (rnn_model_get_root (model), s->steps) + p->stream_bytes;
  work->units = (gdouble) p->pieces * p->piece / rnn_model_get_rate (model) * p->B;
  add_needs (work, model, s, p->pieces);
  return TRUE;
}
