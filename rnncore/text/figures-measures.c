/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Money, units of measure, signs that are read out. */
#include "figures.h"
#include "numbers.h"
#include <string.h>

static const struct {
  const gchar *sign, *one, *many, *cent, *cents;
} currencies[] = {
  { "$", "dollar", "dollars", "cent", "cents" }, { "\u00a3", "pound", "pounds", "penny", "pence" },
  { "\u20ac", "euro", "euros", "cent", "cents" }, { "\u00a5", "yen", "yen" }, { "\u20b9", "rupee", "rupees" }
};

static const struct {
  const gchar *written, *spoken;
} scales[] = {
  { "k", "thousand" }, { "m", "million" }, { "bn", "billion" }, { "b", "billion" }
};

static const gchar *
scale_of (const gchar *written)
{
  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    if (g_ascii_strcasecmp (written, scales[i].written) == 0)
      return scales[i].spoken;
  return written;
}

/* "$3.50" -> "three dollars and fifty cents", "$1.5 million" -> "one point five million dollars" */
static void
say_money (GString *out, const gchar *sign, const gchar *amount, const gchar *scale)
{
  g_autofree gchar *plain = rnn_figure_without_commas (amount);
  gchar *point = strchr (plain, '.');
  guint c = 0;
  gboolean cents;

  while (c + 1 < G_N_ELEMENTS (currencies) && !g_str_equal (currencies[c].sign, sign))
    c++;
  cents = point && strlen (point) == 3 && !*scale && currencies[c].cent;
  if (!cents) {
    rnn_figure_say_number (out, amount);
    if (*scale)
      rnn_figure_say (out, scale_of (scale));
    rnn_figure_say (out, g_str_equal (plain, "1") && !*scale ? currencies[c].one : currencies[c].many);
    return;
  }
  *point = '\0';
  if (rnn_figure_value (plain) > 0) {
    rnn_figure_say_whole (out, plain);
    rnn_figure_say (out, rnn_figure_value (plain) == 1 ? currencies[c].one : currencies[c].many);
  }
  if (rnn_figure_value (point + 1) > 0) {
    if (rnn_figure_value (plain) > 0)
      rnn_figure_say (out, "and");
    g_string_append_c (out, ' ');
    rnn_number_say (out, rnn_figure_value (point + 1));
    rnn_figure_say (out, rnn_figure_value (point + 1) == 1 ? currencies[c].cent : currencies[c].cents);
  }
}

void
rnn_figure_say_sign_amount (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *sign = rnn_figure_group (match, 1), *amount = rnn_figure_group (match, 2);
  g_autofree gchar *scale = rnn_figure_group (match, 3);

  say_money (out, sign, amount, scale);
}

void
rnn_figure_say_amount_sign (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *amount = rnn_figure_group (match, 1), *sign = rnn_figure_group (match, 2);

  say_money (out, sign, amount, "");
}

static const struct {
  const gchar *written, *one, *many;
} units[] = {
  { "km/h", "kilometer per hour", "kilometers per hour" }, { "mph", "mile per hour", "miles per hour" },
  { "kg", "kilogram", "kilograms" }, { "km", "kilometer", "kilometers" }, { "cm", "centimeter", "centimeters" },
  { "mm", "millimeter", "millimeters" }, { "ml", "milliliter", "milliliters" }, { "lb", "pound", "pounds" },
  { "lbs", "pound", "pounds" }, { "oz", "ounce", "ounces" }, { "ft", "foot", "feet" }, { "yd", "yard", "yards" },
  { "Hz", "hertz", "hertz" }, { "kHz", "kilohertz", "kilohertz" }, { "MHz", "megahertz", "megahertz" },
  { "GHz", "gigahertz", "gigahertz" }, { "kB", "kilobyte", "kilobytes" }, { "MB", "megabyte", "megabytes" },
  { "GB", "gigabyte", "gigabytes" }, { "TB", "terabyte", "terabytes" }, { "min", "minute", "minutes" },
  { "sec", "second", "seconds" }, { "hrs", "hour", "hours" }, { "\u00b0C", "degree celsius", "degrees celsius" },
  { "\u00b0F", "degree fahrenheit", "degrees fahrenheit" }, { "\u00b0", "degree", "degrees" }, { "%", "percent", "percent" },
  { "\u00a2", "cent", "cents" }
};

void
rnn_figure_say_unit (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = rnn_figure_group (match, 1), *unit = rnn_figure_group (match, 2);

  rnn_figure_say_number (out, number);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (units[i].written, unit))
      rnn_figure_say (out, g_str_equal (number, "1") ? units[i].one : units[i].many);
}

static const struct {
  const gchar *sign, *spoken;
} signs[] = {
  { "&", "and" }, { "@", "at" }, { "+", "plus" }, { "=", "equals" }, { "%", "percent" }, { "\u00d7", "times" },
  { "\u00f7", "divided by" }, { "\u00b0", "degrees" }, { "\u20ac", "euros" }, { "\u00a3", "pounds" }, { "\u00b1", "plus or minus" }
};

void
rnn_figure_say_sign (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *sign = rnn_figure_group (match, 0);

  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    if (g_str_equal (signs[i].sign, sign))
      rnn_figure_say (out, signs[i].spoken);
}
