/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of every stream the last @horizon forecasts wait in a ring with the window that they saw and what both weights said of it, until
 * all their truths are there.  All streams teach the same weights, a few at each step in turn.
 *
 * State: counts, errors of the guard, the rings, what was learnt. */
#include "adapt-method.h"
#include <math.h>
#include <string.h>

#define MAX_FLOATS (G_GUINT64_CONSTANT (1) << 28)       /* of what waits */
#define AT_ONCE 4               /* streams that teach in one step */
#define OUTLIER 4               /* usual errors that an error is cut to */
#define WORSE 1.05f             /* error beyond which the shipped weights are taken again */
#define FEWEST 20               /* judged forecasts before the adapted weights may count */
#define MEMORY 100              /* of them that the guard's means go back */
#define MANY (1 << 24)
#define N_COUNTS 6              /* floats of the state before the rings */

const gchar *const rnn_adapt_names[] = { "off", "readout", "all", NULL };

static const RnnAdaptMethod *const methods[] = {
  [RNN_ADAPT_READOUT] = &rnn_adapt_readout,
  [RNN_ADAPT_ALL] = &rnn_adapt_all,
};

struct _RnnAdapter {
  const RnnAdaptMethod *klass;
  gpointer method;
  gsize row, horizon, n_streams, n_read;

  guint waiting, at;            /* forecasts in the rings; where the next one goes */
  guint turn;                   /* stream that teaches next */
  gfloat *windows;              /* [n_streams][horizon][row] */
  gfloat *reads;                /* [n_streams][horizon][n_read] */
  RnnScaling *scalings;         /* [n_streams][horizon] */
  gfloat *shipped_said, *adapted_said;  /* [n_streams][horizon][horizon] */
  gfloat *truths;               /* [n_streams][horizon]: what came after the forecast in the same place */
  gfloat *read;                 /* [n_streams][n_read] now */
  gfloat *adapted;              /* [n_streams][horizon] now */
  gfloat *errors;               /* [horizon] */

  guint judged;
  gfloat shipped_error, adapted_error;  /* running means */
  guint64 falls;
};

/* ---- life ---- */

static gboolean
check_size (const RnnAdapter *a, const gchar *where, GError **error)
{
  if (a->n_streams * a->horizon * (2 * a->horizon + 2 * a->row) <= MAX_FLOATS)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: to adapt with %u streams and a horizon of %u needs more than 1 GiB",
      where, (guint) a->n_streams, (guint) a->horizon);
  return FALSE;
}

RnnAdapter *
rnn_adapter_new (RnnModel *model, const RnnForecastConfig *c, RnnAdaptKind kind, guint n_streams, GError **error)
{
  RnnAdapter *a = g_new0 (RnnAdapter, 1);
  gsize H = (gsize) c->horizon, S = n_streams;
  gint n_read;

  a->klass = methods[kind];
  a->row = (gsize) rnn_forecast_get_row (c);
  a->horizon = H;
  a->n_streams = n_streams;
  if (!check_size (a, rnn_model_get_path (model), error) || !rnn_model_check_trainable (model, error)
      || !(a->method = a->klass->new (model, c, n_streams, &n_read, error))) {
    rnn_adapter_free (a);
    return NULL;
  }
  a->n_read = (gsize) n_read;
  a->windows = g_new0 (gfloat, S * H * a->row);
  a->reads = g_new0 (gfloat, S * H * a->n_read);
  a->scalings = g_new0 (RnnScaling, S * H);
  a->shipped_said = g_new0 (gfloat, S * H * H);
  a->adapted_said = g_new0 (gfloat, S * H * H);
  a->truths = g_new0 (gfloat, S * H);
  a->read = g_new0 (gfloat, S * a->n_read);
  a->adapted = g_new0 (gfloat, S * H);
  a->errors = g_new0 (gfloat, H);
  return a;
}

void
rnn_adapter_free (RnnAdapter *a)
{
  if (!a)
    return;
  if (a->method)
    a->klass->free (a->method);
  g_free (a->windows);
  g_free (a->reads);
  g_free (a->scalings);
  g_free (a->shipped_said);
  g_free (a->adapted_said);
  g_free (a->truths);
  g_free (a->read);
  g_free (a->adapted);
  g_free (a->errors);
  g_free (a);
}

