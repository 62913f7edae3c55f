/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix memory with one decay per head and step: what linear attention (Katharopoulos et al. 2020), retention (Sun
 * et al. 2023) and state space duality (Dao & Gu 2024) have in common.
 *
 *   S_t = a_t S_{t-1} + k_t v_t^T        [K][V] per head
 *   o_t = S_t^T q_t */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  gint heads, groups;           /* head h has q and k of group h / (heads / groups) */
  gint K, V;
  gsize offset;                 /* of S [heads][K][V] in a stream's state */
} RnnMemory;

/* The arrays of one call, [T * B] rows that are ld floats apart; ld 0: the same row at every step. */
typedef struct {
  gfloat *q, *k;                /* [groups][K] */
  gfloat *v, *o;                /* [heads][V] */
  gfloat *a;                    /* [heads]; NULL: nothing decays (backward: not wanted) */
  gsize ldq, ldk, ldv, ldo, lda;
} RnnMemoryRows;

/* x->o from the other rows and the state. */
void rnn_memory_forward (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x);

/* d->q, k, v and (if not NULL) a += the gradients, from d->o and dstate, which becomes that of the entry state.  A tape
 * of matrices is not needed: steps are replayed from the entry state, one row of S after the other.  @work [T][V]. */
void rnn_memory_backward (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x, const RnnMemoryRows *d,
    gfloat *dstate, gfloat *work);

G_END_DECLS
