/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs whose frames are the rows themselves: series, tensors, raw samples. */
#pragma once
#include "input.h"

G_BEGIN_DECLS

/* For setup: an integer at @key into channels and n_frame, then the options of normalisation. */
gboolean rnn_rows_setup (RnnInput *input, const json_t *object, const gchar *key, const gchar *where, GError **error);
/* For setup, the last: sizes, from features' stack and stride. */
void     rnn_rows_size (RnnInput *input);

/* For the class: RNN_ROWS_STREAM fills its members. */
gpointer rnn_rows_open (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std,
    GError **error);
void     rnn_rows_close (gpointer stream);
void     rnn_rows_reset (gpointer stream);
guint    rnn_rows_max_steps (gpointer stream, guint n);
guint    rnn_rows_push (gpointer stream, const gfloat *rows, guint n, gfloat *out);
guint    rnn_rows_finish (gpointer stream, gfloat *out);
gint     rnn_rows_start (gpointer stream);
void     rnn_rows_keep (gpointer stream, RnnKeep *keep);

#define RNN_ROWS_STREAM .open = rnn_rows_open, .close = rnn_rows_close, .reset = rnn_rows_reset, \
    .max_steps = rnn_rows_max_steps, .push = rnn_rows_push, .finish = rnn_rows_finish, .start = rnn_rows_start, .keep = rnn_rows_keep

G_END_DECLS