/* ---- the guard ---- */

static gboolean
is_known (const RnnAdapter *a)
{
  return a->judged >= MAX (FEWEST, a->horizon);
}

gboolean
rnn_adapter_counts (RnnAdapter *a, guint64 *falls)
{
  if (falls)
    *falls = a->falls;
  return is_known (a) && a->adapted_error < a->shipped_error;
}

/* From the shipped weights again; what waits has said nothing else. */
static void
fall_back (RnnAdapter *a)
{
  a->klass->reset (a->method);
  memcpy (a->adapted_said, a->shipped_said, a->n_streams * a->horizon * a->horizon * sizeof (gfloat));
  a->judged = 0;
  a->falls++;
}

static void
judge (RnnAdapter *a, gdouble shipped, gdouble adapted)
{
  gfloat rate;

  a->judged = MIN (a->judged + 1, MANY);
  rate = 1.f / MIN (a->judged, MAX (MEMORY, 2 * a->horizon));
  a->shipped_error += rate * ((gfloat) MIN (shipped, G_MAXFLOAT) - a->shipped_error);
  a->adapted_error += rate * ((gfloat) MIN (adapted, G_MAXFLOAT) - a->adapted_error);
}

/* ---- learning ---- */

/* errors[horizon] = truth - said, scaled, NAN where it is not known; returns the mean size. */
static gdouble
compare (const RnnAdapter *a, gsize slot, guint stream, const gfloat *said, gfloat *errors)
{
  const RnnScaling *scaling = &a->scalings[slot];
  const gfloat *truths = a->truths + stream * a->horizon;
  gdouble sum = 0;
  guint n = 0;

  for (gsize h = 0; h < a->horizon; h++) {
    errors[h] = (truths[(a->at + h) % a->horizon] - scaling->shift) / scaling->scale - said[h];
    if (!isfinite (errors[h])) {
      errors[h] = NAN;
      continue;
    }
    sum += fabsf (errors[h]);
    n++;
  }
  return n ? sum / n : NAN;
}

/* The oldest forecast of a stream has met all its truths. */
static void
learn (RnnAdapter *a, guint stream)
{
  gsize slot = stream * a->horizon + a->at;
  const gfloat *shipped_said = a->shipped_said + slot * a->horizon, *adapted_said = a->adapted_said + slot * a->horizon;
  const gfloat *said = a->klass->corrects ? shipped_said : adapted_said;
  gdouble shipped = compare (a, slot, stream, shipped_said, a->errors);
  gdouble adapted = compare (a, slot, stream, adapted_said, a->errors);
  gfloat most;

  if (isnan (shipped) || isnan (adapted))
    return;
  judge (a, shipped, adapted);
  if (is_known (a) && !(a->adapted_error <= WORSE * a->shipped_error)) {
    fall_back (a);
    return;
  }
  compare (a, slot, stream, said, a->errors);
  most = MIN (OUTLIER * a->shipped_error, G_MAXFLOAT);
  for (gsize h = 0; h < a->horizon; h++)
    a->errors[h] = isnan (a->errors[h]) ? NAN : CLAMP (a->errors[h], -most, most);
  a->klass->learn (a->method, a->windows + slot * a->row, a->reads + slot * a->n_read, said, a->errors);
}

void
rnn_adapter_observe (RnnAdapter *a, const gfloat *values)
{
  gsize newest = (a->at + a->horizon - 1) % a->horizon;

  for (gsize i = 0; i < a->n_streams; i++)
    a->truths[i * a->horizon + newest] = isfinite (values[i]) ? values[i] : NAN;
  for (gsize k = 0; a->waiting == a->horizon && k < MIN (a->n_streams, AT_ONCE); k++) {
    learn (a, a->turn);
    a->turn = (a->turn + 1) % (guint) a->n_streams;
  }
}

