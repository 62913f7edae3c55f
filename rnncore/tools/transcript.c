/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats: plain text, a manifest, JSON lines as rnnctcdec's unsynced_src has them, WebVTT, SubRip, NIST's CTM, Praat's
 * TextGrid. */
#include "transcript.h"
#include <jansson.h>
#include <stdlib.h>
#include "text/escape.h"

#define MS 1000000

/* ---- text: a line an utterance ---- */

static void
text_result (RnnTranscript *t, const RnnResult *result)
{
  if (result->kind != RNN_RESULT_ENDPOINT || !*result->text)
    return;
  if (t->several)
    fprintf (t->out, "%s\t", t->name);
  fprintf (t->out, "%s\n", result->text);
}

/* ---- manifest: a line a recording ---- */

static void
manifest_begin (RnnTranscript *t)
{
  fprintf (t->out, "%s\t", t->name);
}

static void
manifest_result (RnnTranscript *t, const RnnResult *result)
{
  if (result->kind == RNN_RESULT_ENDPOINT && *result->text)
    fprintf (t->out, "%s%s", t->n++ ? " " : "", result->text);
}

static void
manifest_end (RnnTranscript *t)
{
  fputc ('\n', t->out);
}

/* ---- json ---- */

static json_t *
words_to_json (const RnnResult *result)
{
  json_t *words = json_array ();

  for (guint i = 0; i < result->n_words; i++) {
    const RnnWord *w = &result->words[i];

    json_array_append_new (words, json_pack ("{s:s, s:I, s:I, s:f}", "text", w->text, "start", (json_int_t) w->start,
            "end", (json_int_t) w->end, "confidence", (double) w->confidence));
  }
  return words;
}

static void
json_result (RnnTranscript *t, const RnnResult *result)
{
  json_t *object;
  gchar *text;

  if (result->kind == RNN_RESULT_QUIET)
    return;
  object = json_pack ("{s:s, s:s, s:i, s:I, s:I}", "type", rnn_result_kind_get_name (result->kind), "text", result->text,
      "stable-length", (int) result->stable_length, "start", (json_int_t) result->start, "end", (json_int_t) result->end);
  if (t->several)
    json_object_set_new (object, "file", json_string (t->name));
  if (result->kind != RNN_RESULT_ENDPOINT) {
    json_object_set_new (object, "confidence", json_real (result->confidence));
    json_object_set_new (object, "words", words_to_json (result));
  }
  text = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (9));
  fprintf (t->out, "%s\n", text);
  free (text);
  json_decref (object);
}

/* ---- captions ---- */

static void
print_time (FILE *out, guint64 ns, gchar point)
{
  guint64 ms = ns / MS;

  fprintf (out, "%02u:%02u:%02u%c%03u", (guint) (ms / 3600000), (guint) (ms / 60000 % 60), (guint) (ms / 1000 % 60),
      point, (guint) (ms % 1000));
}

static void
print_span (FILE *out, const RnnResult *result, gchar point)
{
  print_time (out, result->start, point);
  fputs (" --> ", out);
  print_time (out, result->end, point);
  fputc ('\n', out);
}

static void
vtt_begin (RnnTranscript *t)
{
  fputs ("WEBVTT\n\n", t->out);
}

static void
vtt_result (RnnTranscript *t, const RnnResult *result)
{
  g_autofree gchar *text = NULL;

  if (result->kind != RNN_RESULT_FINAL)
    return;
  text = rnn_escape_webvtt (result->text);
  print_span (t->out, result, '.');
  fprintf (t->out, "%s\n\n", text);
}

static void
srt_result (RnnTranscript *t, const RnnResult *result)
{
  g_autofree gchar *text = NULL;

  if (result->kind != RNN_RESULT_FINAL)
    return;
  text = rnn_escape_subrip (result->text);
  fprintf (t->out, "%u\n", ++t->n);
  print_span (t->out, result, ',');
  fprintf (t->out, "%s\n\n", text);
}

/* ---- ctm: recording, channel, start, duration, word, confidence ---- */

static void
print_seconds (FILE *out, guint64 ns)
{
  fprintf (out, " %" G_GUINT64_FORMAT ".%03u", ns / MS / 1000, (guint) (ns / MS % 1000));
}

static void
ctm_result (RnnTranscript *t, const RnnResult *result)
{
  for (guint i = 0; result->kind == RNN_RESULT_FINAL && i < result->n_words; i++) {
    const RnnWord *w = &result->words[i];
    gchar confidence[G_ASCII_DTOSTR_BUF_SIZE];

    fprintf (t->out, "%s 1", t->name);
    print_seconds (t->out, w->start);
    print_seconds (t->out, w->end - w->start);
    fprintf (t->out, " %s %s\n", w->text, g_ascii_formatd (confidence, sizeof confidence, "%.3f", w->confidence));
  }
}

/* ---- Praat's TextGrid: one tier of words and what lies between them ---- */

typedef struct {
  FILE *out;
  guint n;
} Intervals;

static void
print_interval (Intervals *intervals, guint64 start, guint64 end, const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\"", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"\"", parts);

  fprintf (intervals->out, "        intervals [%u]:\n            xmin =", ++intervals->n);
  print_seconds (intervals->out, start);
  fputs ("\n            xmax =", intervals->out);
  print_seconds (intervals->out, end);
  fprintf (intervals->out, "\n            text = \"%s\"\n", quoted);
}

static guint
count_intervals (const RnnResult *result)
{
  guint n = result->n_words;

  for (guint i = 0; i < result->n_words; i++)
    n += result->words[i].start > (i > 0 ? result->words[i - 1].end : 0);
  return n;
}

static void
textgrid_result (RnnTranscript *t, const RnnResult *result)
{
  Intervals intervals = { t->out, 0 };
  guint64 at = 0;

  if (result->kind != RNN_RESULT_FINAL)
    return;
  fputs ("File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax =", t->out);
  print_seconds (t->out, result->end);
  fputs ("\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n        class = \"IntervalTier\"\n        name = \"words\"\n"
      "        xmin = 0\n        xmax =", t->out);
  print_seconds (t->out, result->end);
  fprintf (t->out, "\n        intervals: size = %u\n", count_intervals (result));
  for (guint i = 0; i < result->n_words; i++) {
    if (result->words[i].start > at)
      print_interval (&intervals, at, result->words[i].start, "");
    print_interval (&intervals, result->words[i].start, result->words[i].end, result->words[i].text);
    at = result->words[i].end;
  }
}

/* ---- the table ---- */

static const RnnTranscriptFormat text = { "text", "A line an utterance (the default)", .result = text_result };
static const RnnTranscriptFormat manifest = { "tsv", "A manifest: path and text, as rnncore wer reads it",
  .begin = manifest_begin, .result = manifest_result, .end = manifest_end };
static const RnnTranscriptFormat json = { "json", "A JSON object a line: captions with their words, and utterances",
  .result = json_result };
static const RnnTranscriptFormat vtt = { "vtt", "WebVTT", .captions = TRUE, .one = TRUE, .begin = vtt_begin,
  .result = vtt_result };
static const RnnTranscriptFormat srt = { "srt", "SubRip", .captions = TRUE, .one = TRUE, .result = srt_result };
static const RnnTranscriptFormat ctm = { "ctm", "NIST's CTM: a word a line", .result = ctm_result };
const RnnTranscriptFormat rnn_transcript_textgrid = { "textgrid", "Praat's TextGrid", .one = TRUE, .result = textgrid_result };

const RnnTranscriptFormat *const rnn_transcript_formats[] = { &text, &manifest, &json, &vtt, &srt, &ctm, NULL };
