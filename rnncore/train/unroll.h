/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model that hears itself: step by step, each input is given or made of its own last answer.  Free running forecasts,
 * sampling, generated sequences, policies; and training on what comes of it, with any gradient of the answers. */
#pragma once
#include "../model/model.h"

G_BEGIN_DECLS

/* x[t] of B streams from their answers y[t - 1]: for who samples, or adds what is known of time.  No gradient passes it. */
typedef void (*RnnUnrollFeed) (guint t, guint B, const gfloat *y, gfloat *x, gpointer data);

typedef struct {
  RnnModel *model;              /* packed for training; not a ref */
  guint T, B;
  gfloat *x;                    /* [T][B][n_in], given where own does not say otherwise */
  gfloat *y, *dy;               /* [T][B][n_out]; dy is overwritten by backward */
  gboolean *own;                /* [T]: x[t] is y[t - 1], t > 0 */
  gboolean forgets;             /* every step begins with a fresh state: the same model without memory */
  RnnUnrollFeed feed;           /* NULL: as it is, and n_in is n_out */
  gpointer data;
  gfloat *states;               /* [T + 1][B][n_state] before each step */
  gfloat *grad;                 /* [n_params] */
  gfloat *tape, *scratch, *dstate, *dx;
} RnnUnroll;

/* Everything 0, no step its own. */
void rnn_unroll_init     (RnnUnroll *unroll, RnnModel *model, guint T, guint B);
void rnn_unroll_clear    (RnnUnroll *unroll);
/* From fresh states: fills y, states, and x where own says so. */
void rnn_unroll_forward  (RnnUnroll *unroll);
/* dy -> grad, through states and through the answers that were heard as they are. */
void rnn_unroll_backward (RnnUnroll *unroll);

G_END_DECLS
