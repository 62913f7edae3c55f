/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore bench: what it says is complete and can be true, and what makes no sense it refuses.  How fast anything is
 * is no matter of tests. */
#include <glib/gstdio.h>
#include <jansson.h>
#include "kernels/kernels.h"
#include "tool-call.h"

/* Sanitizers' heaps do not tell how full they are. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define COUNTS_HEAP FALSE
#else
#define COUNTS_HEAP TRUE
#endif

#define QUICK " --seconds 0.01 --json"

/* Runs `rnncore bench @line` and parses its one object. (transfer full) */
static json_t *
bench (const gchar *line)
{
  g_autofree gchar *command = g_strconcat ("bench ", line, QUICK, NULL);
  g_autofree gchar *out = NULL, *err = NULL;
  json_error_t error;
  json_t *object;

  g_assert_cmpint (call (command, &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  object = json_loads (out, 0, &error);
  if (!object)
    g_error ("\"rnncore %s\" is no JSON: %s\n%s", command, error.text, out);
  return object;
}

static gdouble
number (const json_t *object, const gchar *name)
{
  const json_t *value = json_object_get (object, name);

  if (!json_is_number (value))
    g_error ("%s is no number", name);
  return json_number_value (value);
}

static void
assert_null (const json_t *object, const gchar *name)
{
  g_assert_true (json_is_null (json_object_get (object, name)));
}

static void
assert_text (const json_t *object, const gchar *name, const gchar *text)
{
  g_assert_cmpstr (json_string_value (json_object_get (object, name)), ==, text);
}

/* What every benchmark says. */
static void
assert_result (const json_t *object, const gchar *what)
{
  assert_text (object, "what", what);
  assert_text (object, "kernel", rnn_kernels ()->name);
  g_assert_cmpstr (json_string_value (json_object_get (object, "cpu")), !=, "");
  g_assert_cmpfloat (number (object, "median_us"), >, 0);
  g_assert_cmpfloat (number (object, "p99_us"), >=, number (object, "median_us"));
  g_assert_cmpfloat (number (object, "floor_us"), >, 0);
  g_assert_cmpint (number (object, "threads"), ==, 1);
  assert_text (object, "clock", "cpu");
  assert_null (object, "cpu_us");
  g_assert_cmpint (number (object, "steps"), >, 0);
}

/* The peer's figures are both there or neither is. */
static void
assert_peer (const json_t *object)
{
  const json_t *us = json_object_get (object, "onednn_us"), *ratio = json_object_get (object, "onednn_ratio");
  gdouble expected;

  g_assert_true (us && ratio);
  if (json_is_null (us)) {
    g_assert_true (json_is_null (ratio));
    return;
  }
  expected = json_number_value (us) / number (object, "median_us");
  g_assert_cmpfloat (json_number_value (us), >, 0);
  g_assert_cmpfloat_with_epsilon (json_number_value (ratio), expected, 1e-4 * expected);
}

static void
assert_sizes (const json_t *object, gint input, gint hidden, gint layers, gint streams, gint steps)
{
  g_assert_cmpint (number (object, "input"), ==, input);
  g_assert_cmpint (number (object, "hidden"), ==, hidden);
  g_assert_cmpint (number (object, "layers"), ==, layers);
  g_assert_cmpint (number (object, "streams"), ==, streams);
  g_assert_cmpint (number (object, "steps"), ==, steps);
}

static void
test_step (void)
{
  json_t *object = bench ("step --input 20 --hidden 32 --layers 2");

  assert_result (object, "step");
  assert_sizes (object, 20, 32, 2, 1, 1);
  assert_text (object, "cell", "lstm");
  assert_text (object, "precision", "f32");
  assert_text (object, "unit", "stream-step");
  g_assert_cmpint (number (object, "bytes_per_stream"), >=, 2 * 2 * 32 * sizeof (gfloat));     /* h and c */
  assert_peer (object);
  json_decref (object);
}

/* GRU in 8 bits is another operation for the peer; a cell that it knows nothing of has no figures of it. */
static void
test_cells (void)
{
  json_t *object = bench ("step --cell gru --precision int8 --input 8 --hidden 16");

  assert_result (object, "step");
  assert_text (object, "precision", "int8");
  assert_peer (object);
  json_decref (object);

  object = bench ("step --cell indrnn --input 8 --hidden 16");
  assert_result (object, "step");
  assert_null (object, "onednn_us");
  assert_null (object, "onednn_ratio");
  json_decref (object);

  object = bench ("step --cell norm --input 24");     /* as wide as its input */
  assert_result (object, "step");
  assert_sizes (object, 24, 24, 1, 1, 1);
  json_decref (object);
}

static void
test_chunk_and_batch (void)
{
  json_t *object = bench ("chunk --input 8 --hidden 16 --steps 7");

  assert_result (object, "chunk");
  assert_sizes (object, 8, 16, 1, 1, 7);
  json_decref (object);
  object = bench ("batch --input 8 --hidden 16 --streams 5");
  assert_result (object, "batch");
  assert_sizes (object, 8, 16, 1, 5, 1);
  assert_peer (object);
  json_decref (object);
}

static void
test_train (void)
{
  json_t *object = bench ("train --input 6 --hidden 8 --layers 2 --streams 3 --steps 9 --outputs 5 --labels 2");

  assert_result (object, "train");
  assert_sizes (object, 6, 8, 2, 3, 9);
  assert_text (object, "unit", "update");
  assert_peer (object);
  json_decref (object);
  object = bench ("train --cell gru --loss cross-entropy --input 6 --hidden 8 --streams 2 --steps 9");
  assert_result (object, "train");
  assert_text (object, "loss", "cross-entropy");
  assert_sizes (object, 6, 8, 2, 2, 9);        /* layers and tokens of the language model's own row */
  g_assert_cmpint (json_integer_value (json_object_get (object, "outputs")), ==, 128);
  json_decref (object);
  object = bench ("train --input 6 --hidden 8 --streams 4 --steps 9 --outputs 5 --labels 2 --threads 2");
  assert_text (object, "clock", "wall");
  g_assert_cmpfloat (number (object, "cpu_us"), >, 0);
  json_decref (object);
}

static void
test_ctc_and_features (void)
{
  json_t *object = bench ("ctc --steps 20 --streams 2 --labels 4 --outputs 6");

  assert_result (object, "ctc");
  assert_text (object, "unit", "loss call");
  assert_null (object, "cell");
  assert_null (object, "hidden");
  g_assert_cmpint (number (object, "bytes_per_stream"), >, 0);
  json_decref (object);
  object = bench ("features --steps 5 --outputs 40");
  assert_result (object, "features");
  assert_null (object, "input");
  if (COUNTS_HEAP)
    g_assert_cmpint (number (object, "bytes_per_stream"), >, 0);
  json_decref (object);
}

/* ---- pipeline ---- */

static const gchar recipe[] = "{\"input\": {\"kind\": \"audio\", \"rate\": 16000, \"features\": {\"n_mels\": 20, "
    "\"stack\": 2, \"stride\": 2}}, \"layers\": [{\"cell\": \"lstm\", \"hidden\": 8}, {\"cell\": \"dense\", \"units\": 3}], "
    "\"output\": {\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \" \", \"a\"]}}";

static void
write_bytes (const gchar *name, gconstpointer bytes, gsize n)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, n, NULL));
}

