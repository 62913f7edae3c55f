/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frame stacking: step s is the frames s * stride .. s * stride + stack - 1, oldest first. */
#include "stack.h"
#include "features.h"
#include <string.h>

RnnStack *
rnn_stack_new (guint dim, guint stack, guint stride)
{
  RnnStack *s = g_new0 (RnnStack, 1);

  s->dim = dim;
  s->stack = stack;
  s->stride = stride;
  s->frames = g_new (gfloat, (gsize) dim * stack);
  return s;
}

void
rnn_stack_free (RnnStack *stack)
{
  if (!stack)
    return;
  g_free (stack->frames);
  g_free (stack);
}

void
rnn_stack_reset (RnnStack *stack)
{
  stack->fill = stack->skip = 0;
}

gfloat *
rnn_stack_next (RnnStack *stack)
{
  return stack->frames + (gsize) stack->fill * stack->dim;
}

gboolean
rnn_stack_push (RnnStack *stack, gfloat *out)
{
  gsize frame = stack->dim * sizeof (gfloat);

  if (stack->skip) {
    stack->skip--;
    return FALSE;
  }
  if (++stack->fill < stack->stack)
    return FALSE;
  memcpy (out, stack->frames, stack->stack * frame);
  stack->fill -= MIN (stack->stride, stack->stack);
  stack->skip = stack->stride - MIN (stack->stride, stack->stack);
  memmove (stack->frames, stack->frames + (gsize) (stack->stack - stack->fill) * stack->dim, stack->fill * frame);
  return TRUE;
}

guint64
rnn_stack_count (RnnStack *stack, guint64 n)
{
  return n < stack->stack ? 0 : 1 + (n - stack->stack) / stack->stride;
}

guint
rnn_stack_frames (const gfloat *frames, guint n, guint dim, guint stack, guint stride, gfloat *out)
{
  guint steps = n < stack ? 0 : 1 + (n - stack) / stride;

  for (guint s = 0; s < steps; s++)
    memcpy (out + (gsize) s * stack * dim, frames + (gsize) s * stride * dim, (gsize) stack * dim * sizeof (gfloat));
  return steps;
}

void
rnn_stack_keep (RnnStack *stack, RnnKeep *keep)
{
  rnn_keep_same (keep, stack->dim);
  rnn_keep_same (keep, stack->stack);
  rnn_keep_same (keep, stack->stride);
  rnn_keep_count (keep, &stack->fill, stack->stack - 1);
  rnn_keep_count (keep, &stack->skip, stack->stride);
  rnn_keep (keep, stack->frames, (gsize) stack->fill * stack->dim * sizeof (gfloat));
}
