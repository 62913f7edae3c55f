/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packed weights in a safetensors file: of a matrix `<layer>.<param>` the tensors
 *   .packed  I8 or BF16 [panels as in kernels.h, group after group]
 *   .scales  F32, .sums I32 [packed outputs]        int8 only
 * each at a multiple of 64 bytes of the file.  What is no matrix, or too wide for int8, is there as in any other file.
 * __metadata__["rnncore.weights"] says "int8 2" or "bf16 2": the precision, and the version of the panels' layout. */
#pragma once
#include "root.h"
#include "tensors.h"

G_BEGIN_DECLS

#define RNN_PACKED_KEY "rnncore.weights"

/* The key's value for @precision, and back; no value: f32. */
gchar   *rnn_packed_format (RnnPrecision precision);
gboolean rnn_packed_parse  (const gchar *value, RnnPrecision *precision, const gchar *where, GError **error);

/* Points a borrowed parameter into the bytes of @tensors, which must outlive it, and checks the values. */
gboolean rnn_packed_load (RnnParam *param, const gchar *full_name, RnnTensors *tensors, const gchar *where,
    GError **error);
/* Appends the parameter's RnnTensorViews (names owned by the caller: g_free). */
void     rnn_packed_save (const RnnParam *param, const gchar *full_name, GArray *tensors);

G_END_DECLS
