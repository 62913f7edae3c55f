/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore align: when was each word of a transcript said?  The one most probable path of the text through what the model
 * hears (ctc/align.c).  --check lists recordings by how much better the model likes its own reading than their text:
 * those on top are probably mislabelled. */
#include "tool.h"
#include "base/error.h"
#include "base/manifest.h"
#include "base/wav.h"
#include "ctc/ctc.h"
#include "inputs/input.h"
#include "outputs/labeller.h"
#include "session/stream.h"
#include "transcript.h"
#include <math.h>
#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)

static gchar *model_path;
static gboolean as_ctm, as_json, as_textgrid, check;
static gint raw_rate;

static const GOptionEntry options[] = {
  {"model", 0, 0, G_OPTION_ARG_FILENAME, &model_path, "Model of audio with CTC output", "FILE"},
  {"rate", 0, 0, G_OPTION_ARG_INT, &raw_rate, "Files without a header are raw 16 bit mono of this rate", "HZ"},
  {"ctm", 0, 0, G_OPTION_ARG_NONE, &as_ctm, "NIST's CTM: a word a line (the default)", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "A JSON object a recording, with its words", NULL},
  {"textgrid", 0, 0, G_OPTION_ARG_NONE, &as_textgrid, "Praat's TextGrid, of one recording", NULL},
  {"check", 0, 0, G_OPTION_ARG_NONE, &check, "Instead: nats a step between the model's reading and the text, the largest first",
      NULL},
  {NULL}
};

/* What the model says of one recording: the first head that learns from text. */
typedef struct {
  RnnModel *model;
  const RnnOutput *head;
  RnnTokens *tokens;
  RnnLabeller *labeller;
  RnnInputStream *input;
  RnnStream *stream;
  GArray *scores;               /* gfloat [steps][head's tokens] */
  GArray *times;                /* guint64 [steps]: starts, ns */
  guint64 end;
} Listener;

typedef struct {
  gchar *name, *text;
  gdouble margin;               /* nats a step */
} Row;

static void
listener_clear (Listener *l)
{
  rnn_stream_free (l->stream);
  g_clear_pointer (&l->input, rnn_input_stream_free);
  rnn_labeller_free (l->labeller);
  rnn_tokens_unref (l->tokens);
  g_clear_pointer (&l->scores, g_array_unref);
  g_clear_pointer (&l->times, g_array_unref);
  rnn_model_unref (l->model);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listener, listener_clear)

static gboolean
listener_init (Listener *l, GError **error)
{
  const RnnOutput *output;

  if (!(l->model = rnn_model_load (model_path, error)))
    return FALSE;
  output = rnn_model_get_output (l->model);
  l->head = rnn_output_primary (output);
  if (rnn_model_get_input (l->model)->klass->source != RNN_SOURCE_AUDIO || l->head->klass->label != RNN_LABEL_TEXT) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model does not transcribe audio", model_path);
    return FALSE;
  }
  l->scores = g_array_new (FALSE, FALSE, sizeof (gfloat));
  l->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  l->tokens = rnn_tokens_ref (l->head->tokens);
  return (l->labeller = rnn_labeller_new (output, model_path, error))
      && (l->input = rnn_input_stream_new (rnn_model_get_input (l->model), rnn_model_get_input_mean (l->model),
              rnn_model_get_input_std (l->model), error))
      && (l->stream = rnn_stream_new (l->model, &(RnnStreamConfig) { 0 }, error));
}

/* ---- listening ---- */

static void
take_answers (Listener *l)
{
  const RnnStreamAnswer *answer;

  while ((answer = rnn_stream_next (l->stream))) {
    g_array_append_vals (l->scores, answer->y, (guint) rnn_tokens_get_n (l->tokens));
    g_array_append_val (l->times, answer->start);
    l->end = answer->start + answer->duration;
  }
}

