/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token tables and error rates: all that turns texts into numbers and back. */
#include "base/error.h"
#include "base/rng.h"
#include "ctc/ctc.h"
#include <math.h>
#include <string.h>

/* ---- tokens ---- */

static RnnTokens *
new_tokens (const gchar *const *names, gint blank)
{
  g_autoptr (GError) error = NULL;
  RnnTokens *tokens = rnn_tokens_new (names, blank, &error);

  g_assert_no_error (error);
  return tokens;
}

static const gchar *const lower[] = { "<blank>", " ", "a", "b", "th", "e", "t", "\303\244", NULL };
static const gchar *const upper[] = { "A", "B", " ", "_", NULL };
static const gchar *const pieces[] = { "\342\226\201", "\342\226\201the", "a", "t", "h", "e", "at", "_", NULL };
static const gchar *const whole_words[] = { "_", "yes", "no", NULL };

/* The ids of @text as "1 2 3", or the error's message. */
static gchar *
encode (const gchar *const *names, gint blank, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = new_tokens (names, blank);
  g_autoptr (GArray) ids = rnn_tokens_encode (tokens, text, &error);
  GString *list = g_string_new (NULL);

  if (!ids) {
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
    return g_string_free (g_string_assign (list, error->message), FALSE);
  }
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (list, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint, i));
  return g_string_free (list, FALSE);
}

static void
test_encode (void)
{
  static const struct {
    const gchar *const *names;
    gint blank;
    const gchar *text, *ids;
  } rows[] = {
    {lower, 0, "The bat", "4 5 1 3 2 6"},
    {lower, 0, " \t a\n\n b ", "2 1 3"},
    {lower, 0, "\303\204 A\314\210", "7 1 7"},  /* case folded, composed */
    {lower, 0, "", ""},
    {upper, 3, "ab a", "0 1 2 0"},
    {pieces, 7, "the that", "1 0 3 4 6"},
    {pieces, 7, "thea", "1 2"},
    {pieces, 7, "  ", ""},
    {whole_words, 0, "Yes no  no", "1 2 2"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *ids = encode (rows[i].names, rows[i].blank, rows[i].text);

    g_assert_cmpstr (ids, ==, rows[i].ids);
  }
}

static void
test_encode_errors (void)
{
  static const struct {
    const gchar *text, *message;
  } rows[] = {
    {"ab\342\202\254", "*U+20AC*"},
    {"a_b", "*\"_\"*"},         /* the blank is no letter */
    {"a\377", "*UTF-8*"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *message = encode (upper, 3, rows[i].text);

    g_assert_true (g_pattern_match_simple (rows[i].message, message));
  }
}

static void
test_decode (void)
{
  static const gchar *const texts[] = { "the bath tab", "a", "", "\303\244 b" };
  g_autoptr (RnnTokens) tokens = new_tokens (lower, 0), marked = new_tokens (pieces, 7);
  g_autofree gchar *spoken = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GArray) ids = rnn_tokens_encode (tokens, texts[i], NULL);
    g_autofree gchar *text = rnn_tokens_decode (tokens, (gint *) ids->data, (gint) ids->len);

    g_assert_cmpstr (text, ==, texts[i]);
  }
  spoken = rnn_tokens_decode (marked, (gint[]) { 1, 7, 0, 6, 1 }, 5);
  g_assert_cmpstr (spoken, ==, "the at the");
  g_assert_cmpint (rnn_tokens_get_n (marked), ==, 8);
  g_assert_cmpint (rnn_tokens_get_blank (marked), ==, 7);
  g_assert_cmpstr (rnn_tokens_get (marked, 1), ==, pieces[1]);
  g_assert_cmpstr (rnn_tokens_get_text (marked, 1), ==, " the");
}

static void
assert_bad_table (const gchar *const *names, gint blank)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_tokens_new (names, blank, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
}

static void
test_bad_tables (void)
{
  assert_bad_table (lower, -1);
  assert_bad_table (lower, 8);
  assert_bad_table ((const gchar *[]) { NULL }, 0);
  assert_bad_table ((const gchar *[]) { "_", "\377", NULL }, 0);
}

/* ---- error rates ---- */

