/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every recipe in models/ is a model: it loads, is called as its file, says its licence, runs, and its weights survive a file;
 * where it says how it is trained, it can be. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "session/session.h"
#include "model/root.h"
#include "train/train.h"

static void
check_running (RnnModel *model)
{
  gint n_in = rnn_model_get_n_in (model), n_out = rnn_model_get_n_out (model);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSession) s = rnn_session_new (model, 1, 4, RNN_PRECISION_F32, &error);
  g_autofree gfloat *x = g_new0 (gfloat, 9 * n_in), *y = g_new0 (gfloat, 9 * n_out);

  g_assert_no_error (error);
  for (gint i = 0; i < 9 * n_in; i++)
    x[i] = i % 7;
  rnn_session_run (s, 9, x, y);
  for (gint i = 0; i < 9 * n_out; i++)
    g_assert_true (isfinite (y[i]));
}

static void
check_saving (RnnModel *model)
{
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-recipe-XXXXXX.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) again = NULL;
  gsize bytes = rnn_model_get_n_params (model) * sizeof (gfloat);

  close (g_mkstemp (path));
  rnn_model_save (model, path, &error);
  g_assert_no_error (error);
  again = rnn_model_load (path, &error);
  g_assert_no_error (error);
  remove (path);
  g_assert_cmpmem (rnn_model_get_params (model), bytes, rnn_model_get_params (again), bytes);
}

static void
check_training (RnnModel *model)
{
  const json_t *train = json_object_get (rnn_model_get_recipe (model), "train");
  g_autoptr (GError) error = NULL;
  RnnTrainConfig config;

  if (!train)
    return;
  rnn_options_init (rnn_train_options, &config);
  g_assert_true (rnn_options_from_json (rnn_train_options, &config, train, NULL, "train", &error));
  g_assert_no_error (error);
  g_assert_true (rnn_cell_can_train (rnn_model_get_root (model)));
}

/* What comes out is named in full, or the model is refused. */
static void
test_bad_output (void)
{
  static const gchar *const bad[][2] = {
    { "[\"a\", 7, \"b\"]", "list of strings" }, { "[\"a\", \"b\"]", "names 2" }, { "\"abc\"", "list of strings" },
    { "[\"a\", \"b\", \"c\"], \"blank\": 3", "index" }, { "[\"a\", \"b\", \"c\"], \"blank\": 1.0", "blank" },
    { "[\"a\", \"b\", \"c\"], \"blank\": \"a\"", "blank" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *text = g_strdup_printf ("{\"input\": {\"kind\": \"tensors\", \"size\": 2}, \"layers\": [{\"cell\": "
        "\"dense\", \"units\": 3}], \"output\": {\"kind\": \"ctc\", \"tokens\": %s}}", bad[i][0]);
    json_t *recipe = json_loads (text, 0, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_nonnull (recipe);
    g_assert_null (rnn_model_new (recipe, 1, "my.json", &error));
    g_assert_nonnull (strstr (error->message, "my.json: "));
    g_assert_nonnull (strstr (error->message, bad[i][1]));
    json_decref (recipe);
  }
}

static void
test_recipe (gconstpointer path)
{
  g_autofree gchar *file = g_path_get_basename (path), *name = g_strndup (file, strlen (file) - strlen (".json"));
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_load (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (rnn_model_get_name (model), ==, name);
  g_assert_nonnull (rnn_model_get_license (model));
  check_running (model);
  check_saving (model);
  check_training (model);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *folder = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *name;

  g_test_init (&argc, &argv, NULL);
  folder = g_test_build_filename (G_TEST_DIST, "..", "models", NULL);
  dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".json")) {
      g_autofree gchar *path = g_strconcat ("/recipes/", name, NULL);

      g_test_add_data_func_full (path, g_build_filename (folder, name, NULL), test_recipe, g_free);
    }
  g_test_add_func ("/recipes/bad-output", test_bad_output);
  return g_test_run ();
}
