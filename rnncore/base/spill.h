/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays larger than memory should hold: bytes written one after the other to a temporary file without a name, then
 * mapped.  The folder is g_get_tmp_dir(), that is TMPDIR. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnSpill RnnSpill;

RnnSpill *rnn_spill_new  (GError **error);
void      rnn_spill_free (RnnSpill *spill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSpill, rnn_spill_free)

/* A failure is kept, and told by rnn_spill_map(). */
void      rnn_spill_write (RnnSpill *spill, gconstpointer bytes, gsize n);

/* All that was written, readable and writable, and its size (@n may be NULL); NULL with an error when something
 * could not be written.  More can be written later: the memory is then mapped anew by the next call, and what an
 * earlier one returned is gone. */
gpointer  rnn_spill_map (RnnSpill *spill, gsize *n, GError **error);

G_END_DECLS
