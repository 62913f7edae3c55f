/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore forecast-eval: trains a forecaster on the first part of a series, chooses on the second, reports every window of the third
 * beside the baselines; or by the rules of the M4 competition. */
#include "eval.h"
#include "tools/tool.h"
#include <stdlib.h>

void
eval_report (const gchar *line, gpointer options)
{
  if (!((const EvalOptions *) options)->quiet)
    g_printerr ("%s\n", line);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;

  return (x > y) - (x < y);
}

/* "24,48": whole numbers, at most @most of them. (transfer full) */
static guint *
parse_numbers (const gchar *option, const gchar *text, guint most, guint *n, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autofree guint *numbers = g_new0 (guint, g_strv_length (parts) + 1);

  for (*n = 0; parts[*n]; ++*n) {
    guint64 value;

    if (*n >= most || !g_ascii_string_to_unsigned (g_strstrip (parts[*n]), 10, 0, 1 << 30, &value, NULL)) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: \"%s\" is no list of up to %u whole numbers", option,
          text, most);
      return NULL;
    }
    numbers[*n] = (guint) value;
  }
  return g_steal_pointer (&numbers);
}

static gboolean
read_rolling (EvalOptions *o, const gchar *split, const gchar *horizons, GError **error)
{
  g_autofree guint *parts = NULL;
  guint n;

  if (!split || !horizons) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--split TRAIN,VALIDATION,TEST and --horizons are needed");
    return FALSE;
  }
  parts = parse_numbers ("--split", split, 3, &n, error);
  if (!parts)
    return FALSE;
  if (n != 3 || !parts[0] || !parts[2]) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--split: \"%s\" is not three numbers of rows", split);
    return FALSE;
  }
  for (guint i = 0; i < 3; i++)
    o->split[i] = parts[i];
  o->horizons = parse_numbers ("--horizons", horizons, 64, &o->n_horizons, error);
  if (!o->horizons)
    return FALSE;
  qsort (o->horizons, o->n_horizons, sizeof (guint), compare);
  return TRUE;
}

static json_t *
evaluate (EvalOptions *o, gint argc, gchar **argv, const gchar *split, const gchar *horizons, GError **error)
{
  if (o->competition && argc == 3)
    return eval_competition (o, argv[1], argv[2], error);
  if (!o->competition && argc == 2)
    return read_rolling (o, split, horizons, error) ? eval_rolling (o, argv[1], error) : NULL;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "a FILE.csv is needed, or --m4 and two of them");
  return NULL;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  EvalOptions o = { .seed = 1 };
  g_autofree gchar *split = NULL, *horizons = NULL;
  const GOptionEntry entries[] = {
    { "time", 0, 0, G_OPTION_ARG_STRING, &o.time, "Column of times", "COLUMN" },
    { "target", 0, 0, G_OPTION_ARG_STRING, &o.target, "Columns to forecast, joined by commas", "COLUMN" },
    { "id", 0, 0, G_OPTION_ARG_STRING, &o.id, "Column that says which series a row is of; each has the three parts", "COLUMN" },
    { "step", 0, 0, G_OPTION_ARG_STRING, &o.step, "How far rows are apart: 15min, 1h, 1mo", "STEP" },
    { "split", 0, 0, G_OPTION_ARG_STRING, &split, "Rows to learn from, to choose by, to report", "TRAIN,VALIDATION,TEST" },
    { "horizons", 0, 0, G_OPTION_ARG_STRING, &horizons, "Steps ahead", "24,48,..." },
    { "m4", 0, 0, G_OPTION_ARG_NONE, &o.competition, "The M4 competition's files: TRAIN.csv TEST.csv", NULL },
    { "season", 0, 0, G_OPTION_ARG_INT, &o.season, "Steps of a season", "N" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &o.model, "A trained model", "FILE" },
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &o.recipe, "What to train", "FILE.json" },
    { "save", 0, 0, G_OPTION_ARG_FILENAME, &o.save, "Where to write the trained model", "FILE" },
    EVAL_COVARIATE_ENTRIES (&o),
    { "seed", 0, 0, G_OPTION_ARG_INT, &o.seed, "Of weights and of the examples' order", "N" },
    { "level-shift", 0, 0, G_OPTION_ARG_DOUBLE, &o.level_shift, "Raise the second half of the third part by so many deviations",
        "X" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &o.json, "The last line is the results, one object", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Say nothing of the training", NULL },
    { NULL }
  };
  json_t *result = NULL;

  if (rnn_tool_parse (&rnn_tool_forecast_eval, entries, &argc, &argv, 1, 2, error))
    result = evaluate (&o, argc, argv, split, horizons, error);
  if (result && o.json) {
    gchar *text = json_dumps (result, JSON_COMPACT | JSON_REAL_PRECISION (7));

    g_print ("%s\n", text);
    free (text);
  }
  eval_options_clear (&o);
  if (!result)
    return FALSE;
  json_decref (result);
  return TRUE;
}

const RnnTool rnn_tool_forecast_eval = { "forecast-eval", "FILE.csv --split A,B,C --horizons H,...",
  "Trains and measures a forecaster beside the usual baselines", run };
