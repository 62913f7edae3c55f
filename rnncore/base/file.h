/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes: mapped, not read; written aside and renamed. */
#pragma once
#include "api.h"

RNN_API_BEGIN

/* The errors name the file and the reason.  A file must not shrink while it is in use: replace it by renaming.  What is
 * no file (a FIFO, a device, a directory) is refused at once, without waiting for anybody to write into it. */
GBytes *rnn_file_map (const gchar *path, GError **error);
/* @id out (transfer full): which file the bytes are of, by device, inode, time of change and size. */
GBytes *rnn_file_map_with_id (const gchar *path, gchar **id, GError **error);

/* Where writing to @path would write: the end of the chain if it is a link, whether or not anything is there.
 * (transfer full) */
gchar *rnn_file_resolve (const gchar *path);

/* Writes n bytes to the file @path, or where the link @path leads: all or nothing, whatever happens meanwhile.  What is
 * there and no file (a device, a directory) is refused. */
gboolean rnn_file_replace (const gchar *path, const gchar *bytes, gsize n, GError **error);
/* The same; what is new is for its owner alone. */
gboolean rnn_file_replace_private (const gchar *path, const gchar *bytes, gsize n, GError **error);
/* Removes what a process that died while it replaced @path has left beside it. */
void rnn_file_clean (const gchar *path);

RNN_API_END
