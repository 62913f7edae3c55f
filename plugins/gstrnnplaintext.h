/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What is spoken, out of a caption's text: markup (with @markup), punctuation that nobody speaks, typographic forms.
 * Characters that occur in @alphabet (NULL-terminated strings) stay. (transfer full) */
gchar *gst_rnn_plain_text (const gchar *text, gssize length, gboolean markup, const gchar *const *alphabet);

G_END_DECLS
