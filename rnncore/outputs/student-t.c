/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Student's t: mu = raw_0, sigma = softplus (raw_1), nu = 2 + softplus (raw_2), as GluonTS has it;
 *
 *   -ln p = lnG (nu / 2) - lnG ((nu + 1) / 2) + ln (nu pi) / 2 + ln sigma + (nu + 1) / 2 ln (1 + z^2 / nu) */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble sigma = rnn_softplus (raw[1]), nu = 2 + rnn_softplus (raw[2]), z = (y - raw[0]) / sigma, q = 1 + z * z / nu;

  if (draw) {
    gdouble dz = (nu + 1) * z / (nu * q);

    draw[0] = -dz / sigma;
    draw[1] = (1 - dz * z) / sigma * rnn_softplus_slope (raw[1]);
    draw[2] = (rnn_digamma (nu / 2) - rnn_digamma ((nu + 1) / 2) + 1 / nu + log (q) - (nu + 1) * z * z / (nu * nu * q)) / 2
        * rnn_softplus_slope (raw[2]);
  }
  return lgamma (nu / 2) - lgamma ((nu + 1) / 2) + log (nu * G_PI) / 2 + log (sigma) + (nu + 1) / 2 * log (q);
}

static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  return raw[0];
}

static gdouble
cdf (const RnnHead *h, const gdouble *raw, gdouble y)
{
  return rnn_student_cdf (2 + rnn_softplus (raw[2]), (y - raw[0]) / rnn_softplus (raw[1]));
}

static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  return raw[0] + rnn_softplus (raw[1]) * rnn_student_quantile (2 + rnn_softplus (raw[2]), level);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;

  memcpy (median, y, n * sizeof (gfloat));
  rnn_kernels ()->student_scale (n, y + n, y + 2 * (gsize) n, scale);
}

static const RnnHeadClass head = { .n_params = 3, .loss = loss, .mean = mean, .cdf = cdf, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  return rnn_head_setup ((RnnHead *) output, &head, head.n_params, object, where, error);
}

RNN_HEAD_OUTPUT (student_t, "student-t", "Student's t distribution of each value: heavy tails", setup, rnn_head_options,
    rnn_head_keys, "NLL");
