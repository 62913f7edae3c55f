/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Poisson: rate = softplus (raw_0); -ln p = rate - y ln rate + lnG (y + 1) */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>

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

static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  gdouble rate = rnn_softplus (raw[0]), sum = 0;

  if (rate > 1e4)               /* a Gaussian by then */
    return rnn_normal_cdf ((floor (y) + 0.5 - rate) / sqrt (rate));
  for (gdouble k = 0; k <= y && k < rate + 40 * sqrt (rate) + 40; k++)
    sum += exp (k * log (rate) - rate - lgamma (k + 1));
  return MIN (sum, 1);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  rnn_kernels ()->poisson_spread (h->output.n_values, y, median, scale);
}

static const RnnHeadClass head = { .n_params = 1, .counts = TRUE, .loss = loss, .mean = mean, .cdf = cdf, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (poisson, "poisson", "a Poisson distribution of each count", setup, rnn_head_options, rnn_head_keys, "NLL");
