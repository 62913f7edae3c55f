/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of compute kernels: one row per instruction set, every row built from kernels-impl.h.
 *
 * A row is picked once per process: the best one that the CPU can run, or the one that the environment variable
 * RNN_CPU names (c, avx2, avx512, avx512vnni, avx512bf16, amx, neon, neondot).  Every row computes every output element by
 * the same sequence of operations whatever the number of rows, streams or steps, so results do not depend on batching or
 * chunking. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_BLOCK 16            /* outputs side by side in packed weights */
#define RNN_INT8_INPUTS 8192    /* widest product that is quantised: its inputs fit on the stack */
#define RNN_SPREAD_COMPONENTS 21        /* most Gaussians of a mixture */
#define RNN_BINS 32                     /* of a histogram */
#define RNN_CTC_PAD 16          /* at least the lanes of the widest vector */
#define RNN_CTC_ZERO -1e30f     /* exponent of 0 in the CTC lattice */

/* How packed weights are stored. */
typedef enum { RNN_PACK_F32, RNN_PACK_BF16, RNN_PACK_INT8, RNN_N_PACKS } RnnPackType;

/* A matrix [n_out][n_in] as blocks of RNN_BLOCK outputs, zero padded, each one sequential stream:
 *   f32   [block][n_in][RNN_BLOCK]
 *   bf16  [block][n_in / 2][RNN_BLOCK][2]       upper halves of floats, rounded to nearest
 *   int8  [block][n_in / 4][RNN_BLOCK][4]       w = scales[output] * byte
 * A panel is `width` neighbouring blocks, which a lone row reads side by side.  gates = 1: outputs in their order; the last
 * panel may have fewer blocks.  gates > 1: width = gates, and block g of panel i holds units 16 i ... of gate g, output
 * g (n_out / gates) + unit, so that a step of a gated cell has all it needs of a unit in its registers at once. */
typedef struct {
  RnnPackType dtype;
  gint n_in, n_out;
  gint width, gates;
  const void *weights;
  const gfloat *scales;         /* int8: [block][RNN_BLOCK] */
  const gint32 *sums;           /* int8: sum of an output's bytes, likewise */
  gint groups;                  /* such matrices, one after the other, that see the same x; 0: one */
  const gint *places;           /* of groups: where the outputs of each start in a row of y */
  gboolean backwards;           /* of a whole step: goes from the last panels to the first, to the same bits */
} RnnPanels;

/* Bytes of a block of n_in inputs; how many panels there are, and blocks in all of them. */
static inline gsize
rnn_block_bytes (RnnPackType dtype, gint n_in)
{
  static const guint8 together[] = { 1, 2, 4 }, bytes[] = { 4, 2, 1 };
  gsize inputs = ((gsize) n_in + together[dtype] - 1) / together[dtype] * together[dtype];

  return inputs * RNN_BLOCK * bytes[dtype];
}

static inline gint
rnn_panels_count (const RnnPanels *w)
{
  return w->gates > 1 ? (w->n_out / w->gates + RNN_BLOCK - 1) / RNN_BLOCK
      : (w->n_out + RNN_BLOCK * w->width - 1) / (RNN_BLOCK * w->width);
}

static inline gsize
rnn_panels_blocks (const RnnPanels *w)
{
  return w->gates > 1 ? (gsize) rnn_panels_count (w) * w->gates : ((gsize) w->n_out + RNN_BLOCK - 1) / RNN_BLOCK;
}

/* A step of one LSTM stream.  gates [4H] holds pre-activations i, f, g, o (of a whole step: their input part); with
 * tanh_c they become activations. */
typedef struct {
  gfloat *gates;
  const gfloat *c_prev;         /* [H]; may be c */
  gfloat *c, *h;                /* [H] out */
  gfloat *tanh_c;               /* [H] out, or NULL: nothing is kept for backward */
} RnnLstmStep;

/* A step of one GRU stream.  gates [4H] holds r, z, u = U h + b (of a whole step: b) and n_x, the input part of n. */
typedef struct {
  gfloat *gates;
  const gfloat *h_prev;         /* [H] */
  gfloat *h;                    /* [H] out */
  gboolean keep;                /* gates become r, z, u, n */
} RnnGruStep;

typedef struct _RnnKernels RnnKernels;
struct _RnnKernels {
  const gchar *name;
  gboolean (*supported) (void);
  gboolean (*pays) (void);      /* whether this CPU gains by it; NULL: always */
  gint int8_steps;              /* 255, or 127 where the CPU's sums of byte products saturate beyond */
  gboolean rounds_bf16;         /* inputs of bf16 weights are rounded to bf16, too */

