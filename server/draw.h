/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handwriting in a browser:
 *
 *   GET /draw   a page to write on
 *   PUT /draw   {"steps": [[dx, dy, lifted], ...]}, a whole drawing (features/pen.h) -> {"text": "..."}
 *
 * The model looks at a drawing in both directions, so the page sends all of it again while it grows. */
#pragma once
#include <libsoup/soup.h>

typedef struct _Draw Draw;

/* @model_file: a model of pen strokes with a CTC output */
Draw *draw_new (SoupServer *server, const gchar *model_file, GError **error);
void draw_free (Draw *draw);    /* after the server */
