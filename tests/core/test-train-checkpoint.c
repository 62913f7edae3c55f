/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints: training that was interrupted anywhere and goes on gives the bits of training that never stopped; a bad
 * file is refused with its name and costs the trainer nothing. */
#include "train-toy.h"
#include "model/safetensors.h"
#include <glib/gstdio.h>
#include <math.h>

typedef struct {
  RnnModel *model;
  RnnDataset *train, *dev;
  RnnTrainConfig config;
  gchar *path;
} Fixture;

/* All that is random or has a memory is on. */
static void
setup (Fixture *f, gconstpointer data)
{
  f->model = toy_model (toy_ctc, 1);
  f->train = toy_dataset (23, 4, 1);
  f->dev = toy_dataset (7, 4, 2);
  f->config = toy_config ();
  f->config.augment_from = 1;
  f->config.stretch = f->config.noise = f->config.gain = 0.1f;
  f->config.warmup = 4;
  f->config.patience = 2;
  f->config.amsgrad = TRUE;
  f->path = toy_path ("checkpoint.safetensors");
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_unlink (f->path);
  g_free (f->path);
  rnn_dataset_free (f->train);
  rnn_dataset_free (f->dev);
  rnn_model_unref (f->model);
}

static void
save (RnnTrainer *trainer, const gchar *path)
{
  g_autoptr (GError) error = NULL;

  rnn_trainer_save_checkpoint (trainer, path, &error);
  g_assert_no_error (error);
}

static void
load (RnnTrainer *trainer, const gchar *path)
{
  g_autoptr (GError) error = NULL;

  rnn_trainer_load_checkpoint (trainer, path, &error);
  g_assert_no_error (error);
}

static gboolean
same (gfloat a, gfloat b)
{
  return a == b || (isnan (a) && isnan (b));
}

static void
assert_same_stats (const RnnTrainStats *a, const RnnTrainStats *b)
{
  g_assert_cmpuint (a->update, ==, b->update);
  g_assert_cmpuint (a->epoch, ==, b->epoch);
  g_assert_cmpuint (a->infeasible, ==, b->infeasible);
  g_assert_cmpfloat (a->epoch_progress, ==, b->epoch_progress);
  g_assert_true (same (a->loss, b->loss) && same (a->epoch_loss, b->epoch_loss));
  g_assert_true (same (a->dev_loss, b->dev_loss) && same (a->dev_metric, b->dev_metric));
  g_assert_true (same (a->best_metric, b->best_metric) && same (a->grad_norm, b->grad_norm));
  g_assert_true (same (a->learning_rate, b->learning_rate));
  g_assert_true (a->done == b->done);
}

/* Killed before every single update.  @data: several minibatches make one, and weights are averaged. */
static void
test_resume (Fixture *f, gconstpointer data)
{
  RnnTrainer *whole, *cut;
  RnnTrainStats a, b;
  gboolean goes_on;

  f->config.accumulate = data ? 2 : 1;
  f->config.average = data ? 0.9f : 0;
  whole = toy_trainer (f->model, &f->config, f->train, f->dev);
  cut = toy_trainer (f->model, &f->config, f->train, f->dev);
  do {
    save (cut, f->path);
    rnn_trainer_free (cut);
    cut = toy_trainer (f->model, &f->config, f->train, f->dev);
    load (cut, f->path);
    goes_on = rnn_trainer_step (whole, &a);
    g_assert_true (rnn_trainer_step (cut, &b) == goes_on);
    assert_same_stats (&a, &b);
  } while (goes_on);
  g_assert_cmpuint (a.update, ==, data ? 9 : 15);
  toy_assert_same_weights (rnn_trainer_get_model (whole), rnn_trainer_get_model (cut));
  toy_assert_same_weights (rnn_trainer_get_best (whole), rnn_trainer_get_best (cut));
  rnn_trainer_free (whole);
  rnn_trainer_free (cut);
}

/* Early stop counts across the interruption too. */
static void
test_resume_patience (Fixture *f, gconstpointer data)
{
  RnnTrainStats stats = { 0 };
  RnnTrainer *trainer;

  f->config.epochs = 50;
  f->config.learning_rate = 0;
  f->config.warmup = 0;
  trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  for (gint epoch = 0; !stats.done; epoch++) {
    g_assert_cmpint (epoch, <, 3);
    do
      rnn_trainer_step (trainer, &stats);
    while (stats.epoch_progress < 1);
    save (trainer, f->path);
    rnn_trainer_free (trainer);
    trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
    load (trainer, f->path);
  }
  g_assert_cmpuint (stats.epoch, ==, 2);
  g_assert_false (rnn_trainer_step (trainer, &stats));
  rnn_trainer_free (trainer);
}

/* Loading must fail with @code, name the file and leave the trainer as it was. */
static void
expect_refusal (Fixture *f, gint code, const gchar *words)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  RnnTrainer *untouched = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autoptr (GError) error = NULL;
  RnnTrainStats a, b;

  g_assert_false (rnn_trainer_load_checkpoint (trainer, f->path, &error));
  g_assert_error (error, RNN_ERROR, code);
  g_assert_nonnull (strstr (error->message, f->path));
  g_assert_nonnull (strstr (error->message, words));
  rnn_trainer_step (trainer, &a);
  rnn_trainer_step (untouched, &b);
  assert_same_stats (&a, &b);
  rnn_trainer_free (trainer);
  rnn_trainer_free (untouched);
}

