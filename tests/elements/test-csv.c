/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncsvparse and rnncsvenc: times become PTS, holes GAPs; events of a stream; and what is written is what was read. */
#include "common.h"
#include <math.h>
#include <string.h>

#define HOUR (3600 * GST_SECOND)

static TestHarness *
csv_new (const gchar *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *element = strchr (description, '!') ? gst_parse_bin_from_description (description, TRUE, &error)
      : gst_parse_launch (description, &error);
  TestHarness *t;

  g_assert_no_error (error);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, "text/csv");
  return t;
}

static GstFlowReturn
push_text (TestHarness *t, const gchar *text, gsize piece)
{
  GstFlowReturn flow = GST_FLOW_OK;

  for (gsize at = 0, n = strlen (text); at < n && flow == GST_FLOW_OK; at += piece)
    flow = gst_harness_push (t->h, gst_buffer_new_memdup (text + at, MIN (piece, n - at)));
  return flow;
}

/* All that came out: "pts+duration: values" in ms, "gap pts+duration", "segment base", "title" */
static gchar *
drain (TestHarness *t)
{
  GString *all = g_string_new (NULL);
  GstBuffer *buffer;
  GstEvent *event;
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();

  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;

    g_string_append_printf (all, "%g+%g:", GST_BUFFER_PTS (buffer) / 1e6, GST_BUFFER_DURATION (buffer) / 1e6);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    for (gsize i = 0; i < map.size / sizeof (gfloat); i++)
      g_string_append_printf (all, " %g", (gdouble) ((gfloat *) (gpointer) map.data)[i]);
    g_string_append_c (all, '\n');
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  while ((event = gst_harness_try_pull_event (t->h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      GstClockTime start, duration;

      gst_event_parse_gap (event, &start, &duration);
      g_string_append_printf (all, "gap %g+%g\n", start / 1e6, duration / 1e6);
    } else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
      const GstSegment *segment;

      gst_event_parse_segment (event, &segment);
      g_string_append_printf (all, "segment %g\n", segment->base / 1e6);
    } else if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
      g_autofree gchar *title = NULL;
      GstTagList *tags;
      gchar *pair;

      gst_event_parse_tag (event, &tags);
      gst_tag_list_get_string (tags, GST_TAG_TITLE, &title);
      g_string_append_printf (all, "title %s\n", title);
      for (guint i = 0; gst_tag_list_get_string_index (tags, GST_TAG_EXTENDED_COMMENT, i, &pair); i++) {
        g_string_append_printf (all, "category %s\n", pair);
        g_free (pair);
      }
    }
    gst_event_unref (event);
  }
  return g_string_free (all, FALSE);
}

static void
check (const gchar *description, const gchar *text, const gchar *expected)
{
  for (gsize piece = 1; piece < 400; piece = piece * 3 + 1) {
    TestHarness *t = csv_new (description);
    g_autofree gchar *got = NULL;

    g_assert_cmpint (push_text (t, text, piece), ==, GST_FLOW_OK);
    g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
    got = drain (t);
    g_assert_cmpstr (got, ==, expected);
    test_expect_no_error (t);
    test_harness_free (t);
  }
}

static void
test_rows (void)
{
  check ("rnncsvparse", "date,a,b\n2020-01-01 00:00,1,2\n2020-01-01 01:00,3,\n2020-01-01 02:00,5,6\n",
      "0+3.6e+06: 1 2\n3.6e+06+3.6e+06: 3 nan\n7.2e+06+3.6e+06: 5 6\nsegment 0\n");
  check ("rnncsvparse columns=b", "a;b\r\n1;2\r\n3;4", "0+1000: 2\n1000+1000: 4\nsegment 0\n");
  check ("rnncsvparse step=10ms decimal-comma=true header=false", "1,5\n2,5\n", "0+10: 1.5\n10+10: 2.5\nsegment 0\n");
}

/* What is said of a whole series are tags; what changes within one is refused. */
static void
test_categories (void)
{
  TestHarness *t = csv_new ("rnncsvparse category-columns=shop");

  check ("rnncsvparse id-column=id category-columns=shop,id", "id,ds,y,shop\na,1,5,Paris\na,2,6,Paris\nb,1,7,Rome\nb,2,8,Rome\n",
      "0+1000: 5\n1000+1000: 6\n0+1000: 7\n1000+1000: 8\nsegment 0\ntitle a\ncategory shop=Paris\ncategory id=a\n"
      "segment 2000\ntitle b\ncategory shop=Rome\ncategory id=b\n");
  push_text (t, "ds,y,shop\n1,5,Paris\n2,6,Rome\n", 1000);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, ":3: column shop: \"Rome\", but \"Paris\"");
  test_harness_free (t);
}

