/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The safetensors format (https://github.com/huggingface/safetensors): 8 bytes of little-endian header length, a JSON
 * header, raw little-endian tensors without holes.  Files are mapped, not read; every length in them is checked once,
 * when they are opened. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

#define RNN_TENSOR_MAX_RANK 8

/* Floats come first; OTHER can be there, but not read. */
typedef enum { RNN_DTYPE_F64, RNN_DTYPE_F32, RNN_DTYPE_F16, RNN_DTYPE_BF16, RNN_DTYPE_I64, RNN_DTYPE_I32, RNN_DTYPE_I16,
  RNN_DTYPE_I8, RNN_DTYPE_U64, RNN_DTYPE_U32, RNN_DTYPE_U16, RNN_DTYPE_U8, RNN_DTYPE_BOOL, RNN_DTYPE_OTHER } RnnDtype;

const gchar *rnn_dtype_get_name (RnnDtype dtype);               /* "F32"; NULL: OTHER */
gsize        rnn_dtype_get_size (RnnDtype dtype);               /* bytes per element */

/* One tensor in memory that belongs to somebody else. */
typedef struct {
  const gchar *name;
  RnnDtype dtype;
  gint rank;                    /* 0: a scalar */
  gint64 dims[RNN_TENSOR_MAX_RANK];
  gsize size;                   /* elements: the product of dims */
  gconstpointer data;           /* row-major, little-endian; in a file perhaps not aligned */
} RnnTensorView;

/* A view of floats[dims[0]]..[dims[rank - 1]], for writing. */
RnnTensorView rnn_tensor_view_f32 (const gchar *name, gint rank, const gint *dims, const gfloat *data);
/* The elements as floats -> out[size]. */
void          rnn_tensor_view_to_float (const RnnTensorView *tensor, gfloat *out);

/* ---- reading ---- */

typedef struct _RnnSafetensors RnnSafetensors;

/* Errors name the file and the reason.  A file must not shrink while it is open: replace it by renaming. */
RnnSafetensors *rnn_safetensors_open (const gchar *path, GError **error);
/* The same over bytes in memory (a reference is kept); @where stands for the path in messages. */
RnnSafetensors *rnn_safetensors_open_bytes (GBytes *bytes, const gchar *where, GError **error);
void            rnn_safetensors_free (RnnSafetensors *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSafetensors, rnn_safetensors_free)

/* All of them, as a model takes them (tensors.h). */
struct _RnnTensors  *rnn_safetensors_get_tensors (RnnSafetensors *file);
/* Tensors in the order of their data.  Everything returned lives as long as @file. */
guint                rnn_safetensors_get_n (RnnSafetensors *file);
const RnnTensorView *rnn_safetensors_get (RnnSafetensors *file, guint i);
const RnnTensorView *rnn_safetensors_find (RnnSafetensors *file, const gchar *name);  /* NULL: not there */
/* The tensor @name if it is there and has exactly this shape, else NULL and an error. */
const RnnTensorView *rnn_safetensors_require (RnnSafetensors *file, const gchar *name, gint rank, const gint *dims,
    GError **error);
/* A string of __metadata__, or NULL. */
const gchar         *rnn_safetensors_get_metadata (RnnSafetensors *file, const gchar *key);

/* ---- writing ---- */

/* Writes aside, flushes to the disk, then renames: whatever happens @path holds the old file or the new one.  Tensors
 * are sorted: whole multiples of 64 bytes, which are aligned to 64, then by the size of their elements.  @metadata: key,
 * value, key, value, ... NULL; may be NULL. */
gboolean rnn_safetensors_write (const gchar *path, const RnnTensorView *tensors, guint n, const gchar *const *metadata,
    GError **error);

RNN_API_END
