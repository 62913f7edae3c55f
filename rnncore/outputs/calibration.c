/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calibration.h"
#include "../base/error.h"

#define MOST_POINTS 1000
#define BINS 20                 /* of as many pairs each; neighbours that would fall are pooled */
#define LEAST_IN_BIN 10

GArray *
rnn_calibration_read (const json_t *list, const gchar *where, GError **error)
{
  g_autoptr (GArray) points = NULL;
  RnnCalibrationPoint last = { 0, 0 };
  gsize i;
  json_t *item;

  if (!list)
    return NULL;
  points = g_array_new (FALSE, FALSE, sizeof (RnnCalibrationPoint));
  json_array_foreach (list, i, item) {
    RnnCalibrationPoint p = { (gfloat) json_number_value (json_array_get (item, 0)), (gfloat) json_number_value (json_array_get (item, 1)) };

    if (json_array_size (item) != 2 || !(p.from >= last.from && p.from <= 1) || !(p.to >= last.to && p.to <= 1))
      break;
    g_array_append_val (points, p);
    last = p;
  }
  if (points->len > 0 && points->len == json_array_size (list) && points->len <= MOST_POINTS)
    return g_steal_pointer (&points);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"calibration\" is not a list of pairs of 0 to 1, neither of which falls", where);
  return NULL;
}

json_t *
rnn_calibration_to_json (const GArray *points)
{
  json_t *list = json_array ();

  for (guint i = 0; i < points->len; i++) {
    const RnnCalibrationPoint *p = &g_array_index (points, RnnCalibrationPoint, i);

    json_array_append_new (list, json_pack ("[ff]", (double) p->from, (double) p->to));
  }
  return list;
}

gfloat
rnn_calibration_apply (const GArray *points, gfloat confidence)
{
  const RnnCalibrationPoint *p;
  guint i = 0;

  if (!points)
    return confidence;
  p = (const RnnCalibrationPoint *) points->data;
  while (i < points->len && p[i].from < confidence)
    i++;
  if (i == 0 || i == points->len)
    return p[i ? i - 1 : 0].to;
  return p[i - 1].to + (p[i].to - p[i - 1].to) * (confidence - p[i - 1].from) / (p[i].from - p[i - 1].from);
}

/* ---- fitting ---- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  gfloat x = ((const RnnCalibrationPoint *) a)->from, y = ((const RnnCalibrationPoint *) b)->from;

  return (x > y) - (x < y);
}

typedef struct {
  gdouble from, to, n;          /* sums, and of how many */
} Block;

/* Pool adjacent violators: a block that lies below the one before joins it. */
static void
pool (GArray *blocks, Block block)
{
  while (blocks->len > 0) {
    Block *last = &g_array_index (blocks, Block, blocks->len - 1);

    if (last->to / last->n < block.to / block.n)
      break;
    block = (Block) { block.from + last->from, block.to + last->to, block.n + last->n };
    g_array_set_size (blocks, blocks->len - 1);
  }
  g_array_append_val (blocks, block);
}

GArray *
rnn_calibration_fit (GArray *pairs)
{
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  GArray *points = g_array_new (FALSE, FALSE, sizeof (RnnCalibrationPoint));
  guint size = MAX (LEAST_IN_BIN, (pairs->len + BINS - 1) / BINS);

  g_array_sort (pairs, compare);
  for (guint i = 0; i < pairs->len; i += size) {
    Block block = { 0, 0, 0 };

    for (guint j = i; j < MIN (i + size, pairs->len); j++) {
      const RnnCalibrationPoint *p = &g_array_index (pairs, RnnCalibrationPoint, j);

      block = (Block) { block.from + p->from, block.to + p->to, block.n + 1 };
    }
    pool (blocks, block);
  }
  for (guint i = 0; i < blocks->len; i++) {
    const Block *b = &g_array_index (blocks, Block, i);

    g_array_append_val (points, ((RnnCalibrationPoint) { (gfloat) (b->from / b->n), (gfloat) (b->to / b->n) }));
  }
  return points;
}
