/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore perplexity on a model whose probabilities are known, and what it and rnncore g2p refuse. */
#include <glib/gstdio.h>
#include <math.h>
#include "model/root.h"
#include "tool-call.h"

/* After each of a, ab, c the next one in this order has probability 1/2, the others 1/4. */
static void
set_param (RnnParam *param, const gchar *name, gpointer data)
{
  for (gint i = 0; i < 3; i++)
    for (gint j = 0; j < 3; j++)
      param->data[i * 3 + j] = g_str_equal (name, "emb.weight") ? i == j : i == (j + 1) % 3 ? logf (2) : 0;
}

static void
write_model (const gchar *file, const gchar *recipe)
{
  g_autofree gchar *path = g_build_filename (folder, file, NULL);
  g_autofree gchar *quoted = g_strdelimit (g_strdup (recipe), "'", '"');
  json_t *json = json_loads (quoted, 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (json, 1, file, &error);

  g_assert_no_error (error);
  json_decref (json);
  rnn_cell_foreach_param (rnn_model_get_root (model), set_param, NULL);
  g_assert_true (rnn_model_save (model, path, NULL));
}

static void
write_text (const gchar *file, const gchar *text)
{
  g_autofree gchar *path = g_build_filename (folder, file, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_says (const gchar *line, const gchar *expected)
{
  g_autofree gchar *out = NULL;

  g_assert_cmpint (call (line, &out, NULL), ==, 0);
  g_assert_cmpstr (out, ==, expected);
}

static void
test_perplexity (void)
{
  write_model ("cycle.safetensors", "{'input': {'kind': 'tensors', 'size': 1}, 'layers': [{'cell': 'embedding', 'name': 'emb', "
      "'tokens': 3, 'units': 3}, {'cell': 'dense', 'name': 'head', 'units': 3, 'bias': false}], 'output': {'kind': 'classes', "
      "'labels': ['a', 'ab', 'c']}}");
  write_text ("cycle.txt", "aabcaab");  /* a ab c a ab: the longest tokens */
  assert_says ("perplexity cycle.safetensors cycle.txt", "4 tokens: 1.0000 bits per token, 0.6667 per character, perplexity 2.0000\n");
  write_text ("other.txt", "aacab");    /* a a c ab: never the probable one */
  assert_says ("perplexity cycle.safetensors other.txt --json",
      "{\"tokens\":3,\"bits_per_token\":2.0000,\"bits_per_character\":1.5000,\"perplexity\":4.0000}\n");
}

static void
test_refusals (void)
{
  write_text ("strange.txt", "aabx");
  write_text ("short.txt", "a");
  write_text ("sound.json", "{\"input\": {\"kind\": \"tensors\", \"size\": 2}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 3}]}");
  assert_failure ("perplexity cycle.safetensors strange.txt", 1,
      "rnncore perplexity: strange.txt: the model has no token for what stands at byte 3\n");
  assert_failure ("perplexity cycle.safetensors short.txt", 1, "rnncore perplexity: short.txt: fewer than two tokens\n");
  assert_failure ("perplexity sound.json cycle.txt", 1, "rnncore perplexity: sound.json: no language model: it does not begin "
      "with an embedding of one token a step\n");
  assert_failure ("g2p cycle.safetensors word", 1, "rnncore g2p: cycle.safetensors: no encoder-decoder: its recipe has no "
      "\"encoder\"\n");
}

gint
main (gint argc, gchar **argv)
{
  gint failed;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-language-XXXXXX", NULL);
  g_test_add_func ("/tool/perplexity", test_perplexity);
  g_test_add_func ("/tool/language/refusals", test_refusals);
  failed = g_test_run ();
  for (guint i = 0; i < 6; i++) {
    static const gchar *const files[] = { "cycle.safetensors", "cycle.txt", "other.txt", "strange.txt", "short.txt", "sound.json" };
    g_autofree gchar *path = g_build_filename (folder, files[i], NULL);

    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return failed;
}
