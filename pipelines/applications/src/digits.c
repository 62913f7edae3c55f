/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moving digits.  A digit is some strokes in a box of 28 x 28, slanted, turned and stretched by the hand that draws it; where both lie
 * the brighter one is seen.  Both move by 3 to 5 pixels a frame. */
#include "digits.h"
#include <math.h>
#include <string.h>

#define BOX 28
#define DIGITS 2

/* Pairs of coordinates in a box of 10 x 10; "/" lifts the pen. */
static const gchar *const strokes[10] = {
  "51 32 24 27 39 59 78 86 83 71 51", "33 51 59", "23 41 61 73 64 46 29 79", "22 42 62 73 63 54 44 54 65 77 69 49 28",
  "61 26 86 / 62 69", "71 31 25 45 65 76 68 49 28", "71 41 25 27 49 69 78 66 46 27", "21 81 65 49",
  "51 32 33 55 77 68 49 28 27 55 73 72 51", "74 55 34 33 41 61 73 68 39",
};

typedef struct {
  gfloat ink[BOX * BOX];
  gfloat x, y, dx, dy;          /* of its box, and a frame's way */
} Digit;

/* A hand: places of strokes -> pixels of the box. */
typedef struct {
  gfloat a, b, c, d, thick;
} Hand;

static gfloat
between (RnnRng *rng, gfloat least, gfloat most)
{
  return least + (most - least) * rnn_rng_uniform (rng);
}

static Hand
choose_hand (RnnRng *rng)
{
  gfloat turn = between (rng, -0.2f, 0.2f), slant = between (rng, -0.3f, 0.15f);
  gfloat wide = between (rng, 1.7f, 2.5f), high = between (rng, 2.1f, 2.6f);

  return (Hand) { wide * cosf (turn), high * (slant - sinf (turn)), wide * sinf (turn), high * cosf (turn), between (rng, 1.1f, 1.9f) };
}

static gfloat
distance (gfloat px, gfloat py, const gfloat *from, const gfloat *to)
{
  gfloat x = to[0] - from[0], y = to[1] - from[1], length = x * x + y * y;
  gfloat at = length > 0 ? CLAMP (((px - from[0]) * x + (py - from[1]) * y) / length, 0, 1) : 0;

  return hypotf (px - from[0] - at * x, py - from[1] - at * y);
}

static void
draw_line (Digit *digit, const Hand *hand, const gfloat *from, const gfloat *to)
{
  for (gint y = 0; y < BOX; y++)
    for (gint x = 0; x < BOX; x++) {
      gfloat ink = CLAMP (hand->thick + 0.5f - distance (x, y, from, to), 0, 1), *at = digit->ink + y * BOX + x;

      *at = MAX (*at, ink);
    }
}

static void
draw (Digit *digit, const Hand *hand, const gchar *path)
{
  gfloat from[2], to[2];
  gboolean down = FALSE;

  memset (digit->ink, 0, sizeof (digit->ink));
  for (; *path; path++) {
    if (*path == '/')
      down = FALSE;
    if (!g_ascii_isdigit (*path))
      continue;
    to[0] = BOX / 2 + hand->a * (path[0] - '5') + hand->b * (path[1] - '5');
    to[1] = BOX / 2 + hand->c * (path[0] - '5') + hand->d * (path[1] - '5');
    if (down)
      draw_line (digit, hand, from, to);
    memcpy (from, to, sizeof (from));
    down = TRUE;
    path++;
  }
}

static void
begin (Digit *digit, RnnRng *rng)
{
  Hand hand = choose_hand (rng);
  gfloat speed = between (rng, 3, 5), way = between (rng, 0, 2 * (gfloat) G_PI);

  draw (digit, &hand, strokes[rnn_rng_below (rng, 10)]);
  digit->x = between (rng, 0, DIGITS_SIDE - BOX);
  digit->y = between (rng, 0, DIGITS_SIDE - BOX);
  digit->dx = speed * cosf (way);
  digit->dy = speed * sinf (way);
}

/* Mirrored at 0 and at the last place of a box. */
static void
bounce (gfloat *at, gfloat *way)
{
  gfloat last = DIGITS_SIDE - BOX;

  *at += *way;
  if (*at < 0 || *at > last) {
    *at = *at < 0 ? -*at : 2 * last - *at;
    *way = -*way;
  }
}

static void
stamp (const Digit *digit, gfloat *frame)
{
  gint left = (gint) lrintf (digit->x), top = (gint) lrintf (digit->y);

  for (gint y = 0; y < BOX; y++)
    for (gint x = 0; x < BOX; x++) {
      gfloat *at = frame + (top + y) * DIGITS_SIDE + left + x;

      *at = MAX (*at, digit->ink[y * BOX + x]);
    }
}

void
digits_move (RnnRng *rng, guint n, gfloat *pixels)
{
  Digit digits[DIGITS];

  memset (pixels, 0, (gsize) n * DIGITS_PIXELS * sizeof (gfloat));
  for (guint i = 0; i < DIGITS; i++)
    begin (&digits[i], rng);
  for (guint t = 0; t < n; t++)
    for (guint i = 0; i < DIGITS; i++) {
      stamp (&digits[i], pixels + (gsize) t * DIGITS_PIXELS);
      bounce (&digits[i].x, &digits[i].dx);
      bounce (&digits[i].y, &digits[i].dy);
    }
}
