/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of text: the same records however the bytes are cut, numbers as C reads them, times as GLib reads them, and errors
 * with file and line. */
#include "base/csv.h"
#include "base/error.h"
#include "base/number.h"
#include "base/rng.h"
#include "forecast/series.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All records, fields in <>, or the error's message; bytes come @piece at a time. */
static gchar *
read_all (const gchar *text, gsize n, gsize piece, gchar separator)
{
  g_autoptr (RnnCsv) csv = rnn_csv_new (separator, '.', "t.csv");
  g_autoptr (GError) error = NULL;
  GString *all = g_string_new (NULL);

  for (gsize at = 0;; at += piece) {
    const RnnCsvField *fields;
    RnnCsvState state;
    guint n_fields;

    if (at < n)
      rnn_csv_push (csv, text + at, MIN (piece, n - at));
    else
      rnn_csv_finish (csv);
    while ((state = rnn_csv_next (csv, &fields, &n_fields, &error)) == RNN_CSV_RECORD) {
      g_string_append_printf (all, "%u:", (guint) rnn_csv_get_line (csv));
      for (guint i = 0; i < n_fields; i++)
        g_string_append_printf (all, "<%.*s>", (gint) fields[i].n, fields[i].text);
      g_string_append_c (all, '\n');
    }
    if (state == RNN_CSV_ERROR)
      g_string_append (all, error->message);
    if (state == RNN_CSV_ERROR || at >= n)
      return g_string_free (all, FALSE);
  }
}

static void
test_records (void)
{
  static const struct {
    const gchar *text, *expected;
    gchar separator;
  } cases[] = {
    { "a,b\n1,2\n", "1:<a><b>\n2:<1><2>\n" },
    { "\xef\xbb\xbf" "a;b\r\n1,5;2\r\n\r\n3;4", "1:<a><b>\n2:<1,5><2>\n4:<3><4>\n" },
    { "a\tb,c\td\n", "1:<a><b,c><d>\n" },
    { "a;b,c,d\n", "1:<a><b,c,d>\n", ';' },
    { "\"a,\"\"b\"\"\",\"two\nlines\",\"\"\nx,,\n", "1:<a,\"b\"><two\nlines><>\n3:<x><><>\n" },
    { ",\n", "1:<><>\n" },
    { "", "" },
    { "\n\n\n", "" },
    { "a,b\n\"1,2\n3,4\n", "1:<a><b>\nt.csv:2: a quote is never closed" },
    { "a\n\"b\"c\n", "1:<a>\nt.csv:2: something follows the quote that closes a field" },
    { "a,b\nx\"y,\"z\n", "1:<a><b>\nt.csv:2: something follows the quote that closes a field" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 40; piece += 3) {
      g_autofree gchar *got = read_all (cases[i].text, strlen (cases[i].text), piece, cases[i].separator);

      g_assert_cmpstr (got, ==, cases[i].expected);
    }
}

static void
test_limits (void)
{
  g_autofree gchar *longest = g_strnfill (3 << 20, 'x'), *fields = g_strnfill (70000, ',');
  g_autofree gchar *quote = g_strconcat ("a\n\"", longest, NULL);
  g_autofree gchar *line = read_all (longest, strlen (longest), 65536, 0);
  g_autofree gchar *many = read_all (fields, strlen (fields), 65536, 0);
  g_autofree gchar *open = read_all (quote, strlen (quote), 65536, 0);
  g_autofree gchar *zero = read_all ("a,b\n1,\0\n", 8, 8, 0);

  g_assert_cmpstr (line, ==, "t.csv:1: the line is longer than 1 MiB");
  g_assert_cmpstr (many, ==, "t.csv:1: more than 65536 fields");
  g_assert_cmpstr (open, ==, "1:<a>\nt.csv:2: a quote is not closed within 1 MiB");
  g_assert_cmpstr (zero, ==, "1:<a><b>\nt.csv:2: a zero byte: this is no text");
}

static gdouble
parse (const gchar *text, gchar decimal, RnnNumber expected)
{
  gdouble value;

  g_assert_cmpint (rnn_number_parse (text, strlen (text), decimal, &value), ==, expected);
  g_assert_true (isnan (value) == (expected != RNN_NUMBER_FINITE));
  return value;
}

static void
test_numbers (void)
{
  static const gchar *const good[] = { "0", "-0", "1", "+1.5", ".5", "5.", "1e3", "1E-3", "  7\t", "30.5310001373291",
    "123456789012345678901234567890", "0.000000000000000000000000000000000001", "3.4028234e38", "1e-400", "-1.7e-45",
    "00000000000000000000000000000000001.25", "0.1e1", "9007199254740993" };
  static const gchar *const missing[] = { "", "  ", "NaN", "nan", "NA", "n/a", "null", "NONE", "-", "?" };
  static const gchar *const none[] = { ".", "+", "1.2.3", "1e", "e5", "0x10", "1,5", "1 2", "five", "--1", "naninf", "1e+" };
  static const gchar *const infinite[] = { "inf", "-Infinity", "1e300", "-1e39", "1e99999999999" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    gdouble expected = g_ascii_strtod (good[i], NULL), got = parse (good[i], '.', RNN_NUMBER_FINITE);

    g_assert_cmpfloat (fabs (got - expected), <=, fabs (expected) * DBL_EPSILON);
  }
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++)
    parse (missing[i], '.', RNN_NUMBER_MISSING);
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    parse (none[i], '.', RNN_NUMBER_NONE);
  for (guint i = 0; i < G_N_ELEMENTS (infinite); i++)
    parse (infinite[i], '.', RNN_NUMBER_INFINITE);
  g_assert_cmpfloat (parse ("-1,25", ',', RNN_NUMBER_FINITE), ==, -1.25);
  parse ("1.25", ',', RNN_NUMBER_NONE);
}

