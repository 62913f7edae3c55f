/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MFCC: orthonormal DCT-II of the log mel energies m[0 .. N), lifted,
 *
 *   c[k] = (1 + L/2 sin (pi k / L)) sqrt (2/N) sum over n of m[n] cos (pi k (n + 1/2) / N),   c[0] by sqrt (1/N)
 *
 * with the log energy in place of c[0] (use_energy).  HTK's order (htk_compat) is c[1], c[2], ..., c[0]; its c[0],
 * and that of an orthonormal FALSE, is sqrt (2) times larger. */
#include "mfcc.h"
#include "../kernels/kernels.h"
#include <math.h>

static gdouble
row_gain (const RnnFeatureConfig *config, gint k)
{
  gdouble lifter = config->cepstral_lifter;

  if (k == 0 && config->orthonormal && !config->htk_compat)
    return sqrt (1. / config->n_mels);
  return sqrt (2. / config->n_mels) * (lifter > 0 ? 1 + lifter / 2 * sin (G_PI * k / lifter) : 1);
}

RnnMfcc *
rnn_mfcc_new (const RnnFeatureConfig *config)
{
  RnnMfcc *mfcc = g_new0 (RnnMfcc, 1);
  gint n_ceps = config->n_ceps, n_mels = config->n_mels;

  mfcc->n_mels = (guint) n_mels;
  mfcc->n_ceps = (guint) n_ceps;
  mfcc->energy_at = !config->use_energy ? -1 : config->htk_compat ? n_ceps - 1 : 0;
  mfcc->matrix = g_new (gfloat, n_ceps * n_mels);
  for (gint i = 0; i < n_ceps; i++) {
    gint k = config->htk_compat ? (i + 1) % n_ceps : i;

    for (gint n = 0; n < n_mels; n++)
      mfcc->matrix[i * n_mels + n] = (gfloat) (row_gain (config, k) * cos (G_PI / n_mels * (n + 0.5) * k));
  }
  return mfcc;
}

void
rnn_mfcc_free (RnnMfcc *mfcc)
{
  if (!mfcc)
    return;
  g_free (mfcc->matrix);
  g_free (mfcc);
}

void
rnn_mfcc_apply (const RnnMfcc *mfcc, const gfloat *mels, gfloat energy, gfloat *out)
{
  const RnnKernels *kernels = rnn_kernels ();

  for (guint k = 0; k < mfcc->n_ceps; k++)
    out[k] = kernels->dot ((gint) mfcc->n_mels, mfcc->matrix + k * mfcc->n_mels, mels);
  if (mfcc->energy_at >= 0)
    out[mfcc->energy_at] = energy;
}
