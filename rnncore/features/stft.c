/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stft.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "fft.h"

struct _RnnStft {
  guint window, hop;
  gfloat *analysis, *synthesis; /* [window] */
  gfloat *frame;                /* [window] the last samples */
  gfloat *sum;                  /* [window] blocks that overlap, from the next sample on */
  RnnFft *fft;                  /* of `window` complex numbers */
};

/* At the middle of sample i for VORBIS, at sample i for the periodic Hann window. */
static gfloat
window_at (RnnStftType type, guint i, guint n)
{
  gdouble s;

  switch (type) {
    case RNN_STFT_SQRT_HANN:
      return (gfloat) sin (G_PI * i / n);
    case RNN_STFT_VORBIS:
      s = sin (G_PI * (i + 0.5) / n);
      return (gfloat) sin (G_PI / 2 * s * s);
    default:
      return 1;
  }
}

static void
make_windows (RnnStft *s, RnnStftType type)
{
  s->analysis = g_new (gfloat, s->window);
  s->synthesis = g_new (gfloat, s->window);
  for (guint i = 0; i < s->window; i++)
    s->analysis[i] = window_at (type, i, s->window);
  for (guint i = 0; i < s->window; i++) {
    gdouble overlap = 0;

    for (guint k = i % s->hop; k < s->window; k += s->hop)
      overlap += (gdouble) s->analysis[k] * s->analysis[k];
    s->synthesis[i] = type == RNN_STFT_NONE ? 1 : (gfloat) (s->analysis[i] / overlap);
  }
}

RnnStft *
rnn_stft_new (RnnStftType type, guint window, guint hop, GError **error)
{
  g_autoptr (RnnStft) s = g_new0 (RnnStft, 1);

  if (hop == 0 || window % hop != 0 || window / hop < (type == RNN_STFT_NONE ? 1 : 2)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "windows of %u samples cannot be put together every %u", window, hop);
    return NULL;
  }
  s->window = window;
  s->hop = hop;
  if (!(s->fft = rnn_fft_new (2 * window, error)))
    return NULL;
  make_windows (s, type);
  s->frame = g_new0 (gfloat, window);
  s->sum = g_new0 (gfloat, window);
  return g_steal_pointer (&s);
}

void
rnn_stft_free (RnnStft *s)
{
  if (!s)
    return;
  rnn_fft_free (s->fft);
  g_free (s->analysis);
  g_free (s->synthesis);
  g_free (s->frame);
  g_free (s->sum);
  g_free (s);
}

void
rnn_stft_reset (RnnStft *s)
{
  memset (s->frame, 0, s->window * sizeof (gfloat));
  memset (s->sum, 0, s->window * sizeof (gfloat));
}

void
rnn_stft_prime (RnnStft *s, const gfloat *past)
{
  memcpy (s->frame + s->hop, past, (s->window - s->hop) * sizeof (gfloat));
}

void
rnn_stft_analyse (RnnStft *s, const gfloat *samples, gfloat *spectrum)
{
  gsize kept = s->window - s->hop;

  memmove (s->frame, s->frame + s->hop, kept * sizeof (gfloat));
  memcpy (s->frame + kept, samples, s->hop * sizeof (gfloat));
  for (guint i = 0; i < s->window; i++) {
    s->fft->in[2 * i] = s->frame[i] * s->analysis[i];
    s->fft->in[2 * i + 1] = 0;
  }
  rnn_fft_complex (s->fft);
  memcpy (spectrum, s->fft->out, (s->window + 2) * sizeof (gfloat));
}

const gfloat *
rnn_stft_get_dry (RnnStft *s)
{
  return s->frame;
}

/* The inverse of a transform is that of the conjugate, conjugated, and a real signal's spectrum is its own mirror image. */
void
rnn_stft_inverse (RnnStft *s, const gfloat *spectrum, gfloat *block)
{
  gfloat *in = s->fft->in, scale = 1.f / s->window;
  guint half = s->window / 2;

  for (guint k = 0; k <= half; k++) {
    gfloat re = spectrum[2 * k], im = k == 0 || k == half ? 0 : spectrum[2 * k + 1];

    in[2 * k] = re;
    in[2 * k + 1] = -im;
    if (k > 0 && k < half) {
      in[2 * (s->window - k)] = re;
      in[2 * (s->window - k) + 1] = im;
    }
  }
  rnn_fft_complex (s->fft);
  for (guint i = 0; i < s->window; i++)
    block[i] = s->fft->out[2 * i] * scale;
}

void
rnn_stft_overlap (RnnStft *s, const gfloat *block, gfloat *samples)
{
  gsize kept = s->window - s->hop;

  for (guint i = 0; i < s->window; i++)
    s->sum[i] += block[i] * s->synthesis[i];
  memcpy (samples, s->sum, s->hop * sizeof (gfloat));
  memmove (s->sum, s->sum + s->hop, kept * sizeof (gfloat));
  memset (s->sum + kept, 0, s->hop * sizeof (gfloat));
}

void
rnn_stft_keep (RnnStft *s, RnnKeep *keep)
{
  rnn_keep_same (keep, s->window);
  rnn_keep_same (keep, s->hop);
  rnn_keep (keep, s->frame, s->window * sizeof (gfloat));
  rnn_keep (keep, s->sum, s->window * sizeof (gfloat));
}
