/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a training leaves on disk: the best model and the checkpoint, both locked while it lasts.
 *
 * The model's file changes only for a better one: after an epoch, by finite weights, and not for a worse result than it holds of
 * an earlier training with the same recipe and dev set.  So it carries, in __metadata__["rnncore-training"], what it was trained
 * on and how well: {"recipe", "examples", "dev": digests, "update", "metric", "loss"}.  A checkpoint is written whenever the
 * weights are good. */
#include "trainer.h"
#include "../base/digest.h"
#include "../base/file.h"
#include "../base/lock.h"
#include "../model/model-private.h"
#include "../model/safetensors.h"
#include <math.h>

struct _RnnKeeper {
  gchar *location, *checkpoint; /* NULL: not written */
  RnnLock *locks[2];
  gboolean saved;               /* this training wrote the model */
  guint64 update;               /* of the weights that were last looked at */
};

static gboolean
lock_place (const gchar *path, RnnLock **lock, GError **error)
{
  if (!path)
    return TRUE;
  if (!(*lock = rnn_lock_new (path, error)))
    return FALSE;
  rnn_file_clean (path);
  return TRUE;
}

RnnKeeper *
rnn_keeper_new (const gchar *location, const gchar *checkpoint, GError **error)
{
  RnnKeeper *keeper = g_new0 (RnnKeeper, 1);

  keeper->location = g_strdup (location);
  keeper->checkpoint = g_strdup (checkpoint);
  if (rnn_train_check_places (location, checkpoint, error) && (!rnn_train_leads () ||
          (lock_place (location, &keeper->locks[0], error) && lock_place (checkpoint, &keeper->locks[1], error))))
    return keeper;
  rnn_keeper_free (keeper);
  return NULL;
}

void
rnn_keeper_free (RnnKeeper *keeper)
{
  if (!keeper)
    return;
  rnn_lock_free (keeper->locks[0]);
  rnn_lock_free (keeper->locks[1]);
  g_free (keeper->location);
  g_free (keeper->checkpoint);
  g_free (keeper);
}

/* ---- what is there and what could be ---- */

typedef struct {
  gdouble metric, loss;         /* on the dev set; NAN: unknown */
} Result;

static gboolean
is_better (const RnnOutput *output, const Result *a, const Result *b)
{
  gboolean higher = rnn_output_primary (output)->klass->metric.higher_is_better;

  if (isnan (a->metric) || isnan (b->metric) || a->metric == b->metric)
    return a->loss < b->loss;
  return higher ? a->metric > b->metric : a->metric < b->metric;
}

static json_t *
number (gdouble value)
{
  return isfinite (value) ? json_real (value) : json_null ();
}

static gchar *
describe_training (const RnnTrainer *t)
{
  g_autofree gchar *recipe = rnn_digest_to_text (rnn_model_digest_recipe (t->learner.model));
  g_autofree gchar *examples = rnn_digest_to_text (t->digest), *dev = rnn_digest_to_text (t->dev_digest);
  json_t *note = json_pack ("{ss ss ss sI so so}", "recipe", recipe, "examples", examples, "dev", dev, "update",
      (json_int_t) (t->has_best ? t->best_update : t->learner.optimizer.step), "metric", number (t->best_metric), "loss",
      number (t->best_loss));
  gchar *text = json_dumps (note, JSON_COMPACT);

  json_decref (note);
  return text;
}

static gdouble
read_number (const json_t *note, const gchar *name)
{
  const json_t *value = json_object_get (note, name);

  return json_is_number (value) ? json_number_value (value) : NAN;
}

/* The result in the file, if it can be compared: of the same recipe on the same dev set. */
static gboolean
read_result (const gchar *path, const RnnTrainer *t, Result *result)
{
  g_autofree gchar *recipe = rnn_digest_to_text (rnn_model_digest_recipe (t->learner.model));
  g_autofree gchar *dev = rnn_digest_to_text (t->dev_digest);
  g_autoptr (RnnSafetensors) file = t->dev && g_file_test (path, G_FILE_TEST_EXISTS) ? rnn_safetensors_open (path, NULL) : NULL;
  const gchar *text = file ? rnn_safetensors_get_metadata (file, RNN_TRAINING_KEY) : NULL;
  json_t *note = text ? json_loads (text, JSON_REJECT_DUPLICATES, NULL) : NULL;
  gboolean same = note && g_strcmp0 (json_string_value (json_object_get (note, "recipe")), recipe) == 0
      && g_strcmp0 (json_string_value (json_object_get (note, "dev")), dev) == 0;

  if (same)
    *result = (Result) { read_number (note, "metric"), read_number (note, "loss") };
  json_decref (note);
  return same && (!isnan (result->metric) || !isnan (result->loss));
}

/* ---- writing ---- */

static gchar *
describe_result (const RnnTrainer *t, const Result *result)
{
  return isnan (result->metric) ? g_strdup_printf ("a loss of %.4g", result->loss)
      : rnn_output_describe_metric (t->learner.task.output, result->metric);
}

static gchar *
say_kept (const RnnKeeper *k, const RnnTrainer *t, const Result *old, const Result *mine)
{
  g_autofree gchar *before = describe_result (t, old), *now = describe_result (t, mine);

  return g_strdup_printf ("%s is kept: an earlier training of the same recipe has %s, this one %s", k->location, before, now);
}

static gchar *
say_saved (const RnnKeeper *k, const RnnTrainer *t, const Result *mine)
{
  g_autofree gchar *result = t->has_best ? describe_result (t, mine) : NULL;

  return g_strdup_printf ("%s is saved%s%s", k->location, result ? ": " : "", result ? result : "");
}

gboolean
rnn_keeper_save_model (RnnKeeper *k, RnnTrainer *t, gchar **said, GError **error)
{
  Result mine = { t->best_metric, t->best_loss }, old;
  guint64 update = t->has_best ? t->best_update : t->learner.optimizer.step;
  g_autofree gchar *note = NULL;

  if (!k->location || !rnn_train_leads () || (k->update == update && update > 0))
    return TRUE;
  if (!rnn_trainer_has_result (t)) {
    *said = g_strdup_printf ("%s is as it was: there is no better model yet", k->location);
    return TRUE;
  }
  if (!k->saved && read_result (k->location, t, &old) && is_better (t->learner.task.output, &old, &mine)) {
    *said = say_kept (k, t, &old, &mine);
    k->update = update;
    return TRUE;
  }
  note = describe_training (t);
  if (!rnn_model_save_trained (rnn_trainer_get_best (t), k->location, note, error))
    return FALSE;
  *said = say_saved (k, t, &mine);
  k->saved = TRUE;
  k->update = update;
  return TRUE;
}

gboolean
rnn_keeper_save_checkpoint (RnnKeeper *k, RnnTrainer *t, GError **error)
{
  if (!k->checkpoint || !rnn_train_leads () || t->learner.spoilt || t->learner.optimizer.step == 0)
    return TRUE;
  return rnn_trainer_save_checkpoint (t, k->checkpoint, error);
}

gboolean
rnn_keeper_resume (RnnKeeper *k, RnnTrainer *t, gboolean *resumed, GError **error)
{
  *resumed = k->checkpoint && g_file_test (k->checkpoint, G_FILE_TEST_EXISTS);
  return !*resumed || rnn_trainer_load_checkpoint (t, k->checkpoint, error);
}
