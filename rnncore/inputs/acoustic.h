/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs made of sound by features/. */
#pragma once
#include "input.h"

G_BEGIN_DECLS

/* For setup: the "rate". */
gboolean rnn_acoustic_read_rate (RnnInput *input, const json_t *object, const gchar *where, GError **error);
/* For setup: "rate" and "features" over what features is before; then sizes. */
gboolean rnn_acoustic_setup (RnnInput *input, const json_t *object, const gchar *where, GError **error);

/* For the class: RNN_ACOUSTIC_STREAM fills its members. */
gpointer rnn_acoustic_open (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std,
    GError **error);
void     rnn_acoustic_close (gpointer stream);
void     rnn_acoustic_reset (gpointer stream);
guint    rnn_acoustic_max_steps (gpointer stream, guint n);
guint    rnn_acoustic_push (gpointer stream, const gfloat *rows, guint n, gfloat *out);
guint    rnn_acoustic_finish (gpointer stream, gfloat *out);
gint     rnn_acoustic_start (gpointer stream);
void     rnn_acoustic_keep (gpointer stream, RnnKeep *keep);

#define RNN_ACOUSTIC_STREAM .open = rnn_acoustic_open, .close = rnn_acoustic_close, .reset = rnn_acoustic_reset, \
    .max_steps = rnn_acoustic_max_steps, .push = rnn_acoustic_push, .finish = rnn_acoustic_finish, .start = rnn_acoustic_start, \
    .keep = rnn_acoustic_keep

G_END_DECLS
