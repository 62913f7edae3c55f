/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options as a table: one row per field of a plain struct.  The same table
 * sets defaults, reads and writes JSON, checks ranges and documents itself
 * (`rnncore info --cell NAME`). */
#pragma once
#include "api.h"
#include <jansson.h>

RNN_API_BEGIN

typedef enum {
  RNN_OPTION_INT,               /* gint */
  RNN_OPTION_FLOAT,             /* gfloat */
  RNN_OPTION_BOOL,              /* gboolean */
  RNN_OPTION_ENUM,              /* gint, index into choices */
  RNN_OPTION_STRING,            /* gchar *, owned by the struct; NULL: none, the default */
} RnnOptionType;

typedef struct {
  const gchar *name;
  RnnOptionType type;
  gsize offset;                 /* of the field in the instance */
  gdouble min, max, def;        /* inclusive range and default (enum: index) */
  const gchar *const *choices;  /* NULL-terminated, for RNN_OPTION_ENUM */
  const gchar *blurb;
} RnnOption;

/* Rows of a table: `RNN_OPT_INT (MyCell, hidden, 1, 65536, 128, "units")`.  A table ends with an all-zero row. */
#define RNN_OPT_INT(T, f, lo, hi, def, blurb)   { #f, RNN_OPTION_INT, G_STRUCT_OFFSET (T, f), lo, hi, def, NULL, blurb }
#define RNN_OPT_FLOAT(T, f, lo, hi, def, blurb) { #f, RNN_OPTION_FLOAT, G_STRUCT_OFFSET (T, f), lo, hi, def, NULL, blurb }
#define RNN_OPT_BOOL(T, f, def, blurb)          { #f, RNN_OPTION_BOOL, G_STRUCT_OFFSET (T, f), 0, 1, def, NULL, blurb }
#define RNN_OPT_ENUM(T, f, choices, def, blurb) { #f, RNN_OPTION_ENUM, G_STRUCT_OFFSET (T, f), 0, 255, def, choices, blurb }
#define RNN_OPT_STRING(T, f, blurb)             { #f, RNN_OPTION_STRING, G_STRUCT_OFFSET (T, f), 0, 0, 0, NULL, blurb }

/* Adds rows that describe a part of a larger struct, @offset bytes into it, to a table (zero-terminated GArray of
 * RnnOption); of a name that is there already the first row stays. */
void rnn_options_append (GArray *table, const RnnOption *options, gsize offset);

/* Writes every row's default into @instance, whatever was there. */
void rnn_options_init (const RnnOption *options, gpointer instance);
/* Makes every row of @to as in @from; both have been initialised. */
void rnn_options_copy (const RnnOption *options, gpointer to, gconstpointer from);
/* Frees the strings and leaves NULL. */
void rnn_options_clear (const RnnOption *options, gpointer instance);
/* The row of that name, or NULL. */
const RnnOption *rnn_options_find (const RnnOption *options, const gchar *name);

/* Sets the rows that @object names; keys listed in @ignore (NULL-terminated, may be NULL) belong to somebody
 * else, any other unknown key is an error.  @where prefixes messages ("model.safetensors: layer lstm0"). */
gboolean rnn_options_from_json (const RnnOption *options, gpointer instance, const json_t *object,
    const gchar *const *ignore, const gchar *where, GError **error);

/* Sets one row from text, as a command line or property gives it. */
gboolean rnn_options_set (const RnnOption *options, gpointer instance, const gchar *name, const gchar *value,
    const gchar *where, GError **error);

/* Adds every row that differs from its default to @object. */
void rnn_options_to_json (const RnnOption *options, gconstpointer instance, json_t *object);

/* What one row accepts, in words ("an integer from 1 to 65536"), and its field as JSON. (transfer full) */
gchar  *rnn_option_describe (const RnnOption *option);
json_t *rnn_option_get_json (const RnnOption *option, gconstpointer instance);

RNN_API_END
