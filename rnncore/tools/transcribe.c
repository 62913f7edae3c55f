/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore transcribe: recordings in, what was said out.
 *
 * Its options are those of RnnTranscriberConfig, each row a flag. */
#include "tool.h"
#include <errno.h>
#include "base/error.h"
#include "base/manifest.h"
#include "base/wav.h"
#include "speech/transcriber.h"
#include "transcript.h"

#define COLUMNS 42              /* of captions for a screen, unless told */
#define TAGGER "english-punctuation.safetensors"

typedef struct {
  RnnModel *model;
  RnnTranscriber *transcriber;
  const RnnTranscriptFormat *format;
  RnnTranscript transcript;
  gint raw_rate;
} Job;

/* ---- recordings ---- */

static void
take_results (Job *job)
{
  const RnnResult *result;

  while ((result = rnn_transcriber_next (job->transcriber)))
    job->format->result (&job->transcript, result);
}

static gboolean
check_rate (const RnnWav *wav, const gchar *path, gint rate, GError **error)
{
  if (wav->rate == rate)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its rate is %d Hz, the model needs %d Hz: convert it first "
      "(sox %s -r %d OUT.wav), or let a GStreamer pipeline do so (audioresample)", path, wav->rate, rate, path, rate);
  return FALSE;
}

static gboolean
transcribe (Job *job, const gchar *path, const gchar *name, GError **error)
{
  const RnnTranscriptFormat *format = job->format;
  RnnWav wav = { 0 };
  gboolean ok = rnn_wav_load (&wav, path, job->raw_rate, error)
      && check_rate (&wav, path, rnn_model_get_rate (job->model), error);

  if (ok) {
    job->transcript.name = name;
    job->transcript.n = 0;
    if (format->begin)
      format->begin (&job->transcript);
    rnn_transcriber_push (job->transcriber, wav.samples, wav.n);
    take_results (job);
    rnn_transcriber_finish (job->transcriber);
    take_results (job);
    if (format->end)
      format->end (&job->transcript);
  }
  rnn_wav_clear (&wav);
  return ok;
}

