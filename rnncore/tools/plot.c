/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore plot: what a training has told (rnntrainer's source pad, log.jsonl of pipelines/train-english) as a picture.
 *
 * A line is an object per epoch: epoch, loss, dev_loss, dev_metric, dev_sets {name: metric}, learning_rate.  Panels: loss, metric, rate.
 * An epoch that is told again, after a training went on from a checkpoint, replaces what was told from there on. */
#include "tool.h"
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "base/file.h"
#include "plot/chart.h"
#include <jansson.h>

#define MAX_LINE (1 << 20)
#define MAX_SIZE 8192           /* pixels */

static gchar *out;
static gint width = 800, height = 720;
static gboolean force;

static const GOptionEntry entries[] = {
  {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "The picture, .svg or .png", "FILE"},
  {"width", 0, 0, G_OPTION_ARG_INT, &width, "Pixels (800)", "N"},
  {"height", 0, 0, G_OPTION_ARG_INT, &height, "Pixels (720)", "N"},
  {"force", 0, 0, G_OPTION_ARG_NONE, &force, "Write over a file that is there", NULL},
  {NULL}
};

enum { LOSS, METRIC, RATE, N_PANELS };

typedef struct {
  ChartPanel panels[N_PANELS];
  const gchar *prefix;          /* of the names of curves: the log's, if there are several */
} Plot;

static ChartCurve *
find_curve (Plot *p, gint panel, const gchar *name)
{
  g_autofree gchar *full = p->prefix ? g_strdup_printf ("%s: %s", p->prefix, name) : g_strdup (name);
  GPtrArray *curves = p->panels[panel].curves;

  for (guint i = 0; i < curves->len; i++)
    if (!strcmp (((ChartCurve *) curves->pdata[i])->name, full))
      return curves->pdata[i];
  g_ptr_array_add (curves, chart_curve_new (full));
  return curves->pdata[curves->len - 1];
}

static void
add (Plot *p, gint panel, const gchar *name, gdouble epoch, const json_t *value)
{
  if (json_is_number (value))
    chart_curve_add (find_curve (p, panel, name), epoch, json_number_value (value));
}

/* A training also tells what it learns from; that line has no epoch. */
static gboolean
add_line (Plot *p, const gchar *line, gsize n)
{
  json_t *object = json_loadb (line, n, 0, NULL), *sets = json_object_get (object, "dev_sets"), *value;
  json_t *epoch = json_object_get (object, "epoch");
  gdouble x = json_number_value (epoch);
  gboolean ok = json_is_object (object) && (!epoch || json_is_number (epoch));
  const char *name;

  if (ok && epoch) {
    add (p, LOSS, "training", x, json_object_get (object, "loss"));
    add (p, LOSS, "dev", x, json_object_get (object, "dev_loss"));
    add (p, METRIC, "dev", x, json_object_get (object, "dev_metric"));
    if (json_object_size (sets) > 1)
      json_object_foreach (sets, name, value)
        add (p, METRIC, name, x, value);
    add (p, RATE, "learning rate", x, json_object_get (object, "learning_rate"));
  }
  json_decref (object);
  return ok;
}

/* The last line may be cut: the training may be writing it. */
static gboolean
read_log (Plot *p, const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  const gchar *text;
  gsize size;
  guint number = 0;

  if (!bytes)
    return FALSE;
  text = g_bytes_get_data (bytes, &size);
  for (const gchar *line = text, *end; line < text + size; line = end + 1) {
    end = memchr (line, '\n', (gsize) (text + size - line));
    number++;
    if (!end)
      break;
    if (end == line || (end - line < MAX_LINE && add_line (p, line, (gsize) (end - line))))
      continue;
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: is no JSON object, or its epoch is no number", path, number);
    return FALSE;
  }
  return TRUE;
}

static gboolean
draw (const Plot *p, const CanvasClass *klass, GError **error)
{
  Canvas *canvas = klass->create (width, height);
  g_autoptr (GBytes) bytes = NULL;
  gboolean ok;

  chart_draw (canvas, p->panels, N_PANELS, "epoch");
  bytes = klass->finish (canvas);
  klass->free (canvas);
  if (!bytes)
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be drawn", out);
  ok = bytes && rnn_file_replace (out, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error);
  if (ok)
    g_print ("wrote %s\n", out);
  return ok;
}

static const CanvasClass *
check (GError **error)
{
  const gchar *reason = !out ? "where to? --out FILE.svg or FILE.png"
      : width < 200 || height < 200 || width > MAX_SIZE || height > MAX_SIZE ? "a picture has 200 to 8192 pixels each way"
      : !force && g_file_test (out, G_FILE_TEST_EXISTS) ? "the picture is there already; --force writes over it" : NULL;

  if (!reason)
    return canvas_find (out, error);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, reason);
  return NULL;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  Plot p = { { { "loss", NULL }, { "metric on the dev set", NULL }, { "learning rate", NULL } }, NULL };
  const CanvasClass *klass;
  guint n_curves = 0;
  gboolean ok;

  if (!rnn_tool_parse (&rnn_tool_plot, entries, &argc, &argv, 1, G_MAXINT, error) || !(klass = check (error)))
    return FALSE;
  for (guint i = 0; i < N_PANELS; i++)
    p.panels[i].curves = g_ptr_array_new_with_free_func ((GDestroyNotify) chart_curve_free);
  ok = TRUE;
  for (gint i = 1; ok && i < argc; i++) {
    g_autofree gchar *name = g_filename_display_name (argv[i]);

    p.prefix = argc > 2 ? name : NULL;
    ok = read_log (&p, argv[i], error);
  }
  for (guint i = 0; i < N_PANELS; i++)
    n_curves += p.panels[i].curves->len;
  if (ok && !n_curves) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there is no epoch in it yet", argv[1]);
    ok = FALSE;
  }
  ok = ok && draw (&p, klass, error);
  for (guint i = 0; i < N_PANELS; i++)
    g_ptr_array_unref (p.panels[i].curves);
  return ok;
}

const RnnTool rnn_tool_plot = { "plot", "LOG.jsonl... --out FILE.svg|FILE.png", "Draw what a training has told: loss, metric, rate", run };
