/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a training may do to the files of its user: the model changes only for a better one, both files belong to one process,
 * what is damaged is refused, what cannot be written costs nothing else; and what leads there: weights that break, nothing
 * to learn from, missing values, sums of minibatches, averages. */
#include "train-toy.h"
#include "base/file.h"
#include "base/lock.h"
#include "model/safetensors.h"
#include "train/trainer.h"
#include <glib/gstdio.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  gchar *folder, *location, *checkpoint;
  RnnModel *model;
  RnnDataset *train, *dev;
  RnnTrainConfig config;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("rnn-keeper-XXXXXX", NULL);
  f->location = g_build_filename (f->folder, "model.safetensors", NULL);
  f->checkpoint = g_build_filename (f->folder, "checkpoint.safetensors", NULL);
  f->model = toy_model (toy_ctc, 1);
  f->train = toy_dataset (11, 4, 1);
  f->dev = toy_dataset (5, 4, 2);
  f->config = toy_config ();
}

static guint
count_files (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_unlink (f->location);
  g_unlink (f->checkpoint);
  g_assert_cmpuint (count_files (f->folder), ==, 0);    /* no lock and no part is left */
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->location);
  g_free (f->checkpoint);
  rnn_model_unref (f->model);
  rnn_dataset_free (f->train);
  rnn_dataset_free (f->dev);
}

static RnnKeeper *
keeper_new (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  RnnKeeper *keeper = rnn_keeper_new (f->location, f->checkpoint, &error);

  g_assert_no_error (error);
  return keeper;
}

/* What it says; NULL: nothing. (transfer full) */
static gchar *
save_model (RnnKeeper *keeper, RnnTrainer *trainer)
{
  g_autoptr (GError) error = NULL;
  gchar *said = NULL;

  g_assert_true (rnn_keeper_save_model (keeper, trainer, &said, &error));
  g_assert_no_error (error);
  return said;
}

static void
assert_says (RnnKeeper *keeper, RnnTrainer *trainer, const gchar *words)
{
  g_autofree gchar *said = save_model (keeper, trainer);

  g_test_message ("%s", said ? said : "nothing");
  g_assert_true (words ? said && strstr (said, words) : !said);
}

static void
run_epoch (RnnTrainer *trainer)
{
  RnnTrainStats stats;

  do
    g_assert_true (rnn_trainer_step (trainer, &stats));
  while (stats.epoch_progress < 1);
}

static gchar *
read_file (const gchar *path)
{
  gchar *text = NULL;
  gsize n;

  g_assert_true (g_file_get_contents (path, &text, &n, NULL));
  {
    gchar *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) text, n);

    g_free (text);
    return sum;
  }
}

/* ---- the model's file ---- */

/* Interrupted before the first epoch has ended: what was there stays, the checkpoint is written. */
static void
test_before_first_epoch (Fixture *f, gconstpointer data)
{
  RnnKeeper *keeper = keeper_new (f);
  g_autofree gchar *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  RnnTrainer *trainer;

  rnn_model_save (f->model, f->location, NULL);
  before = read_file (f->location);
  trainer = toy_trainer (f->model, &f->config, f->train, data ? f->dev : NULL);
  assert_says (keeper, trainer, "as it was");
  g_assert_true (rnn_keeper_save_checkpoint (keeper, trainer, &error));
  g_assert_false (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));     /* nothing has been learnt */
  rnn_trainer_step (trainer, NULL);
  assert_says (keeper, trainer, "as it was");
  g_assert_true (rnn_keeper_save_checkpoint (keeper, trainer, &error));
  g_assert_true (g_file_test (f->checkpoint, G_FILE_TEST_EXISTS));
  after = read_file (f->location);
  g_assert_cmpstr (before, ==, after);
  run_epoch (trainer);
  assert_says (keeper, trainer, "saved");
  assert_says (keeper, trainer, NULL);
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);
}

/* The same recipe and dev set, a worse result: the file stays. */
static void
test_only_better (Fixture *f, gconstpointer data)
{
  RnnKeeper *keeper = keeper_new (f);
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autofree gchar *before = NULL, *after = NULL, *last = NULL;
  RnnDataset *other = toy_dataset (6, 4, 9);

  for (gint epoch = 0; epoch < 3; epoch++) {
    run_epoch (trainer);
    g_free (save_model (keeper, trainer));
  }
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);
  before = read_file (f->location);

  keeper = keeper_new (f);
  f->config.learning_rate = 1e-6f;
  trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  run_epoch (trainer);
  assert_says (keeper, trainer, "is kept: an earlier training");
  after = read_file (f->location);
  g_assert_cmpstr (before, ==, after);
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);

  keeper = keeper_new (f);      /* on another dev set nothing can be compared */
  trainer = toy_trainer (f->model, &f->config, f->train, other);
  run_epoch (trainer);
  assert_says (keeper, trainer, "is saved");
  last = read_file (f->location);
  g_assert_cmpstr (before, !=, last);
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);
  rnn_dataset_free (other);
}

