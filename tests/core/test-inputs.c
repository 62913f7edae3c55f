/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every input of the registry has to do: any cut of the rows gives the same steps, sizes are what it says, a reset
 * stream is a new one, and a trainer's minibatch holds what a stream gives, bit for bit, whatever normalises. */
#include "base/finite.h"
#include "base/rng.h"
#include "inputs/input.h"
#include "session/listener.h"
#include "session/stream.h"
#include "train/batch.h"
#include "train-toy.h"
#include <math.h>
#include <string.h>

#define N_ROWS 4000

/* Objects of kinds that have no "channels"; %s: more options of its normalisation. */
static const struct {
  const gchar *kind, *text;
} objects[] = {
  { "audio", "{\"kind\": \"audio\", \"rate\": 8000, \"features\": {\"n_mels\": 6, \"stack\": 3, \"stride\": 2%s}}" },
  { "spectrum", "{\"kind\": \"spectrum\", \"rate\": 8000, \"features\": {\"frame_length\": 4, \"frame_shift\": 2, \"stack\": 2%s}}" },
  { "line", "{\"kind\": \"line\", \"height\": 5, \"columns\": 3%s}" },
  { "samples", "{\"kind\": \"samples\", \"rate\": 8000, \"window\": 32, \"hop\": 24}" },
  { "series", "{\"kind\": \"series\", \"channels\": 3%s}" },
  { "tensors", "{\"kind\": \"tensors\", \"size\": 4%s}" },
  { "words", "{\"kind\": \"words\", \"rows\": 50}" },
};

static const gchar *const norms[] = {
  "", ", \"cmvn\": \"global\"", ", \"cmvn\": \"global\", \"cmvn_variance\": false", ", \"cmvn\": \"sliding\", \"cmvn_window\": 20",
  ", \"cmvn\": \"sliding\", \"cmvn_variance\": false", ", \"cmvn\": \"running\", \"cmvn_decay\": 0.9",
  ", \"cmvn\": \"running\", \"cmvn_variance\": false",
};

/* NULL: the text of @kind has no normalisation, and @norm is one. */
static gchar *
object_of (const gchar *kind, const gchar *norm)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    if (g_str_equal (objects[i].kind, kind)) {
      g_auto (GStrv) halves = g_strsplit (objects[i].text, "%s", 2);

      return halves[1] || !*norm ? g_strjoinv (norm, halves) : NULL;
    }
  return g_strdup_printf ("{\"kind\": \"%s\", \"channels\": 2%s}", kind, norm);
}

static RnnInput *
make (const gchar *kind, const gchar *norm)
{
  g_autofree gchar *text = object_of (kind, norm);
  json_t *object = text ? json_loads (text, 0, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  RnnInput *input;

  if (!object)
    return NULL;
  input = rnn_input_new (object, "test", &error);
  json_decref (object);
  g_assert_no_error (error);
  return input;
}

/* Rows of unlike level, as speech and series are. (transfer full) */
static gfloat *
make_rows (const RnnInput *input)
{
  gsize n = (gsize) N_ROWS * input->channels;
  gfloat *rows = g_new (gfloat, n);
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (gsize i = 0; i < n; i++)
    rows[i] = 0.1f * (1 + i * 4 / n) * (rnn_rng_normal (&rng) + 0.3f);
  return rows;
}

/* Statistics as a trainer would find them: any do. */
static void
fill_stats (const RnnInput *input, gfloat *mean, gfloat *std)
{
  for (gint i = 0; i < input->n_frame; i++) {
    mean[i] = 0.01f * i + 0.3f;
    std[i] = 0.7f + 0.013f * i;
  }
}

/* All steps of rows[n], pushed @piece at a time (0: in pieces of any size). (transfer full) */
static gfloat *
run (RnnInputStream *stream, const RnnInput *input, const gfloat *rows, guint n, guint piece, guint *n_steps)
{
  guint room = rnn_input_stream_max_steps (stream, n) + rnn_input_stream_max_steps (stream, 0), at = 0, steps = 0;
  gfloat *out = g_new (gfloat, (gsize) (room + 8) * input->n_in);
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 0);
  while (at < n) {
    guint take = MIN (n - at, piece ? piece : rnn_rng_below (&rng, 300)), most = rnn_input_stream_max_steps (stream, take);
    guint got = rnn_input_stream_push (stream, rows + (gsize) at * input->channels, take, out + (gsize) steps * input->n_in);

    g_assert_cmpuint (got, <=, most);
    at += take;
    steps += got;
  }
  *n_steps = steps + rnn_input_stream_finish (stream, out + (gsize) steps * input->n_in);
  g_assert_cmpuint (*n_steps, <=, room + 1);
  return out;
}

