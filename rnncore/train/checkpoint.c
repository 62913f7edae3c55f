/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that a trainer knows, in one safetensors file: tensors `params`, `best` (once there is a best), `average` (if weights are
 * averaged), `moment0`...; the rest as a JSON object in __metadata__["rnncore-checkpoint"], with a checksum beside it.  The examples are not part of it: they have to be given
 * again, in the same order.  A trainer that loads it goes on as if it had never stopped. */
#include "trainer.h"
#include "../base/digest.h"
#include "../base/finite.h"
#include "../model/safetensors.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY "rnncore-checkpoint"
#define CHECKSUM_KEY "rnncore-checksum"
#define FORMAT 2                /* 1 had no checksum and no digests */

static const gchar *const moment_names[RNN_OPTIMIZER_MAX_MOMENTS] = { "moment0", "moment1", "moment2" };

/* Options that decide what a minibatch is and what the moments mean: they must not change on the way. */
static const gchar *const fixed_options[] = { "loss", "batch_size", "accumulate", "shards", "seed", "optimizer", "amsgrad", "join",
  "pause" };
static const gchar *const fixed_parts[] = { "layers", "input", "output" };

/* ---- progress: numbers between RnnTrainer and JSON ---- */

/* Of format 1, which knew less. */
static gboolean
is_old (const json_t *state)
{
  return json_integer_value (json_object_get (state, "format")) == 1;
}

typedef struct {
  const gchar *name;
  gsize offset;
} Field;

#define FIELD(name) { #name, G_STRUCT_OFFSET (RnnTrainer, name) }
#define LEARNER(name) { #name, G_STRUCT_OFFSET (RnnTrainer, learner.name) }
#define COUNT(t, field) G_STRUCT_MEMBER (guint64, t, (field).offset)
#define REAL(t, field) G_STRUCT_MEMBER (gdouble, t, (field).offset)

static const Field counts[] = {         /* guint64 */
  LEARNER (optimizer.step), FIELD (epoch), FIELD (batch), FIELD (patience_left), FIELD (epoch_examples),
  FIELD (epoch_infeasible), FIELD (epoch_invalid), FIELD (best_update)
};

