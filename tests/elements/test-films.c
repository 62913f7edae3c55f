/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions beside video, from files as others' encoders and muxers make them, with queues as they come: burnt in, every
 * caption is seen and the film ends; muxed, every caption is in the file with its times; the same live. */
#include "corpus.h"
#include <string.h>
#include <gst/video/video.h>

#define SPOKEN "_abc de_f gh ab cd ef gh______________abcdefghabcdefgh fgh ab______"
#define FRAMES "175"            /* 7 s, a little more than is spoken */
#define TOLERANCE (40 * GST_MSECOND)    /* what codecs and timescales move */

typedef struct {
  const gchar *name, *elements;
  const gchar *video, *audio, *muxer;           /* how it is made ... */
  const gchar *demuxer, *video_decoder, *audio_decoder;
  const gchar *video_pad, *audio_pad;
  const gchar *muxers;                          /* ... and what else takes its streams and text */
} Film;

static const Film films[] = {
  {"mkv", "theoraenc vorbisenc theoradec vorbisdec", "theoraenc", "vorbisenc", "matroskamux", "matroskademux", "theoradec",
      "vorbisdec", "video_0", "audio_0", "matroskamux"},
  {"mp4", "openh264enc avenc_aac avdec_h264 avdec_aac", "openh264enc ! h264parse", "avenc_aac ! aacparse", "mp4mux", "qtdemux",
      "avdec_h264", "avdec_aac", "video_0", "audio_0", "matroskamux mp4mux"},
  {"webm", "vp8enc vorbisenc vp8dec vorbisdec", "vp8enc deadline=1", "vorbisenc", "webmmux", "matroskademux", "vp8dec", "vorbisdec",
      "video_0", "audio_0", "webmmux matroskamux"},
  {"ts", "openh264enc avenc_mp2 avdec_h264 avdec_mp2float", "openh264enc ! h264parse", "avenc_mp2 ! mpegaudioparse", "mpegtsmux",
      "tsdemux", "h264parse ! avdec_h264", "mpegaudioparse ! avdec_mp2float", "video_0_0041 ! h264parse",
      "audio_0_0042 ! mpegaudioparse", "matroskamux"},
};

typedef struct {
  gchar *text;
  GstClockTime start, end;
} Caption;

typedef struct {
  GArray *captions;             /* of Caption */
  GArray *lit;                  /* GstClockTime: of frames that something is seen in */
  guint n_frames;
} Seen;

static gchar *model;

/* ---- pipelines ---- */

/* Running time: a file's edit list is in the segment. */
static GstClockTime
time_on (GstPad *pad, GstBuffer *buffer)
{
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  return gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
}

static void
take_caption (GstElement *sink, GstBuffer *buffer, GstPad *pad, Seen *seen)
{
  GstClockTime start = time_on (pad, buffer);
  Caption caption = { NULL, start, start + GST_BUFFER_DURATION (buffer) };
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  caption.text = g_strndup ((const gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  g_strstrip (caption.text);
  if (*caption.text)
    g_array_append_val (seen->captions, caption);
  else                          /* a QuickTime file's pauses are empty texts */
    g_free (caption.text);
}

/* GRAY8; the film is black */
static void
take_frame (GstElement *sink, GstBuffer *buffer, GstPad *pad, Seen *seen)
{
  GstMapInfo map;
  gboolean lit = FALSE;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  for (gsize i = 0; i < map.size; i++)
    lit |= map.data[i] > 128;
  gst_buffer_unmap (buffer, &map);
  if (lit) {
    GstClockTime start = time_on (pad, buffer);

    g_array_append_val (seen->lit, start);
  }
  seen->n_frames++;
}

static void
free_caption (gpointer caption)
{
  g_free (((Caption *) caption)->text);
}

static void
seen_clear (Seen *seen)
{
  g_array_unref (seen->captions);
  g_array_unref (seen->lit);
}

static gboolean
notice_text (GstPad *pad, GstPadProbeInfo *info, gpointer seen)
{
  take_caption (NULL, GST_PAD_PROBE_INFO_BUFFER (info), pad, seen);
  return GST_PAD_PROBE_OK;
}

/* Whatever the pipeline has of a sink "frames", a sink "captions" and an element "text" on whose output captions pass. */
static void
watch (GstElement *pipeline, Seen *seen)
{
  g_autoptr (GstElement) frames = gst_bin_get_by_name (GST_BIN (pipeline), "frames");
  g_autoptr (GstElement) captions = gst_bin_get_by_name (GST_BIN (pipeline), "captions");
  g_autoptr (GstElement) text = gst_bin_get_by_name (GST_BIN (pipeline), "text");

  if (frames)
    g_signal_connect (frames, "handoff", G_CALLBACK (take_frame), seen);
  if (captions)
    g_signal_connect (captions, "handoff", G_CALLBACK (take_caption), seen);
  if (text) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (text, "src");

    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, (GstPadProbeCallback) notice_text, seen, NULL);
  }
}

