/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop of training over a learner: epochs of minibatches, each an update or part of one; validation between epochs. */
#include "trainer.h"
#include "outputs/marks.h"
#include <math.h>
#include <string.h>

/* ---- making one ---- */

static gboolean
check_examples (RnnTrainer *t, RnnDataset *dataset, const gchar *what, GError **error)
{
  const gchar *model = rnn_model_get_path (t->learner.model), *reason = NULL;

  if (dataset->n_feature != t->train->n_feature) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %s has %d features per frame, training data %d", model, what,
        dataset->n_feature, t->train->n_feature);
    return FALSE;
  }
  for (guint i = 0; i < dataset->examples->len; i++) {
    RnnLabels labels = rnn_task_get_labels (&t->learner.task, RNN_EXAMPLE (dataset, i));

    if (!rnn_output_accepts (t->learner.task.output, &labels, &reason)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: cannot learn from %s example %u: %s", model, what,
          i, reason);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_model (RnnTrainer *t, GError **error)
{
  const gchar *path = rnn_model_get_path (t->learner.model);
  const RnnFraming *f = &t->learner.task.framing;

  if (!rnn_cell_can_train (rnn_model_get_root (t->learner.model))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it has a layer that cannot be trained", path);
    return FALSE;
  }
  if (f->n_in != f->n_feature * f->stack) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: takes %d values per step, but frames of %d stacked by %d were "
        "given", path, f->n_in, f->n_feature, f->stack);
    return FALSE;
  }
  if (t->train->examples->len == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: there is no example to train on", path);
    return FALSE;
  }
  return check_examples (t, t->train, "training", error) && (!t->dev || check_examples (t, t->dev, "dev", error));
}

/* A model that normalises globally but does not know the statistics yet learns them from the examples. */
static void
ensure_input_stats (RnnModel *model, RnnDataset *dataset)
{
  const RnnInput *input = rnn_model_get_input (model);
  gint n = dataset->n_feature;
  g_autofree gfloat *mean = NULL, *std = NULL;

  if (!rnn_input_needs_stats (input) || rnn_model_get_input_mean (model) || n != input->n_frame)
    return;
  mean = g_new (gfloat, n);
  std = g_new (gfloat, n);
  rnn_dataset_get_stats (dataset, mean, std);
  rnn_model_set_input_stats (model, mean, std, n);
}

static gboolean
make_models (RnnTrainer *t, RnnModel *model, GError **error)
{
  RnnModel *copy = rnn_model_copy (model, error);

  if (!copy)
    return FALSE;
  ensure_input_stats (copy, t->train);
  return rnn_learner_init (&t->learner, copy, t->train->n_feature, error) && check_model (t, error)
      && ((!t->dev && t->learner.config.average <= 0) || (t->best = rnn_model_copy (copy, error)));
}

static void
dev_set_clear (gpointer data)
{
  RnnDevSet *set = data;

  rnn_epoch_clear (&set->order);
  g_free (set->name);
}

gboolean
rnn_trainer_add_dev (RnnTrainer *t, const gchar *name, RnnDataset *dataset, GError **error)
{
  RnnDevSet set = {.data = dataset,.loss = NAN,.metric = NAN };

  if (!check_examples (t, dataset, name, error))
    return FALSE;
  set.name = g_strdup (name);
  rnn_epoch_init (&set.order, dataset, t->learner.config.batch_size, 0, 0, TRUE);
  g_array_append_val (t->more_devs, set);
  return TRUE;
}

const gchar *
rnn_trainer_get_dev (RnnTrainer *t, guint i, gdouble *loss, gdouble *metric)
{
  const RnnDevSet *set;

  if (i >= t->more_devs->len)
    return NULL;
  set = &g_array_index (t->more_devs, RnnDevSet, i);
  *loss = set->loss;
  *metric = set->metric;
  return set->name;
}

RnnTrainer *
rnn_trainer_new (RnnModel *model, const RnnTrainConfig *config, RnnDataset *train, RnnDataset *dev, GError **error)
{
  RnnTrainer *t = g_new0 (RnnTrainer, 1);

  t->learner.config = *config;
  t->train = train;
  t->dev = dev && dev->examples->len ? dev : NULL;
  t->more_devs = g_array_new (FALSE, FALSE, sizeof (RnnDevSet));
  g_array_set_clear_func (t->more_devs, dev_set_clear);
  if (!rnn_trainer_join (t, error) || !make_models (t, model, error) || !rnn_trainer_check_room (t, error) ||
      !rnn_learner_start (&t->learner, error)) {
    rnn_trainer_free (t);
    return NULL;
  }
  rnn_task_survey (&t->learner.task, t->train);
  t->digest = rnn_dataset_digest (t->train);
  t->dev_digest = rnn_dataset_digest (t->dev);
  t->patience_left = config->patience;
  t->best_metric = t->best_loss = t->dev_loss = t->dev_metric = t->loss = NAN;
  if (t->dev)
    rnn_epoch_init (&t->dev_order, t->dev, config->batch_size, 0, 0, TRUE);
  rnn_trainer_begin_epoch (t);
  return t;
}

