/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Framing.  Frame t covers the samples [start + t * shift, start + t * shift + length) of the stream; what lies before
 * the first or after the last sample is folded back into the stream, as often as it takes.
 *
 * The samples lie in one linear buffer of a frame and a half; the front is dropped only when the buffer is full, so a
 * sample is moved about once in a frame's time, and a frame that crosses no edge is handed out in place. */
#include "framer.h"
#include "../kernels/kernels.h"
#include <string.h>

#define LOUDEST 1e9f            /* anything beyond, and what is no number, counts as silence: it would stay for ever in
                                 * the means and recurrent states that follow */
#define HISTORY 2               /* samples before a frame to which folding its end at the stream's end may reach */

RnnFramer *
rnn_framer_new (RnnEdges edges, guint length, guint shift, gfloat scale)
{
  RnnFramer *framer = g_new0 (RnnFramer, 1);

  framer->edges = edges;
  framer->length = length;
  framer->shift = shift;
  framer->scale = scale;
  if (edges != RNN_EDGES_SNIP)
    framer->start = (edges == RNN_EDGES_MIRROR ? shift / 2 : 0) - (gint64) (length / 2);
  framer->capacity = length + length / 2 + HISTORY;
  framer->samples = g_new (gfloat, framer->capacity);
  if (edges != RNN_EDGES_SNIP)
    framer->folded = g_new (gfloat, length);
  return framer;
}

void
rnn_framer_free (RnnFramer *framer)
{
  if (!framer)
    return;
  g_free (framer->samples);
  g_free (framer->folded);
  g_free (framer);
}

void
rnn_framer_reset (RnnFramer *framer)
{
  framer->base = 0;
  framer->fill = 0;
  framer->n_frames = 0;
}

static gint64
next_position (RnnFramer *framer)
{
  return framer->start + (gint64) framer->n_frames * framer->shift;
}

static void
drop_front (RnnFramer *framer)
{
  gint64 drop = CLAMP (next_position (framer) - HISTORY - framer->base, 0, framer->fill);

  framer->fill -= (guint) drop;
  framer->base += drop;
  memmove (framer->samples, framer->samples + drop, framer->fill * sizeof (gfloat));
}

guint
rnn_framer_append (RnnFramer *framer, const gfloat *samples, guint n)
{
  if (n > framer->capacity - framer->fill)
    drop_front (framer);
  n = MIN (n, framer->capacity - framer->fill);
  rnn_kernels ()->scale_bounded ((gint) n, framer->scale, LOUDEST, samples, framer->samples + framer->fill);
  framer->fill += n;
  return n;
}

guint64
rnn_framer_count (RnnFramer *framer, gint64 n, gboolean end)
{
  gint64 first_end = framer->start + framer->length;

  if (end && framer->edges == RNN_EDGES_MIRROR)
    return (guint64) (n + framer->shift / 2) / framer->shift;
  if (end && framer->edges == RNN_EDGES_REFLECT)
    return n ? 1 + (guint64) n / framer->shift : 0;
  /* reflection at the start leaves out sample 0, so it needs one sample more */
  if (n < first_end || (framer->edges == RNN_EDGES_REFLECT && n <= -framer->start))
    return 0;
  return 1 + (guint64) (n - first_end) / framer->shift;
}

/* Position @k of the endless stream folded into its real samples [0, n). */
static gint64
fold (RnnEdges edges, gint64 k, gint64 n)
{
  gint64 repeat = edges == RNN_EDGES_MIRROR ? 1 : 0;    /* the edge sample counts twice */
  gint64 period = MAX (2 * n - 2 + 2 * repeat, 1);

  k %= period;
  if (k < 0)
    k += period;
  return k < n ? k : period - repeat - k;
}

const gfloat *
rnn_framer_next (RnnFramer *framer, gboolean end)
{
  gint64 n = framer->base + framer->fill, at = next_position (framer);

  if (framer->n_frames >= rnn_framer_count (framer, n, end))
    return NULL;
  framer->n_frames++;
  if (at >= 0 && at + framer->length <= n)
    return framer->samples + (at - framer->base);
  for (guint i = 0; i < framer->length; i++)
    framer->folded[i] = framer->samples[fold (framer->edges, at + i, n) - framer->base];
  return framer->folded;
}

void
rnn_framer_keep (RnnFramer *framer, RnnKeep *keep)
{
  rnn_keep_same (keep, framer->length);
  rnn_keep_same (keep, framer->shift);
  rnn_keep (keep, &framer->base, sizeof framer->base);
  rnn_keep (keep, &framer->n_frames, sizeof framer->n_frames);
  rnn_keep_count (keep, &framer->fill, framer->capacity);
  rnn_keep (keep, framer->samples, framer->fill * sizeof (gfloat));
  /* what folding and frames reach back to is there */
  if (framer->base < 0 || framer->base > G_MAXINT64 / 4 || framer->n_frames > G_MAXINT64 / 4 / framer->shift
      || framer->base > MAX (next_position (framer) - HISTORY, 0)
      || framer->n_frames > rnn_framer_count (framer, framer->base + framer->fill, FALSE))
    keep->failed = TRUE;
}
