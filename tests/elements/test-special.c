/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no file (a FIFO that nobody writes into, a device that never ends, a directory) hangs no element, whichever of its
 * properties names it: a state change returns at once, so nobody has to cancel it. */
#include <sys/stat.h>
#include <unistd.h>
#include "common.h"

#define LONGEST 60              /* seconds for all of one element's properties; SIGALRM ends the program then */

static const TestModel tone = { .memory = 5 };

static gboolean
is_text (const GParamSpec *pspec)
{
  return pspec->value_type == G_TYPE_STRING && (pspec->flags & G_PARAM_WRITABLE) && !g_str_equal (pspec->name, "name");
}

/* To PAUSED and back with @path in @property; the other properties are as they must be. */
static void
try_property (const gchar *factory, const gchar *property, const gchar *path, const gchar *model)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make (factory, NULL));

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), "model-file"))
    g_object_set (element, "model-file", model, NULL);
  g_object_set (element, property, path, NULL);
  gst_element_set_state (element, GST_STATE_PAUSED);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

static void
test_element (gconstpointer factory)
{
  g_autoptr (GstElement) element = gst_object_ref_sink (gst_element_factory_make (factory, NULL));
  g_autofree gchar *model = test_tone_model ("special", &tone), *pipe = g_build_filename (test_dir (), "pipe", NULL);
  g_autofree gchar *recipe = g_build_filename (test_dir (), "pipe.json", NULL);
  const gchar *const paths[] = { pipe, recipe, "/dev/zero", test_dir () };
  guint n;
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  mkfifo (pipe, 0600);
  mkfifo (recipe, 0600);
  alarm (LONGEST);
  for (guint i = 0; i < n; i++)
    for (guint p = 0; is_text (pspecs[i]) && p < G_N_ELEMENTS (paths); p++) {
      g_test_message ("%s=%s", pspecs[i]->name, paths[p]);
      try_property (factory, pspecs[i]->name, paths[p], model);
    }
  alarm (0);
}

int
main (int argc, char **argv)
{
  GList *features;
  gint status;

  test_init (&argc, &argv);
  features = gst_registry_get_feature_list_by_plugin (gst_registry_get (), "rnn");
  g_assert_nonnull (features);
  for (GList *l = features; l; l = l->next) {
    g_autofree gchar *name = g_strconcat ("/special/", GST_OBJECT_NAME (l->data), NULL);

    if (GST_IS_ELEMENT_FACTORY (l->data))
      g_test_add_data_func (name, GST_OBJECT_NAME (l->data), test_element);
  }
  status = test_run ();
  gst_plugin_feature_list_free (features);
  return status;
}
