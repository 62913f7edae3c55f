/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options as a table.  Text and JSON take the same path: text becomes the JSON value that its row asks for, and one
 * function checks type and range and stores the field.  What differs by type is a row of types[]. */
#include "options.h"
#include "error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOREACH_OPTION(o, table) for (const RnnOption *o = (table); o && o->name; o++)
#define FIELD(type, o, instance) G_STRUCT_MEMBER (type, instance, (o)->offset)
#define MAX_SHOWN 60            /* bytes of an offending value that a message repeats */

/* ---- the types: how each reads JSON (NAN: does not fit), reads text (NULL: does not fit) and writes JSON; a string
 * is the number 0 that comes with a text ---- */

static gdouble
int_from_json (const RnnOption *o, const json_t *value)
{
  return json_is_integer (value) ? (gdouble) json_integer_value (value) : NAN;
}

static json_t *
int_from_text (const gchar *text)
{
  gint64 integer;

  return g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &integer, NULL) ? json_integer (integer) : NULL;
}

static json_t *
int_to_json (const RnnOption *o, gconstpointer instance)
{
  return json_integer (FIELD (gint, o, instance));
}

static gdouble
float_from_json (const RnnOption *o, const json_t *value)
{
  return json_is_number (value) ? json_number_value (value) : NAN;
}

static json_t *
float_from_text (const gchar *text)
{
  gchar *end;
  gdouble number = g_ascii_strtod (text, &end);

  return end != text && !*end ? json_real (number) : NULL;
}

/* The shortest decimal that reads back as the same float: 0.97 stays 0.97 in a file. */
static json_t *
float_to_json (const RnnOption *o, gconstpointer instance)
{
  gfloat value = FIELD (gfloat, o, instance);
  gchar format[] = "%.5e", text[G_ASCII_DTOSTR_BUF_SIZE];

  for (; format[2] < '8'; format[2]++) {
    gdouble shorter = g_ascii_strtod (g_ascii_formatd (text, sizeof text, format, value), NULL);

    if ((gfloat) shorter == value)
      return json_real (shorter);
  }
  return json_real (value);
}

static gdouble
bool_from_json (const RnnOption *o, const json_t *value)
{
  return json_is_boolean (value) ? json_is_true (value) : NAN;
}

static json_t *
bool_from_text (const gchar *text)
{
  if (!strcmp (text, "true") || !strcmp (text, "1"))
    return json_true ();
  return !strcmp (text, "false") || !strcmp (text, "0") ? json_false () : NULL;
}

static json_t *
bool_to_json (const RnnOption *o, gconstpointer instance)
{
  return json_boolean (FIELD (gboolean, o, instance));
}

static gdouble
enum_from_json (const RnnOption *o, const json_t *value)
{
  for (guint i = 0; json_is_string (value) && o->choices[i]; i++)
    if (!strcmp (o->choices[i], json_string_value (value)))
      return i;
  return NAN;
}

static json_t *
enum_to_json (const RnnOption *o, gconstpointer instance)
{
  return json_string (o->choices[FIELD (gint, o, instance)]);
}

static gdouble
string_from_json (const RnnOption *o, const json_t *value)
{
  return json_is_string (value) ? 0 : NAN;
}

static json_t *
string_to_json (const RnnOption *o, gconstpointer instance)
{
  const gchar *text = FIELD (gchar *, o, instance);

  return text ? json_string (text) : json_null ();
}

static const struct {
  gdouble (*from_json) (const RnnOption *o, const json_t *value);
  json_t *(*from_text) (const gchar *text);
  json_t *(*to_json) (const RnnOption *o, gconstpointer instance);
  const gchar *noun;
} types[] = {
  [RNN_OPTION_INT] = { int_from_json, int_from_text, int_to_json, "an integer" },
  [RNN_OPTION_FLOAT] = { float_from_json, float_from_text, float_to_json, "a number" },
  [RNN_OPTION_BOOL] = { bool_from_json, bool_from_text, bool_to_json, "true or false" },
  [RNN_OPTION_ENUM] = { enum_from_json, json_string, enum_to_json, "one of" },
  [RNN_OPTION_STRING] = { string_from_json, json_string, string_to_json, "a text" },
};

/* ---- values ---- */

static void
store_string (const RnnOption *o, gpointer instance, const gchar *text)
{
  gchar *copy = g_strdup (text);

  g_free (FIELD (gchar *, o, instance));
  FIELD (gchar *, o, instance) = copy;
}

static void
store (const RnnOption *o, gpointer instance, gdouble value)
{
  if (o->type == RNN_OPTION_FLOAT)
    FIELD (gfloat, o, instance) = (gfloat) value;
  else
    FIELD (gint, o, instance) = (gint) value;
}

void
rnn_options_init (const RnnOption *options, gpointer instance)
{
  FOREACH_OPTION (o, options) {
    if (o->type == RNN_OPTION_STRING)
      FIELD (gchar *, o, instance) = NULL;
    else
      store (o, instance, o->def);
  }
}

void
rnn_options_copy (const RnnOption *options, gpointer to, gconstpointer from)
{
  FOREACH_OPTION (o, options) {
    if (o->type == RNN_OPTION_STRING)
      store_string (o, to, FIELD (gchar *, o, from));
    else
      FIELD (gint, o, to) = FIELD (gint, o, from);      /* gfloat has its size */
  }
}

void
rnn_options_clear (const RnnOption *options, gpointer instance)
{
  FOREACH_OPTION (o, options)
    if (o->type == RNN_OPTION_STRING)
      store_string (o, instance, NULL);
}

