/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of an image are, and whether its bytes are one. */
#include "image.h"
#include "../base/error.h"
#include <math.h>
#include <string.h>

#define MAX_WORDS (1u << 28)
#define MAX_NGRAMS (G_GUINT64_CONSTANT (1) << 31)

static inline guint
bits_for (guint64 largest)
{
  guint bits = 1;

  while (bits < 32 && largest >> bits)
    bits++;
  return bits;
}

static inline guint64
part (guint64 *at, guint64 size)
{
  guint64 begin = *at;

  *at = (begin + size + 7) & ~G_GUINT64_CONSTANT (7);
  return begin;
}

static void
lay_out_level (RnnNgramLevel *level, const RnnNgramHeader *header, guint k)
{
  gboolean last = k + 1 == header->order;

  level->n = header->n[k];
  level->word = k == 0 ? 0 : bits_for (header->n_words);
  level->value = header->value_bits;
  level->child = last ? 0 : bits_for (header->n[k + 1]);
  level->at_backoff = level->word + level->value;
  level->at_child = level->at_backoff + level->value;
  level->record = last ? level->at_backoff : level->at_child + level->child;
}

guint64
rnn_ngram_image_lay_out (RnnNgramImage *image, const RnnNgramHeader *header, const guint8 *base)
{
  guint64 at = 0, table = header->value_bits == 32 ? 0 : G_GUINT64_CONSTANT (1) << header->value_bits, begin;

  image->order = header->order;
  image->n_words = header->n_words;
  part (&at, sizeof *header);
  for (guint k = 0; k < header->order; k++) {
    begin = part (&at, 2 * table * sizeof (gfloat));
    lay_out_level (&image->levels[k], header, k);
    image->levels[k].probs = base && table ? (const gfloat *) (gconstpointer) (base + begin) : NULL;
    image->levels[k].backoffs = base && table ? image->levels[k].probs + table : NULL;
  }
  begin = part (&at, (header->n_words + G_GUINT64_CONSTANT (1)) * sizeof (guint32));
  image->offsets = base ? (const guint32 *) (gconstpointer) (base + begin) : NULL;
  begin = part (&at, header->text_size);
  image->text = base ? (const gchar *) base + begin : NULL;
  for (guint k = 0; k < header->order; k++) {
    RnnNgramLevel *level = &image->levels[k];

    begin = part (&at, ((level->n + 1) * level->record + 7) / 8 + 8);
    level->bits = base ? base + begin : NULL;
  }
  begin = part (&at, header->lexicon_size);
  image->lexicon = base ? base + begin : NULL;
  image->lexicon_size = header->lexicon_size;
  return at;
}

