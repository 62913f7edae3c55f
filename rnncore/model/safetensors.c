/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reader of safetensors files: trusts no byte.
 *
 * Layout: u64 length N of the header; N bytes of JSON, {"__metadata__": {string: string}, NAME: {"dtype": "F32",
 * "shape": [..], "data_offsets": [begin, end]}}; data, where begin and end count from.  As in the reference reader the
 * tensors must cover the data exactly: no overlap, no hole. */
#include "tensors.h"
#include "../base/error.h"
#include "../base/file.h"
#include "../base/memory.h"
#include <jansson.h>
#include <string.h>

#define MAX_HEADER (16u << 20)
#define MAX_TENSORS 65536u
#define MAX_REASON 300          /* bytes of a message: names in a hostile file may be of any length */
#define METADATA "__metadata__"

struct _RnnSafetensors {
  gchar *where;                 /* path, for messages */
  GBytes *bytes;
  json_t *header;               /* owns the metadata */
  RnnTensors *tensors;          /* by offset */
};

/* While the header is read: a tensor and its bytes. */
typedef struct {
  RnnTensorView view;
  gsize n_bytes;
} Span;

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
  tensor->dtype = RNN_DTYPE_F64;
  while (tensor->dtype != RNN_DTYPE_OTHER && strcmp (name, rnn_dtype_get_name (tensor->dtype)))
    tensor->dtype++;
  return TRUE;
}

static gboolean
parse_shape (RnnSafetensors *file, RnnTensorView *tensor, const json_t *json, GError **error)
{
  if (!json_is_array (json))
    return FAIL (file, FORMAT, "tensor \"%s\" has no shape", tensor->name);
  tensor->size = 1;
  for (gsize i = 0; i < json_array_size (json); i++) {
    const json_t *dim = json_array_get (json, i);

    if (!json_is_integer (dim) || json_integer_value (dim) < 0)
      return FAIL (file, FORMAT, "tensor \"%s\": dimension %zu is not a whole number", tensor->name, i);
    tensor->size = rnn_size_mul_dim (tensor->size, json_integer_value (dim));
    if (tensor->size == G_MAXSIZE)
      return FAIL (file, FORMAT, "tensor \"%s\": the shape overflows", tensor->name);
    if (i < RNN_TENSOR_MAX_RANK)
      tensor->dims[i] = json_integer_value (dim);
  }
  if (json_array_size (json) > RNN_TENSOR_MAX_RANK)
    tensor->dtype = RNN_DTYPE_OTHER;
  else
    tensor->rank = (gint) json_array_size (json);
  return TRUE;
}

/* Checks the two offsets against the shape (of what can be read) and the @n bytes of @data. */
static gboolean
parse_offsets (RnnSafetensors *file, Span *span, const json_t *json, const guint8 *data, gsize n, GError **error)
{
  RnnTensorView *tensor = &span->view;
  const json_t *first = json_array_get (json, 0), *last = json_array_get (json, 1);
  gint64 begin = json_integer_value (first), end = json_integer_value (last);

  if (json_array_size (json) != 2 || !json_is_integer (first) || !json_is_integer (last) || begin < 0 || end < begin)
    return FAIL (file, FORMAT, "tensor \"%s\" has no valid data_offsets", tensor->name);
  if ((guint64) end > n)
    return FAIL (file, FORMAT, "truncated: tensor \"%s\" ends at byte %" G_GINT64_FORMAT " of the data, which has %zu",
        tensor->name, end, n);
  if (tensor->dtype == RNN_DTYPE_OTHER)
    span->n_bytes = (gsize) (end - begin);
  else if (!g_size_checked_mul (&span->n_bytes, tensor->size, rnn_dtype_get_size (tensor->dtype))
      || span->n_bytes != (gsize) (end - begin))
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
  const Span *s = a, *t = b;

  if (s->view.data != t->view.data)
    return (const guint8 *) s->view.data < (const guint8 *) t->view.data ? -1 : 1;
  return (s->n_bytes > 0) - (t->n_bytes > 0);   /* empty ones take no room */
}

/* The spans, sorted, must cover the @n bytes of @data without overlap or hole. */
static gboolean
check_cover (RnnSafetensors *file, const GArray *spans, const guint8 *data, gsize n, GError **error)
{
  const guint8 *at = data;

  for (guint i = 0; i < spans->len; i++) {
    const Span *span = &g_array_index (spans, Span, i);

    if ((const guint8 *) span->view.data < at)
      return FAIL (file, FORMAT, "tensor \"%s\" overlaps another", span->view.name);
    if ((const guint8 *) span->view.data > at)
      break;
    at += span->n_bytes;
  }
  if (at != data + n)
    return FAIL (file, FORMAT, "byte %zu of the data belongs to no tensor", (gsize) (at - data));
  return TRUE;
}

static gboolean
parse_tensors (RnnSafetensors *file, const guint8 *data, gsize n, GError **error)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  const gchar *name;
  json_t *json;

  json_object_foreach (file->header, name, json) {
    Span span = { .view.name = name };

    if (!strcmp (name, METADATA)) {
      if (!check_metadata (file, json, error))
        return FALSE;
    } else if (parse_dtype (file, &span.view, json_object_get (json, "dtype"), error)
        && parse_shape (file, &span.view, json_object_get (json, "shape"), error)
        && parse_offsets (file, &span, json_object_get (json, "data_offsets"), data, n, error)) {
      g_array_append_val (spans, span);
    } else {
      return FALSE;
    }
  }
  if (spans->len > MAX_TENSORS)
    return FAIL (file, LIMIT, "%u tensors, the limit is %u", spans->len, MAX_TENSORS);
  g_array_sort (spans, compare_data);
  if (!check_cover (file, spans, data, n, error))
    return FALSE;
  for (guint i = 0; i < spans->len; i++)
    if (!rnn_tensors_add (file->tensors, &g_array_index (spans, Span, i).view, error))
      return FALSE;
  return TRUE;
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
  file->tensors = rnn_tensors_new (where);
  return parse (file, data, n, error) ? g_steal_pointer (&file) : NULL;
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
  rnn_tensors_free (file->tensors);
  json_decref (file->header);
  g_bytes_unref (file->bytes);
  g_free (file->where);
  g_free (file);
}

struct _RnnTensors *
rnn_safetensors_get_tensors (RnnSafetensors *file)
{
  return file->tensors;
}

guint
rnn_safetensors_get_n (RnnSafetensors *file)
{
  return rnn_tensors_get_n (file->tensors);
}

const RnnTensorView *
rnn_safetensors_get (RnnSafetensors *file, guint i)
{
  return rnn_tensors_get (file->tensors, i);
}

const RnnTensorView *
rnn_safetensors_find (RnnSafetensors *file, const gchar *name)
{
  return rnn_tensors_find (file->tensors, name);
}

const RnnTensorView *
rnn_safetensors_require (RnnSafetensors *file, const gchar *name, gint rank, const gint *dims, GError **error)
{
  return rnn_tensors_take_shape (file->tensors, name, rank, dims, FALSE, error);
}

const gchar *
rnn_safetensors_get_metadata (RnnSafetensors *file, const gchar *key)
{
  return json_string_value (json_object_get (json_object_get (file->header, METADATA), key));
}
