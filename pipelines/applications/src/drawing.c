/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawing (Graves 2013; Ha & Eck 2017): the next stroke of a pen that writes digits, one to many; what it draws by itself.
 *
 * FILE: the folder of pendigits.tra and pendigits.tes (handwriting.c). */
#include "pen.h"
#include "outputs/strokes.h"
#include "session/session.h"
#include "train/dataset.h"
#include <string.h>

#define MOST 4                  /* digits of a string */
#define STRINGS 1500            /* of an epoch, each time others */
#define TESTED 500
#define DRAWN 10
#define LONGEST 100             /* strokes of a drawing */
#define TEMPERATURE 0.3

/* ---- strings as strokes ---- */

/* The points of a string after its first one, and its end -> strokes[n][RNN_STROKE], y downwards; returns n. */
static guint
to_strokes (const gfloat *steps, guint points, gfloat *strokes)
{
  memset (strokes, 0, points * RNN_STROKE * sizeof (gfloat));
  for (guint i = 1; i < points; i++) {
    gfloat *s = strokes + (i - 1) * RNN_STROKE;

    s[0] = steps[i * RNN_PEN_SIZE];
    s[1] = -steps[i * RNN_PEN_SIZE + 1];
    s[i + 1 < points && steps[(i + 1) * RNN_PEN_SIZE + 2] > 0 ? 3 : 2] = 1;
  }
  strokes[points * RNN_STROKE - 1] = 1;
  return points;
}

/* A stroke is told from the one before; before the first is nothing, with the pen down. */
static void
add_string (RnnDataset *dataset, const GArray *digits, gboolean vary, RnnRng *rng)
{
  guint n = 1 + rnn_rng_below (rng, MOST), steps;
  PenDigit chosen[MOST];
  gfloat points[MOST * RNN_PEN_POINTS * RNN_PEN_SIZE], strokes[(1 + MOST * RNN_PEN_POINTS) * RNN_STROKE] = { 0, 0, 1 };

  for (guint d = 0; d < n; d++) {
    const PenDigit *digit = &g_array_index (digits, PenDigit, rnn_rng_below (rng, digits->len));

    chosen[d] = vary ? pen_vary (digit, rng) : *digit;
  }
  pen_write (chosen, n, rng, points);
  steps = to_strokes (points, n * RNN_PEN_POINTS, strokes + RNN_STROKE);
  rnn_dataset_add_series (dataset, strokes, steps, strokes + RNN_STROKE, RNN_STROKE);
}

typedef struct {
  GArray *digits;
  gboolean vary;
  guint n;
} Source;

static void
refresh (RnnDataset *dataset, guint64 seed, gpointer data)
{
  const Source *source = data;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 51);
  rnn_dataset_empty (dataset);
  for (guint i = 0; i < source->n; i++)
    add_string (dataset, source->digits, source->vary, &rng);
}

static RnnDataset *
make_dataset (const Source *source, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (RNN_STROKE);

  refresh (dataset, seed, (gpointer) source);
  return dataset;
}

/* ---- drawing ---- */

static gboolean
draw (Table *table, RnnModel *model, guint number, guint64 seed, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error);
  g_autofree gfloat *y = g_new (gfloat, rnn_model_get_n_out (model));
  gfloat stroke[RNN_STROKE] = { 0, 0, 1 }, at[2] = { 0 };
  RnnRng rng;

  if (!session)
    return FALSE;
  rnn_rng_seed (&rng, seed, 52);
  table_row (table, "%u\t0\t0", number);
  for (guint i = 0; i < LONGEST && stroke[4] <= 0; i++) {
    if (stroke[3] > 0)          /* no line leads there */
      table_row (table, "%u\tnan\tnan", number);
    rnn_session_run (session, 1, stroke, y);
    rnn_strokes_draw (rnn_model_get_output (model), y, TEMPERATURE, &rng, stroke);
    at[0] += stroke[0];
    at[1] += stroke[1];
    if (stroke[4] <= 0)
      table_row (table, "%u\t%.3f\t%.3f", number, (gdouble) at[0], (gdouble) at[1]);
  }
  return TRUE;
}

static gboolean
draw_all (const Setting *setting, RnnModel *model, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "drawing", "drawing\tx\ty", error);
  gboolean ok = table != NULL;

  for (guint i = 0; ok && i < DRAWN; i++)
    ok = draw (table, model, i, (guint64) setting->seed + i, error);
  return ok;
}

/* ---- learning ---- */

static gboolean
learn (const Setting *setting, const Source *known, const Source *unseen, GError **error)
{
  RnnDataset *train = make_dataset (known, (guint64) setting->seed), *test = make_dataset (unseen, 1000000);
  gdouble loss, before, after;
  FitResult result;
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "drawing", NULL, NULL, error);
  gboolean ok;

  fit.refresh = refresh;
  fit.data = (gpointer) known;
  ok = model && fit_evaluate (&fit, model, test, &loss, &before, error) && fit_run (&fit, model, train, NULL, &result, error)
      && fit_evaluate (&fit, model, test, &loss, &after, error) && draw_all (setting, model, error) && fit_save (setting, model, error);
  if (ok)
    report (setting, "drawing", json_pack ("{sfsfsf}", "nats_untrained", before, "nats", after, "minutes", result.seconds / 60));
  rnn_dataset_free (train);
  rnn_dataset_free (test);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autofree gchar *tra = g_build_filename (setting->file, "pendigits.tra", NULL);
  g_autofree gchar *tes = g_build_filename (setting->file, "pendigits.tes", NULL);
  g_autoptr (GArray) known = pen_read (tra, error), unseen = known ? pen_read (tes, error) : NULL;

  return unseen && learn (setting, &(Source) { known, TRUE, setting->smoke ? 100 : STRINGS },
      &(Source) { unseen, FALSE, setting->smoke ? 20 : TESTED }, error);
}

const Experiment application_drawing = { "drawing", "strokes of a pen that writes digits", TRUE, run };
