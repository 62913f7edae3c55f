/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be done with frames only once the whole utterance is there.  x[n][dim] throughout; out is not x. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Mean 0, and with @variance also variance 1, over the utterance; in place (Kaldi's subtract_mean, apply-cmvn). */
void rnn_offline_cmvn (gfloat *x, guint n, guint dim, gboolean variance);
/* Kaldi's apply-cmvn-sliding: statistics over @window frames around each one (@center), or over the last window + 1, at
 * the start over at least the first @min_window. */
void rnn_offline_cmvn_sliding (const gfloat *x, guint n, guint dim, guint window, guint min_window, gboolean center,
    gboolean variance, gfloat *out);
/* The order-th derivative by regression over +-window frames, edge frames repeated (Kaldi's add-deltas).  HTK's and
 * torchaudio's accelerations are the first derivative of the first derivative: they differ at the edges. */
void rnn_offline_deltas (const gfloat *x, guint n, guint dim, guint window, guint order, gfloat *out);
/* out[n][(left + 1 + right) * dim]: every frame between its neighbours, edge frames repeated. */
void rnn_offline_splice (const gfloat *x, guint n, guint dim, guint left, guint right, gfloat *out);
/* Whisper's normalisation of log10 mel energies x[n], in place: (max (x, max over all - 8) + 4) / 4. */
void rnn_offline_whisper (gfloat *x, gsize n);

G_END_DECLS
