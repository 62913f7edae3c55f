/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows are collected as they come, then laid on the grid of their step. */
#include "series.h"
#include "../base/csv.h"
#include "../base/error.h"
#include "../base/file.h"
#include "../base/number.h"
#include <math.h>
#include <string.h>

#define GUESS_FROM 64           /* rows */
#define PIECE 65536             /* bytes */

typedef struct {
  gint64 time;
  guint64 line;
  guint place;                  /* of its values, in rows */
} Entry;

typedef struct {
  gchar *id, **categories;
  GArray *entries;              /* of Entry */
  GArray *values;               /* gfloat [entries][channels] */
} Collection;

static void
collection_free (gpointer data)
{
  Collection *c = data;

  g_free (c->id);
  g_strfreev (c->categories);
  g_array_unref (c->entries);
  g_array_unref (c->values);
  g_free (c);
}

RnnSeries *
rnn_series_new (const gchar *id, guint n, const gchar *const *names)
{
  RnnSeries *s = g_new0 (RnnSeries, 1);

  s->id = g_strdup (id);
  s->n = n;
  s->names = g_strdupv ((gchar **) names);
  s->channels = g_strv_length (s->names);
  s->values = g_new (gfloat, (gsize) n * s->channels);
  s->start = RNN_TIME_NONE;
  for (gsize i = 0; i < (gsize) n * s->channels; i++)
    s->values[i] = NAN;
  return s;
}

void
rnn_series_free (RnnSeries *s)
{
  if (!s)
    return;
  g_free (s->id);
  g_strfreev (s->names);
  g_free (s->values);
  g_free (s->others);
  g_strfreev (s->categories);
  g_free (s);
}

/* ---- rows ---- */

typedef struct {
  GPtrArray *collections;
  GHashTable *by_id;            /* borrowed id -> borrowed Collection */
  Collection *last;
  guint channels;
} Rows;

static Collection *
find_collection (Rows *rows, const gchar *id)
{
  Collection *c = rows->last;

  if (c && !g_strcmp0 (c->id, id))
    return c;
  c = id ? g_hash_table_lookup (rows->by_id, id) : NULL;
  if (!c) {
    c = g_new0 (Collection, 1);
    c->id = g_strdup (id);
    c->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
    c->values = g_array_new (FALSE, FALSE, sizeof (gfloat));
    g_ptr_array_add (rows->collections, c);
    if (id)
      g_hash_table_insert (rows->by_id, c->id, c);
  }
  return rows->last = c;
}

static void
add_row (Rows *rows, const RnnSeriesRow *row)
{
  Collection *c = find_collection (rows, row->id);
  Entry entry = { row->time, row->line, c->entries->len };

  if (!c->categories)
    c->categories = g_strdupv ((gchar **) row->categories);
  g_array_append_val (c->entries, entry);
  g_array_append_vals (c->values, row->values, rows->channels);
}

static gboolean
read_rows (RnnSeriesReader *reader, const gchar *text, gsize n, Rows *rows, GError **error)
{
  gsize at = 0;

  do {
    const RnnSeriesRow *row;
    gsize piece = MIN (PIECE, n - at);
    GError *failure = NULL;

    rnn_series_reader_push (reader, text + at, piece);
    at += piece;
    if (at == n)
      rnn_series_reader_finish (reader);
    while ((row = rnn_series_reader_next (reader, &failure))) {
      rows->channels = rnn_series_reader_get_n_values (reader);
      add_row (rows, row);
    }
    if (failure) {
      g_propagate_error (error, failure);
      return FALSE;
    }
  } while (at < n);
  return TRUE;
}

/* ---- the grid ---- */

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *x = a, *y = b;

  return x->time != y->time ? (x->time < y->time ? -1 : 1) : x->place < y->place ? -1 : 1;
}

static gboolean
fail (const gchar *where, const Entry *entry, GError **error, const gchar *reason)
{
  gchar text[RNN_TIME_TEXT];

  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%" G_GUINT64_FORMAT ": %s %s", where, entry->line,
      rnn_time_format (entry->time, text), reason);
  return FALSE;
}

static gboolean
check_order (const Entry *entries, guint n, const gchar *where, GError **error)
{
  for (guint i = 1; i < n; i++)
    if (entries[i].time <= entries[i - 1].time)
      return fail (where, &entries[i], error, entries[i].time == entries[i - 1].time ? "is the time of the row before, too"
          : "is before the row above: times must rise, unless they are to be sorted");
  return TRUE;
}

static void
guess_step (const Entry *entries, guint n, RnnTimeStep *step)
{
  gint64 times[GUESS_FROM];
  guint n_times = 0;

  for (guint i = 0; i < n && n_times < GUESS_FROM; i++)
    if (n_times == 0 || entries[i].time > times[n_times - 1])
      times[n_times++] = entries[i].time;
  if (!rnn_time_step_guess (step, times, n_times))
    *step = (RnnTimeStep) { RNN_STEP_TIME, RNN_SECOND };        /* a single row */
}

