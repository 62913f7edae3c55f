/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times and steps: calendars as GLib has them, every spelling, guesses from times with holes. */
#include "base/rng.h"
#include "forecast/timestep.h"
#include <string.h>

static gint64
parse (const gchar *text)
{
  return rnn_time_parse (text, strlen (text), RNN_EPOCH_AUTO);
}

/* Any moment: its civil time is GLib's, and back. */
static void
test_civil (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint i = 0; i < 20000; i++) {
    gint64 seconds = ((gint64) rnn_rng_u32 (&rng) - ((gint64) 1 << 31)) * 4;
    g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (seconds);
    RnnCivil c;

    rnn_time_to_civil (seconds * RNN_SECOND, &c);
    g_assert_cmpint (c.year, ==, g_date_time_get_year (date));
    g_assert_cmpint (c.month, ==, g_date_time_get_month (date));
    g_assert_cmpint (c.day, ==, g_date_time_get_day_of_month (date));
    g_assert_cmpint (c.weekday + 1, ==, g_date_time_get_day_of_week (date));
    g_assert_cmpint (c.of_day / RNN_SECOND, ==, g_date_time_get_hour (date) * 3600 + g_date_time_get_minute (date) * 60
        + g_date_time_get_second (date));
    g_assert_cmpint (rnn_time_from_civil (&c), ==, seconds * RNN_SECOND);
  }
}

static void
test_parse (void)
{
  static const struct {
    const gchar *text, *expected;
  } cases[] = {
    { "2016-07-01 05:30:00", "2016-07-01T05:30:00Z" }, { "2016-07-01T05:30Z", "2016-07-01T05:30:00Z" },
    { "2016-07-01T05:30:00.25+02:00", "2016-07-01T03:30:00.25Z" }, { "2016-07-01T05:30:00,000000001-0330",
        "2016-07-01T09:00:00.000000001Z" }, { "20160701T0530Z", "2016-07-01T05:30:00Z" },
    { "2016/07/01", "2016-07-01T00:00:00Z" }, { "2016-07", "2016-07-01T00:00:00Z" }, { "1749", "1749-01-01T00:00:00Z" },
    { "2016-07-01T24:00", "2016-07-02T00:00:00Z" }, { " 2016-07-01 00:00 UTC ", "2016-07-01T00:00:00Z" },
    { "1467349800", "2016-07-01T05:10:00Z" }, { "1467349800.5", "2016-07-01T05:10:00.5Z" },
    { "1467349800123", "2016-07-01T05:10:00.123Z" }, { "1467349800123456789", "2016-07-01T05:10:00.123456789Z" },
    { "-1.5", "1969-12-31T23:59:58.5Z" }, { "2000-02-29", "2000-02-29T00:00:00Z" },
  };
  static const gchar *const wrong[] = { "", "x", "2016-02-30", "2016-13-01", "2016-07-01T25:00", "2016-07-01T05:61",
    "2016-07-01T05:30+", "2016-07-01T05:30:00Zx", "1900-02-29", "1e30", "nan", "0001-01-01", "2016-07-01 05:30 MEZ" };
  gchar text[RNN_TIME_TEXT];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (rnn_time_format (parse (cases[i].text), text), ==, cases[i].expected);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_cmpint (parse (wrong[i]), ==, RNN_TIME_NONE);
  g_assert_cmpint (rnn_time_parse ("1500", 4, RNN_EPOCH_MILLISECONDS), ==, 1500000000);
}

static void
check_step (const gchar *step_text, const gchar *from, gint64 k, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  gchar text[RNN_TIME_TEXT];
  RnnTimeStep step;

  g_assert_true (rnn_time_step_parse (&step, step_text, &error));
  g_assert_cmpstr (rnn_time_format (rnn_time_step_add (&step, parse (from), k), text), ==, expected);
  if (k >= 0)
    g_assert_cmpint (rnn_time_step_count (&step, parse (from), parse (expected)), ==, k);
}

static void
test_steps (void)
{
  check_step ("1h", "2020-02-28T23:00", 26, "2020-03-01T01:00:00Z");
  check_step ("10ms", "2020-01-01", 123, "2020-01-01T00:00:01.23Z");
  check_step ("0.5", "2020-01-01", 3, "2020-01-01T00:00:01.5Z");
  check_step ("1mo", "2020-01-31", 1, "2020-02-29T00:00:00Z");
  check_step ("1mo", "2020-02-29", 1, "2020-03-31T00:00:00Z");
  check_step ("3mo", "2019-11-15", 1, "2020-02-15T00:00:00Z");
  check_step ("1y", "2020-02-29", 4, "2024-02-29T00:00:00Z");
  check_step ("1b", "2020-01-03", 1, "2020-01-06T00:00:00Z");           /* Friday -> Monday */
  check_step ("1b", "2020-01-06", -1, "2020-01-03T00:00:00Z");
  check_step ("1b", "2020-01-01T17:00", 261, "2020-12-31T17:00:00Z");
}

static void
test_step_text (void)
{
  static const gchar *const texts[] = { "1h", "15min", "1d", "2w", "1mo", "1y", "1b", "10ms", "125us", "1ns", "90s" };
  static const gchar *const wrong[] = { "", "0s", "-1h", "1x", "1.5mo", "1e30s", "nan", "1h2" };
  RnnTimeStep step;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *back = NULL;

    g_assert_true (rnn_time_step_parse (&step, texts[i], NULL));
    back = rnn_time_step_format (&step);
    g_assert_cmpstr (back, ==, texts[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (rnn_time_step_parse (&step, wrong[i], NULL));
}

/* A series of each step, with one value of seven left out, is seen to have that step. */
static void
test_guess (void)
{
  static const gchar *const steps[] = { "1ms", "1s", "15min", "1h", "1d", "1w", "1mo", "3mo", "1y", "1b" };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree gchar *back = NULL;
    RnnTimeStep step, guessed;
    gint64 times[40];
    guint n = 0;

    g_assert_true (rnn_time_step_parse (&step, steps[i], NULL));
    for (gint k = 0; n < G_N_ELEMENTS (times); k++)
      if (k % 7 != 5)
        times[n++] = rnn_time_step_add (&step, parse ("2015-06-30"), k);
    g_assert_true (rnn_time_step_guess (&guessed, times, n));
    back = rnn_time_step_format (&guessed);
    g_assert_cmpstr (back, ==, steps[i]);
    for (guint t = 1; t < n; t++)
      g_assert_cmpint (rnn_time_step_count (&guessed, times[t - 1], times[t]), >=, 1);
  }
}

static void
test_off_grid (void)
{
  RnnTimeStep hour = { RNN_STEP_TIME, 3600 * RNN_SECOND };

  g_assert_cmpint (rnn_time_step_count (&hour, parse ("2020-01-01T00:00"), parse ("2020-01-01T01:03")), ==, 1);
  g_assert_cmpint (rnn_time_step_count (&hour, parse ("2020-01-01T00:00"), parse ("2020-01-01T01:30")), ==, -1);
  g_assert_cmpint (rnn_time_step_count (&hour, parse ("2020-01-01T00:00"), parse ("2019-12-31T23:00")), ==, -1);
  g_assert_cmpint (rnn_time_step_add (&hour, G_MAXINT64 - 5, 1), ==, RNN_TIME_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/time/civil", test_civil);
  g_test_add_func ("/time/parse", test_parse);
  g_test_add_func ("/time/steps", test_steps);
  g_test_add_func ("/time/step-text", test_step_text);
  g_test_add_func ("/time/guess", test_guess);
  g_test_add_func ("/time/off-grid", test_off_grid);
  return g_test_run ();
}