void
rnn_trainer_free (RnnTrainer *trainer)
{
  if (!trainer)
    return;
  rnn_reduce_leave (&trainer->learner.reduce, !trainer->done);
  g_clear_error (&trainer->failed);
  rnn_learner_clear (&trainer->learner);
  if (trainer->set != trainer->train)
    rnn_dataset_free (trainer->set);
  rnn_epoch_clear (&trainer->order);
  rnn_epoch_clear (&trainer->dev_order);
  g_array_unref (trainer->more_devs);
  g_clear_pointer (&trainer->best, rnn_model_unref);
  g_free (trainer);
}

/* ---- a step ---- */

/* The token that parts words, or -1. */
static gint
find_separator (RnnModel *model)
{
  const gchar *const *tokens = rnn_model_get_tokens (model);

  for (gint i = 0; tokens && tokens[i]; i++)
    if (strcmp (tokens[i], " ") == 0)
      return i;
  return -1;
}

/* Texts can be joined, and what marks have made of them; other targets per frame stay as they are. */
static void
choose_set (RnnTrainer *t)
{
  const RnnTrainConfig *c = &t->learner.config;
  const RnnOutput *output = t->learner.task.output;
  g_autofree gfloat *quiet = output->marks ? g_new (gfloat, output->n_values) : NULL;

  if (t->set != t->train)
    rnn_dataset_free (t->set);
  t->set = t->train;
  if (c->join == 0 || (output->n_values > 0 && !output->marks) || t->epoch < (guint64) c->augment_from)
    return;
  if (quiet)
    rnn_output_mark_quiet (output, quiet);
  t->set = rnn_dataset_join (t->train, c->join, c->pause, find_separator (t->learner.model), quiet, rnn_mix_seed (c->seed, t->epoch, 0));
}

void
rnn_trainer_begin_epoch (RnnTrainer *t)
{
  rnn_epoch_clear (&t->order);
  choose_set (t);
  rnn_epoch_init (&t->order, t->set, t->learner.config.batch_size, t->learner.config.seed, (guint) t->epoch,
      t->epoch < (guint64) t->learner.config.short_first_epochs);
  t->clock_frames = 0;
  t->clock_start = g_get_monotonic_time ();
}

/* Of the first head. */
static guint
count_labels (const RnnExample *example)
{
  return example->n_texts ? (guint) example->texts[0].n : 0;
}

/* Minibatches of the update to come. */
static guint
count_minibatches (const RnnTrainer *t)
{
  return (guint) MIN ((guint64) t->learner.config.accumulate, t->order.n_batches - t->batch);
}

/* Of @n_batches minibatches together. */
static gfloat
loss_scale (const RnnTrainer *t, guint n_batches)
{
  guint n_labels = 0, total = 0;

  for (guint k = 0; k < n_batches; k++) {
    const guint32 *examples;
    guint n = rnn_epoch_get (&t->order, (guint) t->batch + k, &examples);

    for (guint i = 0; i < n; i++)
      n_labels += count_labels (RNN_EXAMPLE (t->set, examples[i]));
    total += n;
  }
  return 1.0f / (t->learner.config.per_label && n_labels ? n_labels : total);
}

/* @loss: that of the examples that can be learnt, added up; returns how many these are */
static guint
count_losses (RnnTrainer *t, const RnnMinibatch *m, gdouble *loss)
{
  gdouble sum = 0;
  guint count = 0;

  for (guint i = 0; i < m->n; i++) {
    if (isfinite (t->learner.losses[i])) {
      sum += t->learner.losses[i];
      count++;
    } else if (isnan (t->learner.losses[i])) {
      t->epoch_invalid++;
    } else {
      t->epoch_infeasible++;
    }
    t->clock_frames += RNN_EXAMPLE (t->set, m->examples[i])->n_frames;
  }
  t->epoch_examples += count;
  t->epoch_loss += sum;
  *loss += sum;
  return count;
}

static void
fill_stats (RnnTrainer *t, RnnTrainStats *stats)
{
  gdouble seconds = (g_get_monotonic_time () - t->clock_start) / (gdouble) G_USEC_PER_SEC;

  if (!stats)
    return;
  *stats = (RnnTrainStats) {
    .update = t->learner.optimizer.step, .epoch = (guint) t->epoch, .epoch_progress = (gdouble) t->batch / t->order.n_batches,
    .loss = (gfloat) t->loss, .epoch_loss = (gfloat) (t->epoch_examples ? t->epoch_loss / t->epoch_examples : NAN),
    .dev_loss = (gfloat) t->dev_loss, .dev_metric = (gfloat) t->dev_metric, .best_metric = (gfloat) t->best_metric,
    .learning_rate = (gfloat) t->learner.learning_rate, .grad_norm = (gfloat) t->learner.grad_norm,
    .frames_per_second = seconds > 0 ? t->clock_frames / seconds : 0, .done = t->done,
    .infeasible = t->epoch_infeasible, .invalid = t->epoch_invalid,
  };
}

