/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows out of tracks; the linear part for every lambda of a list, the best one kept; then members, each on what the linear part
 * leaves, kept where they help the windows to choose by.
 *
 * Least squares would follow the few windows that are far off, so it is repeated with every window weighed by the mean error that
 * it had: nearly the least absolute error. */
#include "fit.h"
#include "linear.h"
#include "window.h"
#include "../model/root.h"
#include "../outputs/head.h"
#include "../session/session.h"
#include "../train/train.h"
#include <string.h>

#define MAX_WINDOWS 20000
#define CHOOSE_WINDOWS 2000
#define FAR 30                  /* scaled truths beyond are no example */
#define ROUNDS 3                /* of weighing */
#define BLOCKS 8                /* stretches of the windows to choose by */
#define SOFT 0.05               /* mean error below which windows weigh the same */

static const gdouble lambdas[] = { 1e-4, 1e-2, 1e-1, 1, 10 };

typedef struct {
  gint n_in, n_out;             /* context, horizon */
  guint n;
  gfloat *x, *y;                /* [n][n_in], [n][n_out]; y may be NAN */
} Windows;

typedef struct {
  RnnForecastConfig config;
  const RnnForecastFit *fit;
  Windows learn, choose;
  gint n_params;
  gboolean median;              /* the output asks for absolute errors */
  gfloat *weight, *bias;        /* [H][context], [H] of the linear part */
  RnnModel *model;
} Work;

static void G_GNUC_PRINTF (2, 3)
report (const Work *w, const gchar *format, ...)
{
  g_autofree gchar *line = NULL;
  va_list args;

  if (!w->fit->report)
    return;
  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  w->fit->report (line, w->fit->data);
}

/* ---- windows ---- */

/* TRUE: the window that ends before @t is an example. */
static gboolean
make_window (const Work *w, const RnnForecastTrack *track, guint t, gfloat *x, gfloat *y)
{
  const RnnForecastConfig *c = &w->config;
  RnnScaling scaling;
  guint known = 0;

  if (!rnn_forecast_window (c, track->values + t - c->context, x, &scaling))
    return FALSE;
  for (gint h = 0; h < c->horizon; h++) {
    y[h] = (track->values[t + h] - scaling.shift) / scaling.scale;
    if (fabsf (y[h]) > FAR)
      return FALSE;
    known += !isnan (y[h]);
  }
  return known > 0;
}

/* Truths of windows begin at @from (and after a context) and end before @to. */
static guint
count_windows (const RnnForecastConfig *c, guint from, guint to)
{
  guint first = MAX (from, (guint) c->context);

  return to >= first + c->horizon ? to - first - c->horizon + 1 : 0;
}

static void
collect (Work *w, const RnnForecastTrack *tracks, guint n_tracks, gboolean learn, guint most, Windows *windows)
{
  const RnnForecastConfig *c = &w->config;
  guint64 all = 0;
  guint stride, phase = 0;

  for (guint i = 0; i < n_tracks; i++)
    all += count_windows (c, learn ? 0 : tracks[i].train, learn ? tracks[i].train : tracks[i].valid);
  stride = (guint) (all / most + 1);
  *windows = (Windows) { c->context, c->horizon, 0, g_new (gfloat, (all / stride + 1) * c->context),
    g_new (gfloat, (all / stride + 1) * c->horizon) };
  for (guint i = 0; i < n_tracks; i++) {
    guint from = MAX (learn ? 0 : tracks[i].train, (guint) c->context);
    guint n = count_windows (c, from, learn ? tracks[i].train : tracks[i].valid);

    for (guint k = 0; k < n; k++)
      if (phase++ % stride == 0)
        windows->n += make_window (w, &tracks[i], from + k, windows->x + (gsize) windows->n * c->context,
            windows->y + (gsize) windows->n * c->horizon);
  }
}

static void
windows_clear (Windows *windows)
{
  g_free (windows->x);
  g_free (windows->y);
}

/* ---- the linear part ---- */

static void
apply (const Work *w, const gfloat *x, gfloat *y)
{
  gint n = w->config.context;

  for (gint h = 0; h < w->config.horizon; h++) {
    const gfloat *row = w->weight + (gsize) h * n;
    gfloat sum[8] = { w->bias[h] };
    gint i = 0;

    for (; i + 8 <= n; i += 8)
      for (gint k = 0; k < 8; k++)
        sum[k] += row[i + k] * x[i + k];
    for (; i < n; i++)
      sum[0] += row[i] * x[i];
    y[h] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  }
}

