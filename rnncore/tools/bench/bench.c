/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore bench: what a piece of work takes on this machine, beside the least that it could take, and where oneDNN was
 * there when this was built, beside oneDNN.  All of them take turns in one run. */
#include "bench.h"
#include "report.h"
#include "tools/tool.h"
#include <stdlib.h>
#include <string.h>

#define MOST (1 << 28)          /* numbers that one call may work on */

static const BenchPrecision precisions[] = {
  { "f32", RNN_PRECISION_F32, 4 },
  { "int8", RNN_PRECISION_INT8, 1 },
  { "bf16", RNN_PRECISION_BF16, 2 },
};

static const BenchKind kinds[] = {
  { "step", "stream-step", "one step of one stream", { .cell = "lstm", .input = 512, .hidden = 512, .layers = 1,
      .streams = 1, .steps = 1, .precision_name = "f32" }, bench_prepare_streams },
  { "chunk", "stream-step", "100 steps of one stream at once", { .cell = "lstm", .input = 512, .hidden = 512,
      .layers = 1, .streams = 1, .steps = 100, .precision_name = "f32" }, bench_prepare_streams },
  { "batch", "stream-step", "one step of 16 streams at once", { .cell = "lstm", .input = 512, .hidden = 512,
      .layers = 1, .streams = 16, .steps = 1, .precision_name = "f32" }, bench_prepare_streams },
  { "train", "update", "forward, loss, backward, clipping and Adam", { .cell = "lstm", .input = 120, .hidden = 320,
      .layers = 3, .outputs = 29, .labels = 30, .streams = 16, .steps = 200, .threads = 1, .loss = "ctc",
      .precision_name = "f32" }, bench_prepare_train },
  { "train", "update", "the same of a language model", { .cell = "lstm", .input = 512, .hidden = 512, .layers = 2,
      .outputs = 128, .streams = 32, .steps = 128, .threads = 1, .loss = "cross-entropy", .precision_name = "f32" },
    bench_prepare_train },
  { "ctc", "loss call", "CTC loss and gradient of a minibatch", { .outputs = 32, .labels = 100, .streams = 16,
      .steps = 500 }, bench_prepare_ctc },
  { "features", "frame", "log-mel filter banks", { .outputs = 80, .steps = 100 }, bench_prepare_features },
  { "pipeline", "second of audio", "samples to words", { .streams = 1, .steps = 1, .precision_name = "f32",
      .model = "", .audio = "" }, bench_prepare_pipeline },
  { "forecast", "value", "a value of a series to a forecast", { .horizon = 24, .model = "" }, bench_prepare_forecast },
};

/* What may be measured more than once, for different losses: then the row of @loss, else the first. */
static const BenchKind *
find_kind (const gchar *what, const gchar *loss, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  const BenchKind *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const BenchKind *kind = &kinds[i];

    if (i == 0 || !g_str_equal (kind->what, kind[-1].what))
      g_string_append_printf (list, "%s%s", i ? ", " : "", kind->what);
    if (!g_str_equal (kind->what, what))
      continue;
    if (loss && !g_strcmp0 (kind->defaults.loss, loss))
      return kind;
    first = first ? first : kind;
  }
  if (!first)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "cannot measure \"%s\"; there are %s", what, list->str);
  return first;
}

/* ---- settings ---- */

static const struct {
  const gchar *name;
  gsize offset;
  gint max;
} numbers[] = {
  { "input", G_STRUCT_OFFSET (BenchSettings, input), 65536 },
  { "hidden", G_STRUCT_OFFSET (BenchSettings, hidden), 65536 },
  { "layers", G_STRUCT_OFFSET (BenchSettings, layers), 64 },
  { "outputs", G_STRUCT_OFFSET (BenchSettings, outputs), 65536 },
  { "labels", G_STRUCT_OFFSET (BenchSettings, labels), 65536 },
  { "streams", G_STRUCT_OFFSET (BenchSettings, streams), 65536 },
  { "steps", G_STRUCT_OFFSET (BenchSettings, steps), 65536 },
  { "threads", G_STRUCT_OFFSET (BenchSettings, threads), 256 },
  { "horizon", G_STRUCT_OFFSET (BenchSettings, horizon), 4096 },
};

