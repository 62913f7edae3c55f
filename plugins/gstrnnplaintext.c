/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions as people write them -> text as a model's tokens spell it.  Only what makes no sound is touched: digits and
 * signs such as % are spoken, so they stay and the tokens decide. */
#include "gstrnnplaintext.h"
#include <string.h>

typedef struct {
  const gchar *written, *spoken;
} Form;

static const Form entities[] = {
  { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&apos;", "'" }, { "&#39;", "'" },
  { "&nbsp;", " " }
};

static const Form silent[] = {
  { "\u2019", "'" }, { "\u2018", "'" }, { "\u2026", " " }, { "\u2013", " " }, { "\u2014", " " }, { "\u201c", " " },
  { "\u201d", " " }, { "\u266a", " " }, { "\u00a0", " " }, { ".", " " }, { ",", " " }, { ";", " " }, { ":", " " },
  { "!", " " }, { "?", " " }, { "\"", " " }, { "-", " " }, { "(", " " }, { ")", " " }, { "[", " " }, { "]", " " }
};

static gboolean
in_alphabet (const gchar *const *alphabet, const gchar *character)
{
  for (; alphabet && *alphabet; alphabet++)
    if (strstr (*alphabet, character))
      return TRUE;
  return FALSE;
}

static GString *
without_tags (const gchar *text, gsize length)
{
  GString *out = g_string_sized_new (length);
  gboolean tag = FALSE;

  for (gsize i = 0; i < length && text[i]; i++) {
    if (text[i] == '<')
      tag = TRUE;
    if (!tag)
      g_string_append_c (out, text[i]);
    if (text[i] == '>')
      tag = FALSE;
  }
  for (guint i = G_N_ELEMENTS (entities); i-- > 0;)    /* &amp; last */
    g_string_replace (out, entities[i].written, entities[i].spoken, 0);
  return out;
}

gchar *
gst_rnn_plain_text (const gchar *text, gssize length, gboolean markup, const gchar *const *alphabet)
{
  gsize n = length < 0 ? strlen (text) : (gsize) length;
  GString *out = markup ? without_tags (text, n) : g_string_new_len (text, n);

  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    if (!in_alphabet (alphabet, silent[i].written))
      g_string_replace (out, silent[i].written, silent[i].spoken, 0);
  return g_strstrip (g_string_free (out, FALSE));
}
