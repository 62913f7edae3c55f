/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore transcribe: what it writes in each format, and what it refuses. */
#include "tool-call.h"
#include <glib/gstdio.h>
#include <jansson.h>

#define NUMBERS "/usr/share/pocketsphinx/test/data/numbers.raw"

static gchar *
transcribe (const gchar *options)
{
  g_autofree gchar *model = g_test_build_filename (G_TEST_DIST, "..", "models", "english-small.safetensors", NULL);
  g_autofree gchar *line = g_strdup_printf ("transcribe --model '%s' --rate 16000 %s %s", model, options, NUMBERS);
  g_autofree gchar *err = NULL;
  gchar *out;

  g_assert_cmpint (call (line, &out, &err), ==, 0);
  g_assert_cmpstr (err, ==, "");
  return out;
}

/* The first line of every format says the same. */
static void
test_formats (void)
{
  g_autofree gchar *text = NULL, *tsv = NULL, *vtt = NULL, *srt = NULL, *ctm = NULL, *words = NULL;

  if (!g_file_test (NUMBERS, G_FILE_TEST_EXISTS)) {
    g_test_skip ("pocketsphinx-testdata is not installed");
    return;
  }
  text = transcribe ("");
  g_assert_true (g_str_has_prefix (text, "thirty three four six "));
  tsv = transcribe ("--tsv");
  words = g_strconcat (NUMBERS "\t", text, NULL);
  g_assert_cmpstr (tsv, ==, words);
  vtt = transcribe ("--vtt");
  g_assert_true (g_str_has_prefix (vtt, "WEBVTT\n\n00:00:00.480 --> 00:00:0"));
  g_assert_nonnull (strstr (vtt, "\nthirty three four six "));
  srt = transcribe ("--srt --output-mode words");
  g_assert_true (g_str_has_prefix (srt, "1\n00:00:00,480 --> 00:00:00,720\nthirty\n\n2\n"));
  ctm = transcribe ("--ctm");
  g_assert_true (g_str_has_prefix (ctm, NUMBERS " 1 0.480 0.240 thirty 0."));
}

static void
test_json (void)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  if (!g_file_test (NUMBERS, G_FILE_TEST_EXISTS)) {
    g_test_skip ("pocketsphinx-testdata is not installed");
    return;
  }
  text = transcribe ("--json --partial-interval 300");
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; *lines[i]; i++) {
    json_t *object = json_loads (lines[i], 0, NULL);

    g_assert_nonnull (object);
    n += !strcmp (json_string_value (json_object_get (object, "type")), "partial");
    json_decref (object);
  }
  g_assert_cmpuint (n, >, 3);
}

static void
test_refused (void)
{
  assert_failure ("transcribe a.wav", 2, "rnncore transcribe: which model? --model FILE\n");
  assert_failure ("transcribe --json --ctm a.wav", 2, "rnncore transcribe: one format at a time\n");
  assert_failure ("transcribe --vtt a.wav b.wav", 2, "rnncore transcribe: --vtt is of one recording\n");
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL);
  g_test_add_func ("/tool/transcribe/formats", test_formats);
  g_test_add_func ("/tool/transcribe/json", test_json);
  g_test_add_func ("/tool/transcribe/refused", test_refused);
  result = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return result;
}
