/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstrnnforecasting.h"
#include <math.h>
#include <string.h>

#define MOST_FLOATS (1 << 28)   /* of one series, holes and all */

/* ---- life ---- */

/* NULL: it is none; what is wrong with it is for rnn_model_load () to tell. */
static json_t *
read_recipe (const gchar *path)
{
  g_autoptr (GBytes) file = g_str_has_suffix (path, ".json") ? rnn_file_map (path, NULL) : NULL;
  gconstpointer text;
  gsize n;

  if (!file)
    return NULL;
  text = g_bytes_get_data (file, &n);
  return json_loadb (text ? text : "", n, 0, NULL);
}

static void
tags_free (gpointer tags)
{
  if (tags)
    gst_tag_list_unref (tags);
}

GstRnnForecasting *
gst_rnn_forecasting_load (GstElement *owner, const gchar *path)
{
  json_t *recipe = read_recipe (path);
  GstRnnForecasting *f;

  if (!json_is_object (json_object_get (recipe, "forecast"))) {
    json_decref (recipe);
    return NULL;
  }
  f = g_new0 (GstRnnForecasting, 1);
  f->owner = owner;
  f->recipe = recipe;
  f->where = g_strdup (path);
  f->series = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_series_free);
  f->tags = g_ptr_array_new_with_free_func (tags_free);
  f->rows = g_array_new (FALSE, FALSE, sizeof (gfloat));
  f->first = -1;
  return f;
}

void
gst_rnn_forecasting_free (GstRnnForecasting *f)
{
  if (!f)
    return;
  json_decref (f->recipe);
  g_ptr_array_unref (f->series);
  g_array_unref (f->rows);
  gst_rnn_series_clear (&f->format);
  gst_clear_tag_list (&f->coming);
  g_ptr_array_unref (f->tags);
  g_free (f->where);
  g_free (f);
}

/* ---- rows ---- */

gboolean
gst_rnn_forecasting_set_caps (GstRnnForecasting *f, const GstCaps *caps, GError **error)
{
  GstRnnSeries format;

  if (!gst_rnn_series_from_caps (&format, caps, error)) {
    if (error && !*error)
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: these are no series", f->where);
    return FALSE;
  }
  if (f->rows->len > 0)
    gst_rnn_forecasting_finish (f);
  gst_rnn_series_clear (&f->format);
  f->format = format;
  if (format.horizon == 1 && (f->series->len == 0
          || ((RnnSeries *) f->series->pdata[0])->channels == (guint) format.channels))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: all series need the same columns, a step a buffer", f->where);
  return FALSE;
}

/* Rows that ought to be there before @pts; -1: not a whole number of steps, or back. */
static gint64
find_row (const GstRnnForecasting *f, GstClockTime pts)
{
  gint64 origin = f->format.start == RNN_TIME_NONE ? 0 : f->format.start;

  return rnn_time_step_count (&f->format.step, origin + f->first, origin + (gint64) pts);
}

static gboolean
fill_hole (GstRnnForecasting *f, GstClockTime pts, GError **error)
{
  gint64 have = f->rows->len / f->format.channels, row = have;
  const gfloat missing = NAN;

  if (f->first < 0)
    f->first = GST_CLOCK_TIME_IS_VALID (pts) ? (gint64) pts : 0;
  else if (GST_CLOCK_TIME_IS_VALID (pts) && f->format.step.n > 0)
    row = find_row (f, pts);
  if (row < have || row * f->format.channels > MOST_FLOATS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: row %" G_GINT64_FORMAT " of the series is not where its steps are, or "
        "too far from the one before it", f->where, have + 1);
    return FALSE;
  }
  for (gint64 i = have * f->format.channels; i < row * f->format.channels; i++)
    g_array_append_val (f->rows, missing);
  return TRUE;
}

gboolean
gst_rnn_forecasting_take (GstRnnForecasting *f, GstBuffer *buffer, GError **error)
{
  gsize row = (gsize) f->format.channels * sizeof (gfloat);
  GstMapInfo map;

  if (f->format.channels == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: data came without caps", f->where);
    return FALSE;
  }
  if (gst_buffer_get_size (buffer) < row)       /* a GAP: the next row's PTS tells it */
    return TRUE;
  if (!fill_hole (f, GST_BUFFER_PTS (buffer), error))
    return FALSE;
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  g_array_append_vals (f->rows, map.data, (guint) (map.size / row * f->format.channels));
  gst_buffer_unmap (buffer, &map);
  return TRUE;
}

void
gst_rnn_forecasting_take_tags (GstRnnForecasting *f, const GstTagList *tags)
{
  GstTagList *all = gst_tag_list_merge (f->coming, tags, GST_TAG_MERGE_PREPEND);

  gst_clear_tag_list (&f->coming);
  f->coming = all;
}

void
gst_rnn_forecasting_finish (GstRnnForecasting *f)
{
  gint n = f->format.channels;
  g_auto (GStrv) names = NULL;
  RnnSeries *s;

  if (f->rows->len == 0)
    return;
  names = f->format.columns ? g_strsplit (f->format.columns, ",", -1) : g_new0 (gchar *, n + 1);
  for (gint i = 0; !f->format.columns && i < n; i++)
    names[i] = g_strdup_printf ("value%d", i + 1);
  s = rnn_series_new (NULL, f->rows->len / n, (const gchar *const *) names);
  for (guint i = 0; i < f->rows->len; i++) {
    gfloat value = g_array_index (f->rows, gfloat, i);

    s->values[i] = isfinite (value) ? value : NAN;
  }
  s->step = f->format.step;
  s->start = f->format.start == RNN_TIME_NONE || s->step.n == 0 ? RNN_TIME_NONE : f->format.start + MAX (f->first, 0);
  g_ptr_array_add (f->series, s);
  g_ptr_array_add (f->tags, g_steal_pointer (&f->coming));
  g_array_set_size (f->rows, 0);
  f->first = -1;
}

