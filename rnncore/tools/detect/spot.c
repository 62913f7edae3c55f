/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore spot: recordings in, the classes or tags that come up in them out; or, with --measure, how many recordings of one word
 * each are taken for the word that their manifest has. */
#include "../tool.h"
#include <string.h>
#include "base/error.h"
#include "base/manifest.h"
#include "base/wav.h"
#include "detect/spotter.h"
#include "text/fold.h"

#define MAX_ROWS 8

typedef struct {
  gchar *model, *values[MAX_ROWS], *names[MAX_ROWS];
  gboolean measure;
  GOptionEntry entries[MAX_ROWS + 3];
} Flags;

typedef struct {
  RnnSpotter *spotter;
  RnnModel *model;
  gint rate, n;
  gfloat *best;                 /* [n] the highest that each was in a recording */
  gboolean measure;
  guint n_right, n_recordings, n_events;
  gdouble seconds;
} Job;

static void
add_flags (Flags *f)
{
  guint n = 0;

  f->entries[n++] = (GOptionEntry) { "model", 0, 0, G_OPTION_ARG_FILENAME, &f->model, "Model of audio with classes or tags", "FILE" };
  f->entries[n++] = (GOptionEntry) { "measure", 0, 0, G_OPTION_ARG_NONE, &f->measure,
    "Instead of events: how many recordings are heard as their text says", NULL };
  for (guint i = 0; rnn_spotter_options[i].name; i++) {
    f->names[i] = g_strdelimit (g_strdup (rnn_spotter_options[i].name), "_", '-');
    f->entries[n++] = (GOptionEntry) { f->names[i], 0, 0, G_OPTION_ARG_STRING, &f->values[i], rnn_spotter_options[i].blurb, "X" };
  }
}

static void
clear_flags (Flags *f)
{
  for (guint i = 0; i < MAX_ROWS; i++) {
    g_free (f->names[i]);
    g_free (f->values[i]);
  }
  g_free (f->model);
}

static void
print_event (const Job *job, const gchar *name, const RnnSpotted *event)
{
  gchar at[G_ASCII_DTOSTR_BUF_SIZE], score[G_ASCII_DTOSTR_BUF_SIZE];

  g_print ("%s\t%s\t%s\t%s\n", name, g_ascii_formatd (at, sizeof at, "%.3f", (gdouble) event->end / job->rate),
      event->label ? event->label : "?", g_ascii_formatd (score, sizeof score, "%.3f", event->score));
}

static void
take_events (Job *job, const gchar *name)
{
  const RnnSpotted *event;

  while ((event = rnn_spotter_next (job->spotter))) {
    job->n_events++;
    if (!job->measure)
      print_event (job, name, event);
  }
}

/* In pieces of a hop, so that every step's scores are seen. */
static void
listen (Job *job, const gchar *name, const gfloat *samples, gsize n)
{
  gsize piece = (gsize) job->rate / 100;
  const gfloat *scores;

  for (gsize i = 0; i < n; i += piece) {
    rnn_spotter_push (job->spotter, samples ? samples + i : NULL, MIN (piece, n - i));
    take_events (job, name);
    scores = rnn_spotter_get_scores (job->spotter, &job->n);
    for (gint k = 0; k < job->n; k++)
      job->best[k] = MAX (job->best[k], scores[k]);
  }
}

static void
judge (Job *job, const gchar *text)
{
  g_autofree gchar *spaced = rnn_text_fold_spaces (text, " "), *word = rnn_text_fold_case (spaced, RNN_TEXT_CASE_LOWER);
  const gchar *const *labels = rnn_model_get_tokens (job->model);
  gint best = -1;

  for (gint k = 0; k < job->n; k++)
    if (!rnn_spotter_is_nothing (job->spotter, k) && (best < 0 || job->best[k] > job->best[best]))
      best = k;
  job->n_recordings++;
  job->n_right += labels && best >= 0 && strcmp (labels[best], word) == 0;
}

