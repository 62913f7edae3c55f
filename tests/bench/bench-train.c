/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One update of the acoustic model of the usual comparison: 120 inputs, 3 x LSTM 320, 29 tokens; 16 utterances of 200
 * steps; forward, CTC, backward, clipping, Adam.  bench-train [UPDATES [THREADS]] prints milliseconds, median first. */
#include <stdio.h>
#include <stdlib.h>
#include "rnn.h"

#define STEPS 200
#define BATCH 16
#define INPUTS 120
#define LABELS 30

static const gchar recipe[] =
    "{\"input\": {\"kind\": \"tensors\", \"size\": 120}, \"layers\": ["
    "{\"cell\": \"lstm\", \"name\": \"0\", \"hidden\": 320}, {\"cell\": \"lstm\", \"name\": \"1\", \"hidden\": 320},"
    "{\"cell\": \"lstm\", \"name\": \"2\", \"hidden\": 320}, {\"cell\": \"dense\", \"name\": \"out\", \"units\": 29}],"
    "\"output\": {\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\","
    "\"j\", \"k\", \"l\", \"m\", \"n\", \"o\", \"p\", \"q\", \"r\", \"s\", \"t\", \"u\", \"v\", \"w\", \"x\", \"y\", \"z\", \" \","
    "\"'\"]}}";

static RnnDataset *
random_utterances (void)
{
  RnnDataset *dataset = rnn_dataset_new (INPUTS);
  g_autofree gfloat *frames = g_new (gfloat, STEPS * INPUTS);
  gint labels[LABELS];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (gint e = 0; e < BATCH; e++) {
    for (gint i = 0; i < STEPS * INPUTS; i++)
      frames[i] = rnn_rng_normal (&rng);
    for (gint i = 0; i < LABELS; i++)
      labels[i] = 1 + (gint) rnn_rng_below (&rng, 28);
    rnn_dataset_add_ctc (dataset, frames, STEPS, labels, LABELS);
  }
  return dataset;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

int
main (int argc, char **argv)
{
  gint updates = argc > 1 ? atoi (argv[1]) : 5;
  json_t *json = json_loads (recipe, 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnModel *model = rnn_model_new (json, 1, "bench", &error);
  RnnDataset *dataset = random_utterances ();
  RnnTrainConfig config;
  RnnTrainer *trainer;
  g_autofree gdouble *ms = g_new (gdouble, updates);

  rnn_options_init (rnn_train_options, &config);
  config.batch_size = BATCH;
  config.epochs = updates + 1;
  config.n_threads = config.shards = argc > 2 ? atoi (argv[2]) : 1;
  trainer = model ? rnn_trainer_new (model, &config, dataset, NULL, &error) : NULL;
  if (!trainer) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  rnn_trainer_step (trainer, NULL);     /* the first one allocates */
  for (gint i = 0; i < updates; i++) {
    gint64 start = g_get_monotonic_time ();

    rnn_trainer_step (trainer, NULL);
    ms[i] = (g_get_monotonic_time () - start) / 1e3;
  }
  qsort (ms, updates, sizeof (gdouble), compare);
  printf ("rnncore %.0f ms an update (best %.0f)\n", ms[updates / 2], ms[0]);
  rnn_trainer_free (trainer);
  rnn_dataset_free (dataset);
  rnn_model_unref (model);
  json_decref (json);
  return 0;
}
