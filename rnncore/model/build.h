/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model of a recipe and tensors, whatever file both came from. */
#pragma once
#include "model.h"
#include "reader.h"

G_BEGIN_DECLS

typedef struct {
  const json_t *recipe;
  RnnTensors *tensors;
  gboolean loose;               /* dimensions of 1 do not matter */
  const gchar *const *ignore;   /* globs of tensors that no layer needs to take; NULL: none */
  const gchar *packed;          /* of packed weights: the value of RNN_PACKED_KEY; else NULL */
  GBytes *bytes;                /* what packed weights stay in */
  const gchar *where;           /* for messages */
} RnnBuild;

/* Checks all before anything gets memory: every weight of the recipe is there in its shape, and every tensor is taken. */
RnnModel *rnn_model_build (const RnnBuild *build, GError **error);

G_END_DECLS
