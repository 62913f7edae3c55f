/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sub-commands that take texts, and what is printed in other locales and of files that mean harm. */
#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include "tool-call.h"
#include "locales.h"

static void
write_file (const gchar *name, const gchar *text)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_calls (const gchar *line, const gchar *expected, const gchar *complaint)
{
  g_autofree gchar *out = NULL, *err = NULL;

  g_assert_cmpint (call (line, &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, complaint);
  g_assert_cmpstr (out, ==, expected);
}

static const gchar digits_model[] = "{\"format\": 1, \"name\": \"%s\", \"license\": \"CC0-1.0\", "
    "\"input\": {\"kind\": \"tensors\", \"size\": 3}, \"layers\": [{\"cell\": \"dense\", \"units\": 4}], "
    "\"output\": {\"kind\": \"ctc\", \"tokens\": [\"_\", \" \", \"%s\", \"5\"]%s}}";

static void
write_model (const gchar *name, const gchar *title, const gchar *token, const gchar *more)
{
  g_autofree gchar *text = g_strdup_printf (digits_model, title, token, more);

  write_file (name, text);
}

static void
test_text (void)
{
  write_file ("t.txt", "JOE: Caf\u00e9, 25!\n[door]\n\u4f60\u597d \u4f60\n\u4f60\n");
  write_file ("t.tsv", "a-1.wav\tS. 1\tMr. X\n");
  assert_calls ("text t.txt", "cafe twenty five\n\n\u4f60\u597d \u4f60\n\u4f60\n",
      "no token for \"\u4f60\" (U+4F60) in 2 texts, as in \"\u4f60\u597d \u4f60\"\n");
  assert_calls ("text t.tsv", "a-1.wav\tS. 1\tmister x\n", "");
  assert_calls ("text --rules figures=false,accents=false t.txt", "caf\u00e9 25\n\n\u4f60\u597d \u4f60\n\u4f60\n",
      "no token for \"\u00e9\" (U+00E9) in 1 texts, as in \"JOE: Caf\u00e9, 25!\"\n"
      "no token for \"\u4f60\" (U+4F60) in 2 texts, as in \"\u4f60\u597d \u4f60\"\n");
  write_model ("m.json", "m", "\u00e9", "");
  write_file ("u.txt", "\u00c9 5, x\n");
  assert_calls ("text --model m.json u.txt", "\u00e9 5 x\n", "no token for \"x\" (U+0078) in 1 texts, as in \"\u00c9 5, x\"\n");
  assert_failure ("text none.txt", 1, "rnncore text: none.txt: No such file or directory\n");
  assert_failure ("text --rules colour=1 t.txt", 1, "rnncore text: --rules: unknown option \"colour\", did you mean \"markup\"?\n");
}

static void
test_recipe (void)
{
  write_file ("u.txt", "[a] a\n");
  write_model ("m.json", "m", "a", ", \"text\": {\"descriptions\": false}");
  assert_calls ("text --model m.json u.txt", "a a\n", "");
  write_model ("m.json", "m", "a", ", \"text\": {\"descriptoins\": false}");
  assert_failure ("text --model m.json u.txt", 1, "rnncore text: m.json: output: text: unknown option \"descriptoins\", did you mean \"descriptions\"?\n");
}

static void
test_wer (void)
{
  g_autofree gchar *out = NULL;

  write_file ("ref.tsv", "a.wav\t\tOn March 5, Mr. O\u2019Neill paid $25.\n");
  write_file ("hyp.tsv", "a.wav\ton march fifth mister o'neill paid twenty five dollars\n");
  assert_calls ("wer ref.tsv hyp.tsv", "WER 0.00 % (S 0, D 0, I 0, N 9 words)\n"
      "CER 0.00 % (S 0, D 0, I 0, N 54 characters)\n1 utterances, 0 of them missing in hyp.tsv\n", "");
  g_assert_cmpint (call ("wer --as-written ref.tsv hyp.tsv", &out, NULL), ==, 0);
  g_assert_true (g_str_has_prefix (out, "WER 85.71 % (S 4, D 0, I 2, N 7 words)\n"));
}

static json_t *
read_tokens (const gchar *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  json_t *list = json_load_file (path, 0, NULL);

  g_assert_true (json_is_array (list));
  return list;
}

/* "low" five times, "lower" twice, "newest" six times, "widest" three times, as in the paper: es, est come first; then, by the
 * alphabet, lo and low among those of seven. */
static void
test_tokens (void)
{
  static const gchar *const joined[] = { "es", "est", "lo", "low", "\u2581low", "ew" };
  json_t *list;

  write_file ("t.txt", "low low low low low lower lower\nNewest newest newest newest newest newest. Widest, widest; widest!\n");
  assert_calls ("tokens t.txt --size 18 --out p.json", "p.json: 18 tokens\n", "");
  list = read_tokens ("p.json");
  g_assert_cmpstr (json_string_value (json_array_get (list, 0)), ==, "<blank>");
  g_assert_cmpstr (json_string_value (json_array_get (list, 1)), ==, "\u2581");
  g_assert_cmpstr (json_string_value (json_array_get (list, 2)), ==, "e");      /* the most frequent one */
  for (guint i = 0; i < G_N_ELEMENTS (joined); i++)
    g_assert_cmpstr (json_string_value (json_array_get (list, 12 + i)), ==, joined[i]);
  json_decref (list);
  assert_calls ("tokens t.txt --kind characters --case upper --out c.json", "c.json: 12 tokens\n", "");
  list = read_tokens ("c.json");
  g_assert_cmpstr (json_string_value (json_array_get (list, 1)), ==, " ");
  g_assert_cmpstr (json_string_value (json_array_get (list, 2)), ==, "E");
  json_decref (list);
  assert_failure ("tokens t.txt --size 5 --out p.json", 1,
      "rnncore tokens: 5 tokens are too few: a blank, a space and 10 characters need 12\n");
  assert_failure ("tokens t.txt --size 5", 2, "rnncore tokens: --out is needed, and --size from 3 to 65536\n");
}

/* ---- locales and harm ---- */

/* @line under LC_ALL=@locale. (transfer full) */
static gchar *
call_in (const gchar *locale, const gchar *line)
{
  gchar *out = NULL;

  g_setenv ("LC_ALL", locale, TRUE);
  g_assert_cmpint (call (line, &out, NULL), ==, 0);
  g_unsetenv ("LC_ALL");
  return out;
}

static void
test_locales (void)
{
  static const gchar *const lines[] = { "info m.json", "text t.txt", "wer ref.tsv ref.tsv" };

  write_model ("m.json", "caf\u00e9", "\u00e9", "");
  write_file ("t.txt", "I AM IN MIAMI \u00e9 3.5\n");
  write_file ("ref.tsv", "a.wav\t\tI AM\n");
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree gchar *plain = call_in ("C.UTF-8", lines[i]);

    if (i == 0)
      g_assert_nonnull (strstr (plain, "caf\u00e9"));
    for (const gchar *const *name = test_locale_names; *name; name++)
      if (test_locale_enter (*name)) {
        g_autofree gchar *out = call_in (*name, lines[i]);

        g_assert_cmpstr (out, ==, plain);
      }
  }
  test_locale_leave ();
}