/* A step that is not there, and one without a value, are gaps. */
static void
test_gaps (void)
{
  check ("rnncsvparse", "ds,y\n2020-01-01,1\n2020-01-02,2\n2020-01-04,4\n2020-01-05,\n2020-01-06,6\n",
      "0+8.64e+07: 1\n8.64e+07+8.64e+07: 2\n2.592e+08+8.64e+07: 4\n4.32e+08+8.64e+07: 6\n"
      "segment 0\ngap 1.728e+08+8.64e+07\ngap 3.456e+08+8.64e+07\n");
}

static void
test_months (void)
{
  check ("rnncsvparse", "ds,y\n2020-01-31,1\n2020-02-29,2\n2020-03-31,3\n",
      "0+2.5056e+09: 1\n2.5056e+09+2.6784e+09: 2\n5.184e+09+2.592e+09: 3\nsegment 0\n");
}

static void
test_ids (void)
{
  check ("rnncsvparse id-column=id", "id,ds,y\na,2020-01-01,1\na,2020-01-02,2\nb,2020-01-01,9\n",
      "0+8.64e+07: 1\n8.64e+07+8.64e+07: 2\n0+8.64e+07: 9\nsegment 0\ntitle a\nsegment 1.728e+08\ntitle b\n");
}

static void
test_sort (void)
{
  check ("rnncsvparse sort=2", "ds,y\n2020-01-02,2\n2020-01-01,1\n2020-01-04,4\n2020-01-03,9\n2020-01-03,3\n2020-01-05,5\n",
      "0+8.64e+07: 1\n8.64e+07+8.64e+07: 2\n1.728e+08+8.64e+07: 3\n2.592e+08+8.64e+07: 4\n3.456e+08+8.64e+07: 5\n"
      "segment 0\n");
}

static void
test_caps (void)
{
  TestHarness *t = csv_new ("rnncsvparse");
  g_autoptr (GstCaps) expected = gst_caps_from_string ("other/tensors, format=(string)static, num_tensors=(int)1, "
      "types=(string)float32, dimensions=(string)2:1, framerate=(fraction)1/3600, rnn-kind=(string)series, "
      "rnn-step=(string)1h, rnn-start=(string)2020-01-01T00:00:00Z, rnn-columns=(string)\"a,b\"");
  g_autoptr (GstCaps) caps = NULL;

  push_text (t, "date,a,b\n2020-01-01 00:00,1,2\n2020-01-01 01:00,3,4\n", 1000);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  caps = gst_pad_get_current_caps (GST_PAD_PEER (t->h->sinkpad));
  g_assert_true (gst_caps_is_equal (caps, expected));
  test_harness_free (t);
}

/* What comes before the fault is not lost, and the message says where it is. */
static void
test_errors (void)
{
  static const struct {
    const gchar *description, *text, *message;
    guint before;
  } cases[] = {
    { "rnncsvparse", "ds,y\n2020-01-01,1\n2020-01-02,x\n", "the table:3: column y: \"x\" is no number", 1 },
    { "rnncsvparse", "ds,y\n2020-01-01,1\n2020-01-02,2,3\n", "the table:3: 3 fields, but 2 columns", 1 },
    { "rnncsvparse step=1d", "ds,y\n2020-01-02,1\n2020-01-03,1\n2020-01-01,2\n", "is before the row above", 2 },
    { "rnncsvparse step=1d", "ds,y\n2020-01-02,1\n2020-01-02T12:00,1\n", "is no whole number of steps of 1d", 1 },
    { "rnncsvparse", "", "there are no rows of values", 0 },
    { "rnncsvparse", "\x89PNG\r\n\x1a\nab,c\n", "is not UTF-8 text", 0 },
    { "rnncsvparse id-column=id", "id,y\na,1\nb,1\na,2\n", "series \"a\" goes on after another", 2 },
    { "rnncsvparse step=nonsense", "y\n1\n", "\"nonsense\" is no time step", 0 },
    { "rnncsvparse columns=z", "y\n1\n", "there is no column \"z\"", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    TestHarness *t = csv_new (cases[i].description);

    push_text (t, cases[i].text, 1000);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, cases[i].before);
    test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, cases[i].message);
    test_harness_free (t);
  }
}

/* After a flush a table begins anew, header and all. */
static void
test_flush (void)
{
  TestHarness *t = csv_new ("rnncsvparse step=1s");
  GstSegment segment;
  g_autofree gchar *before = NULL, *after = NULL;

  push_text (t, "y\n1\n2\nhalf a li", 1000);
  before = drain (t);
  g_assert_cmpstr (before, ==, "0+1000: 1\n1000+1000: 2\nsegment 0\n");
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  push_text (t, "y\n7\n", 1000);
  after = drain (t);
  g_assert_cmpstr (after, ==, "0+1000: 7\nsegment 0\n");
  test_expect_no_error (t);
  test_harness_free (t);
}

