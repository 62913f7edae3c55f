/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products with packed weights and the fused steps of gated cells, on every row of the kernel table that this machine can
 * run: against their definition with the weights as they were rounded, and against themselves, bit for bit: however many
 * rows go at once, whether or not the panels are gated, and in one step or two.  Integer sums are exact, so that int8 has
 * the bits of its definition on every row. */
#include <math.h>
#include <string.h>
#include "kernels/kernels.h"
#include "kernels/linear.h"
#include "base/rng.h"

static gfloat *
random_floats (gsize n, guint64 seed, gfloat scale)
{
  gfloat *x = g_new (gfloat, MAX (n, 1));
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (gsize i = 0; i < n; i++)
    x[i] = scale * rnn_rng_normal (&rng);
  return x;
}

typedef struct {
  gint rows, cols, groups, gates;
} Shape;

static const Shape shapes[] = {
  {1, 1, 1, 1}, {1, 300, 1, 1}, {3, 7, 1, 1}, {5, 0, 1, 1}, {32, 32, 1, 1}, {33, 5, 1, 1}, {64, 301, 1, 1},
  {96, 513, 1, 1}, {100, 31, 1, 1}, {150, 66, 1, 1}, {96, 40, 3, 1}, {3, 9, 1, 3}, {4 * 17, 17, 1, 4}, {3 * 37, 37, 1, 3},
  {4 * 48, 133, 1, 4},
  {1030, 1100, 1, 1},           /* large enough for huge pages */
};

static RnnParam *
new_param (const Shape *s, RnnPackType dtype, gboolean training)
{
  RnnParam *p = g_new0 (RnnParam, 1);

  *p = (RnnParam) { .rank = 2, .dims = { s->rows, s->cols }, .rows = s->rows,
    .size = (gsize) s->rows * s->cols, .groups = s->groups, .gates = s->gates, .is_matrix = TRUE };
  p->data = random_floats (p->size, s->rows, 1);
  if (training)
    rnn_param_pack (p, TRUE);
  else
    rnn_param_pack_as (p, dtype);
  return p;
}

static void
free_param (RnnParam *p)
{
  g_free (p->data);
  rnn_param_free (p);
}

/* ---- against the definition ---- */

static gfloat
bf16 (gfloat x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  memcpy (&x, &bits, sizeof bits);
  return x;
}

static gfloat
largest (gint n, const gfloat *x)
{
  gfloat top = 0;

  for (gint i = 0; i < n; i++)
    top = MAX (top, fabsf (x[i]));
  return top;
}

/* To the last bit. */
static gfloat
product_int8 (gint n, const gfloat *w, const gfloat *x)
{
  gfloat top = largest (n, w), low = 0, high = 0, scale, first;
  gint steps = rnn_kernels ()->int8_steps, sum = 0;

  for (gint i = 0; i < n; i++) {
    low = MIN (low, x[i]);
    high = MAX (high, x[i]);
  }
  scale = (high - low) / (gfloat) steps;
  first = rintf (low * (1 / scale));
  for (gint i = 0; i < n && top > 0 && scale > 0; i++)
    sum += (gint) lrintf (w[i] * 127 / top) * (gint) CLAMP (rintf (x[i] * (1 / scale)), first, first + (gfloat) steps);
  return (gfloat) sum * (scale * (top / 127));
}

/* y without what it was added to. */
static void
check_element (RnnPackType dtype, gint n, const gfloat *w, const gfloat *x, gfloat y)
{
  gdouble sum = 0, scale = 1;

  if (dtype == RNN_PACK_INT8) {
    g_assert_cmpfloat (y, ==, product_int8 (n, w, x));
    return;
  }
  for (gint i = 0; i < n; i++) {
    gdouble weight = dtype == RNN_PACK_BF16 ? bf16 (w[i]) : w[i];
    gdouble term = weight * (dtype == RNN_PACK_BF16 && rnn_kernels ()->rounds_bf16 ? bf16 (x[i]) : x[i]);

    sum += term;
    scale += fabs (term);
  }
  g_assert_cmpfloat_with_epsilon (y, sum, 1e-6 * scale);
}

