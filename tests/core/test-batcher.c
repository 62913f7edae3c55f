/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches: streams of several threads run together and get, bit for bit, what they would get alone; they join and leave
 * at any step; nobody waits for who does not come. */
#include <malloc.h>
#include <string.h>
#include "count-alloc.h"
#include "rnn.h"
#include "session/batcher-private.h"

#define N_IN 6
#define HOUR (3600u * 1000 * 1000)      /* as a deadline: no test could wait so long */

static const gchar layers[] = "[{\"cell\": \"residual\", \"name\": \"c\", \"layers\": [{\"cell\": \"conv1d\", "
    "\"kernel\": 5, \"lookahead\": 2}]}, {\"cell\": \"lstm\", \"name\": \"l\", \"hidden\": 37}, "
    "{\"cell\": \"gru\", \"name\": \"g\", \"hidden\": 20}, {\"cell\": \"dense\", \"name\": \"d\", \"units\": 11}]";

static RnnModel *
new_model (guint64 seed)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_pack ("{s{sssi}so}", "input", "kind", "tensors", "size", N_IN, "layers",
      json_loads (layers, 0, NULL));
  RnnModel *model = rnn_model_new (recipe, seed, "batch", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

static RnnBatchStream *
join (RnnModel *model, const gchar *group, guint deadline)
{
  g_autoptr (GError) error = NULL;
  RnnBatchStream *s = rnn_batch_stream_new (model, RNN_PRECISION_F32, group, 4, deadline, &error);

  g_assert_no_error (error);
  return s;
}

static void
fill (gfloat *x, gsize n, RnnRng *rng)
{
  for (gsize i = 0; i < n; i++)
    x[i] = rnn_rng_normal (rng);
}

/* ---- the same bits ---- */

#define THREADS 6
#define LIVES 10                /* how often a thread joins and leaves */
#define STEPS 200

static gint n_started;

typedef struct {
  RnnModel *model;
  RnnPrecision precision;
  guint seed, deadline;
  guint64 n_runs, n_rows;
} Worker;

static void
run_in_chunks (RnnBatchStream *s, RnnRng *rng, guint n_steps, const gfloat *x, gfloat *y, gsize n_out)
{
  for (guint t = 0, n; t < n_steps; t += n) {
    n = 1 + rnn_rng_below (rng, rnn_rng_below (rng, 8) ? 4 : 40);
    n = MIN (n, n_steps - t);
    g_assert_true (rnn_batch_stream_run (s, n, x + t * N_IN, y + t * n_out));
  }
}

/* In their first lives all are there before anyone goes on. */
static void
meet (void)
{
  g_atomic_int_inc (&n_started);
  while (g_atomic_int_get (&n_started) < THREADS)
    g_usleep (100);
}

static void
live (Worker *w, RnnRng *rng)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSession) lone = rnn_session_new (w->model, 1, 8, w->precision, &error);
  g_autoptr (RnnBatchStream) s = rnn_batch_stream_new (w->model, w->precision, "same", 4, w->deadline, &error);
  gsize n_out = rnn_model_get_n_out (w->model), n_state = rnn_batch_stream_get_state_size (s);
  gfloat x[STEPS * N_IN], y[STEPS * 11], expected[STEPS * 11];
  g_autofree gfloat *state = g_new (gfloat, 2 * n_state);
  guint n = 1 + rnn_rng_below (rng, STEPS);
  RnnBatchStats stats;

  g_assert_no_error (error);
  g_assert_cmpuint (n_out, ==, 11);
  fill (x, n * N_IN, rng);
  rnn_session_run (lone, n, x, expected);
  g_assert_true (rnn_batch_stream_run (s, 1, x, y));
  meet ();
  run_in_chunks (s, rng, n - 1, x + N_IN, y + n_out, n_out);
  g_assert_cmpmem (y, n * n_out * sizeof (gfloat), expected, n * n_out * sizeof (gfloat));
  rnn_session_get_state (lone, 0, state);
  rnn_batch_stream_get_state (s, state + n_state);
  g_assert_cmpmem (state, n_state * sizeof (gfloat), state + n_state, n_state * sizeof (gfloat));
  rnn_batch_stream_get_stats (s, &stats);
  w->n_runs += stats.n_runs;
  w->n_rows += stats.n_rows;
}

static gpointer
work (gpointer data)
{
  RnnRng rng;

  rnn_rng_seed (&rng, ((Worker *) data)->seed, 1);
  for (guint i = 0; i < LIVES; i++)
    live (data, &rng);
  return NULL;
}

static void
test_same (gconstpointer data)
{
  g_autoptr (RnnModel) model = new_model (3);
  Worker workers[THREADS];
  GThread *threads[THREADS];
  guint64 n_runs = 0, n_rows = 0;

  n_started = 0;
  for (guint i = 0; i < THREADS; i++) {
    workers[i] = (Worker) { model, GPOINTER_TO_INT (data), i, 2000 * (i + 1), 0, 0 };
    threads[i] = g_thread_new ("stream", work, &workers[i]);
  }
  for (guint i = 0; i < THREADS; i++) {
    g_thread_join (threads[i]);
    n_runs += workers[i].n_runs;
    n_rows += workers[i].n_rows;
  }
  g_assert_cmpuint (n_rows, >, n_runs);
  g_test_message ("streams of a run: %.2f", (gdouble) n_rows / n_runs);
}

