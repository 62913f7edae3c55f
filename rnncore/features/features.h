/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streaming acoustic features: samples in, stacked and normalised frames out, the same numbers however the samples
 * are cut.  Kaldi-compatible filter banks and MFCCs, plain log-mel (HTK or Slaney scale), PCEN.
 *
 * Stages, each a file of its own: framer (samples to frames, edges) -> window (Kaldi's pre-processing, no dither) ->
 * fft -> mel -> log or pcen -> mfcc -> cmvn (global, sliding or running) -> stack (context window with stride).  What
 * needs the whole utterance is in offline.h. */
#pragma once
#include "../base/api.h"
#include "../base/keep.h"

RNN_API_BEGIN

typedef struct _RnnFeatures RnnFeatures;

/* FBANK and MFCC are Kaldi's.  LOGMEL is that of torch.stft and Whisper: log10, and without snip_edges frame t is
 * centred on sample t * shift.  SPECTRUM has all bins of the transform, from 0 Hz to half the rate, and no mel bands. */
typedef enum { RNN_FEATURES_FBANK, RNN_FEATURES_MFCC, RNN_FEATURES_LOGMEL, RNN_FEATURES_SPECTRUM } RnnFeatureType;
typedef enum { RNN_WINDOW_POVEY, RNN_WINDOW_HANNING, RNN_WINDOW_HAMMING, RNN_WINDOW_BLACKMAN, RNN_WINDOW_RECTANGULAR,
  RNN_WINDOW_HANN_PERIODIC, RNN_WINDOW_HAMMING_EXACT } RnnWindowType;
/* HTK and SLANEY as librosa and torchaudio have them (triangles over Hz, SLANEY of unit area); HCOPY is the HTK tool; BINS
 * has its corners at whole bins (python_speech_features, ONNX) */
typedef enum { RNN_MEL_KALDI, RNN_MEL_HTK, RNN_MEL_SLANEY, RNN_MEL_HCOPY, RNN_MEL_BINS } RnnMelScale;
typedef enum { RNN_PCEN_NONE, RNN_PCEN_LIBROSA, RNN_PCEN_FIRST } RnnPcenType;
typedef enum { RNN_CMVN_NONE, RNN_CMVN_GLOBAL, RNN_CMVN_SLIDING, RNN_CMVN_RUNNING } RnnCmvnType;

/* All fields but rate are rows of rnn_feature_options[] (features-options.h), in this order and under these names.
 * Kaldi's subtract_mean is not here: a stream does not know the mean of its whole (see offline.h). */
typedef struct {
  gint type;                    /* RnnFeatureType */
  gfloat rate;                  /* Hz; set from the model's input, not an option */
  gfloat scale;                 /* samples are multiplied by it first; 32768 makes Kaldi's range from +-1 */
  gfloat frame_length, frame_shift;     /* ms: 25, 10 */
  gint window;                  /* RnnWindowType */
  gfloat preemphasis;           /* 0.97 */
  gboolean remove_dc;
  gboolean round_to_power_of_two;
  gboolean snip_edges;          /* FALSE: mirrored edges, (n + shift/2) / shift frames; LOGMEL: 1 + n / shift */
  gboolean use_power;           /* FALSE: magnitude spectrum */
  gboolean use_log;             /* ignored by MFCC and with pcen */
  gfloat log_floor;             /* energies below it count as it: FLT_EPSILON (Kaldi); HTK 1, Whisper 1e-10 */
  gint n_mels;                  /* 23 */
  gint mel_scale;               /* RnnMelScale */
  gfloat low_freq, high_freq;   /* Hz; high <= 0: Nyquist + high */
  gfloat vtln_warp, vtln_low, vtln_high;        /* 1, 100, -500; KALDI and HCOPY scales only */
  gboolean use_energy, raw_energy, htk_compat;
  gfloat energy_floor;          /* 0 (Kaldi); torchaudio's default is 1 */
  gint n_ceps;                  /* 13 */
  gfloat cepstral_lifter;       /* 22 */
  gboolean orthonormal;         /* MFCC: FALSE: c0 sqrt (2) times larger, as with htk_compat */
  gint pcen;                    /* RnnPcenType: in place of the log; the smoother starts at 1, or at the first frame */
  gfloat pcen_time, pcen_gain, pcen_bias, pcen_power, pcen_eps;         /* 0.4 s, 0.98, 2, 0.5, 1e-6 */
  gint cmvn;                    /* RnnCmvnType; GLOBAL uses the model's input.mean and input.std */
  gboolean cmvn_variance;       /* FALSE: the mean only */
  gint cmvn_window;             /* frames, SLIDING (Kaldi's online CMVN) */
  gint cmvn_global_frames;      /* SLIDING: at most so many frames that a young window lacks are taken from mean, std */
  gfloat cmvn_decay;            /* RUNNING */
  gint stack;                   /* frames per step, 1 = off */
  gint stride;                  /* frames from one step to the next */
} RnnFeatureConfig;

void rnn_feature_config_init (RnnFeatureConfig *config);        /* the defaults: Kaldi's fbank at 16 kHz */

/* @mean, @std: [unstacked dim], copied: for RNN_CMVN_GLOBAL, and if there are any for the start of RNN_CMVN_SLIDING;
 * else NULL.  Fails on options that do not fit. */
RnnFeatures *rnn_features_new (const RnnFeatureConfig *config, const gfloat *mean, const gfloat *std, GError **error);
void  rnn_features_free (RnnFeatures *features);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnFeatures, rnn_features_free)

guint rnn_features_get_dim (RnnFeatures *features);             /* floats per step: frame dim * stack */
guint rnn_features_get_frame_dim (RnnFeatures *features);       /* floats per unstacked frame */
guint rnn_features_get_hop (RnnFeatures *features);             /* samples from step to step: shift * stride */
guint rnn_features_get_window (RnnFeatures *features);          /* samples that one step sees */
gint  rnn_features_get_start (RnnFeatures *features);           /* first sample of step 0 relative to the stream's
                                                                 * first (negative with mirrored edges) */
/* Most steps that push(n) or finish() can return now. */
guint rnn_features_max_steps (RnnFeatures *features, guint n_samples);
/* samples[n], mono, +-1 -> out[steps][dim]; returns the number of steps.  No allocation, no failure.  @out has room
 * for rnn_features_max_steps (features, n). */
guint rnn_features_push (RnnFeatures *features, const gfloat *samples, guint n, gfloat *out);
/* The end of the stream: the steps that are still complete (snip_edges) or due (mirrored edges); then as new. */
guint rnn_features_finish (RnnFeatures *features, gfloat *out);
void  rnn_features_reset (RnnFeatures *features);
/* What of the stream is to come yet, for another RnnFeatures of the same options (base/keep.h). */
void  rnn_features_keep (RnnFeatures *features, RnnKeep *keep);

/* ---- stages that stand alone: the trainer augments between them ---- */
/* Stacks frames[n][dim] with context window @stack and @stride -> out; returns steps (0 when n < stack). */
guint rnn_stack_frames (const gfloat *frames, guint n, guint dim, guint stack, guint stride, gfloat *out);

RNN_API_END
