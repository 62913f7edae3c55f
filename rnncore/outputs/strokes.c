/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strokes of a pen (Graves 2013, Ha & Eck 2017): a step's target is dx, dy and the probabilities p [3] of what the pen does: it goes on,
 * is lifted, or the drawing ends, where dx and dy mean nothing.  A model's numbers are, for M components, n = 3 + 6 M:
 *
 *   y = pen [3], pi [M], mu_x [M], mu_y [M], log sigma_x [M], log sigma_y [M], atanh rho [M]
 *
 * Loss: the mean over steps of -log sum_j softmax (pi)_j N (dx, dy; mu_j, sigma_j, rho_j) - sum_i p_i log softmax (pen)_i; metric: the
 * same over all examples.  With r_j the share of component j in the sum, u = (dx - mu_x) / sigma_x, v alike, C = 1 / (1 - rho^2):
 *
 *   d pi = softmax (pi) - r    d mu_x = -r C (u - rho v) / sigma_x    d log sigma_x = -r (C u (u - rho v) - 1)
 *   d atanh rho = -r (u v + rho (1 - C (u^2 + v^2 - 2 rho u v))) */
#include "strokes.h"
#include <math.h>

enum { PEN = 3, NUMBERS = 6 };
#define LEAST_REST 1e-6         /* of 1 - rho^2: tanh reaches 1 in floats */

static gint
count_components (const RnnOutput *output)
{
  return (output->n - PEN) / NUMBERS;
}

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  output->n_values = RNN_STROKE;
  if (output->n > PEN && (output->n - PEN) % NUMBERS == 0)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: strokes take %d numbers and %d for each component, not %d", where, PEN, NUMBERS,
      output->n);
  return FALSE;
}

static gboolean
accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  if (!labels->values || labels->n_values != RNN_STROKE)
    return rnn_output_refuse (reason, "its target is not dx, dy and three states of the pen");
  return TRUE;
}

/* Shares of M components. */
static gsize
scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  return (gsize) count_components (output);
}

static gdouble
log_sum_exp (gint n, const gfloat *x)
{
  gdouble most = x[0], sum = 0;

  for (gint i = 1; i < n; i++)
    most = MAX (most, x[i]);
  for (gint i = 0; i < n; i++)
    sum += exp (x[i] - most);
  return most + log (sum);
}

/* One component as numbers: y points at its pi, the others are M apart. */
typedef struct {
  gdouble sx, sy, rho, rest, u, v;      /* rest: 1 - rho^2 */
} Component;

static Component
get_component (gint M, const gfloat *y, const gfloat *target)
{
  Component c = { .sx = exp (y[3 * M]), .sy = exp (y[4 * M]), .rho = tanh (y[5 * M]) };

  c.rest = MAX (1 - c.rho * c.rho, LEAST_REST);
  c.u = (target[0] - y[M]) / c.sx;
  c.v = (target[1] - y[2 * M]) / c.sy;
  return c;
}

static gdouble
log_density (const Component *c)
{
  return -(c->u * c->u + c->v * c->v - 2 * c->rho * c->u * c->v) / (2 * c->rest) - log (2 * G_PI * c->sx * c->sy * sqrt (c->rest));
}

/* dy += scale times the gradient of component j, whose share is r. */
static void
add_gradient (gint M, const gfloat *y, const Component *c, gdouble prior, gdouble r, gdouble scale, gfloat *dy)
{
  gdouble C = 1 / c->rest, a = c->u - c->rho * c->v, b = c->v - c->rho * c->u;

  dy[0] += (gfloat) (scale * (prior - r));
  dy[M] -= (gfloat) (scale * r * C * a / c->sx);
  dy[2 * M] -= (gfloat) (scale * r * C * b / c->sy);
  dy[3 * M] -= (gfloat) (scale * r * (C * c->u * a - 1));
  dy[4 * M] -= (gfloat) (scale * r * (C * c->v * b - 1));
  dy[5 * M] -= (gfloat) (scale * r * (c->u * c->v + c->rho * (1 - C * (c->u * a + c->v * b))));
}

