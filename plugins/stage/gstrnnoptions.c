/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties made of option rows.  What differs by type is a row of types[]. */
#include "gstrnnoptions.h"
#include <string.h>

#define FIELD(type, o, instance) G_STRUCT_MEMBER (type, instance, (o)->offset)

typedef struct {
  const gchar *name, *nick, *blurb;
  GParamFlags flags;
} Head;

/* Enumerations are registered once, by the name of their row: GstRnnOutputMode. */
static GType
enum_type (const RnnOption *o)
{
  g_autoptr (GString) name = g_string_new ("GstRnn");
  gboolean up = TRUE;
  GEnumValue *values;
  GType type;
  guint i, n = g_strv_length ((gchar **) o->choices);

  for (const gchar *c = o->name; *c; c++) {
    if (*c != '_')
      g_string_append_c (name, up ? g_ascii_toupper (*c) : *c);
    up = *c == '_';
  }
  if ((type = g_type_from_name (name->str)))
    return type;
  values = g_new0 (GEnumValue, n + 1);
  for (i = 0; i < n; i++)
    values[i] = (GEnumValue) { (gint) i, o->choices[i], o->choices[i] };
  type = g_enum_register_static (g_intern_string (name->str), values);
  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static GParamSpec *
int_spec (const RnnOption *o, const Head *h)
{
  if (o->min < 0)
    return g_param_spec_int (h->name, h->nick, h->blurb, (gint) o->min, (gint) o->max, (gint) o->def, h->flags);
  return g_param_spec_uint (h->name, h->nick, h->blurb, (guint) o->min, (guint) o->max, (guint) o->def, h->flags);
}

static void
int_set (const RnnOption *o, gpointer instance, const GValue *value)
{
  FIELD (gint, o, instance) = o->min < 0 ? g_value_get_int (value) : (gint) g_value_get_uint (value);
}

static void
int_get (const RnnOption *o, gconstpointer instance, GValue *value)
{
  if (o->min < 0)
    g_value_set_int (value, FIELD (gint, o, instance));
  else
    g_value_set_uint (value, (guint) FIELD (gint, o, instance));
}

static GParamSpec *
float_spec (const RnnOption *o, const Head *h)
{
  return g_param_spec_float (h->name, h->nick, h->blurb, (gfloat) o->min, (gfloat) o->max, (gfloat) o->def, h->flags);
}

static void
float_set (const RnnOption *o, gpointer instance, const GValue *value)
{
  FIELD (gfloat, o, instance) = g_value_get_float (value);
}

static void
float_get (const RnnOption *o, gconstpointer instance, GValue *value)
{
  g_value_set_float (value, FIELD (gfloat, o, instance));
}

static GParamSpec *
bool_spec (const RnnOption *o, const Head *h)
{
  return g_param_spec_boolean (h->name, h->nick, h->blurb, o->def != 0, h->flags);
}

static void
bool_set (const RnnOption *o, gpointer instance, const GValue *value)
{
  FIELD (gboolean, o, instance) = g_value_get_boolean (value);
}

static void
bool_get (const RnnOption *o, gconstpointer instance, GValue *value)
{
  g_value_set_boolean (value, FIELD (gboolean, o, instance));
}

static GParamSpec *
enum_spec (const RnnOption *o, const Head *h)
{
  return g_param_spec_enum (h->name, h->nick, h->blurb, enum_type (o), (gint) o->def, h->flags);
}

static void
enum_set (const RnnOption *o, gpointer instance, const GValue *value)
{
  FIELD (gint, o, instance) = g_value_get_enum (value);
}

static void
enum_get (const RnnOption *o, gconstpointer instance, GValue *value)
{
  g_value_set_enum (value, FIELD (gint, o, instance));
}

static GParamSpec *
string_spec (const RnnOption *o, const Head *h)
{
  return g_param_spec_string (h->name, h->nick, h->blurb, NULL, h->flags);
}

static void
string_set (const RnnOption *o, gpointer instance, const GValue *value)
{
  g_free (FIELD (gchar *, o, instance));
  FIELD (gchar *, o, instance) = g_value_dup_string (value);
}

static void
string_get (const RnnOption *o, gconstpointer instance, GValue *value)
{
  g_value_set_string (value, FIELD (gchar *, o, instance));
}

static const struct {
  GParamSpec *(*spec) (const RnnOption *o, const Head *head);
  void (*set) (const RnnOption *o, gpointer instance, const GValue *value);
  void (*get) (const RnnOption *o, gconstpointer instance, GValue *value);
} types[] = {
  [RNN_OPTION_INT] = { int_spec, int_set, int_get },
  [RNN_OPTION_FLOAT] = { float_spec, float_set, float_get },
  [RNN_OPTION_BOOL] = { bool_spec, bool_set, bool_get },
  [RNN_OPTION_ENUM] = { enum_spec, enum_set, enum_get },
  [RNN_OPTION_STRING] = { string_spec, string_set, string_get },
};

guint
gst_rnn_options_install (GObjectClass *klass, const RnnOption *options, guint first_id, GParamFlags mutability)
{
  const RnnOption *o;

  for (o = options; o->name; o++) {
    g_autofree gchar *name = g_strdelimit (g_strdup (o->name), "_", '-');
    g_autofree gchar *nick = g_strdelimit (g_strdup (o->name), "_", ' ');
    Head head = { name, nick, o->blurb, G_PARAM_READWRITE | G_PARAM_STATIC_BLURB | mutability };

    *nick = g_ascii_toupper (*nick);
    g_object_class_install_property (klass, first_id + (o - options), types[o->type].spec (o, &head));
  }
  return first_id + (o - options);
}

void
gst_rnn_options_set (const RnnOption *options, guint i, gpointer instance, const GValue *value)
{
  types[options[i].type].set (&options[i], instance, value);
}

void
gst_rnn_options_get (const RnnOption *options, guint i, gconstpointer instance, GValue *value)
{
  types[options[i].type].get (&options[i], instance, value);
}