void
rnn_adapter_forecast (RnnAdapter *a, const gfloat *x, const RnnScaling *scalings, gfloat *said)
{
  gsize H = a->horizon;

  memcpy (a->adapted, said, a->n_streams * H * sizeof (gfloat));
  a->klass->run (a->method, x, a->read, a->adapted);
  for (gsize i = 0; i < a->n_streams; i++) {
    gsize slot = i * H + a->at;

    a->scalings[slot] = scalings[i];
    memcpy (a->windows + slot * a->row, x + i * a->row, a->row * sizeof (gfloat));
    if (a->n_read)
      memcpy (a->reads + slot * a->n_read, a->read + i * a->n_read, a->n_read * sizeof (gfloat));
    memcpy (a->shipped_said + slot * H, said + i * H, H * sizeof (gfloat));
    memcpy (a->adapted_said + slot * H, a->adapted + i * H, H * sizeof (gfloat));
  }
  a->at = (a->at + 1) % (guint) H;
  a->waiting = MIN (a->waiting + 1, (guint) H);
  if (rnn_adapter_counts (a, NULL))
    memcpy (said, a->adapted, a->n_streams * H * sizeof (gfloat));
}

void
rnn_adapter_forget (RnnAdapter *a)
{
  a->waiting = a->at = 0;
}

/* ---- state ---- */

#define N_RINGS 6

/* Rings, then what was learnt; returns how many. */
static guint
list_blocks (RnnAdapter *a, RnnAdaptBlock *blocks)
{
  gsize H = a->horizon, all = a->n_streams * H;
  const RnnAdaptBlock rings[N_RINGS] = {
    { a->windows, all * a->row * sizeof (gfloat) },
    { a->reads, all * a->n_read * sizeof (gfloat) },
    { a->scalings, all * sizeof (RnnScaling) },
    { a->shipped_said, all * H * sizeof (gfloat) },
    { a->adapted_said, all * H * sizeof (gfloat) },
    { a->truths, all * sizeof (gfloat) },
  };

  memcpy (blocks, rings, sizeof rings);
  return N_RINGS + a->klass->list (a->method, blocks + N_RINGS);
}

gsize
rnn_adapter_get_state_size (RnnAdapter *a)
{
  RnnAdaptBlock blocks[N_RINGS + RNN_ADAPT_BLOCKS];
  guint n = list_blocks (a, blocks);
  gsize size = N_COUNTS;

  for (guint i = 0; i < n; i++)
    size += blocks[i].bytes / sizeof (gfloat);
  return size;
}

void
rnn_adapter_get_state (RnnAdapter *a, gfloat *state)
{
  const gfloat counts[N_COUNTS] = { a->waiting, a->at, a->turn, a->judged, a->shipped_error, a->adapted_error };
  RnnAdaptBlock blocks[N_RINGS + RNN_ADAPT_BLOCKS];
  guint n = list_blocks (a, blocks);

  memcpy (state, counts, sizeof counts);
  state += N_COUNTS;
  for (guint i = 0; i < n; i++) {
    if (blocks[i].bytes)
      memcpy (state, blocks[i].data, blocks[i].bytes);
    state += blocks[i].bytes / sizeof (gfloat);
  }
}

static gboolean
is_whole (gfloat value, gdouble most)
{
  return value >= 0 && value <= most && value == floorf (value);
}

static gboolean
are_counts (const RnnAdapter *a, const gfloat *s)
{
  return is_whole (s[0], a->horizon) && is_whole (s[1], a->horizon - 1.0) && is_whole (s[2], a->n_streams - 1.0)
      && is_whole (s[3], MANY) && s[4] >= 0 && isfinite (s[4]) && s[5] >= 0 && isfinite (s[5]);
}

gboolean
rnn_adapter_set_state (RnnAdapter *a, const gfloat *state)
{
  RnnAdaptBlock blocks[N_RINGS + RNN_ADAPT_BLOCKS];
  guint n = list_blocks (a, blocks);
  const gfloat *at = state + N_COUNTS;

  if (!are_counts (a, state))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    if (blocks[i].bytes)
      memcpy (blocks[i].data, at, blocks[i].bytes);
    at += blocks[i].bytes / sizeof (gfloat);
  }
  rnn_adapter_forget (a);
  if (!a->klass->check (a->method)) {
    a->klass->reset (a->method);
    return FALSE;
  }
  a->waiting = (guint) state[0];
  a->at = (guint) state[1];
  a->turn = (guint) state[2];
  a->judged = (guint) state[3];
  a->shipped_error = state[4];
  a->adapted_error = state[5];
  return TRUE;
}
