/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of other projects: whatever rnn_model_load is given is offered to each importer of its table. */
#pragma once
#include "model.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *name;            /* of the format */
  gboolean  (*is_mine) (const guint8 *data, gsize n);   /* the first look: at a magic number */
  /* @where stands for the path in messages. */
  RnnModel *(*load)    (GBytes *bytes, const gchar *where, GError **error);
} RnnImporter;

extern const RnnImporter rnn_importer_rwkv;             /* import-rwkv.c */

G_END_DECLS
