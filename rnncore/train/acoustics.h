/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a room, a distance and other sounds make of log energies: augmentation of whole stretches. */
#pragma once
#include "../base/rng.h"
#include "dataset.h"

G_BEGIN_DECLS

/* frames[n][dim] of natural logarithms of energies, none below @floor, change in place: level, reverberation, noise or
 * another example of @dataset in the background.  All is drawn from @rng. */
void rnn_acoustics_apply (const RnnTrainConfig *config, RnnRng *rng, RnnDataset *dataset, gfloat floor, guint n, gint dim,
    gfloat *frames);

G_END_DECLS
