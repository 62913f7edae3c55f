/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps come from a listener, or from one that begins anew with every window.  The mean over the last K steps is a ring of
 * probabilities [K][n] and their sum, which is taken anew whenever the ring is full, so that nothing adds up over hours. */
#include "spotter.h"
#include <string.h>
#include "../session/listener.h"
#include "scores.h"
#include "../outputs/pooling.h"

const RnnOption rnn_spotter_options[] = {
  RNN_OPT_FLOAT (RnnSpotterConfig, threshold, 0, 1, 0.7, "Probability from which on something has been found"),
  RNN_OPT_INT (RnnSpotterConfig, smoothing, 0, 10000, 100, "Over how much of the stream probabilities are averaged (ms)"),
  RNN_OPT_INT (RnnSpotterConfig, refractory, 0, 600000, 500, "After something was found nothing else is for so long (ms)"),
  RNN_OPT_INT (RnnSpotterConfig, window, 0, 60000, 0, "For models that begin anew: how much they hear (ms); 0: one continuous state"),
  RNN_OPT_INT (RnnSpotterConfig, interval, 1, 60000, 250, "How often a window is looked at (ms)"),
  { NULL }
};

typedef struct {
  gboolean nothing;             /* never an event */
  gboolean high;                /* it has been told of, and not fallen since */
  guint64 quiet_until;
} Track;

struct _RnnSpotter {
  RnnModel *model;
  RnnListener *listener;
  const RnnOutput *output;      /* the first head */
  gdouble rate;
  gint channels, n;
  gboolean exclusive;           /* classes: one at a time */
  gfloat threshold;
  guint64 refractory;           /* rows */

  gfloat *p, *mean, *ring;      /* [n], [n], [size][n] */
  gdouble *sum;                 /* [n] */
  guint size, fill, at;
  Track *tracks;                /* [n] */

  gfloat *pooled;               /* [n]: of the model's numbers, sum, last or largest */
  guint64 n_pooled;             /* steps */

  gfloat *window;               /* [n_window][channels]: the last rows; or NULL */
  gsize n_window, n_interval;
  GArray *pending;              /* rows of gfloat that are to go there */
  gsize n_taken;                /* of them, rows that are there */
  guint64 n_rows;               /* that the window has seen */
  guint64 start, heard;         /* rows of the step under way */
  gint next;                    /* number that is looked at next, of that step */
  gboolean finishing;
  RnnSpotted event;
};

static gboolean
is_nothing (const gchar *name)
{
  static const gchar *const names[] = { "other", "silence", "unknown", "_silence_", "_unknown_", "background", "noise", NULL };

  return name && g_strv_contains (names, name);
}

static guint64
to_rows (const RnnSpotter *s, gint ms)
{
  return (guint64) (ms * s->rate / 1000 + 0.5);
}

void
rnn_spotter_configure (RnnSpotter *s, const RnnSpotterConfig *config)
{
  s->threshold = config->threshold;
  s->refractory = to_rows (s, config->refractory);
}

static void
make_room (RnnSpotter *s, const RnnSpotterConfig *config)
{
  guint64 hop;

  s->n_window = to_rows (s, config->window);
  s->n_interval = MAX (to_rows (s, config->interval), 1);
  hop = s->n_window ? s->n_interval : rnn_listener_get_hop (s->listener);
  s->size = (guint) MAX ((to_rows (s, config->smoothing) + hop / 2) / hop, 1);
  s->p = g_new (gfloat, s->n);
  s->mean = g_new0 (gfloat, s->n);
  s->ring = g_new (gfloat, (gsize) s->size * s->n);
  s->sum = g_new (gdouble, s->n);
  s->tracks = g_new0 (Track, s->n);
  s->pooled = g_new0 (gfloat, s->n);
  s->pending = g_array_new (FALSE, FALSE, sizeof (gfloat));
  if (s->n_window)
    s->window = g_new0 (gfloat, s->n_window * s->channels);
  for (gint i = 0; i < s->n; i++)
    s->tracks[i].nothing = s->output->names && is_nothing (s->output->names[i]);
}

RnnSpotter *
rnn_spotter_new (RnnModel *model, gdouble rate, const RnnSpotterConfig *config, GError **error)
{
  RnnSpotter *s;
  RnnSpotterConfig defaults;

  rnn_options_init (rnn_spotter_options, &defaults);
  config = config ? config : &defaults;
  if (rnn_output_primary (rnn_model_get_output (model))->klass->label == RNN_LABEL_TEXT) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model writes text, it has no classes", rnn_model_get_path (model));
    return NULL;
  }
  s = g_new0 (RnnSpotter, 1);
  s->model = rnn_model_ref (model);
  s->output = rnn_output_primary (rnn_model_get_output (model));
  s->n = s->output->n;
  s->exclusive = s->output->klass->label == RNN_LABEL_CLASS;
  s->channels = rnn_model_get_input (model)->channels;
  s->rate = rnn_model_get_input (model)->rate ? rnn_model_get_input (model)->rate : rate;
  if (!(s->listener = rnn_listener_new (model, NULL, error))) {
    rnn_spotter_free (s);
    return NULL;
  }
  make_room (s, config);
  rnn_spotter_configure (s, config);
  rnn_spotter_reset (s);
  return s;
}

