/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sessions and batches have in common. */
#pragma once
#include "session.h"
#include "../model/root.h"

G_BEGIN_DECLS

/* @model can stream, and so many streams of so many steps at once have room. */
gboolean rnn_session_check (RnnModel *model, guint n_streams, guint max_steps, GError **error);
/* Of the decoder of an encoder-decoder, one step at a time; it reads @memory (borrowed), which may change between steps. */
RnnSession *rnn_session_new_decoder (RnnModel *model, guint n_streams, const RnnEncoded *memory, GError **error);

G_END_DECLS
