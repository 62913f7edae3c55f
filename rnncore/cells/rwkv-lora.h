/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV's low-rank products: y = b + f (x A) B, both matrices stored [inputs][outputs]. */
#pragma once
#include "activation.h"
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  gint n, rank;                 /* values in and out; between */
  RnnActivation f;              /* its gradient must follow from its output */
  RnnParam *a, *b, *bias;       /* bias: [1][1][n] or NULL */
} RnnLora;

/* A matrix [inputs][outputs], to be used with rnn_linear like any other. */
RnnParam *rnn_cell_add_transposed (RnnCell *cell, const gchar *name, gint inputs, gint outputs, gfloat bound);

/* Declares its parameters by these names; @bias may be NULL. */
RnnLora rnn_lora (RnnCell *cell, gint n, gint rank, RnnActivationType f, const gchar *bias, const gchar *a,
    const gchar *b);
/* x [rows][n], mid [rows][rank] (tape) -> y, rows ldy apart */
void rnn_lora_forward (const RnnLora *lora, gint rows, const gfloat *x, gfloat *mid, gfloat *y, gsize ldy);
/* dmid [rows][rank]: work; dx [rows][n] is overwritten and may be x */
void rnn_lora_backward (const RnnLora *lora, gint rows, const gfloat *x, const gfloat *mid, const gfloat *dy,
    gsize lddy, gfloat *dmid, gfloat *dx, gfloat *dparam);

G_END_DECLS