/* What is written reads back, any float of any size. */
static void
test_number_format (void)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint i = 0; i < 20000; i++) {
    union { guint32 bits; gfloat value; } x = { rnn_rng_u32 (&rng) };

    if (!isfinite (x.value))
      continue;
    g_assert_cmpfloat ((gfloat) parse (rnn_number_format (x.value, text), '.', RNN_NUMBER_FINITE), ==, x.value);
  }
  g_assert_cmpstr (rnn_number_format (0.1f, text), ==, "0.1");
  g_assert_cmpstr (rnn_number_format (NAN, text), ==, "");
}

/* ---- rows of series ---- */

static RnnSeries *
parse_series (const gchar *text, const RnnSeriesFormat *format, const RnnSeriesRules *rules)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = rnn_series_parse (text, strlen (text), format, rules, "t.csv", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 1);
  return g_ptr_array_steal_index (all, 0);
}

static void
check_values (const RnnSeries *s, guint n, ...)
{
  va_list args;

  va_start (args, n);
  g_assert_cmpuint (s->n * s->channels, ==, n);
  for (guint i = 0; i < n; i++) {
    gdouble expected = va_arg (args, gdouble);

    g_assert_true (isnan (expected) ? isnan (s->values[i]) : s->values[i] == (gfloat) expected);
  }
  va_end (args);
}

static void
test_series (void)
{
  const RnnSeriesFormat chosen = { .values = "c,2" };
  g_autoptr (RnnSeries) all = parse_series ("date,a,b,c\n2020-01-01 00:00,1,2,3\n2020-01-01 01:00,4,,6\n"
      "2020-01-01 03:00,7,8,9\n", NULL, NULL);
  g_autoptr (RnnSeries) some = parse_series ("date,a,b,c\n2020-01-01,1,2,3\n2020-01-02,4,,6\n", &chosen, NULL);

  check_values (all, 12, 1., 2., 3., 4., NAN, 6., NAN, NAN, NAN, 7., 8., 9.);   /* 02:00 is not there */
  g_assert_cmpint (all->step.n, ==, 3600 * RNN_SECOND);
  check_values (some, 4, 3., 1., 6., 4.);
  g_assert_cmpstr (some->names[0], ==, "c");
  g_assert_cmpstr (some->names[1], ==, "a");
}

static void
test_series_formats (void)
{
  const RnnSeriesFormat german = { .decimal = ',' }, bare = { .no_header = TRUE, .time = "1" };
  const RnnSeriesFormat lenient = { .lenient = TRUE };
  const RnnSeriesRules sorted = { .sort = TRUE };
  g_autoptr (RnnSeries) a = parse_series ("Zeit;Wert\n2020-01-01;1,5\n", &(RnnSeriesFormat) { .decimal = ',', .time = "Zeit" },
      NULL);
  g_autoptr (RnnSeries) b = parse_series ("1577836800,5\n1577836860,6\n", &bare, NULL);
  g_autoptr (RnnSeries) c = parse_series ("x\n1\nbad\n1e300\n", &lenient, NULL);
  g_autoptr (RnnSeries) d = parse_series ("ds,x\n2020-01-03,3\n2020-01-01,1\n2020-01-02,9\n2020-01-02,2\n", NULL, &sorted);
  g_autoptr (RnnSeries) e = parse_series ("x\n1,5\n", &german, NULL);

  check_values (a, 1, 1.5);
  check_values (b, 2, 5., 6.);
  g_assert_cmpint (b->start, ==, 1577836800 * RNN_SECOND);
  check_values (c, 3, 1., NAN, NAN);
  check_values (d, 3, 1., 2., 3.);
  check_values (e, 1, 1.5);
}

