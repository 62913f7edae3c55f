/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error rate that rnntrainer tells of its dev set is the one that the model has in use: what `rnncore transcribe` hears
 * in the same recordings, by the count of `rnncore wer`. */
#include "corpus.h"
#include <math.h>
#include <string.h>

/* A recording of @spoken and its row of @manifest. */
static void
add_recording (GString *manifest, const gchar *name, guint i, const gchar *spoken, const gchar *text)
{
  g_autofree gchar *wav = g_strdup_printf ("%s-%u.wav", name, i);
  g_autoptr (GArray) samples = test_speak (spoken);

  g_free (test_write_wav (wav, samples, TEST_RATE, 1));
  g_string_append_printf (manifest, "%s\ts\t%s\n", wav, text);
}

/* Two words each, a pause between them that no space is heard in; every third transcript is wrong. */
static gchar *
write_corpus (const gchar *name, guint n)
{
  g_autoptr (GString) manifest = g_string_new (NULL);
  g_autofree gchar *file = g_strconcat (name, ".tsv", NULL);

  for (guint i = 0; i < n; i++) {
    gchar one[] = { TEST_LETTERS[i % 8], 0 }, other[] = { TEST_LETTERS[(i * 5 + 3) % 8], 0 };
    g_autofree gchar *spoken = g_strconcat ("_", one, "_______", other, "_", NULL);
    g_autofree gchar *text = g_strconcat (i % 3 ? one : "h", " ", other, NULL);

    add_recording (manifest, name, i, spoken, text);
  }
  return test_write_text (file, "%s", manifest->str);
}

static gchar *
run_tool (const gchar *format, ...)
{
  g_autofree gchar *arguments = NULL, *line = NULL, *err = NULL;
  g_autoptr (GError) error = NULL;
  gchar *out = NULL;
  gint status;
  va_list args;

  va_start (args, format);
  arguments = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strconcat (g_getenv ("RNNCORE"), " ", arguments, NULL);
  g_spawn_command_line_sync (line, &out, &err, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s", line, err);
  return out;
}

/* The model's error rate on @manifest, by the command line. */
static gchar *
error_rate (const gchar *model, const gchar *manifest)
{
  g_autofree gchar *heard = run_tool ("transcribe %s --model %s --tsv", manifest, model);
  g_autofree gchar *path = test_write_text ("heard.tsv", "%s", heard);
  g_autofree gchar *out = run_tool ("wer %s %s --as-written", manifest, path);
  g_auto (GStrv) words = g_strsplit (out, " ", 3);

  g_assert_cmpstr (words[0], ==, "WER");
  return g_strdup (words[1]);
}

/* A model that hears all letters, trained so little that it still does. */
static void
test_same (void)
{
  g_autofree gchar *corpus = write_corpus ("dev", 12), *hearing = test_tone_model ("hearing", &(TestModel) { .lookahead = 2 });
  g_autofree gchar *model = g_build_filename (test_dir (), "same.safetensors", NULL);
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s seed=1 rnncorpussrc name=d "
      "location=%s rnntrainer name=t model-file=%s location=%s config=epochs=1,learning_rate=1e-9 c.audio ! t.sink "
      "c.text ! t.label d.audio ! t.dev_sink d.text ! t.dev_label", corpus, corpus, hearing, model);
  g_autofree gchar *complaints = test_complaints (messages), *rate = NULL;
  g_autoptr (GPtrArray) epochs = test_structures (messages, "rnntrainer", "epoch");
  gchar told[G_ASCII_DTOSTR_BUF_SIZE];
  gdouble best;

  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_true (gst_structure_get_double (epochs->pdata[epochs->len - 1], "best-metric", &best));
  rate = error_rate (model, corpus);
  g_assert_cmpstr (rate, ==, g_ascii_formatd (told, sizeof (told), "%.2f", 100 * best));
  g_assert_cmpfloat (best, >, 0);
  g_assert_cmpfloat (best, <, 0.5);     /* the pauses were heard */
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer-dev/same", test_same);
  return test_run ();
}
