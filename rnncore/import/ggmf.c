/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reader of rwkv.cpp's files: trusts no byte. */
#include "ggmf.h"
#include "base/error.h"
#include "model/safetensors.h"
#include <string.h>

#define MAGIC 0x67676d66
#define OLDEST 100
#define NEWEST 101              /* from here on as below; before it the Q types were other ones */
#define MAX_NAME 256
#define MAX_TENSORS 65536u
#define MAX_VOCAB (1 << 20)
#define MAX_EMBED 65536
#define MAX_LAYERS 128
#define BLOCK 32                /* values of one block of a Q type */

/* ---- types ---- */

static void
f32 (const guint8 *in, gsize n, gfloat *out)
{
  memcpy (out, in, n * sizeof (gfloat));
}

static void
f16 (const guint8 *in, gsize n, gfloat *out)
{
  rnn_tensor_view_to_float (&(RnnTensorView) { .dtype = RNN_DTYPE_F16, .size = n, .data = in }, out);
}

/* One block of 4 or 5 bits, scale q + start: @nibbles [16] hold q of j (low) and j + 16 (high), @fifth the fifth
 * bits. */
static void
block_of_5 (const guint8 *nibbles, guint32 fifth, gfloat scale, gfloat start, gfloat *out)
{
  for (gint j = 0; j < BLOCK / 2; j++) {
    guint low = (nibbles[j] & 15u) | ((fifth >> j) & 1) << 4;
    guint high = (nibbles[j] >> 4) | ((fifth >> (j + BLOCK / 2)) & 1) << 4;

    out[j] = scale * (gfloat) low + start;
    out[j + BLOCK / 2] = scale * (gfloat) high + start;
  }
}

/* scale, then start (or none: @zero is the value that stands for 0), then (maybe) the fifth bits, then the nibbles */
static void
blocks_of_5 (const guint8 *in, gsize n, gint zero, gboolean has_fifth, gfloat *out)
{
  gint n_floats = zero ? 1 : 2;
  gsize bytes = 2 * n_floats + (has_fifth ? 4 : 0) + BLOCK / 2;

  for (gsize i = 0; i < n; i += BLOCK, in += bytes) {
    gfloat factors[2];
    guint32 fifth = 0;

    f16 (in, n_floats, factors);
    if (has_fifth)
      memcpy (&fifth, in + 2 * n_floats, sizeof fifth);
    block_of_5 (in + bytes - BLOCK / 2, fifth, factors[0], zero ? -factors[0] * (gfloat) zero : factors[1], out + i);
  }
}

static void
q4_0 (const guint8 *in, gsize n, gfloat *out)
{
  blocks_of_5 (in, n, 8, FALSE, out);
}

static void
q4_1 (const guint8 *in, gsize n, gfloat *out)
{
  blocks_of_5 (in, n, 0, FALSE, out);
}

static void
q5_0 (const guint8 *in, gsize n, gfloat *out)
{
  blocks_of_5 (in, n, 16, TRUE, out);
}

static void
q5_1 (const guint8 *in, gsize n, gfloat *out)
{
  blocks_of_5 (in, n, 0, TRUE, out);
}

/* scale, then values of 8 bits */
static void
q8_0 (const guint8 *in, gsize n, gfloat *out)
{
  for (gsize i = 0; i < n; i += BLOCK, in += 2 + BLOCK) {
    gfloat scale;

    f16 (in, 1, &scale);
    for (gint j = 0; j < BLOCK; j++)
      out[i + j] = scale * (gfloat) (gint8) in[2 + j];
  }
}

static const struct {
  gint values, bytes;           /* of a block; 0: no such type */
  void (*to_float) (const guint8 *in, gsize n, gfloat *out);
} types[] = {
  [0] = { 1, 4, f32 },
  [1] = { 1, 2, f16 },
  [2] = { BLOCK, 2 + 16, q4_0 },
  [3] = { BLOCK, 4 + 16, q4_1 },
  [7] = { BLOCK, 2 + 4 + 16, q5_0 },
  [8] = { BLOCK, 4 + 4 + 16, q5_1 },
  [9] = { BLOCK, 2 + 32, q8_0 },
};

void
rnn_ggmf_to_float (const RnnGgmfTensor *tensor, gfloat *out)
{
  types[tensor->type].to_float (tensor->data, tensor->size, out);
}

/* ---- reading ---- */

typedef struct {
  const guint8 *at;
  gsize left;
  const gchar *where;
  gint version;
} Reader;

#define FAIL(reader, code, ...) (fail (reader, error, RNN_ERROR_ ## code, __VA_ARGS__))

static gboolean G_GNUC_PRINTF (4, 5)
fail (const Reader *r, GError **error, RnnError code, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, code, "%s: %s", r->where, reason);
  return FALSE;
}

static gboolean
take (Reader *r, gsize n, const guint8 **bytes, GError **error)
{
  if (n > r->left)
    return FAIL (r, FORMAT, "truncated: %" G_GSIZE_FORMAT " bytes are missing", n - r->left);
  *bytes = r->at;
  r->at += n;
  r->left -= n;
  return TRUE;
}

static gboolean
take_ints (Reader *r, gint n, gint32 *ints, GError **error)
{
  const guint8 *bytes = NULL;

  if (!take (r, n * sizeof (gint32), &bytes, error))
    return FALSE;
  memcpy (ints, bytes, n * sizeof (gint32));
  return TRUE;
}

