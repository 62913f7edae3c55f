/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digits as strokes of a pen. */
#include "pen.h"
#include <math.h>
#include <string.h>

#define NUMBERS (2 * RNN_PEN_POINTS)

/* ---- the file ---- */

/* Of ten bits the one that is set, or a digit; -1: neither. */
static gint
read_value (const gchar *text)
{
  gsize n = strlen (text), at = strspn (text, "0");

  if (n == 10 && at < 10 && text[at] == '1' && strspn (text + at + 1, "0") == 9 - at)
    return (gint) at;
  return n == 1 && g_ascii_isdigit (*text) ? *text - '0' : -1;
}

static gboolean
read_digit (const gchar *line, PenDigit *digit)
{
  g_auto (GStrv) parts = g_strsplit (line, ",", -1);

  if (g_strv_length (parts) != NUMBERS + 1)
    return FALSE;
  for (guint i = 0; i < NUMBERS; i++) {
    gchar *end;
    gdouble value = g_ascii_strtod (g_strstrip (parts[i]), &end);

    if (end == parts[i] || *end || !(value >= 0 && value <= 100))
      return FALSE;
    *(i % 2 ? &digit->shape.y[i / 2] : &digit->shape.x[i / 2]) = (gfloat) value / 100;
  }
  digit->value = read_value (g_strstrip (parts[NUMBERS]));
  return digit->value >= 0;
}

GArray *
pen_read (const gchar *path, GError **error)
{
  g_autoptr (GArray) digits = g_array_new (FALSE, FALSE, sizeof (PenDigit));
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    PenDigit digit;

    if (!*g_strstrip (lines[i]))
      continue;
    if (!read_digit (lines[i], &digit)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: not eight points from 0 to 100 and a digit", path, i + 1);
      return NULL;
    }
    g_array_append_val (digits, digit);
  }
  if (digits->len == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there are no digits", path);
    return NULL;
  }
  return g_steal_pointer (&digits);
}

/* ---- the hand ---- */

static gfloat
between (RnnRng *rng, gfloat low, gfloat high)
{
  return low + (high - low) * rnn_rng_uniform (rng);
}

PenDigit
pen_vary (const PenDigit *digit, RnnRng *rng)
{
  gfloat turn = between (rng, -0.2f, 0.2f), slant = between (rng, -0.25f, 0.25f);
  gfloat wide = between (rng, 0.8f, 1.2f), high = between (rng, 0.8f, 1.2f);
  PenDigit varied = *digit;

  for (guint i = 0; i < RNN_PEN_POINTS; i++) {
    gfloat y = (digit->shape.y[i] - 0.5f) * high, x = (digit->shape.x[i] - 0.5f) * wide + slant * y;

    varied.shape.x[i] = 0.5f + x * cosf (turn) - y * sinf (turn) + 0.015f * rnn_rng_normal (rng);
    varied.shape.y[i] = 0.5f + x * sinf (turn) + y * cosf (turn) + 0.015f * rnn_rng_normal (rng);
  }
  return varied;
}

PenDigit
pen_retrace (const PenDigit *digit, RnnRng *rng)
{
  RnnPen pen = RNN_PEN_START;
  gfloat drawing[RNN_PEN_POINTS * RNN_PEN_SIZE], wide = digit->value == 1 ? between (rng, 0, 1) : 1;
  PenDigit traced = *digit;
  g_autoptr (GArray) shapes = NULL;

  rnn_pen_write (&pen, &digit->shape, 0, 0, 1, drawing);
  shapes = rnn_pen_find_shapes (drawing, RNN_PEN_POINTS);
  if (shapes->len == 1)
    traced.shape = g_array_index (shapes, RnnPenShape, 0);
  for (guint i = 0; i < RNN_PEN_POINTS; i++)
    traced.shape.x[i] = 0.5f + wide * (traced.shape.x[i] - 0.5f);
  return traced;
}

void
pen_write (const PenDigit *digits, guint n, RnnRng *rng, gfloat *steps)
{
  RnnPen pen = RNN_PEN_START;
  gfloat left = 0;

  for (guint d = 0; d < n; d++, steps += RNN_PEN_POINTS * RNN_PEN_SIZE) {
    gfloat size = rng ? between (rng, 0.75f, 1.25f) : 1, base = rng ? between (rng, -0.15f, 0.15f) : 0;

    left = rnn_pen_write (&pen, &digits[d].shape, left, base, size, steps) + (rng ? between (rng, 0.1f, 0.4f) : RNN_PEN_GAP);
  }
}