/* A row leaves with the buffer that ends it, once the step is known. */
static void
test_live (void)
{
  TestHarness *t = csv_new ("rnncsvparse step=1s");

  push_text (t, "y\n1\n2", 1000);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 1);
  push_text (t, "\n", 1);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 2);
  test_harness_free (t);
}

/* ---- rnncsvenc ---- */

static gchar *
encode (const gchar *description, const gchar *caps, const gfloat *values, guint n, guint per_buffer)
{
  g_autoptr (GError) error = NULL;
  GstElement *element = gst_parse_launch (description, &error);
  TestHarness *t = test_harness_new (element);
  GString *all = g_string_new (NULL);
  GstBuffer *buffer;

  g_assert_no_error (error);
  gst_harness_set_src_caps_str (t->h, caps);
  for (guint i = 0; i + per_buffer <= n; i += per_buffer) {
    buffer = gst_buffer_new_memdup (values + i, per_buffer * sizeof (gfloat));
    GST_BUFFER_PTS (buffer) = i / per_buffer * HOUR;
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_string_append_len (all, (gchar *) map.data, (gssize) map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  test_harness_free (t);
  return g_string_free (all, FALSE);
}

#define TENSORS "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, "

static void
test_encode (void)
{
  const gfloat values[] = { 1, 2.5, NAN, -1e-7f };
  g_autofree gchar *dated = encode ("rnncsvenc", TENSORS "dimensions=(string)2:1, framerate=(fraction)1/3600, "
      "rnn-start=(string)2020-01-01, rnn-columns=(string)\"a,b\"", values, 4, 2);
  g_autofree gchar *plain = encode ("rnncsvenc decimal-comma=true", TENSORS
      "dimensions=(string)1:1, framerate=(fraction)0/1", values, 2, 1);
  g_autofree gchar *forecast = encode ("rnncsvenc", TENSORS "dimensions=(string)1:2, framerate=(fraction)1/3600",
      values, 4, 2);
  g_autofree gchar *audio = encode ("rnncsvenc", "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, "
      "rate=(int)10, channels=(int)1", values, 2, 2);
  g_autofree gchar *nothing = encode ("rnncsvenc", TENSORS "dimensions=(string)1:1, framerate=(fraction)0/1", values, 0, 1);

  g_assert_cmpstr (dated, ==, "time,a,b\n2020-01-01T00:00:00Z,1,2.5\n2020-01-01T01:00:00Z,,-1e-07\n");
  g_assert_cmpstr (plain, ==, "time;value1\n0;1\n3600;2,5\n");
  g_assert_cmpstr (forecast, ==, "time,horizon,value1\n0,1,1\n3600,2,2.5\n3600,1,\n7200,2,-1e-07\n");
  g_assert_cmpstr (audio, ==, "time,value1\n0,1\n0.100000000,2.5\n");
  g_assert_cmpstr (nothing, ==, "time,value1\n");
}

/* Through both elements: times, columns, holes and every bit of the values come back. */
static void
test_round_trip (void)
{
  static const gchar table[] = "time,a,b\n2020-01-30T00:00:00Z,0.1,1e+10\n2020-01-31T00:00:00Z,,3.1415927\n"
      "2020-02-03T00:00:00Z,-2,1.1754944e-38\n";

  for (gsize piece = 1; piece < 200; piece += 50) {
    TestHarness *t = csv_new ("rnncsvparse step=1d ! rnncsvenc");
    g_autoptr (GstBuffer) all = gst_buffer_new ();
    GstBuffer *buffer;

    push_text (t, table, piece);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    while ((buffer = gst_harness_try_pull (t->h)))
      all = gst_buffer_append (all, buffer);
    g_assert_cmpint (gst_buffer_memcmp (all, 0, table, strlen (table)), ==, 0);
    g_assert_cmpuint (gst_buffer_get_size (all), ==, strlen (table));
    test_harness_free (t);
  }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/csv/parse/rows", test_rows);
  g_test_add_func ("/csv/categories", test_categories);
  g_test_add_func ("/csv/parse/gaps", test_gaps);
  g_test_add_func ("/csv/parse/months", test_months);
  g_test_add_func ("/csv/parse/ids", test_ids);
  g_test_add_func ("/csv/parse/sort", test_sort);
  g_test_add_func ("/csv/parse/caps", test_caps);
  g_test_add_func ("/csv/parse/errors", test_errors);
  g_test_add_func ("/csv/parse/flush", test_flush);
  g_test_add_func ("/csv/parse/live", test_live);
  g_test_add_func ("/csv/encode", test_encode);
  g_test_add_func ("/csv/round-trip", test_round_trip);
  return test_run ();
}
