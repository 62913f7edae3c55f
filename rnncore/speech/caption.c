/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lays words out into captions.  Two pages take turns: one is filled while the other one is with the caller. */
#include <string.h>
#include "caption.h"
#include "../ctc/words.h"

static const gchar *const modes[] = { "words", "segments", "lines", NULL };

const RnnOption rnn_caption_options[] = {
  RNN_OPT_ENUM (RnnCaptionConfig, output_mode, modes, RNN_CAPTION_WORDS,
      "What a caption is: a word, a few lines, or a line"),
  RNN_OPT_INT (RnnCaptionConfig, columns, 0, 1000, 0, "Characters per line; 0: lines do not end"),
  RNN_OPT_INT (RnnCaptionConfig, lines, 0, 100, 2, "Lines per caption, in segments; 0: any number"),
  {NULL}
};

#define START_BYTES 127         /* of text: a caption of two lines */

typedef struct {
  RnnCtcWords words;
  GString *text;                /* all words, parted by ' ' or '\n' */
  guint columns;                /* characters on the last line */
  guint n_lines;
  guint n_chars;                /* of the words */
  gdouble confidence;           /* sum over these */
} Page;

struct _RnnCaptioner {
  RnnCaptionConfig config;
  guint max_lines;              /* 0: any number */
  Page pages[2];
  Page *filling;
  RnnCaption caption;           /* as last returned */
};

RnnCaptioner *
rnn_captioner_new (const RnnCaptionConfig *config)
{
  RnnCaptioner *captioner = g_new0 (RnnCaptioner, 1);

  captioner->config = *config;
  captioner->max_lines = config->output_mode == RNN_CAPTION_LINES ? 1 : (guint) config->lines;
  for (guint i = 0; i < G_N_ELEMENTS (captioner->pages); i++) {
    rnn_ctc_words_init (&captioner->pages[i].words);
    captioner->pages[i].text = g_string_sized_new (START_BYTES);
  }
  captioner->filling = &captioner->pages[0];
  return captioner;
}

void
rnn_captioner_free (RnnCaptioner *captioner)
{
  if (!captioner)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (captioner->pages); i++) {
    rnn_ctc_words_clear (&captioner->pages[i].words);
    g_string_free (captioner->pages[i].text, TRUE);
  }
  g_free (captioner);
}

static Page *
other_page (RnnCaptioner *captioner)
{
  return captioner->filling == &captioner->pages[0] ? &captioner->pages[1] : &captioner->pages[0];
}

static void
clear_page (Page *page)
{
  rnn_ctc_words_drop (&page->words, page->words.n);
  g_string_truncate (page->text, 0);
  page->columns = page->n_lines = page->n_chars = 0;
  page->confidence = 0;
}

/* Whether a word of n characters does not fit into the page's last line. */
static gboolean
needs_line (const RnnCaptioner *captioner, const Page *page, guint n)
{
  guint limit = (guint) captioner->config.columns;

  return page->words.n == 0 || (limit > 0 && page->columns + 1 + n > limit);
}

static gboolean
is_full (const RnnCaptioner *captioner, const Page *page, const RnnCtcWord *word)
{
  return captioner->max_lines > 0 && page->n_lines >= captioner->max_lines &&
      needs_line (captioner, page, (guint) g_utf8_strlen (word->text, -1));
}

static void
add_word (const RnnCaptioner *captioner, Page *page, const RnnCtcWord *word)
{
  guint n = (guint) g_utf8_strlen (word->text, -1);
  RnnCtcWord *copy;

  if (needs_line (captioner, page, n)) {
    if (page->words.n > 0)
      g_string_append_c (page->text, '\n');
    page->columns = n;
    page->n_lines++;
  } else {
    g_string_append_c (page->text, ' ');
    page->columns += 1 + n;
  }
  g_string_append (page->text, word->text);
  page->n_chars += n;
  page->confidence += (gdouble) word->confidence * n;
  copy = rnn_ctc_words_add (&page->words);
  copy->start = word->start;
  copy->end = word->end;
  copy->confidence = word->confidence;
  rnn_ctc_words_append (&page->words, word->text, strlen (word->text));
}

static const RnnCaption *
show (RnnCaptioner *captioner, const Page *page)
{
  const RnnCtcWords *words = &page->words;

  if (words->n == 0)
    return NULL;
  captioner->caption = (RnnCaption) {
    .text = page->text->str,
    .start = words->words[0].start,
    .end = words->words[words->n - 1].end,
    .confidence = (gfloat) (page->confidence / MAX (page->n_chars, 1)),
    .words = words->words,
    .n_words = words->n,
  };
  return &captioner->caption;
}

const RnnCaption *
rnn_captioner_finish (RnnCaptioner *captioner)
{
  Page *page = captioner->filling;

  captioner->filling = other_page (captioner);
  clear_page (captioner->filling);
  return show (captioner, page);
}

const RnnCaption *
rnn_captioner_push (RnnCaptioner *captioner, const RnnCtcWord *word)
{
  const RnnCaption *caption = NULL;

  if (is_full (captioner, captioner->filling, word))
    caption = rnn_captioner_finish (captioner);
  add_word (captioner, captioner->filling, word);
  return captioner->config.output_mode == RNN_CAPTION_WORDS ? rnn_captioner_finish (captioner) : caption;
}

const RnnCaption *
rnn_captioner_peek (RnnCaptioner *captioner, const RnnCtcWord *partial, guint n, guint *stable_length)
{
  const RnnCtcWords *words = &captioner->filling->words;
  Page *page = other_page (captioner);

  clear_page (page);
  for (guint i = 0; i < words->n; i++)
    add_word (captioner, page, &words->words[i]);
  if (stable_length)
    *stable_length = (guint) g_utf8_strlen (page->text->str, -1);
  for (guint i = 0; i < n; i++)
    add_word (captioner, page, &partial[i]);
  return show (captioner, page);
}

const guint64 *
rnn_captioner_get_start (RnnCaptioner *captioner)
{
  const RnnCtcWords *words = &captioner->filling->words;

  return words->n > 0 ? &words->words[0].start : NULL;
}

void
rnn_captioner_reset (RnnCaptioner *captioner)
{
  clear_page (captioner->filling);
}
