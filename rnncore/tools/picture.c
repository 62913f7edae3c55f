/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG by cairo, whose colours become brightness over white, and PGM. */
#include "picture.h"
#include <string.h>
#include "base/error.h"
#include "base/file.h"
#ifdef HAVE_CAIRO
#include <cairo.h>
#endif

#define MAX_SIDE 32767
#define MAX_PIXELS (1 << 28)

void
rnn_tool_picture_clear (RnnToolPicture *picture)
{
  g_clear_pointer (&picture->pixels, g_free);
}

static gboolean
fail (const gchar *path, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", path, reason);
  return FALSE;
}

/* ---- PGM ---- */

/* A number of its header, behind white space and comments. */
static gboolean
take_number (const guint8 *data, gsize n, gsize *at, gint *number)
{
  while (*at < n && (g_ascii_isspace (data[*at]) || data[*at] == '#'))
    if (data[(*at)++] == '#')
      while (*at < n && data[*at] != '\n')
        (*at)++;
  for (*number = 0; *at < n && g_ascii_isdigit (data[*at]) && *number <= MAX_SIDE; (*at)++)
    *number = *number * 10 + data[*at] - '0';
  return *number >= 1 && *number <= MAX_SIDE;
}

static gboolean
read_pgm (const guint8 *data, gsize n, const gchar *path, RnnToolPicture *picture, GError **error)
{
  gsize at = 2, size;
  gint most;

  if (!take_number (data, n, &at, &picture->width) || !take_number (data, n, &at, &picture->height) || !take_number (data, n, &at, &most)
      || most > 255 || at + 1 > n)
    return fail (path, error, "its header is not that of a PGM of 8 bits");
  size = (gsize) picture->width * (gsize) picture->height;
  if (n - at - 1 < size)
    return fail (path, error, "it has fewer pixels than its header says");
  picture->pixels = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    picture->pixels[i] = (guint8) MIN (255, data[at + 1 + i] * 255 / most);
  return TRUE;
}

/* ---- PNG ---- */

#ifdef HAVE_CAIRO
typedef struct {
  const guint8 *at;
  gsize left;
} Source;

static cairo_status_t
take (void *closure, unsigned char *to, unsigned int n)
{
  Source *s = closure;

  if (n > s->left)
    return CAIRO_STATUS_READ_ERROR;
  memcpy (to, s->at, n);
  s->at += n;
  s->left -= n;
  return CAIRO_STATUS_SUCCESS;
}

/* On white, as a picture without an alpha channel. */
static cairo_surface_t *
flatten (cairo_surface_t *surface, gint width, gint height)
{
  cairo_surface_t *flat = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cairo = cairo_create (flat);

  cairo_set_source_rgb (cairo, 1, 1, 1);
  cairo_paint (cairo);
  cairo_set_source_surface (cairo, surface, 0, 0);
  cairo_paint (cairo);
  cairo_destroy (cairo);
  cairo_surface_flush (flat);
  return flat;
}

static gboolean
copy_brightness (cairo_surface_t *surface, RnnToolPicture *picture)
{
  cairo_surface_t *flat = flatten (surface, picture->width, picture->height);
  const guint8 *rows = cairo_image_surface_get_data (flat);
  gsize stride = (gsize) cairo_image_surface_get_stride (flat);

  picture->pixels = rows ? g_malloc ((gsize) picture->width * (gsize) picture->height) : NULL;
  for (gint y = 0; rows && y < picture->height; y++)
    for (gint x = 0; x < picture->width; x++) {
      guint32 rgb;

      memcpy (&rgb, rows + (gsize) y * stride + (gsize) x * sizeof rgb, sizeof rgb);
      picture->pixels[(gsize) y * (gsize) picture->width + (gsize) x] =
          (guint8) ((299 * (rgb >> 16 & 255) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255) + 500) / 1000);
    }
  cairo_surface_destroy (flat);
  return rows != NULL;
}

static gboolean
read_png (const guint8 *data, gsize n, const gchar *path, RnnToolPicture *picture, GError **error)
{
  cairo_surface_t *surface = cairo_image_surface_create_from_png_stream (take, &(Source) { data, n });
  gboolean ok = cairo_surface_status (surface) == CAIRO_STATUS_SUCCESS;

  picture->width = ok ? cairo_image_surface_get_width (surface) : 0;
  picture->height = ok ? cairo_image_surface_get_height (surface) : 0;
  ok = picture->width > 0 && picture->height > 0 && copy_brightness (surface, picture);
  cairo_surface_destroy (surface);
  return ok || fail (path, error, "not a PNG that can be read");
}
#else
static gboolean
read_png (const guint8 *data, gsize n, const gchar *path, RnnToolPicture *picture, GError **error)
{
  return fail (path, error, "PNG needs a build with cairo; PGM does not");
}
#endif

/* What a PNG's header says, so that no memory is asked for what it claims. */
static gboolean
is_sane_png (const guint8 *data, gsize n)
{
  guint32 size[2];

  if (n < 24)
    return FALSE;
  memcpy (size, data + 16, sizeof size);
  size[0] = GUINT32_FROM_BE (size[0]);
  size[1] = GUINT32_FROM_BE (size[1]);
  return size[0] <= MAX_SIDE && size[1] <= MAX_SIDE && (guint64) size[0] * size[1] <= MAX_PIXELS;
}

gboolean
rnn_tool_picture_load (const gchar *path, RnnToolPicture *picture, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  gsize n;
  const guint8 *data = bytes ? g_bytes_get_data (bytes, &n) : NULL;

  if (!data)
    return bytes ? fail (path, error, "empty") : FALSE;
  if (n > 8 && memcmp (data, "\211PNG\r\n\032\n", 8) == 0)
    return is_sane_png (data, n) ? read_png (data, n, path, picture, error) : fail (path, error, "larger than 32767 pixels a side");
  if (n > 3 && memcmp (data, "P5", 2) == 0)
    return read_pgm (data, n, path, picture, error);
  return fail (path, error, "neither a PNG nor a PGM (P5)");
}
