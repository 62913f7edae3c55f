/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets from texts and energies.
 *
 * A frame's excess is the mean over bands of how far each is above its own floor, the tenth percentile of the example.  A voice
 * is where the excess is more than a part of the example's highest (95th percentile); pauses within words are closed, clicks
 * dropped, and faint beginnings and ends taken in. */
#include "marks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../text/fold.h"

#define FLOOR 0.1f              /* quantile of a band */
#define PEAK 0.95f              /* quantile of the excess */
#define PART 0.42f              /* of the peak, that a voice has at least */
#define LEAST 0.8f              /* nepers of excess, that a voice has at least */
#define PAUSE 20                /* frames without a voice that stay within speech */
#define CLICK 4                 /* frames with a voice that are none */
#define EDGE 3                  /* frames before and after, too faint to be seen */
#define BEFORE 5                /* frames of `ending` before the end of the voice */
#define AFTER 25                /* ... and after it */

const gchar *const rnn_marks_names[] = { "none", "text", "energy", "ending", NULL };

static gint
compare (gconstpointer a, gconstpointer b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return (x > y) - (x < y);
}

/* Of values[n], n > 0, @stride apart; @sorted: [n] */
static gfloat
quantile (const gfloat *values, guint n, gsize stride, gfloat part, gfloat *sorted)
{
  for (guint i = 0; i < n; i++)
    sorted[i] = values[i * stride];
  qsort (sorted, n, sizeof (gfloat), compare);
  return sorted[(guint) (part * (n - 1))];
}

/* Runs of @value that are shorter than @least frames become the other; at the ends only if @ends. */
static void
drop_runs (gboolean *voiced, guint n, gboolean value, guint least, gboolean ends)
{
  for (guint t = 0, end; t < n; t = end) {
    for (end = t; end < n && voiced[end] == voiced[t]; end++);
    if (voiced[t] == value && end - t < least && (ends || (t > 0 && end < n)))
      for (guint i = t; i < end; i++)
        voiced[i] = !value;
  }
}

static void
widen (gboolean *voiced, guint n, guint by)
{
  g_autofree gboolean *narrow = g_memdup2 (voiced, n * sizeof (gboolean));

  for (guint t = 0; t < n; t++)
    for (guint i = t > by ? t - by : 0; !voiced[t] && i <= MIN (t + by, n - 1); i++)
      voiced[t] = narrow[i];
}

void
rnn_marks_find_voice (const gfloat *frames, guint n, gint dim, gboolean *voiced)
{
  g_autofree gfloat *excess = g_new0 (gfloat, n + 1), *sorted = g_new (gfloat, n + 1);
  gfloat least;

  if (n == 0)
    return;
  for (gint c = 0; c < dim; c++) {
    gfloat floor = quantile (frames + c, n, dim, FLOOR, sorted);

    for (guint t = 0; t < n; t++)
      excess[t] += MAX (frames[(gsize) t * dim + c] - floor, 0) / dim;
  }
  least = MAX (PART * quantile (excess, n, 1, PEAK, sorted), LEAST);
  for (guint t = 0; t < n; t++)
    voiced[t] = excess[t] > least;
  drop_runs (voiced, n, TRUE, CLICK, TRUE);
  drop_runs (voiced, n, FALSE, PAUSE, FALSE);
  widen (voiced, n, EDGE);
}

/* ---- names ---- */

static gint
find_name (const RnnOutput *output, const gchar *name)
{
  for (gint i = 0; output->names && output->names[i]; i++)
    if (strcmp (output->names[i], name) == 0)
      return i;
  return -1;
}

static gboolean
refuse (const gchar *text, GError **error)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "\"%s\" is none of the model's labels", text);
  return FALSE;
}

/* The class of a text, or -1. */
static gint
find_class (const RnnOutput *output, const gchar *text)
{
  gint found = find_name (output, text), other = find_name (output, "other");
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  if (found >= 0)
    return found;
  for (gchar **word = words; *word; word++)
    if (find_name (output, *word) >= 0)
      return -1;
  return other;
}

static gboolean
mark_text (const RnnOutput *output, const gchar *text, guint n, gfloat *targets)
{
  gint values = output->n_values;
  g_autofree gfloat *row = g_new0 (gfloat, values);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  if (output->klass->label == RNN_LABEL_CLASS)
    row[0] = find_class (output, text);
  for (gchar **word = words; output->klass->label != RNN_LABEL_CLASS && *word; word++) {
    gint tag = find_name (output, *word);

    if (tag < 0)
      return FALSE;
    row[tag] = 1;
  }
  for (guint t = 0; t < n; t++)
    memcpy (targets + (gsize) t * values, row, values * sizeof (gfloat));
  return row[0] >= 0;
}

static void
mark_voice (const RnnOutput *output, const gboolean *voiced, guint n, gfloat *targets)
{
  gfloat voice = output->klass->label == RNN_LABEL_CLASS ? output->n - 1 : 1;

  for (guint t = 0; t < n; t++)
    for (gint i = 0; i < output->n_values; i++)
      targets[t * output->n_values + i] = voiced[t] ? voice : 0;
}

static gboolean
mark_ending (const RnnOutput *output, const gchar *text, const gboolean *voiced, guint n, gfloat *targets)
{
  gint class = find_class (output, text), other = find_name (output, "other");
  guint end = n;

  if (class < 0 || other < 0)
    return FALSE;
  while (end > 0 && !voiced[end - 1])
    end--;
  for (guint t = 0; t < n; t++) {
    if (class == other || end == 0)
      targets[t] = other;
    else if (t + BEFORE >= end)
      targets[t] = t < end + AFTER ? class : other;
    else
      targets[t] = voiced[t] ? NAN : other;
  }
  return TRUE;
}

gboolean
rnn_output_mark (const RnnOutput *output, const gchar *text, const gfloat *frames, guint n, gint dim, gfloat *targets,
    GError **error)
{
  g_autofree gchar *spaced = rnn_text_fold_spaces (text, " "), *folded = rnn_text_fold_case (spaced, RNN_TEXT_CASE_LOWER);
  g_autofree gboolean *voiced = g_new0 (gboolean, n + 1);

  if (output->marks == RNN_MARKS_TEXT)
    return mark_text (output, folded, n, targets) || refuse (folded, error);
  if (*folded || output->marks != RNN_MARKS_ENERGY)
    rnn_marks_find_voice (frames, n, dim, voiced);
  if (output->marks == RNN_MARKS_ENDING)
    return mark_ending (output, folded, voiced, n, targets) || refuse (folded, error);
  mark_voice (output, voiced, n, targets);
  return TRUE;
}

void
rnn_output_mark_quiet (const RnnOutput *output, gfloat *target)
{
  gint other = find_name (output, "other");
  gboolean is_class = output->klass->label == RNN_LABEL_CLASS;

  for (gint i = 0; i < output->n_values; i++)
    target[i] = !is_class || output->marks == RNN_MARKS_ENERGY ? 0 : other >= 0 ? other : NAN;
}
