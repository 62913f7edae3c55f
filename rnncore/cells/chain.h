/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sequence of children as a base for containers: see chain.c for the layout of state, tape and scratch. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  RnnCell cell;
  gint width;                   /* widest output between two children */
  gint delay;                   /* steps before the first one that the last child has something to do in */
  gsize count;                  /* where in the state the steps so far are counted, up to delay; if that is not 0 */
} RnnChain;

gboolean rnn_chain_setup    (RnnCell *cell, GError **error);
void     rnn_chain_reset    (const RnnCell *cell, gfloat *state);
void     rnn_chain_forward  (const RnnCell *cell, const RnnRun *run);
void     rnn_chain_backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad);

G_END_DECLS
