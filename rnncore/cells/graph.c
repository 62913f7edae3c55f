/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that name what they read: an acyclic graph in the order of its list.
 *
 *   {"cell": "graph", "layers": [{"cell": "gru", "name": "a"},            reads the graph's input
 *                                {"cell": "dense", "name": "b"},          reads a, the one before it
 *                                {"cell": "add", "from": ["a", "b"]}]}    reads both, side by side: concat, add, mul take them so
 *
 * "input" is the graph's own input, the last layer its output, and every other one is read.  Where branches meet, those that look
 * ahead less wait for the others, so that what meets answers one and the same step.
 *
 * Layers behind one that looks ahead begin late (late.h).
 *
 * State: the layers', in order; then, of every branch that waits, its last d rows [d][width]; if some layer begins late, the number of
 * steps so far.
 * Wires (parts.h): of every layer its input, where that is gathered, and its output, but for the last one's. */
#include "history.h"
#include "late.h"
#include "parts.h"
#include "../kernels/kernels.h"
#include <string.h>

extern const RnnCellClass rnn_cell_concat;

#define INPUT "input"
#define MAX_SOURCES 64

typedef struct {
  gint node;                    /* -1: the graph's input */
  gint width, column;           /* floats, and where they go in what is gathered */
  gint delay;                   /* steps that it waits */
  gsize state;                  /* where its last `delay` rows are */
} Source;

typedef struct {
  Source *sources;
  gint n_sources, latency;      /* latency of its output, seen from the graph's input */
  gboolean gathers;             /* several sources, or one that waits */
  gboolean is_read;
  gsize x, y;                   /* wires: floats per step before them */
} Node;

typedef struct {
  RnnCell cell;
  Node *nodes;
  gint n_nodes;
  gsize n_gradients;            /* floats per step before the room for one dx */
  gint widest_in, widest_out;   /* of a layer */
  gsize count;                  /* where the state counts steps */
  gint delay;                   /* after so many all layers have begun */
} Graph;

static const RnnCell *
child (const RnnCell *cell, gint i)
{
  return cell->children->pdata[i];
}

/* ---- building ---- */

/* The node called @name among the first n, -1 the input, -2 none. */
static gint
find_node (const Graph *g, const gchar *name, gint n)
{
  if (g_strcmp0 (name, INPUT) == 0)
    return -1;
  for (gint i = 0; i < n; i++)
    if (g_strcmp0 (child (&g->cell, i)->name, name) == 0)
      return i;
  return -2;
}

static gboolean
add_source (Graph *g, Node *node, const gchar *name, gint from, const gchar *where, GError **error)
{
  Source *s = &node->sources[node->n_sources++];

  if (from < -1) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no layer before it is called '%s'", where, name ? name : "");
    return FALSE;
  }
  s->node = from;
  s->width = from < 0 ? g->cell.n_in : child (&g->cell, from)->n_out;
  if (from >= 0)
    g->nodes[from].is_read = TRUE;
  return TRUE;
}

/* What node i reads: @from, a name or a list of names, or else the node before it. */
static gboolean
read_sources (Graph *g, gint i, const json_t *from, const gchar *where, GError **error)
{
  Node *node = &g->nodes[i];
  gsize n = json_is_array (from) ? json_array_size (from) : 1;

  if (n < 1 || n > MAX_SOURCES || (from && !json_is_array (from) && !json_is_string (from))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"from\" must be the name of a layer, or a list of 1 to %d of them",
        where, MAX_SOURCES);
    return FALSE;
  }
  node->sources = g_new0 (Source, n);
  if (!from)
    return add_source (g, node, NULL, i - 1, where, error);
  for (gsize k = 0; k < n; k++) {
    const gchar *name = json_string_value (json_is_array (from) ? json_array_get (from, k) : from);

    if (!add_source (g, node, name, find_node (g, name, i), where, error))
      return FALSE;
  }
  return TRUE;
}

/* Columns and delays of its sources; returns the floats of its input. */
static gint
join (Graph *g, Node *node)
{
  gint width = 0;

  for (gint k = 0; k < node->n_sources; k++) {
    gint from = node->sources[k].node;

    node->sources[k].column = width;
    width += node->sources[k].width;
    node->latency = MAX (node->latency, from < 0 ? 0 : g->nodes[from].latency);
  }
  for (gint k = 0; k < node->n_sources; k++) {
    gint from = node->sources[k].node;

    node->sources[k].delay = node->latency - (from < 0 ? 0 : g->nodes[from].latency);
  }
  node->gathers = node->n_sources > 1 || node->sources[0].delay > 0;
  return width;
}

