/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mixture of K Gaussians (Bishop 1994): logits raw_0 ... raw_(K-1), means raw_K ..., deviations softplus (raw_2K ...);
 *
 *   -ln p = -ln sum_k softmax (logits)_k N (y; mu_k, sigma_k) */
#include "head.h"
#include "pooling.h"
#include "../kernels/kernels.h"
#include <float.h>
#include <math.h>

#define ROUNDS 200              /* to a quantile, at most */

static const RnnOption options[] = {
  { "components", RNN_OPTION_INT, G_STRUCT_OFFSET (RnnHead, components), 1, RNN_SPREAD_COMPONENTS, 3, NULL,
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

/* Between the quantiles of the components: Newton's steps, or half of what is left where one leads out of it. */
static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble z = rnn_normal_quantile (level), low = INFINITY, high = -INFINITY, x;

  for (gint k = 0; k < h->components; k++) {
    gdouble own = raw[h->components + k] + z * rnn_softplus (raw[2 * h->components + k]);

    low = MIN (low, own);
    high = MAX (high, own);
  }
  x = (low + high) / 2;
  for (guint i = 0; i < ROUNDS && high - low > DBL_EPSILON * (fabs (low) + fabs (high)); i++) {
    gdouble missing = level - cdf (h, raw, x), next = x + missing / exp (-loss (h, raw, x, NULL));

    *(missing > 0 ? &low : &high) = x;
    if (fabs (missing) <= 1e-14 * level)
      break;
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return x;
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  rnn_kernels ()->mixture_spread (h->output.n_values, h->components, y, median, scale);
}

static const RnnHeadClass head = { .loss = loss, .mean = mean, .cdf = cdf, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  RnnHead *h = (RnnHead *) output;

  return rnn_head_setup (h, &head, 3 * h->components, object, where, error);
}

RNN_HEAD_OUTPUT (mixture, "mixture", "a mixture of Gaussians for each value", setup, options, rnn_head_keys, "NLL");