static void
test_cuts (gconstpointer kind)
{
  for (guint k = 0; k < G_N_ELEMENTS (norms); k++) {
    g_autoptr (RnnInput) input = make (kind, norms[k]);
    g_autoptr (RnnInputStream) stream = NULL;
    g_autofree gfloat *rows = NULL, *whole = NULL, *mean = NULL, *std = NULL;
    g_autoptr (GError) error = NULL;
    guint n_whole, n;

    if (!input)
      continue;
    rows = make_rows (input);
    mean = g_new (gfloat, input->n_frame);
    std = g_new (gfloat, input->n_frame);
    fill_stats (input, mean, std);
    stream = rnn_input_stream_new (input, mean, std, &error);
    g_assert_no_error (error);
    whole = run (stream, input, rows, N_ROWS, N_ROWS, &n_whole);
    g_assert_cmpuint (n_whole, >, 10);
    g_assert_cmpuint (n_whole, <=, N_ROWS / input->hop + 1);
    for (guint piece = 0; piece <= 7; piece += 7) {
      g_autofree gfloat *cut = run (stream, input, rows, N_ROWS, piece, &n);

      g_assert_cmpmem (cut, (gsize) n * input->n_in * sizeof (gfloat), whole, (gsize) n_whole * input->n_in * sizeof (gfloat));
    }
    g_free (run (stream, input, rows, 100, 100, &n));
    rnn_input_stream_push (stream, rows, 33, whole);
    rnn_input_stream_reset (stream);
    {
      g_autofree gfloat *again = run (stream, input, rows, N_ROWS, N_ROWS, &n);
      g_autofree gfloat *first = run (stream, input, rows, N_ROWS, N_ROWS, &n_whole);

      g_assert_cmpmem (again, (gsize) n * input->n_in * sizeof (gfloat), first, (gsize) n_whole * input->n_in * sizeof (gfloat));
    }
  }
}

static RnnModel *
make_model (const gchar *object, const RnnInput *input, const gfloat *mean, const gfloat *std)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"input\": %s, \"layers\": [{\"cell\": \"dense\", \"units\": 2}]}", object);
  RnnModel *model = toy_model (recipe, 1);

  rnn_model_set_input_stats (model, mean, std, input->n_frame);
  return model;
}

/* What a stream feeds the model, and what a trainer does that was given the stream's frames. */
static void
test_trainer (gconstpointer kind)
{
  for (guint k = 0; k < G_N_ELEMENTS (norms); k++) {
    g_autofree gchar *object = object_of (kind, norms[k]);
    g_autoptr (RnnInput) input = make (kind, norms[k]);
    g_autoptr (RnnInputStream) stream = NULL, plain = NULL;
    g_autofree gfloat *rows = NULL, *steps = NULL, *frames = NULL, *mean = NULL, *std = NULL;
    RnnFraming framing;
    RnnInput single;
    RnnDataset *dataset;
    RnnBatch batch = { 0 };
    RnnModel *model;
    guint32 one = 0;
    guint n, n_frames;

    if (!input)
      continue;
    rows = make_rows (input);
    mean = g_new (gfloat, input->n_frame);
    std = g_new (gfloat, input->n_frame);
    fill_stats (input, mean, std);
    stream = rnn_input_stream_new (input, mean, std, NULL);
    plain = rnn_input_stream_new_frames (input, NULL);
    steps = run (stream, input, rows, N_ROWS, 0, &n);
    single = *input;
    single.n_in = input->n_frame;
    frames = run (plain, &single, rows, N_ROWS, 0, &n_frames);

    model = make_model (object, input, mean, std);
    dataset = rnn_dataset_new (input->n_frame);
    rnn_dataset_add_series (dataset, frames, n_frames, frames, 1);
    rnn_framing_init (&framing, model, input->n_frame);
    for (gint round = 0; round < 2; round++) {  /* nothing stays from one to the next */
      rnn_batch_build (&batch, &framing, dataset, &one, 1, NULL, 0);
      g_assert_cmpint (batch.T, ==, (gint) n);
      g_assert_cmpmem (batch.x, (gsize) n * input->n_in * sizeof (gfloat), steps, (gsize) n * input->n_in * sizeof (gfloat));
    }
    rnn_batch_clear (&batch);
    rnn_framing_clear (&framing);
    rnn_dataset_free (dataset);
    rnn_model_unref (model);
  }
}

