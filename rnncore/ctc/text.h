/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* White space as everybody here takes it. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* @text (valid UTF-8) without white space at its ends, every other run of it replaced by @between. (transfer full) */
gchar *rnn_text_fold_spaces (const gchar *text, const gchar *between);

G_END_DECLS