static gboolean
do_recording (Job *job, const gchar *path, const gchar *name, const gchar *text, GError **error)
{
  g_autofree gfloat *padded = NULL;
  RnnWav wav = { 0 };
  gsize n;

  if (!rnn_wav_load (&wav, path, 0, error))
    return FALSE;
  if (wav.rate != job->rate) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its rate is %d Hz, the model needs %d Hz", path, wav.rate, job->rate);
    rnn_wav_clear (&wav);
    return FALSE;
  }
  n = wav.n + (job->measure ? (gsize) job->rate / 2 : 0);       /* time for the last word to be understood */
  padded = g_new0 (gfloat, n);
  memcpy (padded, wav.samples, wav.n * sizeof (gfloat));
  rnn_spotter_reset (job->spotter);
  memset (job->best, 0, job->n * sizeof (gfloat));
  listen (job, name, padded, n);
  if (job->measure)
    judge (job, text);
  rnn_spotter_finish (job->spotter);
  take_events (job, name);
  job->seconds += (gdouble) wav.n / wav.rate;
  rnn_wav_clear (&wav);
  return TRUE;
}

static gboolean
do_path (Job *job, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  gboolean ok = TRUE;

  if (!g_str_has_suffix (path, ".tsv"))
    return do_recording (job, path, path, "", error);
  rows = rnn_manifest_load (path, error);
  for (guint i = 0; rows && ok && i < rows->len; i++) {
    const RnnManifestRow *row = g_ptr_array_index (rows, i);

    ok = do_recording (job, row->path, row->given, row->text, error);
  }
  return rows && ok;
}

static gboolean
make_spotter (Job *job, const Flags *f, GError **error)
{
  RnnSpotterConfig config;
  gboolean ok = TRUE;

  if (!f->model) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "which model? --model FILE");
    return FALSE;
  }
  rnn_options_init (rnn_spotter_options, &config);
  for (guint i = 0; ok && rnn_spotter_options[i].name; i++)
    ok = !f->values[i] || rnn_options_set (rnn_spotter_options, &config, rnn_spotter_options[i].name, f->values[i], "--", error);
  if (!ok || !(job->model = rnn_model_load (f->model, error)))
    return FALSE;
  if (rnn_model_get_rate (job->model) == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its input is not audio", f->model);
    return FALSE;
  }
  job->rate = rnn_model_get_rate (job->model);
  job->spotter = rnn_spotter_new (job->model, job->rate, &config, error);
  if (job->spotter && rnn_spotter_get_scores (job->spotter, &job->n))
    job->best = g_new0 (gfloat, job->n);
  return job->spotter != NULL;
}

static void
print_measure (const Job *job)
{
  gchar rate[G_ASCII_DTOSTR_BUF_SIZE], hour[G_ASCII_DTOSTR_BUF_SIZE];

  g_print ("%u of %u right (%s %%), %s events an hour\n", job->n_right, job->n_recordings,
      g_ascii_formatd (rate, sizeof rate, "%.1f", 100. * job->n_right / MAX (job->n_recordings, 1)),
      g_ascii_formatd (hour, sizeof hour, "%.1f", job->n_events * 3600 / MAX (job->seconds, 1)));
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  Flags flags = { 0 };
  Job job = { 0 };
  gboolean ok;

  add_flags (&flags);
  ok = rnn_tool_parse (&rnn_tool_spot, flags.entries, &argc, &argv, 1, G_MAXINT, error) && make_spotter (&job, &flags, error);
  job.measure = flags.measure;
  for (gint i = 1; ok && i < argc; i++)
    ok = do_path (&job, argv[i], error);
  if (ok && job.measure)
    print_measure (&job);
  rnn_spotter_free (job.spotter);
  g_clear_pointer (&job.model, rnn_model_unref);
  g_free (job.best);
  clear_flags (&flags);
  return ok;
}

const RnnTool rnn_tool_spot = { "spot", "FILE...|MANIFEST.tsv --model MODEL", "When words or other classes come up in recordings (WAV)", run };