/* A recording, or a manifest of some. */
static gboolean
transcribe_all (Job *job, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;

  if (!g_str_has_suffix (path, ".tsv"))
    return transcribe (job, path, path, error);
  if (!(rows = rnn_manifest_load (path, error)))
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    const RnnManifestRow *row = rows->pdata[i];

    if (!transcribe (job, row->path, row->given, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- the command line ---- */

#define MAX_FLAGS 64

typedef struct {
  GOptionEntry entries[MAX_FLAGS];
  guint n;
  gchar *names[MAX_FLAGS];      /* of rows, with dashes */
  gchar *values[MAX_FLAGS];     /* as given; NULL: not given */
  gboolean formats[MAX_FLAGS];
  gchar *model;
  gboolean punctuate;
  gint raw_rate;
} Flags;

static void
add_flag (Flags *f, const gchar *name, GOptionArg type, gpointer value, const gchar *blurb, const gchar *argument)
{
  g_assert (f->n + 1 < MAX_FLAGS);
  f->entries[f->n++] = (GOptionEntry) { name, 0, 0, type, value, blurb, argument };
}

static void
add_flags (Flags *f)
{
  const RnnOption *options = rnn_transcriber_get_options ();

  add_flag (f, "model", G_OPTION_ARG_FILENAME, &f->model, "Model of audio with CTC output", "FILE");
  add_flag (f, "rate", G_OPTION_ARG_INT, &f->raw_rate, "Files without a header are raw 16 bit mono of this rate", "HZ");
  add_flag (f, "punctuate", G_OPTION_ARG_NONE, &f->punctuate, "Use the tagger " TAGGER " beside the model", NULL);
  for (guint i = 0; rnn_transcript_formats[i]; i++)
    add_flag (f, rnn_transcript_formats[i]->name, G_OPTION_ARG_NONE, &f->formats[i], rnn_transcript_formats[i]->summary,
        NULL);
  for (guint i = 0; options[i].name; i++) {
    f->names[i] = g_strdelimit (g_strdup (options[i].name), "_", '-');
    add_flag (f, f->names[i], G_OPTION_ARG_STRING, &f->values[i], options[i].blurb, "X");
  }
}

static void
clear_flags (Flags *f)
{
  for (guint i = 0; i < MAX_FLAGS; i++) {
    g_free (f->names[i]);
    g_free (f->values[i]);
  }
  g_free (f->model);
}

static gboolean
choose_format (const Flags *f, gboolean several, const RnnTranscriptFormat **format, GError **error)
{
  guint n = 0;

  *format = rnn_transcript_formats[0];
  for (guint i = 0; rnn_transcript_formats[i]; i++)
    if (f->formats[i]) {
      *format = rnn_transcript_formats[i];
      n++;
    }
  if (n > 1 || (several && (*format)->one)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, n > 1 ? "one format at a time"
        : "--%s is of one recording", (*format)->name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
make_config (const Flags *f, const RnnTranscriptFormat *format, RnnTranscriberConfig *config, GError **error)
{
  const RnnOption *options = rnn_transcriber_get_options ();

  rnn_options_init (options, config);
  if (format->captions) {
    config->utterance.caption.output_mode = RNN_CAPTION_CAPTIONS;
    config->utterance.caption.columns = COLUMNS;
  }
  if (f->punctuate) {
    g_autofree gchar *folder = g_path_get_dirname (f->model);

    config->utterance.writer.punctuate_model = g_build_filename (folder, TAGGER, NULL);
  }
  for (guint i = 0; options[i].name; i++)
    if (f->values[i] && !rnn_options_set (options, config, options[i].name, f->values[i], "--", error))
      return FALSE;
  return TRUE;
}

static gboolean
prepare (Job *job, const Flags *f, GError **error)
{
  const RnnOption *options = rnn_transcriber_get_options ();
  RnnTranscriberConfig config = { 0 };

  if (!f->model) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "which model? --model FILE");
    return FALSE;
  }
  job->raw_rate = f->raw_rate;
  job->transcript.out = stdout;
  if ((job->model = rnn_model_load (f->model, error)) && make_config (f, job->format, &config, error))
    job->transcriber = rnn_transcriber_new (job->model, &config, error);
  if (job->transcriber && rnn_transcriber_get_left_out (job->transcriber))
    g_printerr ("rnncore transcribe: hotwords that cannot be said are left out: %s\n", rnn_transcriber_get_left_out (job->transcriber));
  if (job->transcriber && rnn_transcriber_get_foreign (job->transcriber))
    g_printerr ("rnncore transcribe: the language model %s seems to be %s, but the model is English\n", config.utterance.decoder.lm_file,
        rnn_transcriber_get_foreign (job->transcriber));
  rnn_options_clear (options, &config);
  return job->transcriber != NULL;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  Flags flags = { 0 };
  Job job = { 0 };
  gboolean ok;

  add_flags (&flags);
  ok = rnn_tool_parse (&rnn_tool_transcribe, flags.entries, &argc, &argv, 1, G_MAXINT, error);
  job.transcript.several = argc > 2 || (argc == 2 && g_str_has_suffix (argv[1], ".tsv"));
  ok = ok && choose_format (&flags, job.transcript.several, &job.format, error) && prepare (&job, &flags, error);
  for (gint i = 1; ok && i < argc; i++)
    ok = transcribe_all (&job, argv[i], error);
  if (ok && (fflush (stdout) || ferror (stdout))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "cannot write: %s", g_strerror (errno));
    ok = FALSE;
  }
  rnn_transcriber_free (job.transcriber);
  g_clear_pointer (&job.model, rnn_model_unref);
  clear_flags (&flags);
  return ok;
}

const RnnTool rnn_tool_transcribe = { "transcribe", "FILE...|MANIFEST.tsv --model MODEL",
  "Write what is said in recordings (WAV or raw)", run };
