/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "smoother.h"
#include <string.h>

static const gdouble alphas[] = { 0, 0.05, 0.15, 0.3, 0.6, 1 };
static const struct {
  gdouble share, phi;           /* beta = share alpha */
} trends[] = { { 0, 0 }, { 0, 0.95 }, { 0, 1 }, { 0.1, 0.9 }, { 0.2, 1 } };
static const gdouble gammas[] = { -1, 0, 0.15, 0.4, 1 };        /* -1: no season */

gboolean
rnn_smoother_get (guint i, guint season, RnnSmoother *s)
{
  guint a = i % G_N_ELEMENTS (alphas), t = i / G_N_ELEMENTS (alphas) % G_N_ELEMENTS (trends);
  guint g = i / G_N_ELEMENTS (alphas) / G_N_ELEMENTS (trends);

  if (g >= G_N_ELEMENTS (gammas) || (g > 0 && season < 2))
    return FALSE;
  *s = (RnnSmoother) { alphas[a], trends[t].share * alphas[a], trends[t].phi, MAX (gammas[g], 0), g ? season : 1 };
  return TRUE;
}

static gdouble
get_mean (guint n, const gfloat *x)
{
  gdouble sum = 0;

  for (guint i = 0; i < n; i++)
    sum += x[i];
  return sum / n;
}

/* Mean deviation from the line through the seasons' means, place by place */
static void
begin_season (guint n, const gfloat *x, guint season, gdouble slope, gdouble *s)
{
  guint whole = n / season;

  memset (s, 0, season * sizeof (gdouble));
  for (guint k = 0; k < whole; k++) {
    const gfloat *y = x + n - (whole - k) * season;     /* counted from the end, as the last season is whole */
    gdouble mean = get_mean (season, y);

    for (guint j = 0; j < season; j++)
      s[(n - whole * season + j) % season] += (y[j] - mean - slope * (j - (season - 1) / 2.0)) / whole;
  }
}

void
rnn_smoother_run (const RnnSmoother *p, guint n, const gfloat *x, guint horizon, gfloat *y, gdouble *s)
{
  guint season = p->season > 1 && p->season <= n / 2 ? p->season : 1, ends = season > 1 ? season : MAX (n / 4, 1);
  gdouble first = get_mean (ends, x), last = get_mean (ends, x + n - ends);
  gdouble slope = p->phi > 0 && n > ends ? (last - first) / (n - ends) : 0, l = first - slope * (ends + 1) / 2.0, b = slope;
  gdouble power = 1, step = 0;

  s[0] = 0;
  if (season > 1)
    begin_season (n, x, season, slope, s);
  for (guint t = 0; t < n; t++) {
    gdouble e = x[t] - l - p->phi * b - s[t % season];

    l += p->phi * b + p->alpha * e;
    b = p->phi * b + p->beta * e;
    if (season > 1)
      s[t % season] += p->gamma * e;
  }
  for (guint h = 0; h < horizon; h++) {
    power *= p->phi;
    step += power * b;
    y[h] = (gfloat) (l + step + s[(n + h) % season]);
  }
}

void
rnn_smoother_matrix (const RnnSmoother *p, guint n, guint horizon, gfloat *weight)
{
  g_autofree gfloat *x = g_new0 (gfloat, n), *y = g_new (gfloat, horizon);
  g_autofree gdouble *room = g_new (gdouble, MAX (p->season, 1) + 1);

  for (guint i = 0; i < n; i++) {
    x[i] = 1;
    rnn_smoother_run (p, n, x, horizon, y, room);
    for (guint h = 0; h < horizon; h++)
      weight[(gsize) h * n + i] = y[h];
    x[i] = 0;
  }
}
