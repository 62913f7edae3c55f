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

#define MAX_TEXT (1 << 24)

void
rnn_keep_string (RnnKeep *keep, GString *text)
{
  guint n = (guint) text->len;

  rnn_keep_count (keep, &n, MAX_TEXT);
  if (keep->failed || (!keep->to && n > keep->left)) {
    keep->failed = TRUE;
    return;
  }
  g_string_set_size (text, n);
  rnn_keep (keep, text->str, n);
  if (keep->to || g_utf8_validate (text->str, n, NULL))
    return;
  keep->failed = TRUE;
  g_string_truncate (text, 0);
}

void
rnn_keep_array (RnnKeep *keep, GArray *array, guint most)
{
  guint n = array->len;
  gsize size = g_array_get_element_size (array);

  rnn_keep_count (keep, &n, most);
  if (keep->failed || (!keep->to && n > keep->left / size)) {
    keep->failed = TRUE;
    return;
  }
  g_array_set_size (array, n);
  rnn_keep (keep, array->data, n * size);
}

void
rnn_keep_same (RnnKeep *keep, guint64 value)
{
  guint64 was = value;

  rnn_keep (keep, &was, sizeof was);
  keep->failed |= was != value;
}
