/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Markup of subtitles: tags of SubRip, WebVTT and Pango (<i>, <c.red>, <00:01:02.000>, <v Joe>), override blocks of ASS
 * ({\an8}, also {\pos(1,2)} in SubRip) with its line ends (\N, \n, \h), and HTML's entities. */
#include "rules.h"
#include <stdlib.h>
#include <string.h>

static const struct {
  const gchar *written, *spoken;
} entities[] = {
  { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&apos;", "'" }, { "&nbsp;", " " },
  { "&lrm;", "" }, { "&rlm;", "" }, { "&shy;", "" }, { "&hellip;", "\u2026" }, { "&ndash;", "\u2013" },
  { "&mdash;", "\u2014" }, { "&lsquo;", "\u2018" }, { "&rsquo;", "\u2019" }, { "&ldquo;", "\u201c" },
  { "&rdquo;", "\u201d" }
};

/* Where each kind of block that is looked for ends at the earliest; NULL: no more.  So no byte is searched twice. */
typedef struct {
  const gchar *tag, *override;
} Ends;

/* What follows the block from @p to @close, or NULL when there is no end. */
static const gchar *
skip_block (const gchar *p, gchar close, const gchar **end)
{
  if (*end && *end < p)
    *end = strchr (p, close);
  return *end ? *end + 1 : NULL;
}

static gboolean
begins_tag (const gchar *p)
{
  return p[0] == '<' && (g_ascii_isalpha (p[1]) || p[1] == '/' || (g_ascii_isdigit (p[1]) && g_ascii_isdigit (p[2])));
}

/* &#39; or &#x27; */
static const gchar *
add_number (GString *out, const gchar *p)
{
  gboolean hex = p[2] == 'x' || p[2] == 'X';
  gchar *end;
  gulong c = strtoul (p + (hex ? 3 : 2), &end, hex ? 16 : 10);

  if (*end != ';' || end - p > 10 || c == 0 || !g_unichar_validate ((gunichar) c))
    return NULL;
  g_string_append_unichar (out, (gunichar) c);
  return end + 1;
}

static const gchar *
add_entity (GString *out, const gchar *p)
{
  if (p[1] == '#' && g_ascii_isalnum (p[2]))
    return add_number (out, p);
  for (guint i = 0; i < G_N_ELEMENTS (entities); i++)
    if (g_str_has_prefix (p, entities[i].written)) {
      g_string_append (out, entities[i].spoken);
      return p + strlen (entities[i].written);
    }
  return NULL;
}

/* Past the markup at @p, with what it stands for in @out; NULL: there is none. */
static const gchar *
take (GString *out, const gchar *p, Ends *ends)
{
  if (begins_tag (p))
    return skip_block (p, '>', &ends->tag);
  if (p[0] == '{' && p[1] == '\\')
    return skip_block (p, '}', &ends->override);
  if (p[0] == '\\' && p[1] && strchr ("Nnh", p[1])) {
    g_string_append_c (out, p[1] == 'h' ? ' ' : '\n');
    return p + 2;
  }
  return p[0] == '&' ? add_entity (out, p) : NULL;
}

gchar *
rnn_text_rule_markup (const RnnSpeller *speller, const gchar *text)
{
  GString *out = g_string_sized_new (strlen (text));
  Ends ends = { strchr (text, '>'), strchr (text, '}') };

  if (!speller->markup && speller->tokens && rnn_speller_has_all (speller, "<>"))
    g_string_append (out, text);
  else
    for (const gchar *p = text, *next; *p; p = next)
      if (!(next = take (out, p, &ends))) {
        g_string_append_c (out, *p);
        next = p + 1;
      }
  return g_string_free (out, FALSE);
}
