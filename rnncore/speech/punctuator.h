/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of a stream get their marks (. , ?) and capitals from a tagger of words, which looks a few words ahead: a word comes
 * out when these are there, or at finish.  Times and confidences stay as they are. */
#pragma once
#include "../ctc/words.h"
#include "../model/model.h"

G_BEGIN_DECLS

typedef struct _RnnPunctuator RnnPunctuator;

/* @model: of input "words", with two heads, of marks (RnnMark) and of lower case and capital. */
RnnPunctuator *rnn_punctuator_new (RnnModel *model, GError **error);
void rnn_punctuator_free (RnnPunctuator *punctuator);

void rnn_punctuator_push (RnnPunctuator *punctuator, const RnnCtcWord *word);   /* copied */
/* All words are due; what comes then goes on from here. */
void rnn_punctuator_finish (RnnPunctuator *punctuator);
/* The next word that is ready, or NULL; valid until the next call. */
const RnnCtcWord *rnn_punctuator_next (RnnPunctuator *punctuator);
/* Those for which the tagger has yet to look ahead, in lower case. */
const RnnCtcWords *rnn_punctuator_get_waiting (RnnPunctuator *punctuator);
/* Forgets everything. */
void rnn_punctuator_reset (RnnPunctuator *punctuator);
void rnn_punctuator_keep (RnnPunctuator *punctuator, RnnKeep *keep);

G_END_DECLS