static void
listen (Listener *l, const RnnWav *wav)
{
  guint n_in = (guint) rnn_model_get_n_in (l->model), rate = (guint) wav->rate, n;
  guint most = rnn_input_stream_max_steps (l->input, (guint) wav->n) + rnn_input_stream_max_steps (l->input, 0) + 64;
  g_autofree gfloat *steps = g_new (gfloat, (gsize) most * n_in);
  gint64 start = rnn_input_stream_get_start (l->input), hop = rnn_model_get_input (l->model)->hop;

  g_array_set_size (l->scores, 0);
  g_array_set_size (l->times, 0);
  n = rnn_input_stream_push (l->input, wav->samples, (guint) wav->n, steps);
  n += rnn_input_stream_finish (l->input, steps + (gsize) n * n_in);
  for (guint i = 0; i < n; i++) {
    guint64 from = (guint64) MAX (start + i * hop, 0) * SECOND / rate, to = (guint64) MAX (start + (i + 1) * hop, 0) * SECOND / rate;

    memcpy (rnn_stream_get_row (l->stream), steps + (gsize) i * n_in, n_in * sizeof (gfloat));
    rnn_stream_push (l->stream, from, to - from);
    take_answers (l);
  }
  rnn_stream_finish (l->stream);
  take_answers (l);
  rnn_stream_reset (l->stream);
}

/* ---- words ---- */

typedef struct {
  GArray *words;                /* RnnWord, whose texts it owns */
  gdouble margin;
} Alignment;

static gboolean
parts_words (Listener *l, gint token)
{
  const gchar *text = rnn_tokens_get_text (l->tokens, token);

  return *text == ' ' && text[1] == '\0';
}

static guint64
time_of (const Listener *l, gint step)
{
  return step < (gint) l->times->len ? g_array_index (l->times, guint64, step) : l->end;
}

/* Makes the scores log-probabilities; returns that of the path that takes the best token of every step. */
static gdouble
best_path (Listener *l)
{
  gint V = rnn_tokens_get_n (l->tokens);
  gdouble sum = 0;

  for (guint t = 0; t < l->times->len; t++) {
    gfloat *scores = &g_array_index (l->scores, gfloat, t * (guint) V), best = -INFINITY;

    rnn_log_softmax (V, scores, scores);
    for (gint v = 0; v < V; v++)
      best = MAX (best, scores[v]);
    sum += best;
  }
  return sum;
}

static void
collect_words (Listener *l, const gint *ids, const RnnCtcSpan *spans, guint n, Alignment *a)
{
  gint V = rnn_tokens_get_n (l->tokens);

  for (guint i = 0; i < n;) {
    RnnWord word = { 0 };
    gdouble sum = 0;
    guint first = i;
    gint steps = 0;
    GString *text = g_string_new (NULL);

    for (; i < n && !parts_words (l, ids[i]) && (i == first || *rnn_tokens_get_text (l->tokens, ids[i]) != ' '); i++) {
      g_string_append (text, rnn_tokens_get_text (l->tokens, ids[i]));
      for (gint t = spans[i].start; t < spans[i].end; t++, steps++)
        sum += g_array_index (l->scores, gfloat, t * V + ids[i]);
    }
    if (i > first) {
      word.text = g_strdup (g_strstrip (text->str));
      word.start = time_of (l, spans[first].start);
      word.end = time_of (l, spans[i - 1].end);
      word.confidence = (gfloat) exp (sum / MAX (steps, 1));
      g_array_append_val (a->words, word);
    } else {
      i++;
    }
    g_string_free (text, TRUE);
  }
}

static void
clear_word (gpointer word)
{
  g_free (((RnnWord *) word)->text);
}

/* FALSE without an error: the recording is too short for the text. */
static gboolean
align (Listener *l, const gchar *text, Alignment *a, GError **error)
{
  g_autofree gchar *spoken = rnn_labeller_spell (l->labeller, text, -1, FALSE, NULL, error);
  GArray *ids[16] = { NULL };
  gint T = (gint) l->times->len, V = rnn_tokens_get_n (l->tokens);
  gdouble best = best_path (l), own;
  gboolean ok = spoken && rnn_labeller_get_n (l->labeller) <= G_N_ELEMENTS (ids)
      && rnn_labeller_encode (l->labeller, spoken, ids, error);

  if (ok) {
    guint n = ids[0]->len;
    const gint *targets = (const gint *) (gpointer) ids[0]->data;
    g_autofree RnnCtcSpan *spans = g_new0 (RnnCtcSpan, n + 1);
    g_autofree gpointer scratch = g_malloc (rnn_ctc_align_scratch (T, (gint) n) + 1);

    own = rnn_ctc_align ((const gfloat *) (gpointer) l->scores->data, (gsize) V, T, V, targets, (gint) n, l->head->blank, spans,
        scratch);
    a->margin = (best - own) / MAX (T, 1);
    if ((ok = isfinite (own)))
      collect_words (l, targets, spans, n, a);
  }
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    if (ids[i])
      g_array_unref (ids[i]);
  return ok;
}

