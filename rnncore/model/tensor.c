/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tensor views: the table of element types, and conversion to float.  Data is little-endian, as files have it, and may
 * be unaligned, so every element is read through memcpy. */
#include "safetensors.h"
#include "../base/memory.h"
#include <string.h>

G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);

static gfloat
float_from_bits (guint32 bits)
{
  gfloat value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* 1 sign, 5 exponent (bias 15), 10 mantissa bits: put in a float's place the exponent is short by 127 - 15. */
static gfloat
float_from_f16 (guint16 half)
{
  gfloat value = float_from_bits ((guint32) (half & 0x7fff) << 13) * 0x1p112f;

  if ((half & 0x7c00) == 0x7c00)
    value = float_from_bits (0x7f800000 | (guint32) (half & 0x03ff) << 13);
  return half & 0x8000 ? -value : value;
}

#define CONVERTER(name, type, expression) \
static void \
name##_to_float (const guint8 *in, gsize n, gfloat *out) \
{ \
  for (gsize i = 0; i < n; i++) { \
    type v; \
\
    memcpy (&v, in + i * sizeof v, sizeof v); \
    out[i] = (expression); \
  } \
}

CONVERTER (f64, gdouble, (gfloat) v)
CONVERTER (f32, gfloat, v)
CONVERTER (f16, guint16, float_from_f16 (v))
CONVERTER (bf16, guint16, float_from_bits ((guint32) v << 16))
CONVERTER (i64, gint64, (gfloat) v)
CONVERTER (i32, gint32, (gfloat) v)
CONVERTER (i16, gint16, v)
CONVERTER (i8, gint8, v)
CONVERTER (u64, guint64, (gfloat) v)
CONVERTER (u32, guint32, (gfloat) v)
CONVERTER (u16, guint16, v)
CONVERTER (u8, guint8, v)
CONVERTER (bool, guint8, v != 0)

static const struct {
  const gchar *name;
  gsize size;
  void (*to_float) (const guint8 *in, gsize n, gfloat *out);
} dtypes[] = {
  [RNN_DTYPE_F64] = { "F64", 8, f64_to_float },
  [RNN_DTYPE_F32] = { "F32", 4, f32_to_float },
  [RNN_DTYPE_F16] = { "F16", 2, f16_to_float },
  [RNN_DTYPE_BF16] = { "BF16", 2, bf16_to_float },
  [RNN_DTYPE_I64] = { "I64", 8, i64_to_float },
  [RNN_DTYPE_I32] = { "I32", 4, i32_to_float },
  [RNN_DTYPE_I16] = { "I16", 2, i16_to_float },
  [RNN_DTYPE_I8] = { "I8", 1, i8_to_float },
  [RNN_DTYPE_U64] = { "U64", 8, u64_to_float },
  [RNN_DTYPE_U32] = { "U32", 4, u32_to_float },
  [RNN_DTYPE_U16] = { "U16", 2, u16_to_float },
  [RNN_DTYPE_U8] = { "U8", 1, u8_to_float },
  [RNN_DTYPE_BOOL] = { "BOOL", 1, bool_to_float },
  [RNN_DTYPE_OTHER] = { NULL, 0, NULL },
};

const gchar *
rnn_dtype_get_name (RnnDtype dtype)
{
  return dtypes[dtype].name;
}

gsize
rnn_dtype_get_size (RnnDtype dtype)
{
  return dtypes[dtype].size;
}

RnnTensorView
rnn_tensor_view_f32 (const gchar *name, gint rank, const gint *dims, const gfloat *data)
{
  RnnTensorView view = { .name = name, .dtype = RNN_DTYPE_F32, .rank = rank, .size = 1, .data = data };

  for (gint i = 0; i < rank; i++) {
    view.dims[i] = dims[i];
    view.size = rnn_size_mul_dim (view.size, dims[i]);
  }
  return view;
}

void
rnn_tensor_view_to_float (const RnnTensorView *tensor, gfloat *out)
{
  dtypes[tensor->dtype].to_float (tensor->data, tensor->size, out);
}
