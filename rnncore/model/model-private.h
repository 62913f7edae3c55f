/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a model: for the files of this folder. */
#pragma once
#include "root.h"

G_BEGIN_DECLS

struct _RnnModel {
  gatomicrefcount refs;
  gchar *path;                  /* file, or what stands for it in messages */
  gchar *shared_key;            /* in the process-wide table, or NULL */
  json_t *recipe;
  RnnCell *cells;               /* all there are: root, or encoder and root */
  RnnCell *root;                /* a chain */
  RnnCell *encoder;             /* a chain whose answers are root's memory, or NULL */
  RnnInput *encoder_input;
  gchar **source_tokens;        /* what the encoder reads, or NULL: it is not tokens */
  gboolean carries;             /* root's state begins as the encoder's ends */
  gfloat *params;               /* flat vector of all parameters, in the order of rnn_cell_foreach_param, fixed ones last */
  gsize n_params, n_trained;    /* floats of all, of those before the fixed ones */
  gint packed;                  /* 0 not yet, 1 for inference, 2 for training too */
  RnnPrecision precision;       /* of the matrices */
  GBytes *mapped;               /* of a packed model: where its matrices are */
  RnnModel *variants[RNN_N_PRECISIONS]; /* those in use; not referenced: see share.c */
  RnnModel *heads[RNN_MAX_HEADS];       /* the same, of narrower ones: narrow.c */
  RnnModel *base;               /* of a variant, or a narrower one: whose weights these are; referenced */

  RnnInput *input;
  gfloat *input_mean, *input_std;       /* [input->n_frame] or NULL */
  RnnOutput *output;
};

/* Reads input, layers and output of model->recipe; builds the cells. */
gboolean rnn_model_read_recipe (RnnModel *model, GError **error);
/* encoder.c: the recipe's "encoder", with what goes into it; puts root and it into model->cells. */
gboolean rnn_model_read_encoder (RnnModel *model, GError **error);
/* The cells, every parameter with its offset, and no memory for any.  @precision != F32: matrices will be borrowed. */
RnnModel *rnn_model_new_cells (const json_t *recipe, const gchar *where, RnnPrecision precision, GError **error);
/* rnn_model_new with all parameters 0, for who fills every one of them: drawing two million takes longer than
 * captioning a second. */
RnnModel *rnn_model_new_empty (const json_t *recipe, const gchar *where, GError **error);
/* Gives the parameters that are not borrowed their flat vector, all 0.  FALSE: there is no such memory. */
gboolean rnn_model_alloc_params (RnnModel *model, GError **error);
/* Any file that is already mapped. */
RnnModel *rnn_model_load_file (GBytes *bytes, const gchar *path, GError **error);
/* The same cells over the same weights, packed in another way.  (transfer full) */
RnnModel *rnn_model_new_variant (RnnModel *model, RnnPrecision precision, GError **error);
RnnPackType rnn_precision_get_pack (RnnPrecision precision);
/* What is in @slot of a model, or else what @make makes of it, which goes there until its last reference goes.  (transfer full) */
typedef RnnModel *(*RnnModelMake) (RnnModel *model, guint what, GError **error);
RnnModel *rnn_model_find_or_make (RnnModel *model, RnnModel **slot, RnnModelMake make, guint what, GError **error);
#define RNN_TRAINING_KEY "rnncore-training"     /* metadata of a file that a training wrote: train/keeper.c */
/* rnn_model_save with @note there; NULL: without */
gboolean rnn_model_save_trained (RnnModel *model, const gchar *path, const gchar *note, GError **error);
/* After loading, and before saving: are all weights numbers? */
gboolean rnn_model_check_finite (RnnModel *model, GError **error);

G_END_DECLS
