/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnndenoise with a model that halves each spectrum: samples and times that leave, strength, latency, other rates than the model's, and the
 * event table. */
#include "common.h"
#include <math.h>
#include <string.h>

#define BINS 65                 /* windows of 128 samples, 64 apart */

static gchar *model;
static GArray *sound;

static gchar *
write_model (void)
{
  static const gchar recipe[] = "{\"format\": 1, \"name\": \"half\", \"input\": {\"kind\": \"tensors\", \"size\": 130},"
      "\"layers\": [{\"cell\": \"dense\", \"name\": \"out\", \"units\": 130}], \"output\": {\"kind\": \"raw\"}}";
  g_autofree gchar *json = g_build_filename (test_dir (), "half.json", NULL);
  gchar *path = g_build_filename (test_dir (), "half.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) half = NULL;
  gfloat *weight;
  gsize n;

  g_assert_true (g_file_set_contents (json, recipe, -1, NULL));
  half = rnn_model_load (json, &error);
  g_assert_no_error (error);
  weight = rnn_model_get_weight (half, "out.weight", &n);
  memset (weight, 0, n * sizeof (gfloat));
  for (guint i = 0; i < 2 * BINS; i++)
    weight[i * 2 * BINS + i] = 0.5f;
  memset (rnn_model_get_weight (half, "out.bias", &n), 0, 2 * BINS * sizeof (gfloat));
  rnn_model_pack (half, FALSE);
  g_assert_true (rnn_model_save (half, path, &error));
  return path;
}

static TestHarness *
start (gfloat strength, const gchar *caps)
{
  GstElement *element = gst_element_factory_make ("rnndenoise", NULL);
  TestHarness *t;

  g_object_set (element, "model-file", model, "strength", strength, NULL);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, caps);
  return t;
}

/* All samples that have come out; they follow each other from @first on. (transfer full) */
static GArray *
pull (TestHarness *t, guint64 first)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (gfloat));
  GstBuffer *buffer;
  GstMapInfo map;

  while ((buffer = gst_harness_try_pull (t->h))) {
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, gst_util_uint64_scale (first + all->len, GST_SECOND, TEST_RATE));
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_array_append_vals (all, map.data, (guint) (map.size / sizeof (gfloat)));
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return all;
}

static void
expect (const GArray *out, guint first, gfloat gain)
{
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpfloat (fabsf (g_array_index (out, gfloat, i) - gain * g_array_index (sound, gfloat, first + i)), <, 1e-5);
}

static void
test_sound (void)
{
  static const guint sizes[] = { 1, 100, 1600, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    TestHarness *t = start (1, TEST_AUDIO_CAPS);
    g_autoptr (GArray) out = NULL;

    test_push_audio (t, sound, sizes[i], 0);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    out = pull (t, 0);
    g_assert_cmpuint (out->len, ==, sound->len);
    expect (out, 0, 0.5f);
    test_harness_free (t);
  }
}

static void
test_pass_through (void)
{
  TestHarness *t = start (0, TEST_AUDIO_CAPS);
  g_autoptr (GArray) out = NULL;

  test_push_audio (t, sound, 999, 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  out = pull (t, 0);
  g_assert_cmpuint (out->len, ==, sound->len);
  g_assert_cmpint (memcmp (out->data, sound->data, sound->len * sizeof (gfloat)), ==, 0);
  test_harness_free (t);
}

/* Every number of 16 bits comes back. */
static void
test_pass_through_s16 (void)
{
  TestHarness *t = start (0, "audio/x-raw, format=S16LE, layout=interleaved, rate=16000, channels=1");
  GstBuffer *in = gst_buffer_new_allocate (NULL, 65536 * 2, NULL), *out;
  gsize at = 0;
  GstMapInfo map;

  gst_buffer_map (in, &map, GST_MAP_WRITE);
  for (gint i = 0; i < 65536; i++)
    ((gint16 *) map.data)[i] = (gint16) (i - 32768);
  gst_buffer_unmap (in, &map);
  GST_BUFFER_PTS (in) = 0;
  gst_harness_push (t->h, gst_buffer_ref (in));
  gst_harness_push_event (t->h, gst_event_new_eos ());
  gst_buffer_map (in, &map, GST_MAP_READ);
  while ((out = gst_harness_try_pull (t->h))) {
    g_assert_cmpint (gst_buffer_memcmp (out, 0, map.data + at, gst_buffer_get_size (out)), ==, 0);
    at += gst_buffer_get_size (out);
    gst_buffer_unref (out);
  }
  g_assert_cmpuint (at, ==, map.size);
  gst_buffer_unmap (in, &map);
  gst_buffer_unref (in);
  test_harness_free (t);
}

static void
test_latency (void)
{
  TestHarness *t = start (1, TEST_AUDIO_CAPS);

  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 8 * GST_MSECOND);     /* a window */
  test_harness_free (t);
}

