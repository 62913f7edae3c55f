/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes through the nodes of a graph, those within its branches too, and makes of each what its row says. */
#include "net-run.h"
#include "base/error.h"
#include "base/memory.h"

#define MAX_DEPTH 24            /* of graphs within graphs */
#define MAX_NODES 200000
#define MAX_EFFORT ((guint64) 1 << 31)  /* elements that nodes are given, one after the other */
#define MAX_WIRES 16384
#define MAX_ROW ((gsize) 1 << 22)       /* numbers of a step that go in */
#define MAX_UNIT 64

/* ---- names ---- */

static GHashTable *
push_scope (RnnNetWork *w)
{
  GHashTable *scope = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rnn_net_value_unref);

  g_ptr_array_add (w->scopes, scope);
  return scope;
}

static RnnNetValue *
look_up (const RnnNetWork *w, const RnnNetGraph *graph, const gchar *name)
{
  RnnNetValue *value = NULL;

  for (guint i = w->scopes->len; i-- > 0 && !value;)
    value = g_hash_table_lookup (w->scopes->pdata[i], name);
  if (!value)
    value = g_hash_table_lookup (graph->constants, name);
  return value ? value : g_hash_table_lookup (w->graph->constants, name);
}

static void
set_value (RnnNetWork *w, const gchar *name, RnnNetValue *value)
{
  g_hash_table_replace (w->scopes->pdata[w->scopes->len - 1], g_strdup (name), value);
}

/* ---- nodes ---- */

static gboolean run_nodes (RnnNetWork *w, const RnnNetGraph *graph, GError **error);

/* The branch's answers become the node's. */
static gboolean
run_branch (RnnNetCall *c, const RnnNetGraph *branch)
{
  RnnNetWork *w = c->work;
  gboolean ok;

  if (++w->depth > MAX_DEPTH)
    return rnn_net_fail (c, "lies in more than %d graphs within graphs", MAX_DEPTH);
  push_scope (w);
  ok = run_nodes (w, branch, c->error);
  for (gint i = 0; ok && i < c->n_out && i < (gint) branch->outputs->len; i++) {
    RnnNetValue *value = look_up (w, branch, branch->outputs->pdata[i]);

    c->out[i] = value ? rnn_net_value_ref (value) : NULL;
  }
  g_ptr_array_remove_index (w->scopes, w->scopes->len - 1);
  w->depth--;
  return ok;
}

static gboolean
run_if (RnnNetCall *c)
{
  const RnnNetAttribute *branch;
  gdouble condition;

  if (!rnn_net_need (c, 1) || !rnn_net_is_uniform (c->in[0], &condition))
    return rnn_net_fail (c, "asks what only a running model knows; export it for one case");
  branch = rnn_net_node_find (c->node, condition != 0 ? "then_branch" : "else_branch");
  if (!branch || !branch->graph)
    return rnn_net_fail (c, "has no graph for its case");
  return run_branch (c, branch->graph);
}

static gboolean
run_node (RnnNetCall *c)
{
  const RnnNetOp *op = rnn_net_op_find (c->node->op);

  if (c->n_out < 1)
    return rnn_net_fail (c, "makes nothing");
  for (gint i = 0; i < c->n_in; i++) {
    c->work->effort += c->in[i] ? c->in[i]->size + 1 : 1;
    if (c->in[i] && !c->in[i]->size && !rnn_net_is_constant (c->in[i]))
      return rnn_net_fail (c, "is given a tensor without elements");
  }
  if (c->work->spent > rnn_net_most () || c->work->effort > MAX_EFFORT || c->work->wires->len > MAX_WIRES)
    return rnn_net_fail (c, "is one too many: the model's tensors have more than %" G_GSIZE_FORMAT " elements, or it has more than %d layers",
        rnn_net_most (), MAX_WIRES);
  if (g_str_equal (c->node->op, "If"))
    return run_if (c);
  if (op && rnn_net_beside_check (c) && op->func (c)) {
    rnn_net_beside_pass (c);
    return TRUE;
  }
  if (op)
    return rnn_net_fail (c, "cannot be translated");
  if (g_str_equal (c->node->op, "Loop") || g_str_equal (c->node->op, "Scan"))
    return rnn_net_fail (c, "loops over nodes; export the layer as LSTM, GRU or RNN, or one step of it with its state as input and output");
  return rnn_net_fail (c, "is an operator that is not supported; simplify the model, or export it without that operator");
}