static void
check_product (const Shape *s, RnnPackType dtype)
{
  enum { N = 11, PAD = 3 };
  RnnParam *p = new_param (s, dtype, FALSE);
  gsize ldx = s->cols + PAD, ldy = s->rows + PAD;
  g_autofree gfloat *x = random_floats (N * ldx, 8, 1), *start = random_floats (N * ldy, 9, 1);
  g_autofree gfloat *y = g_memdup2 (start, N * ldy * sizeof (gfloat)), *sum = g_memdup2 (start, N * ldy * sizeof (gfloat));

  for (gsize i = 0; i < 2 * ldx; i++)   /* rows of one sign: their range starts, or ends, at 0 */
    x[i] = i < ldx ? fabsf (x[i]) : -fabsf (x[i]);
  rnn_linear (p, N, x, ldx, y, ldy, FALSE);
  rnn_linear (p, N, x, ldx, sum, ldy, TRUE);
  for (gint n = 0; n < N; n++) {
    for (gint r = 0; r < s->rows; r++) {
      check_element (dtype, s->cols, p->data + r * s->cols, x + n * ldx, y[n * ldy + r]);
      g_assert_cmpfloat_with_epsilon (sum[n * ldy + r], start[n * ldy + r] + y[n * ldy + r], 1e-4);
    }
    for (gint i = s->rows; i < (gint) ldy; i++)         /* nothing else is written */
      g_assert_true (y[n * ldy + i] == start[n * ldy + i] && sum[n * ldy + i] == start[n * ldy + i]);
  }
  free_param (p);
}

static void
test_linear (gconstpointer row)
{
  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (RnnPackType dtype = 0; dtype < RNN_N_PACKS; dtype++)
      check_product (&shapes[i], dtype);
}

/* The widest matrix that is quantised, and one that is too wide. */
static void
test_widest (gconstpointer row)
{
  const Shape wide = { 17, RNN_INT8_INPUTS, 1, 1 }, wider = { 17, RNN_INT8_INPUTS + 1, 1, 1 };
  RnnParam *p = new_param (&wider, RNN_PACK_INT8, FALSE);

  rnn_kernels_use (row);
  g_assert_cmpint (p->dtype, ==, RNN_PACK_F32);
  free_param (p);
  check_product (&wide, RNN_PACK_INT8);
}

/* Rows that are wider than what waits on the stack for products of bf16; a lone one has the bits it has among others. */
static void
check_wide (const Shape *s)
{
  enum { N = 3 };
  RnnParam *p = new_param (s, RNN_PACK_BF16, FALSE);
  g_autofree gfloat *x = random_floats (N * s->cols, 8, 1), *y = random_floats (N * s->rows, 9, 1);
  g_autofree gfloat *start = g_memdup2 (y, N * s->rows * sizeof (gfloat)), *lone = g_memdup2 (y, N * s->rows * sizeof (gfloat));

  rnn_linear (p, N, x, s->cols, y, s->rows, TRUE);
  for (gint n = 0; n < N; n++) {
    rnn_linear (p, 1, x + n * s->cols, s->cols, lone + n * s->rows, s->rows, TRUE);
    for (gint r = 0; r < s->rows; r++)
      check_element (RNN_PACK_BF16, s->cols, p->data + r * s->cols, x + n * s->cols, y[n * s->rows + r] - start[n * s->rows + r]);
  }
  g_assert_cmpmem (lone, N * s->rows * sizeof (gfloat), y, N * s->rows * sizeof (gfloat));
  free_param (p);
}

static void
test_wide_bf16 (gconstpointer row)
{
  const Shape wide[] = { { 17, 2 * 8192 + 37, 1, 1 }, { 2 * 17, 8192 + 1, 1, 2 }, { 3, 131072 + 37, 1, 1 } };

  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (wide); i++)
    check_wide (&wide[i]);
}