/* ---- at other rates than the model's ---- */

static const gint rates[] = { 8000, 48000 };

/* A second; (transfer full) */
static GArray *
make_tone (gint rate, gdouble hz)
{
  GArray *tone = g_array_new (FALSE, FALSE, sizeof (gfloat));

  for (gint i = 0; i < rate; i++) {
    gfloat value = 0.4f * (gfloat) sin (2 * G_PI * hz * i / rate + 1);

    g_array_append_val (tone, value);
  }
  return tone;
}

/* In buffers of @size; all that comes out, with the times that it came with, none later than the latency says.  (transfer full) */
static GArray *
denoise (const GArray *in, gint rate, gfloat strength, guint size)
{
  g_autofree gchar *caps = g_strdup_printf ("audio/x-raw, format=F32LE, layout=interleaved, rate=%d, channels=1", rate);
  TestHarness *t = start (strength, caps);
  guint64 latency = gst_util_uint64_scale (gst_harness_query_latency (t->h), (guint64) rate, GST_SECOND);
  GArray *out = g_array_new (FALSE, FALSE, sizeof (gfloat));

  for (guint i = 0; i < in->len; i += size) {
    guint n = MIN (size, in->len - i);
    GstBuffer *buffer = gst_buffer_new_memdup (&g_array_index (in, gfloat, i), n * sizeof (gfloat));

    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, (guint64) rate);
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
    if (i + size >= in->len)
      gst_harness_push_event (t->h, gst_event_new_eos ());
    while ((buffer = gst_harness_try_pull (t->h))) {
      GstMapInfo map;

      g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, gst_util_uint64_scale (out->len, GST_SECOND, (guint64) rate));
      gst_buffer_map (buffer, &map, GST_MAP_READ);
      g_array_append_vals (out, map.data, (guint) (map.size / sizeof (gfloat)));
      gst_buffer_unmap (buffer, &map);
      gst_buffer_unref (buffer);
    }
    g_assert_cmpuint (out->len + latency, >=, i + n);
  }
  test_expect_no_error (t);
  test_harness_free (t);
  g_assert_cmpuint (out->len, ==, in->len);
  return out;
}

static gdouble
power (const GArray *samples)
{
  gdouble sum = 0;

  for (guint i = samples->len / 20; i < samples->len - samples->len / 20; i++)
    sum += (gdouble) g_array_index (samples, gfloat, i) * g_array_index (samples, gfloat, i);
  return sum;
}

/* A tone that both rates hold leaves as it came, less than half a sample (of the lower rate) beside its time, but for the model's half; one that the model's
 * rate does not hold is gone. */
static void
test_other_rates (void)
{
  static const gdouble tones[] = { 300, 440, 2900, 12000 };

  for (guint i = 0; i < G_N_ELEMENTS (rates) * G_N_ELEMENTS (tones); i++) {
    gint rate = rates[i % 2];
    gdouble hz = tones[i / 2], gain = hz < 8000 ? 0.5 : 0, half = 0.5 * 0.4 * G_PI * hz / MIN (rate, 16000);
    g_autoptr (GArray) in = make_tone (rate, hz), out = NULL;

    if (hz > rate / 2)
      continue;
    out = denoise (in, rate, 1, 999);
    g_assert_cmpfloat_with_epsilon (sqrt (power (out) / power (in)), gain, 0.01);
    for (guint k = (guint) rate / 20; gain > 0 && k < out->len - (guint) rate / 20; k++)
      g_assert_cmpfloat_with_epsilon (g_array_index (out, gfloat, k), gain * g_array_index (in, gfloat, k), half);
  }
}

/* However the sound is cut: the same bits; and without any strength those that came. */
static void
test_other_rates_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autoptr (GArray) in = make_tone (rates[i], 700), whole = denoise (in, rates[i], 0.7f, in->len + 1);
    g_autoptr (GArray) cut = denoise (in, rates[i], 0.7f, 7), dry = denoise (in, rates[i], 0, 1000);

    g_assert_cmpint (memcmp (whole->data, cut->data, in->len * sizeof (gfloat)), ==, 0);
    g_assert_cmpint (memcmp (in->data, dry->data, in->len * sizeof (gfloat)), ==, 0);
    g_assert_cmpint (memcmp (in->data, whole->data, in->len * sizeof (gfloat)), !=, 0);
  }
}