static gboolean
add_node (Graph *g, gint i, const json_t *layer, const gchar *where, GError **error)
{
  json_t *plain = json_copy ((json_t *) layer), *from = json_object_get (layer, "from");
  RnnCell *made = NULL;

  json_object_del (plain, "from");
  if (read_sources (g, i, from, where, error))
    made = rnn_container_add (&g->cell, plain, join (g, &g->nodes[i]), where, error);
  json_decref (plain);
  if (!made)
    return FALSE;
  if (!made->name)
    made->name = g_strdup_printf ("%d", i);
  if (find_node (g, made->name, i) != -2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: two layers are called '%s', or one \"" INPUT "\"", where, made->name);
    return FALSE;
  }
  made->from = from ? json_incref (from) : NULL;
  g->nodes[i].latency += made->latency;
  return TRUE;
}

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  Graph *g = (Graph *) cell;
  const json_t *layers = json_object_get (layer, "layers");
  gint n = (gint) json_array_size (layers);

  if (!rnn_container_check_layers (cell, layers, where, error))
    return FALSE;
  g->nodes = g_new0 (Node, n);
  g->n_nodes = n;
  for (gint i = 0; i < n; i++) {
    g_autofree gchar *at = g_strdup_printf ("%s: layer %d", where, i);

    if (!add_node (g, i, json_array_get (layers, i), at, error))
      return FALSE;
  }
  for (gint i = 0; i < n - 1; i++)
    if (!g->nodes[i].is_read) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: nothing reads layer '%s'", where, child (cell, i)->name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Graph *g = (Graph *) cell;
  gint n = (gint) cell->children->len;
  gsize wires = 0;

  for (gint i = 0; i < n; i++) {
    Node *node = &g->nodes[i];
    gboolean stays;             /* what it gathers is its output, from its first step on (late.h) */

    node->x = wires;
    wires += node->gathers ? child (cell, i)->n_in : 0;
    stays = node->gathers && i < n - 1 && node->latency == 0 && child (cell, i)->klass == &rnn_cell_concat;
    node->y = stays ? node->x : wires;
    wires += i < n - 1 && !stays ? child (cell, i)->n_out : 0;
    g->widest_in = MAX (g->widest_in, child (cell, i)->n_in);
    g->widest_out = MAX (g->widest_out, MAX (child (cell, i)->n_out, cell->n_in));
  }
  g->n_gradients = wires;
  rnn_parts_sizes (cell, wires, wires + (gsize) g->widest_in + g->widest_out);
  for (gint i = 0; i < n; i++)
    for (gint k = 0; k < g->nodes[i].n_sources; k++) {
      Source *s = &g->nodes[i].sources[k];

      s->state = cell->n_state;
      cell->n_state += (guint64) s->delay * s->width;
    }
  for (gint i = 0; i < n; i++)
    g->delay = MAX (g->delay, g->nodes[i].latency - child (cell, i)->latency);
  g->count = cell->n_state;
  cell->n_state += g->delay > 0;
  cell->n_out = child (cell, n - 1)->n_out;
  cell->latency = g->nodes[n - 1].latency;
  return TRUE;
}

static void
finalize (RnnCell *cell)
{
  Graph *g = (Graph *) cell;

  for (gint i = 0; i < g->n_nodes; i++)
    g_free (g->nodes[i].sources);
  g_free (g->nodes);
}

/* ---- running ---- */

static gfloat *output_of (const Graph *g, const RnnRun *run, gint node);
static gfloat *input_of (const Graph *g, const RnnRun *run, gint i);

/* The run of node i: noise of its own, its own beginning and end. */
static RnnRun
node_run (const Graph *g, const RnnRun *run, gint i)
{
  RnnRun r = rnn_part_run (child (&g->cell, i), run);

  r.shift += g->nodes[i].latency - child (&g->cell, i)->latency;
  r.seed = run->seed ? MAX (run->seed + (guint64) (i + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15), 1) : 0;
  r.x = input_of (g, run, i);
  r.y = output_of (g, run, i);
  return r;
}

