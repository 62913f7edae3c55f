/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore perplexity on a model whose probabilities are known, what it and rnncore g2p refuse, and language models of rnncore ngram that are not of the
 * language of the model that is to use them. */
#include <glib/gstdio.h>
#include <math.h>
#include "model/root.h"
#include "speech/utterance.h"
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

/* ---- another language ---- */

static const struct {
  const gchar *language, *text; /* NULL: none that is not English */
} texts[] = {
  { NULL, "it was the best of times it was the worst of times\nit was the age of wisdom it was the age of foolishness\n"
    "there was a king with a large jaw and a queen with a plain face on the throne of england\n"
    "in both countries it was clearer than crystal to the lords of the state that things in general were settled for ever\n" },
  { "German", "ich weiss nicht was soll es bedeuten dass ich so traurig bin\nein maerchen aus alten zeiten das kommt mir nicht aus dem sinn\n"
    "die luft ist kuehl und es dunkelt und ruhig fliesst der rhein\nder gipfel des berges funkelt im abendsonnenschein\n"
    "die schoenste jungfrau sitzet dort oben wunderbar und ihr goldenes geschmeide blitzet\n" },
  { "French", "les sanglots longs des violons de l automne blessent mon coeur d une langueur monotone\n"
    "il pleure dans mon coeur comme il pleut sur la ville\nquelle est cette langueur qui penetre mon coeur\n"
    "et je m en vais au vent mauvais qui m emporte de ca de la pareil a la feuille morte\n" },
  { "Spanish", "en un lugar de la mancha de cuyo nombre no quiero acordarme no ha mucho tiempo que vivia un hidalgo de los de lanza\n"
    "una olla de algo mas vaca que carnero salpicon las mas noches consumian las tres partes de su hacienda\n" },
  { NULL, "go left\ngo right\nturn the light on\nlight off\nstop\n" },
  { NULL, "a b c\nd e o i\ny w z\n" },
};

static gchar *
find_foreign (const gchar *rules, const gchar *model)
{
  const RnnOption *options = rnn_utterance_get_options ();
  g_autoptr (GString) tokens = g_string_new ("{\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \" \"");
  g_autoptr (RnnOutput) output = NULL;
  g_autoptr (RnnUtterance) u = NULL;
  RnnUtteranceConfig config;
  json_t *object;

  for (gchar c = 'a'; c <= 'z'; c++)
    g_string_append_printf (tokens, ", \"%c\"", c);
  g_string_append_printf (tokens, "]%s}", rules);
  object = json_loads (tokens->str, 0, NULL);
  output = rnn_output_new (object, 0, "test", NULL);
  rnn_options_init (options, &config);
  g_assert_true (rnn_options_set (options, &config, "lm_file", model, "here", NULL));
  u = rnn_utterance_new_for_output (output, &config, NULL);
  rnn_options_clear (options, &config);
  json_decref (object);
  return g_strdup (rnn_utterance_get_foreign (u));
}

/* The commonest words tell; a few commands or letters do not, nor what is not English itself. */
static void
test_foreign (void)
{
  g_autofree gchar *model = g_build_filename (folder, "words.lm", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *out = NULL, *found = NULL, *otherwise = NULL;

    write_text ("words.txt", texts[i].text);
    g_assert_cmpint (call ("ngram words.txt --order 2 --out words.lm", &out, NULL), ==, 0);
    found = find_foreign ("", model);
    g_assert_cmpstr (found, ==, texts[i].language);
    otherwise = find_foreign (", \"text\": {\"language\": \"none\"}", model);
    g_assert_null (otherwise);
  }
}

gint
main (gint argc, gchar **argv)
{
  gint failed;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-language-XXXXXX", NULL);
  g_test_add_func ("/tool/perplexity", test_perplexity);
  g_test_add_func ("/tool/language/refusals", test_refusals);
  g_test_add_func ("/tool/language/foreign", test_foreign);
  failed = g_test_run ();
  for (guint i = 0; i < 8; i++) {
    static const gchar *const files[] = { "cycle.safetensors", "cycle.txt", "other.txt", "strange.txt", "short.txt", "sound.json", "words.txt", "words.lm" };
    g_autofree gchar *path = g_build_filename (folder, files[i], NULL);

    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return failed;
}