/* <dy, W x> = <W^T dy, x> = <dW, W> where dW = dy^T x */
static void
test_gradients (gconstpointer row)
{
  enum { N = 5 };

  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    const Shape *s = &shapes[i];
    RnnParam *p = new_param (s, RNN_PACK_F32, TRUE);
    g_autofree gfloat *x = random_floats (N * s->cols, 8, 1), *dy = random_floats (N * s->rows, 9, 1);
    g_autofree gfloat *y = g_new (gfloat, N * s->rows), *dx = g_new (gfloat, MAX (N * s->cols, 1));
    g_autofree gfloat *dw = g_new0 (gfloat, MAX (p->size, 1));
    gdouble a = 0, b = 0, c = 0;

    rnn_linear (p, N, x, s->cols, y, s->rows, FALSE);
    rnn_linear_dx (p, N, dy, s->rows, dx, s->cols, FALSE);
    if (s->cols > 0)
      rnn_linear_dw (p, N, x, s->cols, dy, s->rows, dw);
    for (gint j = 0; j < N * s->rows; j++)
      a += (gdouble) dy[j] * y[j];
    for (gint j = 0; j < N * s->cols; j++)
      b += (gdouble) dx[j] * x[j];
    for (gsize j = 0; j < p->size; j++)
      c += (gdouble) dw[j] * p->data[j];
    g_assert_cmpfloat_with_epsilon (a, b, 1e-4 * (1 + fabs (a)));
    g_assert_cmpfloat_with_epsilon (a, c, 1e-4 * (1 + fabs (a)));
    free_param (p);
  }
}

/* sum over i of a[i * step_a] b[i * step_b]: b was rounded to bf16, and a where the kernels do so. */
static void
check_rounded (gint n, const gfloat *a, gint step_a, const gfloat *b, gint step_b, gfloat sum)
{
  gdouble right = 0, scale = 1;

  for (gint i = 0; i < n; i++) {
    gfloat first = rnn_kernels ()->rounds_bf16 ? bf16 (a[i * step_a]) : a[i * step_a];

    right += (gdouble) first * bf16 (b[i * step_b]);
    scale += fabs (first * b[i * step_b]);
  }
  g_assert_cmpfloat_with_epsilon (sum, right, 1e-6 * scale);
}

/* A training in bf16: y = x W^T, dx = dy W, dW = dy^T x */
static void
test_rounded (gconstpointer row)
{
  enum { N = 21 };

  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (shapes) - 1; i++) {
    const Shape *s = &shapes[i];
    gint rows = s->rows, cols = s->cols;
    RnnParam *p = new_param (s, RNN_PACK_F32, TRUE);
    g_autofree gfloat *x = random_floats (N * cols, 8, 1), *dy = random_floats (N * rows, 9, 1);
    g_autofree gfloat *y = g_new (gfloat, N * rows), *dx = g_new (gfloat, MAX (N * cols, 1)), *dw = g_new0 (gfloat, MAX (p->size, 1));

    p->rounds = TRUE;
    rnn_param_pack (p, TRUE);
    rnn_linear (p, N, x, cols, y, rows, FALSE);
    rnn_linear_dx (p, N, dy, rows, dx, cols, FALSE);
    if (cols > 0)
      rnn_linear_dw (p, N, x, cols, dy, rows, dw);
    for (gint n = 0; n < N; n++) {
      for (gint r = 0; r < rows; r++)
        check_rounded (cols, x + n * cols, 1, p->data + r * cols, 1, y[n * rows + r]);
      for (gint c = 0; c < cols; c++)
        check_rounded (rows, dy + n * rows, 1, p->data + c, cols, dx[n * cols + c]);
    }
    for (gint r = 0; r < rows; r++)
      for (gint c = 0; c < cols; c++)
        check_rounded (N, dy + r, rows, x + c, cols, dw[r * cols + c]);
    rnn_param_pack (p, FALSE);          /* and back to floats */
    rnn_linear (p, 1, x, cols, y, rows, FALSE);
    for (gint r = 0; r < rows; r++)
      check_element (RNN_PACK_F32, cols, p->data + r * cols, x, y[r]);
    free_param (p);
  }
}