void
rnn_spotter_free (RnnSpotter *s)
{
  if (!s)
    return;
  rnn_listener_free (s->listener);
  rnn_model_unref (s->model);
  g_free (s->p);
  g_free (s->mean);
  g_free (s->ring);
  g_free (s->sum);
  g_free (s->tracks);
  g_free (s->pooled);
  g_free (s->window);
  if (s->pending)
    g_array_unref (s->pending);
  g_free (s);
}

void
rnn_spotter_reset (RnnSpotter *s)
{
  rnn_listener_reset (s->listener);
  s->fill = s->at = 0;
  s->n_rows = s->start = s->heard = 0;
  s->next = s->n;
  s->finishing = FALSE;
  s->n_pooled = 0;
  g_array_set_size (s->pending, 0);
  s->n_taken = 0;
  memset (s->sum, 0, s->n * sizeof (gdouble));
  for (gint i = 0; i < s->n; i++)
    s->tracks[i] = (Track) { .nothing = s->tracks[i].nothing };
}

void
rnn_spotter_push (RnnSpotter *s, const gfloat *rows, gsize n)
{
  if (s->window)
    g_array_append_vals (s->pending, rows, (guint) (n * s->channels));
  else
    rnn_listener_push (s->listener, rows, n);
}

void
rnn_spotter_finish (RnnSpotter *s)
{
  if (!s->window)
    rnn_listener_finish (s->listener);
  s->finishing = TRUE;
}

const gfloat *
rnn_spotter_get_scores (RnnSpotter *s, gint *n)
{
  *n = s->n;
  return s->mean;
}

gboolean
rnn_spotter_is_nothing (RnnSpotter *s, gint index)
{
  return s->tracks[index].nothing;
}

/* ---- steps ---- */

static void
smooth (RnnSpotter *s)
{
  gfloat *row = s->ring + (gsize) s->at * s->n;
  gboolean full = s->fill == s->size;

  for (gint i = 0; i < s->n; i++) {
    s->sum[i] += s->p[i] - (full ? row[i] : 0);
    row[i] = s->p[i];
  }
  s->fill = MIN (s->fill + 1, s->size);
  s->at = (s->at + 1) % s->size;
  if (s->at == 0)
    for (gint i = 0; i < s->n; i++) {
      s->sum[i] = 0;
      for (guint k = 0; k < s->fill; k++)
        s->sum[i] += s->ring[(gsize) k * s->n + i];
    }
  for (gint i = 0; i < s->n; i++)
    s->mean[i] = (gfloat) (s->sum[i] / s->fill);
}

static void
take_step (RnnSpotter *s, guint64 start, guint64 end)
{
  smooth (s);
  s->start = start;
  s->heard = end;
  s->next = 0;
}

/* y[n] of a step */
static void
pool (RnnSpotter *s, const gfloat *y)
{
  for (gint i = 0; i < s->n; i++)
    if (s->n_pooled == 0 || s->output->pooling == RNN_POOLING_LAST)
      s->pooled[i] = y[i];
    else if (s->output->pooling == RNN_POOLING_MAX)
      s->pooled[i] = MAX (s->pooled[i], y[i]);
    else
      s->pooled[i] += y[i];
  s->n_pooled++;
}

gboolean
rnn_spotter_get_whole (RnnSpotter *s, RnnSpotted *whole)
{
  gboolean mean = s->output->pooling == RNN_POOLING_MEAN || s->output->pooling == RNN_POOLING_NONE;
  gint best = 0;

  if (s->n_pooled == 0)
    return FALSE;
  for (gint i = 0; i < s->n; i++)
    s->p[i] = s->pooled[i] / (mean ? (gfloat) s->n_pooled : 1);
  rnn_scores_from_output (rnn_model_get_output (s->model), s->p, s->p);
  for (gint i = 1; i < s->n; i++)
    best = s->p[i] > s->p[best] ? i : best;
  *whole = (RnnSpotted) { best, s->output->names ? s->output->names[best] : NULL, s->p[best], 0, s->heard };
  return TRUE;
}

/* The window keeps the last rows in their order. */
static void
keep_rows (RnnSpotter *s, const gfloat *rows, gsize n)
{
  gsize width = (gsize) s->channels, fresh = MIN (n, s->n_window), kept = s->n_window - fresh;

  memmove (s->window, s->window + fresh * width, kept * width * sizeof (gfloat));
  memcpy (s->window + kept * width, rows + (n - fresh) * width, fresh * width * sizeof (gfloat));
  s->n_rows += n;
}

/* The last answer of a fresh run over the window */
static void
run_window (RnnSpotter *s)
{
  const RnnOutput *output = rnn_model_get_output (s->model);
  const RnnHeard *heard;
  gboolean any = FALSE;

  rnn_listener_push (s->listener, s->window, s->n_window);
  for (gint round = 0; round < 2; round++) {
    for (; (heard = rnn_listener_next (s->listener)); any = TRUE)
      rnn_scores_from_output (output, heard->y, s->p);
    if (round == 0)
      rnn_listener_finish (s->listener);
  }
  if (any)
    take_step (s, s->n_rows - MIN (s->n_window, s->n_rows), s->n_rows);
}

