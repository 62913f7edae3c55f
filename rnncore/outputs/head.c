/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What distributions have in common: values side by side, means over what is known, quantiles by bisection. */
#include "head.h"
#include "pooling.h"
#include <float.h>
#include <math.h>

#define TERMS 20000             /* of a fraction: some roots of its larger parameter */

const RnnOption rnn_head_options[] = {
  RNN_OPT_POOLING,
  { NULL }
};

const gchar *const rnn_head_keys[] = { "values", NULL };

gboolean
rnn_head_setup (RnnHead *h, const RnnHeadClass *klass, gint n_params, const json_t *object, const gchar *where,
    GError **error)
{
  const json_t *values = json_object_get (object, "values");
  json_int_t given = json_integer_value (values);
  RnnOutput *o = &h->output;

  h->head = klass;
  h->n_params = n_params;
  if (values && (given < 1 || given > 1 << 20)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"values\" must be 1 to 1048576", where);
    return FALSE;
  }
  if (!o->n)
    o->n = (gint) given * n_params;
  if (o->n % n_params || (values && o->n != given * n_params)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers give %d values, but '%s' has %d parameters for each of "
        "its values", where, o->n, o->klass->name, n_params);
    return FALSE;
  }
  o->n_values = o->n / n_params;
  return TRUE;
}

const RnnHead *
rnn_head_from_output (const RnnOutput *output)
{
  return output->klass->loss == rnn_head_loss ? (const RnnHead *) output : NULL;
}

gboolean
rnn_head_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  const RnnHead *h = (const RnnHead *) output;

  if (!labels->values || labels->n_values != output->n_values)
    return rnn_output_refuse (reason, "its targets are not as many as the values of the model's output");
  for (gint t = 0; h->head->counts && t < (gint) labels->n_rows; t++) {
    const gfloat *row = rnn_labels_row (labels, t);

    for (gint i = 0; i < output->n_values; i++)
      if (row[i] < 0 || (!isnan (row[i]) && row[i] != floorf (row[i])))
        return rnn_output_refuse (reason, "a target is no count");
  }
  return TRUE;
}

static void
gather (const RnnHead *h, const gfloat *y, gint i, gdouble *raw)
{
  for (gint p = 0; p < h->n_params; p++)
    raw[p] = y[(gsize) p * h->output.n_values + i];
}

static gdouble
add_up (const RnnHead *h, const RnnAnswer *a, gdouble scale, gsize *count)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS], draw[RNN_HEAD_MAX_PARAMS], sum = 0;
  gint n = h->output.n_values;

  *count = 0;
  for (gint t = 0; t < a->steps; t++) {
    const gfloat *row = rnn_labels_row (&a->labels, t);
    gfloat *dy = a->dy && scale != 0 ? a->dy + t * a->ld : NULL;

    for (gint i = 0; i < n; i++) {
      if (isnan (row[i]))
        continue;
      gather (h, a->y + t * a->ld, i, raw);
      sum += h->head->loss (h, raw, row[i], dy ? draw : NULL);
      ++*count;
      for (gint p = 0; dy && p < h->n_params; p++)
        dy[(gsize) p * n + i] = (gfloat) (scale * draw[p]);
    }
  }
  return sum;
}

static gsize
count_known (const RnnHead *h, const RnnAnswer *a)
{
  gsize count = 0;

  for (gint t = 0; t < a->steps; t++)
    for (gint i = 0; i < h->output.n_values; i++)
      count += !isnan (rnn_labels_row (&a->labels, t)[i]);
  return count;
}

gfloat
rnn_head_loss (const RnnOutput *output, const RnnAnswer *a)
{
  const RnnHead *h = (const RnnHead *) output;
  gsize count = count_known (h, a);

  return count ? (gfloat) (add_up (h, a, a->scale / count, &count) / count) : INFINITY;
}

