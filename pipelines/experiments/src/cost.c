/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a step costs after 10^2 to 10^6 steps of history, and how much is remembered: for every cell the same, however
 * long the stream. */
#include "fit.h"
#include <stdlib.h>

#define WIDTH 32
#define WINDOW 50               /* steps that are timed together */
#define REPEATS 41

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

/* Microseconds a step, from here: the median of several runs of the same stretch, all but the last undone. */
static gdouble
measure_step (Stream *s, gint n_in)
{
  g_autofree gfloat *state = g_new (gfloat, MAX (rnn_session_get_state_size (s->session), 1));
  gdouble seconds[REPEATS];

  rnn_session_get_state (s->session, 0, state);
  for (guint i = 0; i < REPEATS; i++) {
    rnn_session_set_state (s->session, 0, state);
    seconds[i] = run_window (s, n_in);
  }
  qsort (seconds, REPEATS, sizeof (gdouble), compare);
  return seconds[REPEATS / 2] / WINDOW * 1e6;
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
  for (guint n = 100; n <= longest; n *= 10) {
    for (; past < n; past += WINDOW)
      run_window (&stream, n_in);
    table_row (table, "%s\t%u\t%.3f\t%" G_GSIZE_FORMAT, subject->name, n, measure_step (&stream, n_in),
        rnn_session_get_state_size (session));
    past += WINDOW;
  }
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
