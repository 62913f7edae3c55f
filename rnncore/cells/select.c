/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a step in another order: y[i] = x[index[i]].  Slices, transpositions, padding and repetition of tensors that lie in a step.
 *
 * "index" is a list of counted loops, "START:COUNT:STEP" or nested "START:COUNT:STEP:COUNT:STEP" (the last runs fastest), or "zN": N
 * zeros.  "0:3:1 z2 9:2:-4:2:1" is x0 x1 x2 0 0 x9 x10 x5 x6.  Without it: x as it is.
 *
 * No state, no tape. */
#include "cell.h"
#include <string.h>

#define MAX_OUTPUTS (1 << 24)
#define MAX_LOOPS 8
#define MAX_PIECES (1 << 20)

/* count values from x[from] on, `step` apart; from < 0: zeros */
typedef struct {
  gint from, count, step;
} Piece;

typedef struct {
  RnnCell cell;
  gchar *index;
  GArray *pieces;               /* of Piece */
} Select;

static const RnnOption options[] = {
  RNN_OPT_STRING (Select, index, "which values: loops START:COUNT:STEP[:COUNT:STEP...], zN for N zeros; none: all, in their order"),
  { NULL }
};

static gboolean
add_piece (Select *s, gint64 from, gint64 count, gint64 step)
{
  gint64 last = from + (count - 1) * step;

  if (count < 1 || count > MAX_OUTPUTS - s->cell.n_out || s->pieces->len >= MAX_PIECES
      || (from >= 0 && (from >= s->cell.n_in || last < 0 || last >= s->cell.n_in)))
    return FALSE;
  s->cell.n_out += (gint) count;
  g_array_append_vals (s->pieces, &(Piece) { (gint) from, (gint) count, (gint) step }, 1);
  return TRUE;
}

/* numbers: count, step, count, step ... of n loops */
static gboolean
add_loops (Select *s, gint64 from, const gint64 *numbers, gint n)
{
  if (n == 1)
    return from >= 0 && add_piece (s, from, numbers[0], numbers[1]);
  for (gint64 i = 0; i < numbers[0]; i++)
    if (!add_loops (s, from + i * numbers[1], numbers + 2, n - 1))
      return FALSE;
  return numbers[0] > 0;
}

/* One word of the index. */
static gboolean
add_word (Select *s, const gchar *word)
{
  gint64 numbers[2 * MAX_LOOPS + 1];
  gint n = 0;

  if (*word == 'z')
    return add_piece (s, -1, g_ascii_strtoll (word + 1, NULL, 10), 0);
  for (gchar *end; n < (gint) G_N_ELEMENTS (numbers); word = end + 1) {
    numbers[n++] = g_ascii_strtoll (word, &end, 10);
    if (end == word || ABS (numbers[n - 1]) > MAX_OUTPUTS || (*end && *end != ':'))
      return FALSE;
    if (!*end)
      return n % 2 && n > 1 && add_loops (s, numbers[0], numbers + 1, n / 2);
  }
  return FALSE;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Select *s = (Select *) cell;
  g_auto (GStrv) words = g_strsplit (s->index ? s->index : "", " ", -1);

  s->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  cell->n_out = 0;
  if (!s->index)
    return add_piece (s, 0, cell->n_in, 1);
  for (guint i = 0; words[i]; i++)
    if (!add_word (s, words[i])) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "select: \"%.40s\" in its index is no loop over its %d values", words[i],
          cell->n_in);
      return FALSE;
    }
  return TRUE;
}

static void
finalize (RnnCell *cell)
{
  g_clear_pointer (&((Select *) cell)->pieces, g_array_unref);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Select *s = (const Select *) cell;
  gfloat *y = run->y;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (guint k = 0; k < s->pieces->len; k++) {
      Piece p = g_array_index (s->pieces, Piece, k);
      const gfloat *x = run->x + row * cell->n_in + p.from;

      if (p.from < 0)
        memset (y, 0, (gsize) p.count * sizeof (gfloat));
      else if (p.step == 1 && p.count > 4)
        memcpy (y, x, (gsize) p.count * sizeof (gfloat));
      else
        for (gint i = 0; i < p.count; i++)
          y[i] = x[i * p.step];
      y += p.count;
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Select *s = (const Select *) cell;
  const gfloat *dy = grad->dy;

  if (!grad->dx)
    return;
  memset (grad->dx, 0, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (guint k = 0; k < s->pieces->len; k++) {
      Piece p = g_array_index (s->pieces, Piece, k);
      gfloat *dx = grad->dx + row * cell->n_in + p.from;

      for (gint i = 0; p.from >= 0 && i < p.count; i++)
        dx[i * p.step] += dy[i];
      dy += p.count;
    }
}

const RnnCellClass rnn_cell_select = {
  .name = "select",
  .summary = "values of a step in another order: slices, transpositions, padding",
  .instance_size = sizeof (Select),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
  .finalize = finalize,
};
