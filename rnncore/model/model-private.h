/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a model: for model.c, recipe.c, model-file.c and share.c. */
#pragma once
#include "model.h"

G_BEGIN_DECLS

struct _RnnModel {
  gatomicrefcount refs;
  gchar *path;                  /* file, or what stands for it in messages */
  gchar *shared_key;            /* in the process-wide table, or NULL */
  json_t *recipe;
  RnnCell *root;                /* a chain */
  gfloat *params;               /* flat vector of all parameters, in the order of rnn_cell_foreach_param, fixed ones last */
  gsize n_params, n_trained;    /* floats of all, of those before the fixed ones */
  gint packed;                  /* 0 not yet, 1 for inference, 2 for training too */
  RnnModel *variants[RNN_N_PRECISIONS]; /* those in use; not referenced: see share.c */
  RnnModel *base;               /* of a variant: whose weights these are; referenced */

  RnnInputKind input_kind;
  gint n_in, rate;
  RnnFeatureConfig features;
  gfloat *input_mean, *input_std;       /* [n_stats] or NULL */
  gint n_stats;
  RnnOutputKind output_kind;
  gchar **tokens;
  gint blank;
};

/* Reads input, layers and output of model->recipe; builds the cells. */
gboolean rnn_model_read_recipe (RnnModel *model, GError **error);
/* rnn_model_new with all parameters 0, for who fills every one of them: drawing two million takes longer than
 * captioning a second. */
RnnModel *rnn_model_new_empty (const json_t *recipe, const gchar *where, GError **error);
/* Lays all parameters into one flat vector. */
void     rnn_model_layout_params (RnnModel *model);
/* After loading: are all weights numbers? */
gboolean rnn_model_check_finite (RnnModel *model, GError **error);

G_END_DECLS