/* ---- locks and parts ---- */

static void
test_lock (Fixture *f, gconstpointer data)
{
  RnnKeeper *keeper = keeper_new (f), *second;
  g_autofree gchar *owner = g_strdup_printf ("process %d", (gint) getpid ());
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_keeper_new (f->location, NULL, &error));
  g_assert_nonnull (strstr (error->message, "model.safetensors"));
  g_assert_nonnull (strstr (error->message, owner));
  g_clear_error (&error);
  g_assert_null (rnn_keeper_new (NULL, f->checkpoint, &error));
  g_assert_nonnull (strstr (error->message, owner));
  rnn_keeper_free (keeper);
  second = keeper_new (f);
  rnn_keeper_free (second);
}

/* A process that is killed leaves no lock and, after the next start, no part of a file. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  g_autofree gchar *part = g_build_filename (f->folder, ".checkpoint.safetensors.aB3xY9.part", NULL);
  g_autofree gchar *mine = g_build_filename (f->folder, "checkpoint.safetensors.backup", NULL);
  pid_t child = fork ();
  RnnKeeper *keeper;
  gint status;

  if (child == 0) {
    rnn_keeper_new (f->location, f->checkpoint, NULL);
    g_file_set_contents (part, "half", -1, NULL);
    _exit (0);
  }
  waitpid (child, &status, 0);
  g_file_set_contents (mine, "mine", -1, NULL);
  g_assert_true (g_file_test (part, G_FILE_TEST_EXISTS));
  keeper = keeper_new (f);
  g_assert_false (g_file_test (part, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (mine, G_FILE_TEST_EXISTS));
  rnn_keeper_free (keeper);
  g_unlink (mine);
}

/* ---- checkpoints ---- */

/* Every bit counts. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autofree gchar *bytes = NULL;
  gsize n, header;

  run_epoch (trainer);
  g_assert_true (rnn_trainer_save_checkpoint (trainer, f->checkpoint, NULL));
  g_assert_true (g_file_get_contents (f->checkpoint, &bytes, &n, NULL));
  header = 8 + GUINT64_FROM_LE (*(guint64 *) bytes);
  for (gsize at = header; at < n; at += n / 37) {
    g_autoptr (GError) error = NULL;

    bytes[at] ^= 1;
    g_file_set_contents (f->checkpoint, bytes, n, NULL);
    g_assert_false (rnn_trainer_load_checkpoint (trainer, f->checkpoint, &error));
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
    bytes[at] ^= 1;
  }
  g_file_set_contents (f->checkpoint, bytes, n, NULL);
  g_assert_true (rnn_trainer_load_checkpoint (trainer, f->checkpoint, NULL));
  rnn_trainer_free (trainer);
}

static RnnModel *
other_model (const gchar *from, const gchar *to)
{
  g_auto (GStrv) parts = g_strsplit (toy_ctc, from, -1);
  g_autofree gchar *recipe = g_strjoinv (to, parts);

  g_assert_nonnull (parts[1]);
  return toy_model (recipe, 1);
}

static void
assert_other (Fixture *f, RnnModel *model, RnnDataset *train, RnnDataset *dev, const gchar *what)
{
  RnnTrainer *trainer = toy_trainer (model, &f->config, train, dev);
  g_autoptr (GError) error = NULL;

  g_assert_false (rnn_trainer_load_checkpoint (trainer, f->checkpoint, &error));
  g_assert_nonnull (strstr (error->message, "another training"));
  g_assert_nonnull (strstr (error->message, what));
  rnn_trainer_free (trainer);
}

/* Other tokens, features, a text that moved: none of these is the training that was interrupted. */
static void
test_other_training (Fixture *f, gconstpointer data)
{
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autoptr (RnnModel) tokens = other_model ("\"a\", \"b\"", "\"b\", \"a\"");
  g_autoptr (RnnModel) blank = other_model ("\"blank\": 0", "\"blank\": 1");
  g_autoptr (RnnModel) features = other_model ("\"n_mels\": 6", "\"n_mels\": 6, \"low_freq\": 30");
  RnnDataset *train = toy_dataset (11, 4, 1), *dev = toy_dataset (5, 4, 3);

  run_epoch (trainer);
  g_assert_true (rnn_trainer_save_checkpoint (trainer, f->checkpoint, NULL));
  rnn_trainer_free (trainer);
  assert_other (f, tokens, f->train, f->dev, "output");
  assert_other (f, features, f->train, f->dev, "input");
  RNN_EXAMPLE (train, 3)->texts[0].ids[0] ^= 1;
  assert_other (f, f->model, train, f->dev, "examples");
  assert_other (f, f->model, f->train, dev, "dev set");
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
}