/* ---- one result, however many rows ---- */

static void
check_rows (const Shape *s, RnnPackType dtype, gboolean add)
{
  enum { MOST = 40 };
  RnnParam *p = new_param (s, dtype, FALSE);
  gsize row = s->rows * sizeof (gfloat);
  g_autofree gfloat *x = random_floats (MOST * s->cols, 8, 1), *start = random_floats (MOST * s->rows, 9, 1);
  g_autofree gfloat *singles = g_memdup2 (start, MOST * row);

  for (gint n = 0; n < MOST; n++)
    rnn_linear (p, 1, x + n * s->cols, s->cols, singles + n * s->rows, s->rows, add);
  for (gint n = 1; n <= MOST; n++) {
    g_autofree gfloat *y = g_memdup2 (start, MOST * row);

    rnn_linear (p, n, x, s->cols, y, s->rows, add);
    g_assert_cmpmem (y, n * row, singles, n * row);
    g_assert_cmpmem (y + n * s->rows, (MOST - n) * row, start + n * s->rows, (MOST - n) * row);
  }
  free_param (p);
}

static void
test_rows (gconstpointer row)
{
  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    for (RnnPackType dtype = 0; dtype < RNN_N_PACKS; dtype++) {
      check_rows (&shapes[i], dtype, FALSE);
      check_rows (&shapes[i], dtype, TRUE);
    }
}

/* Rows that are no numbers, or hardly any, do not touch the others, and have one result, too. */
static void
test_bad_rows (gconstpointer row)
{
  static const gfloat bad[] = { NAN, INFINITY, -INFINITY, 1e-42f, -1e-38f, 3e38f, 0 };
  enum { N = 2 * G_N_ELEMENTS (bad) + 1, COLS = 37, ROWS = 50 };
  const Shape s = { ROWS, COLS, 1, 1 };

  rnn_kernels_use (row);
  for (RnnPackType dtype = 0; dtype < RNN_N_PACKS; dtype++) {
    RnnParam *p = new_param (&s, dtype, FALSE);
    g_autofree gfloat *x = random_floats (N * COLS, 8, 1), *good = g_new (gfloat, N * ROWS), *y = g_new (gfloat, N * ROWS);
    gfloat one[ROWS];

    rnn_linear (p, N, x, COLS, good, ROWS, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
      for (guint j = 0; j < COLS; j++)
        if (j % 5 == i % 5 || fabsf (bad[i]) < 1e-30f)
          x[(2 * i + 1) * COLS + j] = bad[i];
    rnn_linear (p, N, x, COLS, y, ROWS, FALSE);
    for (gint n = 0; n < N; n++) {
      rnn_linear (p, 1, x + n * COLS, COLS, one, ROWS, FALSE);
      g_assert_cmpmem (one, sizeof one, n % 2 ? y + n * ROWS : good + n * ROWS, sizeof one);
      if (n % 2 == 0)
        g_assert_cmpmem (y + n * ROWS, sizeof one, good + n * ROWS, sizeof one);
    }
    free_param (p);
  }
}

/* ---- gated panels: another order of the same weights ---- */

static const gint units[] = { 1, 7, 16, 17, 31, 32, 48, 57, 100 };

static void
check_gated (gint H, gint gates, RnnPackType dtype)
{
  static const gint counts[] = { 1, 2, 7, 13 };
  const Shape s = { gates * H, H, 1, gates }, plain = { gates * H, H, 1, 1 };
  RnnParam *p = new_param (&s, dtype, FALSE), *q = new_param (&plain, dtype, FALSE);
  g_autofree gfloat *x = random_floats (13 * H, 8, 1), *a = random_floats (13 * s.rows, 9, 1);
  g_autofree gfloat *b = g_memdup2 (a, 13 * s.rows * sizeof (gfloat));

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    rnn_linear (p, counts[i], x, H, a, s.rows, TRUE);
    rnn_linear (q, counts[i], x, H, b, s.rows, TRUE);
    g_assert_cmpmem (a, 13 * s.rows * sizeof (gfloat), b, 13 * s.rows * sizeof (gfloat));
  }
  free_param (p);
  free_param (q);
}

