/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named tensors on their way into a model. */
#include "tensors.h"
#include "../base/error.h"
#include "../base/memory.h"
#include <string.h>

#define MAX_REASON 600          /* bytes of a message: names in a hostile file may be of any length */
#define MAX_PARTS 4             /* levels of what is made of what */
#define MAX_NAMED 8             /* tensors that one message lists */

typedef struct {
  RnnTensorView view;           /* its name is owned */
  gpointer owned;               /* its data, or NULL: somebody else's */
  GPtrArray *parts;             /* of Entry, borrowed: taken with it; or NULL */
  gboolean taken, derived;
} Entry;

struct _RnnTensors {
  gchar *where;
  GPtrArray *entries;           /* of Entry */
  GHashTable *by_name;          /* borrowed name -> borrowed Entry */
};

static void
entry_free (gpointer data)
{
  Entry *e = data;

  g_clear_pointer (&e->parts, g_ptr_array_unref);
  g_free ((gchar *) e->view.name);
  g_aligned_free (e->owned);
  g_free (e);
}

RnnTensors *
rnn_tensors_new (const gchar *where)
{
  RnnTensors *tensors = g_new0 (RnnTensors, 1);

  tensors->where = g_strdup (where);
  tensors->entries = g_ptr_array_new_with_free_func (entry_free);
  tensors->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return tensors;
}

void
rnn_tensors_free (RnnTensors *tensors)
{
  if (!tensors)
    return;
  g_hash_table_unref (tensors->by_name);
  g_ptr_array_unref (tensors->entries);
  g_free (tensors->where);
  g_free (tensors);
}

static gboolean G_GNUC_PRINTF (4, 5)
fail (const RnnTensors *tensors, GError **error, RnnError code, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL, *shown = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  shown = g_utf8_make_valid (reason, (gssize) MIN (strlen (reason), MAX_REASON));
  g_set_error (error, RNN_ERROR, code, "%s: %s", tensors->where, shown);
  return FALSE;
}

static Entry *
find (const RnnTensors *tensors, const gchar *name)
{
  return g_hash_table_lookup (tensors->by_name, name);
}

gboolean
rnn_tensors_add (RnnTensors *tensors, const RnnTensorView *view, GError **error)
{
  Entry *e;

  if (find (tensors, view->name))
    return fail (tensors, error, RNN_ERROR_FORMAT, "tensor \"%s\" is there twice", view->name);
  e = g_new0 (Entry, 1);
  e->view = *view;
  e->view.name = g_strdup (view->name);
  g_ptr_array_add (tensors->entries, e);
  g_hash_table_insert (tensors->by_name, (gpointer) e->view.name, e);
  return TRUE;
}

gfloat *
rnn_tensors_add_f32 (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims, GError **error)
{
  RnnTensorView view = rnn_tensor_view_f32 (name, rank, dims, NULL);
  gfloat *data = rnn_memory_try_floats (view.size, tensors->where, error);

  view.data = data;
  if (data && rnn_tensors_add (tensors, &view, error)) {
    find (tensors, name)->owned = data;
    return data;
  }
  g_aligned_free (data);
  return NULL;
}

void
rnn_tensors_link (RnnTensors *tensors, const gchar *name, const gchar *part)
{
  Entry *whole = find (tensors, name), *e = find (tensors, part);

  if (!whole || !e || whole == e)
    return;
  if (!whole->parts)
    whole->parts = g_ptr_array_new ();
  g_ptr_array_add (whole->parts, e);
}

gfloat *
rnn_tensors_add_derived (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims, const gchar *const *parts,
    GError **error)
{
  gfloat *data = rnn_tensors_add_f32 (tensors, name, rank, dims, error);

  if (!data)
    return NULL;
  find (tensors, name)->derived = TRUE;
  for (; *parts; parts++)
    rnn_tensors_link (tensors, name, *parts);
  return data;
}

void
rnn_tensors_add_alias (RnnTensors *tensors, const gchar *alias, const gchar *original)
{
  RnnTensorView view = find (tensors, original)->view;

  view.name = alias;
  if (!rnn_tensors_add (tensors, &view, NULL))
    return;
  find (tensors, alias)->derived = TRUE;
  rnn_tensors_link (tensors, alias, original);
}

guint
rnn_tensors_get_n (const RnnTensors *tensors)
{
  return tensors->entries->len;
}

