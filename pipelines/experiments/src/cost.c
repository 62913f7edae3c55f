/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a step costs after 10^2 to 10^6 steps of history, and how much is remembered: for every cell the same, however
 * long the stream. */
#include "fit.h"
#include <stdlib.h>

#define WIDTH 32
#define WINDOW 50               /* steps that are timed together: at most half of the shortest history */

typedef struct {
  RnnSession *session;
  RnnRng rng;
  gfloat *x;                    /* [WINDOW][n_in] */
  gfloat y[WINDOW];
} Stream;

/* Seconds of WINDOW calls of one step each, on new inputs. */
static gdouble
run_window (Stream *s, gint n_in)
{
  gint64 start;

  for (gint i = 0; i < WINDOW * n_in; i++)
    s->x[i] = rnn_rng_normal (&s->rng);
  start = g_get_monotonic_time ();
  for (gint t = 0; t < WINDOW; t++)
    rnn_session_run (s->session, 1, s->x + t * n_in, s->y + t);
  return (g_get_monotonic_time () - start) / (gdouble) G_USEC_PER_SEC;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* Runs until @n steps are past; returns the median of the last tenth's windows, in microseconds a step. */
static gdouble
run_until (Stream *s, gint n_in, guint *past, guint n)
{
  GArray *windows = g_array_new (FALSE, FALSE, sizeof (gdouble));
  gdouble median;

  for (; *past < n; *past += WINDOW) {
    gdouble seconds = run_window (s, n_in);

    if (*past + WINDOW > n - n / 10)
      g_array_append_val (windows, seconds);
  }
  qsort (windows->data, windows->len, sizeof (gdouble), compare);
  median = g_array_index (windows, gdouble, windows->len / 2);
  g_array_free (windows, TRUE);
  return median / WINDOW * 1e6;
}

static gboolean
measure (const Setting *setting, const Subject *subject, Table *table, GError **error)
{
  const gint n_in = 2;
  const guint longest = setting->smoke ? 1000 : 1000000;
  g_autoptr (RnnModel) model = model_new (n_in, setting->seed, error, "%s", subject->layers);
  g_autoptr (RnnSession) session = model ? rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error) : NULL;
  g_autofree gfloat *x = g_new (gfloat, WINDOW * n_in);
  Stream stream = {.session = session,.x = x };
  guint past = 0;

  if (!session)
    return FALSE;
  rnn_rng_seed (&stream.rng, setting->seed, 0);
  for (guint n = 100; n <= longest; n *= 10)
    table_row (table, "%s\t%u\t%.3f\t%" G_GSIZE_FORMAT, subject->name, n, run_until (&stream, n_in, &past, n),
        rnn_session_get_state_size (session));
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (GPtrArray) subjects = subjects_new (setting, 2, WIDTH, FALSE);
  g_autoptr (Table) table = table_new (setting, "cost", "cell\thistory\tmicroseconds_per_step\tstate_floats", error);

  for (guint i = 0; table && i < subjects->len; i++)
    if (!measure (setting, subjects->pdata[i], table, error))
      return FALSE;
  return table != NULL;
}

const Experiment experiment_cost = { "cost", "cost per step and size of the state as the history grows", FALSE, run };
