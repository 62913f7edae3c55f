/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes: mapped, not read. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The errors name the file and the reason.  A file must not shrink while it is in use: replace it by renaming. */
GBytes *rnn_file_map (const gchar *path, GError **error);

G_END_DECLS
