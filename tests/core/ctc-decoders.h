/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders of a test, their words, and the files that they read. */
#pragma once
#include "ctc/ctc.h"
#include "folder.h"
#include <glib/gstdio.h>

static gchar *folder;

static gchar *
write_file (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static RnnCtcDecoder *
new_decoder (const gchar *const *names, const RnnCtcDecoderConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, &error);
  RnnCtcDecoder *decoder;

  g_assert_no_error (error);
  decoder = rnn_ctc_decoder_new (tokens, config, &error);
  g_assert_no_error (error);
  return decoder;
}

static gchar *
join_words (RnnCtcDecoder *decoder, gboolean partial)
{
  guint n;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (decoder, partial, &n, NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", words[i].text);
  return g_string_free (text, FALSE);
}
