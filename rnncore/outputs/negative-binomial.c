/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Negative binomial as DeepAR has it (Salinas et al. 2020): mu = softplus (raw_0), alpha = softplus (raw_1), n = 1 / alpha;
 *
 *   ln p = lnG (y + n) - lnG (y + 1) - lnG (n) - n ln (1 + alpha mu) + y ln (alpha mu / (1 + alpha mu))
 *
 * Mean mu, variance mu + alpha mu^2. */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>

#define LEAST_ALPHA 1e-6        /* Poisson by then; below, lnG (y + n) - lnG (n) has no digits left */

static gdouble
log_p (gdouble mu, gdouble alpha, gdouble y)
{
  gdouble n = 1 / alpha;

  return lgamma (y + n) - lgamma (y + 1) - lgamma (n) - (n + y) * log1p (alpha * mu) + (y > 0 ? y * log (alpha * mu) : 0);
}

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble mu = rnn_softplus (raw[0]), alpha = LEAST_ALPHA + rnn_softplus (raw[1]), n = 1 / alpha;

  if (draw) {
    gdouble d_alpha = n * n * (rnn_digamma (n) - rnn_digamma (y + n) + log1p (alpha * mu))
        - (n + y) * mu / (1 + alpha * mu) + y / alpha;

    draw[0] = -(y / mu - (n + y) * alpha / (1 + alpha * mu)) * rnn_softplus_slope (raw[0]);
    draw[1] = -d_alpha * rnn_softplus_slope (raw[1]);
  }
  return -log_p (mu, alpha, y);
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  return rnn_softplus (raw[0]);
}

/* I_(1 / (1 + alpha mu)) (n, y + 1) */
static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  gdouble mu = rnn_softplus (raw[0]), alpha = LEAST_ALPHA + rnn_softplus (raw[1]);

  return y < 0 ? 0 : rnn_incomplete_beta (1 / alpha, floor (y) + 1, 1 / (1 + alpha * mu));
}

static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble mu = rnn_softplus (raw[0]), u = (LEAST_ALPHA + rnn_softplus (raw[1])) * mu, z = rnn_normal_quantile (level);

  return rnn_head_find_count (h, raw, level, mu + z * sqrt (mu * (1 + u)) + (z * z - 1) * (1 + 2 * u) / 6);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;

  rnn_kernels ()->negative_binomial_spread (n, (gfloat) LEAST_ALPHA, y, median, scale);
  for (gint i = 0; i < n; i++)
    if (isnan (median[i]))
      median[i] = (gfloat) rnn_head_quantile (h, y, i, 0.5);
}

static const RnnHeadClass head = { .n_params = 2, .counts = TRUE, .loss = loss, .mean = mean, .cdf = cdf, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (negative_binomial, "negative-binomial", "a negative binomial distribution of each count: mean and excess",
    setup, rnn_head_options, rnn_head_keys, "NLL");
