/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lays words out into captions.  The words under way are with the captioner; those of a caption that is complete move to a page
 * of its own, which is the caller's until the next call. */
#include <string.h>
#include "caption-shape.h"
#include "../ctc/words.h"

static const gchar *const modes[] = { "words", "segments", "lines", "captions", "roll-up", NULL };

const RnnOption rnn_caption_options[] = {
  RNN_OPT_ENUM (RnnCaptionConfig, output_mode, modes, RNN_CAPTION_WORDS,
      "What a caption is: a word, a few lines, a line, a few lines shaped to be read, or lines that roll up"),
  RNN_OPT_INT (RnnCaptionConfig, columns, 0, 1000, 0, "Characters per line; 0: lines do not end"),
  RNN_OPT_INT (RnnCaptionConfig, lines, 0, 100, 2, "Lines per caption, in segments, captions and roll-up; 0: any number"),
  RNN_OPT_INT (RnnCaptionConfig, shortest_cue, 0, 60000, 800, "How long captions and lines that roll up stay at least (ms)"),
  RNN_OPT_INT (RnnCaptionConfig, longest_cue, 0, 600000, 7000, "How long they stay at most, unless speech leaves no choice (ms); 0: no limit"),
  RNN_OPT_FLOAT (RnnCaptionConfig, reading_speed, 0, 1000, 17, "Characters a second that they give time to read, where there is room; 0: any"),
  RNN_OPT_INT (RnnCaptionConfig, cue_gap, 0, 60000, 500, "Gaps between them that are shorter are closed (ms)"),
  {NULL}
};

#define MS G_GUINT64_CONSTANT (1000000)
#define START_BYTES 127         /* of text: a caption of two lines */

typedef struct {
  RnnCtcWords words;
  GString *text;
} Page;

struct _RnnCaptioner {
  RnnCaptionConfig config;
  RnnCtcWords words;            /* under way */
  Page page;                    /* with the caller */
  GString *above;               /* ROLL_UP: the lines that stand above the next one */
  guint64 last_end;             /* of the last caption that is to be read */
  RnnCaption caption;           /* as last returned */
};

static gboolean
is_read (const RnnCaptioner *captioner)
{
  return captioner->config.output_mode >= RNN_CAPTION_CAPTIONS;
}

RnnCaptioner *
rnn_captioner_new (const RnnCaptionConfig *config)
{
  RnnCaptioner *captioner = g_new0 (RnnCaptioner, 1);

  captioner->config = *config;
  rnn_ctc_words_init (&captioner->words, 0);
  rnn_ctc_words_init (&captioner->page.words, 0);
  captioner->page.text = g_string_sized_new (START_BYTES);
  captioner->above = g_string_sized_new (config->output_mode == RNN_CAPTION_ROLL_UP ? START_BYTES : 0);
  return captioner;
}

void
rnn_captioner_free (RnnCaptioner *captioner)
{
  if (!captioner)
    return;
  rnn_ctc_words_clear (&captioner->words);
  rnn_ctc_words_clear (&captioner->page.words);
  g_string_free (captioner->page.text, TRUE);
  g_string_free (captioner->above, TRUE);
  g_free (captioner);
}

/* ---- pages ---- */

static void
copy_words (RnnCtcWords *to, const RnnCtcWord *words, guint n)
{
  for (guint i = 0; i < n; i++) {
    RnnCtcWord *copy = rnn_ctc_words_add (to);

    copy->start = words[i].start;
    copy->end = words[i].end;
    copy->confidence = words[i].confidence;
    rnn_ctc_words_append (to, words[i].text, strlen (words[i].text));
  }
}

static void
lay_out (RnnCaptioner *captioner, const RnnCtcWord *words, guint n, GString *out)
{
  guint columns = (guint) captioner->config.columns;

  if (captioner->config.output_mode == RNN_CAPTION_CAPTIONS)
    rnn_shape_balance (words, n, columns, out);
  else
    rnn_shape_fill (words, n, columns, out);
}

static gfloat
mean_confidence (const RnnCtcWords *words)
{
  gdouble sum = 0;
  guint n_chars = 0;

  for (guint i = 0; i < words->n; i++) {
    guint n = (guint) g_utf8_strlen (words->words[i].text, -1);

    sum += (gdouble) words->words[i].confidence * n;
    n_chars += n;
  }
  return (gfloat) (sum / MAX (n_chars, 1));
}

/* The page's words as a caption, below what is above. */
static const RnnCaption *
show (RnnCaptioner *captioner)
{
  Page *page = &captioner->page;
  const RnnCtcWords *words = &page->words;

  if (words->n == 0)
    return NULL;
  g_string_assign (page->text, captioner->above->str);
  lay_out (captioner, words->words, words->n, page->text);
  captioner->caption = (RnnCaption) {
    .text = page->text->str,
    .start = words->words[0].start,
    .end = words->words[words->n - 1].end,
    .confidence = mean_confidence (words),
    .words = words->words,
    .n_words = words->n,
  };
  return &captioner->caption;
}