/* FALSE: there are not enough rows for the next one. */
static gboolean
step_window (RnnSpotter *s)
{
  gsize width = (gsize) s->channels, n = s->pending->len / width - s->n_taken;
  const gfloat *rows = &g_array_index (s->pending, gfloat, s->n_taken * width);

  if (n < s->n_interval) {
    g_array_remove_range (s->pending, 0, (guint) (s->n_taken * width));
    s->n_taken = 0;
    return FALSE;
  }
  keep_rows (s, rows, s->n_interval);
  s->n_taken += s->n_interval;
  if (s->n_rows >= s->n_window)
    run_window (s);
  return TRUE;
}

static gboolean
step_stream (RnnSpotter *s)
{
  const RnnHeard *heard = rnn_listener_next (s->listener);

  if (!heard)
    return FALSE;
  pool (s, heard->y);
  rnn_scores_from_output (rnn_model_get_output (s->model), heard->y, s->p);
  take_step (s, heard->start, heard->end);
  return TRUE;
}

/* ---- events ---- */

static gboolean
is_largest (const RnnSpotter *s, gint i)
{
  for (gint k = 0; s->exclusive && k < s->n; k++)
    if (s->mean[k] > s->mean[i])
      return FALSE;
  return TRUE;
}

/* Of classes one keeps all quiet, of tags each itself. */
static void
keep_quiet (RnnSpotter *s, gint i)
{
  for (gint k = 0; k < s->n; k++)
    if (s->exclusive || k == i)
      s->tracks[k].quiet_until = s->heard + s->refractory;
}

/* Whether number @i is an event at this step. */
static gboolean
judge (RnnSpotter *s, gint i)
{
  Track *track = &s->tracks[i];

  if (s->output->pooling || s->mean[i] < s->threshold || !is_largest (s, i)) {
    track->high = FALSE;
    return FALSE;
  }
  if (track->high || track->nothing)
    return FALSE;
  track->high = TRUE;
  if (s->heard < track->quiet_until)
    return FALSE;
  s->event = (RnnSpotted) { i, s->output->names ? s->output->names[i] : NULL, s->mean[i], s->start, s->heard };
  keep_quiet (s, i);
  return TRUE;
}

const RnnSpotted *
rnn_spotter_next (RnnSpotter *s)
{
  for (;;) {
    while (s->next < s->n)
      if (judge (s, s->next++))
        return &s->event;
    if (s->window ? step_window (s) : step_stream (s))
      continue;
    if (s->finishing)
      rnn_spotter_reset (s);
    return NULL;
  }
}

/* ---- into another process ---- */

static void
keep_numbers (RnnSpotter *s, RnnKeep *keep)
{
  gsize n = (gsize) s->n * sizeof (gfloat);

  rnn_keep (keep, s->p, n);
  rnn_keep (keep, s->mean, n);
  rnn_keep (keep, s->pooled, n);
  rnn_keep (keep, s->sum, (gsize) s->n * sizeof (gdouble));
  rnn_keep_count (keep, &s->fill, s->size);
  rnn_keep_count (keep, &s->at, s->size - 1);
  rnn_keep (keep, s->ring, s->fill * n);
  for (gint i = 0; i < s->n; i++) {
    rnn_keep (keep, &s->tracks[i].high, sizeof s->tracks[i].high);
    rnn_keep (keep, &s->tracks[i].quiet_until, sizeof s->tracks[i].quiet_until);
  }
  rnn_keep (keep, &s->n_pooled, sizeof s->n_pooled);
}

/* Rows that are not taken yet are fewer than an interval. */
static void
keep_window (RnnSpotter *s, RnnKeep *keep)
{
  rnn_keep (keep, s->window, s->n_window * (gsize) s->channels * sizeof (gfloat));
  rnn_keep_array (keep, s->pending, (guint) MIN (s->n_interval * (gsize) s->channels, G_MAXUINT));
  if (s->pending->len % (guint) s->channels)
    keep->failed = TRUE;
}

void
rnn_spotter_keep (RnnSpotter *s, RnnKeep *keep)
{
  if (!keep->to)
    rnn_spotter_reset (s);
  if (s->finishing || s->next < s->n || s->n_taken > 0) {
    keep->failed = TRUE;
    return;
  }
  rnn_keep_same (keep, (guint64) s->n);
  rnn_keep_same (keep, s->size);
  rnn_keep_same (keep, s->n_window);
  keep_numbers (s, keep);
  if (s->window)
    keep_window (s, keep);
  else
    rnn_listener_keep (s->listener, keep);
  rnn_keep (keep, &s->n_rows, sizeof s->n_rows);
  rnn_keep (keep, &s->start, sizeof s->start);
  rnn_keep (keep, &s->heard, sizeof s->heard);
  if (keep->failed && !keep->to)
    rnn_spotter_reset (s);
}
