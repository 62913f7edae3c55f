/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What RNNoise (J.-M. Valin 2018) hears of sound of 48 kHz, every 480 samples: the spectrum of the last 960, its energy in 22 bands
 * that widen as the ear's do, how much of each repeats with the voice's period, and 42 numbers for the network:
 *
 *   22  cepstrum of the bands; the first 6 added up over three frames
 *   12  first and second differences of these 6 over three frames
 *    6  cepstrum of the bands' correlation with the sound one period earlier
 *    2  the period, and how much the last 8 cepstra differ
 *
 * Samples of +-1 and a transform without a factor, as FFmpeg's arnndn has it: its models hear sound 31 dB fainter than RNNoise's
 * own program lets them. */
#pragma once
#include "../base/keep.h"
#include "pitch.h"

G_BEGIN_DECLS

#define RNN_NOISE_RATE 48000
#define RNN_NOISE_HOP 480
#define RNN_NOISE_WINDOW 960
#define RNN_NOISE_BINS 481
#define RNN_NOISE_BANDS 22
#define RNN_NOISE_FEATURES 42

typedef struct {
  gfloat x[RNN_NOISE_BINS][2];  /* spectrum */
  gfloat p[RNN_NOISE_BINS][2];  /* the same one period earlier */
  gfloat energy[RNN_NOISE_BANDS], earlier[RNN_NOISE_BANDS], correlation[RNN_NOISE_BANDS];
  gfloat features[RNN_NOISE_FEATURES];
  gboolean silent;              /* features are 0, and the network is not asked */
} RnnNoiseFrame;

typedef struct _RnnNoiseAnalysis RnnNoiseAnalysis;

RnnNoiseAnalysis *rnn_noise_analysis_new (GError **error);
void rnn_noise_analysis_free (RnnNoiseAnalysis *analysis);
void rnn_noise_analysis_reset (RnnNoiseAnalysis *analysis);
void rnn_noise_analysis_keep (RnnNoiseAnalysis *analysis, RnnKeep *keep);
/* The next samples[RNN_NOISE_HOP] of +-1. (transfer none), until the next call */
RnnNoiseFrame *rnn_noise_analyse (RnnNoiseAnalysis *analysis, const gfloat *samples);
/* Takes out of frame->x what the network's gains[RNN_NOISE_BANDS] say, after what lies between the voice's harmonics; lastg: gains of the
 * frame before, 0 to begin with: they fall by 0.6 a frame at most. */
void rnn_noise_filter (RnnNoiseFrame *frame, const gfloat *gains, gfloat *lastg);

G_END_DECLS
