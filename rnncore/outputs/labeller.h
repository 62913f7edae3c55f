/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text -> what each head of an output that learns from text is to say: token ids by the head's spelling, or, where the head
 * names a "dictionary", by pronunciation. */
#pragma once
#include "output.h"

RNN_API_BEGIN

typedef struct _RnnLabeller RnnLabeller;

/* Opens the dictionaries, relative paths from the folder of the file @where. */
RnnLabeller *rnn_labeller_new (const RnnOutput *output, const gchar *where, GError **error);
void         rnn_labeller_free (RnnLabeller *labeller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLabeller, rnn_labeller_free)
guint        rnn_labeller_get_n (RnnLabeller *labeller);       /* heads that learn from text */
/* What is spoken of @text, as rnn_speller_spell () has it for the first head. (transfer full) */
gchar       *rnn_labeller_spell (RnnLabeller *labeller, const gchar *text, gssize length, gboolean markup, gboolean *news,
    GError **error);
/* What the first head's tokens could not spell: see rnn_speller_get_unspelled (). (transfer none) */
const GPtrArray *rnn_labeller_get_unspelled (RnnLabeller *labeller);
/* ids[rnn_labeller_get_n ()] of gint (transfer full each) from what rnn_labeller_spell () gives.  Fails when the first head
 * cannot say it; another one that cannot gets NULL. */
gboolean     rnn_labeller_encode (RnnLabeller *labeller, const gchar *spoken, GArray **ids, GError **error);

RNN_API_END
