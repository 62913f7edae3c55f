/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a safetensors file: refused, or every element can be read. */
#include "../fuzz.h"
#include "model/safetensors.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (bytes, "fuzz", NULL);

  for (guint i = 0; file && i < rnn_safetensors_get_n (file); i++) {
    const RnnTensorView *tensor = rnn_safetensors_get (file, i);
    g_autofree gfloat *out = tensor->dtype == RNN_DTYPE_OTHER ? NULL : g_new (gfloat, tensor->size);

    if (tensor->dtype != RNN_DTYPE_OTHER)
      rnn_tensor_view_to_float (tensor, out);
    g_assert (rnn_safetensors_find (file, tensor->name) == tensor);
  }
  return 0;
}
