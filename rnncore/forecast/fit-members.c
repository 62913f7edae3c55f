/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recurrent members, each on what the linear part leaves, kept where they help the windows to choose by. */
#include "fit-private.h"
#include "../model/root.h"
#include "../session/session.h"
#include "../train/train.h"
#include <math.h>
#include <string.h>

#define LEAST_UPDATES 600       /* with covariates, which no linear part has begun to learn: few windows are seen more often */
#define CHOSEN 2                /* standard errors that its gain must be: the same windows have chosen its epoch already */

/* What the linear part leaves of the windows, as examples */
static RnnDataset *
residuals (const RnnFitWork *w, const RnnFitWindows *windows)
{
  RnnDataset *dataset = rnn_dataset_new (windows->n_in);
  g_autofree gfloat *y = g_new0 (gfloat, windows->n_out);

  for (guint i = 0; i < windows->n; i++) {
    const gfloat *x = windows->x + (gsize) i * windows->n_in, *truth = windows->y + (gsize) i * windows->n_out;

    if (w->config.linear)
      rnn_fit_apply (w, x, y);
    for (gint h = 0; h < windows->n_out; h++)
      y[h] = truth[h] - (w->config.linear ? y[h] : 0);
    rnn_dataset_add_series (dataset, x, 1, y, windows->n_out);
  }
  return dataset;
}

/* What a member says is what these layers of it say. */
static gboolean
is_said (const gchar *name, gint member)
{
  static const gchar *const kinds[] = { "head", "ahead" };

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
    g_autofree gchar *prefix = g_strdup_printf ("%s%d.", kinds[k], member);

    if (g_str_has_prefix (name, prefix))
      return TRUE;
  }
  return FALSE;
}

typedef struct {
  RnnModel *to;
  gint member;
  gfloat share;                 /* of what it says */
} Copy;

static void
copy_weight (RnnParam *param, const gchar *name, gpointer data)
{
  const Copy *copy = data;
  gsize n;
  gfloat *to = rnn_model_get_weight (copy->to, name, &n), scale = is_said (name, copy->member) ? copy->share : 1;

  g_assert (to && n == param->size);
  for (gsize j = 0; j < n; j++)
    to[j] = scale * param->data[j];
}

static void
copy_weights (RnnFitWork *w, RnnModel *member, gint i)
{
  Copy copy = { w->model, i, 1.f / w->config.members };

  rnn_cell_foreach_param (rnn_model_get_root (member), copy_weight, &copy);
}

static void
silence_weight (RnnParam *param, const gchar *name, gpointer member)
{
  if (is_said (name, GPOINTER_TO_INT (member)))
    memset (param->data, 0, param->size * sizeof (gfloat));
}

/* A member starts by saying nothing: the linear part is where it comes from. */
void
rnn_fit_silence (RnnModel *member, gint i)
{
  rnn_cell_foreach_param (rnn_model_get_root (member), silence_weight, GINT_TO_POINTER (i));
  rnn_model_pack (member, TRUE);
}

/* Squared errors of the windows to choose by, without and with the member. */
static gboolean
measure (RnnFitWork *w, RnnModel *member, gdouble *before, gdouble *after, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (member, 1, 1, RNN_PRECISION_F32, error);
  g_autofree gfloat *y = g_new (gfloat, w->choose.n_out), *said = g_new (gfloat, w->choose.n_out);

  for (guint i = 0; session && i < w->choose.n; i++) {
    const gfloat *x = w->choose.x + (gsize) i * w->choose.n_in, *truth = w->choose.y + (gsize) i * w->choose.n_out;

    rnn_fit_apply (w, x, y);
    rnn_session_run (session, 1, x, said);
    for (gint h = 0; h < w->choose.n_out; h++) {
      gdouble left = truth[h] - y[h], e = left - said[h];

      before[i] += isnan (e) ? 0 : left * left / w->choose.n_out;
      after[i] += isnan (e) ? 0 : e * e / w->choose.n_out;
    }
  }
  return session != NULL;
}

