/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event table: what the four elements of the captioning chain do on EOS, flushes, segments, gaps, jumps, changes of
 * caps and the LATENCY query.  Each is fed its own kind of input that says the same, and what comes out is read back as
 * text, so that one test serves all.  The model looks 3 steps ahead. */
#include "common.h"
#include <string.h>

#define LOOKAHEAD 3
#define N_MELS 23
#define N_TOKENS 10
#define STEP (10 * GST_MSECOND)

typedef struct {
  const gchar *name, *caps, *other_caps;
  gint in, out;                 /* floats per frame; 0: audio in, text out */
} Kind;

static const Kind kinds[] = {
  {"rnnfeatures", TEST_AUDIO_CAPS, "audio/x-raw, format=F32LE, layout=interleaved, rate=8000, channels=1", 0, N_MELS},
  {"rnninfer", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)23:1, framerate=100/1",
        "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)24:1, framerate=100/1",
      N_MELS, N_TOKENS},
  {"rnnctcdec", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)10:1:1:1, "
        "framerate=100/1", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)10:2, "
        "framerate=100/1", N_TOKENS, 0},
  {"rnntranscriber", TEST_AUDIO_CAPS, "audio/x-raw, format=F32LE, layout=interleaved, rate=8000, channels=1", 0, 0},
};

static gchar *model;

/* ---- saying and hearing ---- */

static TestHarness *
start (const Kind *kind)
{
  GstElement *element = gst_element_factory_make (kind->name, NULL);
  TestHarness *t;

  g_object_set (element, "model-file", model, NULL);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, kind->caps);
  return t;
}

/* One frame for a letter's tone, or for silence: energies of the mel bands, or scores of the tokens */
static GstBuffer *
make_frame (const Kind *kind, gint letter, guint64 step)
{
  gfloat frame[N_MELS] = { 0, };
  GstBuffer *buffer;

  if (kind->in == N_MELS && letter >= 0)
    frame[2 + 2 * letter] = 25;
  else if (kind->in == N_TOKENS)
    frame[letter + 1] = 10;
  buffer = gst_buffer_new_memdup (frame, kind->in * sizeof (gfloat));
  GST_BUFFER_PTS (buffer) = step * STEP;
  GST_BUFFER_DURATION (buffer) = STEP;
  return buffer;
}

/* The buffers that say @text from step @first on; the first is flagged DISCONT if asked for. */
static GstFlowReturn
say_at (TestHarness *t, const Kind *kind, const gchar *text, guint64 first, gboolean discont)
{
  g_autoptr (GArray) samples = test_speak (text);
  GstFlowReturn ret = GST_FLOW_OK;
  guint i, n = 10 * strlen (text);

  for (i = 0; i < n && ret == GST_FLOW_OK; i++) {
    const gchar *letter = strchr (TEST_LETTERS, text[i / 10]);
    GstBuffer *buffer = kind->in ? make_frame (kind, letter && i % 10 < 6 ? letter - TEST_LETTERS : -1, first + i) :
        test_audio_buffer (&g_array_index (samples, gfloat, i * TEST_HOP), TEST_HOP, (first + i) * TEST_HOP);

    if (discont && i == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    ret = gst_harness_push (t->h, buffer);
  }
  return ret;
}

static GstFlowReturn
say (TestHarness *t, const Kind *kind, const gchar *text, guint64 first)
{
  return say_at (t, kind, text, first, FALSE);
}

static gint
best (const gfloat *x, gint n)
{
  gint i, b = 0;

  for (i = 1; i < n; i++)
    b = x[i] > x[b] ? i : b;
  return b;
}

/* The letter that a frame is about, or -1 */
static gint
read_frame (const Kind *kind, const gfloat *frame)
{
  gfloat scores[N_TOKENS] = { 19, };
  gint k;

  if (kind->out != N_MELS)
    return best (frame, N_TOKENS) - 1;
  for (k = 0; k < N_TOKENS - 1; k++)
    scores[k + 1] = frame[2 + 2 * k];
  return best (scores, N_TOKENS) - 1;
}

/* Frames as text; @times (may be NULL) gets the PTS of each. */
static gchar *
hear_frames (TestHarness *t, const Kind *kind, GArray *times)
{
  GString *text = g_string_new (NULL);
  GstBuffer *buffer;
  gint last = -1;

  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;
    gint letter;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_assert_cmpuint (map.size, ==, kind->out * sizeof (gfloat));
    letter = read_frame (kind, (const gfloat *) map.data);
    gst_buffer_unmap (buffer, &map);
    if (letter >= 0 && letter != last)
      g_string_append_c (text, TEST_LETTERS[letter]);
    last = letter;
    if (times)
      g_array_append_val (times, GST_BUFFER_PTS (buffer));
    gst_buffer_unref (buffer);
  }
  return g_string_free (text, FALSE);
}