/* The line that was shown stands above the next one, and above it as many as there is room for. */
static void
roll_up (RnnCaptioner *captioner)
{
  GString *above = captioner->above;
  gint n = 1, keep = MAX (captioner->config.lines, 1) - 1;

  g_string_assign (above, captioner->page.text->str);
  g_string_append_c (above, '\n');
  for (const gchar *p = strchr (above->str, '\n'); p[1]; p = strchr (p + 1, '\n'))
    n++;
  for (; n > keep; n--)
    g_string_erase (above, 0, strchr (above->str, '\n') + 1 - above->str);
}

/* It stays until it was read, or the next one comes.  The last one may have stayed a little over the start of this one, no longer
 * than the shortest one: else the time has been set back. */
static void
hold (RnnCaptioner *captioner, guint64 next)
{
  RnnCaption *c = &captioner->caption;

  if (captioner->last_end > c->start && captioner->last_end - c->start <= captioner->config.shortest_cue * MS)
    c->start = captioner->last_end;
  c->end = MAX (c->end, c->start);
  c->end = rnn_shape_end (&captioner->config, c->start, c->end, next ? MAX (next, c->start + 1) : 0,
      rnn_shape_length (c->words, c->n_words));
  captioner->last_end = c->end;
}

/* The first @n words under way are a caption; nothing else is said before @next (0: not known). */
static const RnnCaption *
take (RnnCaptioner *captioner, guint n, guint64 next)
{
  const RnnCaption *caption;

  rnn_ctc_words_drop (&captioner->page.words, captioner->page.words.n);
  copy_words (&captioner->page.words, captioner->words.words, n);
  rnn_ctc_words_drop (&captioner->words, n);
  caption = show (captioner);
  if (caption && captioner->config.output_mode == RNN_CAPTION_ROLL_UP)
    roll_up (captioner);
  if (caption && is_read (captioner))
    hold (captioner, next);
  return caption;
}

/* ---- words in ---- */

/* How many of the words under way, but for the last one, which has just come, are a caption. */
static guint
count_complete (const RnnCaptioner *captioner)
{
  const RnnCaptionConfig *config = &captioner->config;
  guint n = captioner->words.n - 1;
  guint max = config->output_mode == RNN_CAPTION_LINES || config->output_mode == RNN_CAPTION_ROLL_UP ? 1 : (guint) config->lines;

  if (config->output_mode == RNN_CAPTION_WORDS)
    return 1;
  if (n == 0)
    return 0;
  if (config->output_mode == RNN_CAPTION_CAPTIONS)
    return rnn_shape_cue (config, captioner->words.words, n);
  return max > 0 && rnn_shape_count_lines (captioner->words.words, n + 1, (guint) config->columns) > max ? n : 0;
}

const RnnCaption *
rnn_captioner_push (RnnCaptioner *captioner, const RnnCtcWord *word)
{
  guint n;

  copy_words (&captioner->words, word, 1);
  n = count_complete (captioner);
  return n ? take (captioner, n, n < captioner->words.n ? captioner->words.words[n].start : 0) : NULL;
}

const RnnCaption *
rnn_captioner_finish_until (RnnCaptioner *captioner, guint64 until)
{
  guint64 start = captioner->words.n > 0 ? captioner->words.words[0].start : 0;
  guint64 least = MAX (start, captioner->last_end) + captioner->config.shortest_cue * MS;

  return take (captioner, captioner->words.n, until ? MAX (until, least) : 0);
}

const RnnCaption *
rnn_captioner_finish (RnnCaptioner *captioner)
{
  return rnn_captioner_finish_until (captioner, 0);
}

/* Characters of the caption that the words under way are, which will not change. */
static guint
count_stable (const RnnCaptioner *captioner, GString *text)
{
  const RnnCtcWords *words = &captioner->words;

  g_string_assign (text, captioner->above->str);
  if (captioner->config.output_mode == RNN_CAPTION_CAPTIONS)
    rnn_shape_fill (words->words, rnn_shape_count_sure (&captioner->config, words->words, words->n), 0, text);
  else
    lay_out ((RnnCaptioner *) captioner, words->words, words->n, text);
  return (guint) g_utf8_strlen (text->str, -1);
}

const RnnCaption *
rnn_captioner_peek (RnnCaptioner *captioner, const RnnCtcWord *partial, guint n, guint *stable_length)
{
  Page *page = &captioner->page;

  if (stable_length)
    *stable_length = count_stable (captioner, page->text);
  rnn_ctc_words_drop (&page->words, page->words.n);
  copy_words (&page->words, captioner->words.words, captioner->words.n);
  copy_words (&page->words, partial, n);
  return show (captioner);
}

const guint64 *
rnn_captioner_get_start (RnnCaptioner *captioner)
{
  const RnnCtcWords *words = &captioner->words;

  return words->n > 0 ? &words->words[0].start : NULL;
}

void
rnn_captioner_reset (RnnCaptioner *captioner)
{
  rnn_ctc_words_drop (&captioner->words, captioner->words.n);
  g_string_truncate (captioner->above, 0);
  captioner->last_end = 0;
}

void
rnn_captioner_keep (RnnCaptioner *captioner, RnnKeep *keep)
{
  rnn_keep_same (keep, (guint64) captioner->config.output_mode);
  rnn_ctc_words_keep (&captioner->words, keep);
  rnn_keep_string (keep, captioner->above);
  rnn_keep (keep, &captioner->last_end, sizeof captioner->last_end);
}
