/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a list of hotwords: refused, or whatever is said earns a finite reward, and nothing once it is lost. */
#include "../fuzz.h"
#include "lm/hotwords.h"
#include <math.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  static const gchar *const names[] = { "<blank>", " ", "a", "b", "ab", "c", NULL };
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, NULL);
  g_autofree gchar *list = g_strndup (n ? (const gchar *) data : "", n);
  g_autoptr (GArray) phrases = g_utf8_validate (list, -1, NULL) && *list != '/' && *list != '.' ? rnn_hotwords_read (list, 1, NULL) : NULL;
  g_autoptr (RnnHotwords) hotwords = phrases ? rnn_hotwords_new (phrases, tokens, NULL, NULL) : NULL;
  guint32 state = RNN_HOTWORDS_START;
  gdouble score = 0;

  for (gsize i = 0; hotwords && i < n; i++) {
    state = rnn_hotwords_step (hotwords, state, data[i] == ' ' ? RNN_HOTWORDS_END : 2 + data[i] % 4, &score);
    g_assert (isfinite (score));
  }
  return 0;
}
