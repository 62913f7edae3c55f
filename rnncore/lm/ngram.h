/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The n-gram model as a scorer of words. */
#pragma once
#include "image.h"
#include "scorer.h"

G_BEGIN_DECLS

/* Reads ARPA text, or maps what rnn_ngram_image_build() made.  Errors name the file and the reason. */
RnnScorer *rnn_ngram_load (const gchar *path, GError **error);
/* The same from memory; @where stands for the path. */
RnnScorer *rnn_ngram_parse (GBytes *bytes, const gchar *where, GError **error);

gboolean   rnn_scorer_is_ngram (RnnScorer *scorer);
/* (transfer none) */
const RnnNgramImage *rnn_ngram_get_image (RnnScorer *scorer);

G_END_DECLS