static void
save_some (Fixture *f)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  RnnTrainStats stats;

  for (gint i = 0; i < 7; i++)
    rnn_trainer_step (trainer, &stats);
  save (trainer, f->path);
  rnn_trainer_free (trainer);
}

static void
test_truncated (Fixture *f, gconstpointer data)
{
  g_autofree gchar *bytes = NULL;
  gsize size;

  expect_refusal (f, RNN_ERROR_NOT_FOUND, "");
  save_some (f);
  g_assert_true (g_file_get_contents (f->path, &bytes, &size, NULL));
  for (gsize keep = 0; keep < size; keep += size / 5 + 1) {
    g_assert_true (g_file_set_contents (f->path, bytes, keep, NULL));
    expect_refusal (f, RNN_ERROR_FORMAT, "");
  }
}

/* Replaces @from by as many characters @to in the file's header. */
static void
falsify (Fixture *f, const gchar *from, const gchar *to)
{
  g_autofree gchar *bytes = NULL;
  gchar *at;
  gsize size;

  save_some (f);
  g_assert_cmpuint (strlen (from), ==, strlen (to));
  g_assert_true (g_file_get_contents (f->path, &bytes, &size, NULL));
  at = g_strstr_len (bytes + 8, size - 8, from);
  g_assert_nonnull (at);
  memcpy (at, to, strlen (to));
  g_assert_true (g_file_set_contents (f->path, bytes, size, NULL));
}

static void
test_lying (Fixture *f, gconstpointer data)
{
  falsify (f, "\\\"batch\\\":2", "\\\"batch\\\":9");
  expect_refusal (f, RNN_ERROR_FORMAT, "batch");
  falsify (f, "\\\"epoch\\\":1", "\\\"epoch\\\":x");
  expect_refusal (f, RNN_ERROR_FORMAT, "not a checkpoint");
  falsify (f, "\\\"format\\\":2", "\\\"format\\\":3");
  expect_refusal (f, RNN_ERROR_FORMAT, "format");
  falsify (f, "\\\"dev_loss\\\"", "\\\"dev_lost\\\"");
  expect_refusal (f, RNN_ERROR_FORMAT, "dev_loss");
  falsify (f, "\"moment1\"", "\"moment9\"");
  expect_refusal (f, RNN_ERROR_NOT_FOUND, "moment1");
  falsify (f, "rnncore-checkpoint", "rnncore-checkpOint");
  expect_refusal (f, RNN_ERROR_FORMAT, "not a checkpoint");
}

static void
test_not_finite (Fixture *f, gconstpointer data)
{
  const gfloat nan = NAN;
  g_autofree gchar *bytes = NULL;
  gsize size;

  save_some (f);
  g_assert_true (g_file_get_contents (f->path, &bytes, &size, NULL));
  memcpy (bytes + size - sizeof (nan), &nan, sizeof (nan));
  g_assert_true (g_file_set_contents (f->path, bytes, size, NULL));
  expect_refusal (f, RNN_ERROR_FORMAT, "no finite number");
}

/* What an earlier version wrote can be taken up again. */
static void
test_format_1 (Fixture *f, gconstpointer data)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);

  falsify (f, "\\\"format\\\":2", "\\\"format\\\":1");
  load (trainer, f->path);
  rnn_trainer_free (trainer);
}

/* The checkpoint of another task. */
static void
test_other (Fixture *f, gconstpointer data)
{
  g_autofree gchar *recipe = g_strdup (toy_ctc);

  save_some (f);
  f->config.batch_size++;
  expect_refusal (f, RNN_ERROR_OPTION, "batch_size");
  f->config.batch_size--;
  f->config.optimizer = RNN_OPTIMIZER_SGD;
  expect_refusal (f, RNN_ERROR_OPTION, "optimizer");
  f->config.optimizer = RNN_OPTIMIZER_ADAM;

  rnn_model_unref (f->model);
  memcpy (strstr (recipe, "\"hidden\": 12"), "\"hidden\": 13", 12);
  f->model = toy_model (recipe, 1);
  expect_refusal (f, RNN_ERROR_OPTION, "layers");
  rnn_model_unref (f->model);
  f->model = toy_model (toy_ctc, 1);

  rnn_dataset_free (f->train);
  f->train = toy_dataset (24, 4, 1);
  expect_refusal (f, RNN_ERROR_OPTION, "examples");
}

static void
test_save_error (Fixture *f, gconstpointer data)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autoptr (GError) error = NULL;

  g_assert_false (rnn_trainer_save_checkpoint (trainer, "/nonexistent/folder/c.safetensors", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder/c.safetensors"));
  rnn_trainer_free (trainer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/train/checkpoint/resume", Fixture, NULL, setup, test_resume, teardown);
  g_test_add ("/train/checkpoint/resume-sums", Fixture, "sums", setup, test_resume, teardown);
  g_test_add ("/train/checkpoint/format-1", Fixture, NULL, setup, test_format_1, teardown);
  g_test_add ("/train/checkpoint/resume-patience", Fixture, NULL, setup, test_resume_patience, teardown);
  g_test_add ("/train/checkpoint/truncated", Fixture, NULL, setup, test_truncated, teardown);
  g_test_add ("/train/checkpoint/lying", Fixture, NULL, setup, test_lying, teardown);
  g_test_add ("/train/checkpoint/not-finite", Fixture, NULL, setup, test_not_finite, teardown);
  g_test_add ("/train/checkpoint/other", Fixture, NULL, setup, test_other, teardown);
  g_test_add ("/train/checkpoint/save-error", Fixture, NULL, setup, test_save_error, teardown);
  return g_test_run ();
}
