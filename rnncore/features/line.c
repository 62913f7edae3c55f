/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of text made ready for a recogniser, as Tesseract does it: what is written, a margin, the network's height, some sharpness, and the
 * range between the black and the white that a row through the middle meets.  What is ink is told by Otsu's threshold (1979). */
#include "line.h"
#include "../base/error.h"
#include <math.h>
#include <string.h>

#define MARGIN 4
#define MAX_COLUMNS 65536
#define SMALL 0.7               /* scales below it: means over areas, above it between neighbours */
#define LARGE 1.4               /* scales from it on are not sharpened */
#define LEVELS 256

typedef struct {
  gint width, height;
  gfloat *data;                 /* [height][width], 0 to 255 */
} Picture;

/* ---- what is written ---- */

/* The level that parts the histogram into two classes of the largest variance between them. */
static gint
find_threshold (const guint *histogram, gdouble total)
{
  gdouble sum = 0, below = 0, sum_below = 0, best = -1;
  gint threshold = LEVELS / 2;

  for (gint i = 0; i < LEVELS; i++)
    sum += (gdouble) i * histogram[i];
  for (gint i = 0; i < LEVELS - 1; i++) {
    gdouble d, between;

    below += histogram[i];
    sum_below += (gdouble) i * histogram[i];
    if (below == 0 || below == total)
      continue;
    d = sum_below / below - (sum - sum_below) / (total - below);
    between = below * (total - below) * d * d;
    if (between > best) {
      best = between;
      threshold = i;
    }
  }
  return threshold;
}

/* More than half of the picture is dark: its ground is. */
static gboolean
is_dark (const guint *histogram, gint threshold, gdouble total)
{
  gdouble dark = 0;

  for (gint i = 0; i <= threshold; i++)
    dark += histogram[i];
  return dark > total / 2;
}

typedef struct {
  gint left, top, right, bottom;        /* the last two are past it */
} Box;

static Box
find_ink (const guint8 *pixels, gsize stride, gint width, gint height, gint threshold, gboolean dark)
{
  Box box = { width, height, 0, 0 };

  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      if ((pixels[y * stride + (gsize) x] <= threshold) != dark)
        box = (Box) { MIN (box.left, x), MIN (box.top, y), MAX (box.right, x + 1), MAX (box.bottom, y + 1) };
  if (box.left >= box.right)
    return (Box) { 0, 0, width, height };
  return (Box) { MAX (box.left - MARGIN, 0), MAX (box.top - MARGIN, 0), MIN (box.right + MARGIN, width), MIN (box.bottom + MARGIN, height) };
}

static Picture
cut (const guint8 *pixels, gsize stride, gint width, gint height)
{
  guint histogram[LEVELS] = { 0 };
  gint threshold;
  gboolean dark;
  Picture p;
  Box box;

  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      histogram[pixels[y * stride + (gsize) x]]++;
  threshold = find_threshold (histogram, (gdouble) width * height);
  dark = is_dark (histogram, threshold, (gdouble) width * height);
  box = find_ink (pixels, stride, width, height, threshold, dark);
  p = (Picture) { box.right - box.left, box.bottom - box.top, NULL };
  p.data = g_new (gfloat, (gsize) p.width * p.height);
  for (gint y = 0; y < p.height; y++)
    for (gint x = 0; x < p.width; x++) {
      guint8 level = pixels[(gsize) (box.top + y) * stride + (gsize) (box.left + x)];

      p.data[(gsize) y * p.width + x] = dark ? 255 - level : level;
    }
  return p;
}

/* ---- its size ---- */

/* One value of `to` out of n `from`, `step` apart: the mean over the i-th of `to` parts, or between the two nearest to its middle. */
static gfloat
sample (const gfloat *from, gsize step, gint n, gint to, gint i)
{
  gdouble scale = (gdouble) n / to, begin = i * scale, end = begin + scale, sum = 0, at;
  gint first, second;

  if (to < SMALL * n) {
    for (gint k = (gint) begin; k < end && k < n; k++)
      sum += from[(gsize) k * step] * (MIN (k + 1, end) - MAX (k, begin));
    return (gfloat) (sum / scale);
  }
  at = CLAMP (begin + scale / 2 - 0.5, 0, n - 1);
  first = (gint) at;
  second = MIN (first + 1, n - 1);
  return (gfloat) (from[(gsize) first * step] + (at - first) * (from[(gsize) second * step] - from[(gsize) first * step]));
}

