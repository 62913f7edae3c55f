/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The period of a voice, as RNNoise looks for it at 48 kHz (J.-M. Valin 2018, by the way of the Opus codec): a search over
 * whitened sound at half the rate, coarse to fine, then a look at fractions of the period, lest a multiple of it was found. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_PITCH_LONGEST 768   /* samples of a period */
#define RNN_PITCH_SHORTEST 60
#define RNN_PITCH_FRAME 960     /* samples that are compared */
#define RNN_PITCH_HISTORY (RNN_PITCH_LONGEST + RNN_PITCH_FRAME)

typedef struct {
  gint period;                  /* samples; of the last frame, 0 to begin with */
  gfloat gain;                  /* 0..1, how much of the frame repeats */
} RnnPitch;

/* sound[RNN_PITCH_HISTORY], the newest samples last; @pitch: of the frame before, becomes that of this one. */
void rnn_pitch_find (const gfloat *sound, RnnPitch *pitch);

G_END_DECLS
