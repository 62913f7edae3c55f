/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models are known by their first layer. */
#include "language.h"
#include "root.h"

gboolean
rnn_model_reads_tokens (RnnModel *model)
{
  static const gchar *const readers[] = { "embedding", "tied", NULL };
  const RnnCell *root = rnn_model_get_root (model);

  return root->n_in == 1 && root->children->len > 0 && !rnn_model_get_encoder (model)
      && g_strv_contains (readers, ((RnnCell *) root->children->pdata[0])->klass->name);
}
