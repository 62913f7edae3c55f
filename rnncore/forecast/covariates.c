/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of covariates, what training makes of them, and the columns that they are. */
#include "covariates.h"
#include "covariates-private.h"
#include <math.h>
#include <string.h>

#define MOST_NAMES 256          /* of each kind */
#define MOST_VALUES 65536       /* of a category */

/* ---- the recipe's object ---- */

static gboolean
fail (GError **error, gint code, const gchar *format, ...)
{
  g_autofree gchar *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, RNN_ERROR, code, message);
  return FALSE;
}

/* A list of texts; none: an empty one. (transfer full) */
static gchar **
read_texts (const json_t *list, guint most, const gchar *where, const gchar *what, GError **error)
{
  gsize n = json_array_size (list);
  gchar **texts = g_new0 (gchar *, n + 1);

  if ((list && !json_is_array (list)) || n > most) {
    fail (error, RNN_ERROR_FORMAT, "%s: covariates: \"%s\" is no list of up to %u names", where, what, most);
    g_strfreev (texts);
    return NULL;
  }
  for (gsize i = 0; i < n; i++) {
    const gchar *text = json_string_value (json_array_get (list, i));

    if (!text || g_strv_contains ((const gchar *const *) texts, text)) {
      fail (error, RNN_ERROR_FORMAT, text ? "%s: covariates: \"%s\" names %s twice" : "%s: covariates: \"%s\" has something "
          "that is no name", where, what, text);
      g_strfreev (texts);
      return NULL;
    }
    texts[i] = g_strdup (text);
  }
  return texts;
}

static gboolean
check_keys (const json_t *object, const gchar *where, GError **error)
{
  static const gchar *const keys[] = { "calendar", "known", "past", "categories", "shifts", "scales", "values", NULL };
  const gchar *key;
  json_t *value;

  if (object && !json_is_object (object))
    return fail (error, RNN_ERROR_FORMAT, "%s: \"covariates\" is no object", where);
  json_object_foreach ((json_t *) object, key, value)
    if (!g_strv_contains (keys, key))
      return fail (error, RNN_ERROR_FORMAT, "%s: covariates: unknown option '%s'", where, key);
  return TRUE;
}

static gboolean
check_calendar (const RnnCovariates *c, const gchar *where, GError **error)
{
  for (guint i = 0; i < c->n_calendar; i++)
    if (!rnn_calendar_find (c->calendar[i])) {
      g_autofree gchar *all = rnn_calendar_list ();

      return fail (error, RNN_ERROR_OPTION, "%s: covariates: there is no \"%s\" in a calendar: %s are", where, c->calendar[i], all);
    }
  return TRUE;
}

static gboolean
check_columns (const RnnCovariates *c, const gchar *where, GError **error)
{
  for (guint i = 0; i < c->n_known; i++)
    if (g_strv_contains ((const gchar *const *) c->past, c->known[i]))
      return fail (error, RNN_ERROR_OPTION, "%s: covariates: column %s cannot be both known ahead and of the past alone", where,
          c->known[i]);
  return TRUE;
}

static gfloat *
read_numbers (const json_t *list, guint n, gfloat fallback, gboolean positive)
{
  gfloat *numbers = g_new (gfloat, n + 1);

  for (guint i = 0; i < n; i++) {
    const json_t *one = json_array_get (list, i);
    gfloat value = json_is_number (one) ? (gfloat) json_number_value (one) : fallback;

    numbers[i] = isfinite (value) && (!positive || value > 0) ? value : fallback;
  }
  return numbers;
}

static gboolean
read_values (RnnCovariates *c, const json_t *lists, const gchar *where, GError **error)
{
  c->values = g_new0 (gchar **, c->n_categories + 1);
  for (guint k = 0; k < c->n_categories; k++)
    if (!(c->values[k] = read_texts (json_array_get (lists, k), MOST_VALUES, where, "values", error)))
      return FALSE;
  return TRUE;
}