/* ---- output ---- */

static const RnnTranscriptFormat *
find_format (const gchar *name)
{
  for (guint i = 0; rnn_transcript_formats[i]; i++)
    if (g_str_equal (rnn_transcript_formats[i]->name, name))
      return rnn_transcript_formats[i];
  return NULL;
}

static void
print_alignment (const gchar *name, const gchar *text, const Alignment *a, gboolean several)
{
  const RnnTranscriptFormat *format = as_textgrid ? &rnn_transcript_textgrid : find_format (as_json ? "json" : "ctm");
  RnnTranscript transcript = {.out = stdout,.name = name,.several = several };
  const RnnWord *words = (const RnnWord *) (gpointer) a->words->data;
  RnnResult result = {.kind = RNN_RESULT_FINAL,.text = (gchar *) text,.words = words,.n_words = a->words->len,
    .stable_length = (guint) strlen (text), .confidence = (gfloat) exp (-a->margin)
  };

  if (a->words->len > 0) {
    result.start = words[0].start;
    result.end = words[a->words->len - 1].end;
  }
  if (format->begin)
    format->begin (&transcript);
  format->result (&transcript, &result);
  if (format->end)
    format->end (&transcript);
}

static gint
compare_margins (gconstpointer a, gconstpointer b)
{
  gdouble x = ((const Row *) a)->margin, y = ((const Row *) b)->margin;

  return (x < y) - (x > y);
}

static void
print_margins (GArray *rows)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_array_sort (rows, compare_margins);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);

    g_print ("%s\t%s\t%s\n", g_ascii_formatd (number, sizeof number, "%.3f", row->margin), row->name, row->text);
  }
}

/* ---- the command ---- */

static gboolean
align_row (Listener *l, const RnnManifestRow *row, gboolean several, GArray *margins, GError **error)
{
  g_autoptr (GError) reason = NULL;
  RnnWav wav = { 0 };
  Alignment a = { g_array_new (FALSE, FALSE, sizeof (RnnWord)), INFINITY };
  gboolean ok = rnn_wav_load (&wav, row->path, raw_rate, error);

  g_array_set_clear_func (a.words, clear_word);
  if (ok && wav.rate != rnn_model_get_rate (l->model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its rate is %d Hz, the model needs %d Hz", row->path, wav.rate,
        rnn_model_get_rate (l->model));
    ok = FALSE;
  }
  if (ok) {
    listen (l, &wav);
    if (!align (l, row->text, &a, &reason))
      g_printerr ("%s: not aligned: %s\n", row->given, reason ? reason->message : "too short for its text");
    else if (!check)
      print_alignment (row->given, row->text, &a, several);
    g_array_append_val (margins, ((Row) { row->given, row->text, a.margin }));
  }
  rnn_wav_clear (&wav);
  g_array_unref (a.words);
  return ok;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_auto (Listener) l = { NULL };
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GArray) margins = g_array_new (FALSE, FALSE, sizeof (Row));

  if (!rnn_tool_parse (&rnn_tool_align, options, &argc, &argv, 1, 1, error))
    return FALSE;
  if (!model_path || as_ctm + as_json + as_textgrid + check > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, model_path ? "one format at a time" : "which model? --model FILE");
    return FALSE;
  }
  if (!(rows = rnn_manifest_load (argv[1], error)) || !listener_init (&l, error))
    return FALSE;
  if (as_textgrid && rows->len != 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--textgrid is of one recording");
    return FALSE;
  }
  for (guint i = 0; i < rows->len; i++)
    if (!align_row (&l, rows->pdata[i], rows->len > 1, margins, error))
      return FALSE;
  if (check)
    print_margins (margins);
  return TRUE;
}

const RnnTool rnn_tool_align = { "align", "MANIFEST.tsv --model MODEL", "When each word of transcripts was said; mislabelled recordings",
  run };
