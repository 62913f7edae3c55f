/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vad-model: no words where a detector of speech hears none, the same words where it does, whatever happens to the stream.  The detector of tones is
 * deaf to "h", so an h that stands alone is what noise is to a real one. */
#include "common.h"
#include <string.h>

#define FAR "_____"             /* 500 ms: the detector's padding is over */

static gchar *model, *detector;
static const gchar said[] = "__ab cd" FAR "_h_hh_h" FAR "ef" FAR "h" FAR "gh_ah" TEST_LONG_SILENCE "h" TEST_LONG_SILENCE "cd";
static const gchar gated[] = "ab|cd|ef|ghah|cd";

static void
test_words (void)
{
  TestHarness *plain = test_transcriber_new (model, NULL), *t = test_transcriber_new (model, "vad-model", detector, NULL);

  test_say_all (plain, said);
  test_expect_words (plain, "ab|cd|hhhh|ef|h|ghah|h|cd");
  test_say_all (t, said);
  test_expect_words (t, gated);         /* an h within speech is heard */
  test_harness_free (plain);
  test_harness_free (t);
}

/* With times, partial results' messages and all. */
static gchar *
hear_in_pieces (guint size)
{
  TestHarness *t = test_transcriber_new (model, "vad-model", detector, "partial-interval", 40, NULL);
  g_autoptr (GArray) samples = test_speak (said);
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree gchar *text = NULL;
  GstMessage *message;

  g_assert_cmpint (test_push_audio (t, samples, size, 0), ==, GST_FLOW_OK);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  text = test_pull_text (t->h);
  g_string_append (all, text);
  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, NULL))) {
    g_autofree gchar *line = gst_structure_to_string (gst_message_get_structure (message));

    g_string_append_printf (all, "%s\n", line);
    gst_message_unref (message);
  }
  test_harness_free (t);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
test_cuts (void)
{
  static const guint sizes[] = { 160, 999, 16000, 0, 0, 0 };
  g_autofree gchar *whole = hear_in_pieces (1 << 20);

  g_assert_nonnull (strstr (whole, " ghah\n"));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *cut = hear_in_pieces (sizes[i]);

    g_assert_cmpstr (cut, ==, whole);
  }
}

/* Opposite phases, whose mean is silence: the detector hears what the model hears. */
static void
test_channels (void)
{
  TestHarness *t = test_transcriber_new (model, "vad-model", detector, NULL);
  g_autoptr (GArray) mono = test_speak ("__ab" FAR "h" FAR "cd" FAR);

  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=16000, channels=2");
  for (guint i = 0; i < mono->len; i += TEST_LETTER) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 2 * TEST_LETTER * sizeof (gfloat), NULL);
    gfloat pair[2 * TEST_LETTER];

    for (guint k = 0; k < TEST_LETTER; k++) {
      pair[2 * k] = g_array_index (mono, gfloat, i + k);
      pair[2 * k + 1] = -pair[2 * k];
    }
    gst_buffer_fill (buffer, 0, pair, sizeof pair);
    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, TEST_RATE);
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "ab|cd");
  test_harness_free (t);
}

/* The signal comes between two buffers; stages forget one after the other. */
static void
test_reset (void)
{
  TestHarness *t = test_transcriber_new (model, "vad-model", detector, NULL);

  test_say (t, "__ab" FAR "h", 0);
  g_signal_emit_by_name (t->element, "reset");
  test_say (t, "_h_h" FAR "cd" FAR "h", 10);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "ab|cd");
  test_harness_free (t);
}

/* Time jumps while steps are on their way through a model that looks far ahead, backwards too, and whether all begins anew there or not. */
static void
test_jumps (void)
{
  g_autofree gchar *far = test_tone_model ("far", &(TestModel) {.lookahead = 12 });

  for (guint i = 0; i < 4; i++) {
    gboolean back = i & 1, anew = i & 2;
    TestHarness *t = test_transcriber_new (far, "vad-model", detector, "discont-wait", (guint64) 0, NULL);

    gst_util_set_object_arg (G_OBJECT (t->element), "reset-on", anew ? "segment+discont" : "segment");
    test_say (t, "__ab" FAR "cd", 100);
    test_say (t, "h" FAR "_ef" FAR "h" FAR "gh", back ? 0 : 300);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    test_expect_words (t, "ab|cd|ef|gh");
    test_harness_free (t);
  }
}

