/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members whose encoder has nothing to learn (an echo state network): the readout is solved in one pass over the windows (linear.h),
 * with the penalty that the windows to choose by like best. */
#include "fit-private.h"
#include "linear.h"
#include "../model/root.h"
#include "../session/session.h"
#include <math.h>
#include <string.h>

static const gdouble lambdas[] = { 1e-6, 1e-4, 1e-2, 1, 10 };

static void
look_for_learnt (RnnParam *param, const gchar *name, gpointer data)
{
  gboolean *learnt = data;

  if (!g_str_has_prefix (name, "head") && !param->fixed)
    *learnt = TRUE;
}

gboolean
rnn_fit_is_solvable (const RnnFitWork *w, RnnModel *member)
{
  gboolean learnt = w->n_params > 1;

  rnn_cell_foreach_param (rnn_model_get_root (member), look_for_learnt, &learnt);
  return !learnt;
}

static void
take_weight (RnnParam *param, const gchar *name, gpointer data)
{
  gsize n;
  const gfloat *from = rnn_model_get_weight (data, name, &n);

  g_assert (from && n == param->size);
  memcpy (param->data, from, n * sizeof (gfloat));
}

/* The member without its head, which is its last layer: one that meets steps ahead has something to learn. (transfer full) */
static RnnModel *
make_encoder (const RnnFitWork *w, RnnModel *member, GError **error)
{
  json_t *recipe = json_deep_copy (rnn_model_get_recipe (member));
  json_t *layers = json_object_get (json_array_get (json_object_get (recipe, "layers"), 0), "layers");
  RnnModel *encoder;

  json_array_remove (layers, json_array_size (layers) - 1);
  json_object_set_new (recipe, "output", json_pack ("{ss}", "kind", "raw"));
  encoder = rnn_model_new (recipe, 1, w->where, error);
  json_decref (recipe);
  if (encoder) {
    rnn_cell_foreach_param (rnn_model_get_root (encoder), take_weight, member);
    rnn_model_pack (encoder, FALSE);
  }
  return encoder;
}

/* What the linear part leaves of a window; of what is not known nothing. */
static void
leave (const RnnFitWork *w, const RnnFitWindows *windows, guint i, gfloat *y)
{
  const gfloat *truth = windows->y + (gsize) i * windows->n_out;

  memset (y, 0, windows->n_out * sizeof (gfloat));
  if (w->config.linear)
    rnn_fit_apply (w, windows->x + (gsize) i * windows->n_in, y);
  for (gint h = 0; h < windows->n_out; h++)
    y[h] = isnan (truth[h]) ? 0 : truth[h] - y[h];
}

typedef struct {
  const RnnFitWork *w;
  RnnSession *session;
  gint n_features;
  gfloat *z, *y;                /* [n_features], [horizon] */
  gfloat *weight, *bias;        /* of the head */
} Solve;

static const gfloat *
encode (Solve *s, const RnnFitWindows *windows, guint i)
{
  rnn_session_reset (s->session, -1);
  rnn_session_run (s->session, 1, windows->x + (gsize) i * windows->n_in, s->z);
  return s->z;
}

/* Sum of squares of what is left of windows to choose by, whose features are features[n][n_features]. */
static gdouble
measure (Solve *s, const gfloat *features)
{
  const RnnFitWindows *windows = &s->w->choose;
  gdouble sum = 0;

  for (guint i = 0; i < windows->n; i++) {
    const gfloat *z = features + (gsize) i * s->n_features;

    leave (s->w, windows, i, s->y);
    for (gint h = 0; h < windows->n_out; h++) {
      gdouble e = s->y[h] - s->bias[h];

      for (gint j = 0; j < s->n_features; j++)
        e -= (gdouble) s->weight[(gsize) h * s->n_features + j] * z[j];
      sum += e * e;
    }
  }
  return sum;
}

static void
solve (Solve *s, const RnnLinearFit *fit, const gfloat *features)
{
  gdouble least = INFINITY;
  guint best = G_N_ELEMENTS (lambdas) - 1;

  for (guint k = 0; s->w->choose.n && k < G_N_ELEMENTS (lambdas); k++) {
    gdouble error = rnn_linear_fit_solve (fit, lambdas[k], s->weight, s->bias) ? measure (s, features) : INFINITY;

    rnn_fit_report (s->w, "readout: lambda %g, error %.5f", lambdas[k], error / s->w->choose.n / s->w->choose.n_out);
    if (error < least) {
      least = error;
      best = k;
    }
  }
  if (!rnn_linear_fit_solve (fit, lambdas[best], s->weight, s->bias)) {
    memset (s->weight, 0, (gsize) s->n_features * s->w->learn.n_out * sizeof (gfloat));
    memset (s->bias, 0, s->w->learn.n_out * sizeof (gfloat));
  }
}

/* @name ".weight" or ".bias" of the member's head */
static gfloat *
get_head (RnnModel *member, gint i, const gchar *name)
{
  g_autofree gchar *whole = g_strdup_printf ("head%d.%s", i, name);
  gsize n;

  return rnn_model_get_weight (member, whole, &n);
}

gboolean
rnn_fit_solve_member (const RnnFitWork *w, RnnModel *member, gint i, GError **error)
{
  g_autoptr (RnnModel) encoder = make_encoder (w, member, error);
  g_autoptr (RnnSession) session = encoder ? rnn_session_new (encoder, 1, 1, RNN_PRECISION_F32, error) : NULL;
  g_autoptr (RnnLinearFit) fit = NULL;
  g_autofree gfloat *features = NULL;
  Solve s;

  if (!session)
    return FALSE;
  s = (Solve) { w, session, rnn_model_get_n_out (encoder), NULL, g_new (gfloat, w->learn.n_out),
    get_head (member, i, "weight"), get_head (member, i, "bias") };
  s.z = g_new (gfloat, s.n_features);
  fit = rnn_linear_fit_new (s.n_features, w->learn.n_out);
  for (guint k = 0; k < w->learn.n; k++) {
    leave (w, &w->learn, k, s.y);
    rnn_linear_fit_add (fit, encode (&s, &w->learn, k), s.y);
  }
  features = g_new (gfloat, (gsize) w->choose.n * s.n_features + 1);
  for (guint k = 0; k < w->choose.n; k++)
    memcpy (features + (gsize) k * s.n_features, encode (&s, &w->choose, k), s.n_features * sizeof (gfloat));
  solve (&s, fit, features);
  rnn_model_pack (member, FALSE);
  g_free (s.z);
  g_free (s.y);
  return TRUE;
}
