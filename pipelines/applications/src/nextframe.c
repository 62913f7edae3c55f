/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes next on a picture: two moving digits, ten frames seen, ten to be told (Shi et al. 2015).
 *
 * The ConvLSTM sees ten frames and then darkness; from the tenth on each of its answers is the next frame that it does not see.  The
 * feed-forward network sees all ten frames as one step and answers ten.  A copy of the last frame is as sure of itself as such copies
 * were right in the training's sequences. */
#include "digits.h"
#include "similarity.h"
#include "train/dataset.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEEN 10
#define TOLD 10
#define FRAMES (SEEN + TOLD)
#define STEPS (FRAMES - 1)
#define TRAIN 64                /* sequences of an epoch, each time others */
#define TEST 100
#define TEST_SEED 1000000

enum { CONVLSTM, FEEDFORWARD, COPY, TELLERS };

static const gchar *const names[TELLERS] = { "convlstm", "feedforward", "copy" };
static const gchar *const recipes[COPY] = { "nextframe", "nextframe-feedforward" };

/* ---- examples ---- */

/* A step a frame; the last ones are dark, and every one but the last of all is to be told. */
static void
fill_steps (RnnExample *e, const gfloat *frames)
{
  memcpy (e->frames, frames, SEEN * DIGITS_PIXELS * sizeof (gfloat));
  memset (e->frames + SEEN * DIGITS_PIXELS, 0, (STEPS - SEEN) * DIGITS_PIXELS * sizeof (gfloat));
  memcpy (e->targets, frames + DIGITS_PIXELS, STEPS * DIGITS_PIXELS * sizeof (gfloat));
}

static void
fill_whole (RnnExample *e, const gfloat *frames)
{
  memcpy (e->frames, frames, SEEN * DIGITS_PIXELS * sizeof (gfloat));
  memcpy (e->targets, frames + SEEN * DIGITS_PIXELS, TOLD * DIGITS_PIXELS * sizeof (gfloat));
}

typedef struct {
  guint steps;
  gint width;                   /* of a step and its targets */
  void (*fill) (RnnExample *e, const gfloat *frames);
} Shape;

static const Shape shapes[COPY] = { { STEPS, DIGITS_PIXELS, fill_steps }, { 1, SEEN * DIGITS_PIXELS, fill_whole } };

/* Other sequences, in place. */
static void
refresh (RnnDataset *dataset, guint64 seed, gpointer data)
{
  g_autofree gfloat *frames = g_new (gfloat, FRAMES * DIGITS_PIXELS);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 31);
  for (guint i = 0; i < rnn_dataset_get_n (dataset); i++) {
    digits_move (&rng, FRAMES, frames);
    ((const Shape *) data)->fill (RNN_EXAMPLE (dataset, i), frames);
  }
}

static RnnDataset *
make_dataset (const Shape *shape, guint n, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (shape->width);
  g_autofree gfloat *zeros = g_new0 (gfloat, (gsize) shape->steps * shape->width);

  for (guint i = 0; i < n; i++)
    rnn_dataset_add_series (dataset, zeros, shape->steps, zeros, shape->width);
  refresh (dataset, seed, (gpointer) shape);
  return dataset;
}

/* ---- telling ---- */

typedef struct {
  RnnModel *models[COPY];
  gdouble wrong[TOLD];          /* of a copy's pixels, frames ahead */
} Tellers;

static gfloat
sigmoid (gfloat x)
{
  return 1 / (1 + expf (-x));
}

/* frames[SEEN] -> told[TOLD], probabilities. */
static void
tell_model (const Tellers *t, gint teller, const gfloat *frames, gfloat *told)
{
  const Shape *shape = &shapes[teller];
  g_autofree gfloat *x = g_new0 (gfloat, (gsize) shape->steps * shape->width), *y = NULL;

  memcpy (x, frames, SEEN * DIGITS_PIXELS * sizeof (gfloat));
  y = fit_answer (t->models[teller], x, shape->steps);
  for (gsize i = 0, first = teller == CONVLSTM ? (SEEN - 1) * DIGITS_PIXELS : 0; i < TOLD * DIGITS_PIXELS; i++)
    told[i] = sigmoid (y[first + i]);
}

static void
tell_copy (const gfloat *frames, gfloat *told)
{
  for (guint k = 0; k < TOLD; k++)
    memcpy (told + k * DIGITS_PIXELS, frames + (SEEN - 1) * DIGITS_PIXELS, DIGITS_PIXELS * sizeof (gfloat));
}

static void
tell (const Tellers *t, gint teller, const gfloat *frames, gfloat *told)
{
  if (teller == COPY)
    tell_copy (frames, told);
  else
    tell_model (t, teller, frames, told);
}

/* How far off copies are, in sequences that are not the test's. */
static void
learn_copy (Tellers *t, guint64 seed)
{
  g_autofree gfloat *frames = g_new (gfloat, FRAMES * DIGITS_PIXELS);
  const gfloat *last = frames + (SEEN - 1) * DIGITS_PIXELS;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 32);
  memset (t->wrong, 0, sizeof (t->wrong));
  for (guint n = 0; n < TEST; n++) {
    digits_move (&rng, FRAMES, frames);
    for (guint k = 0; k < TOLD; k++)
      for (guint i = 0; i < DIGITS_PIXELS; i++)
        t->wrong[k] += fabsf (frames[(SEEN + k) * DIGITS_PIXELS + i] - last[i]) / (TEST * DIGITS_PIXELS);
  }
}

