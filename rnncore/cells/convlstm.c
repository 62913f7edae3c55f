/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutional LSTM (Shi et al. 2015): images in, images out; the gates' products are convolutions that keep the size.
 *
 *   i, f, g, o = weight_x * x_t + weight_h * h_{t-1} + bias              (* with zeros around the image)
 *   c_t = sigma (f) c_{t-1} + sigma (i) tanh (g)
 *   h_t = sigma (o) tanh (c_t)
 *
 * peephole: i, f see p c_{t-1}, o sees p_o c_t, a weight per channel and pixel.  A step's input is
 * [channels][height][width], its output [filters][height][width]; inside, channels are the inner dimension.
 *
 * State: h, c [P][F], with P pixels and F filters.  Tape, step after step: gates i, f, g, o (activated), c, tanh c, h,
 * each [B][P][F]. */
#include "cell.h"
#include "patches.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint filters, kernel, height, width;
  gboolean peephole;
  gfloat forget_bias;
  gint pixels;
  RnnPatches x, h;              /* of the input, of h inside */
  RnnParam *w_x, *w_h, *bias, *p_i, *p_f, *p_o;
} ConvLstm;

enum { I, F, G, O, GATES };

static const RnnOption options[] = {
  RNN_OPT_INT (ConvLstm, filters, 1, 4096, 16, "channels of the output"),
  RNN_OPT_INT (ConvLstm, kernel, 1, 63, 3, "side of the neighbourhood that a pixel sees, odd"),
  RNN_OPT_INT (ConvLstm, height, 1, 4096, 1, "of the image"),
  RNN_OPT_INT (ConvLstm, width, 1, 4096, 1, "of the image"),
  RNN_OPT_BOOL (ConvLstm, peephole, FALSE, "gates see the cell"),
  RNN_OPT_FLOAT (ConvLstm, forget_bias, -100, 100, 1, "added to the forget gate's bias when training starts"),
  {NULL}
};

static RnnParam *
add_weight (ConvLstm *l, const gchar *name, gint channels)
{
  gint K = l->kernel;
  RnnParam *w = rnn_cell_add_tensor (&l->cell, name, 4, (const gint[]) { GATES * l->filters, channels, K, K },
      1 / sqrtf ((gfloat) l->filters * K * K));

  w->is_matrix = TRUE;
  w->groups = GATES;
  return w;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  ConvLstm *l = (ConvLstm *) cell;
  gint N = l->filters, P = l->pixels = l->height * l->width, channels = cell->n_in / P, K = l->kernel;
  const gint image[] = { N, l->height, l->width };
  gsize size = (gsize) N * P;

  if (cell->n_in % P || K % 2 == 0 || size > 1 << 20 || (gint64) MAX (channels, N) * K * K > 1 << 24) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "convlstm: %d values with a kernel of %d are not images of %d x %d "
        "for %d filters (kernels are odd, images have at most 2^20 values, a neighbourhood at most 2^24)", cell->n_in,
        K, l->height, l->width, N);
    return FALSE;
  }
  l->x = (RnnPatches) { channels, l->height, l->width, K, .channel = P, .pixel = 1 };
  l->h = (RnnPatches) { N, l->height, l->width, K, .channel = 1, .pixel = N };
  l->w_x = add_weight (l, "weight_x", channels);
  l->w_h = add_weight (l, "weight_h", N);
  l->bias = rnn_cell_add_vector (cell, "bias", GATES * N, 1 / sqrtf ((gfloat) N * K * K));
  if (l->peephole) {
    l->p_i = rnn_cell_add_tensor (cell, "p_i", 3, image, 0);
    l->p_f = rnn_cell_add_tensor (cell, "p_f", 3, image, 0);
    l->p_o = rnn_cell_add_tensor (cell, "p_o", 3, image, 0);
  }
  cell->n_out = (gint) size;
  rnn_cell_add_state (cell, "h", size);
  rnn_cell_add_state (cell, "c", size);
  cell->n_tape = (GATES + 3) * size;
  /* c_{t-1}, the arrays of one step (backward: d h, d c), its patches */
  cell->n_scratch_once = (GATES + 4) * size + (guint64) P * MAX (rnn_patches_row (&l->x), rnn_patches_row (&l->h));
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  ConvLstm *l = (ConvLstm *) cell;

  for (gint j = 0; j < l->filters; j++)
    l->bias->data[F * l->filters + j] += l->forget_bias;
}

/* One step's arrays, of all streams: each [B][P][F], gates [GATES][B][P][F]. */
typedef struct {
  gfloat *gates, *c, *tanh_c, *h;
} Step;

/* Of step t on the tape; without one, room for any. */
static Step
step_at (const ConvLstm *l, const RnnRun *run, gint t, gfloat *room)
{
  gsize size = (gsize) run->B * l->cell.n_out;
  gfloat *at = run->tape ? run->tape + (gsize) t * (GATES + 3) * size : room;

  return (Step) { at, at + GATES * size, at + (GATES + 1) * size, at + (GATES + 2) * size };
}

