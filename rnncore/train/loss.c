/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Losses of one example and their gradients.
 *
 * ctc            negative log-likelihood of the labels (ctc/loss.c); reported: word error rate of greedy decoding
 * mse            mean of (y - target)^2 over steps and outputs; reported: the same
 * cross-entropy  mean over steps of -log softmax (y)[class]; reported: rate of wrong classes
 * binary-cross-entropy  mean over steps of the sum over outputs of -log of the probability that sigmoid (y) gives to the
 *                target, 0 or 1 or between; reported: the same over the steps of all examples
 *
 * Step t of a series answers the newest frame it saw, t * stride + stack - 1.  A target that is NAN does not count. */
#include "loss.h"
#include "../kernels/kernels.h"
#include <math.h>

static const gfloat *
target_row (const RnnAnswer *a, gint t)
{
  gsize frame = (gsize) t * a->framing->stride + a->framing->stack - 1;

  return a->example->targets + frame * a->example->n_target;
}

static gboolean
refuse (const gchar **reason, const gchar *why)
{
  *reason = why;
  return FALSE;
}

/* ---- ctc ---- */

static gboolean
ctc_accepts (RnnModel *model, const RnnExample *example, const gchar **reason)
{
  gint blank = rnn_model_get_blank (model), n = rnn_model_get_n_out (model);

  if (!example->labels)
    return refuse (reason, "it has no labels");
  for (gint i = 0; i < example->n_labels; i++)
    if (example->labels[i] < 0 || example->labels[i] >= n || example->labels[i] == blank)
      return refuse (reason, "a label is not one of the model's tokens");
  return TRUE;
}

static gsize
ctc_scratch (const RnnAnswer *a)
{
  return rnn_ctc_loss_scratch (a->steps, a->n_out, a->example->n_labels);
}

static gfloat
ctc_loss (const RnnAnswer *a)
{
  return rnn_ctc_loss (a->y, a->ld, a->steps, a->n_out, a->example->labels, a->example->n_labels, a->blank,
      a->scale, a->dy, a->ld, a->scratch);
}

static void
ctc_measure (const RnnAnswer *a, RnnMeasure *measure)
{
  g_autofree gchar *ref = rnn_tokens_decode (measure->tokens, a->example->labels, a->example->n_labels);
  g_autoptr (GString) hyp = g_string_new (NULL);
  RnnErrorCount count = { 0 };
  const RnnCtcWord *words;
  guint n, n_stable;

  rnn_ctc_decoder_reset (measure->decoder);
  for (gint t = 0; t < a->steps; t++)
    rnn_ctc_decoder_step (measure->decoder, a->y + t * a->ld);
  rnn_ctc_decoder_finish (measure->decoder);
  words = rnn_ctc_decoder_get_words (measure->decoder, FALSE, &n, &n_stable);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (hyp, "%s%s", i ? " " : "", words[i].text);
  rnn_error_count_add (&count, ref, hyp->str, FALSE);
  measure->errors += count.substitutions + count.deletions + count.insertions;
  measure->total += count.reference;
}

/* ---- mse ---- */

static gboolean
mse_accepts (RnnModel *model, const RnnExample *example, const gchar **reason)
{
  if (!example->targets || example->n_target != rnn_model_get_n_out (model))
    return refuse (reason, "its targets are not as many as the model's outputs");
  return TRUE;
}

static gsize
no_scratch (const RnnAnswer *a)
{
  return 0;
}

static gdouble
squared_error (const RnnAnswer *a, gsize *count)
{
  gdouble sum = 0;

  *count = 0;
  for (gint t = 0; t < a->steps; t++)
    for (gint i = 0; i < a->n_out; i++) {
      gdouble e = a->y[t * a->ld + i] - target_row (a, t)[i];

      if (isnan (target_row (a, t)[i]))
        continue;
      sum += e * e;
      ++*count;
    }
  return sum;
}

static gfloat
mse_loss (const RnnAnswer *a)
{
  gsize count;
  gdouble sum = squared_error (a, &count);

  if (count == 0)
    return INFINITY;
  for (gint t = 0; a->dy && t < a->steps; t++)
    for (gint i = 0; i < a->n_out; i++)
      if (!isnan (target_row (a, t)[i]))
        a->dy[t * a->ld + i] = a->scale * 2 * (a->y[t * a->ld + i] - target_row (a, t)[i]) / count;
  return (gfloat) (sum / count);
}

static void
mse_measure (const RnnAnswer *a, RnnMeasure *measure)
{
  gsize count;

  measure->errors += squared_error (a, &count);
  measure->total += count;
}

/* ---- cross-entropy ---- */

static gboolean
entropy_accepts (RnnModel *model, const RnnExample *example, const gchar **reason)
{
  if (!example->targets || example->n_target != 1)
    return refuse (reason, "its target is not one class number per frame");
  for (guint t = 0; t < example->n_frames; t++) {
    gfloat target = example->targets[t];

    if (!isnan (target) && (target < 0 || target >= rnn_model_get_n_out (model) || target != floorf (target)))
      return refuse (reason, "a target is not the number of one of the model's classes");
  }
  return TRUE;
}

