/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Activation functions as a table, for cells that let a recipe choose.  alpha and beta as in ONNX's operators. */
#pragma once
#include "../base/options.h"

G_BEGIN_DECLS

typedef enum {                  /* rows of the table, in order */
  RNN_ACT_TANH, RNN_ACT_SIGMOID, RNN_ACT_RELU, RNN_ACT_LINEAR, RNN_ACT_HARD_SIGMOID, RNN_ACT_SOFTSIGN, RNN_ACT_SOFTPLUS,
  RNN_ACT_ELU, RNN_ACT_CELU, RNN_ACT_SELU, RNN_ACT_LEAKY_RELU, RNN_ACT_THRESHOLDED_RELU, RNN_ACT_AFFINE,
  RNN_ACT_SCALED_TANH,
  RNN_ACT_SILU, RNN_ACT_GELU, RNN_ACT_SQUARED_RELU,     /* from here on the gradient needs the pre-activation */
  RNN_ACT_CLIP, RNN_ACT_HARD_SWISH, RNN_ACT_MISH, RNN_ACT_SQRT, RNN_ACT_EXP, RNN_ACT_LOG, RNN_ACT_ABS, RNN_ACT_RECIPROCAL,
  RNN_ACT_ERF, RNN_ACT_SIN, RNN_ACT_COS, RNN_ACT_SQUARE,
} RnnActivationType;

typedef struct {
  gint type;                    /* RnnActivationType */
  gfloat alpha, beta;           /* 0: the function's own default */
} RnnActivation;

extern const gchar *const rnn_activation_names[];      /* of all rows, NULL-terminated */
extern const gchar *const rnn_gate_activation_names[]; /* those whose gradient follows from the output alone */

/* The three option rows of one RnnActivation field: "activation", "activation_alpha", "activation_beta". */
#define RNN_OPT_ACTIVATION(T, f, names, def, blurb) \
  { #f, RNN_OPTION_ENUM, G_STRUCT_OFFSET (T, f.type), 0, 255, def, names, blurb }, \
  { #f "_alpha", RNN_OPTION_FLOAT, G_STRUCT_OFFSET (T, f.alpha), -1e6, 1e6, 0, NULL, "its alpha; 0: the function's default" }, \
  { #f "_beta", RNN_OPTION_FLOAT, G_STRUCT_OFFSET (T, f.beta), -1e6, 1e6, 0, NULL, "its beta; 0: the function's default" }

/* y[n] = f (x[n]); y may be x */
void rnn_activate (const RnnActivation *f, gint n, const gfloat *x, gfloat *y);
/* d[n] *= f' (x).  x may be NULL where rnn_activation_needs_input() is FALSE. */
void rnn_activate_grad (const RnnActivation *f, gint n, const gfloat *x, const gfloat *y, gfloat *d);
/* d[n] = 0 where y is f at +-clip: the pre-activation was clamped there */
void rnn_activate_clip_grad (const RnnActivation *f, gfloat clip, gint n, const gfloat *y, gfloat *d);
/* A gate: out[n] = h f (z), and from d = d loss/d out: dh = d f (z), dz = d h f' (z).  No array may be another. */
void rnn_gate (const RnnActivation *f, gint n, const gfloat *h, const gfloat *z, gfloat *out);
void rnn_gate_grad (const RnnActivation *f, gint n, const gfloat *h, const gfloat *z, const gfloat *d, gfloat *dh, gfloat *dz);
gboolean rnn_activation_needs_input (const RnnActivation *f);

G_END_DECLS
