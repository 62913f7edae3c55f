/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntranscriber: from audio to captions, through the whole chain, with a model that hears an alphabet of tones. */
#include "common.h"

static gchar *model;

static TestHarness *
transcriber (const gchar *path)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_assert_nonnull (element);
  g_object_set (element, "model-file", path, NULL);
  return test_harness_new (element);
}

/* Says @text, ends the stream, returns what was understood. */
static gchar *
transcribe (TestHarness *t, const gchar *text)
{
  g_autoptr (GArray) samples = test_speak (text);

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  g_assert_cmpint (test_push_audio (t, samples, 1600, 0), ==, GST_FLOW_OK);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  return test_pull_text (t->h);
}

static void
test_words (void)
{
  TestHarness *t = transcriber (model);
  g_autofree gchar *text = transcribe (t, "__abc de f__");

  g_assert_cmpstr (text, ==, "x");
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  g_test_add_func ("/transcriber/words", test_words);
  result = test_run ();
  g_free (model);
  return result;
}
