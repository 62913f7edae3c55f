/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights and the three products a cell may ask of them.  How the numbers are stored (dtype, panels, BLAS) is known
 * only behind this header. */
#pragma once
#include "kernels.h"

G_BEGIN_DECLS

typedef struct {
  gchar *name;                  /* "weight_ih_l0", without the layer's prefix */
  gint rank, dims[4];           /* PyTorch's shape */
  gint rows;                    /* as a matrix: rows x (size / rows); mostly dims[0] */
  gsize size;                   /* elements */
  gsize offset;                 /* of the first element in the model's flat vector of parameters */
  gint groups;                  /* row blocks that are multiplied separately (block-diagonal, per gate); mostly 1 */
  gboolean is_matrix;           /* used in rnn_linear */
  gboolean is_table;            /* its rows are read, too: data stay, and panels are of floats */
  gboolean transposed;          /* stored the other way round: every group is [inputs][outputs], outputs = the last dim */
  gboolean fixed;               /* training leaves it as it was drawn */
  gfloat init_bound;            /* uniform in [-bound, bound] around init_value */
  gfloat init_value;
  gfloat *data;                 /* row-major; belongs to the model */
  gint gates;                   /* > 1: each group's outputs are gates of as many units, packed side by side */
  RnnPackType dtype;               /* of the panels */
  gpointer pack;                /* panels of W, group after group; see RnnPanels */
  gfloat *scales;               /* int8: of every packed output, and the sum of its bytes */
  gint32 *sums;
  gpointer pack_t;              /* panels of W^T: training, else NULL */
  gboolean rounds;              /* training multiplies bf16: what goes into products is rounded, sums are floats */
  gboolean borrowed;            /* pack, scales and sums belong to a mapped file, and there is no data; or to another model */
  gdouble *moments;             /* while a calibration looks on: sums of squares of each group's inputs; else NULL */
} RnnParam;

#define RNN_PACK_ALIGN 64       /* bytes; panels, scales and sums are multiples of it */

#define RNN_PARAM_ROWS(p) ((p)->rows)
#define RNN_PARAM_COLS(p) ((gint) ((p)->size / (gsize) (p)->rows))

/* (Re)builds the panels from data: those of W, and with @training those of W^T too. */
void rnn_param_pack (RnnParam *p, gboolean training);
/* Builds panels of @dtype instead; the widest matrices get floats where int8 is asked for. */
void rnn_param_pack_as (RnnParam *p, RnnPackType dtype);
RnnPackType rnn_param_pack_type (const RnnParam *p, RnnPackType dtype);         /* which it would get */
/* Of bf16 and int8 panels that somebody else has written: are all numbers finite, bytes within +-127, sums right? */
gboolean rnn_param_check_pack (const RnnParam *p);
/* Adds up the squares of x[n][inputs] for group @g. */
void rnn_param_observe (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx);
/* Outputs and inputs of one group. */
gint rnn_param_outputs (const RnnParam *p);
gint rnn_param_inputs (const RnnParam *p);
/* The panels of group @g, and of its transpose. */
RnnPanels rnn_param_panels (const RnnParam *p, gint g);
RnnPanels rnn_param_panels_t (const RnnParam *p, gint g);
/* Of all groups: bytes of pack, and packed outputs (entries of scales and sums). */
gsize rnn_param_pack_bytes (const RnnParam *p, RnnPackType dtype);
gsize rnn_param_pack_outputs (const RnnParam *p);
void rnn_param_free (RnnParam *p);

/* y[n][rows] = (add ? y : 0) + x[n][cols] W^T.  With groups > 1 all groups see the same x. */
void rnn_linear (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add);
/* dx[n][cols] = (add ? dx : 0) + dy[n][rows] W */
void rnn_linear_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add);
/* dparam[p->offset ...] += dy^T x.  @dparam is the flat vector of the model's gradients. */
void rnn_linear_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam);

/* The same for one row block g of [rows / groups][cols]. */
void rnn_linear_group    (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add);
void rnn_linear_group_dx (const RnnParam *p, gint g, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add);
void rnn_linear_group_dw (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam);

/* The same for all row blocks at once, g's outputs from places[g] on; x is looked at only once. */
void rnn_linear_groups (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, const gint *places,
    gboolean add);

/* The same for a block-diagonal matrix, whose groups are the blocks: each sees its own share of x [n][groups * cols]. */
void rnn_linear_blocks    (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add);
void rnn_linear_blocks_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add);
void rnn_linear_blocks_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam);

/* y[n][size] = (add ? y : 0) + bias; dparam[p->offset ...] += sum over n of dy.  p == NULL: zero, or nothing. */
void rnn_bias    (const RnnParam *p, gint n, gint size, gfloat *y, gsize ldy, gboolean add);
void rnn_bias_dw (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dparam);

G_END_DECLS