/* z [GATES][B][P][F] += weight * images; the images of the streams are ld apart.  @rows: room for their patches. */
static void
convolve (const ConvLstm *l, const RnnParam *w, const RnnPatches *p, gint B, const gfloat *images, gsize ld,
    gfloat *rows, gfloat *z)
{
  gint width = rnn_patches_row (p), n = B * l->pixels;

  for (gint b = 0; b < B; b++)
    rnn_patches_gather (p, images + b * ld, rows + (gsize) b * l->pixels * width);
  for (gint g = 0; g < GATES; g++)
    rnn_linear_group (w, g, n, rows, width, z + (gsize) g * n * l->filters, l->filters, TRUE);
}

/* dweight from dz and the images, whose gradients are added to (NULL: not wanted). */
static void
convolve_back (const ConvLstm *l, const RnnParam *w, const RnnPatches *p, gint B, const gfloat *images, gsize ld,
    gfloat *rows, const gfloat *dz, gfloat *dimages, gsize ldd, gfloat *dparam)
{
  gint width = rnn_patches_row (p), n = B * l->pixels;

  for (gint b = 0; b < B; b++)
    rnn_patches_gather (p, images + b * ld, rows + (gsize) b * l->pixels * width);
  for (gint g = 0; g < GATES; g++)
    rnn_linear_group_dw (w, g, n, rows, width, dz + (gsize) g * n * l->filters, l->filters, dparam);
  if (!dimages)
    return;
  for (gint g = 0; g < GATES; g++)
    rnn_linear_group_dx (w, g, n, dz + (gsize) g * n * l->filters, l->filters, rows, width, g > 0);
  for (gint b = 0; b < B; b++)
    rnn_patches_scatter (p, rows + (gsize) b * l->pixels * width, dimages + b * ldd);
}

/* y [B][P][F] += p c, where p is [F][P] */
static void
peep (const ConvLstm *l, gint B, const RnnParam *p, const gfloat *c, gfloat *y)
{
  gint N = l->filters, P = l->pixels;

  for (gint i = 0; i < B * P; i++)
    for (gint j = 0; j < N; j++)
      y[(gsize) i * N + j] += p->data[j * P + i % P] * c[(gsize) i * N + j];
}

static void
peep_dw (const ConvLstm *l, gint B, const RnnParam *p, const gfloat *c, const gfloat *dy, gfloat *dparam)
{
  gint N = l->filters, P = l->pixels;

  for (gint i = 0; i < B * P; i++)
    for (gint j = 0; j < N; j++)
      dparam[p->offset + j * P + i % P] += dy[(gsize) i * N + j] * c[(gsize) i * N + j];
}

/* [P][F] -> [F][P], or back */
static void
transpose (gint rows, gint cols, const gfloat *from, gfloat *to)
{
  for (gint i = 0; i < rows; i++)
    for (gint j = 0; j < cols; j++)
      to[(gsize) j * rows + i] = from[(gsize) i * cols + j];
}

/* ---- forward ---- */

static void
add_biases (const ConvLstm *l, gint n, gfloat *z)
{
  for (gint g = 0; g < GATES; g++)
    for (gint i = 0; i < n; i++, z += l->filters)
      memcpy (z, l->bias->data + g * l->filters, l->filters * sizeof (gfloat));
}

/* Gates to activations, c, tanh c and h, over all streams. */
static void
point (const ConvLstm *l, gint B, const gfloat *c_prev, const Step *s)
{
  const RnnKernels *k = rnn_kernels ();
  gint size = B * l->cell.n_out;
  gfloat *i = s->gates, *f = i + size, *g = f + size, *o = g + size;

  if (l->peephole) {
    peep (l, B, l->p_i, c_prev, i);
    peep (l, B, l->p_f, c_prev, f);
  }
  k->sigmoid (2 * size, i, i);
  k->tanh (size, g, g);
  k->mul (size, i, g, s->c);
  k->fma (size, f, c_prev, s->c);
  if (l->peephole)
    peep (l, B, l->p_o, s->c, o);
  k->sigmoid (size, o, o);
  k->tanh (size, s->c, s->tanh_c);
  k->mul (size, o, s->tanh_c, s->h);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const ConvLstm *l = (const ConvLstm *) cell;
  gint B = run->B, size = cell->n_out;
  gsize all = (gsize) B * size;
  gfloat *scratch = run->scratch, *c = rnn_take (&scratch, all), *room = rnn_take (&scratch, (GATES + 3) * all);
  gfloat *rows = scratch;

  for (gint t = 0; t < run->T; t++) {
    Step s = step_at (l, run, t, room);

    rnn_copy_rows (B, size, run->state + size, run->state_stride, c, size);
    add_biases (l, B * l->pixels, s.gates);
    convolve (l, l->w_x, &l->x, B, run->x + (gsize) t * B * cell->n_in, cell->n_in, rows, s.gates);
    convolve (l, l->w_h, &l->h, B, run->state, run->state_stride, rows, s.gates);
    point (l, B, c, &s);
    rnn_copy_rows (B, size, s.h, size, run->state, run->state_stride);
    rnn_copy_rows (B, size, s.c, size, run->state + size, run->state_stride);
    for (gint b = 0; b < B; b++)
      transpose (l->pixels, l->filters, s.h + (gsize) b * size, run->y + ((gsize) t * B + b) * size);
  }
}

