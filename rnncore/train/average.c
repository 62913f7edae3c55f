/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moving average of the weights over updates (Polyak and Juditsky 1992), which stands still where a large learning rate keeps
 * the weights themselves moving:  a += (1 - d) (w - a),  d = min (decay, (1 + t) / (10 + t)) at update t, from 1, so that the
 * first weights do not stay in it for long.  What is validated and saved is the average. */
#include "learner.h"

gfloat
rnn_average_share (gfloat decay, guint64 update)
{
  return 1 - (gfloat) MIN (decay, (1.0 + update) / (10.0 + update));
}

void
rnn_average_add (gsize n, gfloat share, const gfloat *weights, gfloat *average)
{
  for (gsize i = 0; i < n; i++)
    average[i] += share * (weights[i] - average[i]);
}

/* Weights and average change places. */
void
rnn_learner_swap_average (RnnLearner *l)
{
  gfloat *params = rnn_model_get_params (l->model);

  for (gsize i = 0; i < l->optimizer.n; i++) {
    gfloat weight = params[i];

    params[i] = l->average[i];
    l->average[i] = weight;
  }
  rnn_model_pack (l->model, TRUE);
}
