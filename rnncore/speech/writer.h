/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as they were heard in, words as people write them out (writing.h).  Several words may become one, which lasts as long as
 * they did. */
#pragma once
#include "../ctc/words.h"
#include "writing.h"
G_BEGIN_DECLS

typedef struct _RnnWriter RnnWriter;

/* @config is not needed afterwards. */
RnnWriter *rnn_writer_new (const RnnWriterConfig *config, GError **error);
void rnn_writer_free (RnnWriter *writer);
void rnn_writer_push (RnnWriter *writer, const RnnCtcWord *word);       /* copied */
/* An utterance is over: all words are due. */
void rnn_writer_finish (RnnWriter *writer);
/* The next word that will not change any more, or NULL; valid until the next call. */
const RnnCtcWord *rnn_writer_next (RnnWriter *writer);
/* Words that came and are still to be written, oldest first; valid until the next call. */
const RnnCtcWord *rnn_writer_get_waiting (RnnWriter *writer, guint *n);
void rnn_writer_reset (RnnWriter *writer);
void rnn_writer_keep (RnnWriter *writer, RnnKeep *keep);

G_END_DECLS
