/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Poisson: rate = softplus (raw_0); -ln p = rate - y ln rate + lnG (y + 1) */
#include "head.h"
#include <math.h>

#define EXACT 8388608.f         /* floats beyond have no fraction */

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

/* A count n is not above the median while the rate is above that of a gamma distribution of shape n, which is
 * n - 1/3 + 8 / (405 n) + 184 / (25515 n^2) (Choi 1994; .0005 off at n = 1). */
static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;

  rnn_softplus_all (n, y, scale);
  for (gint i = 0; i < n; i++) {
    gfloat rate = scale[i], shape = rate + 1 / 3.f;
    gfloat count = rate - 2 / 3.f - (8 / 405.f + 184 / 25515.f / shape) / shape, whole = (gfloat) (gint) MIN (count, EXACT);

    median[i] = count > EXACT ? count : count > 0 ? whole + (count > whole) : 0;
    scale[i] = sqrtf (rate);
  }
}

static const RnnHeadClass head = { .n_params = 1, .counts = TRUE, .loss = loss, .mean = mean, .cdf = cdf, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (poisson, "poisson", "a Poisson distribution of each count", setup, rnn_head_options, rnn_head_keys, "NLL");
