/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX's tensors (TensorProto). */
#pragma once
#include "net.h"
#include "onnx.pb-c.h"

G_BEGIN_DECLS

/* The bytes of a tensor -> a constant; @name (g_free): its own, may be NULL. */
RnnNetValue *rnn_onnx_tensor_read (const guint8 *data, gsize n, const gchar *where, gchar **name, GError **error);
/* A type of elements that are whole numbers. */
gboolean     rnn_onnx_is_integer (gint type);

G_END_DECLS
