/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event table: what the four elements of the captioning chain do with gaps, jumps and silence, and to the latency.
 * The model looks 3 steps ahead. */
#include "kinds.h"
#include <math.h>
#include <string.h>

static gchar *model;

/* ---- gaps and jumps ---- */

static GstClockTime
sum_of_gaps (TestHarness *t)
{
  GstClockTime at, duration, sum = 0;
  GstEvent *event;

  while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
    gst_event_parse_gap (event, &at, &duration);
    sum += duration;
    gst_event_unref (event);
  }
  return sum;
}

static guint64
get_resets (TestHarness *t, const TestKind *kind)
{
  GstStructure *stats;
  guint64 resets = 0;

  if (g_str_equal (kind->name, "rnntranscriber"))
    return test_get_stat (t, "infer", "resets");
  g_object_get (t->element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, "resets", &resets);
  gst_structure_free (stats);
  return resets;
}

static void
test_gap_short (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);

  test_kind_say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_gap (300 * GST_MSECOND, 200 * GST_MSECOND));
  test_kind_say (t, kind, "cd_", 50);
  test_kind_end (t);
  if (kind->out)        /* steps come in its place */
    g_assert_cmpuint (sum_of_gaps (t), ==, 0);
  test_kind_expect (t, kind, "abcd");
  test_harness_free (t);
}

/* A gap that begins somewhere else is a jump, forwards or back. */
static void
test_gap_elsewhere (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  guint64 resets = get_resets (t, kind);

  test_kind_say (t, kind, "_ab", 500);
  gst_harness_push_event (t->h, gst_event_new_gap (10 * GST_SECOND, 100 * GST_MSECOND));
  test_kind_say (t, kind, "cd", 1010);
  gst_harness_push_event (t->h, gst_event_new_gap (1 * GST_SECOND, 100 * GST_MSECOND));
  test_kind_say (t, kind, "ef", 110);
  test_kind_end (t);
  test_kind_expect (t, kind, "ab|cd|ef");
  g_assert_cmpuint (get_resets (t, kind), >=, resets + 2);
  test_harness_free (t);
}

/* The same through all stages of a model whose windows are long: they do not take each other's gaps for jumps. */
static void
test_gap_stacked (void)
{
  g_autofree gchar *stacked = test_tone_model ("stacked", &(TestModel) { .stack = 6 });
  TestHarness *t = test_transcriber_new (stacked, NULL);
  guint64 resets = test_get_stat (t, "infer", "resets");

  test_say (t, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_gap (300 * GST_MSECOND, 200 * GST_MSECOND));
  g_assert_cmpuint (test_get_stat (t, "infer", "resets"), ==, resets);
  g_assert_cmpuint (test_get_stat (t, "ctcdec", "resets"), ==, test_get_stat (t, "features", "resets"));
  test_harness_free (t);
}

#define N_BANDS 23

/* The loudest of the upper half of the bands while a low tone sounds of which 20 ms are lost; they are told by a GAP event, or
 * zeros. */
static gfloat
loudest_click (gboolean gap)
{
  TestHarness *t = test_kind_start (&test_kinds[0], model);
  gfloat tone[3200], loudest = 0, bands[N_BANDS];
  GstBuffer *buffer;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tone); i++)
    tone[i] = 0.3f * sinf (2 * (gfloat) G_PI * 310 * i / TEST_RATE);
  if (!gap)
    memset (tone + 1600, 0, 320 * sizeof (gfloat));
  gst_harness_push (t->h, test_audio_buffer (tone, gap ? 1600 : 1920, 0));
  if (gap)
    gst_harness_push_event (t->h, gst_event_new_gap (100 * GST_MSECOND, 20 * GST_MSECOND));
  gst_harness_push (t->h, test_audio_buffer (tone + 1920, 3200 - 1920, 1920));
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 18);
  while ((buffer = gst_harness_try_pull (t->h))) {
    gst_buffer_extract (buffer, 0, bands, sizeof (bands));
    for (i = N_BANDS / 2; i < N_BANDS; i++)
      loudest = MAX (loudest, bands[i]);
    gst_buffer_unref (buffer);
  }
  test_harness_free (t);
  return loudest;
}

/* Sound that is cut off is a click in all bands; what is lost in mid-sound must be less of one: 1 / e^3 of its energy at most. */
static void
test_gap_click (void)
{
  g_assert_cmpfloat (loudest_click (TRUE), <, loudest_click (FALSE) - 3);
}