/* Mean squared or absolute error of the linear part over window @i */
static gdouble
error_of (const Work *w, const Windows *windows, guint i, gboolean absolute, gfloat *room)
{
  const gfloat *y = windows->y + (gsize) i * windows->n_out;
  gdouble sum = 0;
  guint n = 0;

  apply (w, windows->x + (gsize) i * windows->n_in, room);
  for (gint h = 0; h < windows->n_out; h++) {
    gdouble e = room[h] - y[h];

    if (isnan (e))
      continue;
    sum += absolute ? fabs (e) : e * e;
    n++;
  }
  return n ? sum / n : 0;
}

static gdouble
mean_error (const Work *w, const Windows *windows)
{
  g_autofree gfloat *room = g_new (gfloat, windows->n_out);
  gdouble sum = 0;

  for (guint i = 0; i < windows->n; i++)
    sum += error_of (w, windows, i, w->median, room);
  return windows->n ? sum / windows->n : 0;
}

/* Adds window @i times @weight; what is not known is what the last fit says. */
static void
add_window (const Work *w, RnnLinearFit *fit, guint i, gfloat factor, gfloat *x, gfloat *y)
{
  const gfloat *wx = w->learn.x + (gsize) i * w->learn.n_in, *wy = w->learn.y + (gsize) i * w->learn.n_out;

  apply (w, wx, y);
  for (gint j = 0; j < w->learn.n_in; j++)
    x[j] = factor * wx[j];
  for (gint h = 0; h < w->learn.n_out; h++)
    y[h] = factor * (isnan (wy[h]) ? y[h] : wy[h]);
  rnn_linear_fit_add_scaled (fit, factor, x, y);
}

static void
choose_lambda (Work *w, const RnnLinearFit *fit)
{
  gsize n = (gsize) w->learn.n_in * w->learn.n_out;
  g_autofree gfloat *weight = g_new0 (gfloat, n), *bias = g_new0 (gfloat, w->learn.n_out);
  gdouble least = INFINITY;

  for (guint k = 0; k < G_N_ELEMENTS (lambdas); k++) {
    gdouble e;

    if (!rnn_linear_fit_solve (fit, lambdas[k], w->weight, w->bias))
      continue;
    e = mean_error (w, &w->choose);
    report (w, "linear: lambda %g, error %.5f", lambdas[k], e);
    if (e < least) {
      least = e;
      memcpy (weight, w->weight, n * sizeof (gfloat));
      memcpy (bias, w->bias, w->learn.n_out * sizeof (gfloat));
    }
  }
  memcpy (w->weight, weight, n * sizeof (gfloat));
  memcpy (w->bias, bias, w->learn.n_out * sizeof (gfloat));
}

static void
fit_linear (Work *w)
{
  g_autofree gfloat *x = g_new (gfloat, w->learn.n_in), *y = g_new (gfloat, w->learn.n_out);

  for (guint round = 0; round < (w->median ? ROUNDS : 1); round++) {
    g_autoptr (RnnLinearFit) fit = rnn_linear_fit_new (w->learn.n_in, w->learn.n_out);

    for (guint i = 0; i < w->learn.n; i++)
      add_window (w, fit, i, round ? (gfloat) (1 / sqrt (error_of (w, &w->learn, i, TRUE, y) + SOFT)) : 1, x, y);
    choose_lambda (w, fit);
  }
}

/* ---- the members ---- */

/* What the linear part leaves of the windows, as examples */
static RnnDataset *
residuals (const Work *w, const Windows *windows)
{
  RnnDataset *dataset = rnn_dataset_new (windows->n_in);
  g_autofree gfloat *y = g_new0 (gfloat, windows->n_out);

  for (guint i = 0; i < windows->n; i++) {
    const gfloat *x = windows->x + (gsize) i * windows->n_in, *truth = windows->y + (gsize) i * windows->n_out;

    if (w->config.linear)
      apply (w, x, y);
    for (gint h = 0; h < windows->n_out; h++)
      y[h] = truth[h] - (w->config.linear ? y[h] : 0);
    rnn_dataset_add_series (dataset, x, 1, y, windows->n_out);
  }
  return dataset;
}

typedef struct {
  RnnModel *to;
  gchar *head;                  /* what begins the names of those that are divided by the number of members */
  gfloat share;
} Copy;

static void
copy_weight (RnnParam *param, const gchar *name, gpointer data)
{
  const Copy *copy = data;
  gsize n;
  gfloat *to = rnn_model_get_weight (copy->to, name, &n), scale = g_str_has_prefix (name, copy->head) ? copy->share : 1;

  g_assert (to && n == param->size);
  for (gsize j = 0; j < n; j++)
    to[j] = scale * param->data[j];
}

static void
copy_weights (Work *w, RnnModel *member, gint i)
{
  Copy copy = { w->model, g_strdup_printf ("head%d.", i), 1.f / w->config.members };

  rnn_cell_foreach_param (rnn_model_get_root (member), copy_weight, &copy);
  g_free (copy.head);
}

