/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorts more n-grams than memory holds and counts the equal ones.
 *
 * A record is n_keys guint32 (compared one after the other), then n_values guint32 that are added up where all keys are
 * equal (counts; they stay below 2^32). */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnSorter RnnSorter;

/* Keeps @block records in memory. */
RnnSorter *rnn_sorter_new  (guint n_keys, guint n_values, gsize block, GError **error);
void       rnn_sorter_free (RnnSorter *sorter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSorter, rnn_sorter_free)

void       rnn_sorter_add  (RnnSorter *sorter, const guint32 *record);
/* All records are there; fails when the disk is full. */
gboolean   rnn_sorter_sort (RnnSorter *sorter, GError **error);
/* The next record in order, valid until the next call; NULL: that was all. */
const guint32 *rnn_sorter_next (RnnSorter *sorter);

G_END_DECLS
