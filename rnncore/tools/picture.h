/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures in files, as brightness. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint width, height;
  guint8 *pixels;               /* [height][width], owned */
} RnnToolPicture;

void rnn_tool_picture_clear (RnnToolPicture *picture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RnnToolPicture, rnn_tool_picture_clear)

/* PNG (if cairo is there), or PGM (P5, 8 bits). */
gboolean rnn_tool_picture_load (const gchar *path, RnnToolPicture *picture, GError **error);

G_END_DECLS