/* Everything that has come out says @expected; words of captions are divided by '|'. */
static void
expect (TestHarness *t, const Kind *kind, const gchar *expected)
{
  g_autofree gchar *heard = kind->out ? hear_frames (t, kind, NULL) : test_pull_words (t->h);
  g_auto (GStrv) parts = g_strsplit (expected, "|", -1);
  g_autofree gchar *joined = g_strjoinv (kind->out ? "" : "|", parts);

  g_assert_cmpstr (heard, ==, joined);
}

static void
end (TestHarness *t)
{
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
}

/* ---- EOS ---- */

static void
test_eos (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  GstEvent *event, *last = NULL;
  GstClockTime at, duration, until = 0;

  say (t, kind, "_ab", 0);
  end (t);
  expect (t, kind, "ab");
  while ((event = gst_harness_try_pull_event (t->h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      gst_event_parse_gap (event, &at, &duration);
      until = at + duration;
    }
    g_clear_pointer (&last, gst_event_unref);
    last = event;
  }
  g_assert_cmpint (GST_EVENT_TYPE (last), ==, GST_EVENT_EOS);
  gst_event_unref (last);
  if (!kind->out)
    g_assert_cmpuint (until, >=, 280 * GST_MSECOND);    /* the last window ends 20 ms before the stream */
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_eos_counts (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;
  guint i;

  say (t, kind, "_ab_", 0);
  end (t);
  heard = hear_frames (t, kind, times);
  g_assert_cmpuint (times->len, ==, kind->in ? 40 : 38);        /* every step has its answer, at its own time */
  for (i = 0; i < times->len; i++)
    g_assert_cmpuint (g_array_index (times, GstClockTime, i), ==, i * STEP);
  test_harness_free (t);
}

static void
test_eos_without_data (gconstpointer data)
{
  TestHarness *t = start (data);
  GstEvent *event;

  end (t);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 0);
  event = test_pull_event (t->h, GST_EVENT_EOS);
  g_assert_nonnull (event);
  gst_event_unref (event);
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_eos_before_caps (gconstpointer data)
{
  const Kind *kind = data;
  GstElement *element = gst_element_factory_make (kind->name, NULL);
  TestHarness *t;
  GstEvent *event;

  g_object_set (element, "model-file", model, NULL);
  t = test_harness_new (element);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_stream_start ("test")));
  end (t);
  event = test_pull_event (t->h, GST_EVENT_EOS);
  g_assert_nonnull (event);
  gst_event_unref (event);
  test_harness_free (t);
}

/* ---- flush ---- */

static void
push_segment (TestHarness *t, GstFormat format, gdouble rate, GstClockTime from, GstClockTime base, guint32 seqnum)
{
  GstSegment segment;
  GstEvent *event;

  gst_segment_init (&segment, format);
  segment.rate = rate;
  segment.start = segment.time = segment.position = from;
  segment.base = base;
  event = gst_event_new_segment (&segment);
  gst_event_set_seqnum (event, seqnum);
  gst_harness_push_event (t->h, event);
}

