/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text becomes the labels of several heads: spelled by one, pronounced by another. */
#include "outputs/labeller.h"
#include "base/error.h"
#include "text/pronunciations.h"
#include <glib/gstdio.h>

static const gchar dictionary[] =
    ";;; a comment\nhello HH AH L OW\nhello(2) HH EH L OW\nWorld  W ER L D\r\none W AH N\n\ntwo T UW";

static const gchar two_heads[] =
    "{\"kind\": \"heads\", \"heads\": ["
    "{\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \" \", \"d\", \"e\", \"h\", \"l\", \"n\", \"o\", \"r\", \"t\", \"w\"]},"
    "{\"kind\": \"ctc\", \"dictionary\": \"words.dict\", \"weight\": 0.5, \"tokens\": [\"<blank>\", \"AH\", \"D\", \"EH\","
    " \"ER\", \"HH\", \"L\", \"N\", \"OW\", \"T\", \"UW\", \"W\"]}]}";

static gchar *folder;

static gchar *
write_dictionary (const gchar *text)
{
  gchar *path = g_build_filename (folder, "words.dict", NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static RnnLabeller *
make_labeller (const gchar *text, RnnOutput **output, GError **error)
{
  g_autofree gchar *recipe = g_build_filename (folder, "recipe.json", NULL);
  json_t *object = json_loads (text, 0, NULL);

  *output = rnn_output_new (object, 0, "test", error);
  json_decref (object);
  g_assert_no_error (*error);
  return rnn_labeller_new (*output, recipe, error);
}

static void
check_ids (GArray *ids, const gint *expected, guint n)
{
  g_assert_nonnull (ids);
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint), expected, n * sizeof (gint));
  g_array_unref (ids);
}

/* Figures are spelled out before they are pronounced; the dictionary is found beside the recipe. */
static void
test_heads (void)
{
  const gint hello_one[] = { 4, 3, 5, 5, 7, 1, 7, 6, 3 }, phones[] = { 5, 1, 6, 8, 11, 1, 7 };
  g_autofree gchar *path = write_dictionary (dictionary);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = NULL;
  g_autoptr (RnnLabeller) labeller = make_labeller (two_heads, &output, &error);
  g_autofree gchar *spoken = NULL;
  GArray *ids[2];

  g_assert_no_error (error);
  g_assert_cmpuint (rnn_labeller_get_n (labeller), ==, 2);
  spoken = rnn_labeller_spell (labeller, "Hello, 1!", -1, FALSE, NULL, &error);
  g_assert_cmpstr (spoken, ==, "hello one");
  g_assert_true (rnn_labeller_encode (labeller, spoken, ids, &error));
  check_ids (ids[0], hello_one, G_N_ELEMENTS (hello_one));
  check_ids (ids[1], phones, G_N_ELEMENTS (phones));
}

/* A model of phones alone: their names are in capitals, the dictionary's words and the text are as they are. */
static void
test_phones_alone (void)
{
  const gint phones[] = { 5, 1, 6, 8, 11, 4, 6, 2 };
  g_autofree gchar *path = write_dictionary (dictionary);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = NULL;
  g_autoptr (RnnLabeller) labeller = make_labeller ("{\"kind\": \"ctc\", \"dictionary\": \"words.dict\", \"tokens\": [\"<blank>\","
      "\"AH\", \"D\", \"EH\", \"ER\", \"HH\", \"L\", \"N\", \"OW\", \"T\", \"UW\", \"W\"]}", &output, &error);
  g_autofree gchar *spoken = rnn_labeller_spell (labeller, "HELLO, world!", -1, FALSE, NULL, &error);
  GArray *ids = NULL;

  g_assert_no_error (error);
  g_assert_true (rnn_labeller_encode (labeller, spoken, &ids, &error));
  check_ids (ids, phones, G_N_ELEMENTS (phones));
}

/* What the dictionary lacks the second head does not learn; what the first one cannot spell is refused. */
static void
test_unknown (void)
{
  g_autofree gchar *path = write_dictionary (dictionary);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = NULL;
  g_autoptr (RnnLabeller) labeller = make_labeller (two_heads, &output, &error);
  GArray *ids[2];

  g_assert_true (rnn_labeller_encode (labeller, "hello there", ids, &error));
  g_assert_nonnull (ids[0]);
  g_assert_null (ids[1]);
  g_array_unref (ids[0]);
  g_assert_null (rnn_labeller_spell (labeller, "hello zoo", -1, FALSE, NULL, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
}

static void
test_bad_dictionary (void)
{
  static const gchar *const texts[] = { "hello HH AH XX OW\n", "hello\n", "hello \377 AH\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *path = write_dictionary (texts[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (RnnOutput) output = NULL;
    g_autoptr (RnnLabeller) labeller = make_labeller (two_heads, &output, &error);

    g_assert_null (labeller);
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, "words.dict:1"));
  }
}

static void
test_no_dictionary (void)
{
  g_autofree gchar *path = g_build_filename (folder, "words.dict", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = NULL;
  RnnLabeller *labeller;

  g_remove (path);
  labeller = make_labeller (two_heads, &output, &error);
  g_assert_null (labeller);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_head_start (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = NULL;
  g_autofree gchar *path = write_dictionary (dictionary);
  g_autoptr (RnnLabeller) labeller = make_labeller (two_heads, &output, &error);

  g_assert_nonnull (labeller);
  g_assert_cmpint (rnn_output_get_head (output, 0)->n, ==, 11);
  g_assert_cmpint (rnn_output_get_head_start (output, 1), ==, 11);
  g_assert_null (rnn_output_get_head (output, 2));
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL;
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("labeller-XXXXXX", NULL);
  g_test_add_func ("/labeller/heads", test_heads);
  g_test_add_func ("/labeller/phones-alone", test_phones_alone);
  g_test_add_func ("/labeller/unknown", test_unknown);
  g_test_add_func ("/labeller/bad-dictionary", test_bad_dictionary);
  g_test_add_func ("/labeller/no-dictionary", test_no_dictionary);
  g_test_add_func ("/labeller/head-start", test_head_start);
  result = g_test_run ();
  path = g_build_filename (folder, "words.dict", NULL);
  g_remove (path);
  g_rmdir (folder);
  g_free (folder);
  return result;
}
