/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model changed while PLAYING: loaded aside, used from the next endpoint on, in all stages at once. */
#include "common.h"

static gchar *model, *other, *wider, *slow;

static GstElement *
make_chain (void)
{
  GError *error = NULL;
  GstElement *bin = gst_parse_bin_from_description ("rnnfeatures name=f ! rnninfer name=i ! rnnctcdec name=c", FALSE,
      &error);
  GstElement *f = gst_bin_get_by_name (GST_BIN (bin), "f"), *c = gst_bin_get_by_name (GST_BIN (bin), "c");
  GstElement *i = gst_bin_get_by_name (GST_BIN (bin), "i");
  GstPad *sink = gst_element_get_static_pad (f, "sink"), *src = gst_element_get_static_pad (c, "src");

  g_assert_no_error (error);
  g_object_set (f, "model-file", model, NULL);
  g_object_set (i, "model-file", model, NULL);
  g_object_set (c, "model-file", model, NULL);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", src));
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (f);
  gst_object_unref (i);
  gst_object_unref (c);
  return bin;
}

static TestHarness *
start (GstElement *element)
{
  TestHarness *t = test_harness_new (element);

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

static TestHarness *
transcriber (void)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_object_set (element, "model-file", model, NULL);
  return start (element);
}

static void
say (TestHarness *t, const gchar *text, guint *at)
{
  g_autoptr (GArray) samples = test_speak (text);

  g_assert_cmpint (test_push_audio (t, samples, 160, *at), ==, GST_FLOW_OK);
  *at += samples->len;
}

/* Lets time pass, 100 ms of silence at a time, until a message of the type comes. */
static GstMessage *
wait_for (TestHarness *t, GstMessageType type, const gchar *kind, guint *at)
{
  GstMessage *message;
  guint i;

  for (i = 0; i < 6000; i++) {
    if ((message = test_pop_message (t, type, kind)))
      return message;
    say (t, "_", at);
    g_usleep (1000);
  }
  g_error ("no message");
  return NULL;
}

static void
expect_words (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *words = test_pull_words (t->h);

  g_assert_cmpstr (words, ==, expected);
}

/* @name: of the child whose model-file is set, or NULL: the element's own */
static void
swap (TestHarness *t, const gchar *name, const gchar *path, guint *at)
{
  GstElement *target = name ? gst_bin_get_by_name (GST_BIN (t->element), name) : gst_object_ref (t->element);

  g_object_set (target, "model-file", path, NULL);
  gst_object_unref (target);
  gst_message_unref (wait_for (t, GST_MESSAGE_ELEMENT, "model-swapped", at));
}

static void
test_bin (void)
{
  TestHarness *t = transcriber ();
  g_autofree gchar *path = NULL;
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, NULL, other, &at);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped"));   /* once for the three */
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|xyz");
  g_object_get (t->element, "model-file", &path, NULL);
  g_assert_cmpstr (path, ==, other);
  test_expect_no_error (t);
  test_harness_free (t);
}

/* Not before an endpoint, even when the model has long been there */
static void
test_in_mid_utterance (void)
{
  TestHarness *t = transcriber ();
  guint at = 0, i;

  say (t, "__ab", &at);
  g_object_set (t->element, "model-file", other, NULL);
  for (i = 0; i < 20; i++) {
    g_usleep (5000);
    say (t, "ab", &at);
  }
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped"));
  test_harness_free (t);
}

/* A stream that starts anew starts with the model that was set last, swapped or not. */
static void
test_restart (void)
{
  TestHarness *t = transcriber ();
  guint at = 0;

  say (t, "__ab", &at);
  g_object_set (t->element, "model-file", other, NULL);
  g_assert_cmpint (gst_element_set_state (t->element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (gst_element_set_state (t->element, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_SUCCESS);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  say (t, "_ab", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "xy");
  test_harness_free (t);
}

/* A model with other features and look-ahead: the caps change too. */
static void
test_other_shape (void)
{
  TestHarness *t = transcriber ();
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, NULL, wider, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|mno");
  test_expect_no_error (t);
  test_harness_free (t);
}

/* Without the bin: set on the first element it reaches all. */
static void
test_chain (void)
{
  TestHarness *t = start (make_chain ());
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, "f", wider, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|mno");
  test_harness_free (t);
}

static void
test_last_of_chain (void)
{
  TestHarness *t = start (make_chain ());
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, "c", other, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|xyz");
  test_harness_free (t);
}

static void
expect_kept (const gchar *path, const gchar *part)
{
  TestHarness *t = transcriber ();
  g_autoptr (GError) error = NULL;
  GstMessage *warning;
  guint at = 0;

  say (t, "__abc", &at);
  g_object_set (t->element, "model-file", path, NULL);
  warning = wait_for (t, GST_MESSAGE_WARNING, NULL, &at);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_true (g_strstr_len (error->message, -1, part) && g_strstr_len (error->message, -1, path));
  gst_message_unref (warning);
  say (t, "def", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_free (test_pull_text (t->unsynced));
  {
    g_autofree gchar *words = test_pull_words (t->h);

    g_assert_true (g_str_has_prefix (words, "abc") && g_str_has_suffix (words, "def"));
  }
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_missing (void)
{
  expect_kept ("/nowhere/none.safetensors", "No such file");
}

static void
test_other_rate (void)
{
  expect_kept (slow, "8000 Hz");
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  other = test_tone_model ("other", &(TestModel) { .letters = "xyzuvwst" });
  wider = test_tone_model ("wider", &(TestModel) { .letters = "mnopqrst", .stack = 2, .lookahead = 2 });
  slow = test_tone_model ("slow", &(TestModel) { .rate = 8000 });
  g_test_add_func ("/swap/bin", test_bin);
  g_test_add_func ("/swap/in-mid-utterance", test_in_mid_utterance);
  g_test_add_func ("/swap/restart", test_restart);
  g_test_add_func ("/swap/other-shape", test_other_shape);
  g_test_add_func ("/swap/chain", test_chain);
  g_test_add_func ("/swap/last-of-chain", test_last_of_chain);
  g_test_add_func ("/swap/missing", test_missing);
  g_test_add_func ("/swap/other-rate", test_other_rate);
  result = test_run ();
  g_free (model);
  g_free (other);
  g_free (wider);
  g_free (slow);
  return result;
}
