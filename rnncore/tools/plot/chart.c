/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Axes with steps of 1, 2 or 5 times a power of ten, or a mark per decade. */
#include "plot/chart.h"
#include <math.h>

#define LEFT 64.
#define RIGHT 16.
#define TOP 28.
#define BOTTOM 40.
#define GAP 34.
#define SIZE 12.
#define INK "#333333"
#define GRID "#dddddd"
#define MARKS 5                 /* that an axis has, about */

/* Told apart also by who sees few colours (Okabe and Ito's choice). */
static const gchar *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000" };

typedef struct {
  gdouble from, to;             /* values, logarithms of them if log */
  gdouble at, size;             /* pixels; size < 0: upwards */
  gboolean log;
} Axis;

/* ---- curves ---- */

ChartCurve *
chart_curve_new (const gchar *name)
{
  ChartCurve *curve = g_new0 (ChartCurve, 1);

  curve->name = g_strdup (name);
  curve->xy = g_array_new (FALSE, FALSE, 2 * sizeof (gdouble));
  return curve;
}

void
chart_curve_free (ChartCurve *curve)
{
  g_free (curve->name);
  g_array_unref (curve->xy);
  g_free (curve);
}

static const gdouble *
point (const ChartCurve *curve, guint i)
{
  return (const gdouble *) curve->xy->data + 2 * i;
}

void
chart_curve_add (ChartCurve *curve, gdouble x, gdouble y)
{
  gdouble xy[2] = { x, y };
  guint n = curve->xy->len;

  while (n > 0 && point (curve, n - 1)[0] >= x)
    n--;
  g_array_set_size (curve->xy, n);
  if (isfinite (x) && isfinite (y))
    g_array_append_vals (curve->xy, xy, 1);
}

/* ---- axes ---- */

static gdouble
place (const Axis *axis, gdouble value)
{
  gdouble v = axis->log ? log10 (value) : value;

  return axis->at + axis->size * (v - axis->from) / (axis->to - axis->from);
}

static gdouble
choose_step (gdouble range)
{
  gdouble rough = range / MARKS, power = pow (10, floor (log10 (rough)));

  return power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
}

/* @k counts from the first multiple of the step that is not below the axis; NAN: there is no such mark. */
static gdouble
mark (const Axis *axis, gdouble step, guint k)
{
  gdouble value = (ceil (axis->from / step - 1e-9) + k) * step;

  return value <= axis->to + 1e-9 * step ? axis->log ? pow (10, value) : value : NAN;
}

static gdouble
step_of (const Axis *axis)
{
  gdouble step = choose_step (axis->to - axis->from);

  return axis->log ? MAX (1, ceil (step)) : step;
}

static void
range_of (const ChartPanel *panel, gint coordinate, gdouble range[2])
{
  for (guint c = 0; c < panel->curves->len; c++) {
    const ChartCurve *curve = panel->curves->pdata[c];

    for (guint i = 0; i < curve->xy->len; i++) {
      range[0] = fmin (range[0], point (curve, i)[coordinate]);
      range[1] = fmax (range[1], point (curve, i)[coordinate]);
    }
  }
}

static void
set_range (Axis *axis, gdouble range[2], gboolean may_be_log)
{
  gdouble margin;

  axis->log = may_be_log && range[0] > 0 && range[1] / range[0] > 100;
  axis->from = axis->log ? log10 (range[0]) : range[0];
  axis->to = axis->log ? log10 (range[1]) : range[1];
  margin = axis->to > axis->from ? may_be_log ? .04 * (axis->to - axis->from) : 0 : fmax (.5 * fabs (axis->to), .5);
  axis->from -= margin;
  axis->to += margin;
}

/* ---- drawing ---- */

static void
draw_line (Canvas *c, gdouble x0, gdouble y0, gdouble x1, gdouble y1, const gchar *colour, gdouble thickness)
{
  gdouble xy[4] = { x0, y0, x1, y1 };

  c->klass->line (c, xy, 2, colour, thickness);
}

