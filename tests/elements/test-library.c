/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element says what the library says: the same texts, times to the nanosecond and confidences to the bit, of tones
 * and of human speech, with a detector of speech before it and without. */
#include "common.h"

/* "text start duration confidence", word by word */
static void
describe_word (GString *all, const gchar *text, guint64 start, guint64 end, gdouble confidence)
{
  g_string_append_printf (all, "  %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %a\n", text, start, end, confidence);
}

static gchar *
ask_library (const gchar *path, const gchar *detector, const GArray *samples, RnnCaptionMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_load (path, &error);
  g_autoptr (RnnTranscriber) transcriber = NULL;
  GString *all = g_string_new (NULL);
  RnnTranscriberConfig config;
  const RnnResult *r;
  guint i;

  g_assert_no_error (error);
  rnn_options_init (rnn_transcriber_get_options (), &config);
  config.utterance.caption.output_mode = mode;
  config.utterance.caption.columns = 30;
  config.gate.vad_model = g_strdup (detector);
  transcriber = rnn_transcriber_new (model, &config, &error);
  rnn_options_clear (rnn_transcriber_get_options (), &config);
  g_assert_no_error (error);
  rnn_transcriber_push (transcriber, (const gfloat *) samples->data, samples->len);
  rnn_transcriber_finish (transcriber);
  while ((r = rnn_transcriber_next (transcriber))) {
    if (r->kind != RNN_RESULT_FINAL)
      continue;
    g_string_append_printf (all, "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", r->text, r->start, r->end);
    for (i = 0; i < r->n_words; i++)
      describe_word (all, r->words[i].text, r->words[i].start, r->words[i].end, r->words[i].confidence);
  }
  return g_string_free (all, FALSE);
}

static void
describe_words (GString *all, const GValue *words)
{
  guint i;

  for (i = 0; i < gst_value_array_get_size (words); i++) {
    const GstStructure *s = gst_value_get_structure (gst_value_array_get_value (words, i));
    guint64 start, end;
    gdouble confidence;

    g_assert_true (gst_structure_get (s, "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end,
            "confidence", G_TYPE_DOUBLE, &confidence, NULL));
    describe_word (all, gst_structure_get_string (s, "text"), start, end, confidence);
  }
}

static gchar *
ask_element (const gchar *path, const gchar *detector, const GArray *samples, RnnCaptionMode mode)
{
  TestHarness *t = test_transcriber_new (path, "output-mode", mode, "columns", 30, "vad-model", detector, NULL);
  GString *all = g_string_new (NULL);
  GstBuffer *buffer;

  g_assert_cmpint (test_push_audio (t, samples, 0, 0), ==, GST_FLOW_OK);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  while ((buffer = gst_harness_try_pull (t->h))) {
    GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRnnWords");
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_string_append_printf (all, "%.*s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", (gint) map.size,
        (const gchar *) map.data, GST_BUFFER_PTS (buffer), GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
    gst_buffer_unmap (buffer, &map);
    describe_words (all, gst_structure_get_value (gst_custom_meta_get_structure (meta), "words"));
    gst_buffer_unref (buffer);
  }
  test_harness_free (t);
  return g_string_free (all, FALSE);
}

static void
compare (const gchar *path, const gchar *detector, const GArray *samples)
{
  RnnCaptionMode mode;

  for (mode = RNN_CAPTION_WORDS; mode <= RNN_CAPTION_LINES; mode++) {
    g_autofree gchar *library = ask_library (path, detector, samples, mode), *element = ask_element (path, detector, samples, mode);

    g_assert_cmpstr (library, !=, "");
    g_assert_cmpstr (library, ==, element);
  }
}

static void
test_tones (void)
{
  g_autofree gchar *path = test_tone_model ("same", &(TestModel) { .lookahead = 3, .memory = 2 });
  g_autoptr (GArray) samples = test_speak ("__abc de_f___gh" TEST_LONG_SILENCE "ab cd" TEST_LONG_SILENCE "_e");

  compare (path, NULL, samples);
}

static void
test_gated (void)
{
  g_autofree gchar *path = test_tone_model ("same", &(TestModel) { .lookahead = 3, .memory = 2 });
  g_autofree gchar *detector = test_tone_detector ("deaf", "gh");
  g_autoptr (GArray) samples = test_speak ("__abc de_f____gh" TEST_LONG_SILENCE "ab cd" TEST_LONG_SILENCE "_h_____e____h");
  g_autofree gchar *plain = ask_library (path, NULL, samples, RNN_CAPTION_WORDS), *gated = ask_library (path, detector, samples, RNN_CAPTION_WORDS);

  g_assert_cmpstr (plain, !=, gated);
  compare (path, detector, samples);
}

static void
test_human (void)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "models", "english-small.safetensors",
      NULL);
  g_autoptr (GArray) samples = test_speech ();

  if (samples)
    compare (path, NULL, samples);
  else
    g_test_skip ("pocketsphinx-testdata is not installed");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/library/tones", test_tones);
  g_test_add_func ("/library/gated", test_gated);
  g_test_add_func ("/library/human", test_human);
  return test_run ();
}
