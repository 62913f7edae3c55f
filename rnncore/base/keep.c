/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of an object's state, out and in. */
#include "keep.h"
#include <string.h>

void
rnn_keep (RnnKeep *keep, gpointer data, gsize n)
{
  if (keep->to) {
    g_byte_array_append (keep->to, data, (guint) n);
    return;
  }
  if (keep->failed || n > keep->left) {
    keep->failed = TRUE;
    return;
  }
  if (n)
    memcpy (data, keep->from, n);
  keep->from += n;
  keep->left -= n;
}

void
rnn_keep_count (RnnKeep *keep, guint *count, guint most)
{
  guint value = *count;

  rnn_keep (keep, &value, sizeof value);
  if (value > most)
    keep->failed = TRUE;
  else
    *count = value;
}

void
rnn_keep_same (RnnKeep *keep, guint64 value)
{
  guint64 was = value;

  rnn_keep (keep, &was, sizeof was);
  keep->failed |= was != value;
}
