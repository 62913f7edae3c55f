/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Examples to a model's input: augment -> join -> acoustics -> normalise -> mask -> stack, each example or stretch by
 * itself, then all padded to the longest, with their last step as rnninfer pads a stream that ends, and interleaved as [T][B][n_in]. */
#include "batch.h"
#include "acoustics.h"
#include "augment.h"
#include <math.h>
#include <string.h>

#define ALIGNMENT 64            /* bytes: a cache line */

gfloat *
rnn_buffer_need (RnnBuffer *buffer, gsize n)
{
  if (n > buffer->size || !buffer->data) {
    rnn_buffer_clear (buffer);
    buffer->size = MAX (n, 1) + n / 4;
    buffer->data = g_aligned_alloc (buffer->size, sizeof (gfloat), ALIGNMENT);
  }
  return buffer->data;
}

void
rnn_buffer_clear (RnnBuffer *buffer)
{
  g_aligned_free (buffer->data);
  buffer->data = NULL;
  buffer->size = 0;
}

void
rnn_framing_init (RnnFraming *framing, RnnModel *model, gint n_feature)
{
  const RnnFeatureConfig *features = &rnn_model_get_input (model)->features;
  const gfloat *mean = rnn_model_get_input_mean (model), *std = rnn_model_get_input_std (model);

  framing->n_feature = n_feature;
  framing->n_in = rnn_model_get_n_in (model);
  framing->stack = features->stack;
  framing->stride = features->stride;
  framing->latency = rnn_model_get_latency (model);
  framing->floor = rnn_model_get_features (model) && features->use_log && features->pcen == RNN_PCEN_NONE &&
      features->type == RNN_FEATURES_FBANK ? logf (features->log_floor) : NAN;
  framing->norm = *features;
  framing->mean = framing->std = NULL;
  if (mean && std && n_feature == rnn_model_get_input (model)->n_frame) {
    framing->mean = g_memdup2 (mean, n_feature * sizeof (gfloat));
    framing->std = g_memdup2 (std, n_feature * sizeof (gfloat));
  } else if (features->cmvn == RNN_CMVN_GLOBAL) {
    framing->norm.cmvn = RNN_CMVN_NONE;         /* nobody knows them yet */
  }
}

void
rnn_framing_clear (RnnFraming *framing)
{
  g_clear_pointer (&framing->mean, g_free);
  g_clear_pointer (&framing->std, g_free);
}

static void
normalise (RnnBatch *batch, const RnnFraming *framing, guint n, gfloat *frames)
{
  if (!batch->cmvn)
    batch->cmvn = rnn_cmvn_new (&framing->norm, framing->n_feature, framing->mean, framing->std, NULL);
  rnn_cmvn_reset (batch->cmvn);
  for (guint t = 0; t < n; t++)
    rnn_cmvn_apply (batch->cmvn, frames + (gsize) t * framing->n_feature);
}

static gsize
max_steps (const RnnFraming *framing, gsize n)
{
  return n < (gsize) framing->stack ? 0 : (n - framing->stack) / framing->stride + 1;
}

/* Most frames that an example can become. */
static gsize
max_frames (RnnDataset *dataset, const RnnExample *example, const RnnTrainConfig *augment)
{
  gsize n = 0;

  if (!augment)
    return example->n_frames;
  if (!example->n_parts)
    return rnn_augment_max_frames (augment, example->n_frames);
  for (guint i = 0; i < example->n_parts; i++) {
    const RnnExample *part = RNN_EXAMPLE (dataset->source, example->parts[i].example);

    n += example->parts[i].pause + rnn_augment_max_frames (augment, part->n_frames);
  }
  return n;
}

/* pause[n][dim]: silence, or the quietest of each channel in the frames[n_frames] that follow */
static void
fill_pause (const RnnFraming *framing, RnnRng *rng, guint n, const gfloat *frames, guint n_frames, gfloat *pause)
{
  gint dim = framing->n_feature;
  gboolean silent = !isnan (framing->floor) && rnn_rng_below (rng, 2) == 0;

  for (gint c = 0; n > 0 && c < dim; c++) {
    pause[c] = silent ? framing->floor : INFINITY;
    for (guint t = 0; !silent && t < n_frames; t++)
      pause[c] = MIN (pause[c], frames[(gsize) t * dim + c]);
  }
  for (guint t = 1; t < n; t++)
    memcpy (pause + (gsize) t * dim, pause, dim * sizeof (gfloat));
}

