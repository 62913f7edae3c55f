/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as what a checkpoint says of a training, with its check sum right: refused, or the training goes on from there.  The file
 * around it is the business of fuzz-safetensors. */
#include "../fuzz.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "base/digest.h"
#include "model/safetensors.h"
#include "train/train.h"

#define RECIPE "{\"input\": {\"kind\": \"series\", \"channels\": 1}, \"layers\": [{\"cell\": \"elman\", \"hidden\": 2}, " \
  "{\"cell\": \"dense\", \"units\": 1}], \"output\": {\"kind\": \"regression\"}}"

static RnnDataset *
new_dataset (void)
{
  static const gfloat x[] = { 0, 1, 0, -1, 0, 1, 0, -1 };
  RnnDataset *dataset = rnn_dataset_new (1);

  for (guint i = 0; i < 4; i++)
    rnn_dataset_add_series (dataset, x, 7, x + 1, 1);
  return dataset;
}

/* The checkpoint @file at @path, with @state instead of what it said. */
static gboolean
rewrite (RnnSafetensors *file, const gchar *path, const gchar *state)
{
  static const gchar *const order[] = { "params", "best", "average", "moment0", "moment1", "moment2" };
  g_autofree gchar *checksum = NULL;
  const gchar *metadata[] = { "rnncore-checkpoint", state, "rnncore-checksum", NULL, NULL };
  guint64 digest = rnn_digest_bytes (RNN_DIGEST_START, state, strlen (state));
  RnnTensorView views[G_N_ELEMENTS (order)];
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (rnn_safetensors_find (file, order[i])) {
      views[n] = *rnn_safetensors_find (file, order[i]);
      digest = rnn_digest_bytes (digest, views[n].data, views[n].size * sizeof (gfloat));
      n++;
    }
  metadata[3] = checksum = rnn_digest_to_text (digest);
  return rnn_safetensors_write (path, views, n, metadata, NULL);
}

static gchar *
new_path (void)
{
  gchar *path = NULL;

  close (g_file_open_tmp ("fuzz-checkpoint-XXXXXX", &path, NULL));
  return path;
}

/* What a trainer says after its first step; made once. */
static RnnSafetensors *
saved_by (RnnTrainer *trainer)
{
  static RnnSafetensors *file = NULL;
  RnnTrainStats stats;

  if (!file) {
    g_autofree gchar *path = new_path ();

    rnn_trainer_step (trainer, &stats);
    g_assert (rnn_trainer_save_checkpoint (trainer, path, NULL));
    file = rnn_safetensors_open (path, NULL);
    g_unlink (path);
  }
  return file;
}

/* The model as it was before its first training, since making it costs more than all that is tried. */
static RnnModel *
fresh_model (void)
{
  static RnnModel *model = NULL;
  static gfloat *params = NULL;

  if (!model) {
    json_t *recipe = json_loads (RECIPE, 0, NULL);

    model = rnn_model_new (recipe, 1, "fuzz", NULL);
    params = g_memdup2 (rnn_model_get_params (model), rnn_model_get_n_params (model) * sizeof (gfloat));
    json_decref (recipe);
  }
  memcpy (rnn_model_get_params (model), params, rnn_model_get_n_params (model) * sizeof (gfloat));
  rnn_model_pack (model, TRUE);
  return model;
}

static void
go_on (RnnTrainer *trainer, const gchar *path)
{
  RnnTrainStats stats;

  if (rnn_trainer_load_checkpoint (trainer, path, NULL))
    for (guint i = 0; i < 6 && rnn_trainer_step (trainer, &stats); i++);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autofree gchar *state = g_strndup (n ? (const gchar *) data : "", n), *path = new_path ();
  RnnDataset *train = new_dataset (), *dev = new_dataset ();
  RnnTrainConfig config;
  RnnTrainer *trainer;

  rnn_options_init (rnn_train_options, &config);
  config.epochs = 3;
  config.batch_size = 2;
  trainer = rnn_trainer_new (fresh_model (), &config, train, dev, NULL);
  if (g_utf8_validate (state, -1, NULL) && rewrite (saved_by (trainer), path, state))
    go_on (trainer, path);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  g_unlink (path);
  return 0;
}
