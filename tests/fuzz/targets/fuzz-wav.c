/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a WAVE file: refused, or its samples lie within it. */
#include "../fuzz.h"
#include "base/wav.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  RnnWav wav;

  if (rnn_wav_parse (&wav, data, n, n % 2 ? 16000 : 0, "fuzz.wav", NULL)) {
    g_assert (wav.rate > 0 && wav.n <= n);
    rnn_wav_clear (&wav);
  }
  return 0;
}
