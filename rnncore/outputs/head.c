/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What distributions have in common: values side by side, means over what is known, quantiles of counts. */
#include "head.h"
#include "pooling.h"
#include <math.h>

#define ROUNDS 200              /* to a count, at most: halves alone need as many as a double has digits */

const RnnOption rnn_head_options[] = {
  RNN_OPT_POOLING,
  { NULL }
};

const gchar *const rnn_head_keys[] = { "values", NULL };

gboolean
rnn_head_setup (RnnHead *h, const RnnHeadClass *klass, gint n_params, const json_t *object, const gchar *where,
    GError **error)
{
  const json_t *values = json_object_get (object, "values");
  json_int_t given = json_integer_value (values);
  RnnOutput *o = &h->output;

  h->head = klass;
  h->n_params = n_params;
  if (values && (given < 1 || given > 1 << 20)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"values\" must be 1 to 1048576", where);
    return FALSE;
  }
  if (!o->n)
    o->n = (gint) given * n_params;
  if (o->n % n_params || (values && o->n != given * n_params)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers give %d values, but '%s' has %d parameters for each of "
        "its values", where, o->n, o->klass->name, n_params);
    return FALSE;
  }
  o->n_values = o->n / n_params;
  return TRUE;
}

const RnnHead *
rnn_head_from_output (const RnnOutput *output)
{
  return output->klass->loss == rnn_head_loss ? (const RnnHead *) output : NULL;
}

gboolean
rnn_head_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  const RnnHead *h = (const RnnHead *) output;

  if (!labels->values || labels->n_values != output->n_values)
    return rnn_output_refuse (reason, "its targets are not as many as the values of the model's output");
  for (gint t = 0; h->head->counts && t < (gint) labels->n_rows; t++) {
    const gfloat *row = rnn_labels_row (labels, t);

    for (gint i = 0; i < output->n_values; i++)
      if (row[i] < 0 || (!isnan (row[i]) && row[i] != floorf (row[i])))
        return rnn_output_refuse (reason, "a target is no count");
  }
  return TRUE;
}

static void
gather (const RnnHead *h, const gfloat *y, gint i, gdouble *raw)
{
  for (gint p = 0; p < h->n_params; p++)
    raw[p] = y[(gsize) p * h->output.n_values + i];
}

static gdouble
add_up (const RnnHead *h, const RnnAnswer *a, gdouble scale, gsize *count)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS], draw[RNN_HEAD_MAX_PARAMS], sum = 0;
  gint n = h->output.n_values;

  *count = 0;
  for (gint t = 0; t < a->steps; t++) {
    const gfloat *row = rnn_labels_row (&a->labels, t);
    gfloat *dy = a->dy && scale != 0 ? a->dy + t * a->ld : NULL;

    for (gint i = 0; i < n; i++) {
      if (isnan (row[i]))
        continue;
      gather (h, a->y + t * a->ld, i, raw);
      sum += h->head->loss (h, raw, row[i], dy ? draw : NULL);
      ++*count;
      for (gint p = 0; dy && p < h->n_params; p++)
        dy[(gsize) p * n + i] = (gfloat) (scale * draw[p]);
    }
  }
  return sum;
}

static gsize
count_known (const RnnHead *h, const RnnAnswer *a)
{
  gsize count = 0;

  for (gint t = 0; t < a->steps; t++)
    for (gint i = 0; i < h->output.n_values; i++)
      count += !isnan (rnn_labels_row (&a->labels, t)[i]);
  return count;
}

gfloat
rnn_head_loss (const RnnOutput *output, const RnnAnswer *a)
{
  const RnnHead *h = (const RnnHead *) output;
  gsize count = count_known (h, a);

  return count ? (gfloat) (add_up (h, a, a->scale / count, &count) / count) : INFINITY;
}

void
rnn_head_measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  gsize count;

  m->errors += add_up ((const RnnHead *) output, a, 0, &count);
  m->total += count;
}

/* ---- forecasts ---- */

gdouble
rnn_head_mean (const RnnHead *h, const gfloat *y, gint i)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS];

  gather (h, y, i, raw);
  return h->head->mean (h, raw);
}

gdouble
rnn_head_find_count (const RnnHead *h, const gdouble *raw, gdouble level, gdouble start)
{
  gdouble low = -1, high = INFINITY, k = start > 0 ? floor (start) : 0;

  for (guint i = 0; i < ROUNDS && high - low > 1; i++) {
    gdouble missing = level - h->head->cdf (h, raw, k), step = ceil (missing / exp (-h->head->loss (h, raw, k, NULL)));

    *(missing > 0 ? &low : &high) = k;
    k = missing > 0 ? k + CLAMP (step, 1, 4 * k + 16) : k + MIN (step, -1);
    if (!(k > low && k < high))
      k = floor (low + (high - low) / 2);
  }
  return high;
}

gdouble
rnn_head_quantile (const RnnHead *h, const gfloat *y, gint i, gdouble level)
{
  gdouble raw[RNN_HEAD_MAX_PARAMS];

  gather (h, y, i, raw);
  return h->head->quantile (h, raw, level);
}

void
rnn_head_spread (const RnnHead *h, const gfloat *y, gfloat *median, gfloat *scale)
{
  h->head->spread (h, y, median, scale);
}

gdouble
rnn_head_sample (const RnnHead *h, const gfloat *y, gint i, RnnRng *rng)
{
  return rnn_head_quantile (h, y, i, (rnn_rng_u32 (rng) + 0.5) / 4294967296.0);
}
