/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole pipelines with the elements that take captions: they end, and hold what was said. */
#include "common.h"
#include <string.h>

static gchar *model, *wav;

static void
put (guint8 *header, guint at, guint n, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (header + at, &value, n);
}

/* A wav file that says @text. */
static void
write_wav (const gchar *path, const gchar *text)
{
  g_autoptr (GArray) samples = test_speak (text);
  guint size = samples->len * 2, i;
  g_autofree guint8 *bytes = g_malloc0 (44 + size);

  memcpy (bytes, "RIFF....WAVEfmt ", 16);
  put (bytes, 4, 4, 36 + size);
  put (bytes, 16, 4, 16);
  put (bytes, 20, 2, 1);
  put (bytes, 22, 2, 1);
  put (bytes, 24, 4, TEST_RATE);
  put (bytes, 28, 4, TEST_RATE * 2);
  put (bytes, 32, 2, 2);
  put (bytes, 34, 2, 16);
  memcpy (bytes + 36, "data", 4);
  put (bytes, 40, 4, size);
  for (i = 0; i < samples->len; i++)
    put (bytes, 44 + 2 * i, 2, (guint16) (gint16) (32767 * g_array_index (samples, gfloat, i)));
  g_assert_true (g_file_set_contents (path, (gchar *) bytes, 44 + size, NULL));
}

/* Runs a pipeline to its end; fails on an error or when it hangs. */
static void
run (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GError) error = NULL;
  GstMessage *message;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
launch (const gchar *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;
  GstElement *pipeline;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  run (pipeline);
  gst_object_unref (pipeline);
}

static void
expect_file (const gchar *name, const gchar *expected)
{
  g_autofree gchar *path = g_build_filename (test_dir (), name, NULL), *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
test_webvtt (void)
{
  if (!test_have ("webvttenc"))
    return;
  launch ("filesrc location=%s ! wavparse ! rnntranscriber model-file=%s output-mode=segments ! webvttenc ! "
      "filesink location=%s/out.vtt", wav, model, test_dir ());
  expect_file ("out.vtt", "WEBVTT\n\n00:00:00.190 --> 00:00:00.760\nabc de\n\n00:00:02.180 --> 00:00:02.460\nfgh\n\n");
}

static void
test_srt (void)
{
  if (!test_have ("srtenc"))
    return;
  launch ("filesrc location=%s ! wavparse ! rnntranscriber model-file=%s output-mode=segments ! srtenc ! "
      "filesink location=%s/out.srt", wav, model, test_dir ());
  expect_file ("out.srt", "1\n00:00:00,190 --> 00:00:00,760\nabc de\n\n2\n00:00:02,180 --> 00:00:02,460\nfgh\n\n");
}

static void
count_frame (GstElement *sink, GstBuffer *buffer, GstPad *pad, guint *n)
{
  (*n)++;
}

/* Video runs along though nobody speaks for a long time, and no longer than the sound. */
static void
test_textoverlay (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = g_strdup_printf ("videotestsrc num-buffers=100 ! video/x-raw, width=32, height=32, "
      "framerate=10/1 ! queue ! textoverlay name=o ! fakesink name=f signal-handoffs=true "
      "audiotestsrc num-buffers=100 samplesperbuffer=1600 wave=silence ! audio/x-raw, rate=16000 ! queue ! "
      "rnntranscriber model-file=%s ! queue ! o.text_sink", model);
  GstElement *pipeline, *sink;
  guint n = 0;

  if (!test_have ("textoverlay"))
    return;
  pipeline = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "f");
  g_signal_connect (sink, "handoff", G_CALLBACK (count_frame), &n);
  gst_object_unref (sink);
  run (pipeline);
  g_assert_cmpuint (n, ==, 100);
  gst_object_unref (pipeline);
}

/* Into a Matroska file with the sound, and read back from it.  The muxer waits for text and knows no gaps, so the sound
 * has to wait in a queue without limits. */
static void
test_matroska (void)
{
  if (!test_have ("matroskamux matroskademux webvttenc flacenc"))
    return;
  launch ("filesrc location=%s ! wavparse ! tee name=t t. ! queue max-size-time=0 max-size-bytes=0 "
      "max-size-buffers=0 ! flacenc ! matroskamux name=m ! filesink location=%s/out.mkv "
      "t. ! queue ! rnntranscriber model-file=%s output-mode=segments ! m.", wav, test_dir (), model);
  launch ("filesrc location=%s/out.mkv ! matroskademux name=d d.subtitle_0 ! queue ! webvttenc ! "
      "filesink location=%s/back.vtt d.audio_0 ! queue ! fakesink", test_dir (), test_dir ());
  expect_file ("back.vtt", "WEBVTT\n\n00:00:00.190 --> 00:00:00.760\nabc de\n\n00:00:02.180 --> 00:00:02.460\nfgh\n\n");
}