/* A member starts by saying nothing: the linear part is where it comes from. */
static void
silence_head (RnnModel *member, gint i)
{
  static const gchar *const parts[] = { "weight", "bias" };

  for (guint k = 0; k < G_N_ELEMENTS (parts); k++) {
    g_autofree gchar *name = g_strdup_printf ("head%d.%s", i, parts[k]);
    gsize n;
    gfloat *data = rnn_model_get_weight (member, name, &n);

    memset (data, 0, n * sizeof (gfloat));
  }
  rnn_model_pack (member, TRUE);
}

/* What a member adds to the mean squared error of each of BLOCKS stretches of the windows to choose by. */
static gboolean
gains (Work *w, RnnModel *member, gdouble *gain, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (member, 1, 1, RNN_PRECISION_F32, error);
  g_autofree gfloat *y = g_new (gfloat, w->choose.n_out), *said = g_new (gfloat, w->choose.n_out);

  for (guint i = 0; session && i < w->choose.n; i++) {
    const gfloat *x = w->choose.x + (gsize) i * w->choose.n_in, *truth = w->choose.y + (gsize) i * w->choose.n_out;

    apply (w, x, y);
    rnn_session_run (session, 1, x, said);
    for (gint h = 0; h < w->choose.n_out; h++) {
      gdouble left = truth[h] - y[h], e = left - said[h];

      gain[(gsize) i * BLOCKS / w->choose.n] += isnan (e) ? 0 : (left * left - e * e) / w->choose.n_out;
    }
  }
  return session != NULL;
}

/* Is a member better than silence, by more than its gain varies from stretch to stretch?  Windows overlap, so a mean over all of
 * them says little.  Asked of squared errors alone. */
static gboolean
helps (Work *w, RnnModel *member, gboolean *answer, GError **error)
{
  gdouble gain[BLOCKS] = { 0 }, mean = 0, variance = 0;

  *answer = TRUE;
  if (!w->config.linear || w->n_params > 1 || w->median || w->choose.n < BLOCKS)
    return TRUE;
  if (!gains (w, member, gain, error))
    return FALSE;
  for (guint k = 0; k < BLOCKS; k++)
    mean += gain[k] / BLOCKS;
  for (guint k = 0; k < BLOCKS; k++)
    variance += (gain[k] - mean) * (gain[k] - mean) / (BLOCKS - 1);
  *answer = mean > sqrt (variance / BLOCKS);
  return TRUE;
}

static gboolean
train_member (Work *w, const json_t *recipe, gint i, RnnDataset *learn, RnnDataset *choose, const gchar *where, GError **error)
{
  json_t *own = rnn_forecast_expand_member (recipe, &w->config, w->n_params, i);
  g_autoptr (RnnModel) member = rnn_model_new (own, w->fit->seed + i + 1, where, error);
  const json_t *options = json_object_get (recipe, "train");
  RnnTrainConfig config;
  RnnTrainStats stats = { 0 };
  RnnTrainer *trainer;
  gboolean good, keep;

  json_decref (own);
  rnn_options_init (rnn_train_options, &config);
  config.seed = (gint) ((w->fit->seed + i + 1) % G_MAXINT);
  if (!member || (options && !rnn_options_from_json (rnn_train_options, &config, options, NULL, where, error)))
    return FALSE;
  if (w->config.linear)
    silence_head (member, i);
  trainer = rnn_trainer_new (member, &config, learn, w->choose.n ? choose : NULL, error);
  if (!trainer)
    return FALSE;
  do {
    guint epoch = stats.epoch;

    rnn_trainer_step (trainer, &stats);
    if (stats.epoch != epoch || stats.done)
      report (w, "member %d, epoch %u: loss %.5f, to choose by %.5f", i, epoch + 1, stats.epoch_loss, stats.dev_metric);
  } while (!stats.done);
  good = helps (w, rnn_trainer_get_best (trainer), &keep, error);
  if (good && keep)
    copy_weights (w, rnn_trainer_get_best (trainer), i);
  else if (good)
    report (w, "member %d is left out: it does not surely better the linear part", i);
  rnn_trainer_free (trainer);
  return good;
}

/* ---- the whole ---- */

/* Numbers of the output for every step; 0: @error. */
static gint
count_params (const json_t *recipe, const gchar *where, gboolean *median, GError **error)
{
  const gchar *kind = json_string_value (json_object_get (json_object_get (recipe, "output"), "kind"));
  const RnnOutputClass *klass = rnn_output_class_find (kind ? kind : "regression");
  g_autoptr (RnnOutput) output = NULL;
  json_t *object;

  *median = FALSE;
  if (klass && g_str_equal (klass->name, "regression"))
    return 1;
  if (!klass || klass->loss != rnn_head_loss) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a forecaster's output is regression or a distribution", where);
    return 0;
  }
  *median = !g_str_equal (klass->name, "gaussian");
  object = json_copy (json_object_get (recipe, "output"));
  json_object_set_new (object, "values", json_integer (1));
  output = rnn_output_new (object, 0, where, error);
  json_decref (object);
  return output ? ((const RnnHead *) output)->n_params : 0;
}

