/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The columns as pixels: fifths of the height for waveform (1), bands (2), tokens (1) and words (the rest). */
#include <math.h>
#include "scope-private.h"

#define PAPER 0x101418u
#define RULE 0x303840u
#define WAVE 0x7fd0ffu

typedef struct {
  gint top, bottom;
} Area;

static Area
area (const RnnScope *s, gint from, gint to)
{
  return (Area) { s->height * from / 5, s->height * to / 5 - 1 };
}

static guint32
mix (guint32 from, guint32 to, guint weight)    /* 0..255 of @to */
{
  guint32 mixed = 0;

  for (guint shift = 0; shift < 24; shift += 8)
    mixed |= ((from >> shift & 255) * (255 - weight) + (to >> shift & 255) * weight) / 255 << shift;
  return mixed;
}

/* Black over violet and orange to light yellow: brighter is more, also without colours. */
static guint32
heat (guint value)
{
  static const guint32 stops[] = { PAPER, 0x50127b, 0xb63679, 0xfb8861, 0xfcfdbf };
  guint stop = MIN (value * 4 / 256, 3);

  return mix (stops[stop], stops[stop + 1], value * 4 - stop * 256 > 255 ? 255 : value * 4 - stop * 256);
}

static guint32 *
pixel (guint32 *pixels, gsize stride, gint x, gint y)
{
  return (guint32 *) ((guint8 *) pixels + (gsize) y * stride) + x;
}

static void
draw_wave (const RnnScope *s, gsize column, guint32 *pixels, gsize stride, gint x)
{
  Area a = area (s, 0, 1);
  gfloat middle = (a.top + a.bottom) / 2.f, scale = (a.bottom - a.top) / 2.f;
  const gfloat *w = s->wave + 2 * column;
  gint from = (gint) lrintf (middle - scale * fminf (w[1], 1)), to = (gint) lrintf (middle - scale * fmaxf (w[0], -1));

  if (w[0] > w[1] || isnan (w[0]))
    return;
  for (gint y = MAX (from, a.top); y <= MIN (to, a.bottom); y++)
    *pixel (pixels, stride, x, y) = WAVE;
}

/* values[n] from the bottom up, or from the top down; of several in a pixel the largest. */
static void
draw_values (Area a, const guint8 *values, gint n, gboolean up, guint32 *pixels, gsize stride, gint x)
{
  gint rows = a.bottom - a.top;

  for (gint r = 0; r < rows; r++) {
    gint from = r * n / rows, to = MAX (from + 1, (r + 1) * n / rows);
    guint largest = 0;

    for (gint i = from; i < to && i < n; i++)
      largest = MAX (largest, values[i]);
    *pixel (pixels, stride, x, up ? a.bottom - 1 - r : a.top + r) = heat (largest);
  }
}

static void
draw_column (const RnnScope *s, guint64 column, guint32 *pixels, gsize stride, gint x)
{
  gsize at = column % (guint) s->width;

  draw_wave (s, at, pixels, stride, x);
  draw_values (area (s, 1, 3), s->mel + at * s->n_mel, s->n_mel, TRUE, pixels, stride, x);
  if (s->n_tokens)
    draw_values (area (s, 3, 4), s->tokens + at * s->n_tokens, s->n_tokens, FALSE, pixels, stride, x);
}

void
rnn_scope_draw (RnnScope *s, guint32 *pixels, gsize stride)
{
  for (gint y = 0; y < s->height; y++)
    for (gint x = 0; x < s->width; x++)
      *pixel (pixels, stride, x, y) = PAPER;
  for (gint x = 0; x < s->width; x++) {
    gint64 column = (gint64) s->n_columns - s->width + x;

    if (column >= 0)
      draw_column (s, (guint64) column, pixels, stride, x);
    for (gint fifth = 1; fifth < 5 && s->height >= 5; fifth++)
      *pixel (pixels, stride, x, area (s, 0, fifth).bottom) = RULE;
  }
}

void
rnn_scope_get_words_area (RnnScope *s, gint *top, gint *bottom)
{
  *top = area (s, 4, 5).top;
  *bottom = s->height;
}

const RnnScopeWord *
rnn_scope_get_words (RnnScope *s, guint *n)
{
  gint64 first = (gint64) s->n_columns - s->width, samples = s->hop;

  g_array_set_size (s->shown, 0);
  for (guint i = 0; i < s->words->len; i++) {
    const ScopeWord *w = &g_array_index (s->words, ScopeWord, i);
    gint64 column = (gint64) (w->start / 1000 * (guint64) s->rate / 1000000) / samples;
    RnnScopeWord word = { w->text, (gint) MAX (column - first, -s->width), s->n_words - s->words->len + i };

    if (word.x > -s->width / 2 && word.x < s->width)
      g_array_append_val (s->shown, word);
  }
  *n = s->shown->len;
  return (const RnnScopeWord *) s->shown->data;
}
