/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolution over a picture that lies in a step, or over a row of positions (height 1), such as bins of a spectrum or the samples of a
 * block; zeros around it:
 *
 *   y[i][j] = f (sum_{u, v} W[u][v] x[i stride - top + u dilation][j stride - left + v dilation] + b)
 *
 * Values are [height][width][channels], as are the answers; weight [units][kernel_height][kernel_width][channels / groups], as
 * TensorFlow Lite has it.  With as many groups as channels and units it is depthwise.
 *
 * No state.  Tape per step: the pre-activation, where f' needs it.  Scratch per step: the windows of all positions [positions][groups]
 * [kernel][channels / groups], then on the way back d loss/d pre-activation; depthwise, once: the filters [kernel][channels] and
 * their gradient. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  gint size, kernel, stride, dilation, before, after;
  gint out;                     /* positions of the answer */
} Axis;

typedef struct {
  RnnCell cell;
  Axis v, h;                    /* down, across */
  gint units, groups;
  gboolean bias;
  RnnActivation activation;
  gint channels, taps, positions;
  gboolean depthwise, plain;    /* plain: windows are the values as they lie */
  RnnParam *w, *b;
} Conv2d;

#define OPT(f, name, lo, def, blurb) { name, RNN_OPTION_INT, G_STRUCT_OFFSET (Conv2d, f), lo, 65536, def, NULL, blurb }
static const RnnOption options[] = {
  RNN_OPT_INT (Conv2d, units, 0, 65536, 0, "channels of the answer; 0: as many as go in"),
  OPT (v.size, "height", 1, 1, "positions down"),
  OPT (h.size, "width", 1, 1, "positions across"),
  OPT (v.kernel, "kernel_height", 1, 1, "of a window"),
  OPT (h.kernel, "kernel_width", 1, 3, "of a window"),
  OPT (v.stride, "stride_height", 1, 1, "from window to window"),
  OPT (h.stride, "stride_width", 1, 1, "from window to window"),
  OPT (v.dilation, "dilation_height", 1, 1, "positions from one value of a window to the next"),
  OPT (h.dilation, "dilation_width", 1, 1, "positions from one value of a window to the next"),
  OPT (v.before, "top", 0, 0, "zeros above"),
  OPT (v.after, "bottom", 0, 0, "zeros below"),
  OPT (h.before, "left", 0, 1, "zeros before"),
  OPT (h.after, "right", 0, 1, "zeros after"),
  RNN_OPT_INT (Conv2d, groups, 1, 65536, 1, "groups of channels that do not see each other"),
  RNN_OPT_BOOL (Conv2d, bias, TRUE, "add a bias"),
  RNN_OPT_ACTIVATION (Conv2d, activation, rnn_activation_names, RNN_ACT_LINEAR, "f"),
  { NULL }
};

static gboolean
measure (Axis *a)
{
  gint64 seen = (gint64) a->size + a->before + a->after - (gint64) (a->kernel - 1) * a->dilation - 1;

  a->out = seen < 0 ? 0 : (gint) (seen / a->stride + 1);
  return seen >= 0;
}

static gboolean
is_plain (const Axis *a)
{
  return a->kernel == 1 && a->stride == 1 && a->before == 0 && a->after == 0;
}

static gboolean
measure_all (Conv2d *c, GError **error)
{
  gint64 places = (gint64) c->v.size * c->h.size, size;

  c->channels = (gint) (c->cell.n_in / places);
  c->units = c->units ? c->units : c->channels;
  if (c->channels * places != c->cell.n_in || c->channels < 1 || c->channels % c->groups || c->units % c->groups
      || !measure (&c->v) || !measure (&c->h)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "conv2d: %d values in %d groups are no picture of %d x %d on which its window fits",
        c->cell.n_in, c->groups, c->v.size, c->h.size);
    return FALSE;
  }
  size = (gint64) c->v.out * c->h.out * MAX ((gint64) c->units, (gint64) c->channels * c->v.kernel * c->h.kernel);
  if (size > 1 << 26) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "conv2d: windows of %" G_GINT64_FORMAT " values are too many", size);
    return FALSE;
  }
  c->positions = c->v.out * c->h.out;
  c->taps = c->v.kernel * c->h.kernel;
  c->depthwise = c->groups > 1 && c->groups == c->channels && c->units == c->channels;
  c->plain = is_plain (&c->v) && is_plain (&c->h);
  return TRUE;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Conv2d *c = (Conv2d *) cell;
  gfloat bound;

  if (!measure_all (c, error))
    return FALSE;
  bound = 1 / sqrtf ((gfloat) c->channels / c->groups * c->taps);
  c->w = rnn_cell_add_tensor (cell, "weight", 4, (const gint[]) { c->units, c->v.kernel, c->h.kernel, c->channels / c->groups }, bound);
  c->w->is_matrix = !c->depthwise;
  c->w->groups = c->depthwise ? 1 : c->groups;
  c->b = c->bias ? rnn_cell_add_vector (cell, "bias", c->units, bound) : NULL;
  cell->n_out = c->positions * c->units;
  cell->n_tape = rnn_activation_needs_input (&c->activation) ? (guint64) cell->n_out : 0;
  cell->n_scratch = (guint64) cell->n_out;
  if (c->depthwise)
    cell->n_scratch_once = 2 * (guint64) c->taps * c->channels;
  else
    cell->n_scratch += (guint64) c->positions * c->taps * c->channels;
  return TRUE;
}

