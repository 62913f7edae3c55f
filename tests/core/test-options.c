/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Option tables: defaults, JSON in and out, text in, and messages that say where, what and what would be right. */
#include "base/error.h"
#include "base/options.h"
#include "locales.h"
#include <math.h>

typedef struct {
  gint hidden;
  gfloat leak;
  gboolean bias;
  gint mode;
  gchar *label;
} Thing;

static const gchar *const modes[] = { "plain", "cifg", "coupled", NULL };

static const RnnOption options[] = {
  RNN_OPT_INT (Thing, hidden, 1, 65536, 128, "units"),
  RNN_OPT_FLOAT (Thing, leak, 0, 1, 0.97, "leak rate"),
  RNN_OPT_BOOL (Thing, bias, TRUE, "add a bias"),
  RNN_OPT_ENUM (Thing, mode, modes, 0, "gate coupling"),
  RNN_OPT_STRING (Thing, label, "what it is called"),
  { 0 }
};

static const gchar *const others[] = { "cell", "name", NULL };

static gboolean
read_json (Thing *thing, const gchar *text, GError **error)
{
  json_t *json = json_loads (text, JSON_DECODE_ANY, NULL);
  gboolean result;

  g_assert_nonnull (json);
  rnn_options_init (options, thing);
  result = rnn_options_from_json (options, thing, json, others, "m.json: layer rnn0", error);
  json_decref (json);
  return result;
}

static void
test_defaults (void)
{
  Thing thing;

  rnn_options_init (options, &thing);
  g_assert_cmpint (thing.hidden, ==, 128);
  g_assert_true (thing.leak == 0.97f);
  g_assert_true (thing.bias == TRUE);
  g_assert_cmpint (thing.mode, ==, 0);
}

