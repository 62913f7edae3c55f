/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PyTorch's files (torch.save of a state_dict): a ZIP archive with NAME/data.pkl, a pickle (pickle.h), and NAME/data/0, 1, ..., the
 * storages.  A tensor is, in the pickle,
 *
 *   torch._utils._rebuild_tensor_v2 (storage, offset, size, stride, ...)
 *   storage = persistent id ("storage", torch.FloatStorage, key, device, elements)
 *
 * The state_dict is the pickle itself, or what it has as "state_dict", "model_state_dict" or "model". */
#include <string.h>
#include "archive.h"
#include "base/error.h"
#include "model/reader.h"
#include "pickle.h"
#include "state-dict.h"

#define PICKLE "data.pkl"

typedef struct {
  RnnArchive *archive;
  const gchar *where;
  gchar *folder;                /* of the entries: "NAME/" */
  GHashTable *storages;         /* key -> GBytes */
  RnnTensors *tensors;
} Torch;

static const struct {
  const gchar *global;
  RnnDtype dtype;
} storages[] = {
  { "torch FloatStorage", RNN_DTYPE_F32 }, { "torch DoubleStorage", RNN_DTYPE_F64 }, { "torch HalfStorage", RNN_DTYPE_F16 },
  { "torch BFloat16Storage", RNN_DTYPE_BF16 }, { "torch LongStorage", RNN_DTYPE_I64 }, { "torch IntStorage", RNN_DTYPE_I32 },
  { "torch ShortStorage", RNN_DTYPE_I16 }, { "torch CharStorage", RNN_DTYPE_I8 }, { "torch ByteStorage", RNN_DTYPE_U8 },
  { "torch BoolStorage", RNN_DTYPE_BOOL },
};

static gboolean
fail (const Torch *t, GError **error, const gchar *name, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: tensor \"%.100s\" %s", t->where, name, reason);
  return FALSE;
}

/* ---- one tensor ---- */

/* The bytes behind a persistent id, and the type of their elements. */
static GBytes *
find_storage (Torch *t, const RnnPickleValue *persistent, const gchar *name, RnnDtype *dtype, GError **error)
{
  const RnnPickleValue *id = rnn_pickle_item (persistent, 0, RNN_PICKLE_TUPLE);
  const RnnPickleValue *kind = rnn_pickle_item (id, 1, RNN_PICKLE_GLOBAL), *key = rnn_pickle_item (id, 2, RNN_PICKLE_TEXT);
  GBytes *bytes = key ? g_hash_table_lookup (t->storages, key->text) : NULL;
  g_autofree gchar *entry = key ? g_strconcat (t->folder, "data/", key->text, NULL) : NULL;

  *dtype = RNN_DTYPE_OTHER;
  for (guint i = 0; kind && i < G_N_ELEMENTS (storages); i++)
    if (g_str_equal (kind->text, storages[i].global))
      *dtype = storages[i].dtype;
  if (!key || *dtype == RNN_DTYPE_OTHER) {
    fail (t, error, name, "is of a storage that cannot be read");
    return NULL;
  }
  if (!bytes && (bytes = rnn_archive_read (t->archive, entry, error)))
    g_hash_table_insert (t->storages, g_strdup (key->text), bytes);
  return bytes;
}

/* Whole numbers of a tuple -> out; their count, or -1. */
static gint
get_numbers (const RnnPickleValue *tuple, gint64 out[RNN_TENSOR_MAX_RANK])
{
  gint n = tuple ? (gint) MIN (tuple->items->len, RNN_TENSOR_MAX_RANK + 1u) : -1;

  if (n > RNN_TENSOR_MAX_RANK)
    return -1;
  for (gint i = 0; i < n; i++) {
    const RnnPickleValue *number = rnn_pickle_item (tuple, (guint) i, RNN_PICKLE_INT);

    if (!number || number->integer < 0 || number->integer > G_MAXINT32)
      return -1;
    out[i] = number->integer;
  }
  return n;
}

/* Copies elements of @view, its strides apart, from @offset on: FALSE where one of them is past the storage. */
static gboolean
copy_strided (const RnnTensorView *view, const gint64 *strides, gint64 offset, gsize n_bytes, gfloat *out)
{
  gsize size = rnn_dtype_get_size (view->dtype);
  guint64 last = (guint64) offset, available = n_bytes / size;

  for (gint i = 0; i < view->rank; i++)
    last += view->dims[i] > 0 ? (guint64) (view->dims[i] - 1) * (guint64) strides[i] : 0;
  if (view->size > 0 && last >= available)
    return FALSE;
  for (gsize i = 0; i < view->size; i++) {
    RnnTensorView one = { .dtype = view->dtype, .size = 1 };
    gsize rest = i, at = (gsize) offset;

    for (gint d = view->rank - 1; d >= 0; rest /= (gsize) view->dims[d], d--)
      at += rest % (gsize) view->dims[d] * (gsize) strides[d];
    one.data = (const guint8 *) view->data + at * size;
    rnn_tensor_view_to_float (&one, out + i);
  }
  return TRUE;
}

