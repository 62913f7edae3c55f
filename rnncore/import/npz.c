/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NumPy's archives (numpy.savez): a ZIP of NAME.npy, each (numpy.lib.format)
 *
 *   "\x93NUMPY", version (1 byte major, 1 minor), length of the header (2 bytes, from version 2 on 4), header, elements
 *   header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } */
#include <string.h>
#include "archive.h"
#include "base/error.h"
#include "model/reader.h"
#include "state-dict.h"

#define MAGIC "\x93NUMPY"
#define SUFFIX ".npy"
#define MAX_HEADER 65536

static const struct {
  const gchar *descr;
  RnnDtype dtype;
} types[] = {
  { "<f8", RNN_DTYPE_F64 }, { "<f4", RNN_DTYPE_F32 }, { "<f2", RNN_DTYPE_F16 }, { "<i8", RNN_DTYPE_I64 }, { "<i4", RNN_DTYPE_I32 },
  { "<i2", RNN_DTYPE_I16 }, { "|i1", RNN_DTYPE_I8 }, { "<u8", RNN_DTYPE_U64 }, { "<u4", RNN_DTYPE_U32 }, { "<u2", RNN_DTYPE_U16 },
  { "|u1", RNN_DTYPE_U8 }, { "|b1", RNN_DTYPE_BOOL },
};

static gboolean
fail (const gchar *where, const gchar *name, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: array \"%.100s\" %s", where, name, reason);
  return FALSE;
}

/* What follows 'key': in the header, or NULL. */
static const gchar *
find_value (const gchar *header, const gchar *key)
{
  g_autofree gchar *quoted = g_strdup_printf ("'%s':", key);
  const gchar *at = strstr (header, quoted);

  if (!at)
    return NULL;
  at += strlen (quoted);
  return at + strspn (at, " ");
}

/* "(3, 4)", "(3,)", "()" */
static gboolean
read_shape (const gchar *text, RnnTensorView *view)
{
  if (!text || *text++ != '(')
    return FALSE;
  for (view->size = 1; *text != ')';) {
    gchar *end;
    guint64 dim = g_ascii_strtoull (text, &end, 10);

    if (end == text || dim > G_MAXINT32 || view->rank == RNN_TENSOR_MAX_RANK
        || !g_size_checked_mul (&view->size, view->size, (gsize) dim))
      return FALSE;
    view->dims[view->rank++] = (gint64) dim;
    text = end + strspn (end, ", ");
  }
  return TRUE;
}

static void
read_type (const gchar *descr, const gchar *fortran, RnnTensorView *view)
{
  view->dtype = RNN_DTYPE_OTHER;
  for (guint i = 0; descr && i < G_N_ELEMENTS (types); i++)
    if (*descr == '\'' && g_str_has_prefix (descr + 1, types[i].descr))
      view->dtype = types[i].dtype;
  if (!fortran || !g_str_has_prefix (fortran, "False"))
    view->dtype = RNN_DTYPE_OTHER;      /* columns first */
}

/* The header, NUL-terminated (transfer full), and behind it the elements. */
static gchar *
split (const guint8 *data, gsize n, const guint8 **elements)
{
  gsize start = strlen (MAGIC) + 2, wide, length = 0;

  if (n < start + 4 || memcmp (data, MAGIC, strlen (MAGIC)))
    return NULL;
  wide = data[strlen (MAGIC)] > 1 ? 4 : 2;
  for (gsize i = 0; i < wide; i++)
    length |= (gsize) data[start + i] << (8 * i);
  if (length > MAX_HEADER || length > n - start - wide)
    return NULL;
  *elements = data + start + wide + length;
  return g_strndup ((const gchar *) data + start + wide, length);
}

static gboolean
add_array (RnnImport *import, const gchar *name, GBytes *bytes, const gchar *where, GError **error)
{
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n), *elements = NULL;
  g_autofree gchar *header = split (data, n, &elements);
  RnnTensorView view = { .name = name };
  gint dims[RNN_TENSOR_MAX_RANK];
  gfloat *floats;

  if (!header || !read_shape (find_value (header, "shape"), &view))
    return fail (where, name, error, "has no header that can be read");
  read_type (find_value (header, "descr"), find_value (header, "fortran_order"), &view);
  if (view.dtype == RNN_DTYPE_OTHER)
    return rnn_tensors_add (import->tensors, &view, error);
  if (view.size > (gsize) (data + n - elements) / rnn_dtype_get_size (view.dtype))
    return fail (where, name, error, "is shorter than its shape says");
  for (gint i = 0; i < view.rank; i++)
    dims[i] = (gint) view.dims[i];
  if (!(floats = rnn_tensors_add_f32 (import->tensors, name, view.rank, dims, error)))
    return FALSE;
  view.data = elements;
  rnn_tensor_view_to_float (&view, floats);
  return TRUE;
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return rnn_archive_has (data, n, SUFFIX);
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnArchive) archive = rnn_archive_open (bytes, where, error);

  for (guint i = 0; archive && i < rnn_archive_get_n (archive); i++) {
    const gchar *entry = rnn_archive_get_name (archive, i);
    g_autofree gchar *name = entry && g_str_has_suffix (entry, SUFFIX) ? g_strndup (entry, strlen (entry) - strlen (SUFFIX)) : NULL;
    g_autoptr (GBytes) array = name ? rnn_archive_read (archive, entry, error) : NULL;

    if (name && (!array || !add_array (import, name, array, where, error)))
      return FALSE;
  }
  return archive && rnn_state_dict_complete (import->tensors, error);
}

const RnnReader rnn_reader_npz = { "npz", "NumPy's archives of arrays (.npz)", is_mine, read_file };
