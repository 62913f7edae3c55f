/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* English numbers: what is said is read again. */
#include "text/numbers.h"
#include "base/rng.h"

typedef void (*Say) (GString *out, guint64 n);
typedef guint (*Read) (const gchar *const *words, guint64 *n);

/* @n said is @words; and all of it is read as @n. */
static void
assert_both (guint64 n, const gchar *words, Say say, Read read)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_auto (GStrv) list = NULL;
  guint64 again = 0;

  say (said, n);
  if (words)
    g_assert_cmpstr (said->str, ==, words);
  list = g_strsplit (said->str, " ", -1);
  g_assert_cmpuint (read ((const gchar *const *) list, &again), ==, g_strv_length (list));
  g_assert_cmpuint (again, ==, n);
}

static void
test_words (void)
{
  static const struct {
    guint64 n;
    const gchar *words;
  } rows[] = {
    { 0, "zero" }, { 13, "thirteen" }, { 40, "forty" }, { 99, "ninety nine" }, { 100, "one hundred" },
    { 110, "one hundred ten" }, { 999, "nine hundred ninety nine" }, { 1000, "one thousand" },
    { 1000001, "one million one" }, { 12000000000, "twelve billion" },
    { 999999999999999, "nine hundred ninety nine trillion nine hundred ninety nine billion nine hundred ninety nine million "
        "nine hundred ninety nine thousand nine hundred ninety nine" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_both (rows[i].n, rows[i].words, rnn_number_say, rnn_number_read);
}

static void
test_all (void)
{
  RnnRng rng;

  for (guint64 n = 0; n < 12000; n++) {
    assert_both (n, NULL, rnn_number_say, rnn_number_read);
    assert_both (n, NULL, rnn_number_say_ordinal, rnn_number_read_ordinal);
  }
  for (guint64 n = 1100; n < 2100; n++)
    assert_both (n, NULL, rnn_number_say_year, rnn_number_read_year);
  rnn_rng_seed (&rng, 3, 1);
  for (guint i = 0; i < 20000; i++)
    assert_both ((((guint64) rnn_rng_below (&rng, 1 << 30) << 20) + rnn_rng_below (&rng, 1 << 20)) % 1000000000000000, NULL,
        rnn_number_say, rnn_number_read);
}

static void
test_ordinals_and_years (void)
{
  assert_both (1, "first", rnn_number_say_ordinal, rnn_number_read_ordinal);
  assert_both (12, "twelfth", rnn_number_say_ordinal, rnn_number_read_ordinal);
  assert_both (20, "twentieth", rnn_number_say_ordinal, rnn_number_read_ordinal);
  assert_both (21, "twenty first", rnn_number_say_ordinal, rnn_number_read_ordinal);
  assert_both (1000000, "one millionth", rnn_number_say_ordinal, rnn_number_read_ordinal);
  assert_both (1905, "nineteen oh five", rnn_number_say_year, rnn_number_read_year);
  assert_both (1900, "nineteen hundred", rnn_number_say_year, rnn_number_read_year);
  assert_both (2000, "two thousand", rnn_number_say_year, rnn_number_read_year);
  assert_both (2024, "twenty twenty four", rnn_number_say_year, rnn_number_read_year);
}

/* How much of a text is one number. */
static void
test_read (void)
{
  static const struct {
    const gchar *words;
    guint used;
    guint64 n;
  } rows[] = {
    { "five six", 1, 5 }, { "one hundred and two", 4, 102 }, { "one hundred and", 2, 100 }, { "twelve hundred", 2, 1200 },
    { "two thousand and five hundred", 5, 2500 }, { "twenty ten", 1, 20 }, { "hundred", 0, 0 }, { "horse", 0, 0 },
    { "one million two thousand", 4, 1002000 }, { "one thousand two million", 2, 1000 }, { "zero zero", 1, 0 },
    { "twenty zero", 1, 20 }, { "five thousand zero", 2, 5000 }, { "", 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) words = g_strsplit (rows[i].words, " ", -1);
    guint64 n = 0;

    g_test_message ("%s", rows[i].words);
    g_assert_cmpuint (rnn_number_read ((const gchar *const *) words, &n), ==, rows[i].used);
    g_assert_cmpuint (n, ==, rows[i].n);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/numbers/words", test_words);
  g_test_add_func ("/text/numbers/all", test_all);
  g_test_add_func ("/text/numbers/ordinals-and-years", test_ordinals_and_years);
  g_test_add_func ("/text/numbers/read", test_read);
  return g_test_run ();
}