static const struct {
  const gchar *name;
  gsize offset;
} texts[] = {
  { "cell", G_STRUCT_OFFSET (BenchSettings, cell) },
  { "precision", G_STRUCT_OFFSET (BenchSettings, precision_name) },
  { "loss", G_STRUCT_OFFSET (BenchSettings, loss) },
  { "model", G_STRUCT_OFFSET (BenchSettings, model) },
  { "audio", G_STRUCT_OFFSET (BenchSettings, audio) },
};

#define UNSET G_MININT

static gboolean
refuse (GError **error, const gchar *option, const gchar *why)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s %s", option, why);
  return FALSE;
}

static gboolean
complete_numbers (BenchSettings *s, const BenchSettings *defaults, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    gint *value = G_STRUCT_MEMBER_P (s, numbers[i].offset);
    gint def = G_STRUCT_MEMBER (gint, defaults, numbers[i].offset);
    g_autofree gchar *range = g_strdup_printf ("must be from 1 to %d", numbers[i].max);

    if (*value == UNSET)
      *value = def;
    else if (!def)
      return refuse (error, numbers[i].name, "does not matter here");
    else if (*value < 1 || *value > numbers[i].max)
      return refuse (error, numbers[i].name, range);
  }
  return TRUE;
}

static gboolean
complete_texts (BenchSettings *s, const BenchSettings *defaults, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    gchar **value = G_STRUCT_MEMBER_P (s, texts[i].offset);
    const gchar *def = G_STRUCT_MEMBER (gchar *, defaults, texts[i].offset);

    if (*value && !def)
      return refuse (error, texts[i].name, "does not matter here");
    if (!*value && def && *def)
      *value = g_strdup (def);
  }
  return TRUE;
}

static gboolean
find_precision (BenchSettings *s, GError **error)
{
  g_autoptr (GString) list = g_string_new ("is not one of");

  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    if (!s->precision_name || g_str_equal (precisions[i].name, s->precision_name)) {
      s->precision = &precisions[i];
      return TRUE;
    }
    g_string_append_printf (list, "%s %s", i ? "," : "", precisions[i].name);
  }
  return refuse (error, "precision", list->str);
}

void
bench_set_precision (BenchSettings *s, RnnPrecision precision)
{
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    if (precisions[i].precision == precision)
      s->precision = &precisions[i];
}

static gboolean
complete (BenchSettings *s, const BenchKind *kind, GError **error)
{
  gdouble rows, columns;

  if (!complete_numbers (s, &kind->defaults, error) || !complete_texts (s, &kind->defaults, error)
      || !find_precision (s, error))
    return FALSE;
  s->threads = MAX (s->threads, 1);
  rows = (gdouble) s->steps * MAX (s->streams, 1);
  columns = MAX (MAX (s->input, s->hidden), MAX (s->outputs, s->labels));
  if (rows * MAX (columns, 1) > MOST || (gdouble) s->layers * s->hidden * MAX (s->input, s->hidden) > MOST)
    return refuse (error, "steps, --streams, --layers", "and sizes are too much together");
  if (s->outputs == 1)
    return refuse (error, "outputs", "must be more than 1");
  if (s->labels > (s->steps + 1) / 2 && (!s->loss || g_str_equal (s->loss, "ctc")))
    return refuse (error, "labels", "must be at most half of --steps: between two equal ones there is a blank");
  if (s->count < 0 || !(s->seconds > 0) || s->seconds > 3600)
    return refuse (error, "count", "must not be below 0, and --seconds above 0, at most 3600");
  if (s->count && s->json)
    return refuse (error, "json", "has nothing to print with --count, which measures nothing");
  return TRUE;
}

/* ---- running ---- */

enum { OURS, FLOOR, PEER = FLOOR + BENCH_FLOOR_PARTIES, N_PARTIES };

static const BenchPeer *
find_peer (const BenchSettings *s)
{
  const BenchPeer *peer = s->cell ? bench_peer_load (s) : NULL;

  return peer && peer->knows (s) ? peer : NULL;
}