  /* y[n][n_out] = (add ? y : 0) + x[n][n_in] . W^T, by dtype, of every group.  Each element is summed in the order of the
   * input index.
   * int8: every row of x is quantised to int8_steps steps from its least to its largest element, 0 among them; sums are
   * exact; n_in <= RNN_INT8_INPUTS.
   * ldx, ldy: floats from one row to the next. */
  void (*linear[RNN_N_PACKS]) (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy,
      gboolean add);

  /* Whole steps of one stream: linear (w_hh, h) on top of the gates, then the pointwise part, bit for bit; h[n_in] is
   * not what the step writes.  w_hh has as many gates as the cell: 4, and 3 (r, z, u). */
  void (*lstm_step[RNN_N_PACKS]) (const RnnPanels *w_hh, const gfloat *h, const RnnLstmStep *step);
  void (*gru_step[RNN_N_PACKS]) (const RnnPanels *w_hh, const gfloat *h, const RnnGruStep *step);

  /* elementwise; y may be x */
  void (*sigmoid) (gint n, const gfloat *x, gfloat *y);
  void (*tanh)    (gint n, const gfloat *x, gfloat *y);
  void (*exp)     (gint n, const gfloat *x, gfloat *y);   /* 0 below -87.3, +inf above 88.7 */
  void (*log)     (gint n, const gfloat *x, gfloat *y);   /* x > 0; -inf at 0 */
  void (*softplus) (gint n, const gfloat *x, gfloat *y);  /* log (1 + e^x) */

  void (*add)  (gint n, const gfloat *x, gfloat *y);                    /* y += x */
  void (*axpy) (gint n, gfloat a, const gfloat *x, gfloat *y);          /* y += a x */
  void (*scale) (gint n, gfloat a, gfloat *y);                          /* y *= a */
  void (*mul)  (gint n, const gfloat *a, const gfloat *b, gfloat *y);   /* y  = a b */
  void (*fma)  (gint n, const gfloat *a, const gfloat *b, gfloat *y);   /* y += a b */
  gfloat (*dot) (gint n, const gfloat *a, const gfloat *b);             /* fixed order for a given n */
  gfloat (*sum) (gint n, const gfloat *x);                              /* fixed order for a given n */
  gfloat (*max) (gint n, const gfloat *x);                              /* n >= 1 */

  /* Pointwise parts of a step, and their gradients: gates become, or dgates are, d loss/d pre-activation; dc, dh in and
   * out: d loss/d c_t (h_t) -> the share of d c_{t-1} (h_{t-1}) that flows through the cell itself. */
  void (*lstm_point) (gint H, const RnnLstmStep *step);
  void (*lstm_point_grad) (gint H, gfloat *gates, const gfloat *c_prev, const gfloat *tanh_c, const gfloat *dh, gfloat *dc);
  void (*gru_point) (gint H, const RnnGruStep *step);
  void (*gru_point_grad) (gint H, const gfloat *gates, const gfloat *h_prev, gfloat *dh, gfloat *dgates);

  /* A matrix memory's step (mLSTM, linear attention, retention, SSD): S[K][V] = a S + k v^T, then y[V] = S^T q. */
  void (*memory_step) (gint K, gint V, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q, gfloat *S,
      gfloat *y);
  /* A selective scan's step over n channels of N states: h[N][n] = exp (delta A) h + B (delta u), y[n] = C h + D u,
   * with delta, u, D [n], A [N][n], B, C [N]. */
  void (*scan_step) (gint n, gint N, const gfloat *delta, const gfloat *u, const gfloat *A, const gfloat *B,
      const gfloat *C, const gfloat *D, gfloat *h, gfloat *y);

  /* Returns the sum of exp (x - max), no x above max; y[n] gets the terms, unless it is NULL.  It may be x. */
  gdouble (*exp_sum) (gint n, const gfloat *x, gfloat max, gfloat *y);
  /* A step of the CTC lattice (ctc/loss.c) over n labels and blanks, n a multiple of RNN_CTC_PAD.  x[n]: logarithms of
   * the step's probability of each label, all <= 0, -inf where there is none; blank: that of the blank.  skip[n + 1]: 0
   * where label l may follow l - 1 without a blank, else RNN_CTC_ZERO.  Rows are [4][n + 1]: m and e of the labels, m
   * and e of the blanks; label l stands at l + 1 in alpha and at l in next, and the one place left is 0, e =
   * RNN_CTC_ZERO.  Exponents are kept near 0 by subtracting `shift`, the largest of the step before. */
  gfloat (*ctc_forward) (gint n, const gfloat *x, gfloat blank, const gfloat *skip, gfloat shift, const gfloat *from,
      gfloat *to);              /* returns to's largest exponent */
  /* next = beta_{t+1} p_{t+1} in, beta_t p_t out; product = alpha beta, label l at l, m in [1, 12).  Returns its largest
   * exponent; *shift in and out: that of next. */
  gfloat (*ctc_backward) (gint n, const gfloat *x, gfloat blank, const gfloat *skip, gfloat *shift, gfloat *next,
      const gfloat *alpha, gfloat *product);
  /* labels[n] = those of product / 2^top; *blanks: the sum of its blanks.  Returns the sum of all. */
  gfloat (*ctc_posterior) (gint n, gfloat top, const gfloat *product, gfloat *labels, gfloat *blanks);

