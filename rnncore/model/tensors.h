/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named tensors on their way into a model, whatever file they come from: views of a file's bytes, or arrays that a reader
 * filled.  Whoever takes one marks it, so that what nobody took can be named. */
#pragma once
#include "safetensors.h"

G_BEGIN_DECLS

typedef struct _RnnTensors RnnTensors;

RnnTensors *rnn_tensors_new  (const gchar *where);      /* the file, for messages */
void        rnn_tensors_free (RnnTensors *tensors);     /* NULL: nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTensors, rnn_tensors_free)

/* The name is copied, the data are not.  FALSE: there is one of this name. */
gboolean    rnn_tensors_add (RnnTensors *tensors, const RnnTensorView *view, GError **error);
/* An array [dims...] of floats that belongs to the set, all 0, for the caller to fill.  NULL and an error: there is one of this
 * name, or no memory. */
gfloat     *rnn_tensors_add_f32 (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims, GError **error);

/* The same for what is made of other tensors: it need not be taken, and whoever takes it takes its @parts (names, NULL-terminated;
 * those that are not there do not matter). */
gfloat     *rnn_tensors_add_derived (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims, const gchar *const *parts,
    GError **error);
/* Another name for @original, which is there, unless there is a tensor of that name. */
void        rnn_tensors_add_alias (RnnTensors *tensors, const gchar *alias, const gchar *original);
/* Whoever takes @name takes @part. */
void        rnn_tensors_link (RnnTensors *tensors, const gchar *name, const gchar *part);

guint                rnn_tensors_get_n (const RnnTensors *tensors);
const RnnTensorView *rnn_tensors_get   (const RnnTensors *tensors, guint i);    /* in the order in which they came */
const RnnTensorView *rnn_tensors_find  (const RnnTensors *tensors, const gchar *name);  /* NULL: not there */

/* ---- taking ---- */
const RnnTensorView *rnn_tensors_take (RnnTensors *tensors, const gchar *name);
/* Takes @name if it is there, of a type that can be a float, and has this shape (whatever dimensions of 1 it has in excess, if
 * @loose); else NULL and an error. */
const RnnTensorView *rnn_tensors_take_shape (RnnTensors *tensors, const gchar *name, gint rank, const gint *dims,
    gboolean loose, GError **error);
/* TRUE: all weights (floats, of one dimension at least) are taken, but for those whose names match one of the globs @ignore (NULL-terminated, or NULL). */
gboolean             rnn_tensors_check_taken (const RnnTensors *tensors, const gchar *const *ignore, GError **error);

G_END_DECLS
