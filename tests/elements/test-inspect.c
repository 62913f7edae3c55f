/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gst-inspect-1.0 says of every element is what tests/data/inspect holds.  After an intended change run this
 * program with RNN_UPDATE_GOLDEN=1 and read the difference.  And: the licence of the plugin is that of its build. */
#include <gst/gst.h>
#include <string.h>

static gchar *
run_inspect (const gchar *argument)
{
  const gchar *argv[] = { "gst-inspect-1.0", "--no-colors", argument, NULL };
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "LC_ALL", "C.UTF-8", TRUE);
  gchar *output = NULL;

  if (!g_spawn_sync (NULL, (gchar **) argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, NULL, NULL))
    g_test_skip ("gst-inspect-1.0 is not installed");
  return output;
}

/* Without the lines that differ from build to build */
static gchar *
stable_part (const gchar *output)
{
  static const gchar *const passing[] = { "  Filename ", "  Version ", "  License ", "  Source release date " };
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  GString *kept = g_string_new (NULL);
  guint i, j;

  for (i = 0; lines[i]; i++) {
    for (j = 0; j < G_N_ELEMENTS (passing) && !g_str_has_prefix (lines[i], passing[j]); j++);
    if (j == G_N_ELEMENTS (passing) && (lines[i + 1] || *lines[i]))
      g_string_append_printf (kept, "%s\n", lines[i]);
  }
  return g_string_free (kept, FALSE);
}

static void
test_golden (gconstpointer name)
{
  g_autofree gchar *path = g_strdup_printf ("%s/data/inspect/%s.txt", g_getenv ("G_TEST_SRCDIR"), (gchar *) name);
  g_autofree gchar *output = run_inspect (name), *actual = NULL, *expected = NULL;
  guint major, minor, micro, nano;

  if (!output)
    return;
  gst_version (&major, &minor, &micro, &nano);
  if (major != 1 || minor != 22) {
    g_test_skip ("gst-inspect-1.0 of GStreamer 1.22 is compared only");
    return;
  }
  actual = stable_part (output);
  g_assert_cmpuint (strlen (actual), >, 500);
  if (g_getenv ("RNN_UPDATE_GOLDEN"))
    g_assert_true (g_file_set_contents (path, actual, -1, NULL));
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  g_assert_cmpstr (actual, ==, expected);
}

static void
test_blacklist (void)
{
  g_autofree gchar *output = run_inspect ("-b");

  g_assert_true (!output || !strstr (output, "gstrnn"));
}

static void
test_licence (void)
{
  g_autoptr (GstPlugin) plugin = gst_registry_find_plugin (gst_registry_get (), "rnn");

  g_assert_nonnull (plugin);
  g_assert_cmpstr (gst_plugin_get_license (plugin), ==, EXPECTED_LICENSE);
}

static void
test_ranks (gconstpointer name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  g_assert_nonnull (factory);
  g_assert_cmpuint (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (factory)), ==, GST_RANK_NONE);
}

int
main (int argc, char **argv)
{
  static const gchar *const elements[] = { "rnnfeatures", "rnninfer", "rnnctcdec", "rnntranscriber", "rnncorpussrc",
    "rnntrainer", "rnncsvparse", "rnncsvenc", "rnnforecast", "rnnvideo", "rnnscope", "rnnvad", "rnnclassify", "rnndenoise" };
  guint i;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autofree gchar *golden = g_strconcat ("/inspect/", elements[i], NULL);
    g_autofree gchar *rank = g_strconcat ("/inspect/rank/", elements[i], NULL);

    g_test_add_data_func (golden, elements[i], test_golden);
    g_test_add_data_func (rank, elements[i], test_ranks);
  }
  g_test_add_func ("/inspect/blacklist", test_blacklist);
  g_test_add_func ("/inspect/licence", test_licence);
  return g_test_run ();
}
