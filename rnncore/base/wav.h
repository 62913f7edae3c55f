/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings as floats: RIFF WAVE of 8, 16, 24 or 32 bit PCM or 32 bit floats, and raw 16 bit PCM. */
#pragma once
#include "api.h"

RNN_API_BEGIN

typedef struct {
  gfloat *samples;              /* [n], +-1, mono: the channels as base/downmix.h mixes them */
  gsize n;
  gint rate;                    /* Hz */
} RnnWav;

/* Reads @path.  A file that is no WAVE is refused, unless @raw_rate is not 0: then it is raw little-endian 16 bit mono at
 * @raw_rate.  Free with rnn_wav_clear (). */
gboolean rnn_wav_load (RnnWav *wav, const gchar *path, gint raw_rate, GError **error);
/* The same from bytes[n]; @where stands for the path. */
gboolean rnn_wav_parse (RnnWav *wav, const guint8 *bytes, gsize n, gint raw_rate, const gchar *where, GError **error);
void     rnn_wav_clear (RnnWav *wav);

RNN_API_END
