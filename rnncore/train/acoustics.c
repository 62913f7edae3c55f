/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acoustic conditions, made of log mel energies x [n][dim] instead of samples, so that they cost next to nothing:
 *
 *   level     x + g, one g for all
 *   room      e^x + a r, r the exponentially decaying energy of earlier frames (the diffuse part of a reverberation)
 *   noise     log (e^x + e^v): energies of independent sounds add up.  v is a spectrum of random slope and shape, each of its
 *             values with the scatter that a short window sees of noise, all of a frame with a slow drift; or the
 *             frames of another example, from anywhere in it.  It is scaled to a signal-to-noise ratio against the mean energy of x;
 *             `emphasis` takes the front end's lift of high bands off first, so that the ratio is that of the samples.
 *
 * What falls below the floor of the energies becomes the floor, as in the front end. */
#include "acoustics.h"
#include <math.h>
#include <string.h>

#define NEPERS_PER_DB 0.2302585f        /* of energy */
#define FRAME_SECONDS 0.01f             /* decay times are meant for frames of 10 ms */
#define MIN_DECAY_TIME 0.2f
#define MAX_DECAY_TIME 0.8f             /* s for -60 dB */
#define MIN_TAIL -3.f                   /* log of reverberant to direct energy, at least and at most */
#define MAX_TAIL 0.f
#define MIN_SLOPE -3.f                  /* nepers from the lowest band to the highest: hum ... */
#define MAX_SLOPE 9.f                   /* ... to white noise after pre-emphasis */
#define N_BUMPS 3
#define SCATTER 0.5f
#define DRIFT_MEMORY 0.95f
#define BACKGROUND_DB 5                 /* another voice is so much fainter than a noise would be */
#define DRAWS 30                        /* of examples, until one is found in which there is nothing */

static gfloat
draw_between (RnnRng *rng, gfloat low, gfloat high)
{
  return low + (high - low) * rnn_rng_uniform (rng);
}

static gfloat
add_logs (gfloat a, gfloat b)
{
  gfloat max = MAX (a, b);

  return max + log1pf (expf (MIN (a, b) - max));
}

/* Logarithm of the mean over frames of their energy, without @emphasis. */
static gfloat
measure_level (const gfloat *frames, guint n, gint dim, gfloat emphasis)
{
  gdouble sum = 0;

  for (gsize i = 0; i < (gsize) n * dim; i++)
    sum += expf (frames[i] - emphasis * (i % dim) / dim);
  return (gfloat) log (sum / n + G_MINFLOAT);
}

static void
shift_level (gfloat shift, gfloat floor, gsize n, gfloat *x)
{
  for (gsize i = 0; i < n; i++)
    x[i] = x[i] > floor ? MAX (x[i] + shift, floor) : floor;
}

static void
reverberate (RnnRng *rng, guint n, gint dim, gfloat *frames)
{
  gfloat seconds = draw_between (rng, MIN_DECAY_TIME, MAX_DECAY_TIME), tail = expf (draw_between (rng, MIN_TAIL, MAX_TAIL));
  gfloat decay = powf (10, -6 * FRAME_SECONDS / seconds);
  g_autofree gfloat *room = g_new0 (gfloat, dim);

  for (guint t = 0; t < n; t++, frames += dim)
    for (gint c = 0; c < dim; c++) {
      gfloat direct = expf (frames[c]);

      frames[c] = logf (direct + tail * room[c]);
      room[c] = decay * room[c] + (1 - decay) * direct;
    }
}

/* spectrum[dim] in nepers, its level 0 */
static void
draw_spectrum (RnnRng *rng, gint dim, gfloat emphasis, gfloat *spectrum)
{
  gfloat slope = draw_between (rng, MIN_SLOPE, MAX_SLOPE), level;

  for (gint c = 0; c < dim; c++)
    spectrum[c] = slope * c / dim;
  for (gint b = 1; b <= N_BUMPS; b++) {
    gfloat size = rnn_rng_normal (rng) / b, phase = draw_between (rng, 0, 2 * (gfloat) G_PI);

    for (gint c = 0; c < dim; c++)
      spectrum[c] += size * cosf (phase + 2 * (gfloat) G_PI * b * c / dim);
  }
  level = measure_level (spectrum, 1, dim, emphasis);
  for (gint c = 0; c < dim; c++)
    spectrum[c] -= level;
}