/* Reads what is there, runs, names what comes out. */
static gboolean
call_node (RnnNetWork *w, const RnnNetGraph *graph, const RnnNetNode *node, GError **error)
{
  gint n_in = (gint) g_strv_length (node->inputs), n_out = (gint) g_strv_length (node->outputs);
  g_autofree RnnNetValue **in = g_new0 (RnnNetValue *, n_in + 1), **out = g_new0 (RnnNetValue *, n_out + 1);
  GError *reason = NULL;
  RnnNetCall c = { w, node, in, out, n_in, n_out, &reason };
  gboolean ok = TRUE;

  for (gint i = 0; ok && i < n_in; i++) {
    in[i] = *node->inputs[i] ? look_up (w, graph, node->inputs[i]) : NULL;
    if (!in[i] && *node->inputs[i])
      ok = rnn_net_fail (&c, "reads \"%.80s\", which no node before it makes, or which a stream does not know", node->inputs[i]);
  }
  ok = ok && run_node (&c);
  for (gint i = 0; i < n_out; i++)
    if (ok && out[i] && *node->outputs[i])
      set_value (w, node->outputs[i], out[i]);
    else
      rnn_net_value_unref (out[i]);
  if (!ok)
    g_propagate_error (error, reason);
  return ok;
}

static gboolean
run_nodes (RnnNetWork *w, const RnnNetGraph *graph, GError **error)
{
  for (guint i = 0; i < graph->nodes->len; i++)
    if (!call_node (w, graph, graph->nodes->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ---- inputs ---- */

/* Adds an input's elements to those of the row. */
static gboolean
count_row (const RnnNetWork *w, const RnnNetPlan *plan, guint i, gsize *row, GError **error)
{
  const RnnNetInput *input = w->graph->inputs->pdata[i];
  gsize size = 1;

  for (gint d = 0; d < input->rank && size <= MAX_ROW; d++)
    size = rnn_size_mul_dim (size, plan->dims[i][d]);
  *row += MIN (size, MAX_ROW + 1);
  if (*row <= MAX_ROW)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: with the input \"%.80s\" a step has more than %" G_GSIZE_FORMAT " numbers", w->where,
      input->name, MAX_ROW);
  return FALSE;
}

/* Places in wire 0 for the inputs: those that are no states first. */
static gboolean
set_inputs (RnnNetWork *w, const RnnNetPlan *plan, GError **error)
{
  RnnNetWire *wire = rnn_net_wire_get (w, 0);
  gint64 at = 0;
  gsize row = 0;

  for (gint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < w->graph->inputs->len; i++) {
      const RnnNetInput *input = w->graph->inputs->pdata[i];
      RnnNetKind kind = plan->bound[i] ? (input->integer ? RNN_NET_INT : RNN_NET_FLOAT) : plan->sequence && plan->state[i] >= 0 ? RNN_NET_FLOAT
          : RNN_NET_WIRES;
      RnnNetValue *v;

      if ((plan->state[i] >= 0) != (pass == 1))
        continue;
      if (!count_row (w, plan, i, &row, error) || !(v = rnn_net_value_new (kind, input->rank, plan->dims[i], error)))
        return FALSE;
      v->integer = input->integer;
      v->time = plan->time_axis[i];
      for (gsize k = 0; k < v->size; k++)
        if (kind == RNN_NET_WIRES)
          v->data[k].ref = (typeof (v->data[k].ref)) { 0, (gint32) at++ };
        else if (plan->bound[i] && kind == RNN_NET_INT)
          v->data[k].i = (gint64) plan->value[i];
        else if (plan->bound[i])
          v->data[k].f = plan->value[i];
      set_value (w, input->name, v);
    }
  wire->n = (gint) at;
  return TRUE;
}

/* ---- a whole translation ---- */

static void
free_wire (gpointer data)
{
  RnnNetWire *wire = data;

  for (guint i = 0; i < wire->weights->len; i++) {
    g_free (g_array_index (wire->weights, RnnNetWeight, i).name);
    g_free (g_array_index (wire->weights, RnnNetWeight, i).data);
  }
  g_array_unref (wire->weights);
  g_free (wire->name);
  g_free (wire->sources);
  json_decref (wire->cell);
  g_free (wire);
}

static RnnNetWork *
new_work (const RnnNetGraph *graph, const gchar *where, const RnnNetPlan *plan)
{
  RnnNetWork *w = g_new0 (RnnNetWork, 1);
  RnnNetWire *input = g_new0 (RnnNetWire, 1);

  w->where = where;
  w->graph = graph;
  w->opset = graph->opset;
  w->unit = plan->unit;
  w->wires = g_ptr_array_new_with_free_func (free_wire);
  w->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  w->orders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  w->scopes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  input->name = g_strdup ("input");
  input->weights = g_array_new (FALSE, FALSE, sizeof (RnnNetWeight));
  g_hash_table_add (w->names, g_strdup ("input"));
  g_ptr_array_add (w->wires, input);
  push_scope (w);
  return w;
}

static void
free_work (RnnNetWork *w)
{
  g_ptr_array_unref (w->wires);
  g_hash_table_unref (w->names);
  g_hash_table_unref (w->orders);
  g_ptr_array_unref (w->scopes);
  g_free (w);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnNetWork, free_work)

/* The graph's outputs, or NULL (g_free). */
static RnnNetValue **
find_outputs (RnnNetWork *w, GError **error)
{
  g_autofree RnnNetValue **outputs = g_new0 (RnnNetValue *, w->graph->outputs->len + 1);

  for (guint i = 0; i < w->graph->outputs->len; i++)
    if (!(outputs[i] = look_up (w, w->graph, w->graph->outputs->pdata[i])) && i == 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no node makes the output \"%.80s\"", w->where,
          (const gchar *) w->graph->outputs->pdata[i]);
      return NULL;
    } else if (outputs[i] && rnn_net_has_beside (outputs[i])) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the output \"%.80s\" has more places than the sequence, or fewer, which no stream "
          "can have", w->where, (const gchar *) w->graph->outputs->pdata[i]);
      return NULL;
    }
  return g_steal_pointer (&outputs);
}