static void
test_flush (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;

  say (t, kind, "_ab", 0);      /* in mid-word */
  heard = kind->out ? hear_frames (t, kind, NULL) : test_pull_words (t->h);
  g_assert_cmpstr (heard, ==, kind->out ? "ab" : "");
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE)));
  push_segment (t, GST_FORMAT_TIME, 1, 0, 0, gst_util_seqnum_next ());
  say (t, kind, "cd_", 0);
  end (t);
  if (kind->out) {
    g_free (heard);
    heard = hear_frames (t, kind, times);
    g_assert_cmpuint (g_array_index (times, GstClockTime, 0), ==, 0);
    g_assert_cmpstr (heard, ==, "cd");
  } else {
    expect (t, kind, "cd");
  }
  test_expect_no_error (t);
  test_harness_free (t);
}

/* ---- segments ---- */

static void
test_segment_backwards (gconstpointer data)
{
  TestHarness *t = start (data);

  push_segment (t, GST_FORMAT_TIME, -1, 0, 0, gst_util_seqnum_next ());
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "forward");
  test_harness_free (t);
}

static void
test_segment_not_time (gconstpointer data)
{
  TestHarness *t = start (data);

  push_segment (t, GST_FORMAT_BYTES, 1, 0, 0, gst_util_seqnum_next ());
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "time");
  test_harness_free (t);
}

static void
test_segment_elsewhere (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  guint32 seqnum = gst_util_seqnum_next ();
  GstEvent *event, *next;
  const GstSegment *segment;

  say (t, kind, "_ab", 0);
  push_segment (t, GST_FORMAT_TIME, 1, 10 * GST_SECOND, 300 * GST_MSECOND, seqnum);
  say (t, kind, "cd_", 1000);
  end (t);
  expect (t, kind, "ab|cd");
  event = test_pull_event (t->h, GST_EVENT_SEGMENT);
  while ((next = test_pull_event (t->h, GST_EVENT_SEGMENT))) {
    gst_event_unref (event);
    event = next;
  }
  gst_event_parse_segment (event, &segment);
  g_assert_cmpint (segment->format, ==, GST_FORMAT_TIME);
  g_assert_cmpuint (segment->start, ==, 10 * GST_SECOND);
  g_assert_cmpuint (gst_event_get_seqnum (event), ==, seqnum);
  gst_event_unref (event);
  test_harness_free (t);
}

static void
test_segment_continues (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);

  say (t, kind, "_ab", 0);
  push_segment (t, GST_FORMAT_TIME, 1, 300 * GST_MSECOND, 300 * GST_MSECOND, gst_util_seqnum_next ());
  say (t, kind, "cd_", 30);
  end (t);
  expect (t, kind, "abcd");
  test_harness_free (t);
}

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

static void
test_gap_short (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);

  say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_gap (300 * GST_MSECOND, 200 * GST_MSECOND));
  say (t, kind, "cd_", 50);
  end (t);
  if (kind->out)
    g_assert_cmpuint (sum_of_gaps (t), ==, 200 * GST_MSECOND);
  expect (t, kind, "abcd");
  test_harness_free (t);
}

static void
test_gap_long (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;

  say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_gap (300 * GST_MSECOND, 2 * GST_SECOND));
  g_assert_cmpuint (sum_of_gaps (t), >=, 2 * GST_SECOND);
  expect (t, kind, "ab");
  say (t, kind, "cd_", 230);
  end (t);
  if (kind->out) {
    heard = hear_frames (t, kind, times);
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
  const Kind *kind = data;
  TestHarness *t = start (kind);

  say (t, kind, "_ab", 0);
  say_at (t, kind, "cd_", 530, TRUE);
  end (t);
  expect (t, kind, "ab|cd");
  test_harness_free (t);
}

/* Less than alignment-threshold, flagged or not, is no jump. */
static void
test_discont_small (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);

  say (t, kind, "_ab", 0);
  say_at (t, kind, "cd_", 32, TRUE);
  end (t);
  expect (t, kind, "abcd");
  test_harness_free (t);
}

