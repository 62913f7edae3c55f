/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* step, chunk, batch: a session of layers of one cell; T steps of B streams in one call. */
#include "bench.h"
#include "session/session.h"

typedef struct {
  RnnSession *session;
  guint T;
  gfloat *x, *y;                /* [T][B][n_in], [T][B][n_out] */
} Streams;

static void
run (gpointer data)
{
  Streams *s = data;

  rnn_session_run (s->session, s->T, s->x, s->y);
}

static void
streams_free (gpointer data)
{
  Streams *s = data;

  rnn_session_free (s->session);
  g_free (s->x);
  g_free (s->y);
  g_free (s);
}

static RnnModel *
make_model (BenchSettings *s, GError **error)
{
  json_t *layers = bench_layers (s, error), *recipe;
  RnnModel *model;

  if (!layers)
    return NULL;
  recipe = json_pack ("{s{sssi} so}", "input", "kind", "tensors", "size", s->input, "layers", layers);
  model = rnn_model_new (recipe, 1, "bench", error);
  json_decref (recipe);
  return model;
}

gboolean
bench_prepare_streams (BenchSettings *s, BenchWork *work, GError **error)
{
  g_autoptr (RnnModel) model = make_model (s, error);
  RnnSession *session = model ? rnn_session_new (model, s->streams, s->steps, s->precision->precision, error) : NULL;
  gsize n = (gsize) s->steps * s->streams;
  RnnCell *root;
  Streams *streams;

  if (!session)
    return FALSE;
  root = rnn_model_get_root (rnn_session_get_model (session));
  s->hidden = root->n_out;
  streams = g_new (Streams, 1);
  *streams = (Streams) { session, s->steps, bench_random (n * root->n_in, 1), g_new0 (gfloat, n * root->n_out) };
  work->data = streams;
  work->run = run;
  work->free = streams_free;
  work->units = n;
  work->bytes_per_stream = bench_stream_bytes (root, s->steps);
  bench_add_forward_needs (work, root, s->steps, s->streams, s->precision->weight_size);
  return TRUE;
}
