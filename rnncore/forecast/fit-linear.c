/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linear part: the best of a grid of smoothing methods (smoother.h) for each stretch of the horizon, each of which is a linear
 * map of the window, and a ridge regression of what that leaves,
 *
 *   y = (S + W) x + b,   W, b = argmin |(y - S x) - W x - b|^2 + lambda |W|^2
 *
 * which is only kept where it surely betters S: shrunk all the way it is S, so that little data, or data without a rule, give what
 * needs no training.
 *
 * Least squares would follow the few windows that are far off, so where absolute errors count they are repeated with every window
 * weighed by the mean error that it had: nearly the least absolute error. */
#include "fit-private.h"
#include "linear.h"
#include "smoother.h"
#include <math.h>
#include <string.h>

#define ROUNDS 3                /* of weighing */
#define SOFT 0.05               /* mean error below which windows weigh the same */
#define HARDLY 1.015            /* error, of the least one, that a larger penalty may have */
#define PROBES 500              /* windows of each kind that methods are compared on */

static const gdouble lambdas[] = { 1e-4, 1e-2, 1e-1, 1, 10, 100 };

void
rnn_fit_apply (const RnnFitWork *w, const gfloat *x, gfloat *y)
{
  gint n = w->config.context;

  for (gint h = 0; h < w->config.horizon; h++) {
    const gfloat *row = w->weight + (gsize) h * n;
    gfloat sum[8] = { w->bias[h] };
    gint i = 0;

    for (; i + 8 <= n; i += 8)
      for (gint k = 0; k < 8; k++)
        sum[k] += row[i + k] * x[i + k];
    for (; i < n; i++)
      sum[0] += row[i] * x[i];
    y[h] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  }
}

/* Mean squared or absolute error of what is said[n_out] of window @i */
static gdouble
compare (const RnnFitWindows *windows, guint i, gboolean absolute, const gfloat *said)
{
  const gfloat *y = windows->y + (gsize) i * windows->n_out;
  gdouble sum = 0;
  guint n = 0;

  for (gint h = 0; h < windows->n_out; h++) {
    gdouble e = said[h] - y[h];

    if (isnan (e))
      continue;
    sum += absolute ? fabs (e) : e * e;
    n++;
  }
  return n ? sum / n : 0;
}

/* ---- the method ---- */

#define BANDS 17                /* of steps: 1, 2 to 3, 4 to 7, ...: what is best for the next step need not be for a far one */

static guint
get_band (guint h)
{
  return g_bit_storage (h + 1) - 1;
}

/* Adds errors of a method, mean by mean of both kinds of windows, to those of each band. */
static void
probe_windows (const RnnFitWork *w, const RnnSmoother *s, const RnnFitWindows *windows, gfloat *said, gdouble *room, gdouble *errors)
{
  guint stride = windows->n / PROBES + 1, n = (windows->n + stride - 1) / stride;

  for (guint i = 0; i < windows->n; i += stride) {
    const gfloat *y = windows->y + (gsize) i * windows->n_out;

    rnn_smoother_run (s, (guint) w->config.context, windows->x + (gsize) i * windows->n_in, (guint) windows->n_out, said, room);
    for (gint h = 0; h < windows->n_out; h++) {
      gdouble e = said[h] - y[h];

      errors[get_band ((guint) h)] += isnan (e) ? 0 : (w->median ? fabs (e) : e * e) / n;
    }
  }
}

typedef struct {
  guint method;
  gdouble error;
} Choice;

static void
compare_methods (const RnnFitWork *w, guint season, Choice *best)
{
  g_autofree gdouble *room = g_new (gdouble, season + 1);
  g_autofree gfloat *said = g_new (gfloat, w->config.horizon);
  RnnSmoother s;

  for (guint b = 0; b < BANDS; b++)
    best[b] = (Choice) { 0, INFINITY };
  for (guint i = 0; rnn_smoother_get (i, season, &s); i++) {
    gdouble errors[BANDS] = { 0 };

    probe_windows (w, &s, &w->learn, said, room, errors);
    probe_windows (w, &s, &w->choose, said, room, errors);
    for (guint b = 0; b < BANDS; b++)
      if (errors[b] < best[b].error)
        best[b] = (Choice) { i, errors[b] };
  }
}

/* What is to be learnt is what the best methods leave: y - S x. */
static void
choose_method (RnnFitWork *w)
{
  guint season = MAX ((guint) w->config.season, 1), H = (guint) w->config.horizon, n = (guint) w->config.context;
  g_autofree gfloat *weight = g_new (gfloat, (gsize) H * n);
  Choice best[BANDS];

  compare_methods (w, season, best);
  for (guint h = 0; h < H;) {
    guint end = MIN (H, (2u << get_band (h)) - 1);
    RnnSmoother s;

    rnn_smoother_get (best[get_band (h)].method, season, &s);
    rnn_fit_report (w, "linear: steps %u to %u: level %g, trend %g damped by %g, season of %u by %g", h + 1, end, s.alpha, s.beta,
        s.phi, s.season, s.gamma);
    rnn_smoother_matrix (&s, n, end, weight);
    memcpy (w->weight + (gsize) h * n, weight + (gsize) h * n, (gsize) (end - h) * n * sizeof (gfloat));
    h = end;
  }
}

