/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Laplace: mu = raw_0, b = softplus (raw_1); -ln p = ln (2 b) + |y - mu| / b */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble b = rnn_softplus (raw[1]), e = y - raw[0];

  if (draw) {
    draw[0] = e == 0 ? 0 : e > 0 ? -1 / b : 1 / b;
    draw[1] = (1 - fabs (e) / b) / b * rnn_softplus_slope (raw[1]);
  }
  return log (2 * b) + fabs (e) / b;
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  return raw[0];
}

static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble b = rnn_softplus (raw[1]);

  return level < 0.5 ? raw[0] + b * log (2 * level) : raw[0] - b * log (2 - 2 * level);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;

  memcpy (median, y, n * sizeof (gfloat));
  rnn_kernels ()->softplus (n, y + n, scale);
  rnn_kernels ()->scale (n, (gfloat) -log (2 * RNN_HEAD_BELOW), scale);
}

static const RnnHeadClass head = { .n_params = 2, .loss = loss, .mean = mean, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (laplace, "laplace", "a Laplace distribution of each value: median and mean deviation", setup,
    rnn_head_options, rnn_head_keys, "NLL");
