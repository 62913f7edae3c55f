/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line as a user meets it: output, exit codes, and errors that name file and reason. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "model/root.h"
#include "model/safetensors.h"
#include "session/session.h"
#include "tool-call.h"

static void
write_file (const gchar *name, const gchar *text)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_output (const gchar *line, const gchar *expected)
{
  g_autofree gchar *out = NULL, *err = NULL;

  g_assert_cmpint (call (line, &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  g_assert_cmpstr (out, ==, expected);
}

static void
assert_mentions (const gchar *line, const gchar *const *words)
{
  g_autofree gchar *out = NULL;

  g_assert_cmpint (call (line, &out, NULL), ==, 0);
  for (; *words; words++)
    if (!strstr (out, *words))
      g_error ("\"rnncore %s\" does not mention \"%s\":\n%s", line, *words, out);
}

static void
test_help (void)
{
  assert_mentions ("help", (const gchar *[]) { "info", "text", "tokens", "wer", "convert", "quantize", "generate", "bench", NULL });
  assert_mentions ("--help", (const gchar *[]) { "info", "wer", "convert", NULL });
  assert_mentions ("wer --help", (const gchar *[]) { "REF.tsv HYP.tsv", NULL });
  assert_failure ("", 2, "rnncore: a command is needed, as in rnncore info MODEL; rnncore help lists them\n");
  assert_mentions ("--version", (const gchar *[]) { "rnncore 0.", NULL });
  assert_failure ("wre", 2, "rnncore: there is no command \"wre\"; rnncore help lists them\n");
  assert_failure ("wer a.tsv", 2, "rnncore wer: usage: rnncore wer REF.tsv HYP.tsv\n");
  assert_failure ("wer a b c", 2, "rnncore wer: usage: rnncore wer REF.tsv HYP.tsv\n");
  assert_failure ("info", 2, "rnncore info: usage: rnncore info MODEL|--cells|--cell NAME|--training|--text\n");
  assert_failure ("info --bells", 2, "rnncore info: Unknown option --bells\n");
}

/* Substituted: sat.  Deleted: the, today.  Inserted: there, now.  Case does not count. */
static void
test_wer (void)
{
  write_file ("ref.tsv", "# reference\na.wav\tanna\tTHE CAT SAT\n" "sub/b.wav\t\ton the mat today\n" "c.wav\t\tGo\n");
  write_file ("hyp.tsv", "sub/b.wav\tON mat\n" "c.wav\tgo there now\n" "a.wav\tthe cat sit\n");
  assert_output ("wer ref.tsv hyp.tsv", "WER 62.50 % (S 1, D 2, I 2, N 8 words)\n"
      "CER 72.41 % (S 1, D 10, I 10, N 29 characters)\n" "3 utterances, 0 of them missing in hyp.tsv\n");
  assert_output ("wer ref.tsv ref.tsv", "WER 0.00 % (S 0, D 0, I 0, N 8 words)\n"
      "CER 0.00 % (S 0, D 0, I 0, N 29 characters)\n" "3 utterances, 0 of them missing in ref.tsv\n");
}

static void
test_wer_missing (void)
{
  write_file ("ref.tsv", "a.wav\t\tone two\n" "b.wav\t\tthree\n" "c.wav\t\t\n");
  write_file ("hyp.tsv", "a.wav\tone two\n" "x.wav\tnobody asked\n");
  assert_output ("wer ref.tsv hyp.tsv", "WER 33.33 % (S 0, D 1, I 0, N 3 words)\n"
      "CER 41.67 % (S 0, D 5, I 0, N 12 characters)\n" "3 utterances, 2 of them missing in hyp.tsv\n");
}

static void
test_wer_errors (void)
{
  write_file ("ref.tsv", "a.wav\t\tone\n");
  write_file ("bad.tsv", "a.wav\t\tone\n\njust text\n");
  write_file ("twice.tsv", "a.wav\tone\na.wav\ttwo\n");
  write_file ("empty.tsv", "# nothing\n");
  assert_failure ("wer empty.tsv ref.tsv", 1, "rnncore wer: empty.tsv: no utterances\n");
  assert_failure ("wer ref.tsv none.tsv", 1, "rnncore wer: none.tsv: there is no such file\n");
  assert_failure ("wer bad.tsv ref.tsv", 1,
      "rnncore wer: bad.tsv:3: expected path<TAB>text or path<TAB>speaker<TAB>text\n");
  assert_failure ("wer ref.tsv twice.tsv", 1, "rnncore wer: twice.tsv:2: a second, different text for a.wav\n");
}

static void
test_info_cells (void)
{
  assert_mentions ("info --cells", (const gchar *[]) { "elman", "lstm", "gru", "dense", "norm", "dropout", NULL });
  assert_mentions ("info --cell lstm", (const gchar *[]) { "hidden", "an integer from 1 to 65536, default 128",
          "peephole", "true or false, default false", NULL });
  assert_failure ("info --cell lsmt", 1, "rnncore info: there is no cell \"lsmt\", see rnncore info --cells\n");
}

static void
test_info_training (void)
{
  assert_mentions ("info --training", (const gchar *[]) { "loss", "cross-entropy", "optimizer", "schedule", "cosine",
          "batch_size", "an integer from 1 to 65536, default 16", NULL });
}

static const gchar recipe[] = "{\"format\": 1, \"name\": \"tiny\", \"license\": \"CC0-1.0\", "
    "\"input\": {\"kind\": \"tensors\", \"size\": 3}, "
    "\"layers\": [{\"cell\": \"elman\", \"name\": \"rnn0\", \"hidden\": 5}, "
    "{\"cell\": \"dense\", \"name\": \"out\", \"units\": 2}], \"output\": {\"kind\": \"raw\"}}";

static void
test_convert (void)
{
  const gchar *const words[] = { "tiny", "CC0-1.0", "rnn0", "elman", "3 -> 5", "\"hidden\":5", "out", "5 -> 2", NULL };

  write_file ("tiny.json", recipe);
  assert_mentions ("info tiny.json", words);
  assert_output ("convert tiny.json tiny.safetensors", "");
  assert_mentions ("info tiny.safetensors", words);
  assert_output ("convert tiny.safetensors again.json", "");
  assert_mentions ("info again.json", words);
}

/* The weights survive a second conversion byte for byte. */
static void
test_convert_keeps_weights (void)
{
  g_autofree gchar *first = g_build_filename (folder, "1.safetensors", NULL);
  g_autofree gchar *second = g_build_filename (folder, "2.safetensors", NULL);
  g_autofree gchar *a = NULL, *b = NULL;
  gsize n_a, n_b;

  write_file ("tiny.json", recipe);
  assert_output ("convert tiny.json 1.safetensors", "");
  assert_output ("convert 1.safetensors 2.safetensors", "");
  g_assert_true (g_file_get_contents (first, &a, &n_a, NULL));
  g_assert_true (g_file_get_contents (second, &b, &n_b, NULL));
  g_assert_cmpmem (a, n_a, b, n_b);
}

static void
test_convert_errors (void)
{
  g_autofree gchar *err = NULL;

  write_file ("tiny.json", recipe);
  write_file ("text.safetensors", "this is no model at all");
  assert_failure ("convert none.safetensors x.safetensors", 1,
      "rnncore convert: none.safetensors: there is no such file\n");
  assert_failure ("info text.safetensors", 1, "rnncore info: text.safetensors: not a safetensors file\n");
  g_assert_cmpint (call ("convert tiny.json no/such/folder/x.safetensors", NULL, &err), ==, 1);
  g_assert_nonnull (strstr (err, "no/such/folder/x.safetensors"));
  assert_failure ("convert tiny.json tiny.onnx", 2,
      "rnncore convert: tiny.onnx: models are written as .safetensors, recipes as .json\n");
  assert_failure ("info .", 1, "rnncore info: .: cannot be read: it is a directory\n");
}

/* Weights that come without a recipe, as PyTorch saves them. */
static void
test_convert_weights (void)
{
  static const gint dims[] = { 3, 3 };
  static const gfloat w[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, b[3] = { 0.5f, 0, -1 };
  RnnTensorView views[] = { rnn_tensor_view_f32 (g_strdup ("fc.weight"), 2, dims, w),
    rnn_tensor_view_f32 (g_strdup ("fc.bias"), 1, dims, b)
  };
  g_autofree gchar *weights = g_build_filename (folder, "weights.safetensors", NULL);
  g_autofree gchar *whole = g_build_filename (folder, "whole.safetensors", NULL);
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnSession) session = NULL;
  const gfloat x[3] = { 1, 0, 2 };
  gfloat y[3];

  write_file ("fc.json", "{\"format\": 1, \"name\": \"fc\", \"input\": {\"kind\": \"tensors\", \"size\": 3}, "
      "\"layers\": [{\"cell\": \"dense\", \"name\": \"fc\", \"units\": 3}]}");
  g_assert_true (rnn_safetensors_write (weights, views, 2, NULL, NULL));
  assert_failure ("info weights.safetensors", 1, "rnncore info: weights.safetensors: only weights, no model: rnncore "
      "convert --recipe says what their layers are\n");
  assert_output ("convert --recipe fc.json weights.safetensors whole.safetensors", "");
  assert_failure ("convert --recipe tiny.json weights.safetensors x.safetensors", 1, "rnncore convert: tiny.json with "
      "weights.safetensors: tensor \"rnn0.weight_ih_l0\" is missing\n");
  model = rnn_model_load (whole, NULL);
  session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  rnn_session_run (session, 1, x, y);
  g_assert_cmpfloat (y[0], ==, 1 + 6 + 0.5f);
  g_assert_cmpfloat (y[2], ==, 7 + 18 - 1);
  for (guint i = 0; i < 2; i++)
    g_free ((gchar *) views[i].name);
}

/* What answers with the step after answers the last step with itself, as where a stream ends. */
static void
test_run_ahead (void)
{
  static const gfloat x[] = { 1, 2, 3 }, w[] = { 0, 1 };
  RnnTensorView in = rnn_tensor_view_f32 ("x", 2, (const gint[]) { 3, 1 }, x);
  RnnTensorView weight = rnn_tensor_view_f32 ("next.weight", 3, (const gint[]) { 1, 1, 2 }, w);
  g_autofree gchar *input = g_build_filename (folder, "steps.safetensors", NULL);
  g_autofree gchar *weights = g_build_filename (folder, "next-weights.safetensors", NULL);
  g_autofree gchar *output = g_build_filename (folder, "answers.safetensors", NULL);
  g_autoptr (RnnSafetensors) answers = NULL;
  gfloat y[3];

  write_file ("next.json", "{\"format\": 1, \"name\": \"next\", \"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": ["
      "{\"cell\": \"conv1d\", \"name\": \"next\", \"units\": 1, \"kernel\": 2, \"lookahead\": 1, \"bias\": false}]}");
  g_assert_true (rnn_safetensors_write (input, &in, 1, NULL, NULL));
  g_assert_true (rnn_safetensors_write (weights, &weight, 1, NULL, NULL));
  assert_output ("convert --recipe next.json next-weights.safetensors next.safetensors", "");
  assert_output ("run next.safetensors --input steps.safetensors --output answers.safetensors", "");
  answers = rnn_safetensors_open (output, NULL);
  rnn_tensor_view_to_float (rnn_safetensors_find (answers, "x"), y);
  g_assert_cmpfloat (y[0], ==, 2);
  g_assert_cmpfloat (y[1], ==, 3);
  g_assert_cmpfloat (y[2], ==, 3);
}

/* What is written goes where a link leads, and replaces no device. */
static void
test_convert_links (void)
{
  g_autofree gchar *link = g_build_filename (folder, "link.json", NULL), *pipe = g_build_filename (folder, "p.json", NULL);
  g_autofree gchar *model = g_build_filename (folder, "p.safetensors", NULL);

  write_file ("tiny.json", recipe);
  write_file ("target.json", "");
  g_assert_cmpint (symlink ("target.json", link), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (mkfifo (model, 0600), ==, 0);
  assert_output ("convert tiny.json link.json", "");
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  assert_failure ("convert tiny.json p.json", 1, "rnncore convert: p.json: not written: it is no file\n");
  assert_failure ("convert tiny.json p.safetensors", 1, "rnncore convert: p.safetensors: not written: it is no file\n");
  assert_output ("convert target.json again.json", "");
}

/* ---- generate ---- */

static void
set_param (RnnParam *param, const gchar *name, gpointer data)
{
  static const gint next[] = { 1, 2, 0 };

  for (gint i = 0; i < 3; i++)
    for (gint j = 0; j < 3; j++)
      param->data[i * 3 + j] = g_str_equal (name, "emb.weight") ? i == j : i == next[j] ? 20 : 0;
}

/* A model that knows nothing but the cycle a -> ab -> c -> a. */
static void
write_cycle (void)
{
  json_t *cycle = json_pack ("{s{sssi} s[{sssssisi}{sssssisb}] s{sss[sss]}}", "input", "kind", "tensors", "size", 1,
      "layers", "cell", "embedding", "name", "emb", "tokens", 3, "units", 3, "cell", "dense", "name", "head", "units",
      3, "bias", FALSE, "output", "kind", "classes", "labels", "a", "ab", "c");
  g_autofree gchar *path = g_build_filename (folder, "cycle.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (cycle, 1, "cycle", &error);

  g_assert_no_error (error);
  json_decref (cycle);
  rnn_cell_foreach_param (rnn_model_get_root (model), set_param, NULL);
  g_assert_true (rnn_model_save (model, path, NULL));
}

static void
test_generate (void)
{
  write_cycle ();
  assert_output ("generate cycle.safetensors --length 4 --prompt c --temperature 0", "aabca\n");
  /* not "a", then a "b" that is no token */
  assert_output ("generate cycle.safetensors --length 3 --prompt ab --temperature 0", "caab\n");
  assert_output ("generate cycle.safetensors --length 2 --prompt aca --temperature 0", "abc\n");
  assert_output ("generate cycle.safetensors --length 2 --temperature 0", "abc\n");     /* as after token 0 */
  assert_output ("generate cycle.safetensors --length 4 --prompt c --temperature 0.5", "aabca\n");
  assert_output ("generate cycle.safetensors --length 0", "\n");
  /* so hot that any token is as good as any other, but for the choice of one */
  assert_output ("generate cycle.safetensors --length 8 --prompt c --temperature 1000 --top-k 1", "aabcaabcaab\n");
  assert_output ("generate cycle.safetensors --length 8 --prompt c --temperature 2 --top-p 1e-9", "aabcaabcaab\n");
  assert_failure ("generate cycle.safetensors --prompt axe", 1,
      "rnncore generate: the model has no token for \"xe\"\n");
  assert_failure ("generate cycle.safetensors --temperature -1", 2,
      "rnncore generate: --length and --top-k must not be below 0, --temperature from 0 to 1000, --top-p above 0 to 1\n");
}

/* Bytes where no labels are; the seed alone decides what is drawn. */
static void
test_generate_seed (void)
{
  g_autofree gchar *first = NULL, *again = NULL, *other = NULL;

  write_file ("tiny.json", recipe);
  write_file ("bytes.json", "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": [{\"cell\": \"embedding\", "
      "\"units\": 4}, {\"cell\": \"gru\", \"hidden\": 5}, {\"cell\": \"dense\", \"units\": 127}]}");
  g_assert_cmpint (call ("generate bytes.json -p Hello -n 80 -s 7 -t 1.5", &first, NULL), ==, 0);
  g_assert_cmpint (call ("generate bytes.json -p Hello -n 80 -s 7 -t 1.5", &again, NULL), ==, 0);
  g_assert_cmpint (call ("generate bytes.json -p Hello -n 80 -s 8 -t 1.5", &other, NULL), ==, 0);
  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, other);
  g_clear_pointer (&again, g_free);
  g_assert_cmpint (call ("generate bytes.json -p Hello -n 80 -s 7 -t 1.5 --top-k 200", &again, NULL), ==, 0);
  g_assert_cmpstr (first, ==, again);   /* of 127 */
  assert_failure ("generate tiny.json", 1, "rnncore generate: tiny.json: no language model: it does not begin with an "
      "embedding of one token a step\n");
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
}

static const gchar *const hearing = "{\"name\": \"ear\", \"input\": {\"kind\": \"audio\", \"rate\": 8000},"
    "\"layers\": [{\"cell\": \"gru\", \"name\": \"g\", \"hidden\": 20}]}";

static void
test_quantize (void)
{
  gint16 samples[8000];

  for (gint i = 0; i < 8000; i++)
    samples[i] = (gint16) (i * 7919 % 20011 - 10000);
  write_file ("ear.json", hearing);
  g_autofree gchar *audio = g_build_filename (folder, "ear.raw", NULL);
  g_assert_true (g_file_set_contents (audio, (gchar *) samples, sizeof samples, NULL));
  write_file ("ears.tsv", "ear.raw\t\t\near.raw\t\tagain\n");
  assert_output ("quantize ear.json ear8.safetensors", "ear8.safetensors: weights int8, 0.0 MB; they were 0.0 MB\n");
  assert_output ("quantize ear.json ear16.safetensors --precision bf16",
      "ear16.safetensors: weights bf16, 0.0 MB; they were 0.0 MB\n");
  assert_output ("quantize ear.json fit.safetensors --calibration ears.tsv --calibration ear.raw",
      "calibrated on 3 recordings, 3.0 s\nfit.safetensors: weights int8, 0.0 MB; they were 0.0 MB\n");
  assert_mentions ("info ear8.safetensors", (const gchar *[]) { "ear", "weights      int8, 0.0 MB", NULL });
  assert_mentions ("info ear16.safetensors", (const gchar *[]) { "weights      bf16, 0.0 MB", NULL });
  assert_mentions ("info ear.json", (const gchar *[]) { "weights      f32, 0.0 MB", NULL });
}

static void
test_quantize_errors (void)
{
  write_file ("tiny.json", recipe);
  write_file ("ear.json", hearing);
  assert_output ("quantize tiny.json tiny8.safetensors", "tiny8.safetensors: weights int8, 0.0 MB; they were 0.0 MB\n");
  assert_failure ("quantize tiny8.safetensors x.safetensors", 1, "rnncore quantize: tiny8.safetensors: its weights are "
      "int8 already; quantise the model that it was made of\n");
  assert_failure ("quantize tiny.json x.safetensors --precision int4", 2, "rnncore quantize: there is no precision "
      "\"int4\" to quantise to; there are int8, bf16\n");
  assert_failure ("quantize tiny.json x.safetensors --precision f32", 2, "rnncore quantize: there is no precision "
      "\"f32\" to quantise to; there are int8, bf16\n");
  assert_failure ("quantize tiny.json x.safetensors --calibration a.wav --precision bf16", 2,
      "rnncore quantize: --calibration chooses scales, which only int8 has\n");
  assert_failure ("quantize tiny.json x.safetensors --calibration a.wav", 1,
      "rnncore quantize: tiny.json: only models of audio can be calibrated\n");
  assert_failure ("quantize ear.json x.safetensors --calibration none.tsv", 1,
      "rnncore quantize: none.tsv: there is no such file\n");
  write_file ("nobody.tsv", "");
  assert_failure ("quantize ear.json x.safetensors --calibration nobody.tsv", 1,
      "rnncore quantize: --calibration: there is nothing to hear\n");
  assert_failure ("quantize ear.json ear.json", 1,
      "rnncore quantize: ear.json: not written: it is the model itself, whose floats would be lost\n");
  assert_failure ("quantize ear.json /dev/null", 1, "rnncore quantize: /dev/null: not written: it is no file\n");
  assert_failure ("quantize ear.json", 2, "rnncore quantize: usage: rnncore quantize MODEL OUT.safetensors\n");
}

/* A drawing that any reader of XML takes, the same for the same seed, of at most as many strokes as asked for. */
static void
test_generate_strokes (void)
{
  static const gchar strokes[] = "{\"input\": {\"kind\": \"tensors\", \"size\": 5}, \"layers\": [{\"cell\": \"lstm\", \"hidden\": 8}, "
      "{\"cell\": \"dense\", \"units\": 15}], \"output\": {\"kind\": \"strokes\"}}";
  const GMarkupParser nothing = { NULL };
  GMarkupParseContext *xml = g_markup_parse_context_new (&nothing, 0, NULL, NULL);
  g_autofree gchar *first = NULL, *again = NULL, *other = NULL, *none = NULL;
  g_autoptr (GError) error = NULL;

  write_file ("strokes.json", strokes);
  g_assert_cmpint (call ("generate strokes.json -n 30 -s 7", &first, NULL), ==, 0);
  g_assert_cmpint (call ("generate strokes.json -n 30 -s 7", &again, NULL), ==, 0);
  g_assert_cmpint (call ("generate strokes.json -n 30 -s 8", &other, NULL), ==, 0);
  g_assert_cmpint (call ("generate strokes.json -n 0", &none, NULL), ==, 0);
  g_assert_true (g_markup_parse_context_parse (xml, first, -1, &error) && g_markup_parse_context_end_parse (xml, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, other);
  g_assert_nonnull (strstr (none, "d=\"M0.000 0.000\""));
  g_markup_parse_context_free (xml);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL);
  g_test_add_func ("/tool/help", test_help);
  g_test_add_func ("/tool/wer", test_wer);
  g_test_add_func ("/tool/wer-missing", test_wer_missing);
  g_test_add_func ("/tool/wer-errors", test_wer_errors);
  g_test_add_func ("/tool/info-cells", test_info_cells);
  g_test_add_func ("/tool/info-training", test_info_training);
  g_test_add_func ("/tool/convert", test_convert);
  g_test_add_func ("/tool/convert-keeps-weights", test_convert_keeps_weights);
  g_test_add_func ("/tool/convert-errors", test_convert_errors);
  g_test_add_func ("/tool/convert-links", test_convert_links);
  g_test_add_func ("/tool/convert-weights", test_convert_weights);
  g_test_add_func ("/tool/run-ahead", test_run_ahead);
  g_test_add_func ("/tool/quantize", test_quantize);
  g_test_add_func ("/tool/quantize-errors", test_quantize_errors);
  g_test_add_func ("/tool/generate", test_generate);
  g_test_add_func ("/tool/generate-seed", test_generate_seed);
  g_test_add_func ("/tool/generate-strokes", test_generate_strokes);
  result = g_test_run ();
  remove_folder ();
  g_free (folder);
  return result;
}