/* Strings belong to the struct: each has its own copy. */
static void
test_strings (void)
{
  g_autoptr (GError) error = NULL;
  json_t *json = json_object ();
  Thing a, b;

  rnn_options_init (options, &b);
  g_assert_null (b.label);
  g_assert_true (read_json (&a, "{\"label\": \"x\", \"hidden\": 3}", &error));
  g_assert_no_error (error);
  g_assert_true (rnn_options_set (options, &a, "label", "caf\303\251", "here", &error));
  rnn_options_copy (options, &b, &a);
  g_assert_cmpstr (b.label, ==, "caf\303\251");
  g_assert_true (b.label != a.label);
  g_assert_cmpint (b.hidden, ==, 3);
  rnn_options_to_json (options, &b, json);
  g_assert_cmpstr (json_string_value (json_object_get (json, "label")), ==, "caf\303\251");
  json_decref (json);
  rnn_options_clear (options, &b);
  g_assert_null (b.label);
  g_assert_false (read_json (&b, "{\"label\": 3}", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
  rnn_options_clear (options, &a);
}

static void
test_json (void)
{
  g_autoptr (GError) error = NULL;
  Thing thing;

  g_assert_true (read_json (&thing, "{\"cell\": \"x\", \"name\": 3, \"hidden\": 65536, \"leak\": 1, \"bias\": false, "
          "\"mode\": \"coupled\"}", &error));
  g_assert_no_error (error);
  g_assert_cmpint (thing.hidden, ==, 65536);
  g_assert_true (thing.leak == 1.0f);
  g_assert_false (thing.bias);
  g_assert_cmpint (thing.mode, ==, 2);
}

static void
test_round_trip (void)
{
  const gfloat leaks[] = { 0.0f, 0.1f, 0.3f, 1.0f / 3, 1e-30f, 0x1.fffffep-1f, 0.96f };
  Thing thing, back;

  for (guint i = 0; i < G_N_ELEMENTS (leaks); i++) {
    json_t *json = json_object ();
    g_autoptr (GError) error = NULL;

    rnn_options_init (options, &thing);
    thing.leak = leaks[i];
    thing.mode = i % 3;
    thing.bias = i & 1;
    thing.hidden = i + 1;
    rnn_options_to_json (options, &thing, json);
    rnn_options_init (options, &back);
    g_assert_true (rnn_options_from_json (options, &back, json, NULL, "x", &error));
    g_assert_no_error (error);
    g_assert_cmpmem (&thing, sizeof thing, &back, sizeof back);
    json_decref (json);
  }
}

static void
test_only_differences_are_written (void)
{
  Thing thing;
  json_t *json = json_object ();

  rnn_options_init (options, &thing);
  rnn_options_to_json (options, &thing, json);
  g_assert_cmpuint (json_object_size (json), ==, 0);

  thing.leak = 0.96f;
  rnn_options_to_json (options, &thing, json);
  g_assert_cmpuint (json_object_size (json), ==, 1);
  g_assert_true (json_real_value (json_object_get (json, "leak")) == 0.96);     /* not 0.959999979 */
  json_decref (json);
}

static const struct {
  const gchar *json, *message;
} bad[] = {
  { "{\"hidden\": 0}", "m.json: layer rnn0: option \"hidden\" is 0, must be an integer from 1 to 65536" },
  { "{\"hidden\": 65537}", "m.json: layer rnn0: option \"hidden\" is 65537, must be an integer from 1 to 65536" },
  { "{\"hidden\": 1e3}", "m.json: layer rnn0: option \"hidden\" is 1000.0, must be an integer from 1 to 65536" },
  { "{\"hidden\": 9223372036854775807}",
      "m.json: layer rnn0: option \"hidden\" is 9223372036854775807, must be an integer from 1 to 65536" },
  { "{\"leak\": 1.5}", "m.json: layer rnn0: option \"leak\" is 1.5, must be a number from 0 to 1" },
  { "{\"leak\": \"1\"}", "m.json: layer rnn0: option \"leak\" is \"1\", must be a number from 0 to 1" },
  { "{\"bias\": 1}", "m.json: layer rnn0: option \"bias\" is 1, must be true or false" },
  { "{\"bias\": null}", "m.json: layer rnn0: option \"bias\" is null, must be true or false" },
  { "{\"mode\": \"Plain\"}", "m.json: layer rnn0: option \"mode\" is \"Plain\", must be one of plain, cifg, coupled" },
  { "{\"mode\": 1}", "m.json: layer rnn0: option \"mode\" is 1, must be one of plain, cifg, coupled" },
  { "{\"hiden\": 5}", "m.json: layer rnn0: unknown option \"hiden\", did you mean \"hidden\"?" },
  { "{\"naem\": 5}", "m.json: layer rnn0: unknown option \"naem\", did you mean \"name\"?" },
  { "{\"mode\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26]}",
      "m.json: layer rnn0: option \"mode\" is [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23..., "
      "must be one of plain, cifg, coupled" },
};

static void
test_bad_json (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Thing thing;
  gsize i = GPOINTER_TO_SIZE (data);

  g_assert_false (read_json (&thing, bad[i].json, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
  g_assert_cmpstr (error->message, ==, bad[i].message);
}

static void
test_not_an_object (void)
{
  g_autoptr (GError) error = NULL, missing = NULL;
  Thing thing;

  g_assert_false (read_json (&thing, "[1]", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_false (rnn_options_from_json (options, &thing, NULL, NULL, "x", &missing));
  g_assert_error (missing, RNN_ERROR, RNN_ERROR_FORMAT);
}

static void
test_no_table (void)
{
  g_autoptr (GError) error = NULL;
  json_t *empty = json_object (), *full = json_pack ("{s:i}", "hidden", 1);

  g_assert_true (rnn_options_from_json (NULL, NULL, empty, NULL, "x", &error));
  g_assert_false (rnn_options_from_json (NULL, NULL, full, NULL, "x", &error));
  g_assert_cmpstr (error->message, ==, "x: unknown option \"hidden\", there are none");
  json_decref (empty);
  json_decref (full);
}

static const struct {
  const gchar *name, *text;
  gboolean good;
} texts[] = {
  { "hidden", "7", TRUE }, { "hidden", "7x", FALSE }, { "hidden", "", FALSE }, { "hidden", "0", FALSE },
  { "hidden", "99999999999999999999", FALSE },
  { "leak", "0.5", TRUE }, { "leak", "0,5", FALSE }, { "leak", "nan", FALSE }, { "leak", "inf", FALSE },
  { "leak", "", FALSE },
  { "bias", "true", TRUE }, { "bias", "false", TRUE }, { "bias", "0", TRUE }, { "bias", "yes", FALSE },
  { "mode", "cifg", TRUE }, { "mode", "1", FALSE }, { "mode", "\xff", FALSE },
  { "hiden", "7", FALSE }, { "cell", "lstm", FALSE },
};

static void
test_text (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    Thing thing;

    rnn_options_init (options, &thing);
    g_assert_true (texts[i].good == rnn_options_set (options, &thing, texts[i].name, texts[i].text, "--set", &error));
    g_assert_true (texts[i].good == !error);
    if (error) {
      g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
      g_assert_true (g_str_has_prefix (error->message, "--set: ") && strstr (error->message, texts[i].name));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  }
}

static void
test_text_values (void)
{
  Thing thing;

  rnn_options_init (options, &thing);
  g_assert_true (rnn_options_set (options, &thing, "hidden", "7", "x", NULL));
  g_assert_true (rnn_options_set (options, &thing, "leak", "5e-1", "x", NULL));
  g_assert_true (rnn_options_set (options, &thing, "bias", "0", "x", NULL));
  g_assert_true (rnn_options_set (options, &thing, "mode", "cifg", "x", NULL));
  g_assert_true (thing.hidden == 7 && thing.leak == 0.5f && thing.bias == FALSE && thing.mode == 1);
}

/* A range says what may be written, and that has a point. */
static void
test_ranges (void)
{
  static const RnnOption half = RNN_OPT_FLOAT (Thing, leak, -0.5, 1.25, 0, "leak rate");

  for (const gchar *const *name = test_locale_names; *name; name++)
    if (test_locale_enter (*name)) {
      g_autofree gchar *range = rnn_option_describe (&half);

      g_assert_true (g_str_has_suffix (range, " from -0.5 to 1.25"));
    }
  test_locale_leave ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/defaults", test_defaults);
  g_test_add_func ("/options/json", test_json);
  g_test_add_func ("/options/strings", test_strings);
  g_test_add_func ("/options/round-trip", test_round_trip);
  g_test_add_func ("/options/only-differences", test_only_differences_are_written);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *path = g_strdup_printf ("/options/bad-json/%" G_GSIZE_FORMAT, i);

    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_bad_json);
  }
  g_test_add_func ("/options/not-an-object", test_not_an_object);
  g_test_add_func ("/options/no-table", test_no_table);
  g_test_add_func ("/options/text", test_text);
  g_test_add_func ("/options/text-values", test_text_values);
  g_test_add_func ("/options/ranges", test_ranges);
  return g_test_run ();
}