#ifndef REGISTRY_ONLY
/* ---- a model's own stream ---- */

/* All answers to rows[n][3], 2 numbers each. (transfer full) */
static RnnModel *
make_ahead (const gchar *object, const gfloat *mean, const gfloat *std)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"input\": %s, \"layers\": [{\"cell\": \"conv1d\", \"units\": 2, \"kernel\": 3,"
      "\"lookahead\": 2}]}", object);
  RnnModel *model = toy_model (recipe, 1);

  rnn_model_set_input_stats (model, mean, std, 3);
  return model;
}

static gfloat *
run_model (const gchar *object, const gfloat *mean, const gfloat *std, const gfloat *rows, guint n)
{
  g_autoptr (RnnModel) model = make_ahead (object, mean, std);
  g_autoptr (RnnStream) stream = NULL;
  RnnStreamConfig config = { 0 };
  const RnnStreamAnswer *answer;
  gfloat *y = g_new0 (gfloat, 2 * n);
  guint got = 0;

  stream = rnn_stream_new (model, &config, NULL);
  for (guint t = 0; t <= n; t++) {
    if (t < n) {
      memcpy (rnn_stream_get_row (stream), rows + t * 3, 3 * sizeof (gfloat));
      rnn_stream_push (stream, t, 1);
    } else {
      rnn_stream_finish (stream);
    }
    while ((answer = rnn_stream_next (stream)))
      memcpy (y + 2 * got++, answer->y, 2 * sizeof (gfloat));
  }
  g_assert_cmpuint (got, ==, n);
  return y;
}

/* The same by a listener. (transfer full) */
static gfloat *
listen (const gchar *object, const gfloat *mean, const gfloat *std, const gfloat *rows, guint n)
{
  g_autoptr (RnnModel) model = make_ahead (object, mean, std);
  g_autoptr (RnnListener) listener = rnn_listener_new (model, NULL, NULL);
  gfloat *y = g_new0 (gfloat, 2 * n);
  const RnnHeard *heard;
  guint got = 0;

  rnn_listener_push (listener, rows, n);
  rnn_listener_finish (listener);
  while ((heard = rnn_listener_next (listener)))
    memcpy (y + 2 * got++, heard->y, 2 * sizeof (gfloat));
  g_assert_cmpuint (got, ==, n);
  return y;
}

/* A model of a series is given rows as they are, missing values among them: it sees what its trainer fed it, to the end. */
static void
test_session (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (norms); k++) {
    g_autoptr (RnnInput) input = make ("series", norms[k]);
    g_autoptr (RnnInputStream) stream = NULL;
    g_autofree gchar *object = object_of ("series", norms[k]), *bare = object_of ("series", "");
    g_autofree gfloat *rows = make_rows (input), *seen = NULL, *one = NULL, *other = NULL, *heard = NULL;
    gfloat mean[3], std[3];
    guint n;

    fill_stats (input, mean, std);
    stream = rnn_input_stream_new (input, mean, std, NULL);
    seen = run (stream, input, rows, 20, 20, &n);
    one = run_model (object, mean, std, rows, 20);
    other = run_model (bare, mean, std, seen, 20);
    g_assert_cmpmem (one, 20 * 8, other, 20 * 8);
    heard = listen (object, mean, std, rows, 20);
    g_assert_cmpmem (one, 20 * 8, heard, 20 * 8);
    rows[7] = NAN;
    rows[13] = -3e38f;
    g_free (one);
    g_free (heard);
    one = run_model (object, mean, std, rows, 20);
    heard = listen (object, mean, std, rows, 20);
    g_assert_true (rnn_all_finite (40, heard));
    g_assert_cmpmem (one, 20 * 8, heard, 20 * 8);
  }
}

/* ---- single kinds ---- */

