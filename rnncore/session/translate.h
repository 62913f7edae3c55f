/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An encoder-decoder at work: a sequence of tokens in, the most probable sequences out.
 *
 * The decoder begins with the token "<s>" and ends with "</s>", both of its labels (without them the first and the last one); a
 * source whose tokens have a "</s>" ends with it. */
#pragma once
#include "../model/model.h"

RNN_API_BEGIN

typedef struct _RnnTranslator RnnTranslator;

typedef struct {
  gint *tokens;                 /* [n] labels of the decoder, without "<s>" and "</s>" */
  guint n;
  gdouble score;                /* natural logarithm of its probability, over length ^ penalty */
} RnnTranslation;

/* @beam: readings followed at once, 1 is greedy.  @penalty: of length, as in Wu et al. 2016 without their constant: 0 prefers
 * short ones, 1 is the mean per token.  Fails on a model without an encoder, or one whose tokens have no names. */
RnnTranslator *rnn_translator_new (RnnModel *model, guint beam, gdouble penalty, GError **error);
void rnn_translator_free (RnnTranslator *translator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTranslator, rnn_translator_free)

/* The best translations of source[n], best first, at most as many as the beam is wide.  (transfer none), valid until the next
 * call.  Fails on a source longer than attention can hold, or with a number that is no token. */
const RnnTranslation *rnn_translator_run (RnnTranslator *translator, const gint *source, guint n, guint *n_best, GError **error);
/* The same of @text, cut into the longest source tokens that fit.  A character that no token fits: RNN_ERROR_NOT_FOUND. */
const RnnTranslation *rnn_translator_read (RnnTranslator *translator, const gchar *text, guint *n_best, GError **error);
/* How much of each of the S steps of the source that was run last the last layer of attention takes for each of tokens[n] and for their
 * end: [n + 1][S], or NULL: there is no attention among the layers.  (transfer full) */
gfloat *rnn_translator_attend (RnnTranslator *translator, const gint *tokens, guint n, guint *S);
/* From text to text: the labels of the best one, joined by @separator. (transfer full) */
gchar *rnn_translator_translate (RnnTranslator *translator, const gchar *text, const gchar *separator, GError **error);

RNN_API_END
