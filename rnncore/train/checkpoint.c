/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that a trainer knows, in one safetensors file: tensors `params`, `best` (once there is a best), `moment0`...; the
 * rest as a JSON object in __metadata__["rnncore-checkpoint"].  The examples are not part of it: they have to be given
 * again, in the same order.  A trainer that loads it goes on as if it had never stopped. */
#include "trainer.h"
#include "../base/finite.h"
#include "../model/safetensors.h"
#include <math.h>
#include <stdlib.h>

#define KEY "rnncore-checkpoint"
#define FORMAT 1

static const gchar *const moment_names[RNN_OPTIMIZER_MAX_MOMENTS] = { "moment0", "moment1", "moment2" };

/* Options that decide what a minibatch is and what the moments mean: they must not change on the way. */
static const gchar *const fixed_options[] = { "loss", "batch_size", "shards", "seed", "optimizer", "amsgrad", "join", "pause" };

/* ---- progress: numbers between RnnTrainer and JSON ---- */

typedef struct {
  const gchar *name;
  gsize offset;
} Field;

#define FIELD(name) { #name, G_STRUCT_OFFSET (RnnTrainer, name) }
#define COUNT(t, field) G_STRUCT_MEMBER (guint64, t, (field).offset)
#define REAL(t, field) G_STRUCT_MEMBER (gdouble, t, (field).offset)

static const Field counts[] = {         /* guint64 */
  FIELD (optimizer.step), FIELD (epoch), FIELD (batch), FIELD (patience_left), FIELD (epoch_examples),
  FIELD (epoch_infeasible)
};

static const Field reals[] = {          /* gdouble; NAN is null in JSON */
  FIELD (epoch_loss), FIELD (loss), FIELD (learning_rate), FIELD (grad_norm), FIELD (dev_loss), FIELD (dev_metric),
  FIELD (best_loss), FIELD (best_metric)
};

static void
write_numbers (RnnTrainer *t, json_t *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    json_object_set_new (state, counts[i].name, json_integer ((json_int_t) COUNT (t, counts[i])));
  for (guint i = 0; i < G_N_ELEMENTS (reals); i++) {
    gdouble value = REAL (t, reals[i]);

    json_object_set_new (state, reals[i].name, isfinite (value) ? json_real (value) : json_null ());
  }
}

/* Returns the name of the first that is missing or wrong, else NULL. */
static const gchar *
read_numbers (RnnTrainer *t, const json_t *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    const json_t *value = json_object_get (state, counts[i].name);

    if (!json_is_integer (value) || json_integer_value (value) < 0)
      return counts[i].name;
    COUNT (t, counts[i]) = json_integer_value (value);
  }
  for (guint i = 0; i < G_N_ELEMENTS (reals); i++) {
    const json_t *value = json_object_get (state, reals[i].name);

    if (!json_is_number (value) && !json_is_null (value))
      return reals[i].name;
    REAL (t, reals[i]) = json_is_null (value) ? NAN : json_number_value (value);
  }
  return t->batch <= t->order.n_batches && t->epoch <= G_MAXUINT32 ? NULL : "batch";
}

/* ---- what has to be the same when training goes on ---- */

static json_t *
describe_setting (RnnTrainer *t)
{
  json_t *setting = json_object (), *options = json_object ();

  rnn_options_to_json (rnn_train_options, &t->config, options);
  for (guint i = 0; i < G_N_ELEMENTS (fixed_options); i++) {
    json_t *value = json_object_get (options, fixed_options[i]);

    json_object_set_new (setting, fixed_options[i], value ? json_incref (value) : json_null ());
  }
  json_decref (options);
  json_object_set (setting, "layers", json_object_get (rnn_model_get_recipe (t->model), "layers"));
  json_object_set_new (setting, "examples", json_integer (t->train->examples->len));
  json_object_set_new (setting, "frames", json_integer (t->train->n_frames));
  return setting;
}

static gboolean
check_setting (RnnTrainer *t, const json_t *state, const gchar *path, GError **error)
{
  json_t *setting = describe_setting (t), *value;
  const json_t *saved = json_object_get (state, "setting");
  const gchar *name, *differs = NULL;

  json_object_foreach (setting, name, value)
    if (!differs && !json_equal (value, json_object_get (saved, name)))
      differs = name;
  if (differs)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: it is the checkpoint of another training: '%s' differs", path,
        differs);
  json_decref (setting);
  return !differs;
}

/* ---- saving ---- */

static gchar *
dump_state (RnnTrainer *t)
{
  json_t *state = json_object ();
  gchar *text;

  json_object_set_new (state, "format", json_integer (FORMAT));
  json_object_set_new (state, "setting", describe_setting (t));
  write_numbers (t, state);
  text = json_dumps (state, JSON_COMPACT);
  json_decref (state);
  return text;
}

