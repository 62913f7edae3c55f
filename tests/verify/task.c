/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases of matrix memories. */
#include "task.h"
#include <math.h>
#include <string.h>

gint
case_number (const Case *c, const gchar *key, gint fallback)
{
  return (gint) CLAMP (case_get_number (c, key, fallback), 1, 1 << 16);
}

json_t *
only_layer (json_t *layer)
{
  return layer ? json_pack ("[o]", layer) : NULL;
}

/* ---- weights ---- */

typedef struct {
  Task *t;
  GError **error;
  gboolean ok;
} Visit;

static Tensor *
tensor_of (const Visit *v, const gchar *prefix, const gchar *name)
{
  return case_find_format (v->t->c, "%s%s", prefix, name);
}

static void
load_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  const Tensor *w = tensor_of (v, "w.", name), *A = tensor_of (v, "w.", "A");

  if (!v->ok)
    return;
  if (!w && A && g_str_equal (name, "A_log") && A->n == param->size)
    for (gsize i = 0; i < A->n; i++)
      param->data[i] = (gfloat) log (-(gdouble) A->data[i]);
  else if (w)
    v->ok = drive_set (v->t->d, name, w->data, w->n, v->error);
  else
    v->ok = case_wrong (v->error, "%s: there is no w.%s", v->t->c->path, name);
}

/* d loss/d A = d loss/d A_log / A */
static void
compare_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  gfloat *grad = v->t->d->dparam + param->offset;
  g_autofree gchar *full = g_strconcat ("grad.w.", name, NULL);

  if (tensor_of (v, "w.", name)) {
    case_compare (v->t->c, full, grad, param->size);
    return;
  }
  for (gsize i = 0; i < param->size; i++)
    grad[i] /= -expf (param->data[i]);
  case_compare (v->t->c, "grad.w.A", grad, param->size);
}

/* ---- states ---- */

/* Between a part of all streams' states and [B][blocks][cols][rows]. */
static void
swap_part (const Drive *d, const StatePart *p, gfloat *states, gboolean to_theirs, gfloat *theirs)
{
  gsize size = (gsize) p->rows * p->cols;

  for (gint b = 0; b < d->B; b++)
    for (gint k = 0; k < p->blocks; k++, theirs += size) {
      gfloat *ours = states + b * d->n_state + p->offset + k * size;

      if (to_theirs)
        swap_rows (p->rows, p->cols, 1, ours, theirs);
      else
        swap_rows (p->cols, p->rows, 1, theirs, ours);
    }
}

static gsize
part_size (const Drive *d, const StatePart *p)
{
  return (gsize) d->B * p->blocks * p->rows * p->cols;
}

static void
compare_part (Task *t, const StatePart *p, const gchar *prefix, const gchar *name, gfloat *states)
{
  g_autofree gfloat *theirs = g_new (gfloat, part_size (t->d, p) + 1);
  g_autofree gchar *full = g_strconcat (prefix, name, NULL);

  swap_part (t->d, p, states, TRUE, theirs);
  case_compare (t->c, full, theirs, part_size (t->d, p));
}

static gboolean
load_part (Task *t, const StatePart *p, const Tensor *tensor, gfloat *states, GError **error)
{
  if (tensor->n != part_size (t->d, p))
    return case_wrong (error, "%s: %s is not as large as that part of the state", t->c->path, tensor->name);
  swap_part (t->d, p, states, FALSE, tensor->data);
  return TRUE;
}

/* ---- steps ---- */

/* Columns of rows [T][B][...], as grid_load and grid_compare have them; or all of them, for cases that are [T][B][...]
 * themselves. */
static gboolean
load_columns (const Task *t, const gchar *name, const Grid *g, gsize *at, GError **error)
{
  const Tensor *tensor = t->time_first ? case_need (t->c, name, error, -1) : NULL;

  if (!t->time_first)
    return grid_load (t->c, name, g, at, error);
  if (!tensor || tensor->n != (gsize) g->T * g->B * g->width)
    return tensor ? case_wrong (error, "%s: %s does not fit the layers", t->c->path, name) : FALSE;
  memcpy (g->rows, tensor->data, tensor->n * sizeof (gfloat));
  return TRUE;
}

static gboolean
compare_columns (const Task *t, const gchar *name, const Grid *g, gsize *at, GError **error)
{
  if (!t->time_first)
    return grid_compare (t->c, name, g, at, 1, error);
  case_compare (t->c, name, g->rows, (gsize) g->T * g->B * g->width);
  return TRUE;
}