static void
draw_axes (Canvas *c, const Axis *x, const Axis *y)
{
  gdouble value, bottom = y->at, top = y->at + y->size;
  gchar label[32];

  for (guint k = 0; !isnan (value = mark (y, step_of (y), k)); k++) {
    gdouble at = place (y, value);

    draw_line (c, x->at, at, x->at + x->size, at, GRID, 1);
    c->klass->text (c, x->at - 6, at + 4, 1, SIZE, INK, g_ascii_formatd (label, sizeof label, "%.6g", value));
  }
  for (guint k = 0; !isnan (value = mark (x, step_of (x), k)); k++) {
    gdouble at = place (x, value);

    draw_line (c, at, bottom, at, bottom + 4, INK, 1);
    c->klass->text (c, at, bottom + 17, .5, SIZE, INK, g_ascii_formatd (label, sizeof label, "%.6g", value));
  }
  draw_line (c, x->at, bottom, x->at + x->size, bottom, INK, 1);
  draw_line (c, x->at, bottom, x->at, top, INK, 1);
}

/* A curve of one point is a dot. */
static void
draw_curve (Canvas *c, const Axis *x, const Axis *y, const ChartCurve *curve, const gchar *colour)
{
  guint n = curve->xy->len;
  g_autofree gdouble *xy = g_new (gdouble, 2 * n + 2);

  for (guint i = 0; i < n; i++) {
    xy[2 * i] = place (x, point (curve, i)[0]);
    xy[2 * i + 1] = place (y, point (curve, i)[1]);
  }
  if (n == 1) {
    xy[2] = xy[0] + 2;
    xy[3] = xy[1];
    c->klass->line (c, xy, 2, colour, 4);
  } else if (n > 1) {
    c->klass->line (c, xy, n, colour, 1.8);
  }
}

static void
draw_panel (Canvas *c, const ChartPanel *panel, const Axis *x, Axis y)
{
  gdouble range[2] = { INFINITY, -INFINITY }, right = x->at + x->size;
  guint n = 0;

  range_of (panel, 1, range);
  set_range (&y, range, TRUE);
  draw_axes (c, x, &y);
  c->klass->text (c, x->at, y.at + y.size - 8, 0, SIZE + 1, INK, panel->title);
  for (guint i = 0; i < panel->curves->len; i++) {
    const ChartCurve *curve = panel->curves->pdata[i];
    const gchar *colour = colours[i % G_N_ELEMENTS (colours)];

    if (!curve->xy->len)
      continue;
    draw_curve (c, x, &y, curve, colour);
    draw_line (c, right - 18, y.at + y.size + 10 + 16 * n, right, y.at + y.size + 10 + 16 * n, colour, 2.5);
    c->klass->text (c, right - 24, y.at + y.size + 14 + 16 * n, 1, SIZE, INK, curve->name);
    n++;
  }
}

void
chart_draw (Canvas *c, const ChartPanel *panels, guint n, const gchar *x_title)
{
  gdouble range[2] = { INFINITY, -INFINITY }, height, at = TOP;
  Axis x = { .at = LEFT, .size = c->width - LEFT - RIGHT };
  guint n_drawn = 0;

  for (guint i = 0; i < n; i++) {
    gdouble own[2] = { INFINITY, -INFINITY };

    range_of (&panels[i], 0, own);
    n_drawn += own[0] <= own[1];
    range[0] = fmin (range[0], own[0]);
    range[1] = fmax (range[1], own[1]);
  }
  if (!n_drawn)
    return;
  set_range (&x, range, FALSE);
  height = (c->height - TOP - BOTTOM - (n_drawn - 1) * (GAP + 14)) / n_drawn;
  for (guint i = 0; i < n; i++) {
    gdouble own[2] = { INFINITY, -INFINITY };

    range_of (&panels[i], 0, own);
    if (own[0] > own[1])
      continue;
    draw_panel (c, &panels[i], &x, (Axis) { .at = at + height, .size = -height });
    at += height + GAP + 14;
  }
  c->klass->text (c, x.at + x.size / 2, c->height - 6, .5, SIZE, INK, x_title);
}
