/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of samples cut into overlapping frames. */
#pragma once
#include "../base/keep.h"
#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RNN_EDGES_SNIP,               /* whole frames only; frame t starts at t * shift */
  RNN_EDGES_MIRROR,             /* Kaldi: frame t is centred on t * shift + shift / 2; the edge is ... 1 0 | 0 1 ... */
  RNN_EDGES_REFLECT,            /* torch.stft: frame t is centred on t * shift; the edge is ... 2 1 | 0 1 2 ... */
} RnnEdges;

typedef struct {
  RnnEdges edges;
  guint length, shift;          /* samples */
  gfloat scale;
  gint64 start;                 /* first sample of frame 0; negative: beyond the edge */
  gfloat *samples;              /* [capacity], of which `fill` are valid; scaled */
  guint capacity, fill;
  gint64 base;                  /* position in the stream of samples[0] */
  guint64 n_frames;             /* handed out */
  gfloat *folded;               /* [length]: a frame that crosses an edge; RNN_EDGES_SNIP: NULL */
} RnnFramer;

RnnFramer *rnn_framer_new (RnnEdges edges, guint length, guint shift, gfloat scale);
void rnn_framer_free (RnnFramer *framer);
void rnn_framer_reset (RnnFramer *framer);
void rnn_framer_keep (RnnFramer *framer, RnnKeep *keep);

/* Takes as many of the @n samples as there is room for (at least one, once all complete frames were taken). */
guint rnn_framer_append (RnnFramer *framer, const gfloat *samples, guint n);
/* The next complete frame, or with @end the next that a stream ending here still has; NULL: none.  [length], valid
 * until the next call. */
const gfloat *rnn_framer_next (RnnFramer *framer, gboolean end);
/* Frames, from the stream's first, that are complete after @n samples, or with @end that a stream of @n samples has. */
guint64 rnn_framer_count (RnnFramer *framer, gint64 n, gboolean end);

G_END_DECLS
