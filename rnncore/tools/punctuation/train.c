/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore train-punctuation RECIPE.json TEXT...: a tagger learns marks and capitals from texts as people write them. */
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "texts.h"
#include "tools/tool.h"

typedef struct {
  RnnDataset *train, *dev;
  RnnTrainer *trainer;
  RnnKeeper *keeper;
} Training;

static gboolean
check_model (RnnModel *model, GError **error)
{
  const RnnInput *input = rnn_model_get_input (model);

  if (input && input->klass == &rnn_input_words && rnn_model_get_n_out (model) == RNN_PUNCTUATION_OUT)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: no tagger of words: its input must be of kind \"words\" and its output "
      "two heads of classes, %d marks and 2 cases", rnn_model_get_path (model), RNN_N_MARKS);
  return FALSE;
}

static gboolean
load (RnnDataset *dataset, RnnModel *model, gchar **paths, guint n, const gchar *what, GError **error)
{
  RnnMarks marks;
  gboolean good = TRUE;

  rnn_marks_init (&marks);
  for (guint i = 0; good && i < n; i++) {
    rnn_marks_empty (&marks);
    good = rnn_marked_text_load (&marks, paths[i], error);
    rnn_marked_text_examples (&marks, rnn_model_get_input (model), i + 1, dataset);
  }
  rnn_marks_clear (&marks);
  if (good && rnn_dataset_get_n (dataset) == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "no words %s", what);
    good = FALSE;
  }
  if (good)
    g_print ("%" G_GUINT64_FORMAT " words %s\n", rnn_dataset_get_frames (dataset), what);
  return good;
}

/* "epochs=3,seed=2" */
static gboolean
set_options (RnnTrainConfig *config, const gchar *text, GError **error)
{
  g_auto (GStrv) rows = g_strsplit (text, ",", -1);

  for (guint i = 0; rows[i]; i++) {
    gchar *value = strchr (rows[i], '=');

    if (value)
      *value++ = '\0';
    if (!rnn_options_set (rnn_train_options, config, rows[i], value ? value : "", "--config", error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
prepare (Training *t, RnnModel *model, const gchar *config_text, const gchar *out, GError **error)
{
  const json_t *options = json_object_get (rnn_model_get_recipe (model), "train");
  g_autofree gchar *checkpoint = g_strdup_printf ("%s.checkpoint", out);
  gboolean resumed = FALSE;
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  return (!options || rnn_options_from_json (rnn_train_options, &config, options, NULL, rnn_model_get_path (model), error))
      && (!config_text || set_options (&config, config_text, error))
      && (t->trainer = rnn_trainer_new (model, &config, t->train, t->dev, error))
      && (t->keeper = rnn_keeper_new (out, checkpoint, error))
      && rnn_keeper_resume (t->keeper, t->trainer, &resumed, error);
}

/* Every epoch leaves a checkpoint, and the better ones a model. */
static gboolean
work (Training *t, GError **error)
{
  RnnTrainStats stats = { 0 };

  while (!stats.done) {
    if (!rnn_trainer_step (t->trainer, &stats))
      return rnn_trainer_check (t->trainer, error);
    if (stats.epoch_progress >= 1 || stats.done) {
      g_autofree gchar *said = NULL;

      g_print ("epoch %u: loss %.4f, dev loss %.4f, wrong marks %.2f %%, %.0f words/s\n", stats.epoch + 1, stats.epoch_loss,
          stats.dev_loss, 100 * stats.dev_metric, stats.frames_per_second);
      fflush (stdout);
      if (!rnn_keeper_save_model (t->keeper, t->trainer, &said, error)
          || !rnn_keeper_save_checkpoint (t->keeper, t->trainer, error))
        return FALSE;
    }
  }
  return rnn_trainer_check (t->trainer, error);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *out = NULL, *config = NULL;
  g_auto (GStrv) dev = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The model", "MODEL.safetensors" },
    { "dev", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &dev, "Not learnt from, but measured after every epoch; may be repeated", "TEXT" },
    { "config", 0, 0, G_OPTION_ARG_STRING, &config, "Options of training other than the recipe's", "KEY=VALUE,..." },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  Training t = { NULL };
  gboolean good;

  if (!rnn_tool_parse (&rnn_tool_train_punctuation, entries, &argc, &argv, 2, G_MAXINT, error))
    return FALSE;
  if (!out || !dev) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--out and --dev are needed");
    return FALSE;
  }
  if (!(model = rnn_model_load (argv[1], error)) || !check_model (model, error))
    return FALSE;
  t.train = rnn_dataset_new (RNN_WORD_ROWS);
  t.dev = rnn_dataset_new (RNN_WORD_ROWS);
  good = load (t.train, model, argv + 2, (guint) argc - 2, "to learn from", error)
      && load (t.dev, model, dev, g_strv_length (dev), "to measure on", error)
      && prepare (&t, model, config, out, error) && work (&t, error);
  rnn_keeper_free (t.keeper);
  rnn_trainer_free (t.trainer);
  rnn_dataset_free (t.train);
  rnn_dataset_free (t.dev);
  return good;
}

const RnnTool rnn_tool_train_punctuation = { "train-punctuation", "RECIPE.json TEXT...",
  "Train a tagger that writes full stops, commas, question marks and capitals", run };
