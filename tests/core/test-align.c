/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore align, as a user calls it. */
#include "tool-call.h"
#include "base/rng.h"
#include "model/model.h"
#include <glib/gstdio.h>
#include <math.h>

static const gchar recipe[] =
    "{\"format\": 1, \"name\": \"toy\", \"input\": {\"kind\": \"audio\", \"rate\": 8000, \"features\": {\"n_mels\": 8}},"
    " \"layers\": [{\"cell\": \"dense\", \"name\": \"d\", \"units\": 5}],"
    " \"output\": {\"kind\": \"ctc\", \"blank\": 0, \"tokens\": [\"\", \" \", \"a\", \"b\", \"c\"]}}";

static void
save_model (void)
{
  json_t *json = json_loads (recipe, 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (json, 4, "toy", &error);
  g_autofree gchar *path = g_build_filename (folder, "toy.safetensors", NULL);

  g_assert_no_error (error);
  json_decref (json);
  g_assert_true (rnn_model_save (model, path, &error));
}

static void
write_file (const gchar *name, const gchar *bytes, gssize n)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, n, NULL));
}

/* Raw 16 bit noise at 8 kHz. */
static void
write_noise (const gchar *name, guint n)
{
  g_autofree gint16 *samples = g_new (gint16, n);
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (guint i = 0; i < n; i++)
    samples[i] = (gint16) (3000 * rnn_rng_normal (&rng));
  write_file (name, (const gchar *) samples, n * 2);
}

static void
ctm (void)
{
  g_autofree gchar *out = NULL, *err = NULL;
  g_auto (GStrv) lines = NULL;
  gdouble last = 0;

  write_file ("m.tsv", "noise.raw\tab c ba\n", -1);
  g_assert_cmpint (call ("align m.tsv --model toy.safetensors --rate 8000", &out, &err), ==, 0);
  lines = g_strsplit (g_strchomp (out), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], " ", -1);
    gdouble start = g_ascii_strtod (fields[2], NULL), length = g_ascii_strtod (fields[3], NULL);

    g_assert_cmpuint (g_strv_length (fields), ==, 6);
    g_assert_cmpstr (fields[4], ==, ((const gchar *[]) { "ab", "c", "ba" })[i]);
    g_assert_cmpfloat (start, >=, last);
    g_assert_cmpfloat (length, >, 0);
    last = start + length;
  }
  g_assert_cmpfloat (last, <=, 1.01);
}

/* A tier has an interval for each word and what lies between. */
static void
textgrid (void)
{
  g_autofree gchar *out = NULL, *err = NULL;

  write_file ("m.tsv", "noise.raw\tab c\n", -1);
  g_assert_cmpint (call ("align m.tsv --model toy.safetensors --rate 8000 --textgrid", &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "text = \"ab\"\n"));
  g_assert_nonnull (strstr (out, "text = \"c\"\n"));
  g_assert_true (g_str_has_prefix (out, "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n"));
}

/* What cannot be is told, and comes first. */
static void
doubtful (void)
{
  g_autofree gchar *out = NULL, *err = NULL;
  g_auto (GStrv) lines = NULL;

  write_file ("m.tsv", "noise.raw\ta\nshort.raw\tabcabcabcabcabcabcabc\n", -1);
  g_assert_cmpint (call ("align m.tsv --model toy.safetensors --rate 8000 --check", &out, &err), ==, 0);
  g_assert_nonnull (strstr (err, "short.raw: not aligned: too short for its text"));
  lines = g_strsplit (g_strchomp (out), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_assert_nonnull (strstr (lines[0], "short.raw"));
}

static void
wrong_calls (void)
{
  assert_failure ("align m.tsv", 2, "rnncore align: which model? --model FILE\n");
  assert_failure ("align m.tsv --model toy.safetensors --ctm --json", 2, "rnncore align: one format at a time\n");
}

int
main (int argc, char **argv)
{
  static const gchar *const names[] = { "toy.safetensors", "m.tsv", "noise.raw", "short.raw" };
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("test-align-XXXXXX", NULL);
  save_model ();
  write_noise ("noise.raw", 8000);
  write_noise ("short.raw", 600);
  g_test_add_func ("/align/ctm", ctm);
  g_test_add_func ("/align/textgrid", textgrid);
  g_test_add_func ("/align/doubtful", doubtful);
  g_test_add_func ("/align/wrong-calls", wrong_calls);
  result = g_test_run ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (folder, names[i], NULL);

    g_unlink (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return result;
}
