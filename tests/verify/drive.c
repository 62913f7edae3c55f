/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running layers as sessions and trainers do. */
#include "drive.h"
#include <string.h>

#define MAX_FLOATS (1 << 28)

static gfloat *
floats (gsize n)
{
  return g_aligned_alloc0 (MAX (n, 1), sizeof (gfloat), 64);
}

static gboolean
allocate (Drive *d, GError **error)
{
  gsize rows = (gsize) d->T * d->B, n_params = rnn_model_get_n_params (d->model);
  gsize scratch = rnn_cell_scratch_size (d->root, d->T, d->B);

  if (rows * (d->n_in + d->n_out + d->root->n_tape + d->n_state) + scratch > MAX_FLOATS)
    return case_wrong (error, "%d steps of %d streams are too many", d->T, d->B);
  d->x = floats (rows * d->n_in);
  d->dx = floats (rows * d->n_in);
  d->y = floats (rows * d->n_out);
  d->dy = floats (rows * d->n_out);
  d->states = floats ((rows + d->B) * d->n_state);
  d->dstate = floats (d->B * d->n_state);
  d->dparam = floats (n_params);
  d->tape = floats (rows * d->root->n_tape);
  d->scratch = floats (scratch);
  memset (rnn_model_get_params (d->model), 0, n_params * sizeof (gfloat));
  for (gint b = 0; b < d->B; b++)
    rnn_cell_reset_state (d->root, d->states + b * d->n_state);
  return TRUE;
}

Drive *
drive_new (json_t *layers, gint n_in, gint T, gint B, GError **error)
{
  g_autoptr (Drive) d = g_new0 (Drive, 1);
  json_t *recipe = json_pack ("{s{sssi}so}", "input", "kind", "tensors", "size", n_in, "layers", layers);

  if (!recipe) {
    case_wrong (error, "the case does not say what its layers are");
    return NULL;
  }
  d->model = rnn_model_new (recipe, 1, "the case's layers", error);
  json_decref (recipe);
  if (!d->model)
    return NULL;
  d->root = rnn_model_get_root (d->model);
  d->T = T;
  d->B = B;
  d->n_in = (gsize) n_in;
  d->n_out = (gsize) d->root->n_out;
  d->n_state = d->root->n_state;
  return allocate (d, error) ? g_steal_pointer (&d) : NULL;
}

void
drive_free (Drive *d)
{
  gfloat *arrays[] = { d->x, d->dx, d->y, d->dy, d->states, d->dstate, d->dparam, d->tape, d->scratch };

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_aligned_free (arrays[i]);
  g_clear_pointer (&d->model, rnn_model_unref);
  g_free (d);
}

/* ---- parameters ---- */

typedef struct {
  const gchar *name;
  RnnParam *found;
} Search;

static void
match (RnnParam *param, const gchar *full_name, gpointer data)
{
  Search *search = data;

  if (g_str_equal (full_name, search->name))
    search->found = param;
}

RnnParam *
drive_param (Drive *d, const gchar *full_name, GError **error)
{
  Search search = { full_name, NULL };

  rnn_cell_foreach_param (rnn_model_get_root (d->model), match, &search);
  if (!search.found)
    case_wrong (error, "the layers have no parameter %s", full_name);
  return search.found;
}

gboolean
drive_set (Drive *d, const gchar *full_name, const gfloat *values, gsize n, GError **error)
{
  RnnParam *param = drive_param (d, full_name, error);

  if (!param)
    return FALSE;
  if (param->size != n)
    return case_wrong (error, "%s: %" G_GSIZE_FORMAT " values for a parameter of %" G_GSIZE_FORMAT, full_name, n,
        param->size);
  memcpy (param->data, values, n * sizeof (gfloat));
  return TRUE;
}

gfloat *
drive_state (Drive *d, gint t)
{
  return d->states + (gsize) t * d->B * d->n_state;
}

/* ---- running ---- */

static RnnRun
steps_run (Drive *d, gint t, gint n)
{
  gsize row = (gsize) t * d->B;

  return (RnnRun) { .T = n, .B = d->B, .x = d->x + row * d->n_in, .y = d->y + row * d->n_out,
    .state = drive_state (d, t), .state_stride = d->n_state, .tape = d->tape + row * d->root->n_tape,
    .scratch = d->scratch };
}

void
drive_forward (Drive *d, gint t, gint n)
{
  RnnRun run = steps_run (d, t, n);

  rnn_model_pack (d->model, TRUE);
  run.state = memmove (drive_state (d, t + n), run.state, d->B * d->n_state * sizeof (gfloat));
  d->root->klass->forward (d->root, &run);
}

void
drive_backward (Drive *d, gint t, gint n)
{
  gsize row = (gsize) t * d->B;
  RnnRun run = steps_run (d, t, n);

  d->root->klass->backward (d->root, &run, &(RnnGrad) { .dy = d->dy + row * d->n_out,
        .dx = d->dx + row * d->n_in, .dstate = d->dstate, .dparam = d->dparam });
}

/* ---- arrays in another order ---- */

void
swap_rows (gint a, gint b, gint n, const gfloat *from, gfloat *to)
{
  for (gint i = 0; i < a; i++)
    rnn_copy_rows (b, n, from + (gsize) i * b * n, (gsize) n, to + (gsize) i * n, (gsize) a * n);
}
