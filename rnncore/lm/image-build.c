/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From sorted tables to an image.  Values are quantised to the means of bins that hold equally many of them, apart for
 * each order; weights of exactly 0 (a context that nothing longer follows) stay so. */
#include "image.h"
#include <stdlib.h>
#include <string.h>

#define NEVER -90               /* <s> has -99: it would spoil the mean of its bin */

static void
set_bits (RnnNgramLevel *level, guint64 i, guint at, guint32 value)
{
  guint64 bit = i * level->record + at, word;
  guint8 *to = (guint8 *) level->bits + (bit >> 3);

  memcpy (&word, to, sizeof word);
  word |= (guint64) value << (bit & 7);
  memcpy (to, &word, sizeof word);
}

/* ---- quantisation ---- */

static gint
compare_floats (gconstpointer a, gconstpointer b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return (x > y) - (x < y);
}

/* means[bins] of @values, which get sorted; @keep has a bin for itself.  Ascending. */
static void
make_bins (gfloat *values, gsize n, gfloat keep, guint bins, gfloat *means)
{
  qsort (values, n, sizeof *values, compare_floats);
  means[0] = keep;
  for (guint b = 1; b < bins; b++) {
    gsize first = n * (b - 1) / (bins - 1), end = n * b / (bins - 1);
    gdouble sum = 0;

    for (gsize i = first; i < end; i++)
      sum += values[i];
    means[b] = end > first ? (gfloat) (sum / (gdouble) (end - first)) : means[b - 1];
  }
  qsort (means, bins, sizeof *means, compare_floats);
}

static guint32
nearest (const gfloat *means, guint bins, gfloat value)
{
  guint low = 0, high = bins - 1;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (means[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 && value - means[low - 1] <= means[low] - value ? low - 1 : low;
}

/* @field: of the records, order (probabilities) or order + 1 (back-off weights) */
static void
quantise (const RnnNgramTable *table, guint field, gfloat keep, guint bins, gfloat *means)
{
  g_autofree gfloat *values = g_new (gfloat, table->n + 1);
  gsize n = 0;

  for (gsize i = 0; i < table->n; i++) {
    gfloat value = rnn_ngram_table_get (table, i)[field].value;

    if (value != keep && value > NEVER)
      values[n++] = value;
  }
  make_bins (values, n, keep, bins, means);
}

static guint32
encode (gfloat value, const gfloat *means, guint bins)
{
  RnnNgramField field = {.value = value };

  return means ? nearest (means, bins, value) : field.word;
}

/* ---- parts ---- */

static void
fill_words (const RnnNgrams *ngrams, RnnNgramImage *image)
{
  guint32 *offsets = (guint32 *) image->offsets;
  gchar *text = (gchar *) image->text;

  for (guint i = 0; i < ngrams->words->len; i++) {
    gsize n = strlen (ngrams->words->pdata[i]) + 1;

    memcpy (text + offsets[i], ngrams->words->pdata[i], n);
    offsets[i + 1] = offsets[i] + (guint32) n;
  }
}

static void
fill_level (const RnnNgrams *ngrams, RnnNgramImage *image, guint k)
{
  const RnnNgramTable *table = &ngrams->tables[k], *next = k + 1 < ngrams->order ? table + 1 : NULL;
  RnnNgramLevel *level = &image->levels[k];
  guint bins = 1u << (level->value & 31);
  gsize child = 0;

  if (level->probs) {
    quantise (table, table->order, -99, bins, (gfloat *) level->probs);
    quantise (table, table->order + 1, 0, bins, (gfloat *) level->backoffs);
  }
  for (gsize i = 0; i < table->n; i++) {
    RnnNgramField *record = rnn_ngram_table_get (table, i);

    if (k > 0)
      set_bits (level, i, 0, record[k].word);
    set_bits (level, i, level->word, encode (RNN_NGRAM_PROB (table, record), level->probs, bins));
    if (!next)
      continue;
    set_bits (level, i, level->at_backoff, encode (RNN_NGRAM_BACKOFF (table, record), level->backoffs, bins));
    set_bits (level, i, level->at_child, (guint32) child);
    while (child < next->n && memcmp (rnn_ngram_table_get (next, child), record, (k + 1) * sizeof *record) == 0)
      child++;
  }
  if (next)
    set_bits (level, table->n, level->at_child, (guint32) child);
}

static RnnNgramHeader
make_header (const RnnNgrams *ngrams, guint value_bits, GBytes *lexicon)
{
  RnnNgramHeader header = {.magic = { 'r', 'n', 'n', 'n', 'g', 'r', 'a', 'm' },.version = 1,.order = ngrams->order,
    .n_words = ngrams->words->len,.value_bits = value_bits,.lexicon_size = lexicon ? g_bytes_get_size (lexicon) : 0
  };

  for (guint i = 0; i < ngrams->words->len; i++)
    header.text_size += strlen (ngrams->words->pdata[i]) + 1;
  for (guint k = 0; k < ngrams->order; k++)
    header.n[k] = ngrams->tables[k].n;
  return header;
}

/* Room for the image: zeros in a temporary file. */
static GBytes *
make_room (guint64 size, GError **error)
{
  static const guint8 zeros[65536];
  RnnSpill *spill = rnn_spill_new (error);
  gpointer bytes;

  if (!spill)
    return NULL;
  for (guint64 n = size; n > 0; n -= MIN (n, sizeof zeros))
    rnn_spill_write (spill, zeros, MIN (n, sizeof zeros));
  if ((bytes = rnn_spill_map (spill, NULL, error)))
    return g_bytes_new_with_free_func (bytes, size, (GDestroyNotify) rnn_spill_free, spill);
  rnn_spill_free (spill);
  return NULL;
}

GBytes *
rnn_ngram_image_build (const RnnNgrams *ngrams, guint value_bits, GBytes *lexicon, GError **error)
{
  RnnNgramHeader header = make_header (ngrams, value_bits, lexicon);
  RnnNgramImage image = { NULL };
  GBytes *bytes = make_room (rnn_ngram_image_lay_out (&image, &header, NULL), error);
  guint8 *base;

  if (!bytes)
    return NULL;
  base = (guint8 *) g_bytes_get_data (bytes, NULL);
  rnn_ngram_image_lay_out (&image, &header, base);
  memcpy (base, &header, sizeof header);
  fill_words (ngrams, &image);
  for (guint k = 0; k < ngrams->order; k++)
    fill_level (ngrams, &image, k);
  if (lexicon)
    memcpy ((guint8 *) image.lexicon, g_bytes_get_data (lexicon, NULL), header.lexicon_size);
  return bytes;
}