/* A RIFF file of a quarter of a second, with a chunk of odd length that nobody needs. */
static void
write_wav (const gchar *name, guint8 bits)
{
  guint8 wav[12 + 10 + 24 + 8 + 8000] = "RIFF....WAVE" "note\1\0\0\0x\0"
      "fmt \20\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0.\0" "data\x40\x1f";

  wav[12 + 10 + 22] = bits;
  for (guint i = 0; i < 8000; i++)
    wav[sizeof (wav) - 8000 + i] = (guint8) (i * 73);
  write_bytes (name, wav, sizeof (wav));
}

static void
test_pipeline (void)
{
  static const gchar *const audio[] = { "", " --audio tone.wav", " --audio tone.raw" };
  g_autofree gchar *samples = g_malloc0 (8000);

  write_bytes ("model.json", recipe, strlen (recipe));
  write_bytes ("tone.raw", samples, 8000);
  write_wav ("tone.wav", 16);
  for (guint i = 0; i < G_N_ELEMENTS (audio); i++) {
    g_autofree gchar *line = g_strconcat ("pipeline --model model.json --streams 2", audio[i], NULL);
    json_t *object = bench (line);

    assert_result (object, "pipeline");
    assert_text (object, "model", "model.json");
    g_assert_cmpfloat_with_epsilon (number (object, "real_time_factor"), number (object, "median_us") / 1e6, 1e-8);
    g_assert_cmpint (number (object, "bytes_per_stream"), >, 0);
    json_decref (object);
  }
}

