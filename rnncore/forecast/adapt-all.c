/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A copy of the model that takes a step of gradient descent with each window, of a bounded length: back through all the segments
 * that the encoders read, and no further, since a window is all that they know. */
#include "adapt-method.h"
#include "../base/finite.h"
#include "../outputs/head.h"
#include "../session/session.h"
#include "../train/dataset.h"
#include <string.h>

#define RATE 0.005f
#define LONGEST 1.f             /* gradient: a step is RATE of that at most */

typedef struct {
  RnnModel *shipped;
  guint n_streams;
  gint row, horizon;
  RnnLearner *learner;
  RnnModel *model;              /* the learner's */
  RnnSession *session;          /* of it */
  const RnnHead *head;
  RnnDataset *example;          /* one, written over */
  gfloat *y;                    /* [n_streams][n_out] */
} All;

static void
all_free (gpointer method)
{
  All *a = method;

  rnn_session_free (a->session);
  rnn_learner_free (a->learner);
  if (a->example)
    rnn_dataset_free (a->example);
  rnn_model_unref (a->shipped);
  g_free (a->y);
  g_free (a);
}

static RnnLearner *
make_learner (RnnModel *model, gint row, GError **error)
{
  RnnTrainConfig config;

  rnn_options_init (rnn_train_options, &config);
  config.optimizer = RNN_OPTIMIZER_SGD;
  config.momentum = 0;
  config.weight_decay = 0;
  config.clip_norm = LONGEST;
  config.batch_size = config.shards = config.n_threads = 1;
  return rnn_learner_new (model, &config, row, error);
}

static gpointer
all_new (RnnModel *model, const RnnForecastConfig *c, guint n_streams, gint *n_read, GError **error)
{
  All *a = g_new0 (All, 1);

  a->shipped = rnn_model_ref (model);
  a->n_streams = n_streams;
  a->row = rnn_forecast_get_row (c);
  a->horizon = c->horizon;
  a->learner = make_learner (model, a->row, error);
  a->model = a->learner ? rnn_learner_get_model (a->learner) : NULL;
  a->session = a->model ? rnn_session_new (a->model, n_streams, 1, RNN_PRECISION_F32, error) : NULL;
  if (!a->session) {
    all_free (a);
    return NULL;
  }
  a->head = rnn_head_from_output (rnn_model_get_output (a->model));
  a->example = rnn_dataset_new (a->row);
  a->y = g_new0 (gfloat, MAX ((gsize) n_streams * rnn_model_get_n_out (model), (gsize) MAX (a->row, c->horizon)));
  rnn_dataset_add_series (a->example, a->y, 1, a->y, c->horizon);
  *n_read = 0;
  return a;
}

static void
run (gpointer method, const gfloat *x, gfloat *read, gfloat *said)
{
  All *a = method;
  gint n = rnn_model_get_n_out (a->model);

  rnn_session_reset (a->session, -1);
  rnn_session_run (a->session, 1, x, a->y);
  for (guint i = 0; i < a->n_streams; i++)
    for (gint h = 0; h < a->horizon; h++) {
      const gfloat *y = a->y + (gsize) i * n;

      said[(gsize) i * a->horizon + h] = a->head ? (gfloat) rnn_head_quantile (a->head, y, h, 0.5) : y[h];
    }
}

static void
learn (gpointer method, const gfloat *x, const gfloat *read, const gfloat *said, const gfloat *errors)
{
  All *a = method;
  RnnExample *example = RNN_EXAMPLE (a->example, 0);

  memcpy (example->frames, x, a->row * sizeof (gfloat));
  for (gint h = 0; h < a->horizon; h++)
    example->targets[h] = said[h] + errors[h];
  rnn_learner_learn (a->learner, a->example, &(guint32) { 0 }, 1, RATE);
}

static void
reset (gpointer method)
{
  All *a = method;

  memcpy (rnn_model_get_params (a->model), rnn_model_get_params (a->shipped),
      rnn_model_get_n_params (a->model) * sizeof (gfloat));
  rnn_model_pack (a->model, TRUE);
}

static guint
list (gpointer method, RnnAdaptBlock *blocks)
{
  All *a = method;

  blocks[0] = (RnnAdaptBlock) { rnn_model_get_params (a->model), rnn_model_get_n_params (a->model) * sizeof (gfloat) };
  return 1;
}

static gboolean
check (gpointer method)
{
  All *a = method;

  if (!rnn_all_finite (rnn_model_get_n_params (a->model), rnn_model_get_params (a->model)))
    return FALSE;
  rnn_model_pack (a->model, TRUE);
  return TRUE;
}

const RnnAdaptMethod rnn_adapt_all = { FALSE, all_new, all_free, run, learn, reset, list, check };
