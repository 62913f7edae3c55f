/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training by several processes that mpirun starts here: bit for bit what one process does; and what they say when they
 * do not fit together.  The program is its own worker: test-train-ranks KIND FOLDER. */
#include "train-toy.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>

static gchar *self;
static gchar *folder;

/* ---- what each process does: its findings go to FOLDER/RANK ---- */

static gint
my_rank (void)
{
  const gchar *rank = g_getenv ("OMPI_COMM_WORLD_RANK");

  return rank ? atoi (rank) : 0;
}

typedef struct {
  RnnModel *model;
  RnnDataset *train, *dev;
  RnnTrainer *trainer;
} Toy;

/* Every option that draws random numbers is on; the last minibatch has fewer examples than there are shards. */
static Toy
toy_new (gint shards, guint64 data_seed)
{
  RnnTrainConfig config = toy_config ();
  Toy toy = { toy_model (toy_ctc, 1), toy_dataset (23, 4, data_seed), toy_dataset (32, 4, 2), NULL };

  config.stretch = config.warp = config.gain = config.noise = 0.1f;
  config.shards = shards;
  config.n_threads = 2;
  config.patience = 2;
  toy.trainer = toy_trainer (toy.model, &config, toy.train, toy.dev);
  return toy;
}

static void
toy_clear (Toy *toy)
{
  rnn_trainer_free (toy->trainer);
  rnn_dataset_free (toy->train);
  rnn_dataset_free (toy->dev);
  rnn_model_unref (toy->model);
}

static void
report (const gchar *to, gconstpointer data, gsize n)
{
  g_autofree gchar *rank = g_strdup_printf ("%d", my_rank ()), *path = g_build_filename (to, rank, NULL);

  g_assert_true (g_file_set_contents (path, data, n, NULL));
}

/* Losses of all steps, then the weights */
static void
run_all (const gchar *to)
{
  Toy toy = toy_new (5, 1);
  RnnModel *best = rnn_trainer_get_model (toy.trainer);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  RnnTrainStats s;

  while (rnn_trainer_step (toy.trainer, &s)) {
    gfloat figures[] = { s.loss, s.epoch_loss, s.grad_norm, isnan (s.dev_loss) ? 0 : s.dev_loss,
      isnan (s.dev_metric) ? 0 : s.dev_metric, s.infeasible };

    g_byte_array_append (all, (guint8 *) figures, sizeof (figures));
  }
  g_assert_true (rnn_trainer_check (toy.trainer, NULL));
  g_byte_array_append (all, (guint8 *) rnn_model_get_params (best), rnn_model_get_n_params (best) * sizeof (gfloat));
  report (to, all->data, all->len);
  toy_clear (&toy);
}

/* Steps until the ranks part, and reports why; the last one leaves after two steps when told to. */
static void
run_until_parted (const gchar *to, guint64 seed, gboolean leave)
{
  Toy toy = toy_new (5, seed);
  g_autoptr (GError) error = NULL;

  for (gint i = 0; !(leave && i == 2) && rnn_trainer_step (toy.trainer, NULL); i++);
  if (!leave) {
    g_assert_false (rnn_trainer_check (toy.trainer, &error));
    g_assert_false (rnn_trainer_step (toy.trainer, NULL));
    report (to, error->message, strlen (error->message));
  }
  toy_clear (&toy);
}

/* The last one exits in the middle. */
static void
run_and_die (const gchar *to, gboolean is_last)
{
  Toy toy = toy_new (5, 1);

  for (gint i = 0; rnn_trainer_step (toy.trainer, NULL); i++)
    if (is_last && i == 2)
      exit (0);
  report (to, "survived", 8);
  toy_clear (&toy);
}

static void
run_with_too_few_shards (const gchar *to)
{
  g_autoptr (RnnModel) model = toy_model (toy_ctc, 1);
  RnnDataset *train = toy_dataset (5, 4, 1);
  RnnTrainConfig config = toy_config ();
  g_autoptr (GError) error = NULL;

  config.shards = 1;
  g_assert_null (rnn_trainer_new (model, &config, train, NULL, &error));
  report (to, error->message, strlen (error->message));
  rnn_dataset_free (train);
}

