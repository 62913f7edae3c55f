/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound to spectra and back: frames of `window` samples, `hop` apart, for whoever changes them in between.
 *
 *   samples -> window -> FFT -> spectrum -> (changed) -> inverse FFT -> window -> overlap and add -> samples
 *
 * What is not changed comes back as it was, `window - hop` samples late: the synthesis window is divided by the sum over the
 * frames that overlap of both windows' product. */
#pragma once
#include <glib.h>
#include "../base/keep.h"

G_BEGIN_DECLS

typedef struct _RnnStft RnnStft;

/* SQRT_HANN: the root of the periodic Hann window; VORBIS: sin (pi/2 sin^2); NONE: analysis as it is, blocks are added up. */
typedef enum { RNN_STFT_SQRT_HANN, RNN_STFT_VORBIS, RNN_STFT_NONE } RnnStftType;

/* @hop divides @window, and @window is as rnn_fft_new () takes it. */
RnnStft *rnn_stft_new (RnnStftType type, guint window, guint hop, GError **error);
void  rnn_stft_free (RnnStft *stft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnStft, rnn_stft_free)
void  rnn_stft_reset (RnnStft *stft);
void     rnn_stft_keep (RnnStft *stft, RnnKeep *keep);
/* Before the first analysis: what comes before the first sample, past[window - hop]; else zeros do. */
void  rnn_stft_prime (RnnStft *stft, const gfloat *past);
/* The next samples[hop] -> spectrum[window / 2 + 1][re, im] of the last `window` samples. */
void  rnn_stft_analyse (RnnStft *stft, const gfloat *samples, gfloat *spectrum);
/* The samples [hop] that the next synthesis is about, as they came. (transfer none), until the next analysis */
const gfloat *rnn_stft_get_dry (RnnStft *stft);
/* spectrum[window / 2 + 1][re, im] -> block[window], not windowed. */
void  rnn_stft_inverse (RnnStft *stft, const gfloat *spectrum, gfloat *block);
/* Adds block[window] to those before it -> the next samples[hop] that are complete. */
void  rnn_stft_overlap (RnnStft *stft, const gfloat *block, gfloat *samples);

G_END_DECLS
