/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subtitles without markup: rows of what is written and how it stays text. */
#include "escape.h"
#include <string.h>

typedef struct {
  const gchar *sign, *spelled;
} Spelling;

static const Spelling webvtt[] = { { "&", "&amp;" }, { "<", "&lt;" }, { ">", "&gt;" }, { NULL } };
static const Spelling subrip[] = { { "<", "\u2039" }, { ">", "\u203a" }, { "{\\", "{\u2060\\" }, { NULL } };

static gchar *
escape (const gchar *text, const Spelling *spellings)
{
  GString *out = g_string_sized_new (strlen (text));

  while (*text) {
    const Spelling *s = spellings;

    while (s->sign && !g_str_has_prefix (text, s->sign))
      s++;
    if (s->sign)
      g_string_append (out, s->spelled);
    else
      g_string_append_c (out, *text);
    text += s->sign ? strlen (s->sign) : 1;
  }
  return g_string_free (out, FALSE);
}

gchar *
rnn_escape_webvtt (const gchar *text)
{
  return escape (text, webvtt);
}

gchar *
rnn_escape_subrip (const gchar *text)
{
  return escape (text, subrip);
}
