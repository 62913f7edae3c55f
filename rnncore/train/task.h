/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a training is about: a model, what its answers are held against, and how frames become its steps. */
#pragma once
#include "batch.h"

G_BEGIN_DECLS

/* What all shards share, read-only while they run. */
typedef struct {
  const RnnTrainConfig *config;
  RnnModel *model;              /* not a ref */
  const RnnOutput *output;      /* the model's, or that of a loss which the options name */
  RnnOutput *own;               /* the latter, or NULL */
  RnnFraming framing;
  GPtrArray *denominators;      /* RnnCtcDenominator of each text of an example, NULL among them; or NULL: none */
} RnnTask;

/* Frames of @n_feature floats.  Fails on a loss that does not fit the model's output; to be cleared in any case. */
gboolean  rnn_task_init (RnnTask *task, const RnnTrainConfig *config, RnnModel *model, gint n_feature, GError **error);
void      rnn_task_clear (RnnTask *task);
/* What outputs have to know of all examples before the first. */
void      rnn_task_survey (RnnTask *task, RnnDataset *dataset);
/* What the model ought to answer to @example, step by step.  Nothing is owned. */
RnnLabels rnn_task_get_labels (const RnnTask *task, const RnnExample *example);

G_END_DECLS