static void
measure (const BenchSettings *s, const BenchKind *kind, const BenchWork *work)
{
  BenchParty parties[N_PARTIES] = { [OURS] = { work->run, work->data } };
  BenchFloor *floor = bench_floor_new (work, s, parties + FLOOR);
  const BenchPeer *peer = find_peer (s);
  gpointer peer_data = peer ? peer->start (s) : NULL;
  BenchResult result = { .unit = kind->unit, .bytes_per_stream = work->bytes_per_stream, .peer = peer };

  if (peer_data)
    parties[PEER] = (BenchParty) { peer->run, peer_data };
  else if (work->core)
    parties[PEER] = (BenchParty) { work->core, work->data };
  bench_measure (parties, parties[PEER].run ? N_PARTIES : PEER, s);
  result.median = bench_party_quantile (&parties[OURS], 0.5) / work->units;
  result.p99 = bench_party_quantile (&parties[OURS], 0.99) / work->units;
  result.cpu = s->threads > 1 ? bench_party_cpu (&parties[OURS]) / work->units : 0;
  result.floor = bench_floor_get (floor, work, s, parties + FLOOR) / work->units;
  if (peer_data) {
    result.peer_median = bench_party_quantile (&parties[PEER], 0.5) / work->units;
    peer->stop (peer_data);
  } else if (work->core) {
    result.core = bench_party_quantile (&parties[PEER], 0.5) / work->units;
  }
  bench_report (s, &result);
  for (guint i = 0; i < N_PARTIES; i++)
    bench_party_clear (&parties[i]);
  bench_floor_free (floor);
}

static gboolean
run_bench (BenchSettings *s, const gchar *what, GError **error)
{
  const BenchKind *kind = find_kind (what, s->loss, error);
  BenchWork work = { 0 };
  gboolean ok;

  if (!kind || !complete (s, kind, error))
    return FALSE;
  s->what = kind->what;
  work.needs = g_array_new (FALSE, FALSE, sizeof (BenchNeed));
  ok = kind->prepare (s, &work, error);
  if (ok && !s->count)
    measure (s, kind, &work);
  for (gint i = 0; ok && i < s->count; i++)
    work.run (work.data);
  if (ok && s->count)
    g_print ("%s: %d calls\n", s->what, s->count);
  if (work.free)
    work.free (work.data);
  g_array_unref (work.needs);
  return ok;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  BenchSettings s = { .seconds = 1 };
  const GOptionEntry options[] = {
    { "cell", 0, 0, G_OPTION_ARG_STRING, &s.cell, "Kind of layer (lstm); rnncore info --cells", "NAME" },
    { "input", 0, 0, G_OPTION_ARG_INT, &s.input, "Values per step", "N" },
    { "hidden", 0, 0, G_OPTION_ARG_INT, &s.hidden, "Units per layer", "N" },
    { "layers", 0, 0, G_OPTION_ARG_INT, &s.layers, "How many", "N" },
    { "precision", 0, 0, G_OPTION_ARG_STRING, &s.precision_name, "Numbers that weights are kept in (f32)", "NAME" },
    { "streams", 0, 0, G_OPTION_ARG_INT, &s.streams, "Streams that step together; utterances of a minibatch", "N" },
    { "steps", 0, 0, G_OPTION_ARG_INT, &s.steps, "Steps of one call", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &s.threads, "train: threads (1); one is timed by its CPU time, several by the clock", "N" },
    { "horizon", 0, 0, G_OPTION_ARG_INT, &s.horizon, "forecast: steps ahead (24), where --model is a recipe", "N" },
    { "outputs", 0, 0, G_OPTION_ARG_INT, &s.outputs, "train, ctc: tokens; features: bands", "N" },
    { "labels", 0, 0, G_OPTION_ARG_INT, &s.labels, "train, ctc: labels per utterance", "N" },
    { "loss", 0, 0, G_OPTION_ARG_STRING, &s.loss, "train: ctc, or cross-entropy: a language model", "NAME" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &s.model, "pipeline, forecast: the model to run", "FILE" },
    { "audio", 0, 0, G_OPTION_ARG_FILENAME, &s.audio, "pipeline: WAV or raw, mono, 16 bit; else noise", "FILE" },
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &s.seconds, "How long to measure (1)", "S" },
    { "count", 0, 0, G_OPTION_ARG_INT, &s.count, "Only make N calls, for a profiler", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &s.json, "Print one JSON object", NULL },
    { NULL }
  };
  gboolean ok;

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (gint, &s, numbers[i].offset) = UNSET;
  ok = rnn_tool_parse (&rnn_tool_bench, options, &argc, &argv, 1, 1, error) && run_bench (&s, argv[1], error);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (gpointer, &s, texts[i].offset));
  return ok;
}

const RnnTool rnn_tool_bench = { "bench", "WHAT", "Measure step, chunk, batch, train, ctc, features, pipeline or forecast", run };
