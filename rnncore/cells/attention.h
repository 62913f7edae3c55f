/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of attention: how it weighs the steps of a memory is a row of a table. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct _Attention Attention;

/* One step of one stream. */
typedef struct {
  const gfloat *memory;         /* [L] rows, stride apart */
  gsize stride;
  gint L;
  const gfloat *keys;           /* [L][n_key], made of the memory */
  const gfloat *query;          /* [n_query] */
  gfloat *place;                /* [n_place]: forward: of the step before in, of this one out; backward: of this one */
  gfloat *room;                 /* [MAX (n_query, longest)] */
} RnnAttentionStep;

/* Gradients of a step: weights[L] and place in; query out; memory (NULL: not wanted), keys and place are added to. */
typedef struct {
  gfloat *weights, *query, *keys, *memory, *place, *dparam;
} RnnAttentionGrad;

typedef struct {
  const gchar *name;
  /* Declares parameters; sets n_query, n_key, n_place. */
  void (*setup)    (Attention *a);
  /* -> weights[L] */
  void (*weigh)    (const Attention *a, const RnnAttentionStep *step, gfloat *weights);
  void (*backward) (const Attention *a, const RnnAttentionStep *step, const gfloat *weights, const RnnAttentionGrad *grad);
} RnnAttentionScore;

struct _Attention {
  RnnCell cell;
  gint score, units, memory, longest;
  const RnnAttentionScore *klass;
  gint n_query, n_key, n_place;
  RnnParam *query, *query_bias, *key, *v;       /* those that the score has, else NULL */
};

extern const RnnAttentionScore rnn_attention_dot, rnn_attention_additive, rnn_attention_monotonic;

G_END_DECLS
