/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gaussian: mu = raw_0, sigma = softplus (raw_1);
 *
 *   -ln p = ln (2 pi) / 2 + ln sigma + z^2 / 2,  z = (y - mu) / sigma */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define AWAY 0.99981509f        /* deviations from the mean to the quantile at 1 - RNN_HEAD_BELOW */

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble sigma = rnn_softplus (raw[1]), z = (y - raw[0]) / sigma;

  if (draw) {
    draw[0] = -z / sigma;
    draw[1] = (1 - z * z) / sigma * rnn_softplus_slope (raw[1]);
  }
  return log (2 * G_PI) / 2 + log (sigma) + z * z / 2;
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  return raw[0];
}

static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  return rnn_normal_cdf ((y - raw[0]) / rnn_softplus (raw[1]));
}

static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  return raw[0] + rnn_softplus (raw[1]) * rnn_normal_quantile (level);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;

  memcpy (median, y, n * sizeof (gfloat));
  rnn_kernels ()->softplus (n, y + n, scale);
  rnn_kernels ()->scale (n, AWAY, scale);
}

static const RnnHeadClass head = { .n_params = 2, .loss = loss, .mean = mean, .cdf = cdf, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (gaussian, "gaussian", "a normal distribution of each value: mean and deviation", setup, rnn_head_options,
    rnn_head_keys, "NLL");
