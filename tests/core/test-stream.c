/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams of models that look ahead: every layer begins with its first real step and ends with its last, as PyTorch has
 * it (tests/data/padding: nn.Conv1d (padding) under recurrent layers and under itself, two bidirectional LSTMs in one
 * block; computed by PyTorch 1.13); what goes on after an end; missing values; beginning anew; the same answers as from the whole
 * sequence at once. */
#include "base/error.h"
#include "base/rng.h"
#include "model/safetensors.h"
#include "session/session.h"
#include "session/stream.h"
#include "session/whole.h"
#include <math.h>
#include <string.h>

typedef struct {
  gint dims[2];
  gfloat *data;
} Matrix;

static Matrix
read_matrix (RnnSafetensors *file, const gchar *name)
{
  const RnnTensorView *view = rnn_safetensors_find (file, name);
  Matrix m = { { (gint) view->dims[0], (gint) view->dims[1] }, g_new (gfloat, view->size) };

  rnn_tensor_view_to_float (view, m.data);
  return m;
}

static gchar *
data_path (const gchar *name, const gchar *ending)
{
  g_autofree gchar *file = g_strconcat (name, ending, NULL);

  return g_test_build_filename (G_TEST_DIST, "data", "padding", file, NULL);
}

static RnnStream *
new_stream (RnnModel *model, const gchar *group)
{
  g_autoptr (GError) error = NULL;
  RnnStream *stream = rnn_stream_new (model, &(RnnStreamConfig) {.group = group }, &error);

  g_assert_no_error (error);
  return stream;
}

/* The answers so far go behind y[*n]; they answer the steps in their order. */
static void
take (RnnStream *stream, gfloat *y, gsize n_out, guint *n)
{
  const RnnStreamAnswer *answer;

  while ((answer = rnn_stream_next (stream))) {
    g_assert_cmpuint (answer->start, ==, 10 * *n);
    memcpy (y + (*n)++ * n_out, answer->y, n_out * sizeof (gfloat));
  }
}

/* x[T][n_in] -> y[T][n_out]; answers are asked for after every @every steps. */
static void
run (RnnStream *stream, const Matrix *x, guint every, gfloat *y, gsize n_out)
{
  guint n = 0;

  for (gint t = 0; t < x->dims[0]; t++) {
    memcpy (rnn_stream_get_row (stream), x->data + t * x->dims[1], x->dims[1] * sizeof (gfloat));
    rnn_stream_push (stream, 10 * (guint) t, 10);
    take (stream, y, n_out, &n);
    if (every && (t + 1) % (gint) every == 0) {
      rnn_stream_flush (stream);
      take (stream, y, n_out, &n);
    }
  }
  rnn_stream_finish (stream);
  take (stream, y, n_out, &n);
  g_assert_cmpuint (n, ==, x->dims[0]);
}

