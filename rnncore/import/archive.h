/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ZIP archives in memory, as PyTorch, NumPy and Keras write them; by libzip.  What an entry claims to hold is checked against a
 * limit before it gets memory. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnArchive RnnArchive;

/* A look at the first bytes. */
gboolean    rnn_archive_is_one (const guint8 *data, gsize n);
/* Keeps a reference of @bytes.  @where stands for the path in messages. */
RnnArchive *rnn_archive_open (GBytes *bytes, const gchar *where, GError **error);
void        rnn_archive_free (RnnArchive *archive);     /* NULL: nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnArchive, rnn_archive_free)

guint        rnn_archive_get_n    (RnnArchive *archive);
const gchar *rnn_archive_get_name (RnnArchive *archive, guint i);       /* valid UTF-8, or NULL */
/* The entry's bytes: uncompressed, their checksum compared. */
GBytes      *rnn_archive_read (RnnArchive *archive, const gchar *name, GError **error);

/* Has the archive in @data an entry whose name ends so? */
gboolean rnn_archive_has (const guint8 *data, gsize n, const gchar *suffix);

G_END_DECLS
