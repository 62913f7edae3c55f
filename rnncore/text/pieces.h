/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token tables made from texts: the characters they hold, or the pieces of words that byte pair encoding finds (Sennrich et
 * al. 2016), a word's first one marked by U+2581 as sentencepiece does. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

typedef enum { RNN_PIECES_BPE, RNN_PIECES_CHARACTERS, RNN_N_PIECES } RnnPiecesKind;

typedef struct _RnnPieces RnnPieces;

RnnPieces *rnn_pieces_new (void);
void       rnn_pieces_free (RnnPieces *pieces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnPieces, rnn_pieces_free)
/* Counts the words of @text (UTF-8). */
void       rnn_pieces_add (RnnPieces *pieces, const gchar *text);
/* NULL-terminated, the blank first, then characters by number of occurrences, then pieces in the order in which they were
 * joined, @size of them in all or fewer where nothing is left to join.  More characters than @size: RNN_ERROR_LIMIT.
 * (transfer full) */
gchar    **rnn_pieces_train (RnnPieces *pieces, RnnPiecesKind kind, guint size, GError **error);

RNN_API_END