/* The parts of a stretch, each varied by itself, with their pauses -> frames; returns how many */
static guint
join_parts (RnnBatch *batch, const RnnFraming *framing, RnnDataset *source, const RnnExample *stretch, const RnnTrainConfig *augment,
    RnnRng *rng, gfloat *frames)
{
  gsize dim = framing->n_feature;
  guint n = 0;

  for (guint i = 0; i < stretch->n_parts; i++) {
    const RnnExample *part = RNN_EXAMPLE (source, stretch->parts[i].example);
    gfloat *pause = frames + n * dim, *speech = pause + stretch->parts[i].pause * dim;
    guint n_speech = 0;

    if (part->n_frames)
      n_speech = rnn_augment_frames (augment, rng, rnn_dataset_read (source, part, &batch->stored), part->n_frames,
          (gint) dim, part->targets != NULL, speech);
    fill_pause (framing, rng, stretch->parts[i].pause, speech, n_speech, pause);
    n += stretch->parts[i].pause + n_speech;
  }
  return n;
}

/* The varied frames of an example or a stretch; returns how many */
static guint
vary (RnnBatch *batch, const RnnFraming *framing, RnnDataset *dataset, const RnnExample *example,
    const RnnTrainConfig *augment, RnnRng *rng, gfloat *frames)
{
  gint dim = framing->n_feature;
  guint n = example->n_parts ? join_parts (batch, framing, dataset->source, example, augment, rng, frames) :
      rnn_augment_frames (augment, rng, rnn_dataset_read (dataset, example, &batch->stored), example->n_frames, dim, example->targets != NULL, frames);

  if (!isnan (framing->floor))
    rnn_acoustics_apply (augment, rng, dataset->source ? dataset->source : dataset, framing->floor, n, dim, frames);
  return n;
}

/* One example -> out[steps][n_in]; returns steps. */
static guint
build_example (RnnBatch *batch, const RnnFraming *framing, RnnDataset *dataset, const RnnExample *example,
    const RnnTrainConfig *augment, guint64 seed, gfloat *out)
{
  gint dim = framing->n_feature;
  guint n = example->n_frames;
  gfloat *frames = rnn_buffer_need (&batch->frames, max_frames (dataset, example, augment) * dim);
  RnnRng rng;

  if (n == 0)
    return 0;
  rnn_rng_seed (&rng, seed, 0);
  if (augment)
    n = vary (batch, framing, dataset, example, augment, &rng, frames);
  else
    memcpy (frames, rnn_dataset_read (dataset, example, &batch->stored), (gsize) n * dim * sizeof (gfloat));
  normalise (batch, framing, n, frames);
  if (augment)
    rnn_augment_mask (augment, &rng, n, dim, frames);
  return rnn_stack_frames (frames, n, dim, framing->stack, framing->stride, out);
}

/* stacked: the examples one after the other -> x[T][B][n_in] */
static void
pad (RnnBatch *batch, const RnnFraming *framing, const gfloat *stacked)
{
  gsize n_in = framing->n_in;

  for (gint b = 0; b < batch->B; b++)
    for (gint t = 0; t < batch->T; t++) {
      gfloat *row = batch->x + ((gsize) t * batch->B + b) * n_in;

      if (t < batch->steps[b]) {
        memcpy (row, stacked, n_in * sizeof (gfloat));
        stacked += n_in;
      } else if (batch->steps[b] > 0) {
        memcpy (row, stacked - n_in, n_in * sizeof (gfloat));
      } else {
        memset (row, 0, n_in * sizeof (gfloat));
      }
    }
}

void
rnn_batch_build (RnnBatch *batch, const RnnFraming *framing, RnnDataset *dataset, const guint32 *examples, gint B,
    const RnnTrainConfig *augment, guint64 seed)
{
  gsize room = 0, used = 0;

  if (B > batch->capacity) {
    batch->steps = g_renew (gint, batch->steps, B);
    batch->capacity = B;
  }
  for (gint b = 0; b < B; b++) {
    gsize n = max_frames (dataset, RNN_EXAMPLE (dataset, examples[b]), augment);

    room += (gsize) max_steps (framing, n) * framing->n_in;
  }
  rnn_buffer_need (&batch->stacked, room);

  batch->B = B;
  batch->T = 0;
  for (gint b = 0; b < B; b++) {
    batch->steps[b] = build_example (batch, framing, dataset, RNN_EXAMPLE (dataset, examples[b]), augment,
        rnn_mix_seed (seed, examples[b], 0), batch->stacked.data + used);
    used += (gsize) batch->steps[b] * framing->n_in;
    batch->T = MAX (batch->T, batch->steps[b]);
  }
  batch->T += framing->latency;
  batch->x = rnn_buffer_need (&batch->padded, (gsize) batch->T * B * framing->n_in);
  pad (batch, framing, batch->stacked.data);
}

void
rnn_batch_clear (RnnBatch *batch)
{
  g_clear_pointer (&batch->steps, g_free);
  rnn_buffer_clear (&batch->padded);
  rnn_buffer_clear (&batch->frames);
  rnn_buffer_clear (&batch->stacked);
  rnn_buffer_clear (&batch->stored);
  g_clear_pointer (&batch->cmvn, rnn_cmvn_free);
  batch->capacity = 0;
}
