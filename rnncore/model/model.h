/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model: layers, weights, and all that is needed to use it (input features, output meaning).  Immutable once made,
 * reference-counted, safe to share between threads; a trainer works on a private one.
 *
 * File: one .safetensors; tensors `<layer>.<param>` in PyTorch's shapes; __metadata__["rnncore"] is the recipe, one
 * JSON object: format (1), name, license, attribution, input, layers, output.
 *   input  {"kind": "audio", "rate": 16000, "features": {...RnnFeatureConfig...}} | {"kind": "tensors", "size": N} |
 *          {"kind": "series", "channels": C, "cmvn": "global"} | ... one kind a file of inputs/; what cmvn global needs are
 *          the tensors input.mean and input.std [numbers of an unstacked frame]
 *   encoder {"layers": [...], "tokens": [...], "carry": false}: what comes before all steps, and is read by attention (encoder.c)
 *   layers [{"cell": "lstm", "name": "rnn0", "hidden": 320}, ...]
 *   output {"kind": "ctc", "tokens": ["<blank>", " ", "a", ...], "blank": 0, "text": {...RnnTextConfig...}} |
 *          {"kind": "classes", "labels": [...]} | ... one kind a file of outputs/; none: {"kind": "raw"}
 * A recipe alone (a .json file) makes a model with fresh weights.  Packed weights: see packed.h. */
#pragma once
#include "../base/error.h"
#include "../base/options.h"
#include "../features/features.h"
#include "../inputs/input.h"
#include "../outputs/output.h"
#include "../text/speller.h"

RNN_API_BEGIN

typedef struct _RnnModel RnnModel;

/* What weights are kept in: floats; bytes with a scale per row, inputs quantised by their own largest magnitude at every
 * step; the upper halves of floats, inputs as they are. */
typedef enum { RNN_PRECISION_F32, RNN_PRECISION_INT8, RNN_PRECISION_BF16, RNN_N_PRECISIONS } RnnPrecision;

/* Loads a model file, a recipe (.json: fresh weights from seed 1), or a file of a format that a reader knows (import/). */
RnnModel *rnn_model_load (const gchar *path, GError **error);
/* The same, of weights that are not wanted as they are.  @recipe_path: the layers (.json) of a file of weights alone, such as
 * PyTorch's state_dict, where a tensor's name is that of its layer, a dot, and that of the weight within; NULL: the file's own.
 * @ignore: globs of tensors that no layer needs to take (NULL-terminated), or NULL: what no layer takes is an error. */
RnnModel *rnn_model_import (const gchar *path, const gchar *recipe_path, const gchar *const *ignore, GError **error);
/* To be looked at, not run: a recipe's layers without memory for their weights; any other file as rnn_model_load. */
RnnModel *rnn_model_load_outline (const gchar *path, GError **error);
/* From a model file's bytes, of which a packed model (below) keeps a reference and wants them 64-byte aligned. */
RnnModel *rnn_model_load_bytes (GBytes *bytes, const gchar *where, GError **error);
/* The same, but one immutable copy per process and file (device, inode, mtime): what elements use. */
RnnModel *rnn_model_load_shared (const gchar *path, GError **error);
/* From a recipe in memory; weights fresh from @seed.  @where names it in messages. */
RnnModel *rnn_model_new (const json_t *recipe, guint64 seed, const gchar *where, GError **error);
RnnModel *rnn_model_copy (RnnModel *model, GError **error);             /* private weights, to train */
gboolean  rnn_model_save (RnnModel *model, const gchar *path, GError **error);  /* written aside, then renamed */
/* The same with 16 bits (IEEE half floats) for every number of a matrix: half the size, and still a model of floats, which loads, runs
 * and learns as any; each weight is rounded by at most 1/2048 of itself (below 6e-5, by 3e-8).  No weight may be beyond +-65504. */
gboolean  rnn_model_save_half (RnnModel *model, const gchar *path, GError **error);
RnnModel *rnn_model_ref (RnnModel *model);
void      rnn_model_unref (RnnModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnModel, rnn_model_unref)

