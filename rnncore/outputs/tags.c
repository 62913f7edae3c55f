/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any of n tags, each for itself.  Loss: the mean over steps of the sum over tags of -log of the probability that
 * sigmoid (y) gives to the target, 0 or 1 or between; metric: the same over the steps of all examples. */
#include "marks.h"
#include "pooling.h"
#include "../kernels/kernels.h"
#include <math.h>

static const RnnOption options[] = {
  RNN_OPT_POOLING,
  RNN_OPT_MARKS,
  { NULL }
};

static const gchar *const keys[] = { "labels", NULL };

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  if (!rnn_output_read_names (output, object, "labels", where, error))
    return FALSE;
  output->n_values = output->n;
  return TRUE;
}

static gboolean
accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  if (!labels->values || labels->n_values != output->n)
    return rnn_output_refuse (reason, "its targets are not as many as the model's outputs");
  for (guint t = 0; t < labels->n_rows; t++)
    for (gint i = 0; i < output->n; i++) {
      gfloat target = labels->values[t * labels->ld + i];

      if (target < 0 || target > 1)
        return rnn_output_refuse (reason, "a target is not between 0 and 1");
    }
  return TRUE;
}

/* e^-|y| and log (1 + e^-|y|) of a row */
static gsize
scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  return 2 * (gsize) output->n;
}

/* Steps of which any tag is known */
static gsize
count_steps (const RnnOutput *output, const RnnAnswer *a)
{
  gsize count = 0;

  for (gint t = 0; t < a->steps; t++)
    count += rnn_labels_count (output->n, rnn_labels_row (&a->labels, t)) > 0;
  return count;
}

/* The sum of log (1 + e^y) - target y over a row; dy (or NULL) += scale (sigmoid (y) - target).  e: 2 n floats. */
static gdouble
row_loss (gint n, const gfloat *y, const gfloat *target, gfloat scale, gfloat *dy, gfloat *e)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat *log_1e = e + n;
  gdouble sum = 0;

  for (gint i = 0; i < n; i++)
    e[i] = -fabsf (y[i]);
  k->exp (n, e, e);
  for (gint i = 0; i < n; i++)
    log_1e[i] = 1 + e[i];
  k->log (n, log_1e, log_1e);
  for (gint i = 0; i < n; i++)
    sum += isnan (target[i]) ? 0 : MAX (y[i], 0) + log_1e[i] - target[i] * y[i];
  for (gint i = 0; dy && i < n; i++)
    dy[i] += isnan (target[i]) ? 0 : scale * ((y[i] < 0 ? e[i] : 1) / (1 + e[i]) - target[i]);
  return sum;
}

static gdouble
sum_rows (const RnnOutput *output, const RnnAnswer *a, gfloat scale, gfloat *dy)
{
  gdouble sum = 0;

  for (gint t = 0; t < a->steps; t++)
    sum += row_loss (output->n, a->y + t * a->ld, rnn_labels_row (&a->labels, t), scale, dy ? dy + t * a->ld : NULL,
        a->scratch);
  return sum;
}

static gfloat
loss (const RnnOutput *output, const RnnAnswer *a)
{
  gsize count = count_steps (output, a);

  return count ? (gfloat) (sum_rows (output, a, a->scale / count, a->dy) / count) : INFINITY;
}

static void
measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  m->errors += sum_rows (output, a, 0, NULL);
  m->total += count_steps (output, a);
}

const RnnOutputClass rnn_output_tags = {
  .name = "tags",
  .summary = "scores of tags, of which any may be right (binary cross-entropy)",
  .instance_size = sizeof (RnnOutput),
  .options = options,
  .keys = keys,
  .label = RNN_LABEL_VALUES,
  .metric = { "cross-entropy" },
  .caps = "logits",
  .unlearnt = "without a single known tag",
  .setup = setup,
  .accepts = accepts,
  .scratch = scratch,
  .loss = loss,
  .measure = measure,
};
