/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has to be the same for a training to go on, or for two results to be compared: the recipe's input, layers and output,
 * and every number of every example, texts included. */
#include "trainer.h"
#include "../base/digest.h"

static guint64
digest_labels (guint64 digest, const RnnExample *e)
{
  digest = rnn_digest_bytes (digest, &e->n_texts, sizeof (e->n_texts));
  for (guint j = 0; j < e->n_texts; j++) {
    digest = rnn_digest_bytes (digest, &e->texts[j].n, sizeof (e->texts[j].n));
    digest = rnn_digest_bytes (digest, e->texts[j].ids, e->texts[j].n * sizeof (gint));
  }
  if (e->targets)
    digest = rnn_digest_bytes (digest, e->targets, (gsize) e->n_frames * e->n_target * sizeof (gfloat));
  return digest;
}

guint64
rnn_dataset_digest (const RnnDataset *dataset)
{
  RnnBuffer room = { NULL, 0 };
  guint64 digest = RNN_DIGEST_START;

  for (guint i = 0; dataset && i < dataset->examples->len; i++) {
    const RnnExample *e = RNN_EXAMPLE (dataset, i);

    digest = rnn_digest_bytes (digest, &e->n_frames, sizeof (e->n_frames));
    digest = rnn_digest_bytes (digest, rnn_dataset_read (dataset, e, &room), (gsize) e->n_frames * dataset->n_feature * sizeof (gfloat));
    digest = digest_labels (digest, e);
  }
  rnn_buffer_clear (&room);
  return digest;
}

guint64
rnn_model_digest_recipe (RnnModel *model)
{
  static const gchar *const parts[] = { "input", "layers", "output" };
  guint64 digest = RNN_DIGEST_START;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    digest = rnn_digest_json (digest, json_object_get (rnn_model_get_recipe (model), parts[i]));
  return digest;
}