gchar *
rnn_option_describe (const RnnOption *o)
{
  const gchar *noun = types[o->type].noun;
  gchar min[G_ASCII_DTOSTR_BUF_SIZE], max[G_ASCII_DTOSTR_BUF_SIZE];     /* as they are written in an option */

  if (o->choices) {
    g_autofree gchar *names = g_strjoinv (", ", (gchar **) o->choices);

    return g_strdup_printf ("%s %s", noun, names);
  }
  if (o->min == o->max || o->type == RNN_OPTION_BOOL)
    return g_strdup (noun);
  return g_strdup_printf ("%s from %s to %s", noun, g_ascii_formatd (min, sizeof min, "%.9g", o->min),
      g_ascii_formatd (max, sizeof max, "%.9g", o->max));
}

static gboolean
refuse_value (const RnnOption *o, const gchar *value, const gchar *where, GError **error)
{
  g_autofree gchar *range = rnn_option_describe (o);
  g_autofree gchar *shown = g_utf8_make_valid (value, MIN (strlen (value), MAX_SHOWN));

  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: option \"%s\" is %s%s, must be %s", where, o->name, shown,
      strlen (value) > MAX_SHOWN ? "..." : "", range);
  return FALSE;
}

static gboolean
set_from_json (const RnnOption *o, gpointer instance, const json_t *value, const gchar *where, GError **error)
{
  gdouble number = types[o->type].from_json (o, value);

  if (!(number >= o->min && number <= o->max)) {
    gchar *shown = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION (9));

    refuse_value (o, shown ? shown : "not representable", where, error);
    free (shown);
    return FALSE;
  }
  if (o->type == RNN_OPTION_STRING)
    store_string (o, instance, json_string_value (value));
  else
    store (o, instance, number);
  return TRUE;
}

/* ---- names ---- */

const RnnOption *
rnn_options_find (const RnnOption *options, const gchar *name)
{
  FOREACH_OPTION (o, options)
    if (!strcmp (o->name, name))
      return o;
  return NULL;
}

/* Levenshtein distance of two names, bytewise. */
static guint
name_distance (const gchar *a, const gchar *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = j;
  for (; *a; a++) {
    guint diagonal = row[0]++;

    for (gsize j = 1; j <= n; j++) {
      guint edit = MIN (row[j], row[j - 1]) + 1, keep = diagonal + (*a != b[j - 1]);

      diagonal = row[j];
      row[j] = MIN (edit, keep);
    }
  }
  return row[n];
}

static gboolean
refuse_name (const RnnOption *options, const gchar *const *ignore, const gchar *name, const gchar *where,
    GError **error)
{
  g_autofree gchar *shown = g_utf8_make_valid (name, MIN (strlen (name), MAX_SHOWN));
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  const gchar *nearest = NULL;
  guint least = G_MAXUINT;

  FOREACH_OPTION (o, options)
    g_ptr_array_add (known, (gpointer) o->name);
  for (; ignore && *ignore; ignore++)
    g_ptr_array_add (known, (gpointer) *ignore);
  for (guint i = 0; i < known->len; i++) {
    guint distance = name_distance (shown, known->pdata[i]);

    if (distance < least)
      nearest = known->pdata[i];
    least = MIN (least, distance);
  }
  if (nearest)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: unknown option \"%s\", did you mean \"%s\"?", where, shown,
        nearest);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: unknown option \"%s\", there are none", where, shown);
  return FALSE;
}

gboolean
rnn_options_from_json (const RnnOption *options, gpointer instance, const json_t *object, const gchar *const *ignore,
    const gchar *where, GError **error)
{
  const gchar *key;
  json_t *value;

  if (!json_is_object (object)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: options must be a JSON object", where);
    return FALSE;
  }
  json_object_foreach ((json_t *) object, key, value) {
    const RnnOption *o = rnn_options_find (options, key);

    if (o && !set_from_json (o, instance, value, where, error))
      return FALSE;
    if (!o && !(ignore && g_strv_contains (ignore, key)))
      return refuse_name (options, ignore, key, where, error);
  }
  return TRUE;
}

gboolean
rnn_options_set (const RnnOption *options, gpointer instance, const gchar *name, const gchar *value, const gchar *where,
    GError **error)
{
  const RnnOption *o = rnn_options_find (options, name);
  json_t *json;
  gboolean result;

  if (!o)
    return refuse_name (options, NULL, name, where, error);
  json = types[o->type].from_text (value);
  result = json ? set_from_json (o, instance, json, where, error) : refuse_value (o, value, where, error);
  json_decref (json);
  return result;
}

json_t *
rnn_option_get_json (const RnnOption *o, gconstpointer instance)
{
  return types[o->type].to_json (o, instance);
}

void
rnn_options_to_json (const RnnOption *options, gconstpointer instance, json_t *object)
{
  FOREACH_OPTION (o, options) {
    gboolean is_default = o->type == RNN_OPTION_STRING ? FIELD (gchar *, o, instance) == NULL
        : o->type == RNN_OPTION_FLOAT ? FIELD (gfloat, o, instance) == (gfloat) o->def
        : FIELD (gint, o, instance) == (gint) o->def;

    if (!is_default)
      json_object_set_new (object, o->name, rnn_option_get_json (o, instance));
  }
}

/* ---- tables of tables ---- */

void
rnn_options_append (GArray *table, const RnnOption *options, gsize offset)
{
  FOREACH_OPTION (o, options) {
    RnnOption row = *o;

    row.offset += offset;
    if (!rnn_options_find ((const RnnOption *) table->data, o->name))
      g_array_append_val (table, row);
  }
}
