/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a text to learn: its spoken form is valid, has single spaces, and is spelled by its tokens or refused. */
#include "../fuzz.h"
#include "text/speller.h"
#include "text/written.h"

static const gchar *const names[] = { "_", " ", "'", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o",
  "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "\xc3\xa9", "\xe0\xa6\xaf", NULL
};

static RnnTokens *tokens;       /* made once: neither changes */
static RnnSpeller *speller;

static void
make_speller (void)
{
  const RnnTextConfig config = { RNN_TEXT_ENGLISH, TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, TRUE, TRUE };

  if (speller)
    return;
  tokens = rnn_tokens_new (names, 0, NULL);
  speller = rnn_speller_new (tokens, &config);
}

static void
spell (const gchar *text, gssize n)
{
  g_autofree gchar *spoken = rnn_speller_speak (speller, text, n, n % 2);
  g_autofree gchar *written = rnn_text_write (spoken);
  g_autoptr (GArray) ids = rnn_speller_encode (speller, text, n, n % 2, NULL, NULL);

  g_assert (g_utf8_validate (spoken, -1, NULL) && g_utf8_validate (written, -1, NULL));
  g_assert (!g_strstr_len (spoken, -1, "  ") && *spoken != ' ');
  if (ids) {
    g_autofree gchar *again = rnn_tokens_decode (tokens, (const gint *) ids->data, (gint) ids->len);

    g_assert (g_str_equal (again, spoken));
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  make_speller ();
  spell ((const gchar *) data, (gssize) n);
  return 0;
}