/* Where value (u, v) of the window at position p lies, in values of a channel; -1: beside the picture. */
static inline gint
place_of (const Conv2d *c, gint p, gint u, gint v)
{
  gint i = p / c->h.out * c->v.stride - c->v.before + u * c->v.dilation;
  gint j = p % c->h.out * c->h.stride - c->h.before + v * c->h.dilation;

  return i < 0 || i >= c->v.size || j < 0 || j >= c->h.size ? -1 : i * c->h.size + j;
}

/* ---- windows side by side ---- */

/* A window's values of a row that lies in the picture as a whole are one run, if there are no groups. */
static gboolean
copy_run (const Conv2d *c, const gfloat *x, gint p, gint u, gfloat *to)
{
  gint at = place_of (c, p, u, 0);

  if (c->groups > 1 || c->h.dilation > 1 || at < 0 || place_of (c, p, u, c->h.kernel - 1) < 0)
    return FALSE;
  memcpy (to, x + (gsize) at * c->channels, (gsize) c->h.kernel * c->channels * sizeof (gfloat));
  return TRUE;
}

static void
gather_window (const Conv2d *c, const gfloat *x, gint p, gfloat *to)
{
  gint per_group = c->channels / c->groups;

  for (gint u = 0; u < c->v.kernel; u++) {
    if (copy_run (c, x, p, u, to + (gsize) u * c->h.kernel * c->channels))
      continue;
    for (gint v = 0; v < c->h.kernel; v++) {
      gint at = place_of (c, p, u, v), tap = u * c->h.kernel + v;

      for (gint g = 0; g < c->groups; g++) {
        gfloat *part = to + ((gsize) g * c->taps + tap) * per_group;

        if (at < 0)
          memset (part, 0, (gsize) per_group * sizeof (gfloat));
        else
          memcpy (part, x + (gsize) at * c->channels + (gsize) g * per_group, (gsize) per_group * sizeof (gfloat));
      }
    }
  }
}

/* The windows of all rows [rows][positions][groups][taps][channels / groups]. */
static const gfloat *
gather (const Conv2d *c, gint rows, const gfloat *x, gfloat *windows)
{
  gsize window = (gsize) c->taps * c->channels;

  if (c->plain)
    return x;
  for (gint row = 0; row < rows; row++)
    for (gint p = 0; p < c->positions; p++)
      gather_window (c, x + (gsize) row * c->cell.n_in, p, windows + ((gsize) row * c->positions + p) * window);
  return windows;
}

static void
scatter_window (const Conv2d *c, const gfloat *from, gint p, gfloat *dx)
{
  gint per_group = c->channels / c->groups;

  for (gint tap = 0; tap < c->taps; tap++) {
    gint at = place_of (c, p, tap / c->h.kernel, tap % c->h.kernel);

    for (gint g = 0; at >= 0 && g < c->groups; g++)
      rnn_kernels ()->add (per_group, from + ((gsize) g * c->taps + tap) * per_group, dx + (gsize) at * c->channels + (gsize) g * per_group);
  }
}

/* ---- depthwise ---- */

/* [channels][taps] <-> [taps][channels] */
static void
turn (const gfloat *from, gint n, gint m, gfloat *to)
{
  for (gint i = 0; i < n; i++)
    for (gint j = 0; j < m; j++)
      to[(gsize) j * n + i] = from[(gsize) i * m + j];
}

