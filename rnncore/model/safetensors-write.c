/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writer of safetensors files.  The header is padded with blanks so that the data starts at a multiple of 64 bytes.
 * Tensors of whole 64s come first: each is aligned to a cache line, as packed weights must be.  The others follow,
 * sorted by the size of their elements.
 * (The numbers are little-endian, as tensor.c asserts that the machine is.) */
#include "safetensors.h"
#include "../base/error.h"
#include "../base/file.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 64

static gsize
view_bytes (const RnnTensorView *tensor)
{
  return tensor->size * rnn_dtype_get_size (tensor->dtype);
}

static gint
compare_alignment (gconstpointer a, gconstpointer b)
{
  const RnnTensorView *s = *(const RnnTensorView * const *) a, *t = *(const RnnTensorView * const *) b;
  gsize m = rnn_dtype_get_size (s->dtype), n = rnn_dtype_get_size (t->dtype);

  m = view_bytes (s) % ALIGN ? m : ALIGN;
  n = view_bytes (t) % ALIGN ? n : ALIGN;
  return (n > m) - (n < m);     /* the sort is stable: else as given */
}

/* One entry of the header; its data begins @offset bytes into the data. */
static json_t *
describe_tensor (const RnnTensorView *tensor, gsize offset)
{
  json_t *shape = json_array ();

  for (gint i = 0; i < tensor->rank; i++)
    json_array_append_new (shape, json_integer (tensor->dims[i]));
  return json_pack ("{s:s, s:o, s:[I, I]}", "dtype", rnn_dtype_get_name (tensor->dtype), "shape", shape,
      "data_offsets", (json_int_t) offset, (json_int_t) (offset + view_bytes (tensor)));
}

/* The header as text, or NULL when a name is taken twice or no UTF-8.  Free with free(). */
static gchar *
make_header (const GPtrArray *tensors, const gchar *const *metadata)
{
  json_t *header = json_object (), *strings = json_object ();
  gsize offset = 0;
  gboolean good = TRUE;
  gchar *text = NULL;

  json_object_set_new (header, "__metadata__", strings);
  for (; metadata && metadata[0]; metadata += 2)
    good = good && !json_object_set_new (strings, metadata[0], json_string (metadata[1]));
  for (guint i = 0; good && i < tensors->len; i++) {
    const RnnTensorView *t = tensors->pdata[i];

    good = !json_object_get (header, t->name) && !json_object_set_new (header, t->name, describe_tensor (t, offset));
    offset += view_bytes (t);
  }
  if (good)
    text = json_dumps (header, JSON_COMPACT);
  json_decref (header);
  return text;
}

gboolean
rnn_safetensors_write (const gchar *path, const RnnTensorView *tensors, guint n, const gchar *const *metadata,
    GError **error)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GString) bytes = g_string_new (NULL);
  gchar *header;
  guint64 length;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (sorted, (gpointer) &tensors[i]);
  g_ptr_array_sort (sorted, compare_alignment);
  header = make_header (sorted, metadata);
  if (!header) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: cannot be written: a name is taken twice or is no UTF-8", path);
    return FALSE;
  }
  length = (strlen (header) + 8 + ALIGN - 1) / ALIGN * ALIGN - 8;
  g_string_append_len (bytes, (const gchar *) &length, sizeof length);
  g_string_append_printf (bytes, "%-*s", (gint) length, header);
  free (header);
  for (guint i = 0; i < n; i++) {
    const RnnTensorView *t = sorted->pdata[i];

    g_string_append_len (bytes, t->data, view_bytes (t));
  }
  return rnn_file_replace (path, bytes->str, bytes->len, error);
}
