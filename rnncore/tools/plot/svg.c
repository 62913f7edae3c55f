/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SVG 1.1: text stays text. */
#include "canvas.h"

typedef struct {
  Canvas canvas;
  GString *text;
} Svg;

/* With a point, whatever the locale. */
static void
append_number (GString *text, gdouble value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (number, sizeof number, "%.2f", value));
}

static void
append_attribute (GString *text, const gchar *name, gdouble value)
{
  g_string_append_printf (text, " %s=\"", name);
  append_number (text, value);
  g_string_append_c (text, '"');
}

static Canvas *
create (gdouble width, gdouble height)
{
  Svg *svg = g_new0 (Svg, 1);

  svg->canvas = (Canvas) { &canvas_svg, width, height };
  svg->text = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"");
  append_attribute (svg->text, "width", width);
  append_attribute (svg->text, "height", height);
  g_string_append (svg->text, " font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  return &svg->canvas;
}

static void
line (Canvas *canvas, const gdouble *xy, guint n, const gchar *colour, gdouble thickness)
{
  GString *text = ((Svg *) canvas)->text;

  g_string_append_printf (text, "<polyline fill=\"none\" stroke=\"%s\" stroke-linejoin=\"round\"", colour);
  append_attribute (text, "stroke-width", thickness);
  g_string_append (text, " points=\"");
  for (guint i = 0; i < n; i++) {
    append_number (text, xy[2 * i]);
    g_string_append_c (text, ',');
    append_number (text, xy[2 * i + 1]);
    g_string_append_c (text, i + 1 < n ? ' ' : '"');
  }
  g_string_append (text, "/>\n");
}

static void
write_text (Canvas *canvas, gdouble x, gdouble y, gdouble anchor, gdouble size, const gchar *colour, const gchar *what)
{
  GString *text = ((Svg *) canvas)->text;
  g_autofree gchar *escaped = g_markup_escape_text (what, -1);

  g_string_append (text, "<text");
  append_attribute (text, "x", x);
  append_attribute (text, "y", y);
  append_attribute (text, "font-size", size);
  g_string_append_printf (text, " text-anchor=\"%s\" fill=\"%s\">%s</text>\n", anchor <= 0 ? "start" : anchor < 1 ? "middle" : "end",
      colour, escaped);
}

static GBytes *
finish (Canvas *canvas)
{
  Svg *svg = (Svg *) canvas;

  g_string_append (svg->text, "</svg>\n");
  return g_bytes_new (svg->text->str, svg->text->len);
}

static void
free_svg (Canvas *canvas)
{
  g_string_free (((Svg *) canvas)->text, TRUE);
  g_free (canvas);
}

const CanvasClass canvas_svg = { ".svg", create, line, write_text, finish, free_svg };
