/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of subtitles in which nothing is markup, whatever a model has spelled.  (markup.c reads it.) */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

/* "&amp;", "&lt;" and "&gt;", as WebVTT and Pango read them; quotes stay, which players do not know by name. (transfer full) */
gchar *rnn_escape_webvtt (const gchar *text);
/* SubRip has no spelling for such signs: < and > become single quotation marks, and what would be an override of ASS gets an
 * invisible joiner.  (transfer full) */
gchar *rnn_escape_subrip (const gchar *text);

RNN_API_END