static void
assert_refused (const gchar *title, const gchar *token, const gchar *reason)
{
  g_autofree gchar *err = NULL;

  write_model ("bad.json", title, token, "");
  g_assert_cmpint (call ("info bad.json", NULL, &err), ==, 1);
  g_assert_true (g_str_is_ascii (err));
  for (const gchar *p = err; *p; p++)
    g_assert_true (*p == '\n' || !g_ascii_iscntrl (*p));
  g_assert_nonnull (strstr (err, reason));
}

static void
test_harm (void)
{
  g_autofree gchar *huge = g_strnfill (100000, 'e');

  assert_refused ("m", "\\n\\n00:00:00.000 --> 09:00:00.000\\n<script>", "token 2 has a character");
  assert_refused ("m", "a --> b", "token 2 would be a sign or markup in subtitles");
  assert_refused ("m", "\\u0001\\u001b[2J", "would steer a terminal");
  assert_refused ("m", "\\u202e", "would steer a terminal");
  assert_refused ("m", huge, "64 KiB");
  assert_refused ("\\u001b[31m", "a", "would steer a terminal");
  assert_refused ("two\\nlines", "a", "would steer a terminal");
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL);
  g_test_add_func ("/tool/text", test_text);
  g_test_add_func ("/tool/text/recipe", test_recipe);
  g_test_add_func ("/tool/text/wer", test_wer);
  g_test_add_func ("/tool/text/tokens", test_tokens);
  g_test_add_func ("/tool/text/locales", test_locales);
  g_test_add_func ("/tool/text/harm", test_harm);
  result = g_test_run ();
  if (result == 0) {
    g_autofree gchar *command = g_strdup_printf ("rm -rf '%s'", folder);

    g_assert_cmpint (system (command), ==, 0);
  }
  g_free (folder);
  return result;
}
