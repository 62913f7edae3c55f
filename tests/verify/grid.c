/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a case's tensors [B][T][...] and a drive's rows [T][B][...]. */
#include "grid.h"

Grid
grid_of_steps (const Drive *d, gfloat *rows, gsize width)
{
  return (Grid) { d->T, d->B, width, rows };
}

Grid
grid_of_states (const Drive *d, gfloat *states)
{
  return (Grid) { 1, d->B, d->n_state, states };
}

gsize
grid_width (const Case *c, const gchar *name, gint T, gint B, GError **error)
{
  const Tensor *t = case_need (c, name, error, -1);
  gsize rows = (gsize) T * (gsize) B;

  if (!t)
    return 0;
  if (t->n == 0 || t->n % rows || t->dims[0] != B || (T > 1 && (t->rank < 2 || t->dims[1] != T))) {
    case_wrong (error, "%s: %s does not have %d streams of %d steps", c->path, name, B, T);
    return 0;
  }
  return t->n / rows;
}

static gboolean
fits (const Case *c, const gchar *name, const Grid *g, gsize at, gsize *n, GError **error)
{
  *n = grid_width (c, name, g->T, g->B, error);
  if (*n && at + *n > g->width)
    return case_wrong (error, "%s: %s does not fit the layers", c->path, name);
  return *n > 0;
}

gboolean
grid_load (const Case *c, const gchar *name, const Grid *g, gsize *at, GError **error)
{
  gsize n;

  if (!fits (c, name, g, *at, &n, error))
    return FALSE;
  for (gint b = 0; b < g->B; b++)
    rnn_copy_rows (g->T, (gint) n, case_find (c, name)->data + (gsize) b * g->T * n, n, g->rows + b * g->width + *at,
        g->B * g->width);
  *at += n;
  return TRUE;
}

gboolean
grid_compare (Case *c, const gchar *name, const Grid *g, gsize *at, gfloat factor, GError **error)
{
  g_autofree gfloat *packed = NULL;
  gsize n, size;

  if (!fits (c, name, g, *at, &n, error))
    return FALSE;
  size = (gsize) g->T * g->B * n;
  packed = g_new (gfloat, size);
  for (gint b = 0; b < g->B; b++)
    rnn_copy_rows (g->T, (gint) n, g->rows + b * g->width + *at, g->B * g->width, packed + (gsize) b * g->T * n, n);
  for (gsize i = 0; i < size; i++)
    packed[i] *= factor;
  case_compare (c, name, packed, size);
  *at += n;
  return TRUE;
}

/* ---- parameters ---- */

typedef struct {
  Case *c;
  Drive *d;
  GError **error;
  gboolean ok;
} Visit;

static void
load_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  g_autofree gchar *full = g_strconcat ("w.", name, NULL);
  const Tensor *w = v->ok ? case_need (v->c, full, v->error, -1) : NULL;

  v->ok = w && drive_set (v->d, name, w->data, w->n, v->error);
}

gboolean
grid_load_params (Case *c, Drive *d, GError **error)
{
  Visit v = { c, d, error, TRUE };

  rnn_cell_foreach_param (rnn_model_get_root (d->model), load_param, &v);
  return v.ok;
}

static void
compare_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  g_autofree gchar *full = g_strconcat ("grad.w.", name, NULL);

  case_compare (v->c, full, v->d->dparam + param->offset, param->size);
}

void
grid_compare_params (Case *c, Drive *d)
{
  rnn_cell_foreach_param (rnn_model_get_root (d->model), compare_param, &(Visit) { .c = c, .d = d });
}