void
gst_rnn_forecasting_forget (GstRnnForecasting *f)
{
  gst_clear_tag_list (&f->coming);
  g_array_set_size (f->rows, 0);
  g_ptr_array_set_size (f->series, 0);
  g_ptr_array_set_size (f->tags, 0);
  f->first = -1;
}

guint64
gst_rnn_forecasting_count (const GstRnnForecasting *f)
{
  guint64 n = 0;

  for (guint i = 0; i < f->series->len; i++)
    n += ((RnnSeries *) f->series->pdata[i])->n;
  return n;
}

/* ---- training ---- */

/* Through the rows of options, which check it */
static gboolean
apply (json_t *recipe, const RnnOption *options, const gchar *key, const gchar *value, GError **error)
{
  const gchar *part = options == rnn_train_options ? "train" : "forecast";
  RnnTrainConfig train;
  RnnForecastConfig forecast;
  gpointer instance = options == rnn_train_options ? (gpointer) &train : (gpointer) &forecast;

  rnn_options_init (options, instance);
  if (!rnn_options_set (options, instance, key, value, "config", error))
    return FALSE;
  if (!json_object_get (recipe, part))
    json_object_set_new (recipe, part, json_object ());
  json_object_set_new (json_object_get (recipe, part), key, rnn_option_get_json (rnn_options_find (options, key), instance));
  return TRUE;
}

/* "hour;weekday" */
static void
set_names (json_t *recipe, const gchar *key, const gchar *names)
{
  g_auto (GStrv) parts = g_strsplit (names, ";", -1);
  json_t *list = json_array ();

  for (gchar **part = parts; *part; part++)
    json_array_append_new (list, json_string (g_strstrip (*part)));
  if (!json_object_get (recipe, "covariates"))
    json_object_set_new (recipe, "covariates", json_object ());
  json_object_set_new (json_object_get (recipe, "covariates"), key, list);
}

static gboolean
apply_config (json_t *recipe, const gchar *text, GError **error)
{
  static const gchar *const covariates[] = { "calendar", "known", "past", "categories", NULL };
  g_auto (GStrv) pairs = g_strsplit (text ? text : "", ",", -1);

  for (gchar **pair = pairs; *pair; pair++) {
    g_auto (GStrv) halves = g_strsplit (g_strstrip (*pair), "=", 2);
    const RnnOption *options = halves[0] && rnn_options_find (rnn_forecast_options, halves[0]) ? rnn_forecast_options
        : rnn_train_options;

    if (halves[0] && g_strv_contains (covariates, halves[0]))
      set_names (recipe, halves[0], halves[1] ? halves[1] : "");
    else if (halves[0] && !apply (recipe, options, halves[0], halves[1] ? halves[1] : "", error))
      return FALSE;
  }
  return TRUE;
}

/* Of the pair "name=value" among the tags; NULL: there is none. (transfer full) */
static gchar *
find_category (const GstTagList *tags, const gchar *name)
{
  gsize n = strlen (name);
  gchar *pair;

  for (guint i = 0; tags && gst_tag_list_get_string_index (tags, GST_TAG_EXTENDED_COMMENT, i, &pair); i++) {
    gchar *value = g_str_has_prefix (pair, name) && pair[n] == '=' ? g_strdup (pair + n + 1) : NULL;

    g_free (pair);
    if (value)
      return value;
  }
  return NULL;
}

/* Up to one that is not told. (transfer full) */
static gchar **
list_categories (const RnnCovariates *c, const GstTagList *tags)
{
  gchar **all = g_new0 (gchar *, c->n_categories + 1);

  for (guint k = 0; k < c->n_categories && (all[k] = find_category (tags, c->categories[k])); k++);
  return all;
}

/* Once: the columns that are covariates are no series of their own. */
static gboolean
split (GstRnnForecasting *f, const json_t *recipe, GError **error)
{
  g_autoptr (RnnCovariates) c = rnn_covariates_new (recipe, f->where, error);

  for (guint i = 0; c && i < f->series->len; i++) {
    RnnSeries *s = f->series->pdata[i];

    g_strfreev (s->categories);
    s->categories = list_categories (c, f->tags->pdata[i]);
    if (!rnn_covariates_split (c, s, "the series", error))
      return FALSE;
  }
  return c != NULL;
}

RnnModel *
gst_rnn_forecasting_train (GstRnnForecasting *f, const gchar *config, guint n_threads,
    gboolean (*step) (guint member, const RnnTrainStats *stats, gpointer data), gpointer data, GError **error)
{
  RnnForecastTraining training = { .fit = { .step = step, .data = data, .seed = 1 } };
  json_t *recipe = json_deep_copy (f->recipe);
  g_autofree gchar *threads = n_threads ? g_strdup_printf ("n_threads=%u", n_threads) : NULL;
  RnnModel *model = NULL;

  if (apply_config (recipe, config, error) && apply_config (recipe, threads, error)) {
    const json_t *seed = json_object_get (json_object_get (recipe, "train"), "seed");

    training.fit.seed = seed ? (guint64) json_integer_value (seed) : 1;
    if (split (f, recipe, error))
      model = rnn_forecast_train (recipe, (const RnnSeries *const *) f->series->pdata, f->series->len, &training, f->where, error);
  }
  json_decref (recipe);
  return model;
}