/* places[i]: the step of row i */
static gboolean
place (const Entry *entries, guint n, const RnnTimeStep *step, const gchar *where, guint *places, GError **error)
{
  guint64 at = 0;

  for (guint i = 0; i < n; i++) {
    gint64 steps = i ? rnn_time_step_count (step, entries[i - 1].time, entries[i].time) : 0;
    g_autofree gchar *size = rnn_time_step_format (step);
    g_autofree gchar *reason = steps < 0 ? g_strdup_printf ("is no whole number of steps of %s after the row above", size)
        : NULL;

    if (reason)
      return fail (where, &entries[i], error, reason);
    at += (guint64) steps;
    if (at > 1000000 && at / 10 > n)
      return fail (where, &entries[i], error, "is too far from the row above for the step that the others have");
    places[i] = (guint) at;
  }
  return TRUE;
}

static RnnSeries *
lay (Collection *c, const gchar *const *names, const RnnSeriesRules *rules, const gchar *where, GError **error)
{
  Entry *entries = (Entry *) (gpointer) c->entries->data;
  guint n = c->entries->len, channels = g_strv_length ((gchar **) names);
  gboolean timed = entries[0].time != RNN_TIME_NONE;
  g_autofree guint *places = g_new (guint, n);
  RnnTimeStep step = { RNN_STEP_TIME, RNN_SECOND };
  RnnSeries *s;

  for (guint i = 0; i < n; i++)
    places[i] = i;
  if (timed) {
    if (rules && rules->sort)
      g_array_sort (c->entries, compare_entries);
    else if (!check_order (entries, n, where, error))
      return NULL;
    guess_step (entries, n, &step);
    if (rules && rules->step)
      step = *rules->step;
    if (!place (entries, n, &step, where, places, error))
      return NULL;
  }
  s = rnn_series_new (c->id, places[n - 1] + 1, names);
  s->start = entries[0].time;
  s->step = step;
  s->categories = g_steal_pointer (&c->categories);
  for (guint i = 0; i < n; i++)
    memcpy (s->values + (gsize) places[i] * channels, (gfloat *) (gpointer) c->values->data
        + (gsize) entries[i].place * channels, channels * sizeof (gfloat));
  return s;
}

GPtrArray *
rnn_series_parse (const gchar *text, gsize n, const RnnSeriesFormat *format, const RnnSeriesRules *rules,
    const gchar *where, GError **error)
{
  g_autoptr (GPtrArray) collections = g_ptr_array_new_with_free_func (collection_free);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_series_free);
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (RnnSeriesReader) reader = rnn_series_reader_new (format, where);
  Rows rows = { collections, by_id };

  if (!read_rows (reader, text, n, &rows, error))
    return NULL;
  for (guint i = 0; i < collections->len; i++) {
    RnnSeries *s = lay (collections->pdata[i], rnn_series_reader_get_names (reader), rules, where, error);

    if (!s)
      return NULL;
    g_ptr_array_add (all, s);
  }
  return g_steal_pointer (&all);
}

GPtrArray *
rnn_series_load (const gchar *path, const RnnSeriesFormat *format, const RnnSeriesRules *rules, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  gsize n;
  const gchar *text = bytes ? g_bytes_get_data (bytes, &n) : NULL;

  return bytes ? rnn_series_parse (text, n, format, rules, path, error) : NULL;
}

/* ---- a series per row ---- */

static RnnSeries *
parse_wide (RnnCsv *csv, const RnnCsvField *fields, guint n, GError **error)
{
  static const gchar *const names[] = { "value", NULL };
  g_autofree gchar *id = g_strndup (fields[0].text, fields[0].n);
  RnnSeries *s;

  for (; n > 1 && fields[n - 1].n == 0; n--);
  s = rnn_series_new (id, n - 1, names);
  s->step = (RnnTimeStep) { RNN_STEP_TIME, RNN_SECOND };
  for (guint i = 1; i < n; i++) {
    gdouble value;

    if (rnn_number_parse (fields[i].text, fields[i].n, '.', &value) > RNN_NUMBER_MISSING) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%" G_GUINT64_FORMAT ": field %u is no number",
          rnn_csv_get_where (csv), rnn_csv_get_line (csv), i + 1);
      rnn_series_free (s);
      return NULL;
    }
    s->values[i - 1] = (gfloat) value;
  }
  return s;
}

GPtrArray *
rnn_series_load_wide (const gchar *path, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_series_free);
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  g_autoptr (RnnCsv) csv = NULL;
  const RnnCsvField *fields;
  RnnCsvState state;
  gboolean header = TRUE;
  guint n;

  if (!bytes)
    return NULL;
  csv = rnn_csv_new (0, '.', path);
  rnn_csv_push (csv, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  rnn_csv_finish (csv);
  while ((state = rnn_csv_next (csv, &fields, &n, error)) == RNN_CSV_RECORD) {
    RnnSeries *s = header ? NULL : parse_wide (csv, fields, n, error);

    if (!header && !s)
      return NULL;
    if (s)
      g_ptr_array_add (all, s);
    header = FALSE;
  }
  if (state == RNN_CSV_MORE && all->len == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there are no series", path);
  return state == RNN_CSV_MORE && all->len > 0 ? g_steal_pointer (&all) : NULL;
}
