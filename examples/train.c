/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trains a model in C and saves it: from each value of a noisy sine, the next one.
 *
 *   cc train.c -o train $(pkg-config --cflags --libs rnncore) -lm && ./train sine.safetensors */
#include <rnncore/rnn.h>
#include <math.h>

enum { STEPS = 100, EXAMPLES = 64 };

static const gchar recipe[] = "{'name': 'sine', 'license': 'CC0-1.0', 'input': {'kind': 'series', 'channels': 1},"
    " 'layers': [{'cell': 'gru', 'hidden': 16}, {'cell': 'dense', 'units': 1}], 'output': {'kind': 'regression'}}";

static RnnModel *
new_model (GError **error)
{
  g_autofree gchar *text = g_strdelimit (g_strdup (recipe), "'", '"');
  json_t *json = json_loads (text, 0, NULL);
  RnnModel *model = rnn_model_new (json, 1, "sine", error);

  json_decref (json);
  return model;
}

static RnnDataset *
new_dataset (guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (1);
  gfloat x[STEPS + 1];
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (gint e = 0; e < EXAMPLES; e++) {
    gfloat phase = rnn_rng_uniform (&rng) * 6.28f;

    for (gint t = 0; t <= STEPS; t++)
      x[t] = sinf (t * 0.3f + phase) + 0.02f * rnn_rng_normal (&rng);
    rnn_dataset_add_series (dataset, x, STEPS, x + 1, 1);
  }
  return dataset;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = new_model (&error);
  RnnDataset *train = new_dataset (1), *dev = new_dataset (2);
  RnnTrainConfig config;
  RnnTrainStats stats;
  RnnTrainer *trainer;

  rnn_options_init (rnn_train_options, &config);
  config.epochs = 20;
  config.batch_size = 8;
  config.learning_rate = 0.01f;
  trainer = model ? rnn_trainer_new (model, &config, train, dev, &error) : NULL;
  if (!trainer)
    g_error ("%s", error->message);
  while (rnn_trainer_step (trainer, &stats))
    if (stats.epoch_progress == 1)
      g_print ("epoch %u: squared error %.4f\n", stats.epoch + 1, stats.dev_loss);
  if (argc > 1 && !rnn_model_save (rnn_trainer_get_best (trainer), argv[1], &error))
    g_error ("%s", error->message);
  rnn_trainer_free (trainer);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  return 0;
}
