/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cepstral mean and variance normalisation, y = (x - mean) / std, with the statistics
 *
 *   global   given with the model
 *   sliding  of the last W frames with this one; while there are fewer, n < W, min (W - n, G) frames with the global
 *            mean and variance are counted in, if those are known (Kaldi's OnlineCmvn)
 *   running  decayed: mean = a mean + (1 - a) x;  var = a var + (1 - a) (x - mean)^2;  they start at x[0] and 1
 *
 * State: sliding, the ring of W frames and their sums of x and x^2, in double so that hours do not wear them;
 * running, mean and var. */
#include "cmvn.h"
#include "../base/error.h"
#include <math.h>
#include <string.h>

#define MIN_STD 1e-5f
#define MIN_VAR 1e-20           /* Kaldi's */
#define RUNNING_EPS 1e-8

typedef void (*ApplyFunc) (RnnCmvn *cmvn, gfloat *x);

struct _RnnCmvn {
  ApplyFunc apply;
  guint dim, window, borrow;    /* borrow: G */
  gboolean variance;
  gdouble decay;
  guint64 n;                    /* frames so far */
  gfloat *mean, *std;           /* [dim] given, or NULL */
  gdouble *first, *second;      /* [dim]: sums of x and x^2, or running mean and variance; NULL: neither */
  gfloat *ring;                 /* [window][dim] */
};

static void
apply_none (RnnCmvn *cmvn, gfloat *x)
{
}

static void
apply_global (RnnCmvn *cmvn, gfloat *x)
{
  for (guint i = 0; i < cmvn->dim; i++)
    x[i] = (x[i] - cmvn->mean[i]) / (cmvn->variance ? cmvn->std[i] : 1);
}

/* Puts x into the ring and the sums, and takes out the frame whose place it gets. */
static void
slide (RnnCmvn *cmvn, const gfloat *x)
{
  gfloat *slot = cmvn->ring + (gsize) (cmvn->n % cmvn->window) * cmvn->dim;

  for (guint i = 0; i < cmvn->dim; i++) {
    gdouble out = cmvn->n < cmvn->window ? 0 : slot[i], in = x[i];

    cmvn->first[i] += in - out;
    cmvn->second[i] += in * in - out * out;
    slot[i] = x[i];
  }
  cmvn->n++;
}

static void
apply_sliding (RnnCmvn *cmvn, gfloat *x)
{
  guint count, borrowed;

  slide (cmvn, x);
  count = (guint) MIN (cmvn->n, cmvn->window);
  borrowed = cmvn->mean ? MIN (cmvn->window - count, cmvn->borrow) : 0;
  for (guint i = 0; i < cmvn->dim; i++) {
    gdouble sum = cmvn->first[i], square = cmvn->second[i], mean;

    if (borrowed) {
      gdouble m = cmvn->mean[i], s = cmvn->std[i];

      sum += borrowed * m;
      square += borrowed * (m * m + s * s);
    }
    mean = sum / (count + borrowed);
    x[i] = (gfloat) (x[i] - mean);
    if (cmvn->variance)
      x[i] = (gfloat) (x[i] / sqrt (MAX (square / (count + borrowed) - mean * mean, MIN_VAR)));
  }
}

static void
apply_running (RnnCmvn *cmvn, gfloat *x)
{
  gdouble a = cmvn->decay;

  for (guint i = 0; i < cmvn->dim; i++) {
    gdouble mean = cmvn->n ? a * cmvn->first[i] + (1 - a) * x[i] : x[i], d = x[i] - mean;
    gdouble var = a * (cmvn->n ? cmvn->second[i] : 1) + (1 - a) * d * d;

    cmvn->first[i] = mean;
    cmvn->second[i] = var;
    x[i] = (gfloat) (cmvn->variance ? d / sqrt (var + RUNNING_EPS) : d);
  }
  cmvn->n++;
}

static const ApplyFunc apply_funcs[] = {
  [RNN_CMVN_NONE] = apply_none,
  [RNN_CMVN_GLOBAL] = apply_global,
  [RNN_CMVN_SLIDING] = apply_sliding,
  [RNN_CMVN_RUNNING] = apply_running,
};

RnnCmvn *
rnn_cmvn_new (const RnnFeatureConfig *config, guint dim, const gfloat *mean, const gfloat *std, GError **error)
{
  RnnCmvn *cmvn;

  if ((config->cmvn == RNN_CMVN_GLOBAL && !mean) || !mean != !std) {
    g_set_error_literal (error, RNN_ERROR, RNN_ERROR_SHAPE,
        "features: cmvn global needs the model's tensors input.mean and input.std");
    return NULL;
  }
  cmvn = g_new0 (RnnCmvn, 1);
  cmvn->apply = apply_funcs[config->cmvn];
  cmvn->dim = dim;
  cmvn->window = (guint) config->cmvn_window;
  cmvn->borrow = (guint) config->cmvn_global_frames;
  cmvn->variance = config->cmvn_variance;
  cmvn->decay = config->cmvn_decay;
  if (config->cmvn == RNN_CMVN_SLIDING || config->cmvn == RNN_CMVN_RUNNING) {
    cmvn->first = g_new0 (gdouble, dim);
    cmvn->second = g_new0 (gdouble, dim);
  }
  if (config->cmvn == RNN_CMVN_SLIDING)
    cmvn->ring = g_new0 (gfloat, (gsize) cmvn->window * dim);
  if (mean) {
    cmvn->mean = g_memdup2 (mean, dim * sizeof (gfloat));
    cmvn->std = g_memdup2 (std, dim * sizeof (gfloat));
    for (guint i = 0; i < dim; i++)
      cmvn->std[i] = MAX (std[i], MIN_STD);
  }
  return cmvn;
}

void
rnn_cmvn_free (RnnCmvn *cmvn)
{
  if (!cmvn)
    return;
  g_free (cmvn->mean);
  g_free (cmvn->std);
  g_free (cmvn->first);
  g_free (cmvn->second);
  g_free (cmvn->ring);
  g_free (cmvn);
}

void
rnn_cmvn_reset (RnnCmvn *cmvn)
{
  cmvn->n = 0;
  if (!cmvn->first)
    return;
  memset (cmvn->first, 0, cmvn->dim * sizeof (gdouble));
  memset (cmvn->second, 0, cmvn->dim * sizeof (gdouble));
}

void
rnn_cmvn_apply (RnnCmvn *cmvn, gfloat *x)
{
  cmvn->apply (cmvn, x);
}

void
rnn_cmvn_keep (RnnCmvn *cmvn, RnnKeep *keep)
{
  rnn_keep_same (keep, cmvn->dim);
  rnn_keep_same (keep, cmvn->ring ? cmvn->window : 0);
  if (!cmvn->first)
    return;
  rnn_keep (keep, &cmvn->n, sizeof cmvn->n);
  rnn_keep (keep, cmvn->first, cmvn->dim * sizeof (gdouble));
  rnn_keep (keep, cmvn->second, cmvn->dim * sizeof (gdouble));
  if (cmvn->ring)
    rnn_keep (keep, cmvn->ring, (gsize) cmvn->window * cmvn->dim * sizeof (gfloat));
}