static void
set_linear (Work *w)
{
  gsize n_weight, n_bias;
  gfloat *weight = rnn_model_get_weight (w->model, RNN_FORECAST_LINEAR ".weight", &n_weight);
  gfloat *bias = rnn_model_get_weight (w->model, RNN_FORECAST_LINEAR ".bias", &n_bias);

  memset (weight, 0, n_weight * sizeof (gfloat));
  memset (bias, 0, n_bias * sizeof (gfloat));
  memcpy (weight, w->weight, (gsize) w->config.context * w->config.horizon * sizeof (gfloat));
  memcpy (bias, w->bias, w->config.horizon * sizeof (gfloat));
}

/* Root mean square of what the whole model misses, step by step, into its recipe. */
static gboolean
measure_deviations (Work *w, GError **error)
{
  const Windows *windows = w->choose.n ? &w->choose : &w->learn;
  g_autoptr (RnnSession) session = rnn_session_new (w->model, 1, 1, RNN_PRECISION_F32, error);
  const RnnHead *head = rnn_head_from_output (rnn_model_get_output (w->model));
  g_autofree gfloat *y = g_new (gfloat, rnn_model_get_n_out (w->model));
  g_autofree gdouble *sums = g_new0 (gdouble, windows->n_out);
  json_t *list = json_array ();
  guint n = MIN (windows->n, CHOOSE_WINDOWS);

  for (guint i = 0; session && i < n; i++) {
    rnn_session_run (session, 1, windows->x + (gsize) i * windows->n_in, y);
    for (gint h = 0; h < windows->n_out; h++) {
      gdouble e = (head ? rnn_head_mean (head, y, h) : y[h]) - windows->y[(gsize) i * windows->n_out + h];

      sums[h] += isnan (e) ? 0 : e * e / n;
    }
  }
  for (gint h = 0; h < windows->n_out; h++)
    json_array_append_new (list, json_real (sqrt (sums[h]) + 1e-6));
  json_object_set_new (json_object_get (rnn_model_get_recipe (w->model), "forecast"), "deviations", list);
  return session != NULL;
}

static gboolean
fit_members (Work *w, const json_t *recipe, const gchar *where, GError **error)
{
  RnnDataset *learn = residuals (w, &w->learn), *choose = residuals (w, &w->choose);
  gboolean good = TRUE;

  for (gint i = 0; good && i < w->config.members; i++)
    good = train_member (w, recipe, i, learn, choose, where, error);
  rnn_dataset_free (learn);
  rnn_dataset_free (choose);
  return good;
}

static gboolean
fit_all (Work *w, const json_t *recipe, const gchar *where, GError **error)
{
  json_t *whole = rnn_forecast_expand (recipe, &w->config, w->n_params);

  w->model = rnn_model_new (whole, 1, where, error);
  json_decref (whole);
  if (!w->model)
    return FALSE;
  for (gint i = 0; w->config.linear && i < w->config.members; i++)
    silence_head (w->model, i);
  if (w->config.linear) {
    fit_linear (w);
    set_linear (w);
  }
  if (!fit_members (w, recipe, where, error))
    return FALSE;
  rnn_model_pack (w->model, FALSE);
  return measure_deviations (w, error);
}

RnnModel *
rnn_forecast_fit (const json_t *recipe, const RnnForecastTrack *tracks, guint n_tracks, const RnnForecastFit *fit,
    const gchar *where, GError **error)
{
  Work w = { .fit = fit };
  gboolean good;

  if (!rnn_forecast_config_read (&w.config, recipe, where, error)
      || !(w.n_params = count_params (recipe, where, &w.median, error)))
    return NULL;
  collect (&w, tracks, n_tracks, TRUE, fit->windows ? fit->windows : MAX_WINDOWS, &w.learn);
  collect (&w, tracks, n_tracks, FALSE, CHOOSE_WINDOWS, &w.choose);
  w.weight = g_new0 (gfloat, (gsize) w.config.context * w.config.horizon);
  w.bias = g_new0 (gfloat, w.config.horizon);
  good = w.learn.n > 0;
  if (!good)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a context of %d and a horizon of %d do not fit into what there is to "
        "learn from", where, w.config.context, w.config.horizon);
  good = good && fit_all (&w, recipe, where, error);
  if (!good)
    g_clear_pointer (&w.model, rnn_model_unref);
  windows_clear (&w.learn);
  windows_clear (&w.choose);
  g_free (w.weight);
  g_free (w.bias);
  return w.model;
}