static gboolean
load_inputs (Task *t, GError **error)
{
  Grid x = grid_of_steps (t->d, t->d->x, t->d->n_in);
  gsize at = 0;

  for (guint i = 0; t->inputs[i]; i++) {
    g_autofree gchar *name = g_strconcat ("in.", t->inputs[i], NULL);

    if (!load_columns (t, name, &x, &at, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
task_open (Task *t, json_t *layers, GError **error)
{
  g_autofree gchar *first = g_strconcat ("in.", t->inputs[0], NULL);
  const Tensor *x = case_need (t->c, first, error, -1);
  Visit v = { t, error, TRUE };
  gsize width = 0;

  if (!x || x->rank < 2 || x->dims[0] < 1 || x->dims[1] < 1) {
    json_decref (layers);
    return x ? case_wrong (error, "%s: %s has no steps", t->c->path, first) : FALSE;
  }
  for (guint i = 0; t->inputs[i]; i++) {
    const Tensor *part = case_find_format (t->c, "in.%s", t->inputs[i]);

    width += part ? part->n / ((gsize) x->dims[0] * x->dims[1]) : 0;
  }
  t->d = drive_new (layers, (gint) MIN (width, G_MAXINT), x->dims[!t->time_first], x->dims[t->time_first], error);
  if (!t->d)
    return FALSE;
  rnn_cell_foreach_param (rnn_model_get_root (t->d->model), load_param, &v);
  return v.ok && load_inputs (t, error);
}

void
task_clear (Task *t)
{
  g_clear_pointer (&t->d, drive_free);
}

gboolean
task_forward (Task *t, GError **error)
{
  for (const StatePart *p = t->states; p->out; p++) {
    const Tensor *entry = p->in ? case_find_format (t->c, "in.%s", p->in) : NULL;

    if (entry && !load_part (t, p, entry, drive_state (t->d, 0), error))
      return FALSE;
  }
  drive_forward (t->d, 0, t->d->T);
  return TRUE;
}

gboolean
task_compare (Task *t, GError **error)
{
  g_autofree gchar *name = g_strconcat ("out.", t->output, NULL);
  Grid y = grid_of_steps (t->d, t->d->y, t->d->n_out);
  gsize at = 0;

  for (const StatePart *p = t->states; p->out; p++)
    compare_part (t, p, "out.", p->out, drive_state (t->d, t->d->T));
  return compare_columns (t, name, &y, &at, error);
}

gboolean
task_weigh (Task *t, GError **error)
{
  Drive *d = t->d;
  g_autofree gchar *name = g_strconcat ("lossw.", t->output, NULL);
  Grid dy = grid_of_steps (d, d->dy, d->n_out);
  gsize at = 0;

  if (!case_find (t->c, name) || !load_columns (t, name, &dy, &at, error))
    return FALSE;
  loss_add (&t->loss, d->y, d->dy, (gsize) d->T * d->B * d->n_out);
  for (const StatePart *p = t->states; p->out; p++) {
    const Tensor *w = case_find_format (t->c, "lossw.%s", p->out);
    g_autofree gfloat *got = g_new (gfloat, part_size (d, p) + 1);

    if (w && !load_part (t, p, w, d->dstate, error))
      return FALSE;
    swap_part (d, p, drive_state (d, d->T), TRUE, got);
    loss_add (&t->loss, got, w ? w->data : NULL, part_size (d, p));
  }
  return TRUE;
}

gboolean
task_compare_gradients (Task *t, GError **error)
{
  Grid dx = grid_of_steps (t->d, t->d->dx, t->d->n_in);
  gsize at = 0;

  case_compare_loss (t->c, &t->loss);
  for (guint i = 0; t->inputs[i]; i++) {
    g_autofree gchar *name = g_strconcat ("grad.in.", t->inputs[i], NULL);

    if (!compare_columns (t, name, &dx, &at, error))
      return FALSE;
  }
  for (const StatePart *p = t->states; p->out; p++)
    if (p->in)
      compare_part (t, p, "grad.in.", p->in, t->d->dstate);
  rnn_cell_foreach_param (rnn_model_get_root (t->d->model), compare_param, &(Visit) { .t = t });
  return TRUE;
}

gboolean
task_run (Task *t, json_t *layers, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  gboolean ok = task_open (t, layers, error) && task_forward (t, error) && task_compare (t, error);

  if (ok && task_weigh (t, &wrong)) {
    drive_backward (t->d, 0, t->d->T);
    ok = task_compare_gradients (t, error);
  } else if (wrong) {
    g_propagate_error (error, g_steal_pointer (&wrong));
    ok = FALSE;
  }
  task_clear (t);
  return ok;
}
