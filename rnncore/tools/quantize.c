/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore quantize: a model file whose weights are bytes or halves, ready to be mapped and run. */
#include "tool.h"
#include <glib/gstdio.h>
#include <string.h>
#include "base/error.h"
#include "base/manifest.h"
#include "bench/audio.h"
#include "model/quantize.h"
#include "session/stream.h"

typedef struct {
  RnnFeatures *features;
  RnnStream *stream;
  RnnModel *model;
  gsize n_samples;              /* of all recordings so far */
  guint n_files;
} Calibration;

/* x [n] steps, to the stream's end */
static void
run_stream (RnnStream *stream, const gfloat *x, guint n, gsize n_in)
{
  for (guint t = 0; t < n; t++) {
    memcpy (rnn_stream_get_row (stream), x + t * n_in, n_in * sizeof (gfloat));
    rnn_stream_push (stream, 0, 0);
    while (rnn_stream_next (stream));
  }
  rnn_stream_finish (stream);
  while (rnn_stream_next (stream));
  rnn_stream_reset (stream);
}

/* Runs the model over one recording; what it answers does not matter. */
static gboolean
hear (Calibration *c, const gchar *path, GError **error)
{
  gsize n, n_in = rnn_model_get_n_in (c->model);
  g_autofree gfloat *samples = bench_audio_load (path, rnn_model_get_rate (c->model), 1, &n, error);
  g_autofree gfloat *x = NULL;
  guint n_steps;

  if (!samples)
    return FALSE;
  x = g_new (gfloat, ((gsize) rnn_features_max_steps (c->features, (guint) n) + 1) * n_in);
  n_steps = rnn_features_push (c->features, samples, (guint) n, x);
  n_steps += rnn_features_finish (c->features, x + n_steps * n_in);
  run_stream (c->stream, x, n_steps, n_in);
  c->n_samples += n;
  c->n_files++;
  return TRUE;
}

/* A recording, or a manifest of some. */
static gboolean
hear_all (Calibration *c, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) rows = NULL;

  if (!g_str_has_suffix (path, ".tsv"))
    return hear (c, path, error);
  if (!(rows = rnn_manifest_load (path, error)))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    if (!hear (c, ((const RnnManifestRow *) rows->pdata[i])->path, error))
      return FALSE;
  return TRUE;
}

static gboolean
calibrate (RnnModel *model, gchar **files, GError **error)
{
  g_autoptr (RnnFeatures) features = NULL;
  g_autoptr (RnnStream) stream = NULL;
  Calibration c = {.model = model };

  if (!rnn_model_get_features (model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: only models of audio can be calibrated",
        rnn_model_get_path (model));
    return FALSE;
  }
  if (!rnn_model_observe (model, error)
      || !(c.features = features = rnn_features_new (rnn_model_get_features (model), rnn_model_get_input_mean (model),
          rnn_model_get_input_std (model), error))
      || !(c.stream = stream = rnn_stream_new (model, &(RnnStreamConfig) { 0 }, error)))
    return FALSE;
  for (; *files; files++)
    if (!hear_all (&c, *files, error))
      return FALSE;
  if (!c.n_samples) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "--calibration: there is nothing to hear");
    return FALSE;
  }
  g_print ("calibrated on %u recordings, %.1f s\n", c.n_files, (gdouble) c.n_samples / rnn_model_get_rate (model));
  return TRUE;
}

/* The output replaces what is there: it may be another file, nothing else. */
static gboolean
check_out (const gchar *in, const gchar *out, GError **error)
{
  GStatBuf from, to;
  const gchar *wrong = NULL;

  if (g_stat (out, &to) != 0)
    return TRUE;
  if (!S_ISREG (to.st_mode))
    wrong = "is no file";
  else if (g_file_test (out, G_FILE_TEST_IS_SYMLINK))
    wrong = "is a link; name the file itself";
  else if (g_stat (in, &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
    wrong = "is the model itself, whose floats would be lost";
  if (wrong)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: not written: it %s", out, wrong);
  return !wrong;
}

static gboolean
quantize (const gchar *in, const gchar *out, RnnPrecision precision, gchar **calibration, GError **error)
{
  g_autoptr (RnnModel) model = NULL, quantized = NULL;

  if (!check_out (in, out, error) || !(model = rnn_model_load (in, error))
      || (calibration && !calibrate (model, calibration, error))
      || !(quantized = rnn_model_quantize (model, precision, error)) || !rnn_model_save (quantized, out, error))
    return FALSE;
  g_print ("%s: weights %s, %.1f MB; they were %.1f MB\n", out, rnn_precision_get_name (precision),
      rnn_model_get_weight_bytes (quantized) / 1e6, rnn_model_get_weight_bytes (model) / 1e6);
  return TRUE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *name = NULL;
  g_auto (GStrv) calibration = NULL;
  RnnPrecision precision = RNN_PRECISION_INT8;
  const GOptionEntry options[] = {
    { "precision", 0, 0, G_OPTION_ARG_STRING, &name, "int8 (default) or bf16", "P" },
    { "calibration", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &calibration, "Choose int8 scales for this recording (WAV or "
        "raw, 16 bit, mono, the model's rate), or those of a manifest; may be repeated", "FILE|MANIFEST.tsv" },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_quantize, options, &argc, &argv, 2, 2, error))
    return FALSE;
  if (name && (!rnn_precision_from_name (name, &precision) || precision == RNN_PRECISION_F32)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "there is no precision \"%s\" to quantise to; there "
        "are int8, bf16", name);
    return FALSE;
  }
  if (calibration && precision != RNN_PRECISION_INT8) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--calibration chooses scales, which only int8 has");
    return FALSE;
  }
  return quantize (argv[1], argv[2], precision, calibration, error);
}

const RnnTool rnn_tool_quantize = { "quantize", "MODEL OUT.safetensors",
  "Write a model (of a recipe: fresh weights) as int8 or bf16 that is mapped and run as it is", run };
