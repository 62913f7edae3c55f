/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Punctuator, then figures: a word that may begin one waits until it is clear where that ends: a mark ends it, else so many
 * words after it as a figure may go on by. */
#include "writer.h"
#include <string.h>
#include "../text/fold.h"
#include "../text/written.h"
#include "punctuator.h"

#define AHEAD 4                 /* "three dollars" and "and fifty five cents" */
#define MOST 24                 /* words of a figure */

const RnnOption rnn_writer_options[] = {
  RNN_OPT_STRING (RnnWriterConfig, punctuate_model,
      "Model that writes full stops, commas, question marks and capitals; words come as many later as it looks ahead"),
  RNN_OPT_BOOL (RnnWriterConfig, written, FALSE, "Numbers, dates, times, money and spelled letters as people write them"),
  {NULL}
};

struct _RnnWriter {
  RnnPunctuator *punctuator;    /* or NULL */
  gboolean written, ending;
  RnnCtcWords queue;            /* punctuated, not yet out */
  RnnCtcWords all;              /* as last shown by get_waiting */
  GString *bare[MOST + 1];      /* words of the figure under way, in lower case and without marks */
  GString *text;
  RnnCtcWord ready;
  guint n_ready;                /* words of the queue that are out: dropped by the next call */
};

RnnWriter *
rnn_writer_new (const RnnWriterConfig *config, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  RnnPunctuator *punctuator = NULL;
  RnnWriter *w;

  if (config->punctuate_model && (!(model = rnn_model_load_shared (config->punctuate_model, error))
          || !(punctuator = rnn_punctuator_new (model, error))))
    return NULL;
  w = g_new0 (RnnWriter, 1);
  w->punctuator = punctuator;
  w->written = config->written;
  w->text = g_string_new (NULL);
  for (guint i = 0; i <= MOST && w->written; i++)
    w->bare[i] = g_string_new (NULL);
  rnn_ctc_words_init (&w->queue, 0);
  rnn_ctc_words_init (&w->all, 0);
  return w;
}

void
rnn_writer_free (RnnWriter *w)
{
  if (!w)
    return;
  rnn_punctuator_free (w->punctuator);
  rnn_ctc_words_clear (&w->queue);
  rnn_ctc_words_clear (&w->all);
  for (guint i = 0; i <= MOST && w->written; i++)
    g_string_free (w->bare[i], TRUE);
  g_string_free (w->text, TRUE);
  g_free (w);
}

static void
copy_word (RnnCtcWords *to, const RnnCtcWord *word)
{
  RnnCtcWord *copy = rnn_ctc_words_add (to);

  copy->start = word->start;
  copy->end = word->end;
  copy->confidence = word->confidence;
  rnn_ctc_words_append (to, word->text, strlen (word->text));
}

void
rnn_writer_push (RnnWriter *w, const RnnCtcWord *word)
{
  w->ending = FALSE;
  if (w->punctuator)
    rnn_punctuator_push (w->punctuator, word);
  else
    copy_word (&w->queue, word);
}

void
rnn_writer_finish (RnnWriter *w)
{
  w->ending = TRUE;
  if (w->punctuator)
    rnn_punctuator_finish (w->punctuator);
}

void
rnn_writer_reset (RnnWriter *w)
{
  if (w->punctuator)
    rnn_punctuator_reset (w->punctuator);
  rnn_ctc_words_drop (&w->queue, w->queue.n);
  w->n_ready = 0;
  w->ending = FALSE;
}

/* ---- figures ---- */

static gchar
mark_of (const gchar *text)
{
  gsize n = strlen (text);

  return n > 0 && strchr (".,?", text[n - 1]) ? text[n - 1] : '\0';
}

/* What a figure can be made of, from the queue's first word on: up to its mark.  @closed: nothing joins it any more. */
static guint
collect (RnnWriter *w, const gchar **words, gboolean *closed)
{
  guint n = 0;

  *closed = FALSE;
  while (n < w->queue.n && n < MOST && !*closed) {
    const gchar *text = w->queue.words[n].text;
    g_autofree gchar *lower = rnn_text_fold_case (text, RNN_TEXT_CASE_LOWER);

    *closed = mark_of (text) != '\0';
    g_string_assign (w->bare[n], lower);
    if (*closed)
      g_string_truncate (w->bare[n], w->bare[n]->len - 1);
    words[n] = w->bare[n]->str;
    n++;
  }
  words[n] = NULL;
  *closed |= w->ending || n == MOST;
  return n;
}

/* A word of figures in place of @used words: of their time, of the last one's mark. */
static const RnnCtcWord *
give_figure (RnnWriter *w, guint used)
{
  const RnnCtcWord *first = w->queue.words, *last = first + used - 1;
  gchar mark = mark_of (last->text);
  gdouble confidence = 0;

  for (guint i = 0; i < used; i++)
    confidence += first[i].confidence;
  if (mark && !(mark == '.' && w->text->str[w->text->len - 1] == '.'))
    g_string_append_c (w->text, mark);
  w->ready = (RnnCtcWord) { w->text->str, first->start, last->end, (gfloat) (confidence / used) };
  w->n_ready = used;
  return &w->ready;
}

static const RnnCtcWord *
give_word (RnnWriter *w)
{
  w->n_ready = 1;
  return &w->queue.words[0];
}

static const RnnCtcWord *
write_figure (RnnWriter *w)
{
  const gchar *words[MOST + 1];
  gboolean closed;
  guint n = collect (w, words, &closed), used, ahead = words[0][0] && words[0][1] ? AHEAD : 1;

  if (!rnn_text_may_begin (words[0]))
    return give_word (w);
  g_string_truncate (w->text, 0);
  used = rnn_text_write_words (words, w->text);
  if (!closed && used + ahead > n)
    return NULL;
  return used == 1 && g_str_equal (w->text->str, words[0]) ? give_word (w) : give_figure (w, used);
}

const RnnCtcWord *
rnn_writer_next (RnnWriter *w)
{
  const RnnCtcWord *word;

  rnn_ctc_words_drop (&w->queue, w->n_ready);
  w->n_ready = 0;
  while (w->punctuator && (word = rnn_punctuator_next (w->punctuator)))
    copy_word (&w->queue, word);
  if (w->queue.n == 0)
    return NULL;
  return w->written ? write_figure (w) : give_word (w);
}

const RnnCtcWord *
rnn_writer_get_waiting (RnnWriter *w, guint *n)
{
  const RnnCtcWords *later = w->punctuator ? rnn_punctuator_get_waiting (w->punctuator) : NULL;

  rnn_ctc_words_drop (&w->queue, w->n_ready);
  w->n_ready = 0;
  rnn_ctc_words_drop (&w->all, w->all.n);
  for (guint i = 0; i < w->queue.n; i++)
    copy_word (&w->all, &w->queue.words[i]);
  for (guint i = 0; later && i < later->n; i++)
    copy_word (&w->all, &later->words[i]);
  *n = w->all.n;
  return w->all.words;
}

void
rnn_writer_keep (RnnWriter *w, RnnKeep *keep)
{
  rnn_keep_same (keep, w->punctuator != NULL);
  rnn_keep_same (keep, w->written);
  rnn_keep (keep, &w->ending, sizeof w->ending);
  rnn_ctc_words_keep (&w->queue, keep);
  rnn_keep_count (keep, &w->n_ready, w->queue.n);
  if (w->punctuator)
    rnn_punctuator_keep (w->punctuator, keep);
}
