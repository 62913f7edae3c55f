/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word is a step of the tagger's stream, so what is said of it does not depend on how words come together.  A sentence begins
 * with a capital whatever the tagger says: after a full stop, and at the start.  None ends or begins between two numbers, of which rows
 * are read out: books, from which taggers learn, hardly have such rows. */
#include "punctuator.h"
#include <string.h>
#include "../base/error.h"
#include "../inputs/words.h"
#include "../session/stream.h"
#include "../text/fold.h"
#include "../text/marks.h"
#include "../text/numbers.h"

/* Nats that a mark and a capital are given: cross-entropy makes a tagger cautious, and it misses more than it invents. */
#define EAGER 0.5f

struct _RnnPunctuator {
  const RnnInput *input;
  RnnStream *stream;
  RnnModel *model;
  RnnCtcWords waiting, ready;
  gboolean taken;               /* the first one that is ready was, and goes with the next call */
  GString *text;                /* of a word */
  gboolean begins;              /* a sentence, with the next word */
};

static gboolean
is_tagger (RnnModel *model)
{
  const RnnOutput *output = rnn_model_get_output (model), *marks = rnn_output_get_head (output, 0);
  const RnnOutput *cases = rnn_output_get_head (output, 1);

  return rnn_model_get_input (model)->klass == &rnn_input_words && marks && cases && marks->n == RNN_N_MARKS && cases->n == 2
      && output->n == marks->n + cases->n && !rnn_model_is_offline (model);
}

RnnPunctuator *
rnn_punctuator_new (RnnModel *model, GError **error)
{
  RnnPunctuator *p;
  RnnStream *stream;

  if (!is_tagger (model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: does not write punctuation: it takes no words, or has not the two "
        "heads for %d marks and 2 cases", rnn_model_get_path (model), RNN_N_MARKS);
    return NULL;
  }
  if (!(stream = rnn_stream_new (model, &(RnnStreamConfig) { 0 }, error)))
    return NULL;
  p = g_new0 (RnnPunctuator, 1);
  p->model = rnn_model_ref (model);
  p->input = rnn_model_get_input (model);
  p->stream = stream;
  p->text = g_string_new (NULL);
  p->begins = TRUE;
  rnn_ctc_words_init (&p->waiting, 0);
  rnn_ctc_words_init (&p->ready, 0);
  return p;
}

void
rnn_punctuator_free (RnnPunctuator *p)
{
  if (!p)
    return;
  rnn_stream_free (p->stream);
  rnn_ctc_words_clear (&p->waiting);
  rnn_ctc_words_clear (&p->ready);
  g_string_free (p->text, TRUE);
  rnn_model_unref (p->model);
  g_free (p);
}

static void
add_word (RnnCtcWords *to, const RnnCtcWord *word, const gchar *text)
{
  RnnCtcWord *copy = rnn_ctc_words_add (to);

  copy->start = word->start;
  copy->end = word->end;
  copy->confidence = word->confidence;
  rnn_ctc_words_append (to, text, strlen (text));
}

static gint
choose_mark (const gfloat *y)
{
  gint mark = RNN_MARK_NONE;
  gfloat most = y[RNN_MARK_NONE] - EAGER;

  for (gint m = RNN_MARK_NONE + 1; m < RNN_N_MARKS; m++)
    if (y[m] > most) {
      most = y[m];
      mark = m;
    }
  return mark;
}

static gboolean
is_number (const gchar *word)
{
  guint64 n;

  return rnn_number_read ((const gchar *[]) { word, NULL }, &n) > 0;
}

/* Of the oldest word that waits. */
static gint
find_mark (const RnnPunctuator *p, gboolean number, const gfloat *y)
{
  gboolean amid = number && p->waiting.n > 1 && is_number (p->waiting.words[1].text);

  return amid ? RNN_MARK_NONE : choose_mark (y);
}

static gboolean
has_capital (const RnnPunctuator *p, gboolean number, const gfloat *y)
{
  return p->begins || (!number && y[RNN_N_MARKS + 1] + EAGER > y[RNN_N_MARKS]);
}

/* What the tagger says of the oldest word that waits: marks, then lower case and capital. */
static void
write_word (RnnPunctuator *p, const gfloat *y)
{
  const RnnCtcWord *word = p->waiting.words;
  gboolean number = is_number (word->text);
  gint mark = find_mark (p, number, y);

  g_string_truncate (p->text, 0);
  rnn_marks_write (p->text, word->text, (RnnMark) mark, has_capital (p, number, y));
  p->begins = mark == RNN_MARK_PERIOD || mark == RNN_MARK_QUESTION;
  add_word (&p->ready, word, p->text->str);
  rnn_ctc_words_drop (&p->waiting, 1);
}

static void
take_answers (RnnPunctuator *p)
{
  const RnnStreamAnswer *answer;

  while ((answer = rnn_stream_next (p->stream)))
    write_word (p, answer->y);
}

void
rnn_punctuator_push (RnnPunctuator *p, const RnnCtcWord *word)
{
  g_autofree gchar *lower = rnn_text_fold_case (word->text, RNN_TEXT_CASE_LOWER);

  add_word (&p->waiting, word, lower);
  rnn_input_words_hash (p->input, lower, rnn_stream_get_row (p->stream));
  rnn_stream_push (p->stream, 0, 0);
  rnn_stream_flush (p->stream);
  take_answers (p);
}

void
rnn_punctuator_finish (RnnPunctuator *p)
{
  rnn_stream_finish (p->stream);
  take_answers (p);
}

const RnnCtcWord *
rnn_punctuator_next (RnnPunctuator *p)
{
  rnn_ctc_words_drop (&p->ready, p->taken);
  p->taken = p->ready.n > 0;
  return p->taken ? p->ready.words : NULL;
}

const RnnCtcWords *
rnn_punctuator_get_waiting (RnnPunctuator *p)
{
  return &p->waiting;
}

void
rnn_punctuator_reset (RnnPunctuator *p)
{
  rnn_stream_reset (p->stream);
  rnn_ctc_words_drop (&p->waiting, p->waiting.n);
  rnn_ctc_words_drop (&p->ready, p->ready.n);
  p->taken = FALSE;
  p->begins = TRUE;
}

void
rnn_punctuator_keep (RnnPunctuator *p, RnnKeep *keep)
{
  rnn_stream_keep (p->stream, keep);
  rnn_ctc_words_keep (&p->waiting, keep);
  rnn_ctc_words_keep (&p->ready, keep);
  rnn_keep (keep, &p->taken, sizeof p->taken);
  rnn_keep (keep, &p->begins, sizeof p->begins);
  if (p->taken && p->ready.n == 0)
    keep->failed = TRUE;
}