  /* The feature front end.  y = a x where |x| < bound, 0 elsewhere and for what is no number */
  void (*scale_bounded) (gint n, gfloat a, gfloat bound, const gfloat *x, gfloat *y);
  /* y[i] = w[i] (d[i] - a d[i - 1]) with d = x - mean, d[-1] = d[0] */
  void (*window) (gint n, gfloat mean, gfloat a, const gfloat *x, const gfloat *w, gfloat *y);
  /* power[M + 1] of 2 M reals from z[M][re, im], the FFT of their M pairs; cosine and sine [M / 2 + 1] of pi k / M */
  void (*real_power) (gint M, const gfloat *z, const gfloat *cosine, const gfloat *sine, gfloat *power);
  /* y[b] = sum over w[b] and x from first[b] on.  Bands go by fours, padded with empty ones: quads[b / 4] fours of
   * weights each, w [b / 4][quads][4 bands][4] */
  void (*bands) (gint n, const gint *first, const gint *quads, const gfloat *w, const gfloat *x, gfloat *y);
  /* y = scale log max (y, floor), both below inf; floor >= FLT_MIN */
  void (*log_floor) (gint n, gfloat floor, gfloat scale, gfloat *y);

  /* RWKV's matrix memories, S [n][n].  5 and 6: y = S^T r, then S = diag (w) S + k v^T.  7, row by row: S = S diag (w)
   * - (S kk) b^T + v k^T, then y = S r. */
  void (*wkv6_step) (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, gfloat *S, gfloat *y);
  void (*wkv7_step) (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, const gfloat *kk,
      const gfloat *b, gfloat *S, gfloat *y);

  /* Medians and standard deviations of n distributions from what a model says of them, parameter by parameter y[parameters][n], as
   * outputs/ has it.  student_scale: half of what lies between two quantiles.  negative_binomial_spread: alpha is at least @least;
   * NAN is a median that is not looked for, one of 16 or more where alpha is above 4. */
  void (*student_scale) (gint n, const gfloat *sigma, const gfloat *nu, gfloat *scale);
  void (*poisson_spread) (gint n, const gfloat *y, gfloat *median, gfloat *scale);
  void (*negative_binomial_spread) (gint n, gfloat least, const gfloat *y, gfloat *median, gfloat *scale);
  void (*mixture_spread) (gint n, gint components, const gfloat *y, gfloat *median, gfloat *scale);

  /* Series.  y = (x - shift) / scale; returns how many x are NAN */
  gint (*centre)  (gint n, gfloat shift, gfloat scale, const gfloat *x, gfloat *y);
  /* y = x scale + shift, or shift where that is not finite */
  void (*uncentre) (gint n, gfloat shift, gfloat scale, const gfloat *x, gfloat *y);
  /* y = scale min (max (x, a least), most), what is no number as the least */
  void (*bound)   (gint n, gfloat a, const gfloat *least, gfloat most, gfloat scale, const gfloat *x, gfloat *y);
  /* Of n histograms, sums from above from[n][RNN_BINS]: step[n] is added to all bins up to last[n]; none is below 0. */
  void (*add_steps) (gint n, const gint *last, const gfloat *step, gfloat *from);
  gint (*count_above) (gfloat least, const gfloat *from);               /* bins that are not below @least, of one */

  /* As a row is compiled, the one that has what it leaves out; then NULL: whole */
  const RnnKernels *floats;
};

/* The row in use.  Never NULL. */
const RnnKernels *rnn_kernels (void);

/* All rows of this build, NULL-terminated, slowest first; and one by name, or NULL when absent or not runnable here. */
const RnnKernels *const *rnn_kernels_list (void);
const RnnKernels *rnn_kernels_find (const gchar *name);

/* Makes @row the one in use (tests and benchmarks; not thread-safe against running streams). */
void rnn_kernels_use (const RnnKernels *row);

G_END_DECLS
