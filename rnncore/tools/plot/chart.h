/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Curves over a common axis, in panels one above the other. */
#pragma once
#include "plot/canvas.h"

typedef struct {
  gchar *name;
  GArray *xy;                   /* gdouble [n][2]; x never goes back */
} ChartCurve;

typedef struct {
  const gchar *title;
  GPtrArray *curves;            /* ChartCurve */
} ChartPanel;

ChartCurve *chart_curve_new (const gchar *name);
void chart_curve_free (ChartCurve *curve);
/* Drops points from @x on: what was trained twice counts once.  What is no finite number is left out. */
void chart_curve_add (ChartCurve *curve, gdouble x, gdouble y);

/* Panels that have points.  A curve that spans more than two decades gets a logarithmic axis if it is above zero throughout. */
void chart_draw (Canvas *canvas, const ChartPanel *panels, guint n, const gchar *x_title);
