/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts in ordinary orthography, as marked words, and as examples of a tagger of words. */
#pragma once
#include "inputs/words.h"
#include "model/model.h"
#include "text/marks.h"
#include "train/train.h"

G_BEGIN_DECLS

/* What the tagger says of a word: numbers of its first head, then of its second one. */
#define RNN_PUNCTUATION_OUT (RNN_N_MARKS + 2)

/* All paragraphs of @path: lines of a text, or the texts of a manifest (.tsv).  Lines that end without any sign, as headings do,
 * do not count. */
gboolean rnn_marked_text_load (RnnMarks *marks, const gchar *path, GError **error);

/* Stretches of @marks as examples; most begin and end as sentences do, since utterances do. */
void rnn_marked_text_examples (const RnnMarks *marks, const RnnInput *input, guint64 seed, RnnDataset *dataset);

G_END_DECLS
