/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of named tensors.  A row of the model is its inputs' elements one after the other, each [shape] row-major, so that a tensor whose
 * axis of time is not its first is laid out anew. */
#include "named.h"
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "sequence.h"

#define MAX_RANK RNN_TENSOR_MAX_RANK

/* One entry of "inputs", "outputs" or "states". */
typedef struct {
  const gchar *name;
  gint rank, time;              /* time: its axis, or -1 */
  gint64 dims[MAX_RANK];        /* of one step */
  gsize size;
} Entry;

static gboolean
read_entry (const json_t *object, Entry *e)
{
  const json_t *shape = json_object_get (object, "shape"), *time = json_object_get (object, "time");

  *e = (Entry) { .name = json_string_value (json_object_get (object, "name")), .rank = (gint) json_array_size (shape), .size = 1 };
  e->time = json_is_integer (time) ? (gint) json_integer_value (time) : -1;
  if (!e->name || e->rank > MAX_RANK || e->time >= e->rank)
    return FALSE;
  for (gint i = 0; i < e->rank; i++) {
    e->dims[i] = json_integer_value (json_array_get (shape, (gsize) i));
    if (e->dims[i] < 0 || e->dims[i] > 1 << 24 || !g_size_checked_mul (&e->size, e->size, (gsize) e->dims[i]))
      return FALSE;
  }
  return TRUE;
}

static const json_t *
list_of (RnnModel *model, const gchar *key)
{
  return json_object_get (json_object_get (rnn_model_get_recipe (model), "tensors"), key);
}

static const RnnTensorView *
find (RnnSafetensors *file, const gchar *prefix, const gchar *name)
{
  g_autofree gchar *full = g_strconcat (prefix, name, NULL);

  return rnn_safetensors_find (file, full);
}

gboolean
rnn_tool_named_applies (RnnModel *model, RnnSafetensors *file, const gchar *prefix)
{
  const json_t *inputs = list_of (model, "inputs");
  json_t *object;
  Entry e;
  gsize i;

  json_array_foreach ((json_t *) inputs, i, object)
    if (!read_entry (object, &e) || !find (file, prefix, e.name))
      return FALSE;
  return json_array_size (inputs) > 0;
}

/* ---- rows ---- */

/* Steps of a tensor: of its axis of time, or of one before its shape; 0: it has another shape. */
static gint64
count_steps (const Entry *e, const RnnTensorView *view, gboolean *leading)
{
  gint extra = view->rank - e->rank;
  gint64 steps = 1;

  *leading = e->time < 0 && extra == 1;
  if (extra < 0 || extra > 1 || (extra && e->time >= 0))
    return e->time < 0 && view->size && view->size % e->size == 0 ? (*leading = TRUE, (gint64) (view->size / e->size)) : 0;
  for (gint i = 0; i < e->rank; i++) {
    gint64 dim = view->dims[i + extra];

    if (i == e->time && dim % e->dims[i] == 0)
      steps = dim / e->dims[i];
    else if (dim != e->dims[i])
      return 0;
  }
  return *leading ? view->dims[0] : steps;
}

/* Element k of step t in a tensor of T steps. */
static gsize
place_of (const Entry *e, gint64 T, gint64 t, gsize k)
{
  gsize after = 1, before;

  if (e->time < 0)
    return (gsize) t * e->size + k;
  for (gint i = e->time; i < e->rank; i++)
    after *= (gsize) e->dims[i];
  before = k / after;
  return (before * (gsize) T + (gsize) t) * after + k % after;
}

typedef struct {
  RnnModel *model;
  RnnSafetensors *file;
  const gchar *prefix;
  gint64 T;
  gboolean leading;             /* steps are an axis of their own */
  gfloat *x;                    /* [T][n_in] */
  gfloat *states;               /* [n_states], or NULL */
  gsize n_states;
} Named;

static gboolean
fail (const Named *n, const gchar *name, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: tensor \"%s\" %s", rnn_model_get_path (n->model), name, reason);
  return FALSE;
}

static gboolean
measure (Named *n, GError **error)
{
  json_t *object;
  gsize i;

  n->T = -1;
  json_array_foreach ((json_t *) list_of (n->model, "inputs"), i, object) {
    gboolean leading;
    gint64 T;
    Entry e;

    read_entry (object, &e);
    T = count_steps (&e, find (n->file, n->prefix, e.name), &leading);
    if (T < 1 || T > 1 << 24 || (n->T >= 0 && T != n->T))
      return fail (n, e.name, error, "has not the shape that the model takes, or other steps than the rest");
    n->T = T;
    n->leading |= leading;
  }
  return TRUE;
}

