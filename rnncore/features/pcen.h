/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Per-channel energy normalisation: an automatic gain control per band in place of the logarithm. */
#pragma once
#include "../base/keep.h"
#include "features.h"

G_BEGIN_DECLS

typedef struct {
  guint n;                      /* bands */
  gboolean from_first;          /* the smoother starts at the first frame, not at 1 */
  gfloat s, gain, bias, power, eps;
  gboolean started;
  gfloat *smooth;               /* [n]: M of the last frame */
  gfloat *work;                 /* [n] */
} RnnPcen;

RnnPcen *rnn_pcen_new (const RnnFeatureConfig *config);
void rnn_pcen_free (RnnPcen *pcen);
void rnn_pcen_reset (RnnPcen *pcen);
void rnn_pcen_keep (RnnPcen *pcen, RnnKeep *keep);

/* The next frame, mels[n] -> out[n]; out may be mels. */
void rnn_pcen_apply (RnnPcen *pcen, const gfloat *mels, gfloat *out);

G_END_DECLS