/* A place without room: the training goes on, and the model is saved all the same. */
static void
test_no_room (Fixture *f, gconstpointer data)
{
  RnnKeeper *keeper = keeper_new (f);
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  g_autoptr (GError) error = NULL;

  run_epoch (trainer);
  g_mkdir (f->checkpoint, 0700);        /* nothing can take the place of a directory */
  g_assert_false (rnn_keeper_save_checkpoint (keeper, trainer, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_IO);
  assert_says (keeper, trainer, "saved");
  g_rmdir (f->checkpoint);
  g_assert_true (rnn_keeper_save_checkpoint (keeper, trainer, NULL));
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);
}

/* ---- trainings that break ---- */

static void
test_spoilt (Fixture *f, gconstpointer data)
{
  RnnKeeper *keeper = keeper_new (f);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *before = NULL, *after = NULL, *model = NULL, *kept = NULL;
  RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
  RnnTrainStats stats;
  guint n = 0;

  run_epoch (trainer);
  g_assert_true (rnn_keeper_save_checkpoint (keeper, trainer, NULL));
  assert_says (keeper, trainer, "saved");
  before = read_file (f->checkpoint);
  model = read_file (f->location);
  rnn_model_get_params (rnn_trainer_get_model (trainer))[3] = 3e38f;
  trainer->learner.optimizer.moments[0][3] = -3e38f;
  while (rnn_trainer_step (trainer, &stats))
    g_assert_cmpuint (n++, <, 20);
  g_assert_false (rnn_trainer_check (trainer, &error));
  g_assert_nonnull (strstr (error->message, "no finite numbers"));
  g_assert_false (rnn_trainer_step (trainer, &stats));
  g_assert_true (rnn_keeper_save_checkpoint (keeper, trainer, NULL));
  g_free (save_model (keeper, trainer));
  after = read_file (f->checkpoint);
  kept = read_file (f->location);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpstr (model, ==, kept);
  rnn_trainer_free (trainer);
  rnn_keeper_free (keeper);
}

static void
test_never_saved (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  rnn_model_get_params (f->model)[5] = NAN;
  g_assert_false (rnn_model_save (f->model, f->location, &error));
  g_assert_nonnull (strstr (error->message, "finite"));
  g_assert_false (g_file_test (f->location, G_FILE_TEST_EXISTS));
}

/* Options that make no numbers are refused; their neighbours train, and padding between parameters stays 0. */
static void
add_used (RnnParam *param, const gchar *full_name, gpointer data)
{
  memset ((gchar *) data + param->offset, 1, param->size);
}

static void
test_options (Fixture *f, gconstpointer data)
{
  static const gchar *const closed[][2] = { { "beta1", "1" }, { "beta2", "1" }, { "epsilon", "0" }, { "momentum", "1" },
    { "average", "1" } };
  gsize n = rnn_model_get_n_params (f->model);
  g_autofree gchar *used = g_malloc0 (n);

  for (guint i = 0; i < G_N_ELEMENTS (closed); i++)
    g_assert_false (rnn_options_set (rnn_train_options, &f->config, closed[i][0], closed[i][1], "test", NULL));
  f->config.epsilon = 0;        /* a program can try */
  g_assert_null (rnn_trainer_new (f->model, &f->config, f->train, f->dev, NULL));
  f->config.beta1 = f->config.beta2 = 0.999999f;
  f->config.epsilon = 1e-30f;
  rnn_cell_foreach_param (rnn_model_get_root (f->model), add_used, used);
  for (f->config.optimizer = 0; f->config.optimizer <= RNN_OPTIMIZER_ADAGRAD; f->config.optimizer++) {
    RnnTrainer *trainer = toy_trainer (f->model, &f->config, f->train, f->dev);
    const gfloat *params = rnn_model_get_params (rnn_trainer_get_model (trainer));

    run_epoch (trainer);
    for (gsize i = 0; i < n; i++)
      g_assert_true (isfinite (params[i]) && (used[i] || params[i] == 0));
    rnn_trainer_free (trainer);
  }
}

