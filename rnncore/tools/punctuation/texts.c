/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "texts.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "base/manifest.h"
#include "base/rng.h"

#define MAX_LINE (1 << 20)

/* ---- files ---- */

static gboolean
is_heading (const gchar *line, gsize n)
{
  const gchar *p = line + n;

  while (p > line && g_ascii_isspace (p[-1]))
    p--;
  return p == line || g_ascii_isalnum (p[-1]);
}

static void
read_lines (RnnMarks *marks, RnnSpeller *speller, const gchar *text, gsize size)
{
  for (const gchar *p = text, *end = text + size, *line_end; p < end; p = line_end + 1) {
    line_end = memchr (p, '\n', (gsize) (end - p));
    if (!line_end)
      line_end = end;
    if (line_end - p < MAX_LINE && !is_heading (p, (gsize) (line_end - p)))
      rnn_marks_read (marks, speller, p, (gsize) (line_end - p));
  }
}

static gboolean
read_manifest (RnnMarks *marks, RnnSpeller *speller, const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) rows = rnn_manifest_load (path, error);

  for (guint i = 0; rows && i < rows->len; i++) {
    const gchar *text = ((const RnnManifestRow *) rows->pdata[i])->text;

    if (!is_heading (text, strlen (text)))
      rnn_marks_read (marks, speller, text, strlen (text));
  }
  return rows != NULL;
}

gboolean
rnn_marked_text_load (RnnMarks *marks, const gchar *path, GError **error)
{
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);
  g_autoptr (GMappedFile) file = NULL;

  if (g_str_has_suffix (path, ".tsv"))
    return read_manifest (marks, speller, path, error);
  if (!(file = g_mapped_file_new (path, FALSE, error)))
    return FALSE;
  read_lines (marks, speller, g_mapped_file_get_contents (file), g_mapped_file_get_length (file));
  return TRUE;
}

/* ---- examples ---- */

/* Words [from, to) */
static void
add_example (const RnnMarks *marks, const RnnInput *input, guint from, guint to, RnnDataset *dataset)
{
  guint n = to - from;
  g_autofree gfloat *x = g_new (gfloat, (gsize) n * RNN_WORD_ROWS), *targets = g_new (gfloat, (gsize) n * 2);

  for (guint i = 0; i < n; i++) {
    const RnnMarkedWord *word = rnn_marks_get (marks, from + i);

    rnn_input_words_hash (input, rnn_marks_get_word (marks, from + i), x + (gsize) i * RNN_WORD_ROWS);
    targets[2 * i] = word->mark == RNN_MARK_UNKNOWN ? NAN : (gfloat) word->mark;
    targets[2 * i + 1] = word->capital == RNN_MARK_UNKNOWN ? NAN : (gfloat) word->capital;
  }
  rnn_dataset_add_series (dataset, x, n, targets, 2);
}

static gboolean
ends_sentence (const RnnMarks *marks, guint i)
{
  gint mark = rnn_marks_get (marks, i)->mark;

  return mark == RNN_MARK_PERIOD || mark == RNN_MARK_QUESTION;
}

/* Short ones as utterances of a dialogue are, long ones as a talk is; some are cut anywhere, as by a slip of the tongue. */
static guint
find_end (const RnnMarks *marks, guint from, RnnRng *rng)
{
  guint n = rnn_marks_get_n (marks);
  guint least = rnn_rng_uniform (rng) < 0.25 ? 3 + rnn_rng_below (rng, 20) : 40 + rnn_rng_below (rng, 100);
  guint to = MIN (from + least, n), limit = MIN (to + 100, n);

  if (rnn_rng_uniform (rng) < 0.15)
    return to;
  while (to < limit && !ends_sentence (marks, to - 1))
    to++;
  return to;
}

void
rnn_marked_text_examples (const RnnMarks *marks, const RnnInput *input, guint64 seed, RnnDataset *dataset)
{
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (guint from = 0, to; from < rnn_marks_get_n (marks); from = to) {
    to = find_end (marks, from, &rng);
    add_example (marks, input, from, to, dataset);
  }
}
