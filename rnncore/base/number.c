/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decimal numbers -> doubles: up to 19 digits as one integer, times a power of ten. */
#include "number.h"
#include <float.h>
#include <math.h>
#include <string.h>

#define MAX_DIGITS 19           /* that fit 64 bits */

static const gchar *const missing[] = { "", "nan", "na", "n/a", "null", "none", "-", "?", "+nan", "-nan" };
static const gchar *const infinite[] = { "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity" };

/* Exact up to 10^27 where a long double has 64 bits */
static const long double powers[] = { 1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L, 1e10L, 1e11L, 1e12L,
  1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L };

static gboolean
is_one_of (const gchar *text, gsize n, const gchar *const *words, gsize n_words)
{
  for (gsize i = 0; i < n_words; i++)
    if (strlen (words[i]) == n && !g_ascii_strncasecmp (text, words[i], n))
      return TRUE;
  return FALSE;
}

static RnnNumber
parse_word (const gchar *text, gsize n)
{
  if (n > 9)
    return RNN_NUMBER_NONE;
  if (is_one_of (text, n, missing, G_N_ELEMENTS (missing)))
    return RNN_NUMBER_MISSING;
  return is_one_of (text, n, infinite, G_N_ELEMENTS (infinite)) ? RNN_NUMBER_INFINITE : RNN_NUMBER_NONE;
}

static gdouble
scale (guint64 digits, gint exponent)
{
  gint size = ABS (exponent);
  long double power;

  if (digits == 0)
    return 0;
  power = size < (gint) G_N_ELEMENTS (powers) ? powers[size] : powl (10, size);
  return (gdouble) (exponent < 0 ? digits / power : digits * power);
}

/* Digits at @at; those past MAX_DIGITS only count.  Returns where they end. */
static const gchar *
take_digits (const gchar *at, const gchar *end, guint64 *digits, gint *taken, gint *dropped)
{
  for (; at < end && g_ascii_isdigit (*at); at++)
    if (*taken < MAX_DIGITS) {
      *digits = *digits * 10 + (guint) (*at - '0');
      *taken += *digits > 0;
    } else {
      (*dropped)++;
    }
  return at;
}

/* "e-12" at @at.  Returns where it ends; NULL: an exponent without digits. */
static const gchar *
take_exponent (const gchar *at, const gchar *end, gint *exponent)
{
  gboolean negative = FALSE;
  gint value = 0;

  if (at == end || (*at != 'e' && *at != 'E'))
    return at;
  if (++at < end && (*at == '+' || *at == '-'))
    negative = *at++ == '-';
  if (at == end || !g_ascii_isdigit (*at))
    return NULL;
  for (; at < end && g_ascii_isdigit (*at); at++)
    value = MIN (value * 10 + (*at - '0'), 100000);
  *exponent += negative ? -value : value;
  return at;
}

RnnNumber
rnn_number_parse (const gchar *text, gsize n, gchar decimal, gdouble *value)
{
  const gchar *at = text, *end = text + n, *first;
  gint taken = 0, dropped = 0, fraction = 0, exponent = 0;
  gboolean negative = FALSE;
  guint64 digits = 0;

  *value = NAN;
  for (; at < end && g_ascii_isspace (*at); at++);
  for (; end > at && g_ascii_isspace (end[-1]); end--);
  text = first = at;
  if (at < end && (*at == '-' || *at == '+'))
    negative = *at++ == '-';
  first = at;
  at = take_digits (at, end, &digits, &taken, &dropped);
  if (at < end && *at == decimal) {
    gint before = dropped;
    const gchar *point = ++at;

    at = take_digits (at, end, &digits, &taken, &dropped);
    fraction = (gint) (at - point) - (dropped - before);
    dropped = before;
    first += at == point && point == first + 1 ? 1 : 0;         /* a point alone is no number */
  }
  if (at == first || !(at = take_exponent (at, end, &exponent)) || at != end)
    return parse_word (text, (gsize) (end - text));
  *value = scale (digits, CLAMP (exponent + dropped - fraction, -5000, 4000));
  if (*value > FLT_MAX) {
    *value = NAN;
    return RNN_NUMBER_INFINITE;
  }
  *value = negative ? -*value : *value;
  return RNN_NUMBER_FINITE;
}

const gchar *
rnn_number_format (gfloat value, gchar *text)
{
  static const gchar *const formats[] = { "%.6g", "%.7g", "%.8g", "%.9g" };

  *text = 0;
  for (guint i = 0; isfinite (value) && i < G_N_ELEMENTS (formats); i++) {
    g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, formats[i], value);
    if ((gfloat) g_ascii_strtod (text, NULL) == value)
      break;
  }
  return text;
}
