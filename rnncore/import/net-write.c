/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recipe of the wires that its output needs, and their tensors. */
#include "net-run.h"
#include "base/error.h"
#include <string.h>

static gboolean
fail (const RnnNetWork *w, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %s", w->where, reason);
  return FALSE;
}

/* ---- what the model answers ---- */

/* All outputs that are no states, then these, as one tensor of a row. */
static RnnNetValue *
join_outputs (RnnNetCall *c, const RnnNetPlan *plan, RnnNetValue *const *outputs, gint *n_states)
{
  RnnNetValue like = { .kind = RNN_NET_WIRES };
  guint n = c->work->graph->outputs->len, n_inputs = c->work->graph->inputs->len;
  g_autofree gint *state_of = g_new (gint, n + 1);
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  gint64 size = 0, at = 0;
  RnnNetValue *row;

  for (guint o = 0; o < n; o++)
    state_of[o] = -1;
  for (guint i = 0; i < n_inputs; i++)
    if (plan->state[i] >= 0)
      state_of[plan->state[i]] = (gint) i;
  for (guint o = 0; o < n; o++)
    if (state_of[o] < 0 && outputs[o])
      g_ptr_array_add (parts, outputs[o]);
  *n_states = 0;
  for (guint i = 0; i < n_inputs && !plan->sequence; i++)
    if (plan->state[i] >= 0) {
      g_ptr_array_add (parts, outputs[plan->state[i]]);
      *n_states += (gint) outputs[plan->state[i]]->size;
    }
  for (guint i = 0; i < parts->len; i++)
    size += (gint64) ((RnnNetValue *) parts->pdata[i])->size;
  if (!(row = rnn_net_value_like (c, &like, 1, &size)))
    return NULL;
  for (guint i = 0; i < parts->len; i++) {
    g_autoptr (RnnNetValue) part = rnn_net_as_wires (c, parts->pdata[i]);

    if (!part) {
      rnn_net_value_unref (row);
      return NULL;
    }
    memcpy (row->data + at, part->data, part->size * sizeof (RnnNetElement));
    at += (gint64) part->size;
  }
  return row;
}

/* ---- layers ---- */

static void
mark (const RnnNetWork *w, gint wire, gboolean *needed)
{
  needed[wire] = TRUE;
  for (gint i = wire; i > 0; i--)       /* what a wire reads has a smaller number */
    for (gint k = 0; needed[i] && k < rnn_net_wire_get (w, i)->n_sources; k++)
      needed[rnn_net_wire_get (w, i)->sources[k]] = TRUE;
}

static gboolean
add_weights (const RnnNetWire *wire, RnnTensors *tensors, GError **error)
{
  for (guint i = 0; i < wire->weights->len; i++) {
    const RnnNetWeight *weight = &g_array_index (wire->weights, RnnNetWeight, i);
    g_autofree gchar *full = g_strconcat (wire->name, ".", weight->name, NULL);
    gfloat *to = rnn_tensors_add_f32 (tensors, full, weight->rank, weight->dims, error);
    gsize n = sizeof (gfloat);

    if (!to)
      return FALSE;
    for (gint k = 0; k < weight->rank; k++)
      n *= (gsize) weight->dims[k];
    memcpy (to, weight->data, n);
  }
  return TRUE;
}

/* The layers of the graph up to @last, in order. */
static json_t *
write_layers (const RnnNetWork *w, gint last, const gboolean *needed, RnnTensors *tensors, GError **error)
{
  json_t *layers = json_array ();

  for (gint i = 1; i <= last; i++) {
    const RnnNetWire *wire = rnn_net_wire_get (w, i);
    json_t *layer, *from;

    if (!needed[i])
      continue;
    layer = json_deep_copy (wire->cell);
    from = json_array ();
    for (gint k = 0; k < wire->n_sources; k++)
      json_array_append_new (from, json_string (rnn_net_wire_get (w, wire->sources[k])->name));
    json_object_set_new (layer, "name", json_string (wire->name));
    json_object_set_new (layer, "from", from);
    json_array_append_new (layers, layer);
    if (!add_weights (wire, tensors, error)) {
      json_decref (layers);
      return NULL;
    }
  }
  return layers;
}

/* ---- names and shapes ---- */

static json_t *
describe (const gchar *name, gint rank, const gint64 *dims, gint time)
{
  json_t *shape = json_array (), *tensor;

  for (gint i = 0; i < rank; i++)
    json_array_append_new (shape, json_integer (dims[i]));
  tensor = json_pack ("{ss so}", "name", name, "shape", shape);
  if (tensor && time >= 0)
    json_object_set_new (tensor, "time", json_integer (time));
  return tensor;
}