/* ---- measuring ---- */

typedef struct {
  gdouble entropy[TOLD], similarity[TOLD];      /* sums over sequences */
} Score;

/* @wrong: how often a sure answer is not right */
static gdouble
cross_entropy (const gfloat *p, const gfloat *truth, gdouble wrong)
{
  gdouble sum = 0;

  for (guint i = 0; i < DIGITS_PIXELS; i++) {
    gdouble q = wrong + (1 - 2 * wrong) * p[i];

    sum -= truth[i] * log (q) + (1 - truth[i]) * log (1 - q);
  }
  return sum;
}

static void
judge (const gfloat *told, const gfloat *truth, const gdouble *wrong, Score *score)
{
  for (guint k = 0; k < TOLD; k++, told += DIGITS_PIXELS, truth += DIGITS_PIXELS) {
    score->entropy[k] += cross_entropy (told, truth, wrong ? wrong[k] : 1e-6);
    score->similarity[k] += similarity (told, truth, DIGITS_SIDE);
  }
}

/* A row of the strip: ten frames side by side. */
static void
add_row (FILE *strip, const gfloat *frames)
{
  for (guint y = 0; y < DIGITS_SIDE; y++)
    for (guint k = 0; k < TOLD; k++)
      for (guint x = 0; x < DIGITS_SIDE; x++)
        fputc ((gint) lrintf (255 * frames[k * DIGITS_PIXELS + y * DIGITS_SIDE + x]), strip);
}

static gboolean
measure (const Setting *setting, const Tellers *t, guint n, Score *scores, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->out, "nextframe.gray", NULL);
  g_autofree gfloat *frames = g_new (gfloat, FRAMES * DIGITS_PIXELS), *told = g_new (gfloat, TOLD * DIGITS_PIXELS);
  const gfloat *truth = frames + SEEN * DIGITS_PIXELS;
  FILE *strip = fopen (path, "wb");
  RnnRng rng;

  if (!strip) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be written", path);
    return FALSE;
  }
  rnn_rng_seed (&rng, TEST_SEED, 31);
  for (guint i = 0; i < n; i++) {
    digits_move (&rng, FRAMES, frames);
    if (i == 0) {
      add_row (strip, frames);
      add_row (strip, truth);
    }
    for (gint teller = 0; teller < TELLERS; teller++) {
      tell (t, teller, frames, told);
      judge (told, truth, teller == COPY ? t->wrong : NULL, &scores[teller]);
      if (i == 0)
        add_row (strip, told);
    }
  }
  fclose (strip);
  return TRUE;
}

static void
tabulate (Table *table, const Score *scores, guint n, json_t *figures)
{
  for (gint teller = 0; teller < TELLERS; teller++) {
    g_autofree gchar *entropy = g_strconcat (names[teller], "_cross_entropy", NULL);
    g_autofree gchar *alike = g_strconcat (names[teller], "_similarity", NULL);
    gdouble nats = 0, sum = 0;

    for (guint k = 0; k < TOLD; k++) {
      table_row (table, "%s\t%u\t%.1f\t%.4f", names[teller], k + 1, scores[teller].entropy[k] / n, scores[teller].similarity[k] / n);
      nats += scores[teller].entropy[k] / n;
      sum += scores[teller].similarity[k] / n;
    }
    json_object_set_new (figures, entropy, json_real (nats));
    json_object_set_new (figures, alike, json_real (sum / TOLD));
  }
}

static gboolean
learn (const Setting *setting, Tellers *t, gint teller, json_t *figures, GError **error)
{
  g_autofree gchar *minutes = g_strconcat (names[teller], "_minutes", NULL);
  RnnDataset *train = make_dataset (&shapes[teller], setting->smoke ? 8 : TRAIN, (guint64) setting->seed);
  FitResult result;
  Fit fit;
  gboolean ok;

  t->models[teller] = fit_recipe (&fit, setting, recipes[teller], NULL, NULL, error);
  fit.refresh = refresh;
  fit.data = (gpointer) &shapes[teller];
  ok = t->models[teller] && fit_run (&fit, t->models[teller], train, NULL, &result, error)
      && fit_save (setting, t->models[teller], error);
  if (ok)
    json_object_set_new (figures, minutes, json_real (result.seconds / 60));
  rnn_dataset_free (train);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "nextframe", "teller\tahead\tcross_entropy\tsimilarity", error);
  guint n = setting->smoke ? 4 : TEST;
  json_t *figures = json_object ();
  Tellers t = { { NULL }, { 0 } };
  Score scores[TELLERS] = { { { 0 }, { 0 } } };
  gboolean ok = table && learn (setting, &t, CONVLSTM, figures, error) && learn (setting, &t, FEEDFORWARD, figures, error);

  if (ok) {
    learn_copy (&t, (guint64) setting->seed);
    ok = measure (setting, &t, n, scores, error);
  }
  if (ok) {
    tabulate (table, scores, n, figures);
    report (setting, "nextframe", figures);
  } else {
    json_decref (figures);
  }
  for (gint teller = 0; teller < COPY; teller++)
    if (t.models[teller])
      rnn_model_unref (t.models[teller]);
  return ok;
}

const Experiment application_nextframe = { "nextframe", "the next frames of moving digits", FALSE, run };
