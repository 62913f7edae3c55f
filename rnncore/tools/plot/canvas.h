/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What charts are drawn on: lines and text.  A kind of file is a row of the table in canvas.c. */
#pragma once
#include <glib.h>

typedef struct _Canvas Canvas;

typedef struct {
  const gchar *suffix;          /* of the files */
  /* NULL: this build cannot make such files. */
  Canvas *(*create) (gdouble width, gdouble height);
  /* xy[n][2], from the upper left corner; @colour: "#rrggbb"; @thickness in pixels; @dashed. */
  void (*line) (Canvas *canvas, const gdouble *xy, guint n, const gchar *colour, gdouble thickness);
  /* @anchor: what of the text is at x: 0 its beginning, .5 its middle, 1 its end; y is the base line's. */
  void (*text) (Canvas *canvas, gdouble x, gdouble y, gdouble anchor, gdouble size, const gchar *colour, const gchar *text);
  /* The file's bytes, or NULL: there is no memory for them. */
  GBytes *(*finish) (Canvas *canvas);
  void (*free) (Canvas *canvas);
} CanvasClass;

struct _Canvas {
  const CanvasClass *klass;
  gdouble width, height;
};

extern const CanvasClass canvas_svg, canvas_png;

/* The class of files with the name of @path; an error lists those there are. */
const CanvasClass *canvas_find (const gchar *path, GError **error);
