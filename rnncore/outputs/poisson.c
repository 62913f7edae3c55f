/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Poisson: rate = softplus (raw_0); -ln p = rate - y ln rate + lnG (y + 1) */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>

#define LARGE 1e6               /* rate */

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble rate = rnn_softplus (raw[0]);

  if (draw)
    draw[0] = (1 - y / rate) * rnn_softplus_slope (raw[0]);
  return rate - y * log (rate) + lgamma (y + 1);
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  return rnn_softplus (raw[0]);
}

/* P (y) = Q (y + 1, rate); of a large rate, a Gaussian and Edgeworth's next term */
static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  gdouble rate = rnn_softplus (raw[0]), k = floor (y), z = (k + 0.5 - rate) / sqrt (rate);

  if (k < 0)
    return 0;
  return rate < LARGE ? rnn_upper_gamma (k + 1, rate)
      : rnn_normal_cdf (z) - (z * z - 1) * exp (-z * z / 2) / (6 * sqrt (2 * G_PI * rate));
}

static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble rate = rnn_softplus (raw[0]), z = rnn_normal_quantile (level);

  return rnn_head_find_count (h, raw, level, rate + z * sqrt (rate) + (z * z - 1) / 6);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  rnn_kernels ()->poisson_spread (h->output.n_values, y, median, scale);
}

static const RnnHeadClass head = { .n_params = 1, .counts = TRUE, .loss = loss, .mean = mean, .cdf = cdf, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (poisson, "poisson", "a Poisson distribution of each count", setup, rnn_head_options, rnn_head_keys, "NLL");
