/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Echo state networks that continue the Mackey-Glass series (Jaeger & Haas 2004): 1000 units hear the series while
 * their readout is fitted by ridge regression, then their own prediction; NRMSE of the 84th step by themselves, over
 * 100 continuations of a stretch that was not trained on.  As there, several networks that hear the mean of what they
 * say are better than one. */
#include "mackey.h"
#include "fit.h"
#include "train/ridge.h"
#include <math.h>

#define HORIZON 84
#define FORKS 100
#define MAX_NETWORKS 5
#define LAMBDA 1e-11            /* about what float32 states are blurred by */
#define GAP 100                 /* steps from one continuation to the next */

typedef struct {
  gint units;
  guint n_train, washout, networks;
} Size;

/* Runs the series past @session from a fresh state; at every GAP steps stream i of @forks goes on from there. */
static void
fork_streams (RnnSession *session, RnnSession *forks, const gfloat *series, guint washout)
{
  g_autofree gfloat *state = g_new (gfloat, rnn_session_get_state_size (session));
  g_autofree gfloat *y = g_new (gfloat, MAX (washout, GAP));

  rnn_session_reset (session, -1);
  rnn_session_run (session, washout, series, y);
  for (guint i = 0; i < FORKS; i++) {
    rnn_session_get_state (session, 0, state);
    rnn_session_set_state (forks, i, state);
    rnn_session_run (session, GAP, series + washout + i * GAP, y);
  }
}

/* All sessions hear the mean of what they say.  squares[h]: sum over continuations of the squared error h + 1 steps
 * after the last true value. */
static void
continue_streams (RnnSession **forks, guint n, const gfloat *series, guint washout, gdouble *squares)
{
  gfloat x[FORKS], y[FORKS];

  for (guint i = 0; i < FORKS; i++)
    x[i] = series[washout + i * GAP];
  for (guint h = 0; h < HORIZON; h++) {
    gdouble mean[FORKS] = { 0 };

    for (guint k = 0; k < n; k++) {
      rnn_session_run (forks[k], 1, x, y);
      for (guint i = 0; i < FORKS; i++)
        mean[i] += y[i] / (gdouble) n;
    }
    squares[h] = 0;
    for (guint i = 0; i < FORKS; i++) {
      gdouble e = mean[i] - series[washout + i * GAP + h + 1];

      squares[h] += e * e;
      x[i] = (gfloat) mean[i];
    }
  }
}

static RnnModel *
train_network (const Size *size, const gfloat *series, guint64 seed, GError **error)
{
  g_autoptr (RnnModel) model = model_new (1, seed, error, "[{'cell': 'esn', 'hidden': %d, 'leak': 0.44,"
      "'spectral_radius': 1.4, 'input_scale': 1}, {'cell': 'dense', 'units': 1}]", size->units);
  RnnDataset *dataset = rnn_dataset_new (1);
  gboolean ok;

  rnn_dataset_add_series (dataset, series, size->n_train, series + 1, 1);
  if (model)
    rnn_model_pack (model, FALSE);
  ok = model && rnn_ridge_fit (model, dataset, size->washout, LAMBDA, error);
  rnn_dataset_free (dataset);
  return ok ? g_steal_pointer (&model) : NULL;
}

static gdouble
variance (const gfloat *series, guint n)
{
  gdouble sum = 0, squares = 0;

  for (guint t = 0; t < n; t++) {
    sum += series[t];
    squares += (gdouble) series[t] * series[t];
  }
  return squares / n - sum / n * sum / n;
}

static gfloat *
make_series (guint n, guint64 seed)
{
  g_autofree gdouble *exact = g_new (gdouble, n);
  gfloat *series = g_new (gfloat, n);

  mackey_glass (n, seed, exact);
  for (guint t = 0; t < n; t++)
    series[t] = (gfloat) exact[t];
  return series;
}

typedef struct {
  Size size;
  gfloat *known, *unseen;
  gdouble scale;                /* of a sum of squares */
  RnnSession *one[MAX_NETWORKS], *forks[MAX_NETWORKS];
} Trial;

static gboolean
add_network (Trial *t, guint k, guint64 seed, GError **error)
{
  g_autoptr (RnnModel) model = train_network (&t->size, t->known, seed, error);

  return model && (t->one[k] = rnn_session_new (model, 1, 64, RNN_PRECISION_F32, error))
      && (t->forks[k] = rnn_session_new (model, FORKS, 1, RNN_PRECISION_F32, error));
}

/* Networks [first, first + n) together. */
static void
measure (Trial *t, guint first, guint n, const gchar *name, Table *table)
{
  gdouble squares[HORIZON];

  for (guint k = first; k < first + n; k++)
    fork_streams (t->one[k], t->forks[k], t->unseen, t->size.washout);
  continue_streams (t->forks + first, n, t->unseen, t->size.washout, squares);
  for (guint h = 0; h < HORIZON; h++)
    table_row (table, "%s\t%u\t%.3e\t%.2f", name, h + 1, sqrt (squares[h] / t->scale),
        0.5 * log10 (squares[h] / t->scale));
}

static gboolean
run_trial (Trial *t, const Setting *setting, Table *table, GError **error)
{
  for (guint k = 0; k < t->size.networks; k++) {
    g_autofree gchar *name = g_strdup_printf ("%u", k + 1);

    if (!add_network (t, k, setting->seed + k, error))
      return FALSE;
    measure (t, k, 1, name, table);
  }
  measure (t, 0, t->size.networks, "mean", table);
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  Trial t = {.size = setting->smoke ? (Size) { 100, 1000, 200, 2 } : (Size) { 1000, 3000, 1000, MAX_NETWORKS } };
  guint n_test = t.size.washout + FORKS * GAP + HORIZON + 1;
  g_autoptr (Table) table = table_new (setting, "mackey-glass", "network\tsteps_ahead\tnrmse\tlog10_nrmse", error);
  gboolean ok;

  t.known = make_series (t.size.n_train + 1, 1);
  t.unseen = make_series (n_test, 2);
  t.scale = FORKS * variance (t.unseen, n_test);
  ok = table && run_trial (&t, setting, table, error);
  for (guint k = 0; k < t.size.networks; k++) {
    g_clear_pointer (&t.one[k], rnn_session_free);
    g_clear_pointer (&t.forks[k], rnn_session_free);
  }
  g_free (t.known);
  g_free (t.unseen);
  return ok;
}

const Experiment experiment_mackey_glass = { "mackey-glass", "an echo state network continues a chaotic series", FALSE,
  run };
