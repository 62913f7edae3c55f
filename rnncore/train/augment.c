/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Augmentation of log-mel frames: speed (linear interpolation along time), quiet at the edges, vocal tract length (along
 * the mel axis), loudness (one offset on all log energies), slope, telephone bandwidth, noise, and SpecAugment's masks (Park et al. 2019). */
#include "augment.h"
#include <math.h>
#include <string.h>

#define MAX_MASKED_PART 5       /* a time mask hides at most one fifth of the example: short words survive */

static gfloat
draw_relative (RnnRng *rng, gfloat range)
{
  return 1 + range * (2 * rnn_rng_uniform (rng) - 1);
}

guint
rnn_augment_max_frames (const RnnTrainConfig *config, guint n)
{
  return (guint) ceil (n * (1.0 + config->stretch)) + 1 + 2 * (guint) config->edge_pad;
}

/* out[dim] = the frame at position pos of frames[n][dim] */
static void
interpolate_time (const gfloat *frames, guint n, gint dim, gdouble pos, gfloat *out)
{
  guint i = (guint) pos, next = MIN (i + 1, n - 1);
  gfloat w = (gfloat) (pos - i);

  for (gint c = 0; c < dim; c++)
    out[c] = frames[(gsize) i * dim + c] * (1 - w) + frames[(gsize) next * dim + c] * w;
}

/* row[dim] read at channel c * warp; towards the end the last channel repeats */
static void
warp_channels (gfloat *row, gint dim, gfloat warp, gfloat *copy)
{
  memcpy (copy, row, dim * sizeof (gfloat));
  for (gint c = 0; c < dim; c++) {
    gfloat pos = MIN (c * warp, dim - 1);
    gint i = (gint) pos, next = MIN (i + 1, dim - 1);

    row[c] = copy[i] + (copy[next] - copy[i]) * (pos - i);
  }
}

/* quiet[dim]: each channel's lowest value in frames[n][dim]; returns the lowest of all */
static gfloat
find_quiet (const gfloat *frames, guint n, gint dim, gfloat *quiet)
{
  gfloat lowest = INFINITY;

  memcpy (quiet, frames, dim * sizeof (gfloat));
  for (guint t = 1; t < n; t++)
    for (gint c = 0; c < dim; c++)
      quiet[c] = MIN (quiet[c], frames[(gsize) t * dim + c]);
  for (gint c = 0; c < dim; c++)
    lowest = MIN (lowest, quiet[c]);
  return lowest;
}

/* Loudness and slope; channels from `cut` on get the value of silence. */
static void
shape_channels (gfloat *row, gint dim, gfloat gain, gfloat tilt, gint cut, gfloat silence)
{
  for (gint c = 0; c < dim; c++)
    row[c] = c < cut ? row[c] + gain + tilt * (2.0f * c / dim - 1) : silence;
}

/* The first channel that falls silent: within the upper third, or none. */
static gint
draw_cut (const RnnTrainConfig *config, RnnRng *rng, gint dim)
{
  gint third = dim / 3;

  if (config->band_limit <= 0 || third < 1 || rnn_rng_uniform (rng) >= config->band_limit)
    return dim;
  return dim - third + (gint) rnn_rng_below (rng, third);
}

guint
rnn_augment_frames (const RnnTrainConfig *config, RnnRng *rng, const gfloat *frames, guint n, gint dim,
    gboolean keep_time, gfloat *out)
{
  gfloat stretch = draw_relative (rng, config->stretch), warp = draw_relative (rng, config->warp);
  gfloat gain = config->gain * rnn_rng_normal (rng), tilt = config->tilt * rnn_rng_normal (rng);
  guint before = rnn_rng_below (rng, config->edge_pad + 1), after = rnn_rng_below (rng, config->edge_pad + 1);
  guint n_out = keep_time ? n : (guint) lrintf (n * stretch);
  gdouble rate = n_out > 1 ? (n - 1.0) / (n_out - 1.0) : 0;
  g_autofree gfloat *copy = g_new (gfloat, dim), *quiet = g_new (gfloat, dim);
  gfloat silence = find_quiet (frames, n, dim, quiet);
  gint cut = draw_cut (config, rng, dim);
  guint total = keep_time ? n : before + n_out + after;

  for (guint t = 0; t < total; t++) {
    gfloat *row = out + (gsize) t * dim;

    if (keep_time)
      memcpy (row, frames + (gsize) t * dim, dim * sizeof (gfloat));
    else if (t < before || t >= before + n_out)
      memcpy (row, quiet, dim * sizeof (gfloat));
    else
      interpolate_time (frames, n, dim, MIN ((t - before) * rate, n - 1.0), row);
    if (warp != 1)
      warp_channels (row, dim, warp, copy);
    shape_channels (row, dim, gain, tilt, cut, silence);
  }
  return total;
}

static void
draw_span (RnnRng *rng, guint max_width, guint n, guint *first, guint *width)
{
  *width = rnn_rng_below (rng, MIN (max_width, n) + 1);
  *first = rnn_rng_below (rng, n - *width + 1);
}

void
rnn_augment_mask (const RnnTrainConfig *config, RnnRng *rng, guint n, gint dim, gfloat *frames)
{
  guint first, width;

  if (config->noise > 0)
    rnn_rng_add_normal (rng, (gsize) n * dim, config->noise, frames);
  for (gint m = 0; m < config->time_masks; m++) {
    draw_span (rng, MIN ((guint) config->time_mask_width, n / MAX_MASKED_PART), n, &first, &width);
    memset (frames + (gsize) first * dim, 0, (gsize) width * dim * sizeof (gfloat));
  }
  for (gint m = 0; m < config->freq_masks; m++) {
    draw_span (rng, config->freq_mask_width, dim, &first, &width);
    for (guint t = 0; t < n; t++)
      memset (frames + (gsize) t * dim + first, 0, width * sizeof (gfloat));
  }
}