static gboolean
read_header (Reader *r, RnnGgmf *file, GError **error)
{
  enum { MAGIC_AT, VERSION, VOCAB, EMBED, LAYERS, TYPE, N_INTS };
  gint32 ints[N_INTS];

  if (!take_ints (r, N_INTS, ints, error))
    return FALSE;
  r->version = ints[VERSION];
  if (ints[MAGIC_AT] != MAGIC)
    return FAIL (r, FORMAT, "no file of rwkv.cpp");
  if (r->version < OLDEST || r->version > NEWEST)
    return FAIL (r, UNSUPPORTED, "version %d of rwkv.cpp's format; %d and %d are known", r->version, OLDEST, NEWEST);
  if (ints[VOCAB] < 1 || ints[VOCAB] > MAX_VOCAB || ints[EMBED] < 1 || ints[EMBED] > MAX_EMBED || ints[LAYERS] < 1
      || ints[LAYERS] > MAX_LAYERS)
    return FAIL (r, LIMIT, "%d tokens, %d values, %d layers: at most %d, %d and %d are supported", ints[VOCAB],
        ints[EMBED], ints[LAYERS], MAX_VOCAB, MAX_EMBED, MAX_LAYERS);
  file->n_vocab = ints[VOCAB];
  file->n_embed = ints[EMBED];
  file->n_layer = ints[LAYERS];
  return TRUE;
}

static gboolean
check_type (const Reader *r, gint32 type, GError **error)
{
  if (type < 0 || type >= (gint32) G_N_ELEMENTS (types) || !types[type].values)
    return FAIL (r, UNSUPPORTED, "tensor type %d", type);
  if (types[type].values > 1 && r->version < NEWEST)
    return FAIL (r, UNSUPPORTED, "quantised by a version of rwkv.cpp before %d: quantise it again", NEWEST);
  return TRUE;
}

/* Shape, name and data of a tensor whose rank is in its place. */
static gboolean
read_tensor (Reader *r, RnnGgmfTensor *t, gint name_length, gchar **name, GError **error)
{
  const guint8 *bytes = NULL;

  t->size = 1;
  for (gint i = 0; i < RNN_GGMF_MAX_RANK; i++)
    t->dims[i] = 1;
  if (!take_ints (r, t->rank, t->dims, error) || !take (r, (gsize) name_length, &bytes, error))
    return FALSE;
  if (!g_utf8_validate ((const gchar *) bytes, name_length, NULL))
    return FAIL (r, FORMAT, "the name of a tensor is not UTF-8");
  *name = g_strndup ((const gchar *) bytes, (gsize) name_length);
  for (gint i = 0; i < t->rank; i++)
    if (t->dims[i] < 1 || !g_size_checked_mul (&t->size, t->size, (gsize) t->dims[i]))
      return FAIL (r, FORMAT, "tensor \"%s\": the shape is not valid", *name);
  if (t->dims[0] % types[t->type].values)
    return FAIL (r, FORMAT, "tensor \"%s\": rows of %d values are not whole blocks", *name, t->dims[0]);
  if (t->size / types[t->type].values > G_MAXSIZE / types[t->type].bytes)
    return FAIL (r, FORMAT, "tensor \"%s\": the shape overflows", *name);
  return take (r, t->size / types[t->type].values * types[t->type].bytes, &t->data, error);
}

static gboolean
add_tensor (Reader *r, RnnGgmf *file, GError **error)
{
  g_autofree RnnGgmfTensor *t = g_new0 (RnnGgmfTensor, 1);
  g_autofree gchar *name = NULL;
  gint32 ints[3];               /* rank, length of the name, type */

  if (!take_ints (r, 3, ints, error) || !check_type (r, ints[2], error))
    return FALSE;
  if (ints[0] < 1 || ints[0] > RNN_GGMF_MAX_RANK || ints[1] < 1 || ints[1] > MAX_NAME)
    return FAIL (r, LIMIT, "a tensor of %d dimensions with a name of %d bytes; at most %d and %d are supported",
        ints[0], ints[1], RNN_GGMF_MAX_RANK, MAX_NAME);
  t->rank = ints[0];
  t->type = ints[2];
  if (!read_tensor (r, t, ints[1], &name, error))
    return FALSE;
  if (g_hash_table_contains (file->tensors, name))
    return FAIL (r, FORMAT, "tensor \"%s\" is there twice", name);
  if (g_hash_table_size (file->tensors) >= MAX_TENSORS)
    return FAIL (r, LIMIT, "more than %u tensors", MAX_TENSORS);
  t->name = name;
  g_hash_table_insert (file->tensors, g_steal_pointer (&name), t);
  g_ptr_array_add (file->in_order, t);
  t = NULL;
  return TRUE;
}

gboolean
rnn_ggmf_is_mine (const guint8 *data, gsize n)
{
  const gint32 magic = MAGIC;

  return n >= sizeof magic && memcmp (data, &magic, sizeof magic) == 0;
}

RnnGgmf *
rnn_ggmf_open (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (RnnGgmf) file = g_new0 (RnnGgmf, 1);
  Reader r = { .where = where };

  r.at = g_bytes_get_data (bytes, &r.left);
  file->bytes = g_bytes_ref (bytes);
  file->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  file->in_order = g_ptr_array_new ();
  if (!read_header (&r, file, error))
    return NULL;
  while (r.left > 0)
    if (!add_tensor (&r, file, error))
      return NULL;
  return g_steal_pointer (&file);
}

void
rnn_ggmf_free (RnnGgmf *file)
{
  if (!file)
    return;
  g_ptr_array_unref (file->in_order);
  g_hash_table_unref (file->tensors);
  g_bytes_unref (file->bytes);
  g_free (file);
}

const RnnGgmfTensor *
rnn_ggmf_find (const RnnGgmf *file, const gchar *name)
{
  return g_hash_table_lookup (file->tensors, name);
}