/* @arguments: storage, offset, size, stride */
static gboolean
add_tensor (Torch *t, const gchar *name, const RnnPickleValue *arguments, GError **error)
{
  const RnnPickleValue *offset = rnn_pickle_item (arguments, 1, RNN_PICKLE_INT);
  gint64 strides[RNN_TENSOR_MAX_RANK];
  gint dims[RNN_TENSOR_MAX_RANK];
  RnnTensorView view = { .name = name, .size = 1 };
  GBytes *bytes = find_storage (t, rnn_pickle_item (arguments, 0, RNN_PICKLE_PERSISTENT), name, &view.dtype, error);
  gsize n_bytes;
  gfloat *data;

  if (!bytes)
    return FALSE;
  view.data = g_bytes_get_data (bytes, &n_bytes);
  view.rank = get_numbers (rnn_pickle_item (arguments, 2, RNN_PICKLE_TUPLE), view.dims);
  if (!offset || offset->integer < 0 || view.rank < 0
      || get_numbers (rnn_pickle_item (arguments, 3, RNN_PICKLE_TUPLE), strides) != view.rank)
    return fail (t, error, name, "has a shape that makes no sense");
  for (gint i = 0; i < view.rank; i++) {
    dims[i] = (gint) view.dims[i];
    if (!g_size_checked_mul (&view.size, view.size, (gsize) dims[i]))
      return fail (t, error, name, "has a shape that makes no sense");
  }
  if (view.size > n_bytes / rnn_dtype_get_size (view.dtype))
    return fail (t, error, name, "is larger than its storage");
  data = rnn_tensors_add_f32 (t->tensors, name, view.rank, dims, error);
  return data && (copy_strided (&view, strides, offset->integer, n_bytes, data) || fail (t, error, name, "is not in its storage"));
}

/* The arguments of the call that makes a tensor, through Parameter's; NULL: it is none. */
static const RnnPickleValue *
find_tensor (const RnnPickleValue *value)
{
  const RnnPickleValue *what, *arguments;

  for (gint depth = 0; value && value->kind == RNN_PICKLE_CALL && depth < 4; depth++) {
    what = rnn_pickle_item (value, 0, RNN_PICKLE_GLOBAL);
    arguments = rnn_pickle_item (value, 1, RNN_PICKLE_TUPLE);
    if (what && g_str_equal (what->text, "torch._utils _rebuild_tensor_v2"))
      return arguments;
    value = what && g_str_has_prefix (what->text, "torch._utils _rebuild_parameter")
        ? rnn_pickle_item (arguments, 0, RNN_PICKLE_CALL) : NULL;
  }
  return NULL;
}

/* ---- the state_dict ---- */

static const RnnPickleValue *
find_state_dict (const RnnPickleValue *top)
{
  static const gchar *const names[] = { "state_dict", "model_state_dict", "model" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const RnnPickleValue *inner = rnn_pickle_lookup (top, names[i]);

    if (inner && inner->kind == RNN_PICKLE_DICT)
      return inner;
  }
  return top;
}

static gboolean
add_tensors (Torch *t, const RnnPickleValue *dict, GError **error)
{
  if (dict->kind != RNN_PICKLE_DICT) {
    const RnnPickleValue *what = rnn_pickle_item (dict, 0, RNN_PICKLE_GLOBAL);

    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: no state_dict but %s%.100s: save model.state_dict () instead", t->where,
        what ? "what would have to call " : "something else", what ? what->text : "");
    return FALSE;
  }
  for (guint i = 0; i + 1 < dict->items->len; i += 2) {
    const RnnPickleValue *name = rnn_pickle_item (dict, i, RNN_PICKLE_TEXT), *tensor = find_tensor (dict->items->pdata[i + 1]);

    if (name && tensor && !add_tensor (t, name->text, tensor, error))
      return FALSE;
  }
  if (rnn_tensors_get_n (t->tensors) > 0)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its pickle has no tensors", t->where);
  return FALSE;
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return rnn_archive_has (data, n, "/" PICKLE);
}

static gboolean
read_pickle (Torch *t, GError **error)
{
  g_autofree gchar *entry = g_strconcat (t->folder, PICKLE, NULL);
  g_autoptr (GBytes) bytes = rnn_archive_read (t->archive, entry, error);
  g_autoptr (RnnPickle) pickle = bytes ? rnn_pickle_read (bytes, t->where, error) : NULL;

  return pickle && add_tensors (t, find_state_dict (rnn_pickle_get_top (pickle)), error)
      && rnn_state_dict_complete (t->tensors, error);
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnArchive) archive = rnn_archive_open (bytes, where, error);
  Torch t = { .archive = archive, .where = where, .tensors = import->tensors };
  gboolean ok;

  if (!archive)
    return FALSE;
  for (guint i = 0; i < rnn_archive_get_n (archive) && !t.folder; i++) {
    const gchar *name = rnn_archive_get_name (archive, i);

    if (name && g_str_has_suffix (name, "/" PICKLE))
      t.folder = g_strndup (name, strlen (name) - strlen (PICKLE));
  }
  t.storages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  ok = read_pickle (&t, error);
  g_hash_table_unref (t.storages);
  g_free (t.folder);
  return ok;
}

const RnnReader rnn_reader_torch = { "torch", "PyTorch's state_dict (.pt, .pth)", is_mine, read_file };
