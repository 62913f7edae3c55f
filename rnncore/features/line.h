/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of a line of text as the columns that a recogniser reads. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

/* pixels [height] rows of @width bytes of brightness, @stride bytes apart, dark text on a bright ground or the other way round: cut to what
 * is written and a margin of 4 pixels, scaled to @size pixels of height, and stretched so that what is black in the middle of the line is -1 and what is white
 * 1.  Returns [*n][size], column by column from the left, each from top to bottom (g_free); NULL and an error: more columns than 65536. */
gfloat *rnn_line_columns (const guint8 *pixels, gsize stride, gint width, gint height, gint size, guint *n, GError **error);

RNN_API_END
