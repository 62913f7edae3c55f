/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that wait, and spans of speech and silence that they wait for. */
#include "waiting.h"
#include <string.h>

#define MAX_KEPT (1 << 20)

typedef struct {
  guint64 start, end;
  gboolean speech;
  gboolean begins;              /* a stretch */
} Span;

typedef struct {
  RnnWaitingKind kind;
  guint64 start, end;
} Step;

void
rnn_waiting_init (RnnWaiting *w, guint n)
{
  *w = (RnnWaiting) {.n = n };
  w->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  w->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  w->scores = g_array_new (FALSE, FALSE, sizeof (gfloat));
}

void
rnn_waiting_clear (RnnWaiting *w)
{
  g_clear_pointer (&w->spans, g_array_unref);
  g_clear_pointer (&w->steps, g_array_unref);
  g_clear_pointer (&w->scores, g_array_unref);
}

void
rnn_waiting_reset (RnnWaiting *w)
{
  g_array_set_size (w->spans, 0);
  g_array_set_size (w->steps, 0);
  g_array_set_size (w->scores, 0);
  w->first = w->n_marks = 0;
  w->last = 0;
  w->speech = FALSE;
}

gboolean
rnn_waiting_is_used (const RnnWaiting *w)
{
  return w->spans->len > 0 || w->first < w->steps->len;
}

guint
rnn_waiting_get_n (const RnnWaiting *w)
{
  return w->steps->len - w->first;
}

const gfloat *
rnn_waiting_get_scores (const RnnWaiting *w, guint i)
{
  return (const gfloat *) w->scores->data + (gsize) (w->first + i) * w->n;
}

/* ---- what is told ---- */

static Span *
span_at (const RnnWaiting *w, guint i)
{
  return &g_array_index (w->spans, Span, i);
}

void
rnn_waiting_begin (RnnWaiting *w, guint64 start)
{
  Span span = {.start = start,.end = start,.begins = TRUE };

  g_array_append_val (w->spans, span);
}

void
rnn_waiting_tell (RnnWaiting *w, guint64 end, gboolean speech)
{
  Span *last = w->spans->len > 0 ? span_at (w, w->spans->len - 1) : NULL;
  Span next = {.end = end,.speech = speech };

  if (!last || last->end >= end)
    return;
  next.start = last->end;
  if (last->speech == speech)
    last->end = end;
  else
    g_array_append_val (w->spans, next);
}

void
rnn_waiting_jump (RnnWaiting *w)
{
  guint next = 1;

  g_array_set_size (w->steps, 0);
  g_array_set_size (w->scores, 0);
  w->first = w->n_marks = 0;
  w->speech = FALSE;
  w->last = G_MAXUINT64;
  while (next < w->spans->len && !span_at (w, next)->begins)
    next++;
  if (next >= w->spans->len)
    return;
  g_array_remove_range (w->spans, 0, next);
  w->last = 0;
}

void
rnn_waiting_inherit (RnnWaiting *w, const RnnWaiting *from)
{
  if (from->spans->len > 0)
    g_array_append_vals (w->spans, from->spans->data, from->spans->len);
  w->last = from->last;
  w->speech = from->speech;
}

/* The first span is no business of @step's, nor of those after it. */
static gboolean
is_past (const RnnWaiting *w, const Step *step)
{
  const Span *span = span_at (w, 0), *next = span + 1;

  if (w->spans->len < 2)
    return FALSE;
  return next->begins ? step->start >= span->end || step->start < w->last : span->end <= step->start;
}

static void
drop_past (RnnWaiting *w, const Step *step)
{
  while (is_past (w, step)) {
    if (span_at (w, 1)->begins)
      w->last = 0;
    g_array_remove_index (w->spans, 0);
  }
}

/* FALSE: that is still to be told. */
static gboolean
decide (const RnnWaiting *w, const Step *step, gboolean *speech)
{
  *speech = FALSE;
  for (guint i = 0; i < w->spans->len; i++) {
    const Span *span = span_at (w, i);

    if (i > 0 && span->begins)
      return TRUE;              /* nothing more comes of its stretch */
    *speech = span->speech && span->start < step->end && span->end > step->start;
    if (*speech || span->end >= step->end)
      return TRUE;
  }
  return FALSE;
}

/* ---- steps ---- */

static void
drop_gone (RnnWaiting *w)
{
  if (w->first == 0)
    return;
  g_array_remove_range (w->steps, 0, w->first);
  g_array_remove_range (w->scores, 0, w->first * w->n);
  w->first = 0;
}

void
rnn_waiting_push (RnnWaiting *w, RnnWaitingKind kind, const gfloat *scores, guint64 start, guint64 end)
{
  Step step = { kind, start, end };

  drop_gone (w);
  g_array_append_val (w->steps, step);
  g_array_set_size (w->scores, w->steps->len * w->n);
  if (scores)
    memcpy ((gfloat *) w->scores->data + (gsize) (w->steps->len - 1) * w->n, scores, w->n * sizeof (gfloat));
  w->n_marks += kind != RNN_WAITING_STEP;
}

const RnnWaitingStep *
rnn_waiting_next (RnnWaiting *w)
{
  const Step *step = &g_array_index (w->steps, Step, w->first);
  gboolean speech;

  if (w->first == w->steps->len)
    return NULL;
  w->now = (RnnWaitingStep) { step->kind, step->start, step->end, NULL };
  if (step->kind != RNN_WAITING_STEP) {
    w->n_marks--;
    w->first++;
    return &w->now;
  }
  drop_past (w, step);
  if (!decide (w, step, &speech)) {
    if (w->n_marks == 0 && w->spans->len > 0)
      return NULL;
    speech = w->speech;         /* as what was before it */
  }
  w->speech = speech;
  w->last = step->start;
  if (speech)
    w->now.scores = rnn_waiting_get_scores (w, 0);
  w->first++;
  return &w->now;
}

/* ---- into another process ---- */

static gboolean
holds_only_steps (const RnnWaiting *w)
{
  for (guint i = 0; i < w->steps->len; i++)
    if (g_array_index (w->steps, Step, i).kind != RNN_WAITING_STEP)
      return FALSE;
  return TRUE;
}

void
rnn_waiting_keep (RnnWaiting *w, RnnKeep *keep)
{
  drop_gone (w);
  rnn_keep_array (keep, w->spans, MAX_KEPT);
  rnn_keep_array (keep, w->steps, MAX_KEPT);
  rnn_keep_array (keep, w->scores, MAX_KEPT);
  rnn_keep (keep, &w->last, sizeof w->last);
  rnn_keep (keep, &w->speech, sizeof w->speech);
  if (!holds_only_steps (w) || w->scores->len != w->steps->len * w->n)
    keep->failed = TRUE;
}
