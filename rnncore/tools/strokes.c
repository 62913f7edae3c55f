/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore generate of models of strokes: a drawing, as SVG.  A step's input is the stroke before it, the first one's nothing, with the
 * pen down; a line leads to a stroke's end if the pen went on behind the one before. */
#include "generate.h"
#include <math.h>
#include "base/error.h"
#include "model/root.h"
#include "outputs/strokes.h"
#include "session/session.h"

#define MARGIN 0.05             /* of the larger side */
#define LINE 0.01

typedef struct {
  GString *path;                /* of <path d=""> */
  gdouble x, y;                 /* where the pen is */
  gdouble left, right, top, bottom;
} Drawing;

/* In any locale with a point. */
static void
append_number (GString *text, gdouble number)
{
  gchar buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, "%.3f", number));
}

static void
move (Drawing *d, gchar command, gdouble dx, gdouble dy)
{
  d->x += dx;
  d->y += dy;
  d->left = MIN (d->left, d->x);
  d->right = MAX (d->right, d->x);
  d->top = MIN (d->top, d->y);
  d->bottom = MAX (d->bottom, d->y);
  g_string_append_c (d->path, command);
  append_number (d->path, d->x);
  g_string_append_c (d->path, ' ');
  append_number (d->path, d->y);
}

static void
print (const Drawing *d)
{
  gdouble side = MAX (MAX (d->right - d->left, d->bottom - d->top), 1e-3), margin = MARGIN * side;
  const gdouble box[] = { d->left - margin, d->top - margin, d->right - d->left + 2 * margin, d->bottom - d->top + 2 * margin };
  g_autoptr (GString) svg = g_string_new ("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"");

  for (guint i = 0; i < G_N_ELEMENTS (box); i++) {
    append_number (svg, box[i]);
    g_string_append (svg, i + 1 < G_N_ELEMENTS (box) ? " " : "\">\n<path fill=\"none\" stroke=\"black\" stroke-linecap=\"round\" "
        "stroke-linejoin=\"round\" stroke-width=\"");
  }
  append_number (svg, LINE * side);
  g_print ("%s\" d=\"%s\"/>\n</svg>\n", svg->str, d->path->str);
}

static void
draw (const RnnToolGenerate *s, RnnModel *model, RnnSession *session, Drawing *d)
{
  g_autofree gfloat *y = g_new0 (gfloat, (gsize) rnn_model_get_n_out (model));
  gfloat stroke[RNN_STROKE] = { 0, 0, 1, 0, 0 };
  RnnRng rng;

  rnn_rng_seed (&rng, (guint64) s->seed, 0);
  move (d, 'M', 0, 0);
  for (gint i = 0; i < s->length; i++) {
    gchar command = stroke[2] > 0 ? 'L' : 'M';

    rnn_session_run (session, 1, stroke, y);
    rnn_strokes_draw (rnn_model_get_output (model), y, s->temperature, &rng, stroke);
    if (stroke[4] > 0 || !isfinite (stroke[0]) || !isfinite (stroke[1]))
      break;
    move (d, command, stroke[0], stroke[1]);
  }
}

gboolean
rnn_tool_generate_strokes (const RnnToolGenerate *s, RnnModel *model, GError **error)
{
  g_autoptr (RnnSession) session = NULL;
  g_autoptr (GString) path = g_string_new (NULL);
  Drawing d = { .path = path };

  if (rnn_model_get_n_in (model) != RNN_STROKE || rnn_model_get_latency (model) > 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a model that draws reads the %d numbers of the last stroke, and does not "
        "look ahead", rnn_model_get_path (model), RNN_STROKE);
    return FALSE;
  }
  if (!(session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error)))
    return FALSE;
  draw (s, model, session, &d);
  print (&d);
  return TRUE;
}