/* Nothing can be learnt: that is an error, and no model. */
static void
test_no_update (Fixture *f, gconstpointer data)
{
  RnnDataset *hopeless = rnn_dataset_new (TOY_FEATURES);
  const gint labels[] = { 2, 3, 2, 3, 2, 3 };
  gfloat frames[2 * TOY_FEATURES] = { 0 };
  g_autoptr (GError) error = NULL;
  RnnTrainer *trainer;

  rnn_dataset_add_ctc (hopeless, frames, 2, labels, 6);
  f->config.epochs = 2;
  trainer = toy_trainer (f->model, &f->config, hopeless, data ? f->dev : NULL);
  while (rnn_trainer_step (trainer, NULL));
  g_assert_false (rnn_trainer_check (trainer, &error));
  g_assert_nonnull (strstr (error->message, "nothing to learn from"));
  g_assert_false (rnn_trainer_has_result (trainer));
  rnn_trainer_free (trainer);
  rnn_dataset_free (hopeless);
}

/* ---- missing values ---- */

static const gchar series_recipe[] =
    "{\"input\": {\"kind\": \"series\", \"channels\": 2, \"cmvn\": \"global\"}, \"output\": {\"kind\": \"regression\"},"
    " \"layers\": [{\"cell\": \"gru\", \"name\": \"rnn\", \"hidden\": 4}, {\"cell\": \"dense\", \"name\": \"out\", \"units\": 1}]}";

static void
test_missing (Fixture *f, gconstpointer data)
{
  g_autoptr (RnnModel) model = toy_model (series_recipe, 1);
  RnnDataset *dataset = rnn_dataset_new (2);
  gfloat frames[12] = { 1, 2, NAN, 3, 4, INFINITY, 5, 6, 7, 8, 9, 10 }, targets[6] = { 1, 2, 3, INFINITY, 5, NAN };
  const gfloat filled[12] = { 1, 2, 1, 3, 4, 3, 5, 6, 7, 8, 9, 10 };
  const gboolean known[6] = { TRUE, FALSE, FALSE, FALSE, TRUE, FALSE };
  RnnTrainer *trainer;
  RnnTrainStats stats;

  rnn_dataset_add_series (dataset, frames, 6, targets, 1);
  g_assert_cmpuint (rnn_dataset_get_missing (dataset), ==, 2);
  g_assert_cmpmem (RNN_EXAMPLE (dataset, 0)->frames, sizeof (filled), filled, sizeof (filled));
  for (gint t = 0; t < 6; t++)
    g_assert_true (isnan (RNN_EXAMPLE (dataset, 0)->targets[t]) == !known[t]);
  trainer = toy_trainer (model, &f->config, dataset, dataset);
  for (gint i = 0; i < 3; i++) {
    g_assert_true (rnn_trainer_step (trainer, &stats));
    g_assert_true (isfinite (stats.loss) && isfinite (stats.grad_norm) && isfinite (stats.dev_metric));
  }
  g_assert_cmpuint (stats.update, ==, 3);
  rnn_trainer_free (trainer);
  rnn_dataset_free (dataset);
}

/* ---- sums of minibatches, averages ---- */

/* Two of 3 examples are one of 6: the same gradient but for the order of its sum. */
static void
test_accumulate (Fixture *f, gconstpointer data)
{
  RnnDataset *train = toy_dataset (6, 3, 4);
  RnnTrainStats one, two;
  RnnTrainer *trainer;

  f->config.batch_size = 6;
  f->config.clip_norm = 0;
  f->config.per_label = data != NULL;
  f->model = (rnn_model_unref (f->model), other_model ("\"p\": 0.1", "\"p\": 0"));
  trainer = toy_trainer (f->model, &f->config, train, NULL);
  rnn_trainer_step (trainer, &one);
  rnn_trainer_free (trainer);
  f->config.batch_size = 3;
  f->config.accumulate = 2;
  trainer = toy_trainer (f->model, &f->config, train, NULL);
  rnn_trainer_step (trainer, &two);
  rnn_trainer_free (trainer);
  g_assert_cmpuint (two.update, ==, 1);
  g_assert_cmpfloat (two.epoch_progress, ==, 1);
  g_assert_cmpfloat_with_epsilon (two.loss, one.loss, 1e-4 * one.loss);
  g_assert_cmpfloat_with_epsilon (two.grad_norm, one.grad_norm, 1e-4 * one.grad_norm);
  g_assert_cmpfloat (two.learning_rate, ==, one.learning_rate);
  rnn_dataset_free (train);
}

