/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks and capitals of a text.  White space, hyphens, dashes and three dots part it into pieces; a piece is what is spoken
 * and the signs around it.  The speller says what is spoken, piece by piece, so words and marks stay together. */
#include "fold.h"
#include "marks.h"
#include <string.h>

void
rnn_marks_init (RnnMarks *marks)
{
  marks->words = g_string_new (NULL);
  marks->list = g_array_new (FALSE, FALSE, sizeof (RnnMarkedWord));
}

void
rnn_marks_clear (RnnMarks *marks)
{
  g_string_free (marks->words, TRUE);
  g_array_free (marks->list, TRUE);
}

void
rnn_marks_empty (RnnMarks *marks)
{
  g_string_truncate (marks->words, 0);
  g_array_set_size (marks->list, 0);
}

guint
rnn_marks_get_n (const RnnMarks *marks)
{
  return marks->list->len;
}

const RnnMarkedWord *
rnn_marks_get (const RnnMarks *marks, guint i)
{
  return &g_array_index (marks->list, RnnMarkedWord, i);
}

const gchar *
rnn_marks_get_word (const RnnMarks *marks, guint i)
{
  return marks->words->str + rnn_marks_get (marks, i)->at;
}

/* ---- pieces ---- */

typedef enum { BREAK_NONE, BREAK_PLAIN, BREAK_UNSURE } Break;

typedef struct {
  RnnMarks *marks;
  RnnSpeller *speller;
  gboolean exclaimed, dotted;   /* the last word is an exclamation's, or may be an abbreviation */
} Reader;

/* What parts pieces at @p: nothing, a gap, or a sign that says little; past it. */
static Break
find_break (const gchar *p, const gchar *end, const gchar **next)
{
  gunichar c = g_utf8_get_char (p);

  *next = g_utf8_next_char (p);
  if (g_unichar_isspace (c) || c == 0x2010 || c == 0x2011)
    return BREAK_PLAIN;
  if ((c >= 0x2012 && c <= 0x2015) || c == 0x2026)
    return BREAK_UNSURE;
  if (c == '-' && *next < end && **next == '-') {
    while (*next < end && **next == '-')
      (*next)++;
    return BREAK_UNSURE;
  }
  if (c == '.' && end - p > 2 && p[1] == '.' && p[2] == '.') {
    while (*next < end && **next == '.')
      (*next)++;
    return BREAK_UNSURE;
  }
  return c == '-' ? BREAK_PLAIN : BREAK_NONE;
}

static gint
read_capital (const gchar *p, const gchar *end)
{
  guint upper = 0, lower = 0;
  gboolean first;

  while (p < end && !g_unichar_isalnum (g_utf8_get_char (p)))
    p = g_utf8_next_char (p);
  if (p == end || !g_unichar_isalpha (g_utf8_get_char (p)))
    return RNN_MARK_UNKNOWN;
  first = g_unichar_isupper (g_utf8_get_char (p));
  for (; p < end; p = g_utf8_next_char (p)) {
    upper += g_unichar_isupper (g_utf8_get_char (p));
    lower += g_unichar_islower (g_utf8_get_char (p));
  }
  return upper > 1 && lower == 0 ? RNN_MARK_UNKNOWN : first;
}

/* The signs between what is spoken and the piece's end. */
static gint
read_mark (const gchar *p, const gchar *end, gboolean *exclaimed)
{
  gint mark = RNN_MARK_NONE;

  *exclaimed = FALSE;
  for (; p < end; p++) {
    if (*p == '?')
      return RNN_MARK_QUESTION;
    *exclaimed |= *p == '!';
    if (*p == '.' || *p == '!')
      mark = RNN_MARK_PERIOD;
    else if ((*p == ',' || *p == ';' || *p == ':') && mark == RNN_MARK_NONE)
      mark = RNN_MARK_COMMA;
  }
  return mark;
}

static const gchar *
past_spoken (const gchar *p, const gchar *end)
{
  while (end > p) {
    const gchar *last = g_utf8_prev_char (end);
    gunichar c = g_utf8_get_char (last);

    if (g_unichar_isalnum (c) || g_unichar_ismark (c) || c == '%' || g_unichar_type (c) == G_UNICODE_CURRENCY_SYMBOL)
      break;
    end = last;
  }
  return end;
}

static gboolean
is_ascii (const gchar *p, const gchar *end, gboolean (*kind) (gchar))
{
  while (p < end && kind (*p))
    p++;
  return p == end;
}

static gboolean
is_lower (gchar c)
{
  return g_ascii_islower (c);
}

static gboolean
is_letter_or_stop (gchar c)
{
  return g_ascii_isalpha (c) || c == '.';
}

