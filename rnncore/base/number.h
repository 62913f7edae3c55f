/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as tables spell them, read without the locale. */
#pragma once
#include "api.h"
#include <glib.h>

RNN_API_BEGIN

typedef enum {
  RNN_NUMBER_FINITE,
  RNN_NUMBER_MISSING,           /* nothing, "NaN", "NA", "N/A", "null", "none", "-", "?", in any case */
  RNN_NUMBER_INFINITE,          /* "inf", or beyond what a float holds */
  RNN_NUMBER_NONE,              /* no number */
} RnnNumber;

/* text[n], blanks around it ignored; @decimal is what stands before the fraction.  @value: NAN unless finite.  Right to a
 * unit in the last place of a double. */
RnnNumber rnn_number_parse (const gchar *text, gsize n, gchar decimal, gdouble *value);

/* The shortest decimal that reads back as the float @value, with a point; "" where it is no number.
 * @text: G_ASCII_DTOSTR_BUF_SIZE */
const gchar *rnn_number_format (gfloat value, gchar *text);

RNN_API_END