/* What was told of a stretch that no step has reached is of no use after a flush. */
static void
test_flush (void)
{
  g_autofree gchar *far = test_tone_model ("far", &(TestModel) {.lookahead = 12 });
  TestHarness *t = test_transcriber_new (far, "vad-model", detector, "discont-wait", (guint64) 0, NULL);

  test_say (t, "__ab", 100);
  test_say (t, "_", 300);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (t->h, gst_event_new_segment (&(GstSegment) {.rate = 1,.applied_rate = 1,.format = GST_FORMAT_TIME,.stop = GST_CLOCK_TIME_NONE,
          .duration = GST_CLOCK_TIME_NONE }));
  while (gst_harness_buffers_in_queue (t->h) > 0)
    gst_buffer_unref (gst_harness_pull (t->h));
  test_say (t, "h" FAR "_ef" FAR "h" FAR "gh", 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "ef|gh");
  test_harness_free (t);
}

/* Stages that are no bin: the decoder gets another model in mid-stream, and is told still. */
static void
test_decoder_alone (void)
{
  g_autofree gchar *other = test_tone_model ("shout", &(TestModel) {.letters = "ABCDEFGH" });
  g_autofree gchar *text = g_strdup_printf ("rnnfeatures model-file=%s vad-model=%s ! rnninfer model-file=%s ! rnnctcdec name=d model-file=%s", model,
      detector, model, model);
  g_autoptr (GError) error = NULL;
  GstElement *chain = gst_parse_bin_from_description (text, FALSE, &error), *decoder = gst_bin_get_by_name (GST_BIN (chain), "d");
  g_autoptr (GstPad) sink = gst_bin_find_unlinked_pad (GST_BIN (chain), GST_PAD_SINK), src = gst_element_get_static_pad (decoder, "src");
  GstMessage *swapped = NULL;
  TestHarness *t;
  guint at = 0;

  g_assert_no_error (error);
  gst_element_add_pad (chain, gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (chain, gst_ghost_pad_new ("src", src));
  t = test_harness_new (chain);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  g_object_set (decoder, "model-file", other, NULL);
  for (; at < 3000 && !swapped; at += 15) {
    test_say (t, "_h" TEST_LONG_SILENCE, at);
    swapped = test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped");
    g_usleep (1000);
  }
  g_assert_nonnull (swapped);
  gst_message_unref (swapped);
  test_say (t, "h" FAR "cd" FAR "h", at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "CD");
  test_harness_free (t);
  gst_object_unref (decoder);
}

/* The detector goes on where the model is another one. */
static void
test_swap (void)
{
  g_autofree gchar *other = test_tone_model ("other", &(TestModel) {.letters = "ABCDEFGH" });
  TestHarness *t = test_transcriber_new (model, "vad-model", detector, NULL);
  GstMessage *swapped = NULL;
  guint at = 20;

  test_say (t, "__ab" FAR "h" TEST_LONG_SILENCE, 0);
  g_object_set (t->element, "model-file", other, NULL);
  for (guint i = 0; i < 100 && !swapped; i++, at += 30) {
    test_say (t, "h" TEST_LONG_SILENCE "h" TEST_LONG_SILENCE "_" "_", at);
    swapped = test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped");
    g_usleep (10000);
  }
  g_clear_pointer (&swapped, gst_message_unref);
  test_say (t, "h" FAR "cd" FAR "h", at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "ab|CD");
  test_harness_free (t);
}

/* What the detector needs is a part of the latency, where it is more than the model needs and the property asks for. */
static void
test_latency (void)
{
  TestHarness *t = test_transcriber_new (model, "vad-model", detector, "latency", 0, NULL);
  GstClockTime latency, longest = 0;
  guint i;

  test_say (t, "_", 0);
  latency = gst_harness_query_latency (t->h);
  g_assert_cmpuint (latency, >, 200 * GST_MSECOND);
  g_object_set (t->element, "latency", 500, NULL);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 500 * GST_MSECOND);
  for (i = 1; i < 40; i++) {    /* and in silence nobody learns of the time later than that, and than they always do */
    GstClockTime start, duration;
    GstEvent *gap;

    test_say (t, "_", i);
    while ((gap = test_pull_event (t->h, GST_EVENT_GAP))) {
      gst_event_parse_gap (gap, &start, &duration);
      longest = MAX (longest, (i + 1) * 100 * GST_MSECOND - start - duration);
      gst_event_unref (gap);
    }
  }
  g_assert_cmpuint (longest, <=, latency + 100 * GST_MSECOND);
  test_harness_free (t);
}

