/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Teacher forcing (Williams & Zipser 1989) against training on the model's own outputs, and the way between them,
 * scheduled sampling (Bengio et al. 2015): a GRU that continues the Mackey-Glass series.  Trained to say the next
 * value; measured by the error when it goes on by itself for 1 to 84 steps. */
#include "mackey.h"
#include "fit.h"
#include "train/optimizer.h"
#include "train/unroll.h"
#include <math.h>

#define WARM_UP 100             /* steps of the true series before the model may hear itself */
#define LONGEST 84
#define STREAMS 16

typedef struct {
  const gchar *name;
  gfloat first, last;           /* probability of an own input, at the start and at the end of training */
} Regime;

static const Regime regimes[] = { { "teacher-forcing", 0, 0 }, { "scheduled", 0, 1 }, { "free-running", 1, 1 } };

/* Each stream its own stretch of the series: truth[t + 1] is what to say after x[t]. */
static void
choose_stretches (RnnUnroll *r, const gdouble *series, guint n, RnnRng *rng, gfloat *truth)
{
  for (guint b = 0; b < r->B; b++) {
    guint first = rnn_rng_below (rng, n - r->T - 1);

    for (guint t = 0; t <= r->T; t++)
      truth[t * r->B + b] = (gfloat) series[first + t];
    for (guint t = 0; t < r->T; t++)
      r->x[t * r->B + b] = truth[t * r->B + b];
  }
}

/* Mean squared error after the warm-up; d error/d y -> dy */
static gdouble
score (RnnUnroll *r, const gfloat *truth)
{
  gdouble sum = 0;
  gsize n = (gsize) (r->T - WARM_UP) * r->B;

  for (gsize i = 0; i < (gsize) r->T * r->B; i++) {
    gfloat e = i < (gsize) WARM_UP * r->B ? 0 : r->y[i] - truth[i + r->B];

    r->dy[i] = 2 * e / n;
    sum += e * e;
  }
  return sum / n;
}

static void
train (RnnModel *model, const Regime *regime, const RnnTrainConfig *config, const gdouble *series, guint n)
{
  RnnUnroll r;
  RnnOptimizer optimizer;
  RnnRng rng;
  g_autofree gfloat *truth = g_new (gfloat, (WARM_UP + LONGEST + 1) * STREAMS);
  gsize n_params = rnn_model_get_n_params (model);

  rnn_unroll_init (&r, model, WARM_UP + LONGEST, STREAMS);
  rnn_optimizer_init (&optimizer, config, n_params);
  rnn_rng_seed (&rng, config->seed, 1);
  for (gint update = 0; update < config->epochs; update++) {
    gfloat own = regime->first + (regime->last - regime->first) * update / config->epochs;

    choose_stretches (&r, series, n, &rng, truth);
    for (guint t = WARM_UP + 1; t < r.T; t++)
      r.own[t] = rnn_rng_uniform (&rng) < own;
    rnn_unroll_forward (&r);
    score (&r, truth);
    rnn_unroll_backward (&r);
    rnn_clip_norm (n_params, r.grad, config->clip_norm);
    rnn_optimizer_step (&optimizer, rnn_model_get_params (model), r.grad,
        rnn_schedule_get (config, update, config->epochs));
    rnn_model_pack (model, TRUE);
  }
  rnn_optimizer_clear (&optimizer);
  rnn_unroll_clear (&r);
}

static gdouble
deviation (const gdouble *series, guint n)
{
  gdouble sum = 0, squares = 0;

  for (guint t = 0; t < n; t++) {
    sum += series[t];
    squares += series[t] * series[t];
  }
  return sqrt (squares / n - sum / n * sum / n);
}

/* nrmse[h]: of the step h + 1 steps after the last true one */
static void
measure (RnnModel *model, const gdouble *series, guint n, gdouble *nrmse)
{
  const guint streams = 100;
  RnnUnroll r;
  RnnRng rng;
  g_autofree gfloat *truth = g_new (gfloat, (WARM_UP + LONGEST + 1) * streams);

  rnn_unroll_init (&r, model, WARM_UP + LONGEST, streams);
  rnn_rng_seed (&rng, 84, 0);
  choose_stretches (&r, series, n, &rng, truth);
  for (guint t = WARM_UP + 1; t < r.T; t++)
    r.own[t] = TRUE;
  rnn_unroll_forward (&r);
  for (guint h = 0; h < LONGEST; h++) {
    gdouble sum = 0;

    for (guint i = (WARM_UP + h) * streams; i < (WARM_UP + h + 1) * streams; i++)
      sum += (r.y[i] - truth[i + streams]) * (r.y[i] - truth[i + streams]);
    nrmse[h] = sqrt (sum / streams) / deviation (series, n);
  }
  rnn_unroll_clear (&r);
}

static gboolean
run (const Setting *setting, GError **error)
{
  const guint n = 3000;
  g_autoptr (Table) table = table_new (setting, "free-running", "training\tsteps_ahead\tnrmse", error);
  g_autofree gdouble *known = g_new (gdouble, n), *unseen = g_new (gdouble, n);
  Fit fit;

  mackey_glass (n, 1, known);
  mackey_glass (n, 2, unseen);
  fit_init (&fit, setting, RNN_LOSS_MSE);
  fit.config.epochs = setting->smoke ? 2 : 1500;        /* updates */
  fit.config.schedule = RNN_SCHEDULE_COSINE;
  fit.config.learning_rate = 0.005f;
  for (guint i = 0; table && i < G_N_ELEMENTS (regimes); i++) {
    g_autoptr (RnnModel) model = model_new (1, setting->seed, error, "[{'cell': 'gru', 'hidden': 32},"
        "{'cell': 'dense', 'units': 1}]");
    gdouble nrmse[LONGEST];

    if (!model)
      return FALSE;
    rnn_model_pack (model, TRUE);
    train (model, &regimes[i], &fit.config, known, n);
    measure (model, unseen, n, nrmse);
    for (guint h = 0; h < LONGEST; h++)
      table_row (table, "%s\t%u\t%.5f", regimes[i].name, h + 1, nrmse[h]);
  }
  return table != NULL;
}

const Experiment experiment_free_running = { "free-running", "teacher forcing against training on own outputs", FALSE,
  run };
