/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCG32 (O'Neill 2014, XSH RR 64/32): small, seekable by stream, the same on every machine. */
#pragma once
#include "api.h"

RNN_API_BEGIN

typedef struct {
  guint64 state, inc;
} RnnRng;

void    rnn_rng_seed    (RnnRng *rng, guint64 seed, guint64 stream);
guint32 rnn_rng_u32     (RnnRng *rng);
guint32 rnn_rng_below   (RnnRng *rng, guint32 bound);   /* uniform in [0, bound), bound > 0, unbiased */
gfloat  rnn_rng_uniform (RnnRng *rng);                  /* [0, 1), 24 bits */
gfloat  rnn_rng_normal  (RnnRng *rng);                  /* mean 0, variance 1 (Box-Muller, one draw per call) */
void    rnn_rng_add_normal (RnnRng *rng, gsize n, gfloat scale, gfloat *x);       /* x += scale times a normal each */
void    rnn_rng_shuffle (RnnRng *rng, guint32 *index, guint n);  /* Fisher-Yates */

RNN_API_END