static gsize
entropy_scratch (const RnnAnswer *a)
{
  return a->n_out;
}

/* dy = scale (softmax (y) - the target); returns -log of the target's probability.  p: n_out floats. */
static gfloat
entropy_step (const RnnAnswer *a, const gfloat *y, gint target, gfloat scale, gfloat *dy, gfloat *p)
{
  const RnnKernels *k = rnn_kernels ();
  gint n = a->n_out;
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
entropy_loss (const RnnAnswer *a)
{
  gdouble sum = 0;
  gint count = 0;

  for (gint t = 0; t < a->steps; t++)
    count += !isnan (*target_row (a, t));
  if (count == 0)
    return INFINITY;
  for (gint t = 0; t < a->steps; t++) {
    gfloat target = *target_row (a, t), *dy = a->dy ? a->dy + t * a->ld : NULL;

    if (!isnan (target))
      sum += entropy_step (a, a->y + t * a->ld, (gint) target, a->scale / count, dy, a->scratch);
  }
  return (gfloat) (sum / count);
}

static void
entropy_measure (const RnnAnswer *a, RnnMeasure *measure)
{
  for (gint t = 0; t < a->steps; t++) {
    const gfloat *y = a->y + t * a->ld;
    gfloat target = *target_row (a, t);
    gint best = 0;

    if (isnan (target))
      continue;
    for (gint i = 1; i < a->n_out; i++)
      if (y[i] > y[best])
        best = i;
    measure->errors += best != (gint) target;
    measure->total++;
  }
}

/* ---- binary-cross-entropy ---- */

static gboolean
binary_accepts (RnnModel *model, const RnnExample *example, const gchar **reason)
{
  if (!mse_accepts (model, example, reason))
    return FALSE;
  for (gsize i = 0; i < (gsize) example->n_frames * example->n_target; i++)
    if (example->targets[i] < 0 || example->targets[i] > 1)
      return refuse (reason, "a target is not between 0 and 1");
  return TRUE;
}

/* e^-|y| and log (1 + e^-|y|) of a row */
static gsize
binary_scratch (const RnnAnswer *a)
{
  return 2 * (gsize) a->n_out;
}

/* Steps that have any target */
static gsize
binary_count (const RnnAnswer *a)
{
  gsize count = 0;

  for (gint t = 0; t < a->steps; t++) {
    const gfloat *target = target_row (a, t);
    gint i = 0;

    while (i < a->n_out && isnan (target[i]))
      i++;
    count += i < a->n_out;
  }
  return count;
}

/* The sum of log (1 + e^y) - target y over a row; dy (or NULL) += scale (sigmoid (y) - target) */
static gdouble
binary_row (const RnnAnswer *a, const gfloat *y, const gfloat *target, gfloat scale, gfloat *dy)
{
  const RnnKernels *k = rnn_kernels ();
  gint n = a->n_out;
  gfloat *e = a->scratch, *log_1e = e + n;
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
binary_sum (const RnnAnswer *a, gfloat scale, gfloat *dy)
{
  gdouble sum = 0;

  for (gint t = 0; t < a->steps; t++)
    sum += binary_row (a, a->y + t * a->ld, target_row (a, t), scale, dy ? dy + t * a->ld : NULL);
  return sum;
}

static gfloat
binary_loss (const RnnAnswer *a)
{
  gsize count = binary_count (a);

  return count ? (gfloat) (binary_sum (a, a->scale / count, a->dy) / count) : INFINITY;
}

static void
binary_measure (const RnnAnswer *a, RnnMeasure *measure)
{
  measure->errors += binary_sum (a, 0, NULL);
  measure->total += binary_count (a);
}

static const RnnLoss losses[] = {       /* by RnnLossType */
  { "ctc", RNN_OUTPUT_CTC, ctc_accepts, ctc_scratch, ctc_loss, ctc_measure },
  { "mse", RNN_OUTPUT_RAW, mse_accepts, no_scratch, mse_loss, mse_measure },
  { "cross-entropy", RNN_OUTPUT_RAW, entropy_accepts, entropy_scratch, entropy_loss, entropy_measure },
  { "binary-cross-entropy", RNN_OUTPUT_RAW, binary_accepts, binary_scratch, binary_loss, binary_measure },
};

const RnnLoss *
rnn_loss_get (RnnLossType type)
{
  return &losses[type];
}

gboolean
rnn_measure_init (RnnMeasure *measure, RnnModel *model, GError **error)
{
  RnnCtcDecoderConfig greedy = { 0 };

  measure->tokens = NULL;
  measure->decoder = NULL;
  measure->errors = measure->total = 0;
  if (rnn_model_get_output_kind (model) != RNN_OUTPUT_CTC)
    return TRUE;
  measure->tokens = rnn_tokens_new (rnn_model_get_tokens (model), rnn_model_get_blank (model), error);
  if (measure->tokens)
    measure->decoder = rnn_ctc_decoder_new (measure->tokens, &greedy, error);
  return measure->decoder != NULL;
}

void
rnn_measure_clear (RnnMeasure *measure)
{
  g_clear_pointer (&measure->decoder, rnn_ctc_decoder_free);
  g_clear_pointer (&measure->tokens, rnn_tokens_unref);
}