static void
depthwise_forward (const Conv2d *c, gint rows, const gfloat *x, gfloat *filters, gfloat *y)
{
  turn (c->w->data, c->channels, c->taps, filters);
  for (gint row = 0; row < rows; row++, x += c->cell.n_in)
    for (gint p = 0; p < c->positions; p++, y += c->channels)
      for (gint tap = 0; tap < c->taps; tap++) {
        gint at = place_of (c, p, tap / c->h.kernel, tap % c->h.kernel);

        if (at >= 0)
          rnn_kernels ()->fma (c->channels, filters + (gsize) tap * c->channels, x + (gsize) at * c->channels, y);
      }
}

/* filters: room for those and their gradient; dx has been set to 0 */
static void
depthwise_backward (const Conv2d *c, gint rows, const gfloat *x, gfloat *filters, const gfloat *dz, const RnnGrad *grad)
{
  gsize n = (gsize) c->taps * c->channels;
  gfloat *dfilters = filters + n, *dx = grad->dx;

  turn (c->w->data, c->channels, c->taps, filters);
  memset (dfilters, 0, n * sizeof (gfloat));
  for (gint row = 0; row < rows; row++, x += c->cell.n_in)
    for (gint p = 0; p < c->positions; p++, dz += c->channels)
      for (gint tap = 0; tap < c->taps; tap++) {
        gint at = place_of (c, p, tap / c->h.kernel, tap % c->h.kernel);

        if (at < 0)
          continue;
        rnn_kernels ()->fma (c->channels, dz, x + (gsize) at * c->channels, dfilters + (gsize) tap * c->channels);
        if (dx)
          rnn_kernels ()->fma (c->channels, dz, filters + (gsize) tap * c->channels, dx + (gsize) row * c->cell.n_in + (gsize) at * c->channels);
      }
  turn (dfilters, c->taps, c->channels, filters);
  rnn_kernels ()->add ((gint) n, filters, grad->dparam + c->w->offset);
}

/* ---- the cell ---- */

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Conv2d *c = (const Conv2d *) cell;
  gint rows = run->T * run->B, n = rows * c->positions, size = rows * cell->n_out;
  gint window = c->taps * c->channels;

  rnn_bias (c->b, n, c->units, run->y, c->units, FALSE);
  if (c->depthwise)
    depthwise_forward (c, rows, run->x, run->scratch, run->y);
  else if (c->groups > 1)
    rnn_linear_blocks (c->w, n, gather (c, rows, run->x, run->scratch), window, run->y, c->units, TRUE);
  else
    rnn_linear (c->w, n, gather (c, rows, run->x, run->scratch), window, run->y, c->units, TRUE);
  if (run->tape && cell->n_tape)
    memcpy (run->tape, run->y, (gsize) size * sizeof (gfloat));
  if (c->activation.type != RNN_ACT_LINEAR)
    rnn_activate (&c->activation, size, run->y, run->y);
}

/* Gradient of the products; work: room for the windows */
static void
products_backward (const Conv2d *c, gint rows, const RnnRun *run, const gfloat *dz, gfloat *work, const RnnGrad *grad)
{
  gint n = rows * c->positions, window = c->taps * c->channels;

  rnn_linear_blocks_dw (c->w, n, gather (c, rows, run->x, work), window, dz, c->units, grad->dparam);
  if (!grad->dx)
    return;
  rnn_linear_blocks_dx (c->w, n, dz, c->units, work, window, FALSE);
  for (gint row = 0; row < rows; row++)
    for (gint p = 0; p < c->positions; p++)
      scatter_window (c, work + ((gsize) row * c->positions + p) * window, p, grad->dx + (gsize) row * c->cell.n_in);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Conv2d *c = (const Conv2d *) cell;
  gint rows = run->T * run->B;
  gsize size = (gsize) rows * cell->n_out;
  gfloat *dz = run->scratch;

  memcpy (dz, grad->dy, size * sizeof (gfloat));
  if (c->activation.type != RNN_ACT_LINEAR)
    rnn_activate_grad (&c->activation, (gint) size, run->tape, run->y, dz);
  rnn_bias_dw (c->b, rows * c->positions, dz, c->units, grad->dparam);
  if (grad->dx)
    memset (grad->dx, 0, (gsize) rows * cell->n_in * sizeof (gfloat));
  if (c->depthwise)
    depthwise_backward (c, rows, run->x, dz + size, dz, grad);
  else
    products_backward (c, rows, run, dz, dz + size, grad);
}

const RnnCellClass rnn_cell_conv2d = {
  .name = "conv2d",
  .summary = "convolution over a picture or a row of positions that lies in a step",
  .instance_size = sizeof (Conv2d),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
