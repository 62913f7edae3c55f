/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of n classes.  Loss: the mean over steps of -log softmax (y)[class]; metric: the rate of wrong classes. */
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
  output->n_values = 1;
  return rnn_output_read_names (output, object, "labels", where, error);
}

static gboolean
accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  if (!labels->values || labels->n_values != 1)
    return rnn_output_refuse (reason, "its target is not one class number per frame");
  for (guint t = 0; t < labels->n_rows; t++) {
    gfloat target = labels->values[t * labels->ld];

    if (!isnan (target) && (target < 0 || target >= output->n || target != floorf (target)))
      return rnn_output_refuse (reason, "a target is not the number of one of the model's classes");
  }
  return TRUE;
}

static gsize
scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  return output->n;
}

/* dy += scale (softmax (y) - the target); returns -log of the target's probability.  p: n floats. */
static gfloat
step_loss (gint n, const gfloat *y, gint target, gfloat scale, gfloat *dy, gfloat *p)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat max = k->max (n, y), sum;

  for (gint i = 0; i < n; i++)
    p[i] = y[i] - max;
  k->exp (n, p, p);
  sum = k->sum (n, p);
  if (dy) {
    k->axpy (n, scale / sum, p, dy);
    dy[target] -= scale;
  }
  return logf (sum) - (y[target] - max);
}

static gfloat
loss (const RnnOutput *output, const RnnAnswer *a)
{
  gdouble sum = 0;
  gint count = 0;

  for (gint t = 0; t < a->steps; t++)
    count += !isnan (*rnn_labels_row (&a->labels, t));
  if (count == 0)
    return INFINITY;
  for (gint t = 0; t < a->steps; t++) {
    gfloat target = *rnn_labels_row (&a->labels, t), *dy = a->dy ? a->dy + t * a->ld : NULL;

    if (!isnan (target))
      sum += step_loss (output->n, a->y + t * a->ld, (gint) target, a->scale / count, dy, a->scratch);
  }
  return (gfloat) (sum / count);
}

static void
measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  for (gint t = 0; t < a->steps; t++) {
    const gfloat *y = a->y + t * a->ld;
    gfloat target = *rnn_labels_row (&a->labels, t);
    gint best = 0;

    if (isnan (target))
      continue;
    for (gint i = 1; i < output->n; i++)
      if (y[i] > y[best])
        best = i;
    m->errors += best != (gint) target;
    m->total++;
  }
}

const RnnOutputClass rnn_output_classes = {
  .name = "classes",
  .summary = "scores of classes, of which one is right (cross-entropy)",
  .instance_size = sizeof (RnnOutput),
  .options = options,
  .keys = keys,
  .label = RNN_LABEL_CLASS,
  .metric = { "error rate", .percent = TRUE },
  .caps = "logits",
  .unlearnt = "without a single known class",
  .setup = setup,
  .accepts = accepts,
  .scratch = scratch,
  .loss = loss,
  .measure = measure,
};
