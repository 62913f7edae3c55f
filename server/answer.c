/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words move from partial (may change) over open (of the utterance under way) to done. */
#include "answer.h"
#include <jansson.h>

#define SECOND 1e9

typedef struct {
  gchar *text;
  guint64 start, end;
  gfloat confidence;
} Word;

struct _Answer {
  gboolean with_words;
  guint max_alternatives;
  GArray *partial, *open, *done;        /* Word */
  json_t *alternatives;         /* of the utterances that are done; NULL: none */
  gboolean ended;
};

static void
clear_word (gpointer word)
{
  g_free (((Word *) word)->text);
}

static GArray *
new_words (void)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (Word));

  g_array_set_clear_func (words, clear_word);
  return words;
}

Answer *
answer_new (gboolean words, guint max_alternatives)
{
  Answer *a = g_new0 (Answer, 1);

  a->with_words = words;
  a->max_alternatives = max_alternatives;
  a->partial = new_words ();
  a->open = new_words ();
  a->done = new_words ();
  return a;
}

void
answer_free (Answer *a)
{
  g_array_unref (a->partial);
  g_array_unref (a->open);
  g_array_unref (a->done);
  json_decref (a->alternatives);
  g_free (a);
}

static void
append (GArray *to, const RnnResult *result, guint64 from)
{
  for (guint i = 0; i < result->n_words; i++) {
    const RnnWord *w = &result->words[i];
    Word word = { NULL, w->start, w->end, w->confidence };

    if (w->start < from)
      continue;
    word.text = g_strdup (w->text);
    g_array_append_val (to, word);
  }
}

static guint64
end_of (GArray *words)
{
  return words->len ? g_array_index (words, Word, words->len - 1).end : 0;
}

static void
move (GArray *from, GArray *to)
{
  g_array_append_vals (to, from->data, from->len);
  g_array_set_clear_func (from, NULL);
  g_array_set_size (from, 0);
  g_array_set_clear_func (from, clear_word);
}

/* What may still change is about what comes after the words that are there. */
static void
drop_partial (Answer *a)
{
  guint n = 0;

  while (n < a->partial->len && g_array_index (a->partial, Word, n).start < end_of (a->open))
    n++;
  if (n)
    g_array_remove_range (a->partial, 0, n);
}

static void
add_readings (Answer *a, const RnnResult *r)
{
  guint n = MIN (r->n_readings, a->max_alternatives);

  if (!a->max_alternatives)
    return;
  if (!a->alternatives)
    a->alternatives = json_array ();
  for (guint i = 0; i < n; i++)
    json_array_append_new (a->alternatives, json_pack ("{s:s, s:f}", "text", r->readings[i].text, "confidence",
            (double) r->readings[i].score));
  if (!n)
    json_array_append_new (a->alternatives, json_pack ("{s:s, s:f}", "text", r->text, "confidence", 1.));
}

void
answer_add (Answer *a, const RnnResult *result)
{
  if (result->kind == RNN_RESULT_PARTIAL) {
    g_array_set_size (a->partial, 0);
    append (a->partial, result, end_of (a->open));
  } else if (result->kind == RNN_RESULT_FINAL) {
    append (a->open, result, 0);
    drop_partial (a);
  } else if (result->kind == RNN_RESULT_ENDPOINT) {
    g_array_set_size (a->partial, 0);
    if (a->open->len) {
      add_readings (a, result);
      a->ended = TRUE;
    }
    move (a->open, a->done);
  }
}

gboolean
answer_is_final (Answer *a)
{
  return a->ended;
}

/* ---- as JSON ---- */

static void
append_text (GString *text, GArray *words)
{
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf (text, "%s%s", text->len ? " " : "", g_array_index (words, Word, i).text);
}

static json_t *
words_to_json (GArray *words)
{
  json_t *array = json_array ();

  for (guint i = 0; i < words->len; i++) {
    const Word *w = &g_array_index (words, Word, i);

    json_array_append_new (array, json_pack ("{s:f, s:f, s:f, s:s}", "conf", (double) w->confidence, "end",
            w->end / SECOND, "start", w->start / SECOND, "word", w->text));
  }
  return array;
}

static json_t *
take_done (Answer *a)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *object = json_object ();

  append_text (text, a->done);
  if (a->max_alternatives) {
    json_object_set_new (object, "alternatives", a->alternatives ? a->alternatives
        : json_pack ("[{s:s, s:f}]", "text", "", "confidence", 1.));
    a->alternatives = NULL;
  } else {
    if (a->with_words && a->done->len)
      json_object_set_new (object, "result", words_to_json (a->done));
    json_object_set_new (object, "text", json_string (text->str));
  }
  g_array_set_size (a->done, 0);
  a->ended = FALSE;
  return object;
}

static json_t *
peek_open (Answer *a)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_text (text, a->open);
  append_text (text, a->partial);
  return json_pack ("{s:s}", "partial", text->str);
}

gchar *
answer_take (Answer *a, gboolean last)
{
  json_t *object = last || a->ended ? take_done (a) : peek_open (a);
  gchar *text = json_dumps (object, JSON_INDENT (2) | JSON_REAL_PRECISION (9));

  json_decref (object);
  return text;
}
