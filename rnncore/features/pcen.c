/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCEN (Wang et al. 2017), with librosa's parameters:
 *
 *   M[t] = (1 - s) M[t - 1] + s E[t],   s = (sqrt (1 + 4 T^2) - 1) / (2 T^2),   T = pcen_time in frames
 *   y[t] = (E[t] / (eps + M[t])^gain + bias)^power - bias^power
 *
 * M[-1] is 1 (librosa) or E[0].  State: M. */
#include "pcen.h"
#include "features-options.h"
#include "../kernels/kernels.h"
#include <math.h>

RnnPcen *
rnn_pcen_new (const RnnFeatureConfig *config)
{
  RnnPcen *pcen = g_new0 (RnnPcen, 1);
  gdouble frames = config->pcen_time * config->rate / rnn_feature_config_shift (config), t2 = frames * frames;

  pcen->n = (guint) config->n_mels;
  pcen->from_first = config->pcen == RNN_PCEN_FIRST;
  pcen->s = (gfloat) ((sqrt (1 + 4 * t2) - 1) / (2 * t2));
  pcen->gain = config->pcen_gain;
  pcen->bias = config->pcen_bias;
  pcen->power = config->pcen_power;
  pcen->eps = config->pcen_eps;
  pcen->smooth = g_new (gfloat, pcen->n);
  pcen->work = g_new (gfloat, pcen->n);
  return pcen;
}

void
rnn_pcen_free (RnnPcen *pcen)
{
  if (!pcen)
    return;
  g_free (pcen->smooth);
  g_free (pcen->work);
  g_free (pcen);
}

void
rnn_pcen_reset (RnnPcen *pcen)
{
  pcen->started = FALSE;
}

/* x[n] = x^e, for x > 0 */
static void
raise_to (guint n, gfloat e, gfloat *x)
{
  const RnnKernels *kernels = rnn_kernels ();

  kernels->log ((gint) n, x, x);
  kernels->scale ((gint) n, e, x);
  kernels->exp ((gint) n, x, x);
}

void
rnn_pcen_apply (RnnPcen *pcen, const gfloat *mels, gfloat *out)
{
  gfloat *m = pcen->smooth, *w = pcen->work, s = pcen->s, offset = powf (pcen->bias, pcen->power);

  for (guint i = 0; i < pcen->n && !pcen->started; i++)
    m[i] = pcen->from_first ? mels[i] : 1;
  pcen->started = TRUE;
  for (guint i = 0; i < pcen->n; i++) {
    m[i] = (1 - s) * m[i] + s * mels[i];
    w[i] = pcen->eps + m[i];
  }
  raise_to (pcen->n, -pcen->gain, w);
  for (guint i = 0; i < pcen->n; i++)
    w[i] = mels[i] * w[i] + pcen->bias;
  raise_to (pcen->n, pcen->power, w);
  for (guint i = 0; i < pcen->n; i++)
    out[i] = w[i] - offset;
}

void
rnn_pcen_keep (RnnPcen *pcen, RnnKeep *keep)
{
  rnn_keep_same (keep, pcen->n);
  rnn_keep (keep, &pcen->started, sizeof pcen->started);
  rnn_keep (keep, pcen->smooth, pcen->n * sizeof (gfloat));
}
