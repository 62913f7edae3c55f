/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound of several channels as one. */
#pragma once
#include "keep.h"

RNN_API_BEGIN

#define RNN_DOWNMIX_CHANNELS 64

typedef struct {
  guint channels;
  gfloat leak, ramp;            /* per sample: of the powers, of share */
  gfloat mean_power, power[RNN_DOWNMIX_CHANNELS];       /* of the mean, of each channel, over some 100 ms */
  guint loudest;
  gfloat share;                 /* of the loudest channel in what is heard; the rest is the mean */
} RnnDownmix;

/* @channels: from 1 to RNN_DOWNMIX_CHANNELS */
void rnn_downmix_init (RnnDownmix *downmix, guint channels, gint rate);
void rnn_downmix_reset (RnnDownmix *downmix);
/* x[n][channels] -> mono[n], which may be x.  However the stream is cut, mono is the same. */
void rnn_downmix (RnnDownmix *downmix, const gfloat *x, gsize n, gfloat *mono);
void rnn_downmix_keep (RnnDownmix *downmix, RnnKeep *keep);

RNN_API_END