/* ---- what it is (all transfer none) ---- */
const gchar  *rnn_model_get_path (RnnModel *model);        /* or the recipe's name */
const gchar  *rnn_model_get_name (RnnModel *model);
const gchar  *rnn_model_get_license (RnnModel *model);
const gchar  *rnn_model_get_attribution (RnnModel *model);
json_t       *rnn_model_get_recipe (RnnModel *model);
gint          rnn_model_get_n_in (RnnModel *model);
gint          rnn_model_get_n_out (RnnModel *model);
gint          rnn_model_get_latency (RnnModel *model);     /* steps of look-ahead */
gboolean      rnn_model_is_offline (RnnModel *model);      /* needs the whole sequence at once: cannot stream */
gsize         rnn_model_get_n_params (RnnModel *model);    /* floats */
gsize         rnn_model_get_n_trained (RnnModel *model);   /* of these, those that training moves: the first ones */
gfloat       *rnn_model_get_params (RnnModel *model);      /* the flat vector; only a trainer writes it */
/* The part of it that is the weight @name ("rnn0.weight_ih_l0"), [*n] floats in PyTorch's shape; NULL: no such, or packed. */
gfloat       *rnn_model_get_weight (RnnModel *model, const gchar *name, gsize *n);
void          rnn_model_pack (RnnModel *model, gboolean training);  /* after the flat vector changed */
/* The model ready to run at @precision: itself, or a variant that shares the weights; made once.  A packed model has
 * only one precision, its own, and is always itself. (transfer full) */
RnnModel     *rnn_model_prepare (RnnModel *model, RnnPrecision precision, GError **error);
/* The model ready to run at @precision, as far as its head @head needs it: only that head's numbers are answered, the same bits, and
 * layers that only others need are left out.  Where the last layers do not tell heads apart it is the whole model, as prepare gives it.
 * Made once.  (transfer full) */
RnnModel     *rnn_model_narrow (RnnModel *model, guint head, RnnPrecision precision, GError **error);

/* What the weights are: F32, or of a variant, and of a packed model's file (quantize.h), another.  Those can be run and
 * saved, but not trained or copied.  A variant has no flat vector (it uses its model's); that of a packed model holds what is
 * no matrix. */
RnnPrecision  rnn_model_get_precision (RnnModel *model);
gboolean      rnn_model_check_trainable (RnnModel *model, GError **error);      /* FALSE: not floats */
gsize         rnn_model_get_weight_bytes (RnnModel *model);     /* of all parameters, as they are run */
const gchar  *rnn_precision_get_name (RnnPrecision precision);  /* "int8" */
gboolean      rnn_precision_from_name (const gchar *name, RnnPrecision *precision);

const RnnInput *rnn_model_get_input (RnnModel *model);
gint          rnn_model_get_rate (RnnModel *model);        /* Hz, what takes sound; else 0 */
const RnnFeatureConfig *rnn_model_get_features (RnnModel *model);      /* of what takes sound, else NULL */
const gfloat *rnn_model_get_input_mean (RnnModel *model);  /* [n_frame of the input], or NULL */
const gfloat *rnn_model_get_input_std (RnnModel *model);
void          rnn_model_set_input_stats (RnnModel *model, const gfloat *mean, const gfloat *std, gint n);

const RnnOutput *rnn_model_get_output (RnnModel *model);
/* Of its first head, which decoders read: the first rnn_output_primary ()->n of the n_out numbers of a step. */
const gchar *const *rnn_model_get_tokens (RnnModel *model);    /* NULL-terminated: tokens, classes, tags; or NULL */
gint          rnn_model_get_blank (RnnModel *model);
/* For texts that go with the model, as its output's "text" has it; @tokens: its own.  (transfer full) */
RnnSpeller   *rnn_model_new_speller (RnnModel *model, RnnTokens *tokens);

RNN_API_END