static const Field reals[] = {          /* gdouble; NAN is null in JSON */
  FIELD (epoch_loss), FIELD (loss), LEARNER (learning_rate), LEARNER (grad_norm), FIELD (dev_loss), FIELD (dev_metric),
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

    if (!value && is_old (state))
      continue;
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

static void
set_digest (json_t *setting, const gchar *name, guint64 digest)
{
  g_autofree gchar *text = rnn_digest_to_text (digest);

  json_object_set_new (setting, name, json_string (text));
}

static json_t *
describe_setting (RnnTrainer *t)
{
  json_t *setting = json_object (), *options = json_object ();

  rnn_options_to_json (rnn_train_options, &t->learner.config, options);
  for (guint i = 0; i < G_N_ELEMENTS (fixed_options); i++) {
    json_t *value = json_object_get (options, fixed_options[i]);

    json_object_set_new (setting, fixed_options[i], value ? json_incref (value) : json_null ());
  }
  json_decref (options);
  for (guint i = 0; i < G_N_ELEMENTS (fixed_parts); i++) {
    json_t *part = json_object_get (rnn_model_get_recipe (t->learner.model), fixed_parts[i]);

    json_object_set_new (setting, fixed_parts[i], part ? json_incref (part) : json_null ());
  }
  json_object_set_new (setting, "examples", json_integer (t->train->examples->len));
  json_object_set_new (setting, "frames", json_integer (t->train->n_frames));
  set_digest (setting, "content of the examples", t->digest);
  set_digest (setting, "content of the dev set", t->dev_digest);
  return setting;
}

static gboolean
check_setting (RnnTrainer *t, const json_t *state, const gchar *path, GError **error)
{
  json_t *setting = describe_setting (t), *value;
  const json_t *saved = json_object_get (state, "setting");
  const gchar *name, *differs = NULL;

  json_object_foreach (setting, name, value)
    if (!differs && !json_equal (value, json_object_get (saved, name)) && !(is_old (state) && !json_object_get (saved, name)))
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

/* Of the state and of all tensors, in the order of list_tensors. */
static gchar *
make_checksum (const gchar *state, const RnnTensorView *views, guint n)
{
  guint64 digest = rnn_digest_bytes (RNN_DIGEST_START, state, strlen (state));

  for (guint i = 0; i < n; i++)
    digest = rnn_digest_bytes (digest, views[i].data, views[i].size * sizeof (gfloat));
  return rnn_digest_to_text (digest);
}

#define MAX_TENSORS (3 + RNN_OPTIMIZER_MAX_MOMENTS)

typedef struct {
  const gchar *name;
  gfloat *data;                 /* [n_params] */
  gboolean positive;            /* mean squares */
} Tensor;

static guint
list_tensors (RnnTrainer *t, Tensor *tensors)
{
  guint n = 0;

  tensors[n++] = (Tensor) { "params", rnn_model_get_params (t->learner.model), FALSE };
  if (t->has_best)
    tensors[n++] = (Tensor) { "best", rnn_model_get_params (t->best), FALSE };
  if (t->learner.average)
    tensors[n++] = (Tensor) { "average", t->learner.average, FALSE };
  for (gint i = 0; i < t->learner.optimizer.n_moments; i++)
    tensors[n++] = (Tensor) { moment_names[i], t->learner.optimizer.moments[i], rnn_optimizer_is_square (&t->learner.config, i) };
  return n;
}

gboolean
rnn_trainer_save_checkpoint (RnnTrainer *t, const gchar *path, GError **error)
{
  gint n_params = (gint) rnn_model_get_n_params (t->learner.model);
  Tensor tensors[MAX_TENSORS];
  RnnTensorView views[MAX_TENSORS];
  guint n = list_tensors (t, tensors);
  gchar *state = dump_state (t);
  g_autofree gchar *checksum = NULL;
  const gchar *metadata[] = { KEY, state, CHECKSUM_KEY, NULL, NULL };
  gboolean good;

  for (guint i = 0; i < n; i++)
    views[i] = rnn_tensor_view_f32 (tensors[i].name, 1, &n_params, tensors[i].data);
  metadata[3] = checksum = make_checksum (state, views, n);
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

  if (json_is_object (state) && (is_old (state) || json_integer_value (json_object_get (state, "format")) == FORMAT))
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

/* Training would not get away from what is no number, or from a square below 0. */
static gboolean
check_values (RnnSafetensors *file, const gchar *path, const Tensor *tensor, gsize n, GError **error)
{
  g_autofree gfloat *x = g_new (gfloat, n);
  gboolean good;

  rnn_tensor_view_to_float (rnn_safetensors_find (file, tensor->name), x);
  good = rnn_all_finite (n, x);
  for (gsize i = 0; good && tensor->positive && i < n; i++)
    good = x[i] >= 0;
  if (!good)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: '%s' holds what is no finite number%s", path, tensor->name,
        tensor->positive ? ", or less than 0" : "");
  return good;
}

static gboolean
check_sum (RnnSafetensors *file, const gchar *path, const Tensor *tensors, guint n, GError **error)
{
  const gchar *saved = rnn_safetensors_get_metadata (file, CHECKSUM_KEY);
  g_autofree RnnTensorView *views = g_new (RnnTensorView, n);
  g_autofree gchar *checksum = NULL;

  for (guint i = 0; i < n; i++)
    views[i] = *rnn_safetensors_find (file, tensors[i].name);
  checksum = make_checksum (rnn_safetensors_get_metadata (file, KEY), views, n);
  if (g_strcmp0 (saved, checksum) == 0)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: it is damaged: its checksum is not that of its content", path);
  return FALSE;
}

static gboolean
read_tensors (RnnTrainer *t, RnnSafetensors *file, gboolean old, const gchar *path, GError **error)
{
  gint n_params = (gint) rnn_model_get_n_params (t->learner.model);
  Tensor tensors[MAX_TENSORS];
  guint n = list_tensors (t, tensors);

  for (guint i = 0; i < n; i++)
    if (!rnn_safetensors_require (file, tensors[i].name, 1, &n_params, error)
        || !check_values (file, path, &tensors[i], (gsize) n_params, error))
      return FALSE;
  if (!old && !check_sum (file, path, tensors, n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    rnn_tensor_view_to_float (rnn_safetensors_find (file, tensors[i].name), tensors[i].data);
  return TRUE;
}

gboolean
rnn_trainer_load_checkpoint (RnnTrainer *t, const gchar *path, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, error);
  json_t *state = file ? parse_state (file, path, error) : NULL;
  RnnTrainer next = *t;
  gboolean good = state && check_setting (t, state, path, error) && read_progress (&next, state, file, path, error) &&
      read_tensors (&next, file, is_old (state), path, error);

  json_decref (state);
  if (!good)
    return FALSE;
  *t = next;
  t->done = t->batch == t->order.n_batches && (t->epoch + 1 >= (guint64) t->learner.config.epochs ||
      (t->dev && t->learner.config.patience > 0 && t->patience_left == 0));
  rnn_model_pack (t->learner.model, TRUE);
  if (t->has_best)
    rnn_model_pack (t->best, FALSE);
  rnn_trainer_begin_epoch (t);
  return TRUE;
}
