/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawings to characters, and characters to steps. */
#include "pen.h"
#include <math.h>

#define SCALE 3.0f              /* a step of a third of the box is 1 */
#define OVERLAP 0.3f            /* of the narrower one's width: they are one character */
#define THIN 0.1f               /* width to height, or height to width: not stretched any more */
#define SPECK 0.1f              /* of the largest character */

typedef struct {
  gfloat x, y;
} Point;

typedef struct {
  guint first, n;               /* of the points */
  guint character;
  gfloat left, right;
} Stroke;

/* ---- strokes ---- */

static void
add_point (GArray *strokes, guint i, gfloat x, gboolean lifted)
{
  Stroke begun = { .first = i, .left = x, .right = x }, *s;

  if (lifted || strokes->len == 0)
    g_array_append_val (strokes, begun);
  s = &g_array_index (strokes, Stroke, strokes->len - 1);
  s->n++;
  s->left = MIN (s->left, x);
  s->right = MAX (s->right, x);
}

/* @points [n]: where the steps lead. */
static GArray *
split (const gfloat *drawing, guint n, Point *points)
{
  GArray *strokes = g_array_new (FALSE, FALSE, sizeof (Stroke));
  Point at = { 0, 0 };

  for (guint i = 0; i < n; i++, drawing += RNN_PEN_SIZE) {
    at.x += drawing[0];
    at.y += drawing[1];
    points[i] = at;
    add_point (strokes, i, at.x, drawing[2] > 0);
  }
  return strokes;
}

/* ---- characters ---- */

static gint
compare_left (gconstpointer a, gconstpointer b)
{
  const Stroke *x = a, *y = b;

  return x->left != y->left ? (x->left > y->left) - (x->left < y->left) : (x->first > y->first) - (x->first < y->first);
}

static gint
compare_time (gconstpointer a, gconstpointer b)
{
  const Stroke *x = a, *y = b;

  return x->character != y->character ? (x->character > y->character) - (x->character < y->character)
      : (x->first > y->first) - (x->first < y->first);
}

/* A sweep from left to right; then strokes of a character stand together, as they were drawn. */
static void
join (GArray *strokes)
{
  Stroke all = { 0 };           /* of the character under way */

  g_array_sort (strokes, compare_left);
  for (guint i = 0; i < strokes->len; i++) {
    Stroke *s = &g_array_index (strokes, Stroke, i);
    gfloat shared = MIN (all.right, s->right) - s->left, narrow = MIN (all.right - all.left, s->right - s->left);

    if (i > 0 && shared >= 0 && shared >= OVERLAP * narrow)
      all.right = MAX (all.right, s->right);
    else
      all = (Stroke) { .character = all.character + 1, .left = s->left, .right = s->right };
    s->character = all.character;
  }
  g_array_sort (strokes, compare_time);
}

/* The points of the strokes from *at on that are one character; @at moves behind them. */
static GArray *
take_character (const GArray *strokes, const Point *points, guint *at)
{
  GArray *way = g_array_new (FALSE, FALSE, sizeof (Point));
  const Stroke *s = &g_array_index (strokes, Stroke, *at), *end = &g_array_index (strokes, Stroke, strokes->len);
  guint character = s->character;

  for (; s < end && s->character == character; s++, (*at)++)
    g_array_append_vals (way, points + s->first, s->n);
  return way;
}

/* ---- shapes ---- */

/* @way at @n places evenly apart, the air between strokes counted. */
static void
resample (const GArray *way, guint n, Point *out)
{
  const Point *p = (const Point *) way->data;
  gfloat length = 0, passed = 0;
  guint k = 0;

  for (guint i = 1; i < way->len; i++)
    length += hypotf (p[i].x - p[i - 1].x, p[i].y - p[i - 1].y);
  for (guint i = 1; i < way->len; i++) {
    gfloat piece = hypotf (p[i].x - p[i - 1].x, p[i].y - p[i - 1].y);

    for (; k < n - 1 && k * length / (n - 1) < passed + piece; k++) {
      gfloat share = (k * length / (n - 1) - passed) / piece;

      out[k] = (Point) { p[i - 1].x + share * (p[i].x - p[i - 1].x), p[i - 1].y + share * (p[i].y - p[i - 1].y) };
    }
    passed += piece;
  }
  for (; k < n; k++)
    out[k] = p[way->len - 1];
}

/* values[n] to 0 .. 1, or less of it where @room, what the others take, is far more; in the middle then. */
static void
stretch (gfloat *values, guint n, gfloat room)
{
  gfloat low = values[0], high = values[0], whole;

  for (guint i = 1; i < n; i++) {
    low = MIN (low, values[i]);
    high = MAX (high, values[i]);
  }
  whole = MAX (high - low, THIN * room);
  for (guint i = 0; i < n && whole > 0; i++)
    values[i] = 0.5f + (values[i] - (low + high) / 2) / whole;
}

static Point
extent (const GArray *way)
{
  const Point *p = (const Point *) way->data;
  Point low = *p, high = *p;

  for (guint i = 1; i < way->len; i++) {
    low = (Point) { MIN (low.x, p[i].x), MIN (low.y, p[i].y) };
    high = (Point) { MAX (high.x, p[i].x), MAX (high.y, p[i].y) };
  }
  return (Point) { high.x - low.x, high.y - low.y };
}

static RnnPenShape
to_shape (const GArray *way)
{
  Point points[RNN_PEN_POINTS], size = extent (way);
  RnnPenShape shape;

  resample (way, RNN_PEN_POINTS, points);
  for (guint i = 0; i < RNN_PEN_POINTS; i++) {
    shape.x[i] = points[i].x;
    shape.y[i] = points[i].y;
  }
  stretch (shape.x, RNN_PEN_POINTS, size.y);
  stretch (shape.y, RNN_PEN_POINTS, size.x);
  return shape;
}

GArray *
rnn_pen_find_shapes (const gfloat *drawing, guint n)
{
  g_autofree Point *points = g_new (Point, n + 1);
  g_autoptr (GArray) strokes = split (drawing, n, points);
  g_autoptr (GPtrArray) ways = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  GArray *shapes = g_array_new (FALSE, FALSE, sizeof (RnnPenShape));
  gfloat largest = 0;

  join (strokes);
  for (guint at = 0; at < strokes->len;) {
    GArray *way = take_character (strokes, points, &at);
    Point size = extent (way);

    g_ptr_array_add (ways, way);
    largest = MAX (largest, MAX (size.x, size.y));
  }
  for (guint i = 0; i < ways->len; i++) {
    Point size = extent (ways->pdata[i]);

    if (MAX (size.x, size.y) > SPECK * largest) {
      RnnPenShape shape = to_shape (ways->pdata[i]);

      g_array_append_val (shapes, shape);
    }
  }
  return shapes;
}

gfloat
rnn_pen_write (RnnPen *pen, const RnnPenShape *shape, gfloat left, gfloat base, gfloat size, gfloat *steps)
{
  gfloat right = left;

  for (guint i = 0; i < RNN_PEN_POINTS; i++, steps += RNN_PEN_SIZE) {
    gfloat x = left + size * shape->x[i], y = base + size * shape->y[i];

    steps[0] = SCALE * (x - pen->x);
    steps[1] = SCALE * (y - pen->y);
    steps[2] = i == 0;
    *pen = (RnnPen) { x, y };
    right = MAX (right, x);
  }
  return right;
}