void
rnn_head_measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  gsize count;

  m->errors += add_up ((const RnnHead *) output, a, 0, &count);
  m->total += count;
}

/* ---- forecasts ---- */

gdouble
rnn_head_mean (const RnnHead *h, const gfloat *y, gint i)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS];

  gather (h, y, i, raw);
  return h->head->mean (h, raw);
}

/* The least value whose cdf is at least @level. */
static gdouble
bisect (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble low = h->head->counts ? -1 : -1 + h->head->mean (h, raw), high = MAX (low, 0) + 1, step = 1;

  while (!h->head->counts && h->head->cdf (h, raw, low) >= level && step < FLT_MAX)
    low -= step *= 2;
  for (step = 1; h->head->cdf (h, raw, high) < level && step < FLT_MAX;)
    high += step *= 2;
  for (guint i = 0; i < 80 && (!h->head->counts || high - low > 1); i++) {
    gdouble middle = h->head->counts ? floor ((low + high) / 2) : (low + high) / 2;

    if (h->head->cdf (h, raw, middle) < level)
      low = middle;
    else
      high = middle;
  }
  return high;
}

gdouble
rnn_head_quantile (const RnnHead *h, const gfloat *y, gint i, gdouble level)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS];

  gather (h, y, i, raw);
  return h->head->quantile ? h->head->quantile (h, raw, level) : bisect (h, raw, level);
}

void
rnn_head_spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  if (h->head->spread) {
    h->head->spread (h, y, median, scale);
    return;
  }
  for (gint i = 0; i < h->output.n_values; i++) {
    median[i] = (gfloat) rnn_head_quantile (h, y, i, 0.5);
    scale[i] = (gfloat) (rnn_head_quantile (h, y, i, 1 - RNN_HEAD_BELOW) - rnn_head_quantile (h, y, i, RNN_HEAD_BELOW)) / 2;
  }
}

gdouble
rnn_head_sample (const RnnHead *h, const gfloat *y, gint i, RnnRng *rng)
{
  return rnn_head_quantile (h, y, i, (rnn_rng_u32 (rng) + 0.5) / 4294967296.0);
}

/* ---- functions ---- */

gdouble
rnn_softplus (gdouble x)
{
  return MAX (x, 0) + log1p (exp (-fabs (x))) + DBL_MIN;
}

gdouble
rnn_softplus_slope (gdouble x)
{
  return x >= 0 ? 1 / (1 + exp (-x)) : exp (x) / (1 + exp (x));
}

/* Upwards to where the asymptotic series holds */
gdouble
rnn_digamma (gdouble x)
{
  gdouble sum = 0, r;

  for (; x < 10; x++)
    sum -= 1 / x;
  r = 1 / (x * x);
  return sum + log (x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

gdouble
rnn_normal_cdf (gdouble z)
{
  return erfc (-z / G_SQRT2) / 2;
}

/* The continued fraction of Press et al., by Lentz's method; it converges fast below the mean. */
static gdouble
beta_fraction (gdouble a, gdouble b, gdouble x)
{
  gdouble c = 1, d = 1 - (a + b) * x / (a + 1), f;

  d = 1 / (fabs (d) < DBL_MIN ? DBL_MIN : d);
  f = d;
  for (gint m = 1; m < TERMS; m++) {
    gdouble even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    gdouble odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), last;

    d = 1 / (1 + even * d);
    c = 1 + even / c;
    f *= d * c;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    last = d * c;
    f *= last;
    if (fabs (last - 1) < 1e-14)
      break;
  }
  return f;
}

gdouble
rnn_incomplete_beta (gdouble a, gdouble b, gdouble x)
{
  gdouble front;

  if (x <= 0 || x >= 1)
    return x <= 0 ? 0 : 1;
  front = exp (lgamma (a + b) - lgamma (a) - lgamma (b) + a * log (x) + b * log1p (-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction (a, b, x) / a : 1 - front * beta_fraction (b, a, 1 - x) / b;
}
