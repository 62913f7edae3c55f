/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of installed programs in two languages, split by the source package of the program. */
#pragma once
#include "bitext.h"

G_BEGIN_DECLS

typedef struct {
  GPtrArray *train, *test;      /* of Sentence, each message of a part once */
} Messages;

/* FILE: lines "LANGUAGE SOURCE-PACKAGE CATALOGUE", parted by tabs; one family of packages in six (by a hash)
 * is for the test. */
gboolean messages_read  (Messages *messages, const gchar *path, const gchar *language, GError **error);
void     messages_clear (Messages *messages);
/* The languages that the file names. (transfer full) */
gchar  **messages_languages (const gchar *path, GError **error);

/* ---- what needs no network ---- */

/* Whole messages of the training and their translations. (transfer full) */
GHashTable *phrases_new (const GPtrArray *sentences);
/* The longest messages that fit, one after the other; a word of none as it is. (transfer full) */
gchar      *phrases_translate (GHashTable *phrases, const gchar *text);

G_END_DECLS
