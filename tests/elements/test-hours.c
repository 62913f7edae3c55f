/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An hour of sound, as fast as it goes: the memory in use stays where it was after some minutes. */
#include "common.h"
#include <malloc.h>

static gchar *model;

/* @letters of a babble with pauses; whatever comes out is thrown away, or the test would keep it. */
static void
listen (TestHarness *t, const GArray *babble, guint from, guint n)
{
  GstMessage *message;
  guint i, at;

  for (i = from; i < from + n; i++) {
    at = i * 10 * TEST_LETTER % babble->len;
    g_assert_cmpint (gst_harness_push (t->h, test_audio_buffer (&g_array_index (babble, gfloat, at), 10 * TEST_LETTER,
                (guint64) i * 10 * TEST_LETTER)), ==, GST_FLOW_OK);
    g_free (test_pull_text (t->h));
    g_free (test_pull_text (t->unsynced));
    while ((message = test_pop_message (t, GST_MESSAGE_ANY, NULL)))
      gst_message_unref (message);
    gst_event_replace (&(GstEvent *) { test_pull_event (t->h, GST_EVENT_UNKNOWN) }, NULL);
    gst_event_replace (&(GstEvent *) { test_pull_event (t->unsynced, GST_EVENT_UNKNOWN) }, NULL);
  }
}

static void
test_hour (void)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);
  g_autoptr (GArray) babble = test_speak ("_abc de fgh ab" "_______________" "cdefgh ab e___h__a_____________");
  struct mallinfo2 before, after;
  TestHarness *t;

  g_object_set (element, "model-file", model, "partial-interval", 500, "output-mode", 1, "columns", 10, NULL);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  listen (t, babble, 0, 300);
  before = mallinfo2 ();
  listen (t, babble, 300, 3300);
  after = mallinfo2 ();
  g_test_message ("%zu bytes in use after five minutes, %zu after an hour", before.uordblks, after.uordblks);
  g_assert_cmpuint (after.uordblks, <, before.uordblks + 64 * 1024);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .stack = 3 });
  g_test_add_func ("/hours/memory", test_hour);
  result = test_run ();
  g_free (model);
  return result;
}