static void
test_error_counts (void)
{
  static const struct {
    const gchar *ref, *hyp;
    gboolean chars;
    guint64 s, d, i, n;
  } rows[] = {
    {"the cat sat", "the cat sat", FALSE, 0, 0, 0, 3},
    {"the cat sat", "THE Cat\tsat ", FALSE, 0, 0, 0, 3},
    {"the cat sat", "the bat sat", FALSE, 1, 0, 0, 3},
    {"the cat sat", "the sat", FALSE, 0, 1, 0, 3},
    {"the cat sat", "the big cat sat", FALSE, 0, 0, 1, 3},
    {"the cat sat", "", FALSE, 0, 3, 0, 3},
    {"", "oh no", FALSE, 0, 0, 2, 0},
    {"a b c d", "b c d e", FALSE, 0, 1, 1, 4},          /* 2 edits, not 4 substitutions */
    {"a b", "b a", FALSE, 2, 0, 0, 2},                  /* as good as a deletion and an insertion */
    {"a b c", "x a y", FALSE, 3, 0, 0, 3},              /* 3 edits either way */
    {"a b c d e", "x c y z", FALSE, 3, 1, 0, 5},        /* "c" kept saves one */
    {"one two three four", "one too tree", FALSE, 2, 1, 0, 4},
    {"kitten", "sitting", TRUE, 2, 0, 1, 6},
    {" a  b ", "a b", TRUE, 0, 0, 0, 3},
    {"ab cd", "abcd", TRUE, 0, 1, 0, 5},
    {"\303\204b", "\303\244c", TRUE, 1, 0, 0, 2},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    RnnErrorCount count = { 0 };

    rnn_error_count_add (&count, rows[i].ref, rows[i].hyp, rows[i].chars);
    g_test_message ("%s | %s", rows[i].ref, rows[i].hyp);
    g_assert_cmpuint (count.substitutions, ==, rows[i].s);
    g_assert_cmpuint (count.deletions, ==, rows[i].d);
    g_assert_cmpuint (count.insertions, ==, rows[i].i);
    g_assert_cmpuint (count.reference, ==, rows[i].n);
  }
}

static void
test_error_rate (void)
{
  RnnErrorCount count = { 0 };

  g_assert_cmpfloat (rnn_error_count_rate (&count), ==, 0);
  rnn_error_count_add (&count, "a b c", "a x c d", FALSE);
  rnn_error_count_add (&count, "a", "", FALSE);
  g_assert_cmpfloat_with_epsilon (rnn_error_count_rate (&count), 3.0 / 4, 1e-12);
  count = (RnnErrorCount) {.insertions = 1 };
  g_assert_true (isinf (rnn_error_count_rate (&count)));
}

/* Edit distance by its recursive definition. */
static guint
distance (const gchar *a, const gchar *b)
{
  guint best;

  if (!*a || !*b)
    return (guint) (strlen (a) + strlen (b));
  best = distance (a + 1, b + 1) + (*a != *b);
  best = MIN (best, distance (a + 1, b) + 1);
  return MIN (best, distance (a, b + 1) + 1);
}

static void
test_error_distance (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 1);
  for (gint n = 0; n < 300; n++) {
    gchar text[2][7] = { "", "" };
    RnnErrorCount count = { 0 };

    for (gint k = 0; k < 2; k++)
      for (guint32 i = rnn_rng_below (&rng, 7); i > 0; i--)
        text[k][i - 1] = 'a' + (gchar) rnn_rng_below (&rng, 3);
    rnn_error_count_add (&count, text[0], text[1], TRUE);
    g_assert_cmpuint (count.substitutions + count.deletions + count.insertions, ==, distance (text[0], text[1]));
    g_assert_cmpint ((gint64) count.deletions - (gint64) count.insertions, ==,
        (gint64) strlen (text[0]) - (gint64) strlen (text[1]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctc/tokens/encode", test_encode);
  g_test_add_func ("/ctc/tokens/encode-errors", test_encode_errors);
  g_test_add_func ("/ctc/tokens/decode", test_decode);
  g_test_add_func ("/ctc/tokens/bad-tables", test_bad_tables);
  g_test_add_func ("/ctc/errors/counts", test_error_counts);
  g_test_add_func ("/ctc/errors/rate", test_error_rate);
  g_test_add_func ("/ctc/errors/distance", test_error_distance);
  return g_test_run ();
}
