/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of a text, one a step: {"kind": "words", "rows": 20000}, for an embedding of as many tokens. */
#include "words.h"
#include "rows.h"
#include <string.h>

typedef struct {
  RnnInput input;
  gint rows;
} Words;

static const gchar *const keys[] = { "rows", NULL };

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  Words *w = (Words *) input;

  if (!rnn_rows_setup (input, object, "rows", where, error))
    return FALSE;
  if (input->channels < 2 || input->features.stack != 1 || input->features.cmvn != RNN_CMVN_NONE) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: words are two rows or more, neither stacked nor normalised", where);
    return FALSE;
  }
  w->rows = input->channels;
  input->channels = input->n_frame = RNN_WORD_ROWS;
  rnn_rows_size (input);
  return TRUE;
}

/* FNV-1a, and then its upper bits mixed into the lower ones */
static guint
hash (const gchar *p, const gchar *end, guint64 seed, guint n)
{
  guint64 h = G_GUINT64_CONSTANT (0xcbf29ce484222325) ^ (seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  for (; p < end; p = g_utf8_next_char (p))
    h = (h ^ g_unichar_tolower (g_utf8_get_char (p))) * G_GUINT64_CONSTANT (0x100000001b3);
  h = (h ^ (h >> 33)) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
  return (guint) ((h ^ (h >> 33)) % n);
}

void
rnn_input_words_hash (const RnnInput *input, const gchar *word, gfloat *row)
{
  const gchar *end = word + strlen (word), *suffix = end;
  guint n = (guint) ((const Words *) input)->rows - 1;

  for (guint i = 0; i < 3 && suffix > word; i++)
    suffix = g_utf8_prev_char (suffix);
  row[0] = (gfloat) (1 + hash (word, end, 1, n));
  row[1] = (gfloat) (1 + hash (word, end, 2, n));
  row[2] = (gfloat) (1 + hash (suffix, end, 3, n));
}

const RnnInputClass rnn_input_words = {
  .name = "words",
  .summary = "words of a text, as hashed rows of an embedding",
  .instance_size = sizeof (Words),
  .source = RNN_SOURCE_TENSORS,
  .keys = keys,
  .setup = setup,
  RNN_ROWS_STREAM
};