/* A film of 6 s, sound beside video. */
static void
make_film (void)
{
  g_autofree gchar *path = g_build_filename (test_dir (), "film.wav", NULL);

  write_wav (path, "_abc de_f gh ab cd ef gh_____abcdefghabcdefgh fgh ab______");
  launch ("matroskamux name=m ! filesink location=%s/film.mkv videotestsrc num-buffers=60 ! video/x-raw, width=32, height=32, "
      "framerate=10/1, format=I420 ! m. filesrc location=%s ! wavparse ! m.", test_dir (), path);
}

/* Beside video, with queues as they come, nothing stands still though a line or a word takes longer than these hold. */
static void
test_film (gconstpointer mode)
{
  if (!test_have ("matroskamux matroskademux textoverlay"))
    return;
  make_film ();
  launch ("filesrc location=%s/film.mkv ! matroskademux name=d d.video_0 ! queue ! videoconvert ! textoverlay name=o ! "
      "fakesink d.audio_0 ! queue ! rnntranscriber model-file=%s output-mode=%s columns=40 ! o.text_sink", test_dir (),
      model, (const gchar *) mode);
}

static void
count_caption (GstElement *sink, GstBuffer *buffer, GstPad *pad, guint *n)
{
  if (gst_buffer_get_size (buffer) > 0 && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    (*n)++;
}

/* Captions of a film that were muxed with it, and read back. */
static guint
count_captions (const gchar *muxer, const gchar *demuxer)
{
  g_autofree gchar *text = g_strdup_printf ("filesrc location=%s/out.film ! %s name=d d.subtitle_0 ! queue ! fakesink name=f "
      "signal-handoffs=true d.video_0 ! queue ! fakesink", test_dir (), demuxer);
  GstElement *pipeline, *sink;
  guint n = 0;

  launch ("filesrc location=%s/film.mkv ! matroskademux name=d d.video_0 ! queue ! m.video_0 d.audio_0 ! queue ! "
      "rnntranscriber model-file=%s ! queue ! m.subtitle_0 %s name=m ! filesink location=%s/out.film", test_dir (), model,
      muxer, test_dir ());
  pipeline = gst_parse_launch (text, NULL);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "f");
  g_signal_connect (sink, "handoff", G_CALLBACK (count_caption), &n);
  gst_object_unref (sink);
  run (pipeline);
  gst_object_unref (pipeline);
  return n;
}

static void
test_film_muxed (void)
{
  if (!test_have ("matroskamux matroskademux"))
    return;
  make_film ();
  g_assert_cmpuint (count_captions ("matroskamux", "matroskademux"), ==, 10);
}

/* Partial results alone: the captions' pad may stay unlinked, and the other way round. */
static void
test_unsynced (void)
{
  launch ("filesrc location=%s ! wavparse ! rnntranscriber name=t model-file=%s partial-interval=100 t.unsynced_src ! "
      "filesink location=%s/out.json", wav, model, test_dir ());
}

/* Both pads preroll, though many partial results come before the first caption. */
static void
test_preroll (void)
{
  launch ("filesrc location=%s ! wavparse ! rnntranscriber name=t model-file=%s partial-interval=10 output-mode=lines "
      "columns=40 ! queue ! fakesink t.unsynced_src ! queue max-size-buffers=2 ! fakesink", wav, model);
}

/* Any sound, behind the usual converters. */
static void
test_converted (void)
{
  launch ("audiotestsrc num-buffers=20 ! audio/x-raw, format=S32LE, rate=44100, channels=2 ! audioconvert ! "
      "audioresample ! rnntranscriber model-file=%s ! fakesink", model);
}

static void
test_live (void)
{
  launch ("audiotestsrc num-buffers=10 is-live=true samplesperbuffer=441 ! audioconvert ! audioresample ! "
      "rnntranscriber model-file=%s latency=100 ! fakesink sync=true", model);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  wav = g_build_filename (test_dir (), "speech.wav", NULL);
  write_wav (wav, "__abc de______________fgh____________________");
  g_test_add_func ("/muxers/webvttenc", test_webvtt);
  g_test_add_func ("/muxers/srtenc", test_srt);
  g_test_add_func ("/muxers/textoverlay", test_textoverlay);
  g_test_add_func ("/muxers/matroskamux", test_matroska);
  g_test_add_data_func ("/muxers/film/words", "words", test_film);
  g_test_add_data_func ("/muxers/film/lines", "lines", test_film);
  g_test_add_func ("/muxers/film/muxed", test_film_muxed);
  g_test_add_func ("/muxers/unsynced", test_unsynced);
  g_test_add_func ("/muxers/preroll", test_preroll);
  g_test_add_func ("/muxers/converted", test_converted);
  g_test_add_func ("/muxers/live", test_live);
  result = test_run ();
  g_free (model);
  g_free (wav);
  return result;
}