/* ---- backward ---- */

/* Gates become their gradients; dh, dc [B][P][F]: dc becomes d c_{t-1}. */
static void
point_back (const ConvLstm *l, gint B, const gfloat *c_prev, const Step *s, const gfloat *dh, gfloat *dc,
    gfloat *dparam)
{
  gint size = B * l->cell.n_out;
  gfloat *i = s->gates, *f = i + size, *g = f + size, *o = g + size;

  for (gint j = 0; j < size; j++) {
    dc[j] += dh[j] * o[j] * (1 - s->tanh_c[j] * s->tanh_c[j]);
    o[j] = dh[j] * s->tanh_c[j] * o[j] * (1 - o[j]);
  }
  if (l->peephole) {
    peep (l, B, l->p_o, o, dc);
    peep_dw (l, B, l->p_o, s->c, o, dparam);
  }
  for (gint j = 0; j < size; j++) {
    gfloat in = i[j], keep = f[j];

    i[j] = dc[j] * g[j] * in * (1 - in);
    f[j] = dc[j] * c_prev[j] * keep * (1 - keep);
    g[j] = dc[j] * in * (1 - g[j] * g[j]);
    dc[j] *= keep;
  }
  if (l->peephole) {
    peep (l, B, l->p_i, i, dc);
    peep (l, B, l->p_f, f, dc);
    peep_dw (l, B, l->p_i, c_prev, i, dparam);
    peep_dw (l, B, l->p_f, c_prev, f, dparam);
  }
}

static void
bias_dw (const ConvLstm *l, gint n, const gfloat *dz, gfloat *dparam)
{
  for (gint g = 0; g < GATES; g++)
    for (gint i = 0; i < n; i++, dz += l->filters)
      rnn_kernels ()->add (l->filters, dz, dparam + l->bias->offset + g * l->filters);
}

/* dh [B][P][F] += dy_t; c_prev = c_{t-1}; h_prev: where h_{t-1} is, ld out: of its streams */
static const gfloat *
enter_step (const ConvLstm *l, const RnnRun *run, const RnnGrad *grad, gint t, gfloat *dh, gfloat *c_prev, gsize *ld)
{
  gint B = run->B, size = l->cell.n_out;
  Step before = step_at (l, run, MAX (t - 1, 0), NULL);

  for (gint b = 0; b < B; b++) {
    const gfloat *dy = grad->dy + ((gsize) t * B + b) * size;

    for (gint p = 0; p < l->pixels; p++)
      for (gint j = 0; j < l->filters; j++)
        dh[(gsize) b * size + p * l->filters + j] += dy[j * l->pixels + p];
  }
  rnn_copy_rows (B, size, t ? before.c : run->state + size, t ? (gsize) size : run->state_stride, c_prev, size);
  *ld = t ? (gsize) size : run->state_stride;
  return t ? before.h : run->state;
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const ConvLstm *l = (const ConvLstm *) cell;
  gint B = run->B, size = cell->n_out;
  gsize all = (gsize) B * size, ld;
  gfloat *scratch = run->scratch, *dh = rnn_take (&scratch, all), *dc = rnn_take (&scratch, all);
  gfloat *c_prev = rnn_take (&scratch, all), *rows = scratch;

  rnn_copy_rows (B, size, grad->dstate, run->state_stride, dh, size);
  rnn_copy_rows (B, size, grad->dstate + size, run->state_stride, dc, size);
  if (grad->dx)
    memset (grad->dx, 0, (gsize) run->T * B * cell->n_in * sizeof (gfloat));
  for (gint t = run->T - 1; t >= 0; t--) {
    Step s = step_at (l, run, t, NULL);
    const gfloat *h_prev = enter_step (l, run, grad, t, dh, c_prev, &ld);
    gsize at = (gsize) t * B * cell->n_in;

    point_back (l, B, c_prev, &s, dh, dc, grad->dparam);
    bias_dw (l, B * l->pixels, s.gates, grad->dparam);
    convolve_back (l, l->w_x, &l->x, B, run->x + at, cell->n_in, rows, s.gates, grad->dx ? grad->dx + at : NULL,
        cell->n_in, grad->dparam);
    memset (dh, 0, all * sizeof (gfloat));
    convolve_back (l, l->w_h, &l->h, B, h_prev, ld, rows, s.gates, dh, size, grad->dparam);
  }
  rnn_copy_rows (B, size, dh, size, grad->dstate, run->state_stride);
  rnn_copy_rows (B, size, dc, size, grad->dstate + size, run->state_stride);
}

const RnnCellClass rnn_cell_convlstm = {
  .name = "convlstm",
  .summary = "convolutional LSTM over images (Shi et al. 2015)",
  .instance_size = sizeof (ConvLstm),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