/* Runs to the end; what was seen on the way. */
static Seen
play (const gchar *format, ...)
{
  Seen seen = { g_array_new (FALSE, FALSE, sizeof (Caption)), g_array_new (FALSE, FALSE, sizeof (GstClockTime)), 0 };
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBus) bus = NULL;
  GstElement *pipeline;
  GstMessage *message;
  va_list args;

  g_array_set_clear_func (seen.captions, free_caption);
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  watch (pipeline, &seen);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  if (error)
    g_error ("%s: %s", text, error->message);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return seen;
}

/* ---- films ---- */

static gboolean
make (const Film *film)
{
  g_autoptr (GArray) samples = test_speak (SPOKEN);
  g_autofree gchar *wav = test_write_wav ("film.wav", samples, TEST_RATE, 1);
  Seen none;

  if (!test_have (film->elements) || !test_have (film->muxer) || !test_have (film->demuxer) || !test_have ("textoverlay"))
    return FALSE;
  none = play ("%s name=m ! filesink location=%s/film.%s videotestsrc pattern=black num-buffers=" FRAMES " ! "
      "video/x-raw, width=160, height=120, framerate=25/1, format=I420 ! %s ! queue ! m. filesrc location=%s ! wavparse ! "
      "audioconvert ! %s ! queue ! m.", film->muxer, test_dir (), film->name, film->video, wav, film->audio);
  seen_clear (&none);
  return TRUE;
}

/* What is said in a file with the film's sound, without video. */
static Seen
hear (const Film *film, const gchar *ending, const gchar *demuxer, const gchar *options)
{
  return play ("filesrc location=%s/film.%s ! %s name=d d. ! queue ! %s ! audioconvert ! audioresample ! rnntranscriber "
      "model-file=%s %s ! fakesink name=captions signal-handoffs=true", test_dir (), ending, demuxer, film->audio_decoder,
      model, options);
}

static void
expect_captions (const gchar *what, const Seen *seen, const Seen *heard, gboolean times)
{
  g_assert_cmpuint (heard->captions->len, >, 0);
  if (seen->captions->len != heard->captions->len)
    g_error ("%s: %u captions of %u", what, seen->captions->len, heard->captions->len);
  for (guint i = 0; i < heard->captions->len; i++) {
    const Caption *a = &g_array_index (seen->captions, Caption, i), *b = &g_array_index (heard->captions, Caption, i);
    GstClockTimeDiff later = GST_CLOCK_DIFF (b->start, a->start);

    g_assert_cmpstr (a->text, ==, b->text);
    if (times && ABS (later) > TOLERANCE)
      g_error ("%s: '%s' %" GST_STIME_FORMAT " later", what, a->text, GST_STIME_ARGS (later));
  }
}

/* In each caption's time there is a frame that shows it, or there is no frame. */
static void
expect_lit (const gchar *what, const Seen *seen)
{
  const guint frame = 40 * GST_MSECOND;

  for (guint i = 0; i < seen->captions->len; i++) {
    const Caption *c = &g_array_index (seen->captions, Caption, i);
    gboolean shown = c->end < c->start + frame;

    for (guint k = 0; k < seen->lit->len; k++) {
      GstClockTime t = g_array_index (seen->lit, GstClockTime, k);

      shown |= t < c->end && t + frame > c->start;
    }
    if (!shown)
      g_error ("%s: '%s' (%" GST_TIME_FORMAT ") is not seen", what, c->text, GST_TIME_ARGS (c->start));
  }
}

/* ---- tests ---- */

#define TRANSCRIBE "audioconvert ! audioresample ! rnntranscriber model-file=%s %s ! identity name=text"
#define SHOW "textoverlay name=o font-desc=\"Sans 30\" ! videoconvert ! video/x-raw, format=GRAY8 ! fakesink name=frames " \
    "signal-handoffs=true"

static const gchar *const options[] = { "", "output-mode=lines columns=42", "output-mode=segments" };

static void
test_burnt_in (gconstpointer data)
{
  const Film *film = data;

  if (!make (film))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    Seen heard = hear (film, film->name, film->demuxer, options[i]);
    Seen seen = play ("filesrc location=%s/film.%s ! %s name=d d. ! queue ! %s ! videoconvert ! " SHOW " d. ! queue ! %s ! "
        TRANSCRIBE " ! o.text_sink", test_dir (), film->name, film->demuxer, film->video_decoder, film->audio_decoder, model,
        options[i]);

    expect_captions (film->name, &seen, &heard, FALSE);
    expect_lit (film->name, &seen);
    g_assert_cmpuint (seen.n_frames, >=, 170);
    seen_clear (&seen);
    seen_clear (&heard);
  }
}

#define PATIENT "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0"