/* ---- what is no detector ---- */

static void
expect_refused (const gchar *transcriber, const gchar *vad_model, const gchar *reason)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("rnntranscriber", NULL));
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;
  GstMessage *message;

  gst_element_set_bus (element, bus);
  g_object_set (element, "model-file", transcriber, "vad-model", vad_model, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, vad_model));
  g_assert_nonnull (strstr (error->message, reason));
  gst_message_unref (message);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

static void
test_refused (void)
{
  g_autofree gchar *slow = test_tone_model ("slow", &(TestModel) {.rate = 8000 }), *none = g_build_filename (test_dir (), "none", NULL);

  expect_refused (model, model, "the model writes text");
  expect_refused (model, none, "no such file");
  expect_refused (slow, detector, "16000 Hz");
}

/* ---- real ones ---- */

/* What models/english hears; options of the search as pipelines/caption has them */
static gchar *
hear_english (const GArray *sound, const gchar *vad_model)
{
  TestHarness *t = test_transcriber_new (MODELS "/english.safetensors", "lm-file", MODELS "/english.lm", "lm-weight", 0.9, "word-score", 0.0,
      "unknown-score", -1000.0, "beam-width", 128, "vad-model", vad_model, NULL);
  gchar *heard;

  g_assert_cmpint (test_push_audio (t, sound, 1600, 0), ==, GST_FLOW_OK);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  heard = test_pull_text (t->h);
  test_harness_free (t);
  return heard;
}

/* Half a minute of rumble at -20 dB */
static GArray *
make_rumble (void)
{
  GArray *sound = g_array_sized_new (FALSE, FALSE, sizeof (gfloat), 30 * TEST_RATE);
  gfloat x = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint i = 0; i < 30 * TEST_RATE; i++) {
    x = 0.995f * x + 0.01f * rnn_rng_normal (&rng);
    g_array_append_val (sound, x);
  }
  return sound;
}

static void
test_noise (void)
{
  g_autoptr (GArray) rumble = make_rumble ();
  g_autofree gchar *plain = hear_english (rumble, NULL), *quiet = hear_english (rumble, MODELS "/vad.safetensors");

  g_assert_cmpuint (strlen (plain), >, 20);
  g_assert_cmpstr (quiet, ==, "");
}

/* Captions of speech stay as they are, with their times. */
static void
test_speech_stays (void)
{
  g_autoptr (GArray) speech = test_speech ();
  g_autofree gchar *plain = NULL, *behind = NULL;

  if (!speech) {
    g_test_skip ("pocketsphinx-testdata is not installed");
    return;
  }
  plain = hear_english (speech, NULL);
  behind = hear_english (speech, MODELS "/vad.safetensors");
  g_assert_cmpuint (strlen (plain), >, 500);
  g_assert_cmpstr (behind, ==, plain);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0 });
  detector = test_tone_detector ("deaf", "h");
  g_test_add_func ("/gate/words", test_words);
  g_test_add_func ("/gate/cuts", test_cuts);
  g_test_add_func ("/gate/channels", test_channels);
  g_test_add_func ("/gate/reset", test_reset);
  g_test_add_func ("/gate/jumps", test_jumps);
  g_test_add_func ("/gate/flush", test_flush);
  g_test_add_func ("/gate/decoder-alone", test_decoder_alone);
  g_test_add_func ("/gate/swap", test_swap);
  g_test_add_func ("/gate/latency", test_latency);
  g_test_add_func ("/gate/refused", test_refused);
  g_test_add_func ("/gate/noise", test_noise);
  g_test_add_func ("/gate/speech", test_speech_stays);
  result = test_run ();
  g_free (model);
  g_free (detector);
  return result;
}
