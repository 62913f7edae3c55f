/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore vad: recordings in, where somebody speaks out; or, with --measure, how far that is from what the recordings' own
 * energy says, with noise mixed in. */
#include "../tool.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "base/manifest.h"
#include "detect/vad.h"
#include "measure.h"

typedef struct {
  RnnVad *vad;
  gint rate;
  const RnnMixing *mixing;      /* NULL: spans are printed */
  RnnVadErrors errors;
} Job;

static void
print_speech (const gchar *name, gint rate, guint64 start, guint64 end)
{
  gchar from[G_ASCII_DTOSTR_BUF_SIZE], to[G_ASCII_DTOSTR_BUF_SIZE];

  g_print ("%s\t%s\t%s\n", name, g_ascii_formatd (from, sizeof from, "%.3f", (gdouble) start / rate),
      g_ascii_formatd (to, sizeof to, "%.3f", (gdouble) end / rate));
}

/* speech[samples] */
static void
take_spans (Job *job, gboolean *speech)
{
  RnnVadSpan span;

  while (rnn_vad_next (job->vad, &span))
    for (guint64 i = span.start; i < span.end; i++)
      speech[i] = span.speech;
}

static void
listen (Job *job, const RnnWav *wav, gboolean *speech)
{
  rnn_vad_push (job->vad, wav->samples, wav->n);
  take_spans (job, speech);
  rnn_vad_finish (job->vad);
  take_spans (job, speech);
}

static void
print_all (const Job *job, const gchar *name, const gboolean *speech, gsize n)
{
  for (gsize i = 0, end; i < n; i = end) {
    for (end = i; end < n && speech[end] == speech[i]; end++);
    if (speech[i])
      print_speech (name, job->rate, i, end);
  }
}

static gboolean
do_recording (Job *job, const gchar *path, const gchar *name, GError **error)
{
  g_autofree gboolean *speech = NULL, *truth = NULL;
  RnnWav wav = { 0 };
  gboolean ok = rnn_wav_load (&wav, path, 0, error);

  if (ok && wav.rate != job->rate) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its rate is %d Hz, the model needs %d Hz", path, wav.rate, job->rate);
    ok = FALSE;
  }
  if (ok) {
    speech = g_new0 (gboolean, wav.n + 1);
    if (job->mixing && (ok = (truth = rnn_measure_truth (&wav, error)) != NULL))
      rnn_measure_mix (job->mixing, &wav);
    if (ok)
      listen (job, &wav, speech);
    if (ok && truth)
      rnn_measure_count (&job->errors, truth, speech, wav.n);
    else if (ok)
      print_all (job, name, speech, wav.n);
  }
  rnn_wav_clear (&wav);
  return ok;
}

static gboolean
do_path (Job *job, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  gboolean ok = TRUE;

  if (!g_str_has_suffix (path, ".tsv"))
    return do_recording (job, path, path, error);
  rows = rnn_manifest_load (path, error);
  for (guint i = 0; rows && ok && i < rows->len; i++) {
    const RnnManifestRow *row = g_ptr_array_index (rows, i);

    ok = do_recording (job, row->path, row->given, error);
  }
  return rows && ok;
}

static void
print_errors (const RnnVadErrors *e)
{
  gchar missed[G_ASCII_DTOSTR_BUF_SIZE], invented[G_ASCII_DTOSTR_BUF_SIZE], speech[G_ASCII_DTOSTR_BUF_SIZE];
  gdouble n = MAX (e->n, 1);

  g_print ("frames %" G_GUINT64_FORMAT ", speech %s %%; missed %s %%, invented %s %% of all frames\n", e->n,
      g_ascii_formatd (speech, sizeof speech, "%.1f", 100 * e->n_speech / n),
      g_ascii_formatd (missed, sizeof missed, "%.2f", 100 * e->n_missed / n),
      g_ascii_formatd (invented, sizeof invented, "%.2f", 100 * e->n_invented / n));
}

#define MAX_ROWS 8

typedef struct {
  gchar *model, *noise, *values[MAX_ROWS], *names[MAX_ROWS];
  gboolean measure;
  RnnMixing mixing;
  GOptionEntry entries[MAX_ROWS + 6];
} Flags;

/* Every row of the detector's options is a flag. */
static void
add_flags (Flags *f)
{
  const GOptionEntry own[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &f->model, "Model of audio that tells speech from silence", "FILE" },
    { "measure", 0, 0, G_OPTION_ARG_NONE, &f->measure, "Instead of spans: how many frames differ from what the recordings' own energy says", NULL },
    { "snr", 0, 0, G_OPTION_ARG_DOUBLE, &f->mixing.snr, "Measured with noise that is so much fainter than the recording", "DB" },
    { "noise", 0, 0, G_OPTION_ARG_STRING, &f->noise, "white (the default), pink or brown", "KIND" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &f->mixing.seed, "Of the noise", "N" },
  };
  guint n = G_N_ELEMENTS (own);

  memcpy (f->entries, own, sizeof (own));
  for (guint i = 0; rnn_vad_options[i].name; i++) {
    f->names[i] = g_strdelimit (g_strdup (rnn_vad_options[i].name), "_", '-');
    f->entries[n++] = (GOptionEntry) { f->names[i], 0, 0, G_OPTION_ARG_STRING, &f->values[i], rnn_vad_options[i].blurb, "X" };
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
  g_free (f->noise);
}

static RnnVad *
make_vad (const Flags *f, gint *rate, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  RnnVadConfig config;
  RnnVad *vad = NULL;
  gboolean ok = TRUE;

  if (!f->model) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "which model? --model FILE");
    return NULL;
  }
  rnn_options_init (rnn_vad_options, &config);
  for (guint i = 0; ok && rnn_vad_options[i].name; i++)
    ok = !f->values[i] || rnn_options_set (rnn_vad_options, &config, rnn_vad_options[i].name, f->values[i], "--", error);
  if (ok && (model = rnn_model_load (f->model, error)) && (vad = rnn_vad_new (model, &config, error)))
    *rate = rnn_model_get_rate (model);
  rnn_options_clear (rnn_vad_options, &config);
  return vad;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  Flags flags = {.mixing = { INFINITY, 1, 0 } };
  Job job = { 0 };
  gboolean ok;

  add_flags (&flags);
  ok = rnn_tool_parse (&rnn_tool_vad, flags.entries, &argc, &argv, 1, G_MAXINT, error)
      && rnn_measure_find_noise (&flags.mixing, flags.noise, error) && (job.vad = make_vad (&flags, &job.rate, error));
  job.mixing = flags.measure ? &flags.mixing : NULL;
  for (gint i = 1; ok && i < argc; i++)
    ok = do_path (&job, argv[i], error);
  if (ok && flags.measure)
    print_errors (&job.errors);
  rnn_vad_free (job.vad);
  clear_flags (&flags);
  return ok;
}

const RnnTool rnn_tool_vad = { "vad", "FILE...|MANIFEST.tsv --model MODEL", "When somebody speaks in recordings (WAV)", run };
