/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reader of safetensors files: trusts no byte.
 *
 * Layout: u64 length N of the header; N bytes of JSON, {"__metadata__": {string: string}, NAME: {"dtype": "F32",
 * "shape": [..], "data_offsets": [begin, end]}}; data, where begin and end count from.  As in the reference reader the
 * tensors must cover the data exactly: no overlap, no hole. */
#include "safetensors.h"
#include "../base/error.h"
#include "../base/file.h"
#include <jansson.h>
#include <string.h>

#define MAX_HEADER (16u << 20)
#define MAX_TENSORS 65536u
#define MAX_REASON 300          /* bytes of a message: names in a hostile file may be of any length */
#define METADATA "__metadata__"

struct _RnnSafetensors {
  gchar *where;                 /* path, for messages */
  GBytes *bytes;
  json_t *header;               /* owns the names and the metadata */
  GArray *tensors;              /* of RnnTensorView, by offset */
  GHashTable *by_name;          /* borrowed name -> element of tensors */
};

#define FAIL(file, code, ...) (fail (file, error, RNN_ERROR_ ## code, __VA_ARGS__))

static gboolean G_GNUC_PRINTF (4, 5)
fail (const RnnSafetensors *file, GError **error, RnnError code, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL, *shown = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  shown = g_utf8_make_valid (reason, MIN (strlen (reason), MAX_REASON));
  g_set_error (error, RNN_ERROR, code, "%s: %s", file->where, shown);
  return FALSE;
}

static gboolean
parse_dtype (RnnSafetensors *file, RnnTensorView *tensor, const json_t *json, GError **error)
{
  const gchar *name = json_string_value (json);

  if (!name)
    return FAIL (file, FORMAT, "tensor \"%s\" has no dtype", tensor->name);
  for (gint i = RNN_DTYPE_F64; i <= RNN_DTYPE_BOOL; i++)
    if (!strcmp (name, rnn_dtype_get_name (i))) {
      tensor->dtype = i;
      return TRUE;
    }
  return FAIL (file, UNSUPPORTED, "tensor \"%s\" has the unsupported dtype \"%.16s\"", tensor->name, name);
}

static gboolean
parse_shape (RnnSafetensors *file, RnnTensorView *tensor, const json_t *json, GError **error)
{
  if (!json_is_array (json))
    return FAIL (file, FORMAT, "tensor \"%s\" has no shape", tensor->name);
  if (json_array_size (json) > RNN_TENSOR_MAX_RANK)
    return FAIL (file, LIMIT, "tensor \"%s\" has %zu dimensions, the limit is %d", tensor->name, json_array_size (json),
        RNN_TENSOR_MAX_RANK);
  tensor->rank = json_array_size (json);
  tensor->size = 1;
  for (gint i = 0; i < tensor->rank; i++) {
    const json_t *dim = json_array_get (json, i);

    tensor->dims[i] = json_integer_value (dim);
    if (!json_is_integer (dim) || tensor->dims[i] < 0)
      return FAIL (file, FORMAT, "tensor \"%s\": dimension %d is not a whole number", tensor->name, i);
    if (!g_size_checked_mul (&tensor->size, tensor->size, tensor->dims[i]))
      return FAIL (file, FORMAT, "tensor \"%s\": the shape overflows", tensor->name);
  }
  return TRUE;
}

/* Checks the two offsets against the shape and the @n bytes of @data. */
static gboolean
parse_offsets (RnnSafetensors *file, RnnTensorView *tensor, const json_t *json, const guint8 *data, gsize n,
    GError **error)
{
  const json_t *first = json_array_get (json, 0), *last = json_array_get (json, 1);
  gint64 begin = json_integer_value (first), end = json_integer_value (last);
  gsize n_bytes = 0;

  if (json_array_size (json) != 2 || !json_is_integer (first) || !json_is_integer (last) || begin < 0 || end < begin)
    return FAIL (file, FORMAT, "tensor \"%s\" has no valid data_offsets", tensor->name);
  if ((guint64) end > n)
    return FAIL (file, FORMAT, "truncated: tensor \"%s\" ends at byte %" G_GINT64_FORMAT " of the data, which has %zu",
        tensor->name, end, n);
  if (!g_size_checked_mul (&n_bytes, tensor->size, rnn_dtype_get_size (tensor->dtype))
      || n_bytes != (gsize) (end - begin))
    return FAIL (file, FORMAT, "tensor \"%s\": shape and dtype do not fit its %" G_GINT64_FORMAT " bytes", tensor->name,
        end - begin);
  tensor->data = data + begin;
  return TRUE;
}

static gboolean
check_metadata (RnnSafetensors *file, const json_t *metadata, GError **error)
{
  const gchar *key;
  json_t *value;

  if (!json_is_object (metadata))
    return FAIL (file, FORMAT, METADATA " is not an object");
  json_object_foreach ((json_t *) metadata, key, value)
    if (!json_is_string (value))
      return FAIL (file, FORMAT, METADATA " \"%s\" is not a string", key);
  return TRUE;
}

static gint
compare_data (gconstpointer a, gconstpointer b)
{
  const RnnTensorView *s = a, *t = b;

  if (s->data != t->data)
    return (const guint8 *) s->data < (const guint8 *) t->data ? -1 : 1;
  return (s->size > 0) - (t->size > 0);         /* empty ones take no room */
}

