/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session runs a model over B streams that advance together.  It owns state and scratch; one thread at a time.
 * rnn_session_run() cannot fail, allocate, lock or log. */
#pragma once
#include "../model/model.h"

RNN_API_BEGIN

typedef struct _RnnSession RnnSession;

/* @max_steps: the longest chunk that run() takes at once; longer calls are cut into chunks of it.  Fails when the
 * model is offline-only or lacks the precision. */
RnnSession *rnn_session_new (RnnModel *model, guint n_streams, guint max_steps, RnnPrecision precision, GError **error);
void  rnn_session_free (RnnSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSession, rnn_session_free)

/* x [n_steps][n_streams][n_in] -> y [n_steps][n_streams][n_out].  y[t] answers x[t - latency]; what it says in the
 * first `latency` steps after a reset is to be thrown away. */
void  rnn_session_run (RnnSession *session, guint n_steps, const gfloat *x, gfloat *y);
/* The same for steps past the end, `latency` of them, which fetch the last answers: layers that look ahead know that these
 * steps do not exist.  @x is commonly the last step, repeated.  After them comes a reset or set_state. */
void  rnn_session_pad (RnnSession *session, guint n_steps, const gfloat *x, gfloat *y);

void  rnn_session_reset (RnnSession *session, gint stream);            /* -1: all */
gsize rnn_session_get_state_size (RnnSession *session);                /* floats per stream */
void  rnn_session_get_state (RnnSession *session, guint stream, gfloat *state);
void  rnn_session_set_state (RnnSession *session, guint stream, const gfloat *state);
guint rnn_session_get_latency (RnnSession *session);                   /* steps */
RnnModel *rnn_session_get_model (RnnSession *session);                 /* transfer none */

RNN_API_END