static void
work (const gchar *kind, const gchar *to)
{
  gboolean is_last = my_rank () > 0;    /* of two */

  if (g_str_equal (kind, "all"))
    run_all (to);
  else if (g_str_equal (kind, "leave"))
    run_until_parted (to, 1, is_last);
  else if (g_str_equal (kind, "differ"))
    run_until_parted (to, is_last ? 3 : 1, FALSE);
  else if (g_str_equal (kind, "shards"))
    run_with_too_few_shards (to);
  else
    run_and_die (to, is_last);
}

/* ---- the tests ---- */

static gchar *
read_report (gint rank, gsize *n)
{
  g_autofree gchar *name = g_strdup_printf ("%d", rank), *path = g_build_filename (folder, name, NULL);
  gchar *text = NULL;

  g_file_get_contents (path, &text, n, NULL);
  g_unlink (path);
  return text;
}

/* FALSE: there is no mpirun, and the test is skipped. */
static gboolean
mpirun (gint n, const gchar *kind, gint *status)
{
  g_autofree gchar *program = g_find_program_in_path ("mpirun"), *count = g_strdup_printf ("%d", n);
  const gchar *argv[] = { program, "-n", count, "--oversubscribe", "--bind-to", "none", self, kind, folder, NULL };
  g_autoptr (GError) error = NULL;

  if (!program) {
    g_test_skip ("there is no mpirun (openmpi-bin)");
    return FALSE;
  }
  g_setenv ("OMPI_ALLOW_RUN_AS_ROOT", "1", TRUE);
  g_setenv ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", TRUE);
  g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, status, &error);
  g_assert_no_error (error);
  return TRUE;
}

static void
assert_report (gint rank, const gchar *has)
{
  gsize n;
  g_autofree gchar *text = read_report (rank, &n);

  g_assert_nonnull (text);
  g_test_message ("rank %d: %s", rank, text);
  g_assert_nonnull (strstr (text, has));
}

static void
test_same (gconstpointer data)
{
  gint ranks = GPOINTER_TO_INT (data), status;
  g_autofree gchar *alone = NULL;
  gsize n_alone, n;

  run_all (folder);
  alone = read_report (0, &n_alone);
  if (!mpirun (ranks, "all", &status))
    return;
  g_assert_cmpint (status, ==, 0);
  for (gint rank = 0; rank < ranks; rank++) {
    g_autofree gchar *together = read_report (rank, &n);

    g_assert_nonnull (together);
    g_assert_cmpmem (together, n, alone, n_alone);
  }
}

static void
test_leave (void)
{
  gint status;

  if (!mpirun (2, "leave", &status))
    return;
  g_assert_cmpint (status, ==, 0);
  assert_report (0, "another of the 2 processes that train together has ended after 2 updates");
}

static void
test_differ (void)
{
  gint status;

  if (!mpirun (2, "differ", &status))
    return;
  g_assert_cmpint (status, ==, 0);
  for (gint rank = 0; rank < 2; rank++)
    assert_report (rank, "the 2 processes that train together differ in their examples");
}

static void
test_shards_too_few (void)
{
  gint status;

  if (!mpirun (2, "shards", &status))
    return;
  g_assert_cmpint (status, ==, 0);
  assert_report (1, "1 shards of a minibatch are too few for 2 processes");
  assert_report (0, "1 shards");
}

/* mpirun ends the one that waits for one that is gone. */
static void
test_die (void)
{
  gsize n;
  gint status;

  if (!mpirun (2, "die", &status))
    return;
  g_assert_cmpint (status, !=, 0);
  g_assert_null (read_report (0, &n));
}

int
main (int argc, char **argv)
{
  gint status;

  if (argc == 3 && g_getenv ("OMPI_COMM_WORLD_SIZE")) {
    work (argv[1], argv[2]);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  self = argv[0];
  folder = g_dir_make_tmp ("rnn-ranks-XXXXXX", NULL);
  g_test_add_data_func ("/train/ranks/same/2", GINT_TO_POINTER (2), test_same);
  g_test_add_data_func ("/train/ranks/same/3", GINT_TO_POINTER (3), test_same);
  g_test_add_func ("/train/ranks/leave", test_leave);
  g_test_add_func ("/train/ranks/differ", test_differ);
  g_test_add_func ("/train/ranks/shards", test_shards_too_few);
  g_test_add_func ("/train/ranks/die", test_die);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