/* ---- who waits for whom ---- */

typedef struct {
  RnnBatchStream *stream;
  guint n_steps;
  gboolean done;                /* what run () said */
  GThread *thread;
} Submission;

static gpointer
run_zeros (gpointer data)
{
  Submission *s = data;
  g_autofree gfloat *x = g_new0 (gfloat, s->n_steps * N_IN), *y = g_new (gfloat, s->n_steps * 11);

  s->done = rnn_batch_stream_run (s->stream, s->n_steps, x, y);
  return NULL;
}

static gboolean
run_now (RnnBatchStream *stream, guint n_steps)
{
  Submission s = { stream, n_steps, FALSE, NULL };

  run_zeros (&s);
  return s.done;
}

static void
submit (Submission *s, RnnBatchStream *stream, guint n_steps)
{
  *s = (Submission) { stream, n_steps, FALSE, NULL };
  s->thread = g_thread_new ("waits", run_zeros, s);
}

/* Its thread has come so far that it waits for others. */
static void
await_queued (const Submission *s)
{
  for (gboolean queued = FALSE; !queued; g_usleep (100)) {
    g_mutex_lock (&s->stream->batcher->lock);
    queued = s->stream->queued;
    g_mutex_unlock (&s->stream->batcher->lock);
  }
}

static gboolean
outcome (Submission *s)
{
  g_thread_join (s->thread);
  return s->done;
}

/* A stream that has not run, or was reset, is not waited for. */
static void
test_idle (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", HOUR), b = join (model, "g", HOUR);

  g_assert_true (run_now (a, 3));
  rnn_batch_stream_reset (a);
  g_assert_true (run_now (b, 3));
  rnn_batch_stream_reset (b);
  g_assert_true (run_now (a, 3));
}

/* Two streams that have both run wait for each other: one run of two rows. */
static void
test_together (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", HOUR), b = join (model, "g", 0);
  Submission s;
  RnnBatchStats stats;

  g_assert_true (run_now (b, 1));
  submit (&s, a, 5);
  await_queued (&s);
  g_usleep (20000);
  rnn_batch_stream_get_stats (a, &stats);
  g_assert_cmpuint (stats.n_runs, ==, 0);       /* waits */
  g_assert_true (run_now (b, 2));
  g_assert_true (outcome (&s));
  rnn_batch_stream_get_stats (b, &stats);
  g_assert_cmpuint (stats.n_runs, ==, 2);
  g_assert_cmpuint (stats.n_rows, >=, 2);
  rnn_batch_stream_get_stats (a, &stats);
  g_assert_cmpuint (stats.n_runs, ==, stats.n_rows > stats.n_runs ? 2 : 1);
}

/* One that stays away holds the others up once. */
static void
test_deadline (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  RnnBatchStream *a = join (model, "g", 1000);
  g_autoptr (RnnBatchStream) gone = join (model, "g", 0), c = join (model, "g", HOUR);

  g_assert_true (run_now (gone, 1));
  g_assert_true (run_now (a, 1));
  rnn_batch_stream_free (a);
  g_assert_true (run_now (c, 1));
}

static void
test_leave (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", HOUR);
  RnnBatchStream *b = join (model, "g", 0);
  Submission s;

  g_assert_true (run_now (b, 1));
  submit (&s, a, 1);
  await_queued (&s);
  rnn_batch_stream_free (b);
  g_assert_true (outcome (&s));
}

static void
test_cancel (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", HOUR), b = join (model, "g", 0), c = join (model, "g", HOUR);
  Submission first, second;

  g_assert_true (run_now (b, 1));
  submit (&first, a, 1);
  submit (&second, c, 1);
  await_queued (&first);
  await_queued (&second);
  rnn_batch_stream_cancel (a, TRUE);
  g_assert_false (outcome (&first));
  g_assert_false (run_now (a, 1));
  rnn_batch_stream_cancel (b, TRUE);            /* nor does anyone wait for b now */
  g_assert_true (outcome (&second));
  rnn_batch_stream_reset (c);
  rnn_batch_stream_cancel (a, FALSE);
  rnn_batch_stream_reset (a);
  g_assert_true (run_now (a, 1));
}

/* ---- who is in one batch ---- */