/* What is spoken of a piece; most are words as they stand, which asking would only slow down. */
static gchar *
speak (Reader *r, const gchar *p, const gchar *end)
{
  return is_ascii (p, end, is_lower) ? g_strndup (p, (gsize) (end - p)) : rnn_speller_speak (r->speller, p, end - p, FALSE);
}

/* "Mr." and "J.": its full stop ends no sentence. */
static gboolean
is_abbreviated (Reader *r, const gchar *p, const gchar *end, gchar **spoken)
{
  g_autofree gchar *dotted = NULL, *bare = NULL;

  if (*end != '.' || !is_ascii (p, end, is_letter_or_stop))
    return FALSE;
  dotted = rnn_speller_speak (r->speller, p, end + 1 - p, FALSE);
  bare = g_strndup (p, (gsize) (end - p));
  if (g_ascii_strcasecmp (dotted, bare) == 0)
    return end - p == 1 && g_ascii_isupper (*p) && *p != 'I';
  *spoken = g_steal_pointer (&dotted);
  return TRUE;
}

static void
add_words (Reader *r, const gchar *spoken, gint mark, gint capital)
{
  g_autofree gchar *lower = rnn_text_fold_case (spoken, RNN_TEXT_CASE_LOWER);
  g_auto (GStrv) words = g_strsplit (lower, " ", -1);

  for (guint i = 0; words[i]; i++) {
    RnnMarkedWord word = { (guint) r->marks->words->len, words[i + 1] ? RNN_MARK_NONE : mark, i ? 0 : capital };

    g_string_append_len (r->marks->words, words[i], (gssize) strlen (words[i]) + 1);
    g_array_append_val (r->marks->list, word);
  }
}

/* The word before this one, now that it is known how this one begins. */
static void
settle (Reader *r, gint capital)
{
  RnnMarkedWord *last = r->marks->list->len ? &g_array_index (r->marks->list, RnnMarkedWord, r->marks->list->len - 1) : NULL;

  if (!last || capital != 0)
    return;
  if (r->exclaimed)
    last->mark = RNN_MARK_COMMA;
  else if (r->dotted)
    last->mark = RNN_MARK_NONE;
}

static void
read_piece (Reader *r, const gchar *p, const gchar *end)
{
  const gchar *spoken_end;
  g_autofree gchar *spoken = NULL;
  gboolean exclaimed, abbreviated;
  gint capital, mark;

  while (p < end && !g_unichar_isalnum (g_utf8_get_char (p)) && *p != '\'' && *p != '$')
    p = g_utf8_next_char (p);
  spoken_end = past_spoken (p, end);
  abbreviated = spoken_end > p && is_abbreviated (r, p, spoken_end, &spoken);
  if (!spoken)
    spoken = speak (r, p, spoken_end);
  if (!*spoken)
    return;
  capital = read_capital (p, spoken_end);
  mark = read_mark (spoken_end + abbreviated, end, &exclaimed);
  settle (r, capital);
  add_words (r, spoken, mark, capital);
  r->exclaimed = exclaimed && mark == RNN_MARK_PERIOD;
  r->dotted = !exclaimed && mark == RNN_MARK_PERIOD;
}

/* After a dash or three dots anything may be right, unless there was a mark already. */
static void
doubt (RnnMarks *marks, guint before)
{
  RnnMarkedWord *last = marks->list->len > before ? &g_array_index (marks->list, RnnMarkedWord, marks->list->len - 1) : NULL;

  if (last && last->mark == RNN_MARK_NONE)
    last->mark = RNN_MARK_UNKNOWN;
}

void
rnn_marks_read (RnnMarks *marks, RnnSpeller *speller, const gchar *text, gsize length)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, (gssize) length);
  g_auto (GStrv) parts = g_strsplit (valid, "\xe2\x80\x99", -1);        /* the typographic apostrophe */
  g_autofree gchar *plain = g_strjoinv ("'", parts);
  const gchar *end = plain + strlen (plain), *piece = plain, *next;
  Reader reader = { marks, speller };
  guint first = marks->list->len;

  for (const gchar *p = plain; p < end; p = next) {
    Break found = find_break (p, end, &next);

    if (found == BREAK_NONE)
      continue;
    read_piece (&reader, piece, p);
    if (found == BREAK_UNSURE)
      doubt (marks, first);
    piece = next;
  }
  read_piece (&reader, piece, end);
}

void
rnn_marks_write (GString *out, const gchar *word, RnnMark mark, gboolean capital)
{
  static const gchar signs[RNN_N_MARKS] = { 0, '.', ',', '?' };
  const gchar *rest = *word ? g_utf8_next_char (word) : word;

  if (capital)
    g_string_append_unichar (out, g_unichar_totitle (g_utf8_get_char (word)));
  else
    g_string_append_len (out, word, rest - word);
  g_string_append (out, rest);
  if (signs[mark])
    g_string_append_c (out, signs[mark]);
}
