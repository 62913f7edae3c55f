/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file format of rwkv.cpp ("ggmf"), all numbers little-endian:
 *
 *   int32 magic, version, n_vocab, n_embed, n_layer, type of most tensors
 *   to the end, tensors: int32 rank, length of the name, type; int32 dims[rank], length of a row first; name; data
 *
 * Types: 0 F32, 1 F16, 2 Q4_0, 3 Q4_1, 7 Q5_0, 8 Q5_1, 9 Q8_0, where a Q is blocks of 32 values of 4, 5 or 8 bits.
 * Every length is checked once, when the bytes are opened. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_GGMF_MAX_RANK 4

typedef struct {
  const gchar *name;
  gint type;
  gint rank, dims[RNN_GGMF_MAX_RANK];   /* PyTorch's shape backwards; 1 past rank */
  gsize size;                   /* elements */
  const guint8 *data;
} RnnGgmfTensor;

typedef struct {
  GBytes *bytes;
  gint n_vocab, n_embed, n_layer;
  GHashTable *tensors;          /* name -> RnnGgmfTensor, both owned */
  GPtrArray *in_order;          /* the tensors as the file has them, borrowed */
} RnnGgmf;

gboolean rnn_ggmf_is_mine (const guint8 *data, gsize n);
/* Keeps a reference of @bytes; @where stands for the path in messages. */
RnnGgmf *rnn_ggmf_open    (GBytes *bytes, const gchar *where, GError **error);
void     rnn_ggmf_free    (RnnGgmf *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnGgmf, rnn_ggmf_free)

/* NULL: not there */
const RnnGgmfTensor *rnn_ggmf_find (const RnnGgmf *file, const gchar *name);
/* The elements -> out[size], in the order of the file, which is PyTorch's. */
void rnn_ggmf_to_float (const RnnGgmfTensor *tensor, gfloat *out);

G_END_DECLS
