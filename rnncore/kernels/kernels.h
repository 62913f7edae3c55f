/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of compute kernels: one row per instruction set, every row built from kernels-impl.h.
 *
 * A row is picked once per process: the best one that the CPU can run, or the one that the environment variable
 * RNN_CPU names (c, avx2, avx512, neon).  Every row computes every output element by the same sequence of
 * operations whatever the number of rows, streams or steps, so results do not depend on batching or chunking. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_PANEL 32            /* outputs per panel of packed weights */
#define RNN_INT8_INPUTS 8192    /* widest product that is quantised: its inputs fit on the stack */

typedef struct {
  const gchar *name;
  gboolean (*supported) (void);

  /* y[n][n_out] = (add ? y : 0) + x[n][n_in] . W^T, with W packed as [panel][n_in][RNN_PANEL], zero padded. Each
   * element is summed in the order of the input index.  ldx, ldy: floats from one row to the next. */
  void (*linear) (const gfloat *panels, gint n_in, gint n_out, gint n,
      const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add);

  /* The same with weights of 8 bits, w = scales[output] * panels, packed as [panel][(n_in + 1) / 2][RNN_PANEL][2].  Every
   * row of x is quantised to +-127 by its own largest magnitude; sums are exact.  n_in <= RNN_INT8_INPUTS. */
  void (*linear_int8) (const gint8 *panels, const gfloat *scales, gint n_in, gint n_out, gint n,
      const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add);

  /* elementwise; y may be x */
  void (*sigmoid) (gint n, const gfloat *x, gfloat *y);
  void (*tanh)    (gint n, const gfloat *x, gfloat *y);
  void (*exp)     (gint n, const gfloat *x, gfloat *y);   /* 0 below -87.3, +inf above 88.7 */
  void (*log)     (gint n, const gfloat *x, gfloat *y);   /* x > 0; -inf at 0 */

  void (*add)  (gint n, const gfloat *x, gfloat *y);                    /* y += x */
  void (*axpy) (gint n, gfloat a, const gfloat *x, gfloat *y);          /* y += a x */
  void (*scale) (gint n, gfloat a, gfloat *y);                          /* y *= a */
  void (*mul)  (gint n, const gfloat *a, const gfloat *b, gfloat *y);   /* y  = a b */
  void (*fma)  (gint n, const gfloat *a, const gfloat *b, gfloat *y);   /* y += a b */
  gfloat (*dot) (gint n, const gfloat *a, const gfloat *b);             /* fixed order for a given n */
  gfloat (*sum) (gint n, const gfloat *x);                              /* fixed order for a given n */
  gfloat (*max) (gint n, const gfloat *x);                              /* n >= 1 */

  /* LSTM pointwise step.  gates[4H] holds pre-activations i,f,g,o and becomes activations; c[H] in and out;
   * tanh_c[H] and h[H] out. */
  void (*lstm_point) (gint H, gfloat *gates, const gfloat *c_prev, gfloat *c, gfloat *tanh_c, gfloat *h);
  /* and its gradient: gates become d loss/d pre-activation; dc[H] in and out (d loss/d c_t -> d c_{t-1}) */
  void (*lstm_point_grad) (gint H, gfloat *gates, const gfloat *c_prev, const gfloat *tanh_c, const gfloat *dh, gfloat *dc);

  /* A matrix memory's step (mLSTM, linear attention, retention, SSD): S[K][V] = a S + k v^T, then y[V] = S^T q. */
  void (*memory_step) (gint K, gint V, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q, gfloat *S,
      gfloat *y);
  /* A selective scan's step over n channels of N states: h[N][n] = exp (delta A) h + B (delta u), y[n] = C h + D u,
   * with delta, u, D [n], A [N][n], B, C [N]. */
  void (*scan_step) (gint n, gint N, const gfloat *delta, const gfloat *u, const gfloat *A, const gfloat *B,
      const gfloat *C, const gfloat *D, gfloat *h, gfloat *y);

  /* RWKV's matrix memories, S [n][n].  5 and 6: y = S^T r, then S = diag (w) S + k v^T.  7, row by row: S = S diag (w)
   * - (S kk) b^T + v k^T, then y = S r. */
  void (*wkv6_step) (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, gfloat *S, gfloat *y);
  void (*wkv7_step) (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, const gfloat *kk,
      const gfloat *b, gfloat *S, gfloat *y);
} RnnKernels;

/* The row in use.  Never NULL. */
const RnnKernels *rnn_kernels (void);

/* All rows of this build, NULL-terminated, slowest first; and one by name, or NULL when absent or not runnable here. */
const RnnKernels *const *rnn_kernels_list (void);
const RnnKernels *rnn_kernels_find (const gchar *name);

/* Makes @row the one in use (tests and benchmarks; not thread-safe against running streams). */
void rnn_kernels_use (const RnnKernels *row);

G_END_DECLS
