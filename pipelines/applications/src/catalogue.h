/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of programs and their translations: GNU gettext's compiled catalogues. */
#pragma once
#include "rnn.h"

G_BEGIN_DECLS

/* Calls @found with each message of a .mo file in UTF-8 that has a translation, without its context, both in the singular. */
gboolean catalogue_read (const gchar *path, void (*found) (const gchar *message, const gchar *translation, gpointer data),
    gpointer data, GError **error);

G_END_DECLS
