/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Broadcast monitoring: what is wrong with the picture, frame by frame, and that a network which sees one frame at a time cannot say.
 *
 * FILE: a folder of clips (broadcast.h). */
#include "broadcast.h"
#include "train/dataset.h"
#include <string.h>

#define STEPS 200               /* frames of an example */
#define DRAWN 400               /* frames of the picture */

typedef struct {
  GPtrArray *clips;
  gboolean vary;
  guint steps;                  /* of an example: 1 for who remembers nothing */
} Source;

/* Other broadcasts of the same length, in place. */
static void
refresh (RnnDataset *dataset, guint64 seed, gpointer data)
{
  const Source *source = data;
  guint n = rnn_dataset_get_n (dataset), together = STEPS / source->steps;
  g_autofree gfloat *steps = g_new (gfloat, STEPS * BROADCAST_SIZE), *targets = g_new (gfloat, STEPS);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 21);
  for (guint i = 0; i < n; i++) {
    RnnExample *e = RNN_EXAMPLE (dataset, i);
    guint part = i % together;

    if (part == 0)
      broadcast_make (source->clips, STEPS, source->vary, &rng, steps, targets);
    memcpy (e->frames, steps + (gsize) part * source->steps * BROADCAST_SIZE, source->steps * BROADCAST_SIZE * sizeof (gfloat));
    memcpy (e->targets, targets + part * source->steps, source->steps * sizeof (gfloat));
  }
}

static RnnDataset *
make_dataset (const Source *source, guint n, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (BROADCAST_SIZE);
  g_autofree gfloat *zeros = g_new0 (gfloat, (gsize) source->steps * BROADCAST_SIZE);

  for (guint i = 0; i < n * (STEPS / source->steps); i++)
    rnn_dataset_add_series (dataset, zeros, source->steps, zeros, 1);
  refresh (dataset, seed, (gpointer) source);
  return dataset;
}

/* ---- measuring ---- */

typedef struct {
  guint frames[BROADCAST_N], right[BROADCAST_N];
} Score;

static void
add_example (RnnModel *model, const RnnExample *e, Score *score, Table *table, guint *drawn)
{
  g_autofree gfloat *y = fit_answer (model, e->frames, e->n_frames);

  for (guint t = 0; t < e->n_frames; t++) {
    const gfloat *scores = y + (gsize) t * BROADCAST_N;
    gint truth = (gint) e->targets[t], best = 0;

    for (gint k = 1; k < BROADCAST_N; k++)
      best = scores[k] > scores[best] ? k : best;
    score->frames[truth]++;
    score->right[truth] += best == truth;
    if (table && *drawn < DRAWN)
      table_row (table, "%u\t%d\t%d", (*drawn)++, truth, best);
  }
}

static void
tell (RnnModel *model, RnnDataset *test, const gchar *how, Table *table, json_t *figures)
{
  const gchar *const *names = rnn_model_get_tokens (model);
  guint frames = 0, right = 0, drawn = 0;
  g_autofree gchar *all = g_strconcat (how, "frames_right", NULL);
  Score score = { { 0 }, { 0 } };

  for (guint i = 0; i < rnn_dataset_get_n (test); i++)
    add_example (model, RNN_EXAMPLE (test, i), &score, table, &drawn);
  for (gint k = 0; k < BROADCAST_N; k++) {
    g_autofree gchar *key = g_strdup_printf ("%s%s_right", how, names[k]);

    frames += score.frames[k];
    right += score.right[k];
    json_object_set_new (figures, key, json_real (100.0 * score.right[k] / MAX (score.frames[k], 1)));
  }
  json_object_set_new (figures, all, json_real (100.0 * right / frames));
}

/* ---- learning ---- */

static gboolean
learn (const Setting *setting, const Source *train, const Source *test, Table *table, json_t *figures, GError **error)
{
  const gchar *how = train->steps == 1 ? "without_state_" : "";
  guint n = setting->smoke ? 24 : 100;
  RnnDataset *known = make_dataset (train, n, (guint64) setting->seed);
  RnnDataset *unseen = make_dataset (test, setting->smoke ? 8 : 50, 1000000);
  FitResult result;
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "monitor", NULL, NULL, error);
  gboolean ok;

  fit.refresh = refresh;
  fit.data = (gpointer) train;
  if (setting->smoke) {
    fit.config.batch_size = 2;
    fit.config.epochs *= 6;
  }
  if (train->steps == 1) {      /* as many updates, of examples that are one step long */
    fit.config.batch_size *= 16;
    fit.config.epochs = (fit.config.epochs + 12) / 13;
  }
  ok = model && fit_run (&fit, model, known, NULL, &result, error) && (train->steps == 1 || fit_save (setting, model, error));
  if (ok) {
    g_autofree gchar *minutes = g_strconcat (how, "minutes", NULL);

    tell (model, unseen, how, table, figures);
    json_object_set_new (figures, minutes, json_real (result.seconds / 60));
  }
  rnn_dataset_free (known);
  rnn_dataset_free (unseen);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "monitor", "frame\ttruth\tsaid", error);
  g_autoptr (GPtrArray) train = table ? broadcast_read_clips (setting->file, FALSE, error) : NULL;
  g_autoptr (GPtrArray) test = train ? broadcast_read_clips (setting->file, TRUE, error) : NULL;
  json_t *figures = json_object ();
  gboolean ok = test && learn (setting, &(Source) { train, TRUE, STEPS }, &(Source) { test, FALSE, STEPS }, table, figures, error)
      && learn (setting, &(Source) { train, TRUE, 1 }, &(Source) { test, FALSE, 1 }, NULL, figures, error);

  if (ok)
    report (setting, "monitor", figures);
  else
    json_decref (figures);
  return ok;
}

const Experiment application_monitor = { "monitor", "faults of a broadcast, frame by frame", TRUE, run };
