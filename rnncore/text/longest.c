/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text as the longest tokens that fit. */
#include "longest.h"
#include <string.h>

gint
rnn_longest_token (const gchar *const *tokens, const gchar *text, gsize *length)
{
  gint best = -1;

  *length = 0;
  for (gint i = 0; tokens && tokens[i]; i++)
    if (strlen (tokens[i]) > *length && g_str_has_prefix (text, tokens[i])) {
      best = i;
      *length = strlen (tokens[i]);
    }
  return best;
}
