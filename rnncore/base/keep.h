/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State on its way out of a process and into another: one function of an object names what it keeps, in order, and serves both ways.
 *
 * Bytes are those of the machine.  Whatever is read is checked to be there and within bounds; an object that failed is to be reset. */
#pragma once
#include "api.h"

RNN_API_BEGIN

typedef struct {
  GByteArray *to;               /* kept here; NULL: taken back */
  const guint8 *from;           /* what is left of them */
  gsize left;
  gboolean failed;
} RnnKeep;

/* @data [n] bytes: appended, or overwritten with what was. */
void rnn_keep (RnnKeep *keep, gpointer data, gsize n);
/* A count, at most @most: fails on what is larger. */
void rnn_keep_count (RnnKeep *keep, guint *count, guint most);
/* Text without a 0 in it, of at most 16 MB, valid UTF-8. */
void rnn_keep_string (RnnKeep *keep, GString *text);
/* Elements of @array, at most @most. */
void rnn_keep_array (RnnKeep *keep, GArray *array, guint most);
/* What has to be the same on both sides: a size, a kind. */
void rnn_keep_same (RnnKeep *keep, guint64 value);

RNN_API_END
