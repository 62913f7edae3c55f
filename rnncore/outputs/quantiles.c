/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quantiles that do not cross: {"kind": "quantiles", "levels": [0.1, 0.5, 0.9]},
 *
 *   q_0 = raw_0,  q_k = q_(k-1) + softplus (raw_k)
 *
 * Loss: twice the mean pinball over the levels, which goes to the CRPS as they get dense. */
#include "head.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define BLOCK 64                /* values at once */

static const gchar *const keys[] = { "values", "levels", NULL };

static gdouble
loss (const RnnHead *h, const gdouble *raw, gdouble y, gdouble *draw)
{
  gdouble q = 0, sum = 0, slopes[RNN_HEAD_MAX_PARAMS], later = 0, scale = 2.0 / h->n_levels;

  for (gint k = 0; k < h->n_levels; k++) {
    q += k ? rnn_softplus (raw[k]) : raw[0];
    sum += scale * (y > q ? h->levels[k] * (y - q) : (1 - h->levels[k]) * (q - y));
    slopes[k] = y == q ? 0 : y > q ? -h->levels[k] : 1 - h->levels[k];
  }
  for (gint k = h->n_levels - 1; draw && k >= 0; k--) {
    later += scale * slopes[k];
    draw[k] = later * (k ? rnn_softplus_slope (raw[k]) : 1);
  }
  return sum;
}

/* Linear between the levels, and as steep beyond the outer ones. */
static gdouble
quantile (const RnnHead *h, const gdouble *raw, gdouble level)
{
  gdouble low = raw[0], high = raw[0];
  gint k = 0;

  while (k + 1 < h->n_levels) {
    low = high;
    high += rnn_softplus (raw[++k]);
    if (level <= h->levels[k])
      break;
  }
  return k == 0 ? low : low + (high - low) * (level - h->levels[k - 1]) / (h->levels[k] - h->levels[k - 1]);
}

/* The mean of the quantile function, as far as it is known: the trapezium rule. */
static gdouble
mean (const RnnHead *h, const gdouble *raw)
{
  gdouble q = raw[0], sum = q * (h->n_levels > 1 ? (h->levels[0] + h->levels[1]) / 2 : 1);

  for (gint k = 1; k < h->n_levels; k++) {
    gdouble left = (h->levels[k - 1] + h->levels[k]) / 2;

    q += rnn_softplus (raw[k]);
    sum += q * ((k + 1 < h->n_levels ? (h->levels[k] + h->levels[k + 1]) / 2 : 1) - left);
  }
  return sum;
}

/* How much of distance @j the quantile at @level lies above the first one */
static gdouble
get_part (const RnnHead *h, gint j, gdouble level)
{
  gint k = 1;

  while (k + 1 < h->n_levels && level > h->levels[k])
    k++;
  return j < k ? 1 : j > k ? 0 : (level - h->levels[k - 1]) / (h->levels[k] - h->levels[k - 1]);
}

static void
spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  gint n = h->output.n_values;
  gfloat distance[BLOCK];

  memcpy (median, y, n * sizeof (gfloat));
  memset (scale, 0, n * sizeof (gfloat));
  for (gint j = 1; j < h->n_levels; j++) {
    gdouble wide = get_part (h, j, 1 - RNN_HEAD_BELOW) - get_part (h, j, RNN_HEAD_BELOW);

    for (gint from = 0; from < n; from += BLOCK) {
      gint m = MIN (BLOCK, n - from);

      rnn_kernels ()->softplus (m, y + (gsize) j * n + from, distance);
      rnn_kernels ()->axpy (m, (gfloat) get_part (h, j, 0.5), distance, median + from);
      rnn_kernels ()->axpy (m, (gfloat) wide / 2, distance, scale + from);
    }
  }
}

static const RnnHeadClass head = { .loss = loss, .mean = mean, .quantile = quantile, .spread = spread };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  RnnHead *h = (RnnHead *) output;
  const json_t *levels = json_object_get (object, "levels");
  gboolean rising = TRUE;

  h->n_levels = (gint) MIN (json_array_size (levels), RNN_HEAD_MAX_PARAMS + 1);
  for (gint k = 0; k < MIN (h->n_levels, RNN_HEAD_MAX_PARAMS); k++) {
    h->levels[k] = (gfloat) json_number_value (json_array_get (levels, (gsize) k));
    rising &= h->levels[k] > (k ? h->levels[k - 1] : 0) && h->levels[k] < 1;
  }
  if (h->n_levels >= 1 && h->n_levels <= RNN_HEAD_MAX_PARAMS && rising)
    return rnn_head_setup (h, &head, h->n_levels, object, where, error);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"levels\" must be 1 to %d rising numbers between 0 and 1", where,
      RNN_HEAD_MAX_PARAMS);
  return FALSE;
}

RNN_HEAD_OUTPUT (quantiles, "quantiles", "quantiles of each value, which do not cross", setup, rnn_head_options, keys,
    "quantile loss");