/* A windowful and two filters, not more: 8 ms of the model, and what is known of the filters. */
static void
test_other_rates_latency (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree gchar *caps = g_strdup_printf ("audio/x-raw, format=F32LE, layout=interleaved, rate=%d, channels=1", rates[i]);
    TestHarness *t = start (1, caps);

    g_assert_cmpuint (gst_harness_query_latency (t->h), >, 8 * GST_MSECOND);
    g_assert_cmpuint (gst_harness_query_latency (t->h), <, 25 * GST_MSECOND);
    test_harness_free (t);
  }
}

static void
test_flush (void)
{
  TestHarness *t = start (1, TEST_AUDIO_CAPS);
  g_autoptr (GArray) before = NULL, after = NULL;
  GstSegment segment;

  test_push_audio (t, sound, 1000, 0);
  before = pull (t, 0);
  g_assert_cmpuint (before->len, <, sound->len);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_push_audio (t, sound, 1000, 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  after = pull (t, 0);
  g_assert_cmpuint (after->len, ==, sound->len);
  expect (after, 0, 0.5f);
  test_harness_free (t);
}

static void
test_gaps (void)
{
  TestHarness *t = start (1, TEST_AUDIO_CAPS);
  g_autoptr (GArray) out = NULL, rest = NULL;
  GstClockTime at, duration;
  GstEvent *gap;

  test_push_audio (t, sound, 1000, 0);
  gst_harness_push_event (t->h, gst_event_new_gap (gst_util_uint64_scale (sound->len, GST_SECOND, TEST_RATE), 100 * GST_MSECOND));
  gst_harness_push_event (t->h, gst_event_new_gap (gst_util_uint64_scale (sound->len + 1600, GST_SECOND, TEST_RATE), 10 * GST_SECOND));
  out = pull (t, 0);
  g_assert_cmpuint (out->len, ==, sound->len + 1600);   /* silence, and all that was due before the long one */
  gap = test_pull_event (t->h, GST_EVENT_GAP);
  gst_event_parse_gap (gap, &at, &duration);
  g_assert_cmpuint (duration, ==, 10 * GST_SECOND);
  gst_event_unref (gap);
  test_push_audio (t, sound, 1000, sound->len + 1600 + 10 * TEST_RATE);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  rest = pull (t, sound->len + 1600 + 10 * TEST_RATE);
  g_assert_cmpuint (rest->len, ==, sound->len);
  expect (rest, 0, 0.5f);
  test_harness_free (t);
}

static void
test_eos_alone (void)
{
  TestHarness *t = start (1, TEST_AUDIO_CAPS);
  g_autoptr (GstEvent) eos = NULL;

  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_assert_null (gst_harness_try_pull (t->h));
  g_assert_nonnull (eos = test_pull_event (t->h, GST_EVENT_EOS));
  test_harness_free (t);
}

static void
test_caps_refused (void)
{
  TestHarness *t = start (1, TEST_AUDIO_CAPS);

  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=44100, channels=1");
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "audioresample");
  test_harness_free (t);
}

static void
test_wrong_model (void)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("rnndenoise", NULL));
  g_autofree gchar *text = test_tone_model ("text", &(TestModel) { 0 });

  g_object_set (element, "model-file", text, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  model = write_model ();
  sound = test_speak ("ab_cd");
  g_test_add_func ("/denoise/sound", test_sound);
  g_test_add_func ("/denoise/pass-through", test_pass_through);
  g_test_add_func ("/denoise/pass-through-s16", test_pass_through_s16);
  g_test_add_func ("/denoise/latency", test_latency);
  g_test_add_func ("/denoise/other-rates", test_other_rates);
  g_test_add_func ("/denoise/other-rates/cut", test_other_rates_cut);
  g_test_add_func ("/denoise/other-rates/latency", test_other_rates_latency);
  g_test_add_func ("/denoise/flush", test_flush);
  g_test_add_func ("/denoise/gaps", test_gaps);
  g_test_add_func ("/denoise/eos-alone", test_eos_alone);
  g_test_add_func ("/denoise/caps-refused", test_caps_refused);
  g_test_add_func ("/denoise/wrong-model", test_wrong_model);
  return test_run ();
}