/* Another model, precision or group: nothing to wait for, and other answers. */
static void
test_apart (void)
{
  g_autoptr (RnnModel) model = new_model (1), other = new_model (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnBatchStream) a = join (model, "g", HOUR), b = join (other, "g", HOUR), c = join (model, "h", HOUR);
  g_autoptr (RnnBatchStream) d = rnn_batch_stream_new (model, RNN_PRECISION_INT8, "g", 4, HOUR, &error);
  RnnBatchStream *const all[] = { a, b, c, d };
  gfloat x[N_IN] = { 1, 2, 3, -1, -2, -3 }, y[4][11];

  g_assert_no_error (error);
  for (guint round = 0; round < 8; round++)
    for (guint i = 0; i < 4; i++)
      g_assert_true (rnn_batch_stream_run (all[i], 1, x, y[i]));
  g_assert_cmpmem (y[0], sizeof (y[0]), y[2], sizeof (y[2]));
  g_assert_true (memcmp (y[0], y[1], sizeof (y[0])) != 0);
  g_assert_true (memcmp (y[0], y[3], sizeof (y[0])) != 0);
}

/* Who brings much does not hold the batch for long. */
static void
test_long (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", 0), b = join (model, "g", 0);
  RnnBatchStats stats;

  g_assert_true (run_now (a, 1000));
  rnn_batch_stream_get_stats (a, &stats);
  g_assert_cmpuint (stats.n_runs, >=, 1000 / 16);
  g_assert_true (run_now (b, 1));
}

/* A hint for chunks as long as a session takes, whatever the group's size. */
static void
test_long_hint (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnBatchStream) s = rnn_batch_stream_new (model, RNN_PRECISION_F32, "g", 65536, 0, &error);

  g_assert_no_error (error);
  g_assert_null (rnn_batch_stream_new (model, RNN_PRECISION_F32, "g", 65537, 0, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_LIMIT);
}

static void
test_offline (void)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_pack ("{s{sssi}s[{sss[{sssi}]}]}", "input", "kind", "tensors", "size", N_IN, "layers",
      "cell", "bidirectional", "layers", "cell", "lstm", "hidden", 4);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "whole", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  g_assert_null (rnn_batch_stream_new (model, RNN_PRECISION_F32, "g", 4, 0, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED);
}

/* ---- memory ---- */

static gint n_ready;

static gpointer
run_many (gpointer stream)
{
  gfloat x[3 * N_IN] = { 1, }, y[3 * 11];
  gint before;

  for (guint i = 0; i < 50; i++)
    rnn_batch_stream_run (stream, 1 + i % 3, x, y);
  g_atomic_int_inc (&n_ready);
  while (g_atomic_int_get (&n_ready) < 3)
    g_usleep (100);
  before = g_atomic_int_get (&n_allocations);
  for (guint i = 0; i < 200; i++)
    rnn_batch_stream_run (stream, 1 + i % 3, x, y);
  before = g_atomic_int_get (&n_allocations) - before;
  g_atomic_int_inc (&n_ready);
  while (g_atomic_int_get (&n_ready) < 6)
    g_usleep (100);
  return GINT_TO_POINTER (before);
}

static void
test_no_allocation (void)
{
  g_autoptr (RnnModel) model = new_model (1);
  g_autoptr (RnnBatchStream) a = join (model, "g", 1000), b = join (model, "g", 1000), c = join (model, "g", 1000);
  RnnBatchStream *const streams[] = { a, b, c };
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("stream", run_many, streams[i]);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 0);
}

/* What each further stream of the model that we ship takes. */
static void
test_bytes_per_stream (void)
{
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "..", "models", "english-small.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_load_shared (path, &error);
  RnnBatchStream *streams[100];
  gsize before = 0, bytes;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    streams[i] = rnn_batch_stream_new (model, RNN_PRECISION_INT8, "g", 4, 5000, &error);
    g_assert_no_error (error);
    if (i == 0)
      before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  }
  bytes = (mallinfo2 ().uordblks + mallinfo2 ().hblkhd - before) / (G_N_ELEMENTS (streams) - 1);
  g_test_message ("%" G_GSIZE_FORMAT " bytes per stream, of it %" G_GSIZE_FORMAT " of state", bytes,
      rnn_batch_stream_get_state_size (streams[0]) * sizeof (gfloat));
  if (before == 0)
    g_test_skip ("this allocator does not tell");
  g_assert_cmpuint (bytes, <=, 64 << 10);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    rnn_batch_stream_free (streams[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/batcher/same-f32", GINT_TO_POINTER (RNN_PRECISION_F32), test_same);
  g_test_add_data_func ("/batcher/same-int8", GINT_TO_POINTER (RNN_PRECISION_INT8), test_same);
  g_test_add_func ("/batcher/idle", test_idle);
  g_test_add_func ("/batcher/together", test_together);
  g_test_add_func ("/batcher/deadline", test_deadline);
  g_test_add_func ("/batcher/leave", test_leave);
  g_test_add_func ("/batcher/cancel", test_cancel);
  g_test_add_func ("/batcher/apart", test_apart);
  g_test_add_func ("/batcher/long", test_long);
  g_test_add_func ("/batcher/long-hint", test_long_hint);
  g_test_add_func ("/batcher/offline", test_offline);
  g_test_add_func ("/batcher/no-allocation", test_no_allocation);
  g_test_add_func ("/batcher/bytes-per-stream", test_bytes_per_stream);
  return g_test_run ();
}
