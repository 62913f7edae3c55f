/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models to measure, and what running them needs of a machine. */
#include "bench.h"
#include <malloc.h>
#include <string.h>

static gchar *
list_cells (void)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (const RnnCellClass *const *klass = rnn_cell_classes (); *klass; klass++)
    if (!(*klass)->n_copies)
      g_string_append_printf (list, "%s%s", list->len ? ", " : "", (*klass)->name);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* The option that says how wide a cell is, or NULL. */
static const gchar *
width_option (const RnnCellClass *klass)
{
  static const gchar *const names[] = { "hidden", "units" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (const RnnOption *option = klass->options; option && option->name; option++)
      if (g_str_equal (option->name, names[i]))
        return names[i];
  return NULL;
}

json_t *
bench_layers (BenchSettings *s, GError **error)
{
  const RnnCellClass *klass = rnn_cell_class_find (s->cell);
  json_t *layers;

  if (!klass || klass->n_copies) {
    g_autofree gchar *cells = list_cells ();

    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "there is no cell \"%s\" to measure; there are %s",
        s->cell, cells);
    return NULL;
  }
  layers = json_array ();
  for (gint i = 0; i < s->layers; i++) {
    json_t *layer = json_pack ("{ss so}", "cell", s->cell, "name", json_sprintf ("%d", i));

    if (width_option (klass))
      json_object_set_new (layer, width_option (klass), json_integer (s->hidden));
    json_array_append_new (layers, layer);
  }
  return layers;
}

json_t *
bench_tokens (gint n)
{
  json_t *tokens = json_array ();

  json_array_append_new (tokens, json_string ("<blank>"));
  for (gint i = 1; i < n; i++)
    json_array_append_new (tokens, json_sprintf ("t%d", i));
  return tokens;
}

void
bench_add_need (BenchWork *work, gdouble times, gdouble bytes, gdouble operations)
{
  BenchNeed need = { times, bytes, operations };

  g_array_append_val (work->needs, need);
}

typedef struct {
  gsize recurrent, other, vectors;      /* parameters */
} Weights;

/* A product with the cell's own past cannot be taken over all steps at once. */
static gboolean
is_recurrent (const gchar *name)
{
  return strstr (name, "weight_hh") || strstr (name, "weight_hr") || strstr (name, "weight_yh")
      || strstr (name, "recurrent");
}

static void
count_weights (RnnParam *param, const gchar *full_name, gpointer data)
{
  Weights *weights = data;

  if (!param->is_matrix)
    weights->vectors += param->size;
  else if (is_recurrent (full_name))
    weights->recurrent += param->size;
  else
    weights->other += param->size;
}

void
bench_add_forward_needs (BenchWork *work, RnnCell *root, gint T, gint B, gint weight_size)
{
  gsize all = 0, most_recurrent = 0;

  for (guint i = 0; i < root->children->len; i++) {
    Weights w = { 0 };
    gsize other, recurrent;

    rnn_cell_foreach_param (root->children->pdata[i], count_weights, &w);
    other = w.other * weight_size + w.vectors * sizeof (gfloat);
    recurrent = w.recurrent * weight_size;
    bench_add_need (work, 1, other, 2.0 * w.other * T * B);
    bench_add_need (work, T, recurrent, 2.0 * w.recurrent * B);
    all += other + recurrent;
    most_recurrent = MAX (most_recurrent, recurrent);
  }
  work->working_set = MAX (1024, T > 1 && most_recurrent ? most_recurrent : all);
}

gsize
bench_stream_bytes (RnnCell *root, gint T)
{
  return (root->n_state + rnn_cell_scratch_size (root, T, 1)) * sizeof (gfloat);
}

gfloat *
bench_random (gsize n, guint64 seed)
{
  gfloat *x = g_new (gfloat, n);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (gsize i = 0; i < n; i++)
    x[i] = rnn_rng_normal (&rng);
  return x;
}

gsize
bench_heap (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}