static void
add_noise (RnnRng *rng, gfloat level, gfloat emphasis, guint n, gint dim, gfloat *frames)
{
  g_autofree gfloat *spectrum = g_new (gfloat, dim);
  gfloat unrest = rnn_rng_uniform (rng) * sqrtf (1 - DRIFT_MEMORY * DRIFT_MEMORY), drift = 0;

  draw_spectrum (rng, dim, emphasis, spectrum);
  for (guint t = 0; t < n; t++, frames += dim) {
    drift = DRIFT_MEMORY * drift + unrest * rnn_rng_normal (rng);
    for (gint c = 0; c < dim; c++)
      frames[c] = add_logs (frames[c], level + drift + spectrum[c] + SCATTER * rnn_rng_normal (rng));
  }
}

/* Targets of frames that are all 0: none of the tags, the first class. */
static gboolean
is_nothing (const RnnExample *example)
{
  gsize n = (gsize) example->n_frames * example->n_target, i = 0;

  while (i < n && example->targets[i] == 0)
    i++;
  return i == n;
}

/* Another example.  Where frames have targets, one in which there is nothing to be found, if a few draws find such a one. */
static const RnnExample *
draw_background (RnnRng *rng, RnnDataset *dataset)
{
  const RnnExample *other = RNN_EXAMPLE (dataset, rnn_rng_below (rng, dataset->examples->len));

  for (guint i = 1; i < DRAWS && other->targets && !is_nothing (other); i++)
    other = RNN_EXAMPLE (dataset, rnn_rng_below (rng, dataset->examples->len));
  return other;
}

static void
add_background (RnnRng *rng, RnnDataset *dataset, gfloat level, gfloat emphasis, guint n, gint dim, gfloat *frames)
{
  const RnnExample *other = draw_background (rng, dataset);
  RnnBuffer room = { NULL, 0 };
  const gfloat *background;
  guint start;
  gfloat shift;

  if (other->n_frames == 0)
    return;
  start = rnn_rng_below (rng, other->n_frames);
  background = rnn_dataset_read (dataset, other, &room);
  if (!other->targets || !is_nothing (other))
    level -= BACKGROUND_DB * NEPERS_PER_DB;
  shift = level - measure_level (background, other->n_frames, dim, emphasis);
  for (guint t = 0; t < n; t++, frames += dim)
    for (gint c = 0; c < dim; c++)
      frames[c] = add_logs (frames[c], background[(gsize) ((start + t) % other->n_frames) * dim + c] + shift);
  rnn_buffer_clear (&room);
}

void
rnn_acoustics_apply (const RnnTrainConfig *config, RnnRng *rng, RnnDataset *dataset, gfloat floor, guint n, gint dim,
    gfloat *frames)
{
  if (n == 0)
    return;
  if (rnn_rng_uniform (rng) < config->reverb)
    reverberate (rng, n, dim, frames);
  if (rnn_rng_uniform (rng) < config->noise_prob) {
    gfloat snr = draw_between (rng, config->snr_low, config->snr_high), level = measure_level (frames, n, dim, config->emphasis);

    if (rnn_rng_uniform (rng) < config->babble)
      add_background (rng, dataset, level - snr * NEPERS_PER_DB, config->emphasis, n, dim, frames);
    else
      add_noise (rng, level - snr * NEPERS_PER_DB, config->emphasis, n, dim, frames);
  }
  if (config->level > 0)
    shift_level (NEPERS_PER_DB * draw_between (rng, -config->level, config->level), floor, (gsize) n * dim, frames);
}
