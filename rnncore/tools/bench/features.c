/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* features: log-mel frames of 25 ms every 10 ms at 16 kHz, --outputs bands; --steps frames in one call. */
#include "bench.h"
#include <math.h>

typedef struct {
  RnnFeatures *features;
  guint n;                      /* samples per call */
  gfloat *samples, *frames;
} Stream;

static void
run (gpointer data)
{
  Stream *s = data;

  rnn_features_push (s->features, s->samples, s->n, s->frames);
}

static void
stream_free (gpointer data)
{
  Stream *s = data;

  if (s->features)
    rnn_features_free (s->features);
  g_free (s->samples);
  g_free (s->frames);
  g_free (s);
}

/* Window, real FFT, power spectrum, triangles (two to a bin); no more than once. */
static gdouble
operations (gdouble window, gdouble fft)
{
  return window + 2.5 * fft * log2 (fft) + 3 * fft / 2 + 2 * fft;
}

/* Bytes that one more takes, when what streams share is there. */
static gsize
another_stream (const RnnFeatureConfig *config)
{
  gsize heap = bench_heap (), with;
  RnnFeatures *features = rnn_features_new (config, NULL, NULL, NULL);

  with = bench_heap ();
  rnn_features_free (features);
  return with - heap;
}

gboolean
bench_prepare_features (BenchSettings *s, BenchWork *work, GError **error)
{
  Stream *stream = work->data = g_new0 (Stream, 1);
  RnnFeatureConfig config;

  work->run = run;
  work->free = stream_free;
  rnn_feature_config_init (&config);
  config.type = RNN_FEATURES_LOGMEL;
  config.n_mels = s->outputs;
  if (!(stream->features = rnn_features_new (&config, NULL, NULL, error)))
    return FALSE;
  work->bytes_per_stream = another_stream (&config);
  stream->n = rnn_features_get_hop (stream->features) * s->steps;
  stream->samples = bench_random (stream->n, 1);
  stream->frames = g_new (gfloat, (gsize) rnn_features_get_dim (stream->features)
      * rnn_features_max_steps (stream->features, stream->n + rnn_features_get_window (stream->features)));
  work->units = s->steps;
  work->working_set = 1024;
  bench_add_need (work, s->steps, 0, operations (rnn_features_get_window (stream->features), 512));
  return TRUE;
}
