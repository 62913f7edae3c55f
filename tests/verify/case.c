/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading golden cases.  Files may hold anything: all that the runners rely on is checked here or by case_need. */
#include "case.h"
#include <string.h>

#define MAX_DIM (1 << 24)

gboolean
case_wrong (GError **error, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (RNN_ERROR, RNN_ERROR_FORMAT, format, args);
  va_end (args);
  return FALSE;
}

/* ---- opening ---- */

static void
tensor_free (gpointer data)
{
  Tensor *t = data;

  g_free (t->name);
  g_free (t->data);
  g_free (t);
}

static gboolean
add_tensor (Case *c, const RnnTensorView *view, GError **error)
{
  Tensor *t = g_new0 (Tensor, 1);

  g_ptr_array_add (c->tensors, t);
  t->name = g_strdup (view->name);
  t->rank = view->rank;
  t->n = view->size;
  for (gint i = 0; i < view->rank; i++) {
    t->dims[i] = (gint) MIN (view->dims[i], MAX_DIM);
    if (view->dims[i] > MAX_DIM)
      return case_wrong (error, "%s: a dim of %s is too large", c->path, view->name);
  }
  t->data = g_new0 (gfloat, view->size + 1);
  rnn_tensor_view_to_float (view, t->data);
  return TRUE;
}

static gboolean
load_safetensors (Case *c, GError **error)
{
  c->file = rnn_safetensors_open (c->path, error);
  for (guint i = 0; c->file && i < rnn_safetensors_get_n (c->file); i++)
    if (!add_tensor (c, rnn_safetensors_get (c->file, i), error))
      return FALSE;
  return c->file != NULL;
}

/* Python writes infinities into JSON, which has none: huge numbers take their place. */
static gchar *
replace_infinities (const gchar *text)
{
  GString *out = g_string_new (NULL);
  gboolean quoted = FALSE;

  for (; *text; text++) {
    if (*text == '"')
      quoted = !quoted;
    if (*text == '\\' && text[1])
      g_string_append_c (out, *text++);
    if (!quoted && g_str_has_prefix (text, "Infinity")) {
      g_string_append (out, "1e308");
      text += strlen ("Infinity") - 1;
    } else {
      g_string_append_c (out, *text);
    }
  }
  return g_string_free (out, FALSE);
}

static gboolean
load_json (Case *c, GError **error)
{
  g_autofree gchar *text = NULL, *finite = NULL;
  json_error_t at;

  if (!g_file_get_contents (c->path, &text, NULL, error))
    return FALSE;
  finite = replace_infinities (text);
  c->json = json_loads (finite, 0, &at);
  if (!c->json)
    return case_wrong (error, "%s: %s (line %d)", c->path, at.text, at.line);
  return json_is_object (c->json) || case_wrong (error, "%s: not a JSON object", c->path);
}

Case *
case_open (const gchar *path, Tally *tally, GError **error)
{
  Case *c = g_new0 (Case, 1);
  gboolean json = g_str_has_suffix (path, ".json");

  c->path = g_strdup (path);
  c->tally = tally;
  c->tensors = g_ptr_array_new_with_free_func (tensor_free);
  if (json ? load_json (c, error) : load_safetensors (c, error))
    return c;
  case_free (c);
  return NULL;
}

void
case_free (Case *c)
{
  g_clear_pointer (&c->file, rnn_safetensors_free);
  g_ptr_array_unref (c->tensors);
  json_decref (c->json);
  g_free (c->path);
  g_free (c);
}

Case *
case_open_beside (const Case *c, const gchar *file, GError **error)
{
  g_autofree gchar *folder = g_path_get_dirname (c->path), *path = NULL;

  if (!file || !*file || strchr (file, G_DIR_SEPARATOR)) {
    case_wrong (error, "%s: names no file of its folder", c->path);
    return NULL;
  }
  path = g_build_filename (folder, file, NULL);
  return case_open (path, c->tally, error);
}

gboolean
case_is (const Case *c, const CaseKind *kind)
{
  const gchar *value = case_get (c, kind->key);

  return value && g_pattern_match_simple (kind->value, value) && (!kind->has || case_find (c, kind->has));
}

/* ---- what is in it ---- */

const gchar *
case_get (const Case *c, const gchar *key)
{
  return c->file ? rnn_safetensors_get_metadata (c->file, key) : json_string_value (json_object_get (c->json, key));
}

gdouble
case_get_number (const Case *c, const gchar *key, gdouble fallback)
{
  const gchar *text = case_get (c, key);

  return text ? g_ascii_strtod (text, NULL) : fallback;
}

json_t *
case_get_json (const Case *c, const gchar *key, GError **error)
{
  const gchar *text = case_get (c, key);
  json_t *json = text ? json_loads (text, 0, NULL) : NULL;

  if (!json)
    case_wrong (error, "%s: its metadata \"%s\" is missing or no JSON", c->path, key);
  return json;
}

Tensor *
case_find (const Case *c, const gchar *name)
{
  for (guint i = 0; i < c->tensors->len; i++) {
    Tensor *t = c->tensors->pdata[i];

    if (g_str_equal (t->name, name))
      return t;
  }
  return NULL;
}

Tensor *
case_find_format (const Case *c, const gchar *format, ...)
{
  g_autofree gchar *name = NULL;
  va_list args;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  return case_find (c, name);
}

static gchar *
describe_shape (const Tensor *t)
{
  GString *text = g_string_new (NULL);

  for (gint i = 0; i < t->rank; i++)
    g_string_append_printf (text, "[%d]", t->dims[i]);
  return g_string_free (text, FALSE);
}

Tensor *
case_need (const Case *c, const gchar *name, GError **error, gint rank, ...)
{
  Tensor *t = case_find (c, name);
  gboolean fits = t && (rank < 0 || t->rank == rank);
  g_autofree gchar *shape = NULL;
  va_list dims;

  va_start (dims, rank);
  for (gint i = 0; fits && i < rank; i++) {
    gint dim = va_arg (dims, gint);

    fits = dim < 0 ? t->dims[i] >= 1 : t->dims[i] == dim;
  }
  va_end (dims);
  if (fits)
    return t;
  shape = t ? describe_shape (t) : g_strdup (" missing");
  case_wrong (error, "%s: tensor %s is%s, which does not fit", c->path, name, shape);
  return NULL;
}
