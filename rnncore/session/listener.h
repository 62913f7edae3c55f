/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a model's source in (samples of sound, steps of a series), its answers out, each with the rows that it is about: the way
 * of inputs/input and session/stream for whoever wants the model's numbers themselves. */
#pragma once
#include "../base/keep.h"
#include "stream.h"

RNN_API_BEGIN

typedef struct _RnnListener RnnListener;

typedef struct {
  const gfloat *y;              /* [n_out] of the model */
  guint64 start, end;           /* rows since the last reset: those from this step to the next */
} RnnHeard;

/* Fails where the model cannot stream, or lacks statistics that only training gives.  @config: NULL: floats, a stream by itself. */
RnnListener *rnn_listener_new (RnnModel *model, const RnnStreamConfig *config, GError **error);
void rnn_listener_free (RnnListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnListener, rnn_listener_free)

/* rows[n][channels of the input].  Take all answers by next before the next push. */
void rnn_listener_push (RnnListener *listener, const gfloat *rows, gsize n);
/* No more comes for now: all answers are due, as if it were the end; rows that follow after all go on from the last one. */
void rnn_listener_flush (RnnListener *listener);
/* The end: all answers are due, and with the last one taken the listener is as new. */
void rnn_listener_finish (RnnListener *listener);
/* The next answer, or NULL: none for now. (transfer none), valid until the next call. */
const RnnHeard *rnn_listener_next (RnnListener *listener);
/* The model's state begins anew, as rnn_stream_restart () does it, once the answers that are due were taken. */
void rnn_listener_restart (RnnListener *listener, gint blank);
void rnn_listener_reset (RnnListener *listener);
/* Its state between two pushes, when all answers were taken, out or in (base/keep.h); fails for inputs that cannot. */
void rnn_listener_keep (RnnListener *listener, RnnKeep *keep);
/* Rows that have to come after the first row of an answer before it is there, at most. */
guint rnn_listener_get_delay (RnnListener *listener);
guint rnn_listener_get_hop (RnnListener *listener);     /* rows from answer to answer */

RNN_API_END