/* By hand: what is validated, saved and taken up again is the average. */
static void
test_average (Fixture *f, gconstpointer data)
{
  gsize n = rnn_model_get_n_params (f->model);
  g_autofree gfloat *expected = g_memdup2 (rnn_model_get_params (f->model), n * sizeof (gfloat));
  RnnTrainer *trainer, *again;
  RnnTrainStats stats, other;

  f->config.average = 0.4f;
  trainer = toy_trainer (f->model, &f->config, f->train, data ? f->dev : NULL);
  again = toy_trainer (f->model, &f->config, f->train, data ? f->dev : NULL);
  for (guint k = 1; rnn_trainer_step (trainer, &stats); k++) {
    const gfloat *weights = rnn_model_get_params (rnn_trainer_get_model (trainer));
    gfloat share = 1 - (gfloat) MIN (0.4f, (1.0 + k) / (10.0 + k));

    for (gsize i = 0; i < n; i++)
      expected[i] += share * (weights[i] - expected[i]);
    if (stats.epoch_progress == 1 && stats.dev_metric == stats.best_metric)
      g_assert_cmpmem (expected, n * sizeof (gfloat), rnn_model_get_params (rnn_trainer_get_best (trainer)), n * sizeof (gfloat));
    g_assert_true (rnn_trainer_save_checkpoint (trainer, f->checkpoint, NULL));
    if (k < 3) {
      rnn_trainer_load_checkpoint (again, f->checkpoint, NULL);
    } else {
      rnn_trainer_step (again, &other);
      g_assert_cmpfloat (other.loss, ==, stats.loss);
      toy_assert_same_weights (rnn_trainer_get_best (trainer), rnn_trainer_get_best (again));
    }
  }
  rnn_trainer_free (trainer);
  rnn_trainer_free (again);
}

/* Where the metric is no number, the loss decides. */
static void
test_silent_dev (Fixture *f, gconstpointer data)
{
  RnnDataset *silence = rnn_dataset_new (TOY_FEATURES);
  gfloat frames[20 * TOY_FEATURES];
  RnnTrainer *trainer;
  RnnTrainStats stats;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (gint t = 0; t < 20; t++)
    toy_frame (&rng, 0, frames + t * TOY_FEATURES);
  rnn_dataset_add_ctc (silence, frames, 20, NULL, 0);
  f->config.epochs = 5;
  f->config.patience = 1;
  trainer = toy_trainer (f->model, &f->config, silence, silence);
  while (rnn_trainer_step (trainer, &stats));
  g_assert_true (isnan (stats.dev_metric));
  g_assert_cmpuint (stats.epoch, ==, 4);        /* the loss fell, so patience did not end it */
  g_assert_true (rnn_trainer_has_result (trainer));
  rnn_trainer_free (trainer);
  rnn_dataset_free (silence);
}

#define ADD(name, data, func) g_test_add ("/train/keeper/" name, Fixture, data, setup, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("before-first-epoch", NULL, test_before_first_epoch);
  ADD ("before-first-epoch-dev", "dev", test_before_first_epoch);
  ADD ("only-better", NULL, test_only_better);
  ADD ("lock", NULL, test_lock);
  ADD ("killed", NULL, test_killed);
  ADD ("damaged", NULL, test_damaged);
  ADD ("other-training", NULL, test_other_training);
  ADD ("no-room", NULL, test_no_room);
  ADD ("spoilt", NULL, test_spoilt);
  ADD ("never-saved", NULL, test_never_saved);
  ADD ("options", NULL, test_options);
  ADD ("no-update", NULL, test_no_update);
  ADD ("no-update-dev", "dev", test_no_update);
  ADD ("missing", NULL, test_missing);
  ADD ("accumulate", NULL, test_accumulate);
  ADD ("accumulate-per-label", "per label", test_accumulate);
  ADD ("average", NULL, test_average);
  ADD ("average-dev", "dev", test_average);
  ADD ("silent-dev", NULL, test_silent_dev);
  return g_test_run ();
}
