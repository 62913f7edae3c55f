/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How good a detector is: noise mixed into recordings, and frames of 10 ms that are wrong. */
#pragma once
#include "base/wav.h"

G_BEGIN_DECLS

typedef struct {
  gdouble snr;                  /* dB, of the whole recording's power to the noise's; INFINITY: no noise */
  gint seed;
  guint kind;                   /* of noise */
} RnnMixing;

typedef struct {
  guint64 n, n_speech, n_missed, n_invented;    /* frames */
} RnnVadErrors;

/* @name: NULL is the first one, white. */
gboolean  rnn_measure_find_noise (RnnMixing *mixing, const gchar *name, GError **error);
void      rnn_measure_mix (const RnnMixing *mixing, RnnWav *wav);
/* [samples] Where the recording, which should have little noise, has a voice. (transfer full) */
gboolean *rnn_measure_truth (const RnnWav *wav, GError **error);
/* Adds frames of 10 ms, judged at their middle. */
void      rnn_measure_count (RnnVadErrors *errors, const gboolean *truth, const gboolean *speech, gsize n);

G_END_DECLS
