/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of pictures. */
#include "canvas.h"
#include "base/error.h"

static const CanvasClass *const classes[] = { &canvas_svg, &canvas_png };

const CanvasClass *
canvas_find (const gchar *path, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++) {
    if (!g_str_has_suffix (path, classes[i]->suffix))
      continue;
    if (classes[i]->create)
      return classes[i];
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: this build draws no %s; Debian's libcairo2-dev was not there", path,
        classes[i]->suffix + 1);
    return NULL;
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: pictures are FILE.svg or FILE.png", path);
  return NULL;
}