static void
test_gap_long (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;

  test_kind_say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_gap (300 * GST_MSECOND, 2 * GST_SECOND));
  g_assert_cmpuint (sum_of_gaps (t), >=, 2 * GST_SECOND);
  test_kind_expect (t, kind, "ab");
  test_kind_say (t, kind, "cd_", 230);
  test_kind_end (t);
  if (kind->out) {
    heard = test_kind_hear (t, kind, times);
    g_assert_cmpstr (heard, ==, "cd");
    g_assert_cmpuint (g_array_index (times, GstClockTime, 0), ==, 2300 * GST_MSECOND);
  } else {
    heard = test_pull_text (t->h);
    g_assert_true (g_str_has_prefix (heard, "2300-"));
    g_assert_true (g_str_has_suffix (heard, " cd\n"));
  }
  test_harness_free (t);
}

static void
test_discont (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);

  test_kind_say (t, kind, "_ab", 0);
  test_kind_say_at (t, kind, "cd_", 530, TRUE);
  test_kind_end (t);
  test_kind_expect (t, kind, "ab|cd");
  test_harness_free (t);
}

/* Less than alignment-threshold, flagged or not, is no jump. */
static void
test_discont_small (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);

  test_kind_say (t, kind, "_ab", 0);
  test_kind_say_at (t, kind, "cd_", 32, TRUE);
  test_kind_end (t);
  test_kind_expect (t, kind, "abcd");
  test_harness_free (t);
}

/* Without a flag a jump has to last for discont-wait. */
static void
test_discont_wait (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);

  g_object_set (t->element, "discont-wait", (guint64) 500 * GST_MSECOND, NULL);
  test_kind_say (t, kind, "_ab", 0);
  test_kind_say (t, kind, "cd_", 130);    /* lasts 300 ms, then all is well again */
  test_kind_say (t, kind, "ef_", 60);
  test_kind_expect (t, kind, kind->out ? "abcdef" : "");
  test_kind_say (t, kind, "ab_", 190);    /* lasts long enough: the stretch after 500 ms is on its own */
  test_kind_say (t, kind, "______cd_", 220);
  test_kind_end (t);
  test_kind_expect (t, kind, kind->out ? "abcd" : "abcdefab|cd");
  test_harness_free (t);
}

/* ---- silence and latency ---- */

/* Nobody who waits for text has to wait for longer than half a second. */
static void
test_silence (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  GstClockTime at, duration, until = 0, needs = kind->in || !g_getenv ("RNN_TEST_GATE") ? 60 : 300;     /* ms: model, detector */
  GstEvent *event;
  guint i;

  for (i = 0; i < 30; i++) {
    test_kind_say (t, kind, "_", 10 * i);
    while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
      gst_event_parse_gap (event, &at, &duration);
      g_assert_cmpuint (at, ==, until);
      g_assert_cmpuint (duration, <=, 500 * GST_MSECOND);
      until = at + duration;
      gst_event_unref (event);
    }
    g_assert_cmpuint ((10 * i + 10) * TEST_STEP - until, <=, (500 + needs) * GST_MSECOND);
  }
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 0);
  test_harness_free (t);
}

/* rnnfeatures adds its window, rnninfer its look-ahead, rnnctcdec what these leave of the property `latency`, the
 * transcriber the most of both; and what changes is announced. */
static void
test_latency (gconstpointer data)
{
  static const guint expected[TEST_N_KINDS][2] = { {25, 25}, {30, 30}, {445, 0}, {500, 55} };
  const TestKind *kind = data;
  const guint *ms = expected[kind - test_kinds];
  TestHarness *t = test_kind_start (kind, model);
  GstMessage *message = test_pop_message (t, GST_MESSAGE_LATENCY, NULL);

  g_assert_nonnull (message);
  gst_message_unref (message);
  gst_harness_set_upstream_latency (t->h, 7 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, (7 + ms[0]) * GST_MSECOND);
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (t->element), "latency"))
    g_object_set (t->element, "latency", 50, NULL);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, (7 + ms[1]) * GST_MSECOND);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  static const TestKindTest tests[] = {
    {"gap/short", test_gap_short}, {"gap/long", test_gap_long}, {"gap/elsewhere", test_gap_elsewhere},
    {"silence", test_silence, TEST_TEXT_OUT},
    {"discont", test_discont}, {"discont/small", test_discont_small}, {"discont/wait", test_discont_wait},
    {"latency", test_latency},
  };
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .lookahead = 3 });
  g_test_add_func ("/rnntranscriber/gap/stacked", test_gap_stacked);
  g_test_add_func ("/rnnfeatures/gap/click", test_gap_click);
  result = test_kinds_run (tests, G_N_ELEMENTS (tests));
  g_free (model);
  return result;
}