/* Without a flag a jump has to last for discont-wait. */
static void
test_discont_wait (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);

  g_object_set (t->element, "discont-wait", (guint64) 500 * GST_MSECOND, NULL);
  say (t, kind, "_ab", 0);
  say (t, kind, "cd_", 130);    /* lasts 300 ms, then all is well again */
  say (t, kind, "ef_", 60);
  expect (t, kind, kind->out ? "abcdef" : "");
  say (t, kind, "ab_", 190);    /* lasts long enough: the stretch after 500 ms is on its own */
  say (t, kind, "______cd_", 220);
  end (t);
  expect (t, kind, kind->out ? "abcd" : "abcdefab|cd");
  test_harness_free (t);
}

/* ---- caps ---- */

/* Windows and steps end with the old caps; to a decoder behind them the stream goes on. */
static void
test_caps_change (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GArray) samples = test_speak ("cd_");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, samples->len * 2, NULL);
  GstMapInfo map;
  guint i;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (i = 0; i < samples->len; i++)
    ((gint16 *) map.data)[i] = 32767 * g_array_index (samples, gfloat, i);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 300 * GST_MSECOND;

  say (t, kind, "_ab", 0);
  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=S16LE, layout=interleaved, rate=16000, channels=1");
  g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  end (t);
  expect (t, kind, "abcd");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_caps_refused (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GstCaps) caps = gst_caps_from_string (kind->other_caps);

  say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_caps (caps));
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, kind->in ? "need" :
      "audioconvert ! audioresample");
  g_assert_cmpint (say (t, kind, "c", 30), ==, GST_FLOW_NOT_NEGOTIATED);
  test_harness_free (t);
}

/* ---- odd buffers ---- */

static void
test_empty_buffer (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  GstBuffer *buffer = gst_buffer_new ();

  say (t, kind, "_ab", 0);
  GST_BUFFER_PTS (buffer) = 300 * GST_MSECOND;
  g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  say (t, kind, "cd_", 30);
  end (t);
  expect (t, kind, "abcd");
  test_harness_free (t);
}

static void
test_read_only (gconstpointer data)
{
  const Kind *kind = data;
  TestHarness *t = start (kind);
  g_autoptr (GArray) samples = test_speak ("_ab_");
  GstBuffer *buffer;
  gsize size;

  if (kind->in) {
    buffer = make_frame (kind, 0, 0);
    GST_MINI_OBJECT_FLAG_SET (gst_buffer_peek_memory (buffer, 0), GST_MEMORY_FLAG_READONLY);
  } else {
    size = samples->len * sizeof (gfloat);
    buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, samples->data, size, 0, size, NULL, NULL);
    GST_BUFFER_PTS (buffer) = 0;
  }
  g_assert_cmpint (gst_harness_push (t->h, gst_buffer_ref (buffer)), ==, GST_FLOW_OK);
  end (t);
  expect (t, kind, kind->in ? "a" : "ab");
  gst_buffer_unref (buffer);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *name;
    GTestDataFunc func;
    gint only;                  /* 0: all; 1: with frames out; 2: with audio in */
  } tests[] = {
    {"eos", test_eos}, {"eos/counts", test_eos_counts, 1}, {"eos/without-data", test_eos_without_data},
    {"eos/before-caps", test_eos_before_caps}, {"flush", test_flush}, {"segment/backwards", test_segment_backwards},
    {"segment/not-time", test_segment_not_time}, {"segment/elsewhere", test_segment_elsewhere},
    {"segment/continues", test_segment_continues}, {"gap/short", test_gap_short}, {"gap/long", test_gap_long},
    {"discont", test_discont}, {"discont/small", test_discont_small}, {"discont/wait", test_discont_wait},
    {"caps/change", test_caps_change, 2}, {"caps/refused", test_caps_refused}, {"buffer/empty", test_empty_buffer},
    {"buffer/read-only", test_read_only},
  };
  guint i, j;
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .lookahead = LOOKAHEAD });
  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    for (j = 0; j < G_N_ELEMENTS (tests); j++) {
      g_autofree gchar *path = g_strdup_printf ("/%s/%s", kinds[i].name, tests[j].name);

      if (tests[j].only == 0 || (tests[j].only == 1 ? kinds[i].out != 0 : kinds[i].in == 0))
        g_test_add_data_func (path, &kinds[i], tests[j].func);
    }
  }
  result = test_run ();
  g_free (model);
  return result;
}
