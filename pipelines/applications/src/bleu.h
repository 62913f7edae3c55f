/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How near translations are to others of the same texts. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define BLEU_ORDER 4

typedef struct {
  guint64 matched[BLEU_ORDER], total[BLEU_ORDER], length, reference;
} Bleu;

/* Adds a translation and the one that it is held against; words parted by single spaces. */
void    bleu_add   (Bleu *bleu, const gchar *translation, const gchar *reference);
/* Of all that were added, in percent. */
gdouble bleu_score (const Bleu *bleu);

G_END_DECLS
