/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random variations of an example, all drawn from the generator that the caller seeded. */
#pragma once
#include "../base/rng.h"
#include "train.h"

G_BEGIN_DECLS

/* Most frames that rnn_augment_frames makes of n. */
guint rnn_augment_max_frames (const RnnTrainConfig *config, guint n);
/* Before normalisation: duration (unless @keep_time), mel axis, loudness.  frames[n][dim] -> out; returns frames. */
guint rnn_augment_frames (const RnnTrainConfig *config, RnnRng *rng, const gfloat *frames, guint n, gint dim,
    gboolean keep_time, gfloat *out);
/* After it, where 0 is the mean: noise and masks on frames[n][dim]. */
void  rnn_augment_mask (const RnnTrainConfig *config, RnnRng *rng, guint n, gint dim, gfloat *frames);

G_END_DECLS