/* Output of a node, or the graph's input: [T][B][width]. */
static gfloat *
output_of (const Graph *g, const RnnRun *run, gint node)
{
  if (node < 0)
    return (gfloat *) run->x;
  if (node == (gint) g->cell.children->len - 1)
    return run->y;
  return rnn_parts_wires (run) + g->nodes[node].y * (gsize) run->T * run->B;
}

/* Input of node i: [T][B][n_in]. */
static gfloat *
input_of (const Graph *g, const RnnRun *run, gint i)
{
  return g->nodes[i].gathers ? rnn_parts_wires (run) + g->nodes[i].x * (gsize) run->T * run->B
      : output_of (g, run, g->nodes[i].sources[0].node);
}

static void
gather (const Graph *g, const RnnRun *run, gint i)
{
  gint n_in = child (&g->cell, i)->n_in;
  gfloat *x = input_of (g, run, i);

  for (gint k = 0; k < g->nodes[i].n_sources; k++) {
    const Source *s = &g->nodes[i].sources[k];
    RnnRun branch = *run;

    branch.x = output_of (g, run, s->node);
    for (gint t = 0; t < run->T; t++)
      for (gint b = 0; b < run->B; b++)
        memcpy (x + ((gsize) t * run->B + b) * n_in + s->column,
            rnn_history_row (&branch, s->width, s->state, s->delay, t, b), (gsize) s->width * sizeof (gfloat));
    rnn_history_advance (&branch, s->width, s->state, s->delay);
  }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Graph *g = (const Graph *) cell;
  const RnnLate late = { run, g->count, g->delay };

  for (gint i = 0; i < (gint) cell->children->len; i++) {
    RnnRun r = node_run (g, run, i);

    if (g->nodes[i].gathers)
      gather (g, run, i);
    rnn_late_forward (&late, child (cell, i), &r);
  }
  rnn_late_count (&late);
}

/* Adds columns of dx [T][B][n_in] to what the branch's own gradient is, past the rows that wait. */
static void
scatter (const Graph *g, const RnnRun *run, const RnnGrad *grad, const Source *s, gint n_in, const gfloat *dx, gfloat *to)
{
  gsize steps = (gsize) run->T * run->B;
  gfloat *passed = run->scratch + steps * (g->n_gradients + g->widest_in);
  const RnnGrad delayed = { .dx = passed, .dstate = grad->dstate };

  rnn_history_grad_begin (run, &delayed, s->width, s->state, s->delay);
  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++)
      rnn_kernels ()->add (s->width, dx + ((gsize) t * run->B + b) * n_in + s->column,
          rnn_history_grad_row (run, &delayed, s->width, s->state, s->delay, t, b));
  if (to)
    for (gsize row = 0; row < steps; row++)
      rnn_kernels ()->add (s->width, passed + row * s->width, to + row * s->width);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Graph *g = (const Graph *) cell;
  gint n = (gint) cell->children->len;
  gsize steps = (gsize) run->T * run->B;
  gfloat *dx = run->scratch + steps * g->n_gradients;
  const RnnLate late = { run, g->count, g->delay };

  memset (run->scratch, 0, steps * g->n_gradients * sizeof (gfloat));
  if (grad->dx)
    memset (grad->dx, 0, steps * cell->n_in * sizeof (gfloat));
  for (gint i = n - 1; i >= 0; i--) {
    const gfloat *dy = i < n - 1 ? run->scratch + steps * g->nodes[i].y : grad->dy;
    RnnRun r = node_run (g, run, i);

    rnn_late_backward (&late, child (cell, i), &r, (RnnGrad) { .dy = dy, .dx = dx,
        .dstate = grad->dstate + child (cell, i)->part_state, .dparam = grad->dparam });
    for (gint k = 0; k < g->nodes[i].n_sources; k++) {
      const Source *s = &g->nodes[i].sources[k];

      scatter (g, run, grad, s, child (cell, i)->n_in, dx,
          s->node < 0 ? grad->dx : run->scratch + steps * g->nodes[s->node].y);
    }
  }
  rnn_late_forget (&late, grad);
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  for (guint i = 0; i < cell->children->len; i++) {
    rnn_cell_reset_state (child (cell, (gint) i), state);
    state += child (cell, (gint) i)->n_state;
  }
}

const RnnCellClass rnn_cell_graph = {
  .name = "graph",
  .summary = "layers that name what they read",
  .instance_size = sizeof (Graph),
  .n_copies = 1,
  .build = build,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
  .finalize = finalize,
};