const RnnTensorView *
rnn_tensors_get (const RnnTensors *tensors, guint i)
{
  return &((Entry *) tensors->entries->pdata[i])->view;
}

const RnnTensorView *
rnn_tensors_find (const RnnTensors *tensors, const gchar *name)
{
  const Entry *e = find (tensors, name);

  return e ? &e->view : NULL;
}

/* ---- taking ---- */

/* An alias of an alias of what was derived: @limit levels. */
static void
take (Entry *e, gint limit)
{
  e->taken = TRUE;
  for (guint i = 0; limit > 0 && e->parts && i < e->parts->len; i++)
    take (e->parts->pdata[i], limit - 1);
}

const RnnTensorView *
rnn_tensors_take (RnnTensors *tensors, const gchar *name)
{
  Entry *e = find (tensors, name);

  if (!e)
    return NULL;
  take (e, MAX_PARTS);
  return &e->view;
}

static gchar *
describe_shape (gint rank, const gint64 *dims)
{
  GString *text = g_string_new ("[");

  for (gint i = 0; i < rank; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? ", " : "", dims[i]);
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

/* Leaves out dimensions of 1; returns what remains. */
static gint
squeeze (gint rank, const gint64 *dims, gint64 *out)
{
  gint n = 0;

  for (gint i = 0; i < rank; i++)
    if (dims[i] != 1)
      out[n++] = dims[i];
  return n;
}

static gboolean
has_shape (const RnnTensorView *is, const RnnTensorView *must, gboolean loose)
{
  gint64 a[RNN_TENSOR_MAX_RANK], b[RNN_TENSOR_MAX_RANK];
  gint n;

  if (is->rank == must->rank && !memcmp (is->dims, must->dims, (gsize) must->rank * sizeof must->dims[0]))
    return TRUE;
  n = squeeze (is->rank, is->dims, a);
  return loose && n == squeeze (must->rank, must->dims, b) && !memcmp (a, b, (gsize) n * sizeof a[0]);
}

const RnnTensorView *
rnn_tensors_take_shape (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims, gboolean loose,
    GError **error)
{
  const RnnTensorView *found = rnn_tensors_take (tensors, name);
  RnnTensorView wanted = rnn_tensor_view_f32 (name, rank, dims, NULL);
  g_autofree gchar *is = NULL, *must = NULL;

  if (!found) {
    fail (tensors, error, RNN_ERROR_NOT_FOUND, "tensor \"%s\" is missing", name);
    return NULL;
  }
  if (found->dtype == RNN_DTYPE_OTHER) {
    fail (tensors, error, RNN_ERROR_UNSUPPORTED, "tensor \"%s\" is of a type, or of more dimensions, than can be read", name);
    return NULL;
  }
  if (has_shape (found, &wanted, loose))
    return found;
  is = describe_shape (found->rank, found->dims);
  must = describe_shape (wanted.rank, wanted.dims);
  fail (tensors, error, RNN_ERROR_SHAPE, "tensor \"%s\" is %s, must be %s", name, is, must);
  return NULL;
}

static gboolean
is_ignored (const gchar *name, const gchar *const *ignore)
{
  for (; ignore && *ignore; ignore++)
    if (g_pattern_match_simple (*ignore, name))
      return TRUE;
  return FALSE;
}

/* A generator's state, a count of steps, an empty list are no weights. */
static gboolean
is_weight (const RnnTensorView *view)
{
  return view->dtype <= RNN_DTYPE_BF16 && view->rank > 0 && view->size > 0;
}

gboolean
rnn_tensors_check_taken (const RnnTensors *tensors, const gchar *const *ignore, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < tensors->entries->len; i++) {
    const Entry *e = tensors->entries->pdata[i];

    if (e->taken || e->derived || !is_weight (&e->view) || is_ignored (e->view.name, ignore))
      continue;
    if (n++ < MAX_NAMED)
      g_string_append_printf (names, "%s\"%.64s\"", n > 1 ? ", " : "", e->view.name);
  }
  if (n > MAX_NAMED)
    g_string_append_printf (names, " and %u more", n - MAX_NAMED);
  return n == 0 || fail (tensors, error, RNN_ERROR_SHAPE, "no layer takes %s: another model's weights, or layers or options "
      "that the recipe lacks (rnncore convert --ignore NAME leaves them out)", names->str);
}
