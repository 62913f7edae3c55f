/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to learn while a forecaster runs: rows of adapt.c, a file each. */
#pragma once
#include "adapt.h"

G_BEGIN_DECLS

typedef struct {
  gpointer data;
  gsize bytes;                  /* a multiple of sizeof (gfloat) */
} RnnAdaptBlock;

#define RNN_ADAPT_BLOCKS 2

typedef struct {
  gboolean corrects;            /* learns what the shipped weights miss, not what it missed itself */
  /* @n_read: how many values beside the window it wants to see again when it learns. */
  gpointer (*new)   (RnnModel *model, const RnnForecastConfig *config, guint n_streams, gint *n_read, GError **error);
  void     (*free)  (gpointer method);
  /* x[n_streams][row], said[n_streams][horizon] by the shipped weights, by these on return; fills read[n_streams][n_read]. */
  void     (*run)   (gpointer method, const gfloat *x, gfloat *read, gfloat *said);
  /* One window; @said and errors[horizon] (truth - said, NAN: unknown) as `corrects` has it. */
  void     (*learn) (gpointer method, const gfloat *x, const gfloat *read, const gfloat *said, const gfloat *errors);
  void     (*reset) (gpointer method);  /* to the shipped weights */
  /* What was learnt, in place; then, after a state has been read into it: is that sound? */
  guint    (*list)  (gpointer method, RnnAdaptBlock *blocks);
  gboolean (*check) (gpointer method);
} RnnAdaptMethod;

extern const RnnAdaptMethod rnn_adapt_readout, rnn_adapt_all;

G_END_DECLS
