/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX's tensors: raw bytes, little-endian, or lists of numbers. */
#include "onnx-tensor.h"
#include "base/error.h"
#include "base/half.h"
#include "base/memory.h"
#include "protobuf.h"
#include <string.h>

enum { FLOAT = 1, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64, BFLOAT16 = 16 };

static gsize
width_of (gint type)
{
  static const gsize widths[] = { [FLOAT] = 4, [UINT8] = 1, [INT8] = 1, [UINT16] = 2, [INT16] = 2, [INT32] = 4, [INT64] = 8, [BOOL] = 1,
    [FLOAT16] = 2, [DOUBLE] = 8, [UINT32] = 4, [UINT64] = 8, [BFLOAT16] = 2 };

  return type > 0 && (gsize) type < G_N_ELEMENTS (widths) ? widths[type] : 0;
}

gboolean
rnn_onnx_is_integer (gint type)
{
  return type != FLOAT && type != FLOAT16 && type != DOUBLE && type != BFLOAT16;
}

/* Of any bits; infinities and what is no number are found where weights are checked. */
static gdouble
read_half (const guint8 *p)
{
  guint16 half;
  gfloat number;

  memcpy (&half, p, sizeof (half));
  rnn_half_to_float (1, &half, &number);
  return number;
}

#define AT(T, p) ({ T number; memcpy (&number, p, sizeof (T)); number; })

static RnnNetElement
read_raw (gint type, const guint8 *p)
{
  switch (type) {
    case FLOAT: return (RnnNetElement) { .f = AT (gfloat, p) };
    case DOUBLE: return (RnnNetElement) { .f = AT (gdouble, p) };
    case FLOAT16: return (RnnNetElement) { .f = read_half (p) };
    case BFLOAT16: return (RnnNetElement) { .f = ({ guint32 bits = (guint32) AT (guint16, p) << 16; AT (gfloat, &bits); }) };
    case INT8: return (RnnNetElement) { .i = AT (gint8, p) };
    case UINT16: return (RnnNetElement) { .i = AT (guint16, p) };
    case INT16: return (RnnNetElement) { .i = AT (gint16, p) };
    case INT32: return (RnnNetElement) { .i = AT (gint32, p) };
    case UINT32: return (RnnNetElement) { .i = AT (guint32, p) };
    case INT64:
    case UINT64: return (RnnNetElement) { .i = AT (gint64, p) };
    default: return (RnnNetElement) { .i = *p };
  }
}

/* Element i of the list that this type has. */
static RnnNetElement
read_listed (const RnnOnnx__Tensor *t, gsize i)
{
  switch (t->data_type) {
    case FLOAT: return (RnnNetElement) { .f = t->float_data[i] };
    case DOUBLE: return (RnnNetElement) { .f = t->double_data[i] };
    case INT64: return (RnnNetElement) { .i = t->int64_data[i] };
    case UINT32:
    case UINT64: return (RnnNetElement) { .i = (gint64) t->uint64_data[i] };
    case FLOAT16:
    case BFLOAT16: return read_raw (t->data_type, (const guint8 *) &t->int32_data[i]);
    default: return (RnnNetElement) { .i = t->int32_data[i] };
  }
}

static gsize
count_listed (const RnnOnnx__Tensor *t)
{
  return t->data_type == FLOAT ? t->n_float_data : t->data_type == DOUBLE ? t->n_double_data : t->data_type == INT64 ? t->n_int64_data
      : t->data_type == UINT32 || t->data_type == UINT64 ? t->n_uint64_data : t->n_int32_data;
}

static RnnNetValue *
convert (const RnnOnnx__Tensor *t, const gchar *where, GError **error)
{
  gsize size = 1, width = width_of (t->data_type), there;
  const gchar *reason = NULL;
  RnnNetValue *v;

  for (gsize i = 0; i < t->n_dims && size < G_MAXSIZE; i++)
    size = rnn_size_mul_dim (size, t->dims[i]);
  there = t->has_raw_data && width ? t->raw_data.len / width : count_listed (t);
  if (t->data_location)
    reason = "lies in another file; save the model as one file (onnx.save_model with save_as_external_data=False)";
  else if (!width)
    reason = "has elements of a type that is not supported";
  else if (t->n_dims > RNN_NET_RANK || size != there)
    reason = "has a shape that does not fit its data";
  if (reason) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: tensor \"%.100s\" %s", where, t->name ? t->name : "", reason);
    return NULL;
  }
  v = rnn_net_value_new (rnn_onnx_is_integer (t->data_type) ? RNN_NET_INT : RNN_NET_FLOAT, (gint) t->n_dims, (const gint64 *) t->dims, error);
  for (gsize i = 0; v && i < size; i++)
    v->data[i] = t->has_raw_data ? read_raw (t->data_type, t->raw_data.data + i * width) : read_listed (t, i);
  return v;
}

RnnNetValue *
rnn_onnx_tensor_read (const guint8 *data, gsize n, const gchar *where, gchar **name, GError **error)
{
  ProtobufCMessage *message = rnn_protobuf_unpack (&rnn_onnx__tensor__descriptor, data, n, rnn_protobuf_budget (n));
  RnnOnnx__Tensor *t = (RnnOnnx__Tensor *) message;
  RnnNetValue *v;

  if (!message) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a tensor is cut short or garbled", where);
    return NULL;
  }
  v = convert (t, where, error);
  if (v && name)
    *name = g_strdup (t->name);
  protobuf_c_message_free_unpacked (message, NULL);
  return v;
}
