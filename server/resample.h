/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 16 bit mono of any rate, piece by piece, to floats of another. */
#pragma once
#include <gst/audio/audio.h>

typedef struct {
  GstAudioResampler *resampler; /* NULL: the rates are the same */
  GArray *in, *out;             /* gfloat */
  gint half;                    /* the first byte of a sample that a piece has cut, or -1 */
} Resample;

void resample_init (Resample *r, gint from, gint to);
void resample_clear (Resample *r);
/* What has come out stands in r->out until the next call. */
void resample_push (Resample *r, const guint8 *bytes, gsize n);
/* The rest of it */
void resample_finish (Resample *r);
