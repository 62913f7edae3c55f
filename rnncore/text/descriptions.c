/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What subtitles tell and nobody says: [door slams], (laughs), who speaks.
 *
 * Parentheses stand in prose, too, where they are read out.  So only those count that fill a line's beginning or end and
 * hold few words. */
#include "rules.h"
#include <string.h>

#define MAX_ASIDE_WORDS 5       /* "(speaks softly in the dark)" */
#define MAX_NAME_WORDS 4        /* "OLD MAN IN HAT:" */
#define MAX_NAME 40             /* bytes */

typedef struct {
  const gchar *open, *close;
  gboolean aside;               /* only at a line's beginning or end, with few words */
} Bracket;

static const Bracket brackets[] = {
  { "[", "]", FALSE },
  { "(", ")", TRUE },
  { "\u3010", "\u3011", FALSE },        /* lenticular brackets */
  { "\uff08", "\uff09", TRUE }, /* wide parentheses */
};

static gboolean
is_edge (const gchar *text, const gchar *from, const gchar *to)
{
  while (from > text && strchr (" \t-\342\200\223\224", from[-1]))      /* a dash may precede it */
    from--;
  while (*to == ' ' || *to == '\t' || *to == '.' || *to == '\r')
    to++;
  return from == text || from[-1] == '\n' || from[-1] == '>' || *to == '\n' || *to == '\0';
}

static gboolean
has_few_words (const gchar *from, const gchar *to)
{
  guint n = 0;

  for (gboolean inside = FALSE; from < to && n <= MAX_ASIDE_WORDS; from++) {
    gboolean space = g_ascii_isspace (*from);

    n += !space && !inside;
    inside = !space;
  }
  return n <= MAX_ASIDE_WORDS;
}

/* Past the description that @bracket begins at @p, or NULL.  @end: where its close was found last. */
static const gchar *
skip (const gchar *text, const gchar *p, const Bracket *bracket, const gchar **end)
{
  const gchar *inside = p + strlen (bracket->open), *past;

  if (*end && *end < inside)
    *end = strstr (inside, bracket->close);
  if (!*end)
    return NULL;
  past = *end + strlen (bracket->close);
  if (bracket->aside && (!is_edge (text, p, past) || !has_few_words (inside, *end)))
    return NULL;
  return past;
}

gchar *
rnn_text_rule_descriptions (const RnnSpeller *speller, const gchar *text)
{
  GString *out = g_string_sized_new (strlen (text));
  const gchar *ends[G_N_ELEMENTS (brackets)];
  gboolean spelled[G_N_ELEMENTS (brackets)];

  for (guint i = 0; i < G_N_ELEMENTS (brackets); i++) {
    ends[i] = text;
    spelled[i] = rnn_speller_has_all (speller, brackets[i].open);
  }
  for (const gchar *p = text, *next; *p; p = next) {
    next = NULL;
    for (guint i = 0; !next && i < G_N_ELEMENTS (brackets); i++)
      if (!spelled[i] && g_str_has_prefix (p, brackets[i].open))
        next = skip (text, p, &brackets[i], &ends[i]);
    g_string_append_c (out, next ? ' ' : *p);
    if (!next)
      next = p + 1;
  }
  return g_string_free (out, FALSE);
}

/* ---- speakers ---- */

static const gchar *
skip_spaces (const gchar *p)
{
  while (*p == ' ' || *p == '\t')
    p++;
  return p;
}

/* Past dashes and ">>", which begin what another person says. */
static const gchar *
skip_change (const gchar *p)
{
  static const gchar *const signs[] = { "-", "\u2013", "\u2014", "\u2010", "\u2011", ">", "&gt;" };

  p = skip_spaces (p);
  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    if (g_str_has_prefix (p, signs[i]) && !g_ascii_isdigit (p[strlen (signs[i])])) {
      p = skip_spaces (p + strlen (signs[i]));
      i = -1;
    }
  return p;
}

/* Past "JOE:", "DR. SMITH:", "MAN 2:": capitals before a colon that ends a word.  After a sign of change "Joe:" will do. */
static const gchar *
skip_name (const gchar *p, gboolean changed)
{
  const gchar *start = p;
  guint words = 1;

  if (!g_unichar_isupper (g_utf8_get_char (p)))
    return start;
  for (; *p && *p != ':' && *p != '\n'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    words += c == ' ';
    if (p - start > MAX_NAME || words > MAX_NAME_WORDS || (g_unichar_islower (c) && (!changed || words > 2))
        || !(g_unichar_isalnum (c) || strchr (" .'#&-/", (gint) MIN (c, 127))))
      return start;
  }
  return *p == ':' && (g_ascii_isspace (p[1]) || !p[1]) ? skip_spaces (p + 1) : start;
}

const gchar *
rnn_text_skip_speaker (const gchar *line)
{
  const gchar *said = skip_change (line);

  return skip_name (said, said > skip_spaces (line));
}

gchar *
rnn_text_rule_speakers (const RnnSpeller *speller, const gchar *text)
{
  GString *out = g_string_sized_new (strlen (text));

  while (*text) {
    const gchar *said = rnn_text_skip_speaker (text), *end = strchr (said, '\n');

    g_string_append_len (out, said, end ? end + 1 - said : (gssize) strlen (said));
    text = end ? end + 1 : "";
  }
  return g_string_free (out, FALSE);
}