static void
test_gated (gconstpointer row)
{
  rnn_kernels_use (row);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    for (RnnPackType dtype = 0; dtype < RNN_N_PACKS; dtype++)
      for (gint gates = 3; gates <= 4; gates++)
        check_gated (units[i], gates, dtype);
}

/* ---- a whole step = product, then pointwise part ---- */

/* What a step reads and writes: gates [4H], c [H], h [H], tanh_c [H], h_prev [H]. */
static void
lstm_steps (const RnnKernels *k, const RnnPanels *w, gint H, gboolean keep, gboolean fused, gfloat *at)
{
  gfloat *c = at + 4 * H, *h = c + H, *tanh_c = h + H, *h_prev = tanh_c + H;
  RnnLstmStep step = { at, c, c, h, keep ? tanh_c : NULL };

  if (fused) {
    k->lstm_step[w->dtype] (w, h_prev, &step);
  } else {
    k->linear[w->dtype] (w, 1, h_prev, H, at, 4 * H, TRUE);
    k->lstm_point (H, &step);
  }
}

static void
gru_steps (const RnnKernels *k, const RnnPanels *w, gint H, gboolean keep, gboolean fused, gfloat *at)
{
  gfloat *h = at + 4 * H, *h_prev = h + H;
  RnnGruStep step = { at, h_prev, h, keep };

  if (fused) {
    k->gru_step[w->dtype] (w, h_prev, &step);
  } else {
    k->linear[w->dtype] (w, 1, h_prev, H, at, 3 * H, TRUE);
    k->gru_point (H, &step);
  }
}

static void
check_step (const RnnKernels *k, gint gates, gint H, RnnPackType dtype, gboolean keep)
{
  const Shape s = { gates * H, H, 1, gates };
  RnnParam *p = new_param (&s, dtype, FALSE);
  RnnPanels w = rnn_param_panels (p, 0);
  gsize n = 8 * (gsize) H;
  g_autofree gfloat *fused = random_floats (n, 7, 1), *plain = g_memdup2 (fused, n * sizeof (gfloat));
  gsize from = keep ? 0 : 4 * (gsize) H;        /* what is not kept is scratch */

  (gates == 4 ? lstm_steps : gru_steps) (k, &w, H, keep, TRUE, fused);
  (gates == 4 ? lstm_steps : gru_steps) (k, &w, H, keep, FALSE, plain);
  g_assert_cmpmem (fused + from, (n - from) * sizeof (gfloat), plain + from, (n - from) * sizeof (gfloat));
  free_param (p);
}

static void
test_steps (gconstpointer row)
{
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    for (RnnPackType dtype = 0; dtype < RNN_N_PACKS; dtype++)
      for (gint gates = 3; gates <= 4; gates++) {
        check_step (row, gates, units[i], dtype, FALSE);
        check_step (row, gates, units[i], dtype, TRUE);
      }
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *name;
    GTestDataFunc func;
  } tests[] = {
    { "linear", test_linear }, { "widest", test_widest }, { "wide-bf16", test_wide_bf16 }, { "gradients", test_gradients },
    { "rounded", test_rounded }, { "rows", test_rows }, { "bad-rows", test_bad_rows }, { "gated", test_gated }, { "steps", test_steps },
  };
  const RnnKernels *const *rows = rnn_kernels_list ();

  g_test_init (&argc, &argv, NULL);
  for (guint r = 0; rows[r]; r++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree gchar *path = g_strdup_printf ("/kernels-products/%s/%s", rows[r]->name, tests[i].name);

      if (rows[r]->supported ())
        g_test_add_data_func (path, rows[r], tests[i].func);
    }
  return g_test_run ();
}
