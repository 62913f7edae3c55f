/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Context windows over a stream of frames: `stack` frames side by side, every `stride` frames. */
#pragma once
#include "../base/keep.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint dim, stack, stride;     /* floats per frame; frames */
  guint fill;                   /* frames held */
  guint skip;                   /* frames to let pass first (stride > stack) */
  gfloat *frames;               /* [stack][dim] */
} RnnStack;

RnnStack *rnn_stack_new (guint dim, guint stack, guint stride);
void rnn_stack_free (RnnStack *stack);
void rnn_stack_reset (RnnStack *stack);
void rnn_stack_keep (RnnStack *stack, RnnKeep *keep);

/* Where the next frame goes, [dim]; then rnn_stack_push returns whether that made out[stack * dim]. */
gfloat *rnn_stack_next (RnnStack *stack);
gboolean rnn_stack_push (RnnStack *stack, gfloat *out);
/* Steps that @n frames, from the stream's first, make. */
guint64 rnn_stack_count (RnnStack *stack, guint64 n);

G_END_DECLS
