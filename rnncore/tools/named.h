/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models that were made of tensors with names (a recipe's "tensors"), over tensors of those names. */
#pragma once
#include "model/model.h"
#include "model/safetensors.h"

G_BEGIN_DECLS

/* Has @file all that the model takes, by names behind @prefix? */
gboolean rnn_tool_named_applies (RnnModel *model, RnnSafetensors *file, const gchar *prefix);

/* Tensors of the shapes that the model's own format knows, or with steps before these: one set of answers; states begin as the file has
 * them, if it has, and are answered as they ended.  (transfer full: free with rnn_tool_named_free) NULL and an error. */
GPtrArray *rnn_tool_named_run (RnnModel *model, RnnSafetensors *file, const gchar *prefix, gint chunk, GError **error);

typedef struct {
  gchar *name;
  RnnTensorView view;           /* of data; its name is name */
  gfloat *data;
} RnnToolNamed;

G_END_DECLS