gboolean
rnn_trainer_save_checkpoint (RnnTrainer *t, const gchar *path, GError **error)
{
  gint n_params = (gint) rnn_model_get_n_params (t->model);
  RnnTensorView views[2 + RNN_OPTIMIZER_MAX_MOMENTS];
  gchar *state = dump_state (t);
  const gchar *metadata[] = { KEY, state, NULL };
  guint n = 0;
  gboolean good;

  views[n++] = rnn_tensor_view_f32 ("params", 1, &n_params, rnn_model_get_params (t->model));
  if (t->has_best)
    views[n++] = rnn_tensor_view_f32 ("best", 1, &n_params, rnn_model_get_params (t->best));
  for (gint i = 0; i < t->optimizer.n_moments; i++)
    views[n++] = rnn_tensor_view_f32 (moment_names[i], 1, &n_params, t->optimizer.moments[i]);
  good = rnn_safetensors_write (path, views, n, metadata, error);
  free (state);
  return good;
}

/* ---- loading: everything is checked before anything changes ---- */

static json_t *
parse_state (RnnSafetensors *file, const gchar *path, GError **error)
{
  const gchar *text = rnn_safetensors_get_metadata (file, KEY);
  json_t *state = text ? json_loads (text, JSON_REJECT_DUPLICATES, NULL) : NULL;

  if (json_is_object (state) && json_integer_value (json_object_get (state, "format")) == FORMAT)
    return state;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: this is not a checkpoint of format %d", path, FORMAT);
  json_decref (state);
  return NULL;
}

/* Into @next, a copy of the trainer whose arrays stay untouched */
static gboolean
read_progress (RnnTrainer *next, const json_t *state, RnnSafetensors *file, const gchar *path, GError **error)
{
  const gchar *wrong = read_numbers (next, state);

  if (wrong)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: '%s' is missing or not what it should be", path, wrong);
  next->has_best = next->dev && rnn_safetensors_find (file, "best");
  return !wrong;
}

typedef struct {
  const gchar *name;
  gfloat *to;                   /* [n_params] */
} Target;

static guint
list_targets (RnnTrainer *t, Target *targets)
{
  guint n = 0;

  targets[n++] = (Target) { "params", rnn_model_get_params (t->model) };
  if (t->has_best)
    targets[n++] = (Target) { "best", rnn_model_get_params (t->best) };
  for (gint i = 0; i < t->optimizer.n_moments; i++)
    targets[n++] = (Target) { moment_names[i], t->optimizer.moments[i] };
  return n;
}

/* Training would not get away from what is no number. */
static gboolean
check_finite (RnnSafetensors *file, const gchar *path, const gchar *name, gsize n, GError **error)
{
  g_autofree gfloat *x = g_new (gfloat, n);

  rnn_tensor_view_to_float (rnn_safetensors_find (file, name), x);
  if (rnn_all_finite (n, x))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: '%s' holds what is no finite number", path, name);
  return FALSE;
}

static gboolean
read_tensors (RnnTrainer *t, RnnSafetensors *file, const gchar *path, GError **error)
{
  gint n_params = (gint) rnn_model_get_n_params (t->model);
  Target targets[2 + RNN_OPTIMIZER_MAX_MOMENTS];
  guint n = list_targets (t, targets);

  for (guint i = 0; i < n; i++)
    if (!rnn_safetensors_require (file, targets[i].name, 1, &n_params, error)
        || !check_finite (file, path, targets[i].name, (gsize) n_params, error))
      return FALSE;
  for (guint i = 0; i < n; i++)
    rnn_tensor_view_to_float (rnn_safetensors_find (file, targets[i].name), targets[i].to);
  return TRUE;
}

gboolean
rnn_trainer_load_checkpoint (RnnTrainer *t, const gchar *path, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, error);
  json_t *state = file ? parse_state (file, path, error) : NULL;
  RnnTrainer next = *t;
  gboolean good = state && check_setting (t, state, path, error) && read_progress (&next, state, file, path, error) &&
      read_tensors (&next, file, path, error);

  json_decref (state);
  if (!good)
    return FALSE;
  *t = next;
  t->done = t->batch == t->order.n_batches && (t->epoch + 1 >= (guint64) t->config.epochs ||
      (t->dev && t->config.patience > 0 && t->patience_left == 0));
  rnn_model_pack (t->model, TRUE);
  if (t->has_best)
    rnn_model_pack (t->best, FALSE);
  rnn_trainer_begin_epoch (t);
  return TRUE;
}