/* What rows are made of: for who has the tensors themselves. */
static json_t *
describe_all (const RnnNetWork *w, const RnnNetPlan *plan, RnnNetValue *const *outputs)
{
  json_t *in = json_array (), *out = json_array (), *states = json_array ();

  for (guint i = 0; i < w->graph->inputs->len; i++) {
    const RnnNetInput *input = w->graph->inputs->pdata[i];
    gint64 dims[RNN_NET_RANK];
    json_t *tensor;

    memcpy (dims, plan->dims[i], sizeof (dims));
    if (plan->known && i == 0 && input->rank > 0)
      dims[input->rank - 1] -= plan->known->context;
    tensor = plan->bound[i] ? NULL : describe (input->name, input->rank, dims, plan->time_axis[i]);

    if (!tensor)
      continue;
    if (plan->state[i] >= 0)
      json_object_set_new (tensor, "output", json_string (w->graph->outputs->pdata[plan->state[i]]));
    json_array_append_new (plan->state[i] >= 0 ? states : in, tensor);
  }
  for (guint o = 0; o < w->graph->outputs->len; o++) {
    gboolean state = FALSE;

    for (guint i = 0; i < w->graph->inputs->len; i++)
      state |= plan->state[i] == (gint) o;
    if (!state && outputs[o])
      json_array_append_new (out, describe (w->graph->outputs->pdata[o], outputs[o]->rank, outputs[o]->dims, outputs[o]->time));
  }
  return json_pack ("{so so so}", "inputs", in, "outputs", out, "states", states);
}

/* ---- the recipe ---- */

/* Whose steps are samples, behind those before if they are to be. */
static void
take_samples (const RnnNetKnown *known, json_t *layers, json_t **input)
{
  json_decref (*input);
  *input = json_pack ("{ss si si}", "kind", "samples", "rate", known->rate, "window", known->length - known->context);
  if (known->context)
    json_array_insert_new (layers, 0, json_pack ("{ss ss si}", "cell", "overlap", "name", "context", "values", known->context));
}

static json_t *
write_recipe (const RnnNetWork *w, const RnnNetPlan *plan, gint n_states, json_t *graph, json_t *tensors)
{
  json_t *model = json_pack ("{ss ss so}", "cell", "graph", "name", "", "layers", graph), *layers = json_array (), *input;
  const gchar *name = plan->known ? plan->known->name : w->graph->name;

  if (n_states)
    model = json_pack ("{ss ss si s[o]}", "cell", "recur", "name", "", "states", n_states, "layers", model);
  json_array_append_new (layers, model);
  input = json_pack ("{ss si}", "kind", "tensors", "size", rnn_net_wire_get (w, 0)->n - n_states);
  if (plan->known)
    take_samples (plan->known, layers, &input);
  return json_pack ("{si ss* so so so s{ss}}", "format", 1, "name", name && *name && g_utf8_validate (name, -1, NULL) ? name : NULL, "input",
      input, "layers", layers, "tensors", tensors, "output", "kind", "raw");
}

/* In a sequence an input without steps was taken for a state that begins as 0: is there an output that it could be? */
static gboolean
check_states (const RnnNetWork *w, const RnnNetPlan *plan, RnnNetValue *const *outputs, GError **error)
{
  for (guint i = 0; plan->sequence && i < w->graph->inputs->len; i++) {
    const RnnNetInput *input = w->graph->inputs->pdata[i];
    const RnnNetValue *output = plan->state[i] >= 0 ? outputs[plan->state[i]] : NULL;

    for (gint d = 0; output && d < input->rank; d++)
      if (output->rank != input->rank || output->time >= 0 || output->dims[d] != plan->dims[i][d]) {
        g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the input \"%.80s\" has no steps, and does not come back as a state",
            w->where, input->name);
        return FALSE;
      }
  }
  return TRUE;
}

gboolean
rnn_net_write (RnnNetWork *w, const RnnNetPlan *plan, RnnNetValue *const *outputs, RnnImport *import, GError **error)
{
  const RnnNetNode node = { .op = (gchar *) "concat", .name = (gchar *) "output", .outputs = (gchar *[]) { (gchar *) "output", NULL } };
  RnnNetCall c = { w, &node, NULL, NULL, 0, 0, error };
  g_autofree gboolean *needed = NULL;
  g_autoptr (RnnNetValue) row = NULL;
  json_t *layers;
  gint n_states, last;

  if (!(row = join_outputs (&c, plan, outputs, &n_states)))
    return FALSE;
  if (!check_states (w, plan, outputs, error))
    return FALSE;
  if (rnn_net_wire_get (w, 0)->n - n_states < 1 || row->size <= (gsize) n_states)
    return fail (w, error, "nothing goes in, or comes out, but states");
  last = rnn_net_order (&c, row);
  if (last == 0)
    last = rnn_net_emit (&c, json_pack ("{ss}", "cell", "concat"), (gint) row->size, 1, (const gint[]) { 0 });
  needed = g_new0 (gboolean, w->wires->len);
  mark (w, last, needed);
  if (!(layers = write_layers (w, last, needed, import->tensors, error)))
    return FALSE;
  import->recipe = write_recipe (w, plan, n_states, layers, describe_all (w, plan, outputs));
  return import->recipe != NULL || fail (w, error, "its names are no UTF-8");
}
