/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts as Matroska and WebM have them: a line of SubStation Alpha without its times, a cue of WebVTT (which GStreamer's
 * demuxer calls unknown) with its name and settings in lines before it. */
#include "gstrnnsubtitle.h"
#include <string.h>

#define ASS_FIELDS 8            /* ReadOrder to Effect */
#define VTT_LINES 2             /* name, settings */

/* What follows the @n-th @mark, or all where there are not so many. */
static const gchar *
after (const gchar *bytes, gsize length, gchar mark, guint n)
{
  const gchar *at = bytes, *end = bytes + length;

  for (guint i = 0; i < n; i++) {
    const gchar *next = memchr (at, mark, end - at);

    if (!next)
      return bytes;
    at = next + 1;
  }
  return at;
}

static gchar *
read_plain (const gchar *bytes, gsize n)
{
  return g_strndup (bytes, n);
}

static gchar *
read_ass (const gchar *bytes, gsize n)
{
  const gchar *text = after (bytes, n, ',', ASS_FIELDS);
  GString *out = g_string_new_len (text, bytes + n - text);

  g_string_replace (out, "\\N", " ", 0);
  g_string_replace (out, "\\n", " ", 0);
  g_string_replace (out, "\\h", " ", 0);
  return g_string_free (out, FALSE);
}

static gchar *
read_vtt (const gchar *bytes, gsize n)
{
  const gchar *text = after (bytes, n, '\n', VTT_LINES);

  return g_strndup (text, bytes + n - text);
}

static const GstRnnSubtitle forms[] = {
  { "text/x-raw", read_plain }, { "application/x-ass", read_ass }, { "application/x-ssa", read_ass },
  { "application/x-subtitle-vtt", read_vtt }, { "application/x-subtitle-unknown", read_vtt },
};

const GstRnnSubtitle *
gst_rnn_subtitle_find (const GstCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (gst_structure_has_name (gst_caps_get_structure (caps, 0), forms[i].caps))
      return &forms[i];
  return &forms[0];
}
