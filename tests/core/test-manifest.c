/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Manifests: two and three columns, comments, paths seen from the manifest, and errors with file and line. */
#include "base/error.h"
#include "base/manifest.h"
#include <string.h>

static GPtrArray *
parse (const gchar *text, const gchar *where, GError **error)
{
  return rnn_manifest_parse (text, strlen (text), where, error);
}

static void
check_row (GPtrArray *rows, guint i, const gchar *given, const gchar *path, const gchar *speaker, const gchar *text,
    guint line)
{
  const RnnManifestRow *row = rows->pdata[i];

  g_assert_cmpstr (row->given, ==, given);
  g_assert_cmpstr (row->path, ==, path);
  g_assert_cmpstr (row->speaker, ==, speaker);
  g_assert_cmpstr (row->text, ==, text);
  g_assert_cmpuint (row->line, ==, line);
}

static void
test_rows (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = parse ("# a comment\twith\ttabs\tinside\n"
      "a.flac\tanna\tHELLO WORLD\n" "\n" "sub/b c.wav\t\tja \xc3\xa4h\r\n" "/abs/c.ogg\tyes\n" "../d.wav\t\n" "e\ts\t",
      "data/corpus.tsv", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 5);
  check_row (rows, 0, "a.flac", "data/a.flac", "anna", "HELLO WORLD", 2);
  check_row (rows, 1, "sub/b c.wav", "data/sub/b c.wav", "", "ja \xc3\xa4h", 4);
  check_row (rows, 2, "/abs/c.ogg", "/abs/c.ogg", "", "yes", 5);
  check_row (rows, 3, "../d.wav", "data/../d.wav", "", "", 6);
  check_row (rows, 4, "e", "data/e", "s", "", 7);
}

static void
test_empty (void)
{
  g_autoptr (GPtrArray) nothing = parse ("", "m.tsv", NULL), comments = parse ("#\n\n\r\n#", "m.tsv", NULL);
  g_autoptr (GPtrArray) mark = parse ("\xef\xbb\xbf" "a\tb\n", "m.tsv", NULL);

  g_assert_cmpuint (nothing->len, ==, 0);
  g_assert_cmpuint (comments->len, ==, 0);
  check_row (mark, 0, "a", "./a", "", "b", 1);
}

static void
test_faults (void)
{
  g_autofree gchar *blanks = g_strnfill (70000, ' ');
  g_autofree gchar *longest = g_strconcat ("a\t", blanks, NULL);
  const struct {
    const gchar *line, *reason;
  } cases[] = {
    { "only one column", "expected path<TAB>text" },
    { "a\tb\tc\td", "expected path<TAB>text" },
    { "\tanna\thello", "path is empty" },
    { "a\tb\t\xff", "not UTF-8" },
    { longest, "longer than 65536 bytes" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *text = g_strconcat ("good\t\ttext\n# fine\n", cases[i].line, "\n", NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (parse (text, "some/m.tsv", &error));
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
    g_assert_true (g_str_has_prefix (error->message, "some/m.tsv:3: "));
    g_assert_nonnull (strstr (error->message, cases[i].reason));
  }
}

static void
test_nul_byte (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_manifest_parse ("a\tb\0c", 5, "m.tsv", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
}

static void
test_missing_file (void)
{
  g_autoptr (GError) missing = NULL, folder = NULL;

  g_assert_null (rnn_manifest_load ("no/such.tsv", &missing));
  g_assert_error (missing, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  g_assert_cmpstr (missing->message, ==, "no/such.tsv: there is no such file");
  g_assert_null (rnn_manifest_load (g_get_tmp_dir (), &folder));
  g_assert_error (folder, RNN_ERROR, RNN_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/manifest/rows", test_rows);
  g_test_add_func ("/manifest/empty", test_empty);
  g_test_add_func ("/manifest/faults", test_faults);
  g_test_add_func ("/manifest/nul-byte", test_nul_byte);
  g_test_add_func ("/manifest/missing-file", test_missing_file);
  return g_test_run ();
}
