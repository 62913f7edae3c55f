/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pronouncing dictionary as pairs of token sequences, split by a hash of the word. */
#pragma once
#include "rnn.h"
#include "train/pairs.h"

G_BEGIN_DECLS

typedef struct {
  gchar *word;
  GPtrArray *said;              /* of GArray of gint: ways to say it, each with its end */
  GArray *letters;              /* of gint, with its end */
} Entry;

typedef struct {
  GPtrArray *train, *dev, *test;        /* of Entry */
} Dictionary;

/* Lines "word PH ON ES", "word(2) PH ..." for another way; words with other characters than the source tokens' are left out.  Every
 * 20th word is for the test, every 100th to choose by. */
gboolean dictionary_read  (Dictionary *dictionary, const gchar *path, RnnModel *model, guint at_most, GError **error);
void     dictionary_clear (Dictionary *dictionary);
/* Every way to say a word is a pair, of arrays that the entries keep. (transfer full) of RnnPair */
GArray  *dictionary_pairs (const GPtrArray *entries);

G_END_DECLS