static void
test_pipeline_errors (void)
{
  static const gchar layers[] = "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, "
      "\"layers\": [{\"cell\": \"elman\"}]}";

  write_bytes ("model.json", recipe, strlen (recipe));
  write_bytes ("short.pcm", "....", 4);
  write_bytes ("speech.flac", "fLaC....", 8);
  write_bytes ("layers.json", layers, strlen (layers));
  write_wav ("12bit.wav", 12);
  assert_failure ("bench pipeline", 2, "rnncore bench: pipeline needs --model FILE\n");
  assert_failure ("bench pipeline --model none.safetensors", 1,
      "rnncore bench: none.safetensors: there is no such file\n");
  assert_failure ("bench pipeline --model layers.json", 1,
      "rnncore bench: layers.json: the model does not transcribe audio\n");
  assert_failure ("bench pipeline --model model.json --audio 12bit.wav", 1, "rnncore bench: 12bit.wav: a WAVE file without "
      "samples that can be read (format 1, 12 bit, 1 channels, 16000 Hz): PCM of 8 to 32 bit or 32 bit floats\n");
  assert_failure ("bench pipeline --model model.json --audio short.pcm", 1, "rnncore bench: short.pcm: only 2 samples\n");
  assert_failure ("bench pipeline --model model.json --audio speech.flac", 1, "rnncore bench: speech.flac: not a WAVE "
      "file; for raw 16 bit samples say their rate\n");
}

static void
test_forecast (void)
{
  static const gchar forecaster[] = "{\"forecast\": {\"context\": 12, \"segment\": 4}, \"layers\": [{\"cell\": \"gru\", "
      "\"hidden\": 4}], \"output\": {\"kind\": \"student-t\"}}";
  json_t *object;

  write_bytes ("forecaster.json", forecaster, strlen (forecaster));
  write_bytes ("broken.json", "{", 1);
  write_bytes ("model.json", recipe, strlen (recipe));
  object = bench ("forecast --model forecaster.json --horizon 6");
  assert_text (object, "what", "forecast");
  assert_text (object, "unit", "value");
  g_assert_cmpint (number (object, "horizon"), ==, 6);
  g_assert_cmpfloat (number (object, "model_us"), >, 0);
  g_assert_cmpfloat (number (object, "median_us"), >, 0);
  g_assert_cmpint (number (object, "bytes_per_stream"), >, 0);
  json_decref (object);
  assert_failure ("bench forecast", 2, "rnncore bench: forecast needs --model FILE\n");
  assert_failure ("bench forecast --model broken.json", 1, "rnncore bench: broken.json:1: string or '}' expected near end of file\n");
  assert_failure ("bench forecast --model model.json", 1,
      "rnncore bench: model.json: this is no forecaster: it has no \"forecast\"\n");
  assert_failure ("bench forecast --model forecaster.json --horizon 0", 2, "rnncore bench: --horizon must be from 1 to 4096\n");
}

/* ---- the line for people, and errors ---- */