static gboolean
read_all (RnnCovariates *c, const json_t *object, const gchar *where, GError **error)
{
  struct {
    const gchar *key;
    gchar ***names;
    guint *n;
  } kinds[] = {
    { "calendar", &c->calendar, &c->n_calendar },
    { "known", &c->known, &c->n_known },
    { "past", &c->past, &c->n_past },
    { "categories", &c->categories, &c->n_categories },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    *kinds[i].names = read_texts (json_object_get (object, kinds[i].key), MOST_NAMES, where, kinds[i].key, error);
    if (!*kinds[i].names)
      return FALSE;
    *kinds[i].n = g_strv_length (*kinds[i].names);
  }
  c->shifts = read_numbers (json_object_get (object, "shifts"), c->n_known + c->n_past, 0, FALSE);
  c->scales = read_numbers (json_object_get (object, "scales"), c->n_known + c->n_past, 1, TRUE);
  return check_calendar (c, where, error) && check_columns (c, where, error)
      && read_values (c, json_object_get (object, "values"), where, error);
}

RnnCovariates *
rnn_covariates_new (const json_t *recipe, const gchar *where, GError **error)
{
  const json_t *object = json_object_get (recipe, "covariates");
  RnnCovariates *c = g_new0 (RnnCovariates, 1);

  if (check_keys (object, where, error) && read_all (c, object, where, error))
    return c;
  rnn_covariates_free (c);
  return NULL;
}

void
rnn_covariates_free (RnnCovariates *c)
{
  if (!c)
    return;
  for (guint k = 0; c->values && k < c->n_categories; k++)
    g_strfreev (c->values[k]);
  g_free (c->values);
  g_strfreev (c->calendar);
  g_strfreev (c->known);
  g_strfreev (c->past);
  g_strfreev (c->categories);
  g_free (c->shifts);
  g_free (c->scales);
  g_free (c);
}

guint
rnn_covariates_count_known (const RnnCovariates *c)
{
  return RNN_CALENDAR_NUMBERS * c->n_calendar + c->n_known;
}

guint
rnn_covariates_find_token (const RnnCovariates *c, guint category, const gchar *value)
{
  for (guint i = 0; value && c->values[category][i]; i++)
    if (g_str_equal (c->values[category][i], value))
      return i + 1;
  return 0;
}

/* ---- what is learnt ---- */

/* Mean and deviation of a column over the rows to learn from */
static void
measure (const RnnSeries *const *series, guint n_series, guint valid, guint column, gdouble *mean, gdouble *deviation)
{
  gdouble n = 0, sum = 0, squares = 0;

  for (guint i = 0; i < n_series; i++)
    for (guint t = 0; t + valid < series[i]->n; t++) {
      gdouble value = series[i]->others[(gsize) t * series[i]->n_others + column];

      if (isnan (value))
        continue;
      n++;
      squares += (value - sum / MAX (n - 1, 1)) * (value - (sum + value) / n);  /* Welford */
      sum += value;
    }
  *mean = n > 0 ? sum / n : 0;
  *deviation = n > 0 ? sqrt (squares / n) : 0;
  if (!(*deviation > 1e-6 * fabs (*mean)))
    *deviation = MAX (fabs (*mean), 1);
}

/* The values of a category, in the order in which they come. (transfer full) */
static json_t *
list_values (const RnnSeries *const *series, guint n_series, guint category)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  json_t *list = json_array ();

  for (guint i = 0; i < n_series && json_array_size (list) < MOST_VALUES; i++)
    if (g_hash_table_add (seen, series[i]->categories[category]))
      json_array_append_new (list, json_string (series[i]->categories[category]));
  return list;
}

