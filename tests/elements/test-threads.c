/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties are set and read, models changed and the stream reset by other threads while sound flows: nothing crashes
 * or deadlocks, and the stream ends.  Made to be run under TSan too. */
#include "common.h"

static gchar *model, *other;
static gint done;

static gpointer
turn_knobs (gpointer element)
{
  static const gchar *const numbers[] = { "latency", "lateness", "columns", "lines", "partial-interval",
    "endpoint-silence", "initial-silence", "max-utterance", "output-mode", "reset-on" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  guint i;

  for (i = 0; !g_atomic_int_get (&done); i++) {
    GObjectClass *klass = G_OBJECT_GET_CLASS (element);
    GParamSpec *spec = g_object_class_find_property (klass, numbers[i % G_N_ELEMENTS (numbers)]);
    guint number = g_rand_int_range (rand, 1, 3000);
    g_autofree gchar *language = NULL;

    if (G_IS_PARAM_SPEC_UINT (spec))
      number = CLAMP (number, G_PARAM_SPEC_UINT (spec)->minimum, G_PARAM_SPEC_UINT (spec)->maximum);
    else
      number = number % 3;
    g_object_set (element, spec->name, number, "language-code", i % 2 ? "en" : "cs", NULL);
    g_object_get (element, "language-code", &language, NULL);
    if (i % 50 == 0)
      g_object_set (element, "model-file", i % 100 ? model : other, NULL);
    if (i % 70 == 0)
      g_signal_emit_by_name (element, "reset");
    g_usleep (100);
  }
  return NULL;
}

static gpointer
read_out (gpointer element)
{
  while (!g_atomic_int_get (&done)) {
    GstQuery *query = gst_query_new_latency ();
    GstStructure *stats;
    guint delay;

    g_object_get (element, "stats", &stats, "max-observed-delay", &delay, NULL);
    gst_structure_free (stats);
    gst_element_query (element, query);
    gst_query_unref (query);
    g_usleep (100);
  }
  return NULL;
}

static void
test_knobs (void)
{
  g_autofree gchar *text = g_strdup_printf ("audiotestsrc num-buffers=1500 samplesperbuffer=160 wave=ticks ! "
      "audio/x-raw, rate=16000, channels=1 ! identity sleep-time=200 ! rnntranscriber name=t model-file=%s ! fakesink",
      model);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error), *t;
  g_autoptr (GstBus) bus = NULL;
  GThread *threads[2];
  GstMessage *message;

  g_assert_no_error (error);
  t = gst_bin_get_by_name (GST_BIN (pipeline), "t");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  threads[0] = g_thread_new ("set", turn_knobs, t);
  threads[1] = g_thread_new ("get", read_out, t);
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (bus, 100 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_message_unref (message);
  g_atomic_int_set (&done, TRUE);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (t);
  gst_object_unref (pipeline);
}

/* Stopped while sound flows, again and again, without an EOS. */
static void
test_stop (void)
{
  g_autofree gchar *text = g_strdup_printf ("audiotestsrc wave=ticks ! audio/x-raw, rate=16000, channels=1 ! "
      "rnntranscriber model-file=%s ! fakesink", model);
  GstElement *pipeline = gst_parse_launch (text, NULL);
  guint i;

  for (i = 0; i < 50; i++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (i * 200);
    g_assert_cmpint (gst_element_set_state (pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  other = test_tone_model ("other", &(TestModel) { .stack = 2, .lookahead = 1 });
  g_test_add_func ("/threads/knobs", test_knobs);
  g_test_add_func ("/threads/stop", test_stop);
  result = test_run ();
  g_free (model);
  g_free (other);
  return result;
}
