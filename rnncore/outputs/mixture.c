/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mixture of K Gaussians (Bishop 1994): logits raw_0 ... raw_(K-1), means raw_K ..., deviations softplus (raw_2K ...);
 *
 *   -ln p = -ln sum_k softmax (logits)_k N (y; mu_k, sigma_k) */
#include "head.h"
#include "pooling.h"
#include <float.h>
#include <math.h>

#define STEPS 60                /* to the median, at most: halves alone would need as many */

static const RnnOption options[] = {
  { "components", RNN_OPTION_INT, G_STRUCT_OFFSET (RnnHead, components), 1, RNN_HEAD_MAX_PARAMS / 3, 3, NULL,
      "Gaussians of the mixture" },
  { "pooling", RNN_OPTION_ENUM, G_STRUCT_OFFSET (RnnHead, output.pooling), 0, 255, RNN_POOLING_NONE, rnn_pooling_names,
      "one answer for all steps: the last one, their mean, or the largest of each number" },
  { NULL }
};

/* Weights of the components, from their logits */
static void
weigh (const RnnHead *h, const gdouble *raw, gdouble *weights)
{
  gdouble max = raw[0], sum = 0;

  for (gint k = 1; k < h->components; k++)
    max = MAX (max, raw[k]);
  for (gint k = 0; k < h->components; k++)
    sum += weights[k] = exp (raw[k] - max);
  for (gint k = 0; k < h->components; k++)
    weights[k] /= sum;
}

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble weights[RNN_HEAD_MAX_PARAMS], logs[RNN_HEAD_MAX_PARAMS], max = -INFINITY, sum = 0;
  gint K = h->components;

  weigh (h, raw, weights);
  for (gint k = 0; k < K; k++) {
    gdouble sigma = rnn_softplus (raw[2 * K + k]), z = (y - raw[K + k]) / sigma;

    logs[k] = log (weights[k]) - log (2 * G_PI) / 2 - log (sigma) - z * z / 2;
    max = MAX (max, logs[k]);
  }
  for (gint k = 0; k < K; k++)
    sum += exp (logs[k] - max);
  for (gint k = 0; draw && k < K; k++) {
    gdouble share = exp (logs[k] - max) / sum, sigma = rnn_softplus (raw[2 * K + k]), z = (y - raw[K + k]) / sigma;

    draw[k] = weights[k] - share;
    draw[K + k] = -share * z / sigma;
    draw[2 * K + k] = share * (1 - z * z) / sigma * rnn_softplus_slope (raw[2 * K + k]);
  }
  return -max - log (sum);
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  gdouble weights[RNN_HEAD_MAX_PARAMS], sum = 0;

  weigh (h, raw, weights);
  for (gint k = 0; k < h->components; k++)
    sum += weights[k] * raw[h->components + k];
  return sum;
}

static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  gdouble weights[RNN_HEAD_MAX_PARAMS], sum = 0;
  gint K = h->components;

  weigh (h, raw, weights);
  for (gint k = 0; k < K; k++)
    sum += weights[k] * rnn_normal_cdf ((y - raw[K + k]) / rnn_softplus (raw[2 * K + k]));
  return sum;
}

/* The median is between the least and the largest mean: Newton's steps, or half of what is left where one leads out of it. */
static gdouble
find_median (gint K, const gdouble *weights, const gdouble *means, const gdouble *deviations, gdouble at)
{
  gdouble low = means[0], high = means[0];

  for (gint k = 1; k < K; k++) {
    low = MIN (low, means[k]);
    high = MAX (high, means[k]);
  }
  for (guint i = 0; i < STEPS && high - low > DBL_EPSILON * (fabs (low) + fabs (high)); i++) {
    gdouble below = -0.5, density = DBL_MIN, step;

    for (gint k = 0; k < K; k++) {
      gdouble z = (at - means[k]) / deviations[k];

      below += weights[k] * rnn_normal_cdf (z);
      density += weights[k] * exp (-z * z / 2) / (deviations[k] * sqrt (2 * G_PI));
    }
    *(below < 0 ? &low : &high) = at;
    step = below / density;
    at = at - step > low && at - step < high ? at - step : (low + high) / 2;
    if (fabs (step) < FLT_EPSILON / 16 * (fabs (at) + deviations[0]))
      break;
  }
  return CLAMP (at, low, high);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values, K = h->components;
  gdouble raw[RNN_HEAD_MAX_PARAMS], weights[RNN_HEAD_MAX_PARAMS];

  for (gint i = 0; i < n; i++) {
    gdouble middle, variance = 0, *means = raw + K, *deviations = raw + 2 * K;

    for (gint p = 0; p < 3 * K; p++)
      raw[p] = p < 2 * K ? y[(gsize) p * n + i] : rnn_softplus (y[(gsize) p * n + i]);
    weigh (h, raw, weights);
    middle = mean (h, raw);
    for (gint k = 0; k < K; k++)
      variance += weights[k] * (deviations[k] * deviations[k] + (means[k] - middle) * (means[k] - middle));
    median[i] = (gfloat) find_median (K, weights, means, deviations, middle);
    scale[i] = (gfloat) sqrt (variance);
  }
}

static const RnnHeadClass head = { .loss = loss, .mean = mean, .cdf = cdf, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  RnnHead *h = (RnnHead *) output;

  return rnn_head_setup (h, &head, 3 * h->components, object, where, error);
}

RNN_HEAD_OUTPUT (mixture, "mixture", "a mixture of Gaussians for each value", setup, options, rnn_head_keys, "NLL");
