/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far back a cell can learn to look: the adding problem over more and more steps, until it fails; and the norm of
 * d (last answer) / d (input of step t), before and after training, which shows why (Bengio, Simard & Frasconi
 * 1994). */
#include "adding.h"
#include "fit.h"
#include <math.h>
#include <string.h>

#define WIDTH 64
#define BATCH 16
#define EPOCHS 80               /* of 100 updates */
#define SOLVED 0.01             /* mean squared error */
#define GRADIENT_STEPS 200
#define GRADIENT_STREAMS 16

typedef struct {
  const Setting *setting;
  Table *results, *gradients;
  gfloat before[GRADIENT_STEPS], after[GRADIENT_STEPS];
} Memory;

/* norms[t]: of d y_{n-1} / d x_t, mean over streams */
static void
measure_gradient (RnnModel *model, guint n, gfloat *norms)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize B = GRADIENT_STREAMS, rows = n * B;
  g_autofree gfloat *x = g_new0 (gfloat, rows * root->n_in), *dx = g_new (gfloat, rows * root->n_in);
  g_autofree gfloat *y = g_new (gfloat, rows), *dy = g_new0 (gfloat, rows);
  g_autofree gfloat *state = g_new (gfloat, B * root->n_state), *entry = NULL;
  g_autofree gfloat *dstate = g_new0 (gfloat, B * root->n_state), *tape = g_new (gfloat, rows * root->n_tape);
  g_autofree gfloat *scratch = g_new (gfloat, rnn_cell_scratch_size (root, n, B));
  g_autofree gfloat *dparam = g_new0 (gfloat, rnn_model_get_n_params (model));
  RnnRun run = {
    .T = n, .B = B, .x = x, .y = y, .state = state, .state_stride = root->n_state, .tape = tape, .scratch = scratch,
  };
  RnnGrad grad = {.dy = dy,.dx = dx,.dstate = dstate,.dparam = dparam };
  RnnRng rng;

  rnn_rng_seed (&rng, 99, 0);
  for (gsize i = 0; i < rows; i++)
    x[root->n_in * i] = rnn_rng_uniform (&rng);
  for (gsize b = 0; b < B; b++) {
    rnn_cell_reset_state (root, state + b * root->n_state);
    dy[rows - 1 - b] = 1;
  }
  entry = g_memdup2 (state, B * root->n_state * sizeof (gfloat));
  root->klass->forward (root, &run);
  run.state = entry;
  root->klass->backward (root, &run, &grad);
  for (guint t = 0; t < n; t++) {
    gdouble sum = 0;

    for (gsize b = 0; b < B; b++)
      sum += hypot (dx[(t * B + b) * 2], dx[(t * B + b) * 2 + 1]);
    norms[t] = (gfloat) (sum / B);
  }
}

/* ---- IndRNN: units that sum over all steps ---- */

/* Calls @func for the parameter @name of every IndRNN. */
static void
foreach_indrnn (RnnCell *cell, const gchar *name, void (*func) (RnnParam *param, guint n_steps), guint n_steps)
{
  for (guint i = 0; i < cell->children->len; i++)
    foreach_indrnn (cell->children->pdata[i], name, func, n_steps);
  for (guint i = 0; !strcmp (cell->klass->name, "indrnn") && i < cell->params->len; i++) {
    RnnParam *param = cell->params->pdata[i];

    if (!strcmp (param->name, name))
      func (param, n_steps);
  }
}

/* |u| <= 2^(1/T): over T steps nothing more than doubles (Li et al. 2018). */
static void
bound_u (RnnParam *u, guint n_steps)
{
  gfloat most = powf (2, 1.0f / n_steps);

  for (gsize i = 0; i < u->size; i++)
    u->data[i] = CLAMP (u->data[i], -most, most);
}

static void
constrain (RnnModel *model, gpointer n_steps)
{
  foreach_indrnn (rnn_model_get_root (model), "u", bound_u, GPOINTER_TO_UINT (n_steps));
}

/* The sums start small: as means. */
static void
shrink (RnnParam *w, guint n_steps)
{
  for (gsize i = 0; i < w->size && w->dims[1] > 2; i++)
    w->data[i] *= 2.0f / n_steps;
}

/* ---- learning ---- */

static Fit
make_fit (const Setting *setting, const Subject *subject, guint n_steps)
{
  Fit fit;

  fit_init (&fit, setting, RNN_LOSS_MSE);
  fit.config.batch_size = BATCH;
  fit.config.epochs = setting->smoke ? 1 : EPOCHS;
  fit.config.learning_rate = subject->learning_rate;
  fit.seconds = setting->seconds;
  fit.refresh = adding_refresh;
  fit.constrain = constrain;
  fit.data = GUINT_TO_POINTER (n_steps);
  fit.good = 0.8 * SOLVED;
  return fit;
}

/* FALSE with @error unset: it did not learn to. */
static gboolean
learn (Memory *m, const Subject *subject, RnnModel *model, guint n_steps, GError **error)
{
  const Setting *s = m->setting;
  RnnDataset *train = adding_new (s->smoke ? 32 : 100 * BATCH, n_steps, s->seed);
  RnnDataset *dev = adding_new (s->smoke ? 32 : 500, n_steps, s->seed + 1000000);
  Fit fit = make_fit (s, subject, n_steps);
  FitResult result;
  gboolean ok = fit_run (&fit, model, train, dev, &result, error);

  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  if (ok)
    table_row (m->results, "%s\t%u\t%" G_GSIZE_FORMAT "\t%" G_GUINT64_FORMAT "\t%.0f\t%.5f\t%s", subject->name, n_steps,
        rnn_model_get_n_params (model), result.updates, result.seconds, result.best,
        result.best < SOLVED ? "yes" : "no");
  return ok && result.best < SOLVED;
}

static gboolean
test_subject (Memory *m, const Subject *subject, GError **error)
{
  static const guint lengths[] = { 50, 100, 200, 500, 1000 };
  g_autoptr (GError) failure = NULL;
  gboolean solved = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (lengths) && solved; i++) {
    g_autoptr (RnnModel) model = model_new (2, m->setting->seed, error, "%s", subject->layers);

    if (!model)
      return FALSE;
    foreach_indrnn (rnn_model_get_root (model), "weight_ih", shrink, lengths[i]);
    rnn_model_pack (model, TRUE);
    if (i == 0)
      measure_gradient (model, GRADIENT_STEPS, m->before);
    solved = learn (m, subject, model, lengths[i], &failure) && !m->setting->smoke;
    measure_gradient (model, GRADIENT_STEPS, m->after);
    if (failure) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  }
  for (guint t = 0; t < GRADIENT_STEPS; t += 4)
    table_row (m->gradients, "%s\t%u\t%.3e\t%.3e", subject->name, GRADIENT_STEPS - t, m->before[t], m->after[t]);
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (GPtrArray) subjects = subjects_new (setting, 2, setting->smoke ? 8 : WIDTH, TRUE);
  g_autoptr (Table) results = table_new (setting, "memory", "cell\tsteps\tparameters\tupdates\tcpu_seconds\tmse"
      "\tsolved", error);
  g_autoptr (Table) gradients = results ? table_new (setting, "memory-gradient", "cell\tsteps_ago\tbefore\tafter",
      error) : NULL;
  Memory m = { setting, results, gradients };

  if (!gradients)
    return FALSE;
  for (guint i = 0; i < subjects->len; i++)
    if (!test_subject (&m, subjects->pdata[i], error))
      return FALSE;
  return TRUE;
}

const Experiment experiment_memory = { "memory", "the adding problem over 50 to 1000 steps, for every cell", FALSE,
  run };
