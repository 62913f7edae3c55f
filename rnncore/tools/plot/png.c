/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG, by cairo. */
#include "canvas.h"
#ifdef HAVE_CAIRO
#include <cairo.h>
#include <stdlib.h>

typedef struct {
  Canvas canvas;
  cairo_surface_t *surface;
  cairo_t *cairo;
} Png;

static void
set_colour (cairo_t *cairo, const gchar *colour)
{
  guint rgb = (guint) strtoul (colour + 1, NULL, 16);

  cairo_set_source_rgb (cairo, (rgb >> 16) / 255., (rgb >> 8 & 255) / 255., (rgb & 255) / 255.);
}

static Canvas *
create (gdouble width, gdouble height)
{
  Png *png = g_new0 (Png, 1);

  png->canvas = (Canvas) { &canvas_png, width, height };
  png->surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) width, (int) height);
  png->cairo = cairo_create (png->surface);
  set_colour (png->cairo, "#ffffff");
  cairo_paint (png->cairo);
  cairo_set_line_join (png->cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_select_font_face (png->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  return &png->canvas;
}

static void
line (Canvas *canvas, const gdouble *xy, guint n, const gchar *colour, gdouble thickness)
{
  cairo_t *cairo = ((Png *) canvas)->cairo;

  set_colour (cairo, colour);
  cairo_set_line_width (cairo, thickness);
  cairo_new_path (cairo);       /* text leaves a point */
  for (guint i = 0; i < n; i++)
    cairo_line_to (cairo, xy[2 * i], xy[2 * i + 1]);
  cairo_stroke (cairo);
}

static void
write_text (Canvas *canvas, gdouble x, gdouble y, gdouble anchor, gdouble size, const gchar *colour, const gchar *text)
{
  cairo_t *cairo = ((Png *) canvas)->cairo;
  cairo_text_extents_t extents;

  set_colour (cairo, colour);
  cairo_set_font_size (cairo, size);
  cairo_text_extents (cairo, text, &extents);
  cairo_move_to (cairo, x - anchor * extents.x_advance, y);
  cairo_show_text (cairo, text);
}

static cairo_status_t
append (void *to, const unsigned char *bytes, unsigned int n)
{
  g_byte_array_append (to, bytes, n);
  return CAIRO_STATUS_SUCCESS;
}

static GBytes *
finish (Canvas *canvas)
{
  GByteArray *bytes = g_byte_array_new ();

  if (cairo_surface_write_to_png_stream (((Png *) canvas)->surface, append, bytes) == CAIRO_STATUS_SUCCESS)
    return g_byte_array_free_to_bytes (bytes);
  g_byte_array_unref (bytes);
  return NULL;
}

static void
free_png (Canvas *canvas)
{
  cairo_destroy (((Png *) canvas)->cairo);
  cairo_surface_destroy (((Png *) canvas)->surface);
  g_free (canvas);
}

const CanvasClass canvas_png = { ".png", create, line, write_text, finish, free_png };
#else
const CanvasClass canvas_png = { ".png" };
#endif
