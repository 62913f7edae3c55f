/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* train: whole updates of a trainer, that is forward, loss, backward, clipping and Adam, on noise.
 *
 * --loss ctc            an acoustic model: frames of --input, layers, --outputs tokens; --labels per utterance
 * --loss cross-entropy  a language model: an embedding of --outputs tokens, layers, a softmax over the tokens */
#include "bench.h"
#include "train/train.h"

typedef struct {
  RnnDataset *dataset;
  RnnTrainer *trainer;
} Training;

static void
run (gpointer data)
{
  rnn_trainer_step (((Training *) data)->trainer, NULL);
}

static void
training_free (gpointer data)
{
  Training *t = data;

  if (t->trainer)
    rnn_trainer_free (t->trainer);
  rnn_dataset_free (t->dataset);
  g_free (t);
}

/* ---- the two tasks ---- */

static json_t *
acoustic_recipe (const BenchSettings *s, json_t *layers)
{
  return json_pack ("{s{sssi} so s{ssso}}", "input", "kind", "tensors", "size", s->input, "layers", layers, "output",
      "kind", "ctc", "tokens", bench_tokens (s->outputs));
}

static void
add_utterance (const BenchSettings *s, RnnDataset *dataset, RnnRng *rng)
{
  g_autofree gfloat *frames = bench_random ((gsize) s->steps * s->input, rnn_rng_u32 (rng));
  g_autofree gint *labels = g_new (gint, s->labels);

  for (gint i = 0; i < s->labels; i++)
    labels[i] = 1 + (gint) rnn_rng_below (rng, s->outputs - 1);
  rnn_dataset_add_ctc (dataset, frames, s->steps, labels, s->labels);
}

static json_t *
language_recipe (const BenchSettings *s, json_t *layers)
{
  json_array_insert_new (layers, 0, json_pack ("{ss ss si si}", "cell", "embedding", "name", "tokens", "tokens",
          s->outputs, "units", s->input));
  return json_pack ("{s{sssi} so s{ssso}}", "input", "kind", "tensors", "size", 1, "layers", layers, "output",
      "kind", "classes", "labels", bench_tokens (s->outputs));
}

static void
add_text (const BenchSettings *s, RnnDataset *dataset, RnnRng *rng)
{
  g_autofree gfloat *tokens = g_new (gfloat, s->steps + 1);

  for (gint i = 0; i <= s->steps; i++)
    tokens[i] = rnn_rng_below (rng, s->outputs);
  rnn_dataset_add_series (dataset, tokens, s->steps, tokens + 1, 1);
}

static const struct Task {
  const gchar *loss;
  RnnLossType type;
  gboolean tokens;              /* a step's input is a token's number */
  json_t *(*recipe) (const BenchSettings *settings, json_t *layers);
  void    (*add) (const BenchSettings *settings, RnnDataset *dataset, RnnRng *rng);
} tasks[] = {
  { "ctc", RNN_LOSS_CTC, FALSE, acoustic_recipe, add_utterance },
  { "cross-entropy", RNN_LOSS_CROSS_ENTROPY, TRUE, language_recipe, add_text },
};

static const struct Task *
find_task (const gchar *loss, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    if (g_str_equal (tasks[i].loss, loss))
      return &tasks[i];
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "there is no loss \"%s\" to measure; there are ctc, "
      "cross-entropy", loss);
  return NULL;
}

static RnnModel *
make_model (BenchSettings *s, const struct Task *task, GError **error)
{
  json_t *layers = bench_layers (s, error), *recipe;
  RnnModel *model;

  if (!layers)
    return NULL;
  json_array_append_new (layers, json_pack ("{ss ss si}", "cell", "dense", "name", "out", "units", s->outputs));
  recipe = task->recipe (s, layers);
  model = rnn_model_new (recipe, 1, "bench", error);
  json_decref (recipe);
  return model;
}

static RnnDataset *
make_dataset (const BenchSettings *s, const struct Task *task)
{
  RnnDataset *dataset = rnn_dataset_new (task->tokens ? 1 : s->input);
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (gint i = 0; i < s->streams; i++)
    task->add (s, dataset, &rng);
  return dataset;
}

static RnnTrainer *
make_trainer (const BenchSettings *s, const struct Task *task, RnnModel *model, RnnDataset *dataset, GError **error)
{
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.loss = task->type;
  config.optimizer = RNN_OPTIMIZER_ADAM;
  config.batch_size = s->streams;
  config.epochs = 1000000;      /* of one minibatch */
  config.clip_norm = 5;
  config.n_threads = config.shards = s->threads;
  config.precision = s->precision->precision == RNN_PRECISION_BF16;
  return rnn_trainer_new (model, &config, dataset, NULL, error);
}

/* Forward, then the gradients of weights and of inputs: three products, but frames need no gradient. */
static void
add_needs (BenchWork *work, RnnModel *model, const BenchSettings *s, gboolean first_dx)
{
  guint n;

  bench_add_forward_needs (work, rnn_model_get_root (model), s->steps, s->streams, sizeof (gfloat));
  n = work->needs->len;
  for (guint i = 0; i < n; i++) {
    BenchNeed need = g_array_index (work->needs, BenchNeed, i);

    bench_add_need (work, 1, need.bytes, need.operations * need.times);
    if (i > 0 || first_dx)
      bench_add_need (work, need.times, need.bytes, need.operations);
  }
}

gboolean
bench_prepare_train (BenchSettings *s, BenchWork *work, GError **error)
{
  const struct Task *task = find_task (s->loss, error);
  g_autoptr (RnnModel) model = task ? make_model (s, task, error) : NULL;
  RnnCell *root;
  Training *t;

  if (model && s->precision->precision == RNN_PRECISION_INT8)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "nothing is trained in int8");
  if (!model || s->precision->precision == RNN_PRECISION_INT8)
    return FALSE;
  root = rnn_model_get_root (model);
  s->hidden = ((RnnCell *) g_ptr_array_index (root->children, root->children->len - 1))->n_in;
  t = work->data = g_new0 (Training, 1);
  work->free = training_free;
  work->run = run;
  t->dataset = make_dataset (s, task);
  t->trainer = make_trainer (s, task, model, t->dataset, error);
  work->units = 1;
  work->bytes_per_stream = bench_stream_bytes (root, s->steps) + root->n_tape * s->steps * sizeof (gfloat);
  add_needs (work, model, s, task->tokens);
  return t->trainer != NULL;
}