/* Is a member better than silence?  Asked of squared errors alone. */
static gboolean
helps (RnnFitWork *w, RnnModel *member, gboolean *answer, GError **error)
{
  g_autofree gdouble *before = g_new0 (gdouble, w->choose.n + 1), *after = g_new0 (gdouble, w->choose.n + 1);

  *answer = TRUE;
  if (!w->config.linear || w->n_params > 1 || w->median)
    return TRUE;
  if (!measure (w, member, before, after, error))
    return FALSE;
  *answer = rnn_fit_surely (CHOSEN, w->choose.n, before, after);
  return TRUE;
}

/* Takes a trained member over, where it helps. */
static gboolean
keep_member (RnnFitWork *w, RnnModel *member, gint i, GError **error)
{
  gboolean keep;

  if (!helps (w, member, &keep, error))
    return FALSE;
  if (keep)
    copy_weights (w, member, i);
  else
    rnn_fit_report (w, "member %d is left out: it does not surely better the linear part", i);
  return TRUE;
}

static gboolean
descend (RnnFitWork *w, RnnModel *member, const RnnTrainConfig *config, gint i, RnnDataset *learn, RnnDataset *choose, GError **error)
{
  RnnTrainer *trainer = rnn_trainer_new (member, config, learn, w->choose.n ? choose : NULL, error);
  RnnTrainStats stats = { 0 };
  gboolean good;

  if (!trainer)
    return FALSE;
  do {
    guint epoch = stats.epoch;

    rnn_trainer_step (trainer, &stats);
    w->stopped = w->fit->step && !w->fit->step ((guint) i, &stats, w->fit->data);
    if (stats.epoch != epoch || stats.done)
      rnn_fit_report (w, "member %d, epoch %u: loss %.5f, to choose by %.5f", i, epoch + 1, stats.epoch_loss, stats.dev_metric);
  } while (!stats.done && !w->stopped);
  good = keep_member (w, rnn_trainer_get_best (trainer), i, error);
  rnn_trainer_free (trainer);
  return good;
}

/* As many times more epochs, and the more of them without a gain before it ends. */
static void
see_often (const RnnFitWork *w, RnnTrainConfig *config)
{
  gint per_epoch = MAX ((gint) w->learn.n / MAX (config->batch_size, 1), 1);
  gint factor = (LEAST_UPDATES / per_epoch + config->epochs - 1) / MAX (config->epochs, 1);

  if (rnn_forecast_get_row (&w->config) == w->config.context || factor < 2)
    return;
  config->epochs *= factor;
  config->patience *= factor;
}

static gboolean
train_member (RnnFitWork *w, const json_t *recipe, gint i, RnnDataset *learn, RnnDataset *choose, GError **error)
{
  json_t *own = rnn_forecast_expand_member (recipe, &w->config, w->n_params, i);
  g_autoptr (RnnModel) member = rnn_model_new (own, w->fit->seed + i + 1, w->where, error);
  const json_t *options = json_object_get (recipe, "train");
  RnnTrainConfig config;

  json_decref (own);
  rnn_options_init (rnn_train_options, &config);
  config.seed = (gint) ((w->fit->seed + i + 1) % G_MAXINT);
  if (!member || (options && !rnn_options_from_json (rnn_train_options, &config, options, NULL, w->where, error)))
    return FALSE;
  see_often (w, &config);
  if (w->config.linear)
    rnn_fit_silence (member, i);
  if (rnn_fit_is_solvable (w, member))
    return rnn_fit_solve_member (w, member, i, error) && keep_member (w, member, i, error);
  return descend (w, member, &config, i, learn, choose, error);
}

gboolean
rnn_fit_members (RnnFitWork *w, const json_t *recipe, GError **error)
{
  RnnDataset *learn = residuals (w, &w->learn), *choose = residuals (w, &w->choose);
  gboolean good = TRUE;

  for (gint i = 0; good && !w->stopped && i < w->config.members; i++)
    good = train_member (w, recipe, i, learn, choose, error);
  rnn_dataset_free (learn);
  rnn_dataset_free (choose);
  return good;
}