static gdouble
offset_loss (gint M, const gfloat *y, const gfloat *target, gdouble scale, gfloat *dy, gfloat *shares)
{
  gdouble prior = log_sum_exp (M, y), all;

  for (gint j = 0; j < M; j++) {
    Component c = get_component (M, y + j, target);

    shares[j] = (gfloat) (y[j] - prior + log_density (&c));
  }
  all = log_sum_exp (M, shares);
  for (gint j = 0; dy && j < M; j++) {
    Component c = get_component (M, y + j, target);

    add_gradient (M, y + j, &c, exp (y[j] - prior), exp (shares[j] - all), scale, dy + j);
  }
  return -all;
}

static gdouble
pen_loss (const gfloat *y, const gfloat *target, gdouble scale, gfloat *dy)
{
  gdouble all = log_sum_exp (PEN, y), sum = 0, weight = target[0] + target[1] + target[2];

  for (gint i = 0; i < PEN; i++) {
    sum -= target[i] * (y[i] - all);
    if (dy)
      dy[i] += (gfloat) (scale * (weight * exp (y[i] - all) - target[i]));
  }
  return sum;
}

static gboolean
is_known (const gfloat *target)
{
  return rnn_labels_count (RNN_STROKE, target) == RNN_STROKE;
}

static gsize
count_steps (const RnnAnswer *a)
{
  gsize count = 0;

  for (gint t = 0; t < a->steps; t++)
    count += is_known (rnn_labels_row (&a->labels, t));
  return count;
}

static gdouble
sum_steps (const RnnOutput *output, const RnnAnswer *a, gdouble scale, gfloat *dy)
{
  gdouble sum = 0;

  for (gint t = 0; t < a->steps; t++) {
    const gfloat *target = rnn_labels_row (&a->labels, t), *y = a->y + t * a->ld;
    gfloat *d = dy ? dy + t * a->ld : NULL;

    if (!is_known (target))
      continue;
    sum += pen_loss (y, target + 2, scale, d);
    if (target[4] < 1)
      sum += offset_loss (count_components (output), y + PEN, target, scale, d ? d + PEN : NULL, a->scratch);
  }
  return sum;
}

static gfloat
loss (const RnnOutput *output, const RnnAnswer *a)
{
  gsize count = count_steps (a);

  return count ? (gfloat) (sum_steps (output, a, a->scale / count, a->dy) / count) : INFINITY;
}

static void
measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  m->errors += sum_steps (output, a, 0, NULL);
  m->total += count_steps (a);
}

/* ---- drawing ---- */

/* One of n, by softmax (x / temperature). */
static gint
choose (gint n, const gfloat *x, gdouble temperature, RnnRng *rng)
{
  gdouble sum = 0, drawn;
  gint best = 0;

  for (gint i = 1; i < n; i++)
    best = x[i] > x[best] ? i : best;
  if (temperature <= 0)
    return best;
  for (gint i = 0; i < n; i++)
    sum += exp ((x[i] - x[best]) / temperature);
  drawn = rnn_rng_uniform (rng) * sum;
  for (gint i = 0; i < n; i++)
    if ((drawn -= exp ((x[i] - x[best]) / temperature)) < 0)
      return i;
  return best;
}

void
rnn_strokes_draw (const RnnOutput *output, const gfloat *y, gdouble temperature, RnnRng *rng, gfloat *stroke)
{
  gint M = count_components (output), pen = choose (PEN, y, temperature, rng), j = choose (M, y + PEN, temperature, rng);
  const gfloat *p = y + PEN + j;
  gdouble a = rnn_rng_normal (rng), b = rnn_rng_normal (rng), rho = tanh (p[5 * M]), spread = sqrt (temperature);

  stroke[0] = (gfloat) (p[M] + spread * exp (p[3 * M]) * a);
  stroke[1] = (gfloat) (p[2 * M] + spread * exp (p[4 * M]) * (rho * a + sqrt (1 - rho * rho) * b));
  for (gint i = 0; i < PEN; i++)
    stroke[2 + i] = i == pen;
}

const RnnOutputClass rnn_output_strokes = {
  .name = "strokes",
  .summary = "strokes of a pen: a mixture of Gaussians, and what the pen does",
  .instance_size = sizeof (RnnOutput),
  .label = RNN_LABEL_VALUES,
  .metric = { "NLL" },
  .unlearnt = "without a single known stroke",
  .setup = setup,
  .accepts = accepts,
  .scratch = scratch,
  .loss = loss,
  .measure = measure,
};