static void
test_series_ids (void)
{
  static const gchar text[] = "id,ds,y\na,2020-01-01,1\nb,2020-01-01,10\na,2020-02-01,2\nb,2020-02-01,20\na,2020-03-01,3\n";
  const RnnSeriesFormat format = { .id = "id" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = rnn_series_parse (text, strlen (text), &format, NULL, "t.csv", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 2);
  check_values (all->pdata[0], 3, 1., 2., 3.);
  check_values (all->pdata[1], 2, 10., 20.);
  g_assert_cmpstr (((RnnSeries *) all->pdata[1])->id, ==, "b");
}

static void
test_series_errors (void)
{
  static const struct {
    const gchar *text, *values, *message;
  } cases[] = {
    { "", NULL, "t.csv: there are no rows of values" },
    { "ds,y\n", NULL, "t.csv: there are no rows of values" },
    { "ds,y\n2020-01-01,1\n2020-01-02\n", NULL, "t.csv:3: 1 fields, but 2 columns" },
    { "ds,y\n2020-01-01,1,2\n", NULL, "t.csv:2: 3 fields, but 2 columns" },
    { "ds,y\n2020-01-01,x\n", NULL, "t.csv:2: column y: \"x\" is no number" },
    { "ds,y\n2020-01-01,1e300\n", NULL, "t.csv:2: column y: \"1e300\" is larger than a float holds" },
    { "ds,y\n2020-01-01,inf\n", NULL, "t.csv:2: column y: \"inf\" is larger than a float holds" },
    { "ds,y\n2020-13-01,1\n", NULL, "t.csv:2: column ds: \"2020-13-01\" is no time" },
    { "ds,y\n2020-01-01,1\n", "z", "t.csv:1: there is no column \"z\" among: ds, y" },
    { "y,y\n1,2\n", "y", "t.csv:1: two columns are called \"y\"; say which one by its number" },
    { "ds\n2020-01-01\n", NULL, "t.csv:1: there is no column of values" },
    { "1,2\n3,4\n", NULL, "t.csv:1: a header is expected here, not numbers (or say that there is none)" },
    { "ds,y\n2020-01-02,1\n2020-01-01,1\n", NULL,
        "t.csv:3: 2020-01-01T00:00:00Z is before the row above: times must rise, unless they are to be sorted" },
    { "ds,y\n2020-01-02,1\n2020-01-02,1\n", NULL, "t.csv:3: 2020-01-02T00:00:00Z is the time of the row before, too" },
    { "ds,y\n2020-01-01,1\n2020-01-02,1\n2020-01-03,2\n2020-01-03T12:00,1\n", NULL,
        "t.csv:5: 2020-01-03T12:00:00Z is no whole number of steps of 1d after the row above" },
    { "ds,y\n2020-01-01T00:00:00,1\n2020-01-01T00:00:01,1\n2020-01-01T00:00:02,1\n2021-01-01,1\n", NULL,
        "t.csv:5: 2021-01-01T00:00:00Z is too far from the row above for the step that the others have" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const RnnSeriesFormat format = { .values = cases[i].values };
    g_autoptr (GError) error = NULL;

    g_assert_null (rnn_series_parse (cases[i].text, strlen (cases[i].text), &format, NULL, "t.csv", &error));
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
    g_assert_cmpstr (error->message, ==, cases[i].message);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/csv/records", test_records);
  g_test_add_func ("/csv/limits", test_limits);
  g_test_add_func ("/csv/numbers", test_numbers);
  g_test_add_func ("/csv/number-format", test_number_format);
  g_test_add_func ("/csv/series", test_series);
  g_test_add_func ("/csv/series/formats", test_series_formats);
  g_test_add_func ("/csv/series/ids", test_series_ids);
  g_test_add_func ("/csv/series/errors", test_series_errors);
  return g_test_run ();
}