void
rnn_covariates_learn (json_t *recipe, const RnnSeries *const *series, guint n_series, guint valid)
{
  json_t *object = json_object_get (recipe, "covariates"), *shifts = json_array (), *scales = json_array ();
  json_t *values = json_array ();
  gsize n_categories = json_array_size (json_object_get (object, "categories"));

  for (guint i = 0; object && i < series[0]->n_others; i++) {
    gdouble mean, deviation;

    measure (series, n_series, valid, i, &mean, &deviation);
    json_array_append_new (shifts, json_real (mean));
    json_array_append_new (scales, json_real (deviation));
  }
  for (guint k = 0; k < n_categories; k++)
    json_array_append_new (values, list_values (series, n_series, k));
  if (object) {
    json_object_set (object, "shifts", shifts);
    json_object_set (object, "scales", scales);
    json_object_set (object, "values", values);
  }
  json_decref (shifts);
  json_decref (scales);
  json_decref (values);
}

/* ---- columns ---- */

/* -1: there is none */
static gint
find_name (gchar **names, const gchar *name)
{
  for (gint i = 0; names[i]; i++)
    if (g_str_equal (names[i], name))
      return i;
  return -1;
}

static gint
find_column (const RnnSeries *s, const gchar *name, const gchar *kind, const gchar *where, GError **error)
{
  gint column = find_name (s->names, name);

  if (column < 0) {
    g_autofree gchar *all = g_strjoinv (", ", s->names);

    fail (error, RNN_ERROR_SHAPE, "%s: there is no column \"%s\", which is to be %s, among: %.200s", where, name, kind, all);
  }
  return column;
}

/* Leaves the columns that are marked -1 where they are, and takes the others to `others`, in the order of their marks. */
static void
take_columns (RnnSeries *s, const gint *marks, guint n_others)
{
  guint left = 0;

  s->others = g_new (gfloat, (gsize) s->n * n_others + 1);
  s->n_others = n_others;
  for (gsize i = 0, to = 0; i < (gsize) s->n * s->channels; i++) {
    gsize t = i / s->channels, c = i % s->channels;

    if (marks[c] < 0)
      s->values[to++] = s->values[i];
    else
      s->others[t * n_others + marks[c]] = s->values[i];
  }
  for (guint c = 0; c < s->channels; c++)
    if (marks[c] < 0)
      s->names[left++] = s->names[c];
    else
      g_free (s->names[c]);
  s->names[left] = NULL;
  s->channels = left;
}

static gboolean
mark_columns (const RnnCovariates *c, const RnnSeries *s, gint *marks, const gchar *where, GError **error)
{
  for (guint i = 0; i < c->n_known + c->n_past; i++) {
    gboolean known = i < c->n_known;
    gint column = find_column (s, known ? c->known[i] : c->past[i - c->n_known], known ? "known ahead" : "of the past", where, error);

    if (column < 0)
      return FALSE;
    marks[column] = (gint) i;
  }
  return TRUE;
}

/* Rows at the end that only tell what is known are not of the series. */
static void
cut_rows_ahead (RnnSeries *s)
{
  gsize n = (gsize) s->n * s->channels;

  while (n > 0 && isnan (s->values[n - 1]))
    n--;
  s->n_ahead = s->n - (guint) ((n + s->channels - 1) / s->channels);
  s->n -= s->n_ahead;
}

gboolean
rnn_covariates_split (const RnnCovariates *c, RnnSeries *s, const gchar *where, GError **error)
{
  g_autofree gint *marks = g_new (gint, s->channels + 1);
  guint n = c->n_known + c->n_past;

  for (guint i = 0; i < s->channels; i++)
    marks[i] = -1;
  if (c->n_calendar > 0 && s->start == RNN_TIME_NONE)
    return fail (error, RNN_ERROR_FORMAT, "%s: a calendar (%s) is of no use without a column of times", where, c->calendar[0]);
  if (c->n_categories > (s->categories ? g_strv_length (s->categories) : 0))
    return fail (error, RNN_ERROR_SHAPE, "%s: nothing says the category \"%s\" of the series", where, c->categories[0]);
  if (n == 0)
    return TRUE;
  if (!mark_columns (c, s, marks, where, error))
    return FALSE;
  if (n >= s->channels)
    return fail (error, RNN_ERROR_SHAPE, "%s: all columns are covariates: there is none to forecast", where);
  take_columns (s, marks, n);
  if (c->n_known > 0)
    cut_rows_ahead (s);
  return TRUE;
}