/* The tensors, sorted, must cover the @n bytes of @data without overlap or hole. */
static gboolean
check_cover (RnnSafetensors *file, const guint8 *data, gsize n, GError **error)
{
  const guint8 *at = data;

  for (guint i = 0; i < file->tensors->len; i++) {
    const RnnTensorView *t = &g_array_index (file->tensors, RnnTensorView, i);

    if ((const guint8 *) t->data < at)
      return FAIL (file, FORMAT, "tensor \"%s\" overlaps another", t->name);
    if ((const guint8 *) t->data > at)
      break;
    at += t->size * rnn_dtype_get_size (t->dtype);
  }
  if (at != data + n)
    return FAIL (file, FORMAT, "byte %zu of the data belongs to no tensor", (gsize) (at - data));
  return TRUE;
}

static gboolean
parse_tensors (RnnSafetensors *file, const guint8 *data, gsize n, GError **error)
{
  const gchar *name;
  json_t *json;

  json_object_foreach (file->header, name, json) {
    RnnTensorView tensor = { .name = name };

    if (!strcmp (name, METADATA)) {
      if (!check_metadata (file, json, error))
        return FALSE;
    } else if (parse_dtype (file, &tensor, json_object_get (json, "dtype"), error)
        && parse_shape (file, &tensor, json_object_get (json, "shape"), error)
        && parse_offsets (file, &tensor, json_object_get (json, "data_offsets"), data, n, error)) {
      g_array_append_val (file->tensors, tensor);
    } else {
      return FALSE;
    }
  }
  if (file->tensors->len > MAX_TENSORS)
    return FAIL (file, LIMIT, "%u tensors, the limit is %u", file->tensors->len, MAX_TENSORS);
  g_array_sort (file->tensors, compare_data);
  return check_cover (file, data, n, error);
}

/* @bytes[n]: the whole file. */
static gboolean
parse (RnnSafetensors *file, const guint8 *bytes, gsize n, GError **error)
{
  json_error_t json_error;
  guint64 length;

  if (n < 8)
    return FAIL (file, FORMAT, "truncated: %zu bytes are too few for a safetensors file", n);
  if (n > 8 && bytes[8] != '{')
    return FAIL (file, FORMAT, "not a safetensors file");
  memcpy (&length, bytes, sizeof length);
  if (length > MAX_HEADER)
    return FAIL (file, LIMIT, "the header claims %" G_GUINT64_FORMAT " bytes, the limit is %u", length, MAX_HEADER);
  if (length > n - 8)
    return FAIL (file, FORMAT, "truncated: the header claims %" G_GUINT64_FORMAT " bytes, %zu follow", length, n - 8);
  file->header = json_loadb ((const gchar *) bytes + 8, length, JSON_REJECT_DUPLICATES, &json_error);
  if (!file->header)
    return FAIL (file, FORMAT, "bad header: %s (byte %d)", json_error.text, json_error.position);
  return parse_tensors (file, bytes + 8 + length, n - 8 - length, error);
}

RnnSafetensors *
rnn_safetensors_open_bytes (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (RnnSafetensors) file = g_new0 (RnnSafetensors, 1);
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);

  file->where = g_strdup (where);
  file->bytes = g_bytes_ref (bytes);
  file->tensors = g_array_new (FALSE, FALSE, sizeof (RnnTensorView));
  file->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  if (!parse (file, data, n, error))
    return NULL;
  for (guint i = 0; i < file->tensors->len; i++) {
    RnnTensorView *t = &g_array_index (file->tensors, RnnTensorView, i);

    g_hash_table_insert (file->by_name, (gpointer) t->name, t);
  }
  return g_steal_pointer (&file);
}

RnnSafetensors *
rnn_safetensors_open (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? rnn_safetensors_open_bytes (bytes, path, error) : NULL;
}

void
rnn_safetensors_free (RnnSafetensors *file)
{
  if (!file)
    return;
  g_hash_table_unref (file->by_name);
  g_array_unref (file->tensors);
  json_decref (file->header);
  g_bytes_unref (file->bytes);
  g_free (file->where);
  g_free (file);
}

guint
rnn_safetensors_get_n (RnnSafetensors *file)
{
  return file->tensors->len;
}

const RnnTensorView *
rnn_safetensors_get (RnnSafetensors *file, guint i)
{
  return &g_array_index (file->tensors, RnnTensorView, i);
}

const RnnTensorView *
rnn_safetensors_find (RnnSafetensors *file, const gchar *name)
{
  return g_hash_table_lookup (file->by_name, name);
}

static gchar *
describe_shape (const RnnTensorView *tensor)
{
  GString *text = g_string_new ("[");

  for (gint i = 0; i < tensor->rank; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? ", " : "", tensor->dims[i]);
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

const RnnTensorView *
rnn_safetensors_require (RnnSafetensors *file, const gchar *name, gint rank, const gint *dims, GError **error)
{
  const RnnTensorView *found = rnn_safetensors_find (file, name);
  RnnTensorView wanted = rnn_tensor_view_f32 (name, rank, dims, NULL);
  g_autofree gchar *is = NULL, *must = NULL;

  if (!found) {
    FAIL (file, NOT_FOUND, "tensor \"%s\" is missing", name);
    return NULL;
  }
  if (found->rank == rank && !memcmp (found->dims, wanted.dims, rank * sizeof wanted.dims[0]))
    return found;
  is = describe_shape (found);
  must = describe_shape (&wanted);
  FAIL (file, SHAPE, "tensor \"%s\" is %s, must be %s", name, is, must);
  return NULL;
}

const gchar *
rnn_safetensors_get_metadata (RnnSafetensors *file, const gchar *key)
{
  return json_string_value (json_object_get (json_object_get (file->header, METADATA), key));
}
