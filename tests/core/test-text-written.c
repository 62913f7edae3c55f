/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said is written as people write it, and a speller says it again. */
#include "text/speller.h"
#include "text/numbers.h"
#include "text/written.h"
#include "base/rng.h"

static void
assert_written (RnnSpeller *speller, const gchar *spoken, const gchar *written)
{
  g_autofree gchar *text = rnn_text_write (spoken), *again = rnn_speller_speak (speller, text, -1, FALSE);
  g_autofree gchar *lower = g_ascii_strdown (again, -1);

  if (written)
    g_assert_cmpstr (text, ==, written);
  g_assert_cmpstr (lower, ==, spoken);
}

static void
test_rows (void)
{
  static const struct {
    const gchar *spoken, *written;
  } rows[] = {
    { "i have twenty five", "i have 25" }, { "one of two", "one of two" },
    { "on march fifth nineteen eighty seven at noon", "on March 5, 1987 at noon" }, { "on may first", "on May 1" },
    { "the twenty first of july", "the 21st of july" },
    { "the first time", "the first time" }, { "three dollars and fifty cents", "$3.50" },
    { "one point five million dollars", "$1.5 million" }, { "a thousand dollars", "a thousand dollars" },
    { "five euros", "\u20ac5" }, { "fifty percent", "50%" }, { "two point five percent", "2.5%" },
    { "at seven thirty p m", "at 7:30 p.m." }, { "five a m", "5 a.m." }, { "seven oh five a m", "7:05 a.m." },
    { "seven o'clock", "7 o'clock" }, { "three point one four", "3.14" }, { "in nineteen eighty seven", "in 1987" },
    { "twenty twenty four", "2024" },
    { "one million two hundred thirty four thousand five hundred sixty seven", "1,234,567" },
    { "twelve hundred", "1200" }, { "call five five five one two three four", "call 555-1234" },
    { "two one two five five five one two three four", "212-555-1234" },
    { "one two", "one two" }, { "one hundred", "100" },
  };
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].spoken);
    assert_written (speller, rows[i].spoken, rows[i].written);
  }
}

/* What loses its words on the way. */
static void
test_one_way (void)
{
  static const struct {
    const gchar *spoken, *written;
  } rows[] = {
    { "the u s a", "the USA" }, { "i b m and a t and t", "IBM and a t and t" }, { "a b c", "ABC" }, { "i a m", "i a m" },
    { "one hundred and two", "102" }, { "oh oh seven", "007" }, { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *text = rnn_text_write (rows[i].spoken);

    g_assert_cmpstr (text, ==, rows[i].written);
  }
}

static void
test_numbers (void)
{
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);
  RnnRng rng;

  rnn_rng_seed (&rng, 4, 1);
  for (guint i = 0; i < 4000; i++) {
    guint64 n = i < 1100 ? i : rnn_rng_below (&rng, 2000000000);
    g_autoptr (GString) said = g_string_new (NULL);

    (i % 3 == 0 ? rnn_number_say_ordinal : rnn_number_say) (said, n);
    assert_written (speller, said->str, NULL);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/written/rows", test_rows);
  g_test_add_func ("/text/written/one-way", test_one_way);
  g_test_add_func ("/text/written/numbers", test_numbers);
  return g_test_run ();
}
