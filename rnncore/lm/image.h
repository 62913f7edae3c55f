/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An n-gram model as bytes that are used where they lie: a file that is mapped, its pages shared between processes.
 *
 *   header          RnnNgramHeader
 *   values          gfloat [order][2][2^value_bits]: log10 probabilities, back-off weights; none when value_bits is 32
 *   words           guint32 offset[n_words + 1] into text[text_size]: texts with their ends, in the order of strcmp()
 *   levels          one a level, n[k] + 1 records of whole bits, then 8 bytes that nobody reads
 *   lexicon         lexicon_size bytes, for lexicon.c
 *
 * Every part begins at a multiple of 8.  The n-grams of a level are sorted by their words (a trie: those with one
 * context lie together), a record is
 *   word (not on level 0: there the place is the word) | probability | back-off | first child on the next level
 * the last two not on the last level.  Values are places in their table, or floats.  Little endian. */
#pragma once
#include "ngrams.h"

G_BEGIN_DECLS

typedef struct {
  gchar magic[8];               /* "rnnngram" */
  guint32 version;              /* 1 */
  guint32 order, n_words, value_bits;
  guint64 text_size, lexicon_size;
  guint64 n[RNN_NGRAM_MAX_ORDER];
} RnnNgramHeader;

typedef struct {
  guint64 n;
  const guint8 *bits;
  guint record, word, value, child;     /* bits of a record and of its fields */
  guint at_backoff, at_child;           /* where these begin; the probability does at `word` */
  const gfloat *probs, *backoffs;       /* [2^value]; NULL: values are floats */
} RnnNgramLevel;

typedef struct {
  GBytes *bytes;
  guint order;
  guint32 n_words, unknown, start, end; /* n_words: there is no such word */
  const guint32 *offsets;
  const gchar *text;
  RnnNgramLevel levels[RNN_NGRAM_MAX_ORDER];
  const guint8 *lexicon;
  gsize lexicon_size;
} RnnNgramImage;

/* @value_bits: 4 to 8, or 32 for exact values.  @lexicon may be NULL. (transfer full) */
GBytes  *rnn_ngram_image_build (const RnnNgrams *ngrams, guint value_bits, GBytes *lexicon, GError **error);
/* Looks at every byte once; keeps a reference to @bytes, which begin at a multiple of 8. */
gboolean rnn_ngram_image_open  (RnnNgramImage *image, GBytes *bytes, const gchar *where, GError **error);
void     rnn_ngram_image_clear (RnnNgramImage *image);
gboolean rnn_ngram_image_is    (GBytes *bytes);         /* it begins like one */

/* image-build.c's and image.c's common reckoning of where things are. @base may be NULL; returns the size. */
guint64  rnn_ngram_image_lay_out (RnnNgramImage *image, const RnnNgramHeader *header, const guint8 *base);

static inline const gchar *
rnn_ngram_image_get_word (const RnnNgramImage *image, guint32 word)
{
  return image->text + image->offsets[word];
}

guint32  rnn_ngram_image_find_word (const RnnNgramImage *image, const gchar *text);     /* n_words: none */

/* @width bits from bit @at of record @i, at most 32 */
static inline guint32
rnn_ngram_level_get (const RnnNgramLevel *level, guint64 i, guint at, guint width)
{
  guint64 bit = i * level->record + at, word;

  __builtin_memcpy (&word, level->bits + (bit >> 3), sizeof word);
  return (guint32) ((word >> (bit & 7)) & ((G_GUINT64_CONSTANT (1) << width) - 1));
}

static inline gfloat
rnn_ngram_level_value (const RnnNgramLevel *level, guint64 i, guint at, const gfloat *table)
{
  guint32 value = rnn_ngram_level_get (level, i, at, level->value);
  RnnNgramField field = {.word = value };

  return table ? table[value] : field.value;
}

static inline gfloat
rnn_ngram_level_prob (const RnnNgramLevel *level, guint64 i)
{
  return rnn_ngram_level_value (level, i, level->word, level->probs);
}

static inline gfloat
rnn_ngram_level_backoff (const RnnNgramLevel *level, guint64 i)
{
  return rnn_ngram_level_value (level, i, level->at_backoff, level->backoffs);
}

static inline guint32
rnn_ngram_level_child (const RnnNgramLevel *level, guint64 i)
{
  return rnn_ngram_level_get (level, i, level->at_child, level->child);
}

G_END_DECLS