static void
test_line (void)
{
  g_autofree gchar *out = NULL, *err = NULL, *count = NULL;

  g_assert_cmpint (call ("bench batch --input 8 --hidden 16 --streams 4 --seconds 0.01", &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  g_assert_true (g_str_has_prefix (out, "batch lstm 8x16x1 f32, 4 streams: "));
  g_assert_true (g_str_has_suffix (out, "\n"));
  g_assert_cmpint (strlen (out) - 1, ==, strcspn (out, "\n"));
  g_assert_nonnull (strstr (out, " a stream-step (p99 "));
  g_assert_nonnull (strstr (out, " times the floor of "));
  g_assert_cmpint (call ("bench step --input 8 --hidden 16 --count 3", &count, NULL), ==, 0);
  g_assert_cmpstr (count, ==, "step: 3 calls\n");
}

static void
test_unknown_cell (void)
{
  g_autofree gchar *err = NULL;

  g_assert_cmpint (call ("bench step --cell lsmt", NULL, &err), ==, 2);
  g_assert_true (g_str_has_prefix (err, "rnncore bench: there is no cell \"lsmt\" to measure; there are "));
  g_assert_nonnull (strstr (err, " gru, "));
  g_assert_nonnull (strstr (err, " lstm, "));
  g_assert_null (strstr (err, "residual"));     /* nothing without layers in it */
}

static void
test_errors (void)
{
  assert_failure ("bench", 2, "rnncore bench: usage: rnncore bench WHAT\n");
  assert_failure ("bench dance", 2,
      "rnncore bench: cannot measure \"dance\"; there are step, chunk, batch, train, ctc, features, pipeline, forecast\n");
  assert_failure ("bench step --bells", 2, "rnncore bench: Unknown option --bells\n");
  assert_failure ("bench step --hidden 0", 2, "rnncore bench: --hidden must be from 1 to 65536\n");
  assert_failure ("bench step --steps -3", 2, "rnncore bench: --steps must be from 1 to 65536\n");
  assert_failure ("bench step --threads 2", 2, "rnncore bench: --threads does not matter here\n");
  assert_failure ("bench ctc --cell lstm", 2, "rnncore bench: --cell does not matter here\n");
  assert_failure ("bench ctc --outputs 1", 2, "rnncore bench: --outputs must be more than 1\n");
  assert_failure ("bench train --loss fun", 2,
      "rnncore bench: there is no loss \"fun\" to measure; there are ctc, cross-entropy\n");
  assert_failure ("bench step --hidden 65536 --layers 64", 2,
      "rnncore bench: --steps, --streams, --layers and sizes are too much together\n");
  assert_failure ("bench step --count -1", 2,
      "rnncore bench: --count must not be below 0, and --seconds above 0, at most 3600\n");
  assert_failure ("bench step --count 3 --json", 2,
      "rnncore bench: --json has nothing to print with --count, which measures nothing\n");
  assert_failure ("bench ctc --labels 5 --steps 8", 2,
      "rnncore bench: --labels must be at most half of --steps: between two equal ones there is a blank\n");
  assert_failure ("bench train --loss cross-entropy --labels 3", 2, "rnncore bench: --labels does not matter here\n");
}

static void
test_precision (void)
{
  g_autofree gchar *err = NULL;

  g_assert_cmpint (call ("bench step --precision f16", NULL, &err), ==, 2);
  g_assert_true (g_str_has_prefix (err, "rnncore bench: --precision is not one of f32, "));
}

static void
remove_folder (void)
{
  static const gchar *const names[] = { "model.json", "layers.json", "raw", "short", "tone.wav", "8bit.wav" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (folder, names[i], NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL);
  g_test_add_func ("/bench-tool/step", test_step);
  g_test_add_func ("/bench-tool/cells", test_cells);
  g_test_add_func ("/bench-tool/chunk-and-batch", test_chunk_and_batch);
  g_test_add_func ("/bench-tool/train", test_train);
  g_test_add_func ("/bench-tool/ctc-and-features", test_ctc_and_features);
  g_test_add_func ("/bench-tool/pipeline", test_pipeline);
  g_test_add_func ("/bench-tool/forecast", test_forecast);
  g_test_add_func ("/bench-tool/pipeline-errors", test_pipeline_errors);
  g_test_add_func ("/bench-tool/line", test_line);
  g_test_add_func ("/bench-tool/unknown-cell", test_unknown_cell);
  g_test_add_func ("/bench-tool/errors", test_errors);
  g_test_add_func ("/bench-tool/precision", test_precision);
  result = g_test_run ();
  remove_folder ();
  g_free (folder);
  return result;
}
