/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a step of the model is, which inputs are states, and what is known of models whose files do not say it. */
#include "net-run.h"
#include <string.h>

/* Silero's voice detectors: a block of samples, in the fifth version behind the last ones before it. */
static const gchar *const silero5[] = { "input", "state", "sr", NULL }, *const silero4[] = { "input", "sr", "h", "c", NULL };
static const RnnNetKnown known[] = {
  { silero5, 576, 64, 16000, "Silero VAD" },
  { silero4, 512, 0, 16000, "Silero VAD" },
};

static gint
find_input (const RnnNetGraph *graph, const gchar *name)
{
  for (guint i = 0; i < graph->inputs->len; i++)
    if (g_str_equal (((RnnNetInput *) graph->inputs->pdata[i])->name, name))
      return (gint) i;
  return -1;
}

static const RnnNetKnown *
find_known (const RnnNetGraph *graph)
{
  for (guint k = 0; k < G_N_ELEMENTS (known); k++) {
    guint n = g_strv_length ((GStrv) known[k].inputs), i = 0;

    while (i < n && find_input (graph, known[k].inputs[i]) >= 0)
      i++;
    if (i == n && n == graph->inputs->len)
      return &known[k];
  }
  return NULL;
}

/* ---- the axis of time ---- */

static gboolean
contains (const gchar *symbol, const gchar *const *words)
{
  g_autofree gchar *lower = g_ascii_strdown (symbol ? symbol : "", -1);

  for (; *words; words++)
    if (strstr (lower, *words))
      return TRUE;
  return FALSE;
}

/* How likely an open dimension is that of steps; 0: it is none, or a batch. */
static gint
likelihood (const RnnNetInput *input, gint axis)
{
  static const gchar *const times[] = { "seq", "time", "len", "frame", "step", "length", NULL }, *const batches[] = { "batch", NULL };
  const gchar *symbol = input->symbols[axis];
  gint open = 0;

  if (input->dims[axis] >= 0)
    return 0;
  for (gint i = 0; i < input->rank; i++)
    open += input->dims[i] < 0;
  if (contains (symbol, batches) || (symbol && (g_str_equal (symbol, "N") || g_str_equal (symbol, "B"))))
    return 0;
  if (contains (symbol, times) || (symbol && (g_str_equal (symbol, "T") || g_str_equal (symbol, "L") || g_str_equal (symbol, "S"))))
    return 100 - axis;
  if (axis == 0 && open == 1)
    return 0;           /* the batch of a model that takes one block */
  return 50 - (axis == 0 ? 25 : axis);
}

/* The axis that is @attempt-th likeliest; -1: there are no more. */
static gint
find_axis (const RnnNetInput *input, guint attempt)
{
  gint best = -1, below = G_MAXINT;

  for (guint k = 0; k <= attempt; k++) {
    gint most = 0;

    best = -1;
    for (gint i = 0; i < input->rank; i++) {
      gint l = likelihood (input, i);

      if (l > most && l < below) {
        most = l;
        best = i;
      }
    }
    if (best < 0)
      return -1;
    below = most;
  }
  return best;
}

/* Is an open dimension of another input the same as this one of the first? */
static gboolean
is_same (const RnnNetInput *first, gint axis, const RnnNetInput *other, gint i)
{
  const gchar *a = first->symbols[axis], *b = other->symbols[i];

  return other->dims[i] < 0 && (a && b ? g_str_equal (a, b) : i == axis && other->rank == first->rank);
}

/* ---- the plan ---- */

static gboolean
is_rate (const RnnNetInput *input)
{
  static const gchar *const words[] = { "rate", NULL };

  return input->integer && input->rank <= 1 && (g_str_equal (input->name, "sr") || g_str_equal (input->name, "fs") || contains (input->name, words));
}

static void
plan_input (const RnnNetGraph *graph, RnnNetPlan *plan, guint i, gint axis)
{
  const RnnNetInput *input = graph->inputs->pdata[i], *first = graph->inputs->pdata[0];

  plan->time_axis[i] = plan->state[i] = -1;
  plan->bound[i] = is_rate (input);
  plan->value[i] = plan->known ? plan->known->rate : 16000;
  for (gint d = 0; d < input->rank; d++) {
    plan->dims[i][d] = input->dims[d] < 0 ? 1 : input->dims[d];
    if (axis >= 0 && plan->time_axis[i] < 0 && (i == 0 ? d == axis : is_same (first, axis, input, d)))
      plan->time_axis[i] = d;
  }
  if (plan->time_axis[i] >= 0)
    plan->dims[i][plan->time_axis[i]] = plan->unit;
}

gboolean
rnn_net_plan (const RnnNetGraph *graph, guint attempt, RnnNetPlan *plan)
{
  gint axis;

  memset (plan, 0, sizeof (*plan));
  plan->unit = 1;
  plan->known = find_known (graph);
  axis = plan->known ? -1 : find_axis (graph->inputs->pdata[0], attempt);
  if (axis < 0 && attempt)
    return FALSE;
  plan->sequence = axis >= 0;
  for (guint i = 0; i < graph->inputs->len; i++)
    plan_input (graph, plan, i, axis);
  if (plan->known) {
    gint input = find_input (graph, "input");
    const RnnNetInput *first = graph->inputs->pdata[input];

    if (first->rank > 0 && first->dims[first->rank - 1] < 0)
      plan->dims[input][first->rank - 1] = plan->known->length;
    if (input != 0 || first->rank < 1 || plan->dims[input][first->rank - 1] != plan->known->length)
      plan->known = NULL;       /* has other blocks than it is known for */
  }
  return TRUE;
}

/* ---- states ---- */

/* How alike two names are: the letters that they begin, or end, with. */
static gint
likeness (const gchar *a, const gchar *b)
{
  gsize n = MIN (strlen (a), strlen (b)), head = 0, tail = 0;

  while (head < n && a[head] == b[head])
    head++;
  while (tail < n && a[strlen (a) - 1 - tail] == b[strlen (b) - 1 - tail])
    tail++;
  return (gint) MAX (head, tail);
}

static gboolean
could_be_state (const RnnNetGraph *graph, const RnnNetPlan *plan, guint i, const RnnNetValue *output)
{
  const RnnNetInput *input = graph->inputs->pdata[i];

  if (i == 0 || plan->bound[i] || plan->time_axis[i] >= 0 || input->integer || !output || output->time >= 0 || output->rank != input->rank)
    return FALSE;
  for (gint d = 0; d < input->rank; d++)
    if (output->dims[d] != plan->dims[i][d])
      return FALSE;
  return TRUE;
}

gboolean
rnn_net_plan_states (const RnnNetGraph *graph, RnnNetPlan *plan, RnnNetValue *const *outputs)
{
  g_autofree gboolean *taken = g_new0 (gboolean, graph->outputs->len + 1);
  gboolean found = FALSE;

  for (guint i = 0; i < graph->inputs->len; i++)
    if (plan->state[i] >= 0)
      taken[plan->state[i]] = TRUE;
  for (;;) {
    gint best = -1, input = -1, output = -1;

    for (guint i = 1; i < graph->inputs->len; i++)
      for (guint o = 1; o < graph->outputs->len && plan->state[i] < 0; o++) {
        gint l = !taken[o] && could_be_state (graph, plan, i, outputs[o])
            ? likeness (((RnnNetInput *) graph->inputs->pdata[i])->name, graph->outputs->pdata[o]) : -1;

        if (l > best) {
          best = l;
          input = (gint) i;
          output = (gint) o;
        }
      }
    if (best < 0)
      return found;
    plan->state[input] = output;
    taken[output] = found = TRUE;
  }
}