/* The first step of an epoch makes its order: the last one of the epoch before can still tell about that one. */
static void
enter_epoch (RnnTrainer *t)
{
  if (t->batch < t->order.n_batches)
    return;
  t->epoch++;
  t->batch = 0;
  t->epoch_loss = 0;
  t->epoch_examples = t->epoch_infeasible = t->epoch_invalid = 0;
  rnn_trainer_begin_epoch (t);
}

/* Adds the gradient of the next minibatch; returns of how many examples. */
static guint
train_minibatch (RnnTrainer *t, gfloat scale, gdouble *loss)
{
  const RnnTrainConfig *c = &t->learner.config;
  RnnMinibatch m = { .dataset = t->set, .scale = scale, .augment = t->epoch >= (guint64) c->augment_from ? c : NULL,
    .augment_seed = rnn_mix_seed (c->seed, t->epoch, 1), .noise_seed = t->epoch << 32 | t->batch };

  m.n = rnn_epoch_get (&t->order, (guint) t->batch, &m.examples);
  rnn_learner_add (&t->learner, &m);
  t->batch++;
  return count_losses (t, &m, loss);
}

static gdouble
learning_rate (const RnnTrainer *t)
{
  const RnnTrainConfig *c = &t->learner.config;
  guint64 per_epoch = (t->order.n_batches + c->accumulate - 1) / c->accumulate;

  return rnn_schedule_get (c, t->learner.optimizer.step, (guint64) c->epochs * per_epoch);
}

/* What is no finite number stays so: such weights are good for nothing. */
static void
check_weights (RnnTrainer *t)
{
  if (g_atomic_int_get (&t->learner.spoilt))
    t->failed = g_error_new (RNN_ERROR, RNN_ERROR_FORMAT, "%s: update %" G_GUINT64_FORMAT " made weights that are no finite "
        "numbers, with a learning rate of %g and a gradient of norm %g; they are not saved", rnn_model_get_path (t->learner.model),
        t->learner.optimizer.step, t->learner.learning_rate, t->learner.grad_norm);
}

/* One update; without anything to learn from there is none. */
static void
train_update (RnnTrainer *t)
{
  guint n = count_minibatches (t), n_learnt = 0;
  gfloat scale = loss_scale (t, n);
  gdouble loss = 0;

  for (guint k = 0; k < n; k++)
    n_learnt += train_minibatch (t, scale, &loss);
  t->loss = n_learnt ? loss / n_learnt : NAN;
  rnn_learner_update (&t->learner, learning_rate (t), n_learnt > 0);
  check_weights (t);
}

static void
end_epoch (RnnTrainer *t)
{
  t->done = t->epoch + 1 >= (guint64) t->learner.config.epochs;
  rnn_trainer_validate (t);
  if (t->done && t->learner.optimizer.step == 0)
    t->failed = g_error_new (RNN_ERROR, RNN_ERROR_SHAPE, "%s: there was nothing to learn from in %" G_GUINT64_FORMAT
        " epochs: no example can be learnt, or no gradient is a finite number", rnn_model_get_path (t->learner.model), t->epoch + 1);
}

gboolean
rnn_trainer_step (RnnTrainer *t, RnnTrainStats *stats)
{
  gboolean goes_on = !t->done && !t->failed && rnn_trainer_agree (t);

  if (goes_on) {
    enter_epoch (t);
    train_update (t);
    if (!t->failed && t->batch == t->order.n_batches)
      end_epoch (t);
  }
  fill_stats (t, stats);
  return goes_on && !t->failed;
}

gboolean
rnn_trainer_check (RnnTrainer *trainer, GError **error)
{
  if (trainer->failed && error)
    *error = g_error_copy (trainer->failed);
  return !trainer->failed;
}

gboolean
rnn_trainer_has_result (const RnnTrainer *t)
{
  gboolean ended = t->epoch > 0 || t->batch == t->order.n_batches;

  return t->has_best || (!t->dev && !t->failed && ended && t->learner.optimizer.step > 0);
}

RnnModel *
rnn_trainer_get_model (RnnTrainer *trainer)
{
  return trainer->learner.model;
}

RnnModel *
rnn_trainer_get_best (RnnTrainer *trainer)
{
  if (trainer->has_best || !trainer->learner.average)
    return trainer->has_best ? trainer->best : trainer->learner.model;
  memcpy (rnn_model_get_params (trainer->best), trainer->learner.average, rnn_model_get_n_params (trainer->best) * sizeof (gfloat));
  rnn_model_pack (trainer->best, FALSE);
  return trainer->best;
}