static gboolean
fill_rows (Named *n, GError **error)
{
  gsize width = (gsize) rnn_model_get_n_in (n->model), column = 0, i;
  json_t *object;

  if (!(n->x = rnn_memory_try_floats ((gsize) n->T * width, n->prefix, error)))
    return FALSE;
  json_array_foreach ((json_t *) list_of (n->model, "inputs"), i, object) {
    const RnnTensorView *view;
    g_autofree gfloat *values = NULL;
    Entry e;

    read_entry (object, &e);
    view = find (n->file, n->prefix, e.name);
    if (view->dtype == RNN_DTYPE_OTHER || column + e.size > width)
      return fail (n, e.name, error, "does not fit the model");
    values = g_new (gfloat, view->size);
    rnn_tensor_view_to_float (view, values);
    for (gint64 t = 0; t < n->T; t++)
      for (gsize k = 0; k < e.size; k++)
        n->x[(gsize) t * width + column + k] = values[place_of (&e, n->T, t, k)];
    column += e.size;
  }
  return column == width || fail (n, "input", error, "is not all that the model takes");
}

/* The states that the file has; the others are 0. */
static gboolean
fill_states (Named *n, GError **error)
{
  gsize at = 0, i;
  json_t *object;
  Entry e;

  json_array_foreach ((json_t *) list_of (n->model, "states"), i, object)
    if (read_entry (object, &e))
      n->n_states += e.size;
  n->states = g_new0 (gfloat, n->n_states + 1);
  json_array_foreach ((json_t *) list_of (n->model, "states"), i, object) {
    const RnnTensorView *view;

    if (!read_entry (object, &e))
      continue;
    view = find (n->file, n->prefix, e.name);
    if (view && (view->size != e.size || view->dtype == RNN_DTYPE_OTHER))
      return fail (n, e.name, error, "is no state of the model");
    if (view)
      rnn_tensor_view_to_float (view, n->states + at);
    at += e.size;
  }
  return TRUE;
}

/* ---- answers ---- */

static void
free_named (gpointer data)
{
  RnnToolNamed *named = data;

  g_free (named->name);
  g_free (named->data);
  g_free (named);
}

static RnnToolNamed *
new_named (GPtrArray *answers, const gchar *name, gint rank, const gint64 *dims, gsize size)
{
  RnnToolNamed *named = g_new0 (RnnToolNamed, 1);

  named->name = g_strdup (name);
  named->data = g_new0 (gfloat, MAX (size, 1));
  named->view = (RnnTensorView) { .name = named->name, .dtype = RNN_DTYPE_F32, .rank = rank, .size = size, .data = named->data };
  for (gint i = 0; i < rank; i++)
    named->view.dims[i] = dims[i];
  g_ptr_array_add (answers, named);
  return named;
}

/* One output's columns from @column on; what has no axis of time in a model of sequences is what came last. */
static void
add_output (const Named *n, const Entry *e, gboolean sequence, const gfloat *y, gsize column, GPtrArray *answers)
{
  gboolean last = sequence && e->time < 0, lead = n->leading && !last && e->rank < MAX_RANK;
  gsize width = (gsize) rnn_model_get_n_out (n->model), steps = last ? 1 : (gsize) n->T;
  gint64 dims[MAX_RANK];
  RnnToolNamed *named;

  for (gint i = 0; i < e->rank; i++)
    dims[i + lead] = e->dims[i] * (i == e->time ? n->T : 1);
  if (lead)
    dims[0] = n->T;
  named = new_named (answers, e->name, e->rank + lead, dims, steps * e->size);
  for (gsize t = 0; t < steps; t++)
    for (gsize k = 0; k < e->size; k++)
      named->data[place_of (e, n->T, (gint64) t, k)] = y[(last ? (gsize) n->T - 1 : t) * width + column + k];
}

static void
add_answers (const Named *n, const RnnToolSequence *result, GPtrArray *answers)
{
  gsize column = 0, i;
  gboolean sequence = FALSE;
  json_t *object;
  Entry e;

  json_array_foreach ((json_t *) list_of (n->model, "inputs"), i, object)
    sequence |= read_entry (object, &e) && e.time >= 0;
  json_array_foreach ((json_t *) list_of (n->model, "outputs"), i, object)
    if (read_entry (object, &e) && column + e.size <= (gsize) rnn_model_get_n_out (n->model)) {
      add_output (n, &e, sequence, result->y, column, answers);
      column += e.size;
    }
  column = 0;
  json_array_foreach ((json_t *) list_of (n->model, "states"), i, object)
    if (read_entry (object, &e) && result->state && !sequence) {
      RnnToolNamed *named = new_named (answers, json_string_value (json_object_get (object, "output")), e.rank, e.dims, e.size);

      memcpy (named->data, result->state + column, e.size * sizeof (gfloat));
      column += e.size;
    }
}

GPtrArray *
rnn_tool_named_run (RnnModel *model, RnnSafetensors *file, const gchar *prefix, gint chunk, GError **error)
{
  Named n = { .model = model, .file = file, .prefix = prefix };
  g_autoptr (GPtrArray) answers = g_ptr_array_new_with_free_func (free_named);
  g_auto (RnnToolSequence) result = { 0 };
  gboolean ok = measure (&n, error) && fill_rows (&n, error) && fill_states (&n, error)
      && rnn_tool_sequence_run_from (model, (gint) n.T, n.x, chunk, n.states, n.n_states, &result, error);

  if (ok)
    add_answers (&n, &result, answers);
  g_aligned_free (n.x);
  g_free (n.states);
  return ok ? g_steal_pointer (&answers) : NULL;
}