/* @muxer makes a file of the film's streams and captions: they are as many as without video, and where its sound says them.
 * GStreamer's mp4mux waits for text whatever gaps say, so for it the streams have to wait in queues without limits. */
static void
check_muxed (const Film *film, const gchar *muxer, const gchar *option)
{
  gboolean waits = g_str_equal (muxer, "mp4mux");
  const gchar *demuxer = waits ? "qtdemux" : "matroskademux", *queue = waits ? PATIENT : "queue";
  Seen alone = hear (film, film->name, film->demuxer, option), none, seen, heard;

  none = play ("filesrc location=%s/film.%s ! %s name=d %s name=m ! filesink location=%s/film.out d.%s ! %s ! m.video_0 "
      "d.%s ! tee name=a a. ! %s ! m.audio_0 a. ! queue ! %s ! audioconvert ! audioresample ! rnntranscriber model-file=%s %s %s ! "
      "queue ! m.subtitle_0", test_dir (), film->name, film->demuxer, muxer, test_dir (), film->video_pad, queue,
      film->audio_pad, queue, film->audio_decoder, model, option, waits ? "max-hold=60000" : "");
  seen = play ("filesrc location=%s/film.out ! %s name=d d.subtitle_0 ! queue ! fakesink name=captions signal-handoffs=true "
      "d.video_0 ! queue ! fakesink d.audio_0 ! queue ! fakesink", test_dir (), demuxer);
  heard = hear (film, "out", demuxer, option);
  g_assert_cmpuint (seen.captions->len, ==, alone.captions->len);
  expect_captions (muxer, &seen, &heard, TRUE);
  seen_clear (&none);
  seen_clear (&alone);
  seen_clear (&seen);
  seen_clear (&heard);
}

static void
test_muxed (gconstpointer data)
{
  const Film *film = data;
  g_auto (GStrv) muxers = g_strsplit (film->muxers, " ", -1);

  if (!make (film))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    for (guint k = 0; muxers[k]; k++)
      check_muxed (film, muxers[k], options[i]);
}

/* A camera and somebody who speaks, as time passes: captions are burnt in while they are said, and in the file. */
static void
test_live (gconstpointer muxed)
{
  const Film *film = &films[0];
  g_autoptr (GArray) samples = test_speak ("_abc de_f gh_____abcdefghabcd fgh ab___");
  g_autofree gchar *wav = test_write_wav ("live.wav", samples, TEST_RATE, 1);
  g_autofree gchar *source = g_strdup_printf ("videotestsrc is-live=true pattern=black num-buffers=100 ! video/x-raw, width=160, "
      "height=120, framerate=25/1, format=I420 ! queue ! %%s filesrc location=%s ! wavparse ! audioconvert ! clocksync ! queue ! ", wav);
  Seen alone, seen, none;

  if (!test_have (film->elements) || !test_have ("matroskamux matroskademux textoverlay clocksync"))
    return;
  alone = play ("filesrc location=%s ! wavparse ! rnntranscriber model-file=%s ! fakesink name=captions signal-handoffs=true", wav,
      model);
  if (muxed) {
    g_autofree gchar *from = g_strdup_printf (source, "theoraenc ! queue ! m.");

    none = play ("matroskamux name=m ! filesink location=%s/film.live %s tee name=a a. ! queue ! vorbisenc ! queue ! m. "
        "a. ! queue ! rnntranscriber model-file=%s latency=1000 ! queue ! m.", test_dir (), from, model);
    seen_clear (&none);
    seen = play ("filesrc location=%s/film.live ! matroskademux name=d d.subtitle_0 ! queue ! fakesink name=captions "
        "signal-handoffs=true d.video_0 ! queue ! fakesink d.audio_0 ! queue ! fakesink", test_dir ());
    expect_captions ("live", &seen, &alone, TRUE);
  } else {
    g_autofree gchar *from = g_strdup_printf (source, SHOW " sync=true");

    seen = play ("%s rnntranscriber model-file=%s latency=1000 ! identity name=text ! o.text_sink", from, model);
    expect_captions ("live", &seen, &alone, FALSE);
    expect_lit ("live", &seen);
  }
  seen_clear (&alone);
  seen_clear (&seen);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .lookahead = 2 });
  for (guint i = 0; i < G_N_ELEMENTS (films); i++) {
    g_autofree gchar *burnt = g_strconcat ("/films/burnt-in/", films[i].name, NULL);
    g_autofree gchar *muxed = g_strconcat ("/films/muxed/", films[i].name, NULL);

    g_test_add_data_func (burnt, &films[i], test_burnt_in);
    g_test_add_data_func (muxed, &films[i], test_muxed);
  }
  g_test_add_data_func ("/films/live/burnt-in", NULL, test_live);
  g_test_add_data_func ("/films/live/muxed", "muxed", test_live);
  result = test_run ();
  g_free (model);
  return result;
}
