/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results of a transcriber, gathered until they are asked for as Vosk's recogniser tells them:
 *
 *   {"partial": "what was heard since the last result"}
 *   {"text": "an utterance", "result": [{"word": "an", "start": 0.4, "end": 0.6, "conf": 0.98}, ...]}
 *   {"alternatives": [{"text": "an utterance", "confidence": -1.5}, ...]}
 *
 * Times are seconds of the stream. */
#pragma once
#include <rnncore/rnn.h>

typedef struct _Answer Answer;

/* @words: with the words' times; @max_alternatives: 0: the best reading, in the first form. */
Answer *answer_new (gboolean words, guint max_alternatives);
void answer_free (Answer *answer);
void answer_add (Answer *answer, const RnnResult *result);
/* An utterance is over. */
gboolean answer_is_final (Answer *answer);
/* JSON of what has ended if something has, or @last, else of what is under way.  (transfer full) */
gchar *answer_take (Answer *answer, gboolean last);