static Picture
resize (const Picture *p, gint width, gint height)
{
  g_autofree gfloat *wide = g_new (gfloat, (gsize) p->height * width);
  Picture out = { width, height, g_new (gfloat, (gsize) height * width) };

  for (gint y = 0; y < p->height; y++)
    for (gint x = 0; x < width; x++)
      wide[(gsize) y * width + x] = sample (p->data + (gsize) y * p->width, 1, p->width, width, x);
  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      out.data[(gsize) y * width + x] = sample (wide + x, (gsize) width, p->height, height, y);
  return out;
}

/* The mean of the square of 2 half + 1 pixels around (x, y), whose edges are repeated. */
static gfloat
mean_around (const Picture *p, gint x, gint y, gint half)
{
  gfloat sum = 0;

  for (gint v = y - half; v <= y + half; v++)
    for (gint u = x - half; u <= x + half; u++)
      sum += p->data[(gsize) CLAMP (v, 0, p->height - 1) * p->width + CLAMP (u, 0, p->width - 1)];
  return sum / (gfloat) ((2 * half + 1) * (2 * half + 1));
}

/* What differs from its surroundings, more so (unsharp masking, as strong as Leptonica's pixScale). */
static void
sharpen (Picture *p, gdouble scale)
{
  gint half = scale < SMALL ? 1 : 2;
  gfloat strength = scale < SMALL ? 0.2f : 0.4f, *out;

  if (scale >= LARGE || scale <= 0.2)
    return;
  out = g_new (gfloat, (gsize) p->width * p->height);
  for (gint y = 0; y < p->height; y++)
    for (gint x = 0; x < p->width; x++) {
      gfloat v = p->data[(gsize) y * p->width + x];

      out[(gsize) y * p->width + x] = CLAMP (v + strength * (v - mean_around (p, x, y, half)), 0, 255);
    }
  g_free (p->data);
  p->data = out;
}

/* ---- its contrast ---- */

/* The level below which are so many of the values, within its own width of 1. */
static gfloat
find_quantile (const guint *histogram, gdouble fraction, gfloat fallback)
{
  gdouble total = 0, below = 0;

  for (gint i = 0; i < LEVELS; i++)
    total += histogram[i];
  for (gint i = 0; i < LEVELS && total > 0; i++) {
    below += histogram[i];
    if (histogram[i] && below >= fraction * total)
      return (gfloat) (i + 1 - (below - fraction * total) / histogram[i]);
  }
  return fallback;
}

/* Of the darkest and brightest places along the middle. */
static void
find_range (const Picture *p, gfloat *black, gfloat *white)
{
  const gfloat *row = p->data + (gsize) (p->height / 2) * p->width;
  guint darkest[LEVELS] = { 0 }, brightest[LEVELS] = { 0 };

  for (gint x = 1; x + 1 < p->width; x++) {
    glong before = lrintf (row[x - 1]), at = lrintf (row[x]), after = lrintf (row[x + 1]);

    if ((at < before && at <= after) || (at <= before && at < after))
      darkest[at]++;
    if ((at > before && at >= after) || (at >= before && at > after))
      brightest[at]++;
  }
  *black = find_quantile (darkest, 0.25, 0);
  *white = find_quantile (brightest, 0.75, 255);
}

static gfloat *
to_columns (const Picture *p)
{
  gfloat black, white, half, *columns = g_new (gfloat, (gsize) p->width * p->height);

  find_range (p, &black, &white);
  half = white > black ? (white - black) / 2 : 1;
  for (gint x = 0; x < p->width; x++)
    for (gint y = 0; y < p->height; y++)
      columns[(gsize) x * p->height + y] = CLAMP ((p->data[(gsize) y * p->width + x] - black) / half - 1, -1, 1);
  return columns;
}

gfloat *
rnn_line_columns (const guint8 *pixels, gsize stride, gint width, gint height, gint size, guint *n, GError **error)
{
  Picture p = cut (pixels, stride, width, height), scaled;
  gdouble scale = (gdouble) size / p.height, columns = MAX (1, rint (p.width * scale));
  gfloat *result;

  if (columns > MAX_COLUMNS) {
    g_free (p.data);
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "a line of %d x %d pixels has more than %d columns when it is %d high", p.width, p.height,
        MAX_COLUMNS, size);
    return NULL;
  }
  scaled = resize (&p, (gint) columns, size);
  sharpen (&scaled, scale);
  result = to_columns (&scaled);
  *n = (guint) scaled.width;
  g_free (p.data);
  g_free (scaled.data);
  return result;
}
