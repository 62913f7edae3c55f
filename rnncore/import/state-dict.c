/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of PyTorch's state_dicts that differ from those of our layers. */
#include "state-dict.h"
#include <math.h>
#include <string.h>

static const gchar *const wrappers[] = { "module.", "_orig_mod." };

/* "a.b.weight_ih" ends in the component "weight_ih". */
static gboolean
last_is (const gchar *name, const gchar *last)
{
  gsize n = strlen (name), k = strlen (last);

  return n >= k && g_str_equal (name + n - k, last) && (n == k || name[n - k - 1] == '.');
}

static const gchar *
unwrap (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrappers); i++)
    if (g_str_has_prefix (name, wrappers[i]))
      return unwrap (name + strlen (wrappers[i]));
  return name;
}

static void
add_aliases (RnnTensors *tensors, const gchar *name)
{
  static const gchar *const cells[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
  const gchar *plain = unwrap (name);

  if (plain != name)
    rnn_tensors_add_alias (tensors, plain, name);
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    if (last_is (plain, cells[i])) {
      g_autofree gchar *numbered = g_strconcat (plain, "_l0", NULL);

      rnn_tensors_add_alias (tensors, numbered, name);
    }
}

/* "a.num_batches_tracked": whoever takes a.running_mean takes it. */
static void
link_count (RnnTensors *tensors, const gchar *name)
{
  static const gchar count[] = "num_batches_tracked";

  if (last_is (name, count)) {
    g_autofree gchar *mean = g_strdup_printf ("%.*srunning_mean", (gint) (strlen (name) - strlen (count)), name);

    rnn_tensors_link (tensors, mean, name);
  }
}

/* ---- weight_norm ---- */

/* How a matrix X is called there: before its last component, after it; g and v. */
static const struct {
  const gchar *before, *g, *v;
} norms[] = {
  { "", "_g", "_v" }, { "parametrizations.", ".original0", ".original1" },
};

/* @g: the name of a magnitude.  The name of X, and of v; NULL: it is none (transfer full). */
static gchar *
name_of_norm (const gchar *g, guint i, gchar **v)
{
  const gchar *at = *norms[i].before ? strstr (g, norms[i].before) : NULL;
  gsize stem = strlen (g) - strlen (norms[i].g), before = at ? (gsize) (at - g) : 0;

  *v = NULL;
  if (!g_str_has_suffix (g, norms[i].g) || (*norms[i].before && !at))
    return NULL;
  *v = g_strdup_printf ("%.*s%s", (gint) stem, g, norms[i].v);
  return at ? g_strdup_printf ("%.*s%.*s", (gint) before, g, (gint) (stem - before - strlen (norms[i].before)),
      at + strlen (norms[i].before)) : g_strndup (g, stem);
}

static gboolean
add_product (RnnTensors *tensors, const gchar *name, const RnnTensorView *g, const RnnTensorView *v, GError **error)
{
  const gchar *const parts[] = { g->name, v->name, NULL };
  gint dims[RNN_TENSOR_MAX_RANK];
  gsize cols = v->size / (gsize) v->dims[0];
  g_autofree gfloat *magnitudes = g_new (gfloat, g->size);
  gfloat *w;

  for (gint i = 0; i < v->rank; i++)
    dims[i] = (gint) v->dims[i];
  if (!(w = rnn_tensors_add_derived (tensors, name, v->rank, dims, parts, error)))
    return FALSE;
  rnn_tensor_view_to_float (g, magnitudes);
  rnn_tensor_view_to_float (v, w);
  for (gsize r = 0; r < g->size; r++) {
    gdouble sum = 0;

    for (gsize c = 0; c < cols; c++)
      sum += (gdouble) w[r * cols + c] * w[r * cols + c];
    for (gsize c = 0; c < cols; c++)
      w[r * cols + c] = (gfloat) (w[r * cols + c] * (magnitudes[r] / sqrt (sum)));
  }
  return TRUE;
}

static gboolean
is_number (const RnnTensorView *t)
{
  return t && t->dtype != RNN_DTYPE_OTHER && t->size > 0;
}

static gboolean
add_norm (RnnTensors *tensors, const gchar *g_name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (norms); i++) {
    g_autofree gchar *v_name = NULL, *name = name_of_norm (g_name, i, &v_name);
    const RnnTensorView *g = rnn_tensors_find (tensors, g_name), *v = name ? rnn_tensors_find (tensors, v_name) : NULL;

    if (!is_number (g) || !is_number (v) || v->rank < 2 || g->size != (gsize) v->dims[0] || rnn_tensors_find (tensors, name))
      continue;
    if (!add_product (tensors, name, g, v, error))
      return FALSE;
    add_aliases (tensors, name);
  }
  return TRUE;
}

gboolean
rnn_state_dict_complete (RnnTensors *tensors, GError **error)
{
  guint n = rnn_tensors_get_n (tensors);

  for (guint i = 0; i < n; i++) {
    link_count (tensors, rnn_tensors_get (tensors, i)->name);
    add_aliases (tensors, rnn_tensors_get (tensors, i)->name);
    if (!add_norm (tensors, rnn_tensors_get (tensors, i)->name, error))
      return FALSE;
  }
  return TRUE;
}