/* y += sign (what the linear part says) */
static void
shift_truths (const RnnFitWork *w, RnnFitWindows *windows, gfloat sign)
{
  g_autofree gfloat *said = g_new (gfloat, windows->n_out);

  for (guint i = 0; i < windows->n; i++) {
    rnn_fit_apply (w, windows->x + (gsize) i * windows->n_in, said);
    for (gint h = 0; h < windows->n_out; h++)
      windows->y[(gsize) i * windows->n_out + h] += sign * said[h];
  }
}

/* ---- the regression ---- */

static gdouble
error_of (const RnnFitWork *w, const RnnFitWindows *windows, guint i, gboolean absolute, gfloat *room)
{
  rnn_fit_apply (w, windows->x + (gsize) i * windows->n_in, room);
  return compare (windows, i, absolute, room);
}

/* Adds window @i times @factor; what is not known is what the last fit says. */
static void
add_window (const RnnFitWork *w, RnnLinearFit *fit, guint i, gfloat factor, gfloat *x, gfloat *y)
{
  const gfloat *wx = w->learn.x + (gsize) i * w->learn.n_in, *wy = w->learn.y + (gsize) i * w->learn.n_out;

  rnn_fit_apply (w, wx, y);
  for (gint j = 0; j < w->config.context; j++)
    x[j] = factor * wx[j];
  for (gint h = 0; h < w->learn.n_out; h++)
    y[h] = factor * (isnan (wy[h]) ? y[h] : wy[h]);
  rnn_linear_fit_add_scaled (fit, factor, x, y);
}

/* errors[n] of the windows to choose by; returns the mean. */
static gdouble
measure (const RnnFitWork *w, gdouble *errors, gfloat *room)
{
  gdouble sum = 0;

  for (guint i = 0; i < w->choose.n; i++)
    sum += errors[i] = error_of (w, &w->choose, i, w->median, room);
  return sum / w->choose.n;
}

static void
silence (RnnFitWork *w)
{
  memset (w->weight, 0, (gsize) w->config.context * w->learn.n_out * sizeof (gfloat));
  memset (w->bias, 0, w->learn.n_out * sizeof (gfloat));
}

#define N_LAMBDAS G_N_ELEMENTS (lambdas)

/* The largest lambda that is hardly worse than the best one; errors[choose.n] with it. */
static void
choose_lambda (RnnFitWork *w, const RnnLinearFit *fit, gdouble *errors)
{
  g_autofree gdouble *all = g_new (gdouble, N_LAMBDAS * (gsize) w->choose.n);
  g_autofree gfloat *room = g_new (gfloat, w->learn.n_out);
  gdouble mean[N_LAMBDAS];
  guint best = 0, chosen = N_LAMBDAS - 1;

  for (guint k = 0; k < N_LAMBDAS; k++) {
    mean[k] = rnn_linear_fit_solve (fit, lambdas[k], w->weight, w->bias) ? measure (w, all + k * w->choose.n, room) : INFINITY;
    rnn_fit_report (w, "linear: lambda %g, error %.5f", lambdas[k], mean[k]);
    best = mean[k] < mean[best] ? k : best;
  }
  while (chosen > best && !(mean[chosen] <= HARDLY * mean[best]))
    chosen--;
  memcpy (errors, all + chosen * w->choose.n, w->choose.n * sizeof (gdouble));
  if (!rnn_linear_fit_solve (fit, lambdas[chosen], w->weight, w->bias))
    silence (w);
}

/* W and b of what is to be learnt now; 0 where they do not surely help. */
static void
regress (RnnFitWork *w)
{
  g_autofree gfloat *x = g_new (gfloat, w->config.context), *y = g_new (gfloat, w->learn.n_out);
  g_autofree gdouble *before = g_new (gdouble, w->choose.n), *after = g_new0 (gdouble, w->choose.n);

  silence (w);
  measure (w, before, y);
  for (guint round = 0; round < (w->median ? ROUNDS : 1); round++) {
    g_autoptr (RnnLinearFit) fit = rnn_linear_fit_new (w->config.context, w->learn.n_out);

    for (guint i = 0; i < w->learn.n; i++)
      add_window (w, fit, i, round ? (gfloat) (1 / sqrt (error_of (w, &w->learn, i, TRUE, y) + SOFT)) : 1, x, y);
    choose_lambda (w, fit, after);
  }
  if (rnn_fit_surely (1, w->choose.n, before, after))
    return;
  rnn_fit_report (w, "linear: left at that, since a regression does not surely better it");
  silence (w);
}

void
rnn_fit_linear (RnnFitWork *w)
{
  gsize n = (gsize) w->config.context * w->learn.n_out, n_bias = (gsize) w->learn.n_out;
  g_autofree gfloat *weight = NULL, *bias = NULL, *method = NULL;

  choose_method (w);
  if (w->choose.n < RNN_FIT_BLOCKS)     /* nothing to choose by */
    return;
  method = g_memdup2 (w->weight, n * sizeof (gfloat));
  shift_truths (w, &w->learn, -1);
  shift_truths (w, &w->choose, -1);
  regress (w);
  weight = g_memdup2 (w->weight, n * sizeof (gfloat));
  bias = g_memdup2 (w->bias, n_bias * sizeof (gfloat));
  memcpy (w->weight, method, n * sizeof (gfloat));
  memset (w->bias, 0, n_bias * sizeof (gfloat));
  shift_truths (w, &w->learn, 1);
  shift_truths (w, &w->choose, 1);
  for (gsize i = 0; i < n; i++)
    w->weight[i] += weight[i];
  memcpy (w->bias, bias, n_bias * sizeof (gfloat));
}
