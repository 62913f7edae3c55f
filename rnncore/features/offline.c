/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole-utterance normalisations and contexts.
 *
 *   deltas   d[t] = sum over k = 1..W of k (x[t + k] - x[t - k]) / (2 sum of k^2), as a kernel over clamped indices;
 *            order 2 convolves the kernel with itself
 *   sliding  y = (x - mean) / sqrt (max (E x^2 - mean^2, 1e-10)) */
#include "offline.h"
#include <math.h>
#include <string.h>

#define MIN_VAR 1e-10
#define WHISPER_RANGE 8         /* decades kept below the loudest */

typedef struct {
  gdouble mean, var;
} Moments;

static Moments
moments (const gfloat *x, guint begin, guint end, guint dim)
{
  gdouble sum = 0, square = 0, n = end - begin;

  for (guint t = begin; t < end; t++) {
    gdouble v = x[(gsize) t * dim];

    sum += v;
    square += v * v;
  }
  return (Moments) { sum / n, MAX (square / n - sum / n * (sum / n), MIN_VAR) };
}

void
rnn_offline_cmvn (gfloat *x, guint n, guint dim, gboolean variance)
{
  for (guint i = 0; i < dim; i++) {
    Moments m = moments (x + i, 0, n, dim);

    for (gsize at = i; at < (gsize) n * dim; at += dim)
      x[at] = (gfloat) ((x[at] - m.mean) / (variance ? sqrt (m.var) : 1));
  }
}

/* The window of frame t, [begin, end). */
static void
sliding_window (gint t, gint n, gint window, gint min_window, gboolean center, gint *begin, gint *end)
{
  *begin = center ? t - window / 2 : t - window;
  *end = center ? *begin + window : t + 1;
  if (*begin < 0) {
    *end -= *begin;
    *begin = 0;
  }
  if (!center && *end > t)
    *end = MAX (t + 1, min_window);
  if (*end > n) {
    *begin = MAX (*begin - (*end - n), 0);
    *end = n;
  }
}

void
rnn_offline_cmvn_sliding (const gfloat *x, guint n, guint dim, guint window, guint min_window, gboolean center,
    gboolean variance, gfloat *out)
{
  for (guint t = 0; t < n; t++) {
    gint begin, end;

    sliding_window ((gint) t, (gint) n, (gint) window, (gint) min_window, center, &begin, &end);
    for (guint i = 0; i < dim; i++) {
      Moments m = moments (x + i, (guint) begin, (guint) end, dim);
      gsize at = (gsize) t * dim + i;

      out[at] = (gfloat) ((x[at] - m.mean) / (variance ? sqrt (m.var) : 1));
    }
  }
}

static const gfloat *
clamped_frame (const gfloat *x, guint n, guint dim, gint64 t)
{
  return x + (gsize) CLAMP (t, 0, (gint64) n - 1) * dim;
}

/* kernel[2 * window * order + 1] */
static gdouble *
delta_kernel (gint window, guint order)
{
  gint half = 0;
  gdouble *kernel = g_new (gdouble, 1), norm = window * (window + 1.) * (2 * window + 1) / 3;

  kernel[0] = 1;
  for (; order > 0; order--) {
    gdouble *wider = g_new0 (gdouble, 2 * (half + window) + 1);

    for (gint j = 0; j <= 2 * half; j++)
      for (gint k = -window; k <= window; k++)
        wider[j + k + window] += kernel[j] * k / norm;
    g_free (kernel);
    kernel = wider;
    half += window;
  }
  return kernel;
}

void
rnn_offline_deltas (const gfloat *x, guint n, guint dim, guint window, guint order, gfloat *out)
{
  g_autofree gdouble *kernel = delta_kernel ((gint) window, order);
  gint half = (gint) (window * order);

  for (guint t = 0; t < n; t++)
    for (guint i = 0; i < dim; i++) {
      gdouble sum = 0;

      for (gint k = -half; k <= half; k++)
        sum += kernel[k + half] * clamped_frame (x, n, dim, (gint64) t + k)[i];
      out[(gsize) t * dim + i] = (gfloat) sum;
    }
}

void
rnn_offline_splice (const gfloat *x, guint n, guint dim, guint left, guint right, gfloat *out)
{
  for (guint t = 0; t < n; t++)
    for (gint64 k = -(gint64) left; k <= (gint64) right; k++, out += dim)
      memcpy (out, clamped_frame (x, n, dim, t + k), dim * sizeof (gfloat));
}

void
rnn_offline_whisper (gfloat *x, gsize n)
{
  gfloat loudest = -INFINITY;

  for (gsize i = 0; i < n; i++)
    loudest = MAX (loudest, x[i]);
  for (gsize i = 0; i < n; i++)
    x[i] = (MAX (x[i], loudest - WHISPER_RANGE) + 4) / 4;
}