static void
test_samples (void)
{
  g_autoptr (RnnInput) input = make ("samples", "");
  g_autoptr (RnnInputStream) stream = rnn_input_stream_new (input, NULL, NULL, NULL);
  g_autofree gfloat *rows = make_rows (input), *steps = NULL;
  guint n;

  g_assert_cmpint (input->n_in, ==, 32);
  g_assert_cmpint (input->hop, ==, 24);
  g_assert_cmpint (input->window, ==, 32);
  g_assert_cmpint (input->rate, ==, 8000);
  steps = run (stream, input, rows, N_ROWS, 0, &n);
  g_assert_cmpuint (n, ==, (N_ROWS - 32) / 24 + 1);
  for (guint t = 0; t < n; t++)
    g_assert_cmpmem (steps + t * 32, 128, rows + t * 24, 128);
}

/* A tone of bin 8 of 32, in a rectangular window: its power is there and nowhere else. */
static void
test_spectrum (void)
{
  json_t *object = json_loads ("{\"kind\": \"spectrum\", \"rate\": 16000, \"features\": {\"frame_length\": 2, \"frame_shift\": 2,"
      "\"window\": \"rectangular\", \"preemphasis\": 0, \"remove_dc\": false, \"scale\": 1, \"use_log\": false,"
      "\"use_power\": false}}", 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnInput) input = rnn_input_new (object, "test", &error);
  g_autoptr (RnnInputStream) stream = NULL;
  gfloat samples[320], out[10 * 17];

  json_decref (object);
  g_assert_no_error (error);
  g_assert_cmpint (input->n_in, ==, 17);
  stream = rnn_input_stream_new (input, NULL, NULL, &error);
  for (gint i = 0; i < 320; i++)
    samples[i] = (const gfloat[]) { 1, 0, -1, 0 }[i % 4];
  g_assert_cmpuint (rnn_input_stream_push (stream, samples, 320, out), ==, 10);
  for (gint i = 0; i < 10 * 17; i++)
    g_assert_cmpfloat_with_epsilon (out[i], i % 17 == 8 ? 16 : 0, 1e-4);
}

static void
test_refused (void)
{
  static const gchar *const wrong[][2] = {
    { "{\"kind\": \"smell\"}", "\"kind\" must be one of" }, { "{}", "\"kind\" must be one of" }, { "[]", "\"kind\" must be one of" },
    { "{\"kind\": \"series\", \"size\": 2}", "\"channels\" must be" }, { "{\"kind\": \"tensors\", \"size\": 0}", "\"size\" must be" },
    { "{\"kind\": \"tensors\", \"size\": 1, \"rate\": 8000}", "rate" }, { "{\"kind\": \"audio\"}", "\"rate\" must be" },
    { "{\"kind\": \"series\", \"channels\": 2, \"cmvn\": \"local\"}", "cmvn" },
    { "{\"kind\": \"audio\", \"rate\": 8000, \"n_mels\": 4}", "n_mels" },
    { "{\"kind\": \"spectrum\", \"rate\": 8000, \"features\": {\"pcen\": \"first\"}}", "pcen" },
    { "{\"kind\": \"samples\", \"rate\": 8000, \"window\": 0}", "window" },
    { "{\"kind\": \"words\", \"rows\": 1}", "two rows" }, { "{\"kind\": \"words\", \"rows\": 9, \"cmvn\": \"running\"}", "normalised" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    json_t *object = json_loads (wrong[i][0], 0, NULL);
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", wrong[i][0]);
    g_assert_null (rnn_input_new (object, "test", &error));
    g_assert_true (g_str_has_prefix (error->message, "test"));
    g_assert_nonnull (strstr (error->message, wrong[i][1]));
    json_decref (object);
  }
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const RnnInputClass *const *k = rnn_input_kinds (); *k; k++) {
    g_autofree gchar *cuts = g_strdup_printf ("/inputs/%s/cuts", (*k)->name);
    g_autofree gchar *trainer = g_strdup_printf ("/inputs/%s/trainer", (*k)->name);

    g_test_add_data_func (cuts, (*k)->name, test_cuts);
    g_test_add_data_func (trainer, (*k)->name, test_trainer);
  }
#ifndef REGISTRY_ONLY
  g_test_add_func ("/inputs/session", test_session);
  g_test_add_func ("/inputs/samples", test_samples);
  g_test_add_func ("/inputs/spectrum", test_spectrum);
  g_test_add_func ("/inputs/refused", test_refused);
#endif
  return g_test_run ();
}