guint32
rnn_ngram_image_find_word (const RnnNgramImage *image, const gchar *text)
{
  guint32 low = 0, high = image->n_words;

  while (low < high) {
    guint32 middle = low + (high - low) / 2;
    gint order = strcmp (rnn_ngram_image_get_word (image, middle), text);

    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return image->n_words;
}

/* ---- untrusted bytes ---- */

static gboolean
fail (const gchar *where, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: not a sound n-gram model: %s", where, reason);
  return FALSE;
}

static gboolean
check_header (const RnnNgramHeader *header, const gchar *where, GError **error)
{
  if (header->version != 1)
    return fail (where, error, "made by another version");
  if (header->order < 1 || header->order > RNN_NGRAM_MAX_ORDER)
    return fail (where, error, "its order is not 1 to 6");
  if (header->value_bits != 32 && (header->value_bits < 4 || header->value_bits > 8))
    return fail (where, error, "its values have a size that does not exist");
  if (header->n_words < 1 || header->n_words > MAX_WORDS || header->n[0] != header->n_words
      || header->text_size > G_MAXUINT32 || header->lexicon_size > G_MAXUINT32)
    return fail (where, error, "its vocabulary has an impossible size");
  for (guint k = 0; k < header->order; k++)
    if (header->n[k] > MAX_NGRAMS)
      return fail (where, error, "too many n-grams");
  return TRUE;
}

static gboolean
check_words (const RnnNgramImage *image, guint64 text_size, const gchar *where, GError **error)
{
  if (image->offsets[0] != 0 || image->offsets[image->n_words] != text_size)
    return fail (where, error, "texts lie elsewhere");
  for (guint32 i = 0; i < image->n_words; i++) {
    guint32 at = image->offsets[i], next = image->offsets[i + 1];

    if (next <= at || next > text_size || !g_utf8_validate (image->text + at, next - at - 1, NULL)
        || image->text[next - 1] != '\0')
      return fail (where, error, "a word is no text");
    if (i > 0 && strcmp (image->text + image->offsets[i - 1], image->text + at) >= 0)
      return fail (where, error, "words are not sorted");
  }
  return TRUE;
}

static gboolean
check_values (const RnnNgramLevel *level, gboolean last, const gchar *where, GError **error)
{
  guint64 n = level->probs ? G_GUINT64_CONSTANT (1) << level->value : level->n;

  for (guint64 i = 0; i < n; i++) {
    gfloat prob = level->probs ? level->probs[i] : rnn_ngram_level_prob (level, i);
    gfloat backoff = level->backoffs ? level->backoffs[i] : last ? 0 : rnn_ngram_level_backoff (level, i);

    if (!(isfinite (prob) && prob <= 0 && isfinite (backoff)))
      return fail (where, error, "a probability above 1, or a value that is no number");
  }
  return TRUE;
}

static gboolean
check_level (const RnnNgramLevel *level, const RnnNgramLevel *next, guint32 n_words, const gchar *where, GError **error)
{
  if (rnn_ngram_level_child (level, 0) != 0 || rnn_ngram_level_child (level, level->n) != next->n)
    return fail (where, error, "n-grams without a context");
  for (guint64 i = 0; i < level->n; i++) {
    guint32 first = rnn_ngram_level_child (level, i), end = rnn_ngram_level_child (level, i + 1);

    if (end < first || end > next->n)
      return fail (where, error, "contexts are not sorted");
    for (guint32 j = first; j < end; j++) {
      guint32 word = rnn_ngram_level_get (next, j, 0, next->word);

      if (word >= n_words || (j > first && word <= rnn_ngram_level_get (next, j - 1, 0, next->word)))
        return fail (where, error, "n-grams are not sorted");
    }
  }
  return TRUE;
}

static gboolean
check (const RnnNgramImage *image, guint64 text_size, const gchar *where, GError **error)
{
  if (!check_words (image, text_size, where, error))
    return FALSE;
  for (guint k = 0; k < image->order; k++) {
    gboolean last = k + 1 == image->order;

    if (!check_values (&image->levels[k], last, where, error)
        || (!last && !check_level (&image->levels[k], &image->levels[k + 1], image->n_words, where, error)))
      return FALSE;
  }
  return TRUE;
}

gboolean
rnn_ngram_image_is (GBytes *bytes)
{
  return g_bytes_get_size (bytes) >= sizeof (RnnNgramHeader)
      && memcmp (g_bytes_get_data (bytes, NULL), "rnnngram", 8) == 0;
}

static guint32
find_unknown (const RnnNgramImage *image)
{
  guint32 unknown = rnn_ngram_image_find_word (image, "<unk>");

  return unknown < image->n_words ? unknown : rnn_ngram_image_find_word (image, "<UNK>");
}

gboolean
rnn_ngram_image_open (RnnNgramImage *image, GBytes *bytes, const gchar *where, GError **error)
{
  gsize size;
  const RnnNgramHeader *header = g_bytes_get_data (bytes, &size);

  memset (image, 0, sizeof *image);
  if (G_BYTE_ORDER != G_LITTLE_ENDIAN)
    return fail (where, error, "this machine is big-endian");
  if (!rnn_ngram_image_is (bytes))
    return fail (where, error, "it does not begin like one");
  if (!check_header (header, where, error))
    return FALSE;
  if (rnn_ngram_image_lay_out (image, header, NULL) != size)
    return fail (where, error, "it has been cut off, or something follows it");
  rnn_ngram_image_lay_out (image, header, (const guint8 *) header);
  if (!check (image, header->text_size, where, error))
    return FALSE;
  image->unknown = find_unknown (image);
  image->start = rnn_ngram_image_find_word (image, "<s>");
  image->end = rnn_ngram_image_find_word (image, "</s>");
  image->bytes = g_bytes_ref (bytes);
  return TRUE;
}

void
rnn_ngram_image_clear (RnnNgramImage *image)
{
  g_clear_pointer (&image->bytes, g_bytes_unref);
}