/* After new, after a reset, and in a batch with others that are elsewhere, at every step. */
static void
test_pytorch (gconstpointer name)
{
  g_autofree gchar *path = data_path (name, ".safetensors"), *values = data_path (name, ".values.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_load (path, &error);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (values, &error);
  g_autoptr (RnnStream) stream = NULL, other = NULL;
  g_autofree gfloat *y = NULL;
  Matrix x, want;

  g_assert_no_error (error);
  x = read_matrix (file, "x");
  want = read_matrix (file, "y");
  y = g_new (gfloat, want.dims[0] * want.dims[1]);
  stream = new_stream (model, NULL);
  for (guint every = 0; every < 4; every++) {
    run (stream, &x, every, y, want.dims[1]);
    for (gint i = 0; i < want.dims[0] * want.dims[1]; i++)
      if (fabsf (y[i] - want.data[i]) > 1e-5f)
        g_error ("%s: step %d, value %d: %g, not %g", (const gchar *) name, i / want.dims[1], i % want.dims[1], y[i],
            want.data[i]);
    rnn_stream_reset (stream);
  }
  g_free (x.data);
  g_free (want.data);
}

/* The same from sessions whose streams begin at different steps: bit for bit what each is alone. */
static void
test_batch (gconstpointer name)
{
  enum { B = 3 };
  g_autofree gchar *path = data_path (name, ".safetensors"), *values = data_path (name, ".values.safetensors");
  g_autoptr (RnnModel) model = rnn_model_load (path, NULL);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (values, NULL);
  g_autoptr (RnnSession) alone = rnn_session_new (model, 1, 32, RNN_PRECISION_F32, NULL);
  g_autoptr (RnnSession) batch = rnn_session_new (model, B, 32, RNN_PRECISION_F32, NULL);
  Matrix x = read_matrix (file, "x");
  gsize n_in = x.dims[1], n_out = rnn_model_get_n_out (model);
  g_autofree gfloat *y = g_new (gfloat, x.dims[0] * n_out), *xs = g_new (gfloat, B * n_in);
  g_autofree gfloat *ys = g_new (gfloat, B * n_out);

  rnn_session_run (alone, (guint) x.dims[0], x.data, y);
  for (gint t = 0; t < x.dims[0] + B; t++) {    /* stream b begins with step b */
    for (gint b = 0; b < B; b++) {
      if (t == b)
        rnn_session_reset (batch, b);
      memcpy (xs + b * n_in, x.data + CLAMP (t - b, 0, x.dims[0] - 1) * n_in, n_in * sizeof (gfloat));
    }
    rnn_session_run (batch, 1, xs, ys);
    for (gint b = 0; b < B; b++)
      if (t >= b && t - b < x.dims[0])
        g_assert_cmpmem (ys + b * n_out, n_out * sizeof (gfloat), y + (t - b) * n_out, n_out * sizeof (gfloat));
  }
  g_free (x.data);
}

/* An end fetches the answers; steps that follow after all are answered as if it had not been. */
static void
test_goes_on (void)
{
  g_autofree gchar *path = data_path ("conv-lstm", ".safetensors"), *values = data_path ("conv-lstm",
      ".values.safetensors");
  g_autoptr (RnnModel) model = rnn_model_load (path, NULL);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (values, NULL);
  g_autoptr (RnnStream) whole = new_stream (model, NULL), cut = new_stream (model, NULL);
  Matrix x = read_matrix (file, "x"), first = x, rest = x;
  gsize n_out = rnn_model_get_n_out (model), last = (x.dims[0] - 1) * n_out;
  g_autofree gfloat *a = g_new (gfloat, x.dims[0] * n_out), *b = g_new (gfloat, x.dims[0] * n_out);

  first.dims[0] = 6;
  rest.dims[0] -= 6;
  rest.data += 6 * x.dims[1];
  run (whole, &x, 0, a, n_out);
  run (cut, &first, 0, b, n_out);
  run (cut, &rest, 0, b, n_out);
  g_assert_cmpmem (a + last, n_out * sizeof (gfloat), b + last - 6 * n_out, n_out * sizeof (gfloat));
  g_free (x.data);
}

/* Stopped after any step, and gone on with: every step is answered, once, and with its own time. */
static void
test_stops (void)
{
  g_autofree gchar *path = data_path ("conv-lstm", ".safetensors"), *values = data_path ("conv-lstm", ".values.safetensors");
  g_autoptr (RnnModel) model = rnn_model_load (path, NULL);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (values, NULL);
  Matrix x = read_matrix (file, "x");
  gsize n_out = rnn_model_get_n_out (model), n_in = x.dims[1];
  g_autofree gfloat *y = g_new (gfloat, x.dims[0] * n_out);

  for (gint stop = 0; stop <= x.dims[0]; stop++) {
    g_autoptr (RnnStream) stream = new_stream (model, NULL);
    guint n = 0;

    for (gint t = 0; t <= x.dims[0]; t++) {
      if (t == stop || t == x.dims[0]) {
        rnn_stream_finish (stream);
        take (stream, y, n_out, &n);
        g_assert_cmpuint (n, ==, t);
      }
      if (t == x.dims[0])
        break;
      memcpy (rnn_stream_get_row (stream), x.data + t * n_in, n_in * sizeof (gfloat));
      rnn_stream_push (stream, 10 * (guint) t, 10);
      take (stream, y, n_out, &n);
    }
  }
  g_free (x.data);
}

/* A value that is missing is that of the step before, and harms nothing after it. */
static void
test_missing (void)
{
  g_autofree gchar *path = data_path ("conv-gru", ".safetensors"), *values = data_path ("conv-gru",
      ".values.safetensors");
  g_autoptr (RnnModel) model = rnn_model_load (path, NULL);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (values, NULL);
  g_autoptr (RnnStream) stream = new_stream (model, NULL);
  Matrix x = read_matrix (file, "x");
  gsize n_out = rnn_model_get_n_out (model), n_in = x.dims[1], size = x.dims[0] * n_out;
  g_autofree gfloat *filled = g_new (gfloat, size), *missing = g_new (gfloat, size);

  x.data[0] = 0;
  x.data[5 * n_in + 2] = x.data[4 * n_in + 2];
  run (stream, &x, 1, filled, n_out);
  g_assert_cmpuint (rnn_stream_get_n_missing (stream), ==, 0);
  rnn_stream_reset (stream);
  x.data[0] = -3e38f;
  x.data[5 * n_in + 2] = NAN;
  run (stream, &x, 1, missing, n_out);
  g_assert_cmpuint (rnn_stream_get_n_missing (stream), ==, 2);
  g_assert_cmpmem (filled, size * sizeof (gfloat), missing, size * sizeof (gfloat));
  g_free (x.data);
}

/* Behind its end a sequence is for layers that do not ask what its last step was, in a stream and as a whole. */
static void
test_whole (void)
{
  gfloat values[12 * 2], streamed[12 * 3], whole[12 * 3];
  Matrix x = { { 12, 2 }, values };
  json_t *recipe = json_pack ("{s{sssi}s[{sssisisi}{sssi}]}", "input", "kind", "tensors", "size", 2, "layers",
      "cell", "conv1d", "units", 4, "kernel", 7, "lookahead", 3, "cell", "gru", "hidden", 3);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "ahead", NULL);
  g_autoptr (RnnStream) stream = new_stream (model, NULL);
  RnnRng rng;

  json_decref (recipe);
  rnn_rng_seed (&rng, 1, 0);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = 1 + rnn_rng_uniform (&rng);
  run (stream, &x, 0, streamed, 3);
  g_assert_true (rnn_run_whole (model, 12, values, whole, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (whole); i++)
    g_assert_cmpfloat_with_epsilon (whole[i], streamed[i], 1e-6);
}

/* y_t = x_t, told @ahead steps later. */
static RnnModel *
make_echo (gint ahead)
{
  json_t *recipe = json_pack ("{s:i, s:{s:s, s:i}, s:[{s:s, s:s, s:i, s:i, s:b, s:b}]}", "format", 1,
      "input", "kind", "tensors", "size", 2, "layers", "cell", "conv1d", "name", "c", "kernel", ahead + 1,
      "lookahead", ahead, "depthwise", 1, "bias", 0);
  RnnModel *model = rnn_model_new (recipe, 1, "echo", NULL);
  gfloat *params = rnn_model_get_params (model);

  json_decref (recipe);
  memset (params, 0, rnn_model_get_n_params (model) * sizeof (gfloat));
  params[0] = params[ahead + 1] = 1;
  rnn_model_pack (model, FALSE);
  return model;
}

/* '_' is the first output; @live: every step is run at once.  Returns how many answers came. */
static guint
say (RnnStream *stream, const gchar *text, gboolean live)
{
  guint n = 0;

  for (; *text; text++) {
    gfloat *row = rnn_stream_get_row (stream);

    row[0] = *text == '_';
    row[1] = *text != '_';
    rnn_stream_push (stream, 0, 0);
    if (live)
      rnn_stream_flush (stream);
    while (rnn_stream_next (stream))
      n++;
  }
  return n;
}

/* Only where nothing has been heard, in the last block and in steps that wait for their answer, a stream begins anew; however
 * its steps are cut. */
static void
test_restart (void)
{
  static const struct {
    const gchar *text;
    gboolean restarts;
  } rows[] = { {"a___________", TRUE}, {"a__________b", FALSE}, {"a_____b_____", FALSE} };
  g_autoptr (RnnModel) model = make_echo (3);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (rows); i++) {
    g_autoptr (RnnStream) stream = new_stream (model, NULL);
    gboolean live = i >= G_N_ELEMENTS (rows), restarts = rows[i % G_N_ELEMENTS (rows)].restarts;
    guint n = say (stream, rows[i % G_N_ELEMENTS (rows)].text, live);

    g_assert_cmpuint (n, ==, 9);
    g_assert_true (rnn_stream_is_between_blocks (stream));
    g_assert_cmpint (rnn_stream_restart (stream, 0), ==, restarts);
    while (rnn_stream_next (stream))
      n++;
    g_assert_cmpuint (n, ==, restarts ? 12 : 9);
    g_assert_cmpuint (say (stream, "ab__", live), ==, restarts ? 1 : 4);
  }
}

int
main (int argc, char **argv)
{
  static const gchar *const cases[] = { "conv-lstm", "conv-gru", "conv-rnn", "conv-conv", "bi-bi" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *pytorch = g_strconcat ("/stream/pytorch/", cases[i], NULL);
    g_autofree gchar *batch = g_strconcat ("/stream/batch/", cases[i], NULL);

    g_test_add_data_func (pytorch, cases[i], test_pytorch);
    g_test_add_data_func (batch, cases[i], test_batch);
  }
  g_test_add_func ("/stream/goes-on", test_goes_on);
  g_test_add_func ("/stream/stops", test_stops);
  g_test_add_func ("/stream/missing", test_missing);
  g_test_add_func ("/stream/whole", test_whole);
  g_test_add_func ("/stream/restart", test_restart);
  return g_test_run ();
}
