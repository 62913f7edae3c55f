/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* External merge sort: blocks are sorted in memory and written as runs; a heap over the runs' heads merges them. */
#include "sorter.h"
#include "../base/spill.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  const guint32 *at, *end;
} Run;

struct _RnnSorter {
  guint n_keys, width;          /* guint32s of the keys, of a record */
  gsize block, n;               /* records that fit, that are there */
  guint32 *records;             /* [block][width] */
  RnnSpill *spill;
  GArray *lengths;              /* gsize: records of each run */
  GArray *heap;                 /* Runs; the least head first */
  guint32 *merged;              /* [width] */
};

RnnSorter *
rnn_sorter_new (guint n_keys, guint n_values, gsize block, GError **error)
{
  RnnSpill *spill = rnn_spill_new (error);
  RnnSorter *sorter;

  if (!spill)
    return NULL;
  sorter = g_new0 (RnnSorter, 1);
  sorter->n_keys = n_keys;
  sorter->width = n_keys + n_values;
  sorter->block = block;
  sorter->records = g_new (guint32, block * sorter->width);
  sorter->spill = spill;
  sorter->lengths = g_array_new (FALSE, FALSE, sizeof (gsize));
  sorter->heap = g_array_new (FALSE, FALSE, sizeof (Run));
  sorter->merged = g_new (guint32, sorter->width);
  return sorter;
}

void
rnn_sorter_free (RnnSorter *sorter)
{
  if (!sorter)
    return;
  rnn_spill_free (sorter->spill);
  g_array_unref (sorter->lengths);
  g_array_unref (sorter->heap);
  g_free (sorter->records);
  g_free (sorter->merged);
  g_free (sorter);
}

static inline gint
compare_keys (const guint32 *a, const guint32 *b, guint n)
{
  for (guint i = 0; i < n; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

static gint
compare_records (gconstpointer a, gconstpointer b, gpointer sorter)
{
  return compare_keys (a, b, ((RnnSorter *) sorter)->n_keys);
}

static inline void
add_values (const RnnSorter *sorter, guint32 *to, const guint32 *from)
{
  for (guint i = sorter->n_keys; i < sorter->width; i++)
    to[i] += from[i];
}

/* Sorts the block and folds equal records. */
static void
sort_block (RnnSorter *sorter)
{
  gsize w = sorter->width, n = 0;

  qsort_r (sorter->records, sorter->n, w * sizeof (guint32), compare_records, sorter);
  for (gsize i = 0; i < sorter->n; i++) {
    guint32 *record = sorter->records + i * w, *last = n > 0 ? sorter->records + (n - 1) * w : NULL;

    if (last && compare_keys (last, record, sorter->n_keys) == 0)
      add_values (sorter, last, record);
    else
      memmove (sorter->records + n++ * w, record, w * sizeof (guint32));
  }
  sorter->n = n;
}

/* A block that equal records leave half empty goes on; a full one becomes a run. */
static void
make_room (RnnSorter *sorter)
{
  sort_block (sorter);
  if (sorter->n <= sorter->block / 2)
    return;
  rnn_spill_write (sorter->spill, sorter->records, sorter->n * sorter->width * sizeof (guint32));
  g_array_append_val (sorter->lengths, sorter->n);
  sorter->n = 0;
}

void
rnn_sorter_add (RnnSorter *sorter, const guint32 *record)
{
  if (sorter->n == sorter->block)
    make_room (sorter);
  memcpy (sorter->records + sorter->n++ * sorter->width, record, sorter->width * sizeof (guint32));
}

/* ---- merge ---- */

static inline gboolean
less (const RnnSorter *sorter, guint i, guint j)
{
  const Run *runs = (const Run *) (gconstpointer) sorter->heap->data;

  return compare_keys (runs[i].at, runs[j].at, sorter->n_keys) < 0;
}

static void
sift_down (RnnSorter *sorter, guint i)
{
  Run *runs = (Run *) (gpointer) sorter->heap->data;

  for (guint child; (child = 2 * i + 1) < sorter->heap->len; i = child) {
    if (child + 1 < sorter->heap->len && less (sorter, child + 1, child))
      child++;
    if (!less (sorter, child, i))
      return;
    Run swap = runs[i];
    runs[i] = runs[child];
    runs[child] = swap;
  }
}

static void
add_run (RnnSorter *sorter, const guint32 *at, gsize n)
{
  Run run = { at, at + n * sorter->width };

  if (n > 0)
    g_array_append_val (sorter->heap, run);
}

gboolean
rnn_sorter_sort (RnnSorter *sorter, GError **error)
{
  const guint32 *at;

  sort_block (sorter);
  if (!(at = rnn_spill_map (sorter->spill, NULL, error)))
    return FALSE;
  for (guint i = 0; i < sorter->lengths->len; i++) {
    gsize n = g_array_index (sorter->lengths, gsize, i);

    add_run (sorter, at, n);
    at += n * sorter->width;
  }
  add_run (sorter, sorter->records, sorter->n);
  for (guint i = sorter->heap->len; i-- > 0;)
    sift_down (sorter, i);
  return TRUE;
}

/* Takes the head of the first run. */
static const guint32 *
pop (RnnSorter *sorter)
{
  Run *first = &g_array_index (sorter->heap, Run, 0);
  const guint32 *head = first->at;

  first->at += sorter->width;
  if (first->at == first->end) {
    *first = g_array_index (sorter->heap, Run, sorter->heap->len - 1);
    g_array_set_size (sorter->heap, sorter->heap->len - 1);
  }
  sift_down (sorter, 0);
  return head;
}

const guint32 *
rnn_sorter_next (RnnSorter *sorter)
{
  if (sorter->heap->len == 0)
    return NULL;
  memcpy (sorter->merged, pop (sorter), sorter->width * sizeof (guint32));
  while (sorter->heap->len > 0
      && compare_keys (g_array_index (sorter->heap, Run, 0).at, sorter->merged, sorter->n_keys) == 0)
    add_values (sorter, sorter->merged, pop (sorter));
  return sorter->merged;
}
