/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bach's chorales (Boulanger-Lewandowski et al. 2012; the table of Bai, Kolter & Koltun 2018): which of 88 keys sound
 * next; the negative log-likelihood of a step is the sum over its keys, the mean is over all steps of all chorales.
 *
 * FILE: {"train": [chorale...], "valid": [...], "test": [...]}, a chorale [[MIDI number...] per step]. */
#include "fit.h"
#include <math.h>
#include <string.h>

#define KEYS 88
#define LOWEST 21               /* MIDI number of the first key */

typedef struct {
  const gchar *cell;
  gint hidden;
  gfloat drop_in, drop_out, learning_rate, weight_decay;        /* the best of a few on the validation set */
  gint schedule;
  gfloat published;             /* Bai et al., table 1 */
} Row;

static const Row rows[] = {
  { "elman", 200, 0, 0.3f, 2e-3f, 0, RNN_SCHEDULE_COSINE, 8.91f },
  { "gru", 200, 0.1f, 0.4f, 1e-2f, 0.5f, RNN_SCHEDULE_CONSTANT, 8.43f },
  { "lstm", 200, 0.2f, 0.5f, 4e-3f, 0, RNN_SCHEDULE_COSINE, 8.45f },
};

/* roll[n_steps][KEYS]; FALSE: not a chorale */
static gboolean
read_roll (const json_t *chorale, gfloat *roll)
{
  size_t t, i;
  json_t *chord, *note;

  json_array_foreach (chorale, t, chord) {
    if (!json_is_array (chord))
      return FALSE;
    json_array_foreach (chord, i, note) {
      json_int_t key = json_integer_value (note) - LOWEST;

      if (!json_is_number (note) || key < 0 || key >= KEYS)
        return FALSE;
      roll[t * KEYS + key] = 1;
    }
  }
  return TRUE;
}

/* Input: all steps but the last; to say: all but the first. */
static RnnDataset *
read_part (const json_t *file, const gchar *part, guint at_most, const gchar *path, GError **error)
{
  RnnDataset *dataset = rnn_dataset_new (KEYS);
  json_t *chorale;
  size_t c;

  json_array_foreach (json_object_get (file, part), c, chorale) {
    gsize n = json_array_size (chorale);
    g_autofree gfloat *roll = g_new0 (gfloat, MAX (n, 1) * KEYS);

    if (n < 2 || !read_roll (chorale, roll)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: chorale %" G_GSIZE_FORMAT " of \"%s\" is not one", path, c,
          part);
      g_clear_pointer (&dataset, rnn_dataset_free);
      return NULL;
    }
    if (c < at_most)
      rnn_dataset_add_series (dataset, roll, (guint) n - 1, roll + KEYS, KEYS);
  }
  return dataset;
}

typedef struct {
  RnnDataset *train, *valid, *test;
} Parts;

static gboolean
read_parts (const Setting *setting, Parts *parts, GError **error)
{
  json_error_t reason;
  json_t *file = json_load_file (setting->file, 0, &reason);
  guint at_most = setting->smoke ? 4 : G_MAXUINT;
  gboolean ok;

  if (!file) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", setting->file, reason.text);
    return FALSE;
  }
  ok = (parts->train = read_part (file, "train", at_most, setting->file, error))
      && (parts->valid = read_part (file, "valid", at_most, setting->file, error))
      && (parts->test = read_part (file, "test", at_most, setting->file, error));
  json_decref (file);
  return ok;
}

static void
clear_parts (Parts *parts)
{
  g_clear_pointer (&parts->train, rnn_dataset_free);
  g_clear_pointer (&parts->valid, rnn_dataset_free);
  g_clear_pointer (&parts->test, rnn_dataset_free);
}

static gboolean
train_row (const Setting *setting, const Row *row, const Parts *parts, Table *table, json_t *figures, GError **error)
{
  g_autoptr (RnnModel) model = model_new (KEYS, setting->seed, error, "[{'cell': 'dropout', 'name': 'in', 'p': %g},"
      "{'cell': '%s', 'name': 'rnn', 'hidden': %d}, {'cell': 'dropout', 'name': 'drop', 'p': %g},"
      "{'cell': 'dense', 'name': 'out', 'units': %d}]", row->drop_in, row->cell, row->hidden, row->drop_out, KEYS);
  FitResult result;
  gdouble mean, test;
  Fit fit;

  fit_init (&fit, setting, RNN_LOSS_BINARY_CROSS_ENTROPY);
  fit.config.batch_size = 8;
  fit.config.epochs = setting->smoke ? 1 : 120;
  fit.config.optimizer = RNN_OPTIMIZER_ADAMW;
  fit.config.learning_rate = row->learning_rate;
  fit.config.weight_decay = row->weight_decay;
  fit.config.schedule = row->schedule;
  fit.average = TRUE;
  if (!model || !fit_run (&fit, model, parts->train, parts->valid, &result, error)
      || !fit_evaluate (&fit, model, parts->test, &mean, &test, error))
    return FALSE;
  table_row (table, "%s\t%" G_GSIZE_FORMAT "\t%" G_GUINT64_FORMAT "\t%.0f\t%.3f\t%.3f\t%.2f", row->cell,
      rnn_model_get_n_params (model), result.updates, result.seconds, result.best, test, row->published);
  json_object_set_new (figures, row->cell, json_real (test));
  fit_name (model, "chorales", row->cell, json_pack ("{ss}", "kind", "tags"));
  return fit_save (setting, model, error);
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "chorales", "cell\tparameters\tupdates\tcpu_seconds\tvalid_nll"
      "\ttest_nll\tpublished_nll", error);
  json_t *figures = json_object ();
  Parts parts = { NULL };
  gboolean ok = table && read_parts (setting, &parts, error);

  for (guint i = 0; ok && i < G_N_ELEMENTS (rows); i++)
    if (is_wanted (setting, rows[i].cell))
      ok = train_row (setting, &rows[i], &parts, table, figures, error);
  clear_parts (&parts);
  if (ok && setting->json)
    report (setting, "music", json_incref (figures));
  json_decref (figures);
  return ok;
}

const Experiment experiment_chorales = { "chorales", "which keys sound next in Bach's chorales", TRUE, run };
