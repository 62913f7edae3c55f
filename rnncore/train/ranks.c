/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A training of several processes: every rank has all examples and all weights, computes its run of each minibatch's
 * shards and makes the same update as the others.  So they have to start from the same: before the first step each
 * compares its own digests with those of rank 0. */
#include "trainer.h"
#include "../base/digest.h"
#include "../kernels/kernels.h"
#include <string.h>

gboolean
rnn_trainer_join (RnnTrainer *t, GError **error)
{
  if (!rnn_reduce_join (&t->learner.reduce, error))
    return FALSE;
  if (t->learner.reduce.size <= (guint) t->learner.config.shards)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%d shards of a minibatch are too few for %u processes: set "
      "'shards'", t->learner.config.shards, t->learner.reduce.size);
  return FALSE;
}

/* ---- digests ---- */

static guint64
of_options (const RnnTrainer *t)
{
  RnnTrainConfig config = t->learner.config;
  json_t *json = json_object ();
  guint64 digest;

  config.n_threads = 1;         /* changes no result */
  rnn_options_to_json (rnn_train_options, &config, json);
  digest = rnn_digest_json (RNN_DIGEST_START, json);
  json_decref (json);
  return digest;
}

static guint64
of_examples (const RnnTrainer *t)
{
  return t->digest ^ 3 * t->dev_digest;
}

static guint64
of_recipe (const RnnTrainer *t)
{
  return rnn_model_digest_recipe (t->learner.model);
}

static guint64
of_weights (const RnnTrainer *t)
{
  return rnn_digest_bytes (RNN_DIGEST_START, rnn_model_get_params (t->learner.model), rnn_model_get_n_params (t->learner.model) * sizeof (gfloat));
}

static guint64
of_progress (const RnnTrainer *t)
{
  guint64 digest = rnn_digest_bytes (t->learner.optimizer.step * G_MAXUINT32 + t->epoch, &t->batch, sizeof (t->batch));

  for (gint i = 0; i < t->learner.optimizer.n_moments; i++)
    digest = rnn_digest_bytes (digest, t->learner.optimizer.moments[i], t->learner.optimizer.n * sizeof (gfloat));
  return digest;
}

static guint64
of_kernels (const RnnTrainer *t)
{
  return rnn_digest_bytes (RNN_DIGEST_START, rnn_kernels ()->name, strlen (rnn_kernels ()->name));
}

static const struct {
  const gchar *what;
  guint64 (*digest) (const RnnTrainer *t);
} same[] = {
  { "recipes", of_recipe },
  { "options of training", of_options },
  { "examples", of_examples },
  { "weights at the start", of_weights },
  { "checkpoints", of_progress },
  { "instruction sets (RNN_CPU sets one for all)", of_kernels },
};

/* ---- agreement ---- */

/* The number, from 1, of what differs from rank 0. */
static gint
find_difference (RnnTrainer *t)
{
  gint differs = 0;

  for (guint i = 0; i < G_N_ELEMENTS (same); i++) {
    guint64 mine = same[i].digest (t), first = mine;

    rnn_reduce_share (&t->learner.reduce, 0, &first, sizeof (first));
    if (mine != first && !differs)
      differs = i + 1;
  }
  return differs;
}

static gboolean
part (RnnTrainer *t, gint word)
{
  const gchar *path = rnn_model_get_path (t->learner.model);

  if (word == RNN_REDUCE_LEFT)
    t->failed = g_error_new (RNN_ERROR, RNN_ERROR_IO, "%s: another of the %u processes that train together has ended "
        "after %" G_GUINT64_FORMAT " updates", path, t->learner.reduce.size, t->learner.optimizer.step);
  else if (word > 0)
    t->failed = g_error_new (RNN_ERROR, RNN_ERROR_OPTION, "%s: the %u processes that train together differ in their %s",
        path, t->learner.reduce.size, same[word - 1].what);
  return word > 0;
}

gboolean
rnn_trainer_agree (RnnTrainer *t)
{
  if (t->learner.reduce.size == 1)
    return TRUE;
  if (t->failed || part (t, rnn_reduce_agree (&t->learner.reduce, 0)))
    return FALSE;
  if (!t->agreed && part (t, rnn_reduce_agree (&t->learner.reduce, find_difference (t))))
    return FALSE;
  return t->agreed = TRUE;
}