typedef enum { DONE, AGAIN, FAILED } Outcome;

/* Once through: AGAIN, if it brought up what has to be known before. */
static Outcome
translate_once (const RnnNetGraph *graph, const gchar *where, RnnNetPlan *plan, RnnImport *import, GError **error)
{
  g_autoptr (RnnNetWork) w = new_work (graph, where, plan);
  g_autofree RnnNetValue **outputs = NULL;

  if (!set_inputs (w, plan, error) || !run_nodes (w, graph, error) || !(outputs = find_outputs (w, error))) {
    if (w->wanted > plan->unit && w->wanted <= MAX_UNIT && plan->sequence) {
      g_clear_error (error);
      for (guint i = 0; i < graph->inputs->len; i++)
        if (plan->time_axis[i] >= 0)
          plan->dims[i][plan->time_axis[i]] = w->wanted;
      plan->unit = w->wanted;
      return AGAIN;
    }
    return FAILED;
  }
  if (rnn_net_plan_states (graph, plan, outputs))
    return AGAIN;
  return rnn_net_write (w, plan, outputs, import, error) ? DONE : FAILED;
}

/* In a sequence, states are asked for before they are known to come back: first all that could be are taken for 0. */
static void
guess_states (const RnnNetGraph *graph, RnnNetPlan *plan)
{
  for (guint i = 1, output = 1; plan->sequence && i < graph->inputs->len && output < graph->outputs->len; i++)
    if (plan->time_axis[i] < 0 && !plan->bound[i] && !((RnnNetInput *) graph->inputs->pdata[i])->integer)
      plan->state[i] = (gint) output++;
}

static gboolean
count_nodes (const RnnNetGraph *graph, gint depth, guint *n)
{
  *n += graph->nodes->len;
  if (depth > MAX_DEPTH || *n > MAX_NODES)
    return FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const RnnNetNode *node = graph->nodes->pdata[i];

    for (guint k = 0; k < node->attributes->len; k++) {
      const RnnNetAttribute *a = node->attributes->pdata[k];

      if (a->graph && !count_nodes (a->graph, depth + 1, n))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
rnn_net_translate (RnnNetGraph *graph, const gchar *where, RnnImport *import, GError **error)
{
  GError *first = NULL;
  RnnNetPlan plan;
  guint n = 0;

  if (!count_nodes (graph, 0, &n) || graph->inputs->len < 1 || graph->inputs->len > RNN_NET_INPUTS || graph->outputs->len < 1) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: a graph of %u nodes, %u inputs and %u outputs is no model that can be run", where, n,
        graph->inputs->len, graph->outputs->len);
    return FALSE;
  }
  for (guint attempt = 0; rnn_net_plan (graph, attempt, &plan); attempt++) {
    GError *reason = NULL;
    Outcome outcome = AGAIN;

    guess_states (graph, &plan);
    for (gint tries = 0; outcome == AGAIN && tries < 8; tries++)
      outcome = translate_once (graph, where, &plan, import, &reason);
    if (outcome == DONE) {
      g_clear_error (&first);
      return TRUE;
    }
    if (first)
      g_clear_error (&reason);
    else
      first = reason;
  }
  if (first)
    g_propagate_error (error, first);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: what a step of it is cannot be told", where);
  return FALSE;
}
