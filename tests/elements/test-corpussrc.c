/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncorpussrc: the timeline, its texts, order and shares, and what it does about files that are no good. */
#include "corpus.h"
#include <string.h>
#include <sys/stat.h>

/* ---- a pipeline whose two outputs are recorded ---- */

typedef struct {
  GArray *audio;                /* of Piece */
  GArray *text;
  GString *samples;             /* bytes of all audio */
  guint discont;                /* audio buffers so flagged */
} Record;

typedef struct {
  GstClockTime pts, duration;
  gchar *text, *path;           /* of texts */
  guint line;
} Piece;

static void
clear_piece (gpointer data)
{
  Piece *piece = data;

  g_free (piece->text);
  g_free (piece->path);
}

static void
on_audio (GstElement *sink, GstBuffer *buffer, GstPad *pad, Record *record)
{
  Piece piece = { GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer) };
  GstMapInfo map;

  g_array_append_val (record->audio, piece);
  record->discont += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_string_append_len (record->samples, (gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

static void
on_text (GstElement *sink, GstBuffer *buffer, GstPad *pad, Record *record)
{
  Piece piece = { GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer) };
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRnnCorpusMeta");
  gsize n = gst_buffer_get_size (buffer);

  piece.text = g_malloc0 (n + 1);
  gst_buffer_extract (buffer, 0, piece.text, n);
  g_assert_nonnull (meta);
  piece.path = g_strdup (gst_structure_get_string (gst_custom_meta_get_structure (meta), "path"));
  gst_structure_get_uint (gst_custom_meta_get_structure (meta), "line", &piece.line);
  g_array_append_val (record->text, piece);
}

static GstElement *
find (GstElement *pipeline, const gchar *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_assert_nonnull (element);
  gst_object_unref (element);   /* the pipeline keeps it */
  return element;
}

static GstElement *
make_pipeline (Record *record, const gchar *location, const gchar *properties, const gchar *caps)
{
  g_autofree gchar *description = g_strdup_printf ("rnncorpussrc name=c %s "
      "c.audio ! %s ! fakesink name=a signal-handoffs=true c.text ! fakesink name=t signal-handoffs=true", properties,
      caps);
  GstElement *pipeline = gst_parse_launch (description, NULL);

  g_assert_nonnull (pipeline);
  *record = (Record) {.audio = g_array_new (FALSE, FALSE, sizeof (Piece)),.samples = g_string_new (NULL) };
  record->text = g_array_new (FALSE, FALSE, sizeof (Piece));
  g_array_set_clear_func (record->text, clear_piece);
  g_object_set (find (pipeline, "c"), "location", location, NULL);
  g_signal_connect (find (pipeline, "a"), "handoff", G_CALLBACK (on_audio), record);
  g_signal_connect (find (pipeline, "t"), "handoff", G_CALLBACK (on_text), record);
  return pipeline;
}

static void
clear_record (Record *record)
{
  g_array_unref (record->audio);
  g_array_unref (record->text);
  g_string_free (record->samples, TRUE);
}

/* To EOS or an error; the texts of errors and warnings. (transfer full) */
static gchar *
run (GstElement *pipeline, gboolean *ok)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessageType type;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  do {
    GstMessage *message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);

    type = GST_MESSAGE_TYPE (message);
    g_ptr_array_add (messages, message);
  } while (type != GST_MESSAGE_EOS && type != GST_MESSAGE_ERROR);
  *ok = type == GST_MESSAGE_EOS;
  gst_object_unref (bus);
  return test_complaints (messages);
}

static gchar *
play (Record *record, const gchar *location, const gchar *properties, const gchar *caps)
{
  GstElement *pipeline = make_pipeline (record, location, properties, caps);
  gboolean ok;
  gchar *complaints = run (pipeline, &ok);

  if (!ok)
    g_error ("%s", complaints);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return complaints;
}

static gchar *
join_texts (const Record *record)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < record->text->len; i++)
    g_string_append_printf (all, "%s%s", i ? " " : "", g_array_index (record->text, Piece, i).text);
  return g_string_free (all, FALSE);
}

#define ANY "audio/x-raw,format=S16LE"

/* ---- the timeline ---- */

/* Lengths that are no multiple of anything, so that an error of rounding would add up. */
static gchar *
write_odd_corpus (const gchar *name)
{
  static const guint lengths[] = { 16001, 7333, 1, 48017, 12345 };
  g_autoptr (GString) manifest = g_string_new (NULL);
  g_autofree gchar *file = g_strconcat (name, ".tsv", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gfloat));
    g_autofree gchar *wav = g_strdup_printf ("%s-%u.wav", name, i), *path = NULL;

    g_array_set_size (samples, lengths[i]);
    for (guint k = 0; k < lengths[i]; k++)
      g_array_index (samples, gfloat, k) = ((k * 7919u + i * 104729u) % 20011u) / 20011.0f - 0.5f;
    path = test_write_wav (wav, samples, TEST_RATE, 1);
    g_string_append_printf (manifest, "%s\t%s\ttext %u\n", i % 2 ? path : wav, i == 3 ? "" : "someone", i);
  }
  return test_write_text (file, "# a comment\n\n%s", manifest->str);
}

static GstClockTime
at (guint64 sample)
{
  return gst_util_uint64_scale_round (sample, GST_SECOND, TEST_RATE);
}

static void
test_timeline (void)
{
  static const guint lengths[] = { 16001, 7333, 1, 48017, 12345 };
  g_autofree gchar *manifest = write_odd_corpus ("odd"), *complaints = NULL, *wav = NULL;
  guint64 position = 0, total = 0;
  Record record;
  gsize n;

  complaints = play (&record, manifest, "", ANY);
  g_assert_cmpstr (complaints, ==, "");
  g_assert_cmpuint (record.text->len, ==, 5);
  for (guint i = 0; i < 5; i++) {
    const Piece *piece = &g_array_index (record.text, Piece, i);
    g_autofree gchar *text = g_strdup_printf ("text %u", i);

    g_assert_cmpstr (piece->text, ==, text);
    g_assert_cmpuint (piece->line, ==, i + 3);
    g_assert_cmpuint (piece->pts, ==, at (position));
    position += lengths[i];
    g_assert_cmpuint (piece->pts + piece->duration, ==, at (position));
  }
  for (guint i = 0; i < record.audio->len; i++) {
    const Piece *piece = &g_array_index (record.audio, Piece, i);

    g_assert_cmpuint (piece->pts, ==, i ? piece[-1].pts + piece[-1].duration : 0);
    total += piece->duration;
  }
  g_assert_cmpuint (total, ==, at (position));
  g_assert_cmpuint (record.samples->len, ==, 2 * position);
  g_assert_cmpuint (record.discont, ==, 5);

  /* the very samples of the first file */
  wav = g_build_filename (test_dir (), "odd-0.wav", NULL);
  g_clear_pointer (&complaints, g_free);
  g_assert_true (g_file_get_contents (wav, &complaints, &n, NULL));
  g_assert_cmpmem (record.samples->str, 2 * lengths[0], complaints + 44, n - 44);
  clear_record (&record);
}

static void
test_gap (void)
{
  g_autofree gchar *manifest = write_odd_corpus ("gap"), *complaints = NULL;
  Record record;

  complaints = play (&record, manifest, "gap=1500", ANY);
  for (guint i = 1; i < record.text->len; i++) {
    const Piece *piece = &g_array_index (record.text, Piece, i);

    g_assert_cmpuint (piece->pts - (piece[-1].pts + piece[-1].duration), >=, 1500 * GST_MSECOND - 1);
    g_assert_cmpuint (piece->pts - (piece[-1].pts + piece[-1].duration), <=, 1500 * GST_MSECOND + 1);
  }
  clear_record (&record);
}

/* A recording in which nobody speaks has a text, too; and there is no place in a corpus to seek to. */
static void
test_no_words (void)
{
  g_autoptr (GArray) tone = test_speak ("a");
  g_autofree gchar *wav = test_write_wav ("no-words.wav", tone, TEST_RATE, 1), *complaints = NULL;
  g_autofree gchar *manifest = test_write_text ("no-words.tsv", "%s\tsomeone\t\n", wav);
  Record record;
  GstElement *pipeline = make_pipeline (&record, manifest, "", ANY);
  gboolean ok;

  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  g_assert_cmpuint (record.text->len, ==, 1);
  g_assert_cmpstr (g_array_index (record.text, Piece, 0).text, ==, "");
  g_assert_false (gst_element_seek_simple (pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

/* Any format, rate and channel count; the same second of tone in all of them. */
static void
test_formats (void)
{
  g_autoptr (GArray) tone = test_speak ("aaaaaaaaaa");
  g_autoptr (GPtrArray) made = NULL;
  g_autofree gchar *mono = test_write_wav ("mono.wav", tone, 16000, 1), *slow = NULL, *flac = NULL, *ogg = NULL;
  g_autofree gchar *manifest = NULL, *complaints = NULL, *uri = gst_filename_to_uri (mono, NULL);
  Record record;

  slow = test_write_wav ("half rate, two channels.wav", tone, 8000, 2);
  flac = g_build_filename (test_dir (), "tone.flac", NULL);
  ogg = g_build_filename (test_dir (), "tone.ogg", NULL);
  made = test_run_pipeline ("filesrc location=%s ! wavparse ! tee name=t t. ! queue ! audioconvert ! flacenc ! "
      "filesink location=%s t. ! queue ! audioconvert ! vorbisenc ! oggmux ! filesink location=%s", mono, flac, ogg);
  g_assert_true (test_ended_well (made));
  manifest = test_write_text ("formats.tsv", "%s\t\tone\nhalf rate, two channels.wav\tx\ttwo\ntone.flac\ty\tthree\n"
      "tone.ogg\tz\tfour\n", uri);
  complaints = play (&record, manifest, "", ANY ",rate=16000");
  g_assert_cmpstr (complaints, ==, "");
  g_assert_cmpuint (record.text->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    GstClockTime expected = i == 1 ? 2 * GST_SECOND : GST_SECOND;

    g_assert_cmpuint (g_array_index (record.text, Piece, i).duration, >=, expected - 20 * GST_MSECOND);
    g_assert_cmpuint (g_array_index (record.text, Piece, i).duration, <=, expected + 20 * GST_MSECOND);
  }
  g_assert_cmpstr (g_array_index (record.text, Piece, 0).path, ==, uri);
  clear_record (&record);
}

static void
test_rate (void)
{
  g_autofree gchar *manifest = write_odd_corpus ("rate"), *a = NULL, *b = NULL, *c = NULL;
  Record record;

  a = play (&record, manifest, "rate=8000", ANY);       /* 83697 samples at 16 kHz */
  g_assert_cmpuint (record.samples->len, >, 83600);
  g_assert_cmpuint (record.samples->len, <, 83800);
  clear_record (&record);
  b = play (&record, manifest, "", "audio/x-raw,format=F32LE,rate=32000");
  g_assert_cmpuint (record.samples->len, >, 8 * 83600);
  g_assert_cmpuint (record.samples->len, <, 8 * 83800);
  clear_record (&record);
}

/* ---- order ---- */

static void
test_order (void)
{
  g_autofree gchar *manifest = test_write_corpus ("order", 12), *both = g_strconcat (manifest, ":", manifest, NULL);
  g_autofree gchar *plain = NULL, *one = NULL, *again = NULL, *two = NULL, *twice = NULL, *join = NULL;
  Record record;

  g_free (play (&record, manifest, "", ANY));
  plain = join_texts (&record);
  g_assert_cmpstr (plain, ==, "a bd cf d eb fg g hc ae b cd df");
  clear_record (&record);
  g_free (play (&record, manifest, "seed=1", ANY));
  one = join_texts (&record);
  clear_record (&record);
  g_free (play (&record, manifest, "seed=1", ANY));
  again = join_texts (&record);
  clear_record (&record);
  g_free (play (&record, manifest, "seed=2", ANY));
  two = join_texts (&record);
  clear_record (&record);
  g_assert_cmpstr (one, !=, plain);
  g_assert_cmpstr (one, ==, again);
  g_assert_cmpstr (one, !=, two);
  g_free (play (&record, manifest, "seed=1 epochs=2", ANY));
  twice = join_texts (&record);
  g_assert_cmpuint (record.text->len, ==, 24);
  g_assert_true (g_str_has_prefix (twice, one));
  g_assert_false (g_str_has_suffix (twice, one));       /* anew in each epoch */
  clear_record (&record);
  g_free (play (&record, both, "", ANY));
  join = join_texts (&record);
  g_assert_cmpuint (record.text->len, ==, 24);
  g_assert_true (g_str_has_prefix (join, plain));
  g_assert_true (g_str_has_suffix (join, plain));
  clear_record (&record);
}

static gint
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

static void
test_shares (void)
{
  g_autofree gchar *manifest = test_write_corpus ("shares", 11);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  for (guint rank = 0; rank < 3; rank++) {
    g_autofree gchar *properties = g_strdup_printf ("seed=5 world-size=3 rank=%u", rank);
    Record record;

    g_free (play (&record, manifest, properties, ANY));
    g_assert_cmpuint (record.text->len, ==, rank < 2 ? 4 : 3);
    for (guint i = 0; i < record.text->len; i++)
      g_ptr_array_add (paths, g_strdup (g_array_index (record.text, Piece, i).path));
    clear_record (&record);
  }
  g_ptr_array_sort (paths, compare_strings);
  g_assert_cmpuint (paths->len, ==, 11);
  for (guint i = 1; i < paths->len; i++)
    g_assert_cmpstr (g_ptr_array_index (paths, i), !=, g_ptr_array_index (paths, i - 1));
}

/* ---- what is no good ---- */

static void
test_bad_files (void)
{
  g_autofree gchar *good = test_write_corpus ("good", 2), *manifest = NULL, *complaints = NULL, *text = NULL;
  g_auto (GStrv) lines = NULL;
  GstStructure *stats;
  GstElement *pipeline;
  guint64 files, skipped;
  Record record;
  gboolean ok;

  g_free (test_write_text ("empty.wav", "%s", ""));
  g_free (test_write_text ("prose.wav", "This is no recording, %s", "it is prose."));
  g_free (test_write_text ("cut.wav", "RIFF%s", "abcdWAVEfmt "));
  manifest = test_write_text ("bad.tsv", "missing.wav\tx\tone\ngood-0.wav\tx\ttwo\nempty.wav\tx\tthree\n"
      "prose.wav\tx\tfour\n.\tx\tfive\ncut.wav\tx\tsix\ngood-1.wav\tx\tseven\nmissing.flac\tx\teight\n");
  pipeline = make_pipeline (&record, manifest, "", ANY);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  text = join_texts (&record);
  g_assert_cmpstr (text, ==, "two seven");
  lines = g_strsplit (g_strchomp (complaints), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 6);
  for (guint i = 0; i < 6; i++) {
    static const gchar *const where[] = { "bad.tsv:1: missing.wav", "bad.tsv:3: empty.wav", "bad.tsv:4: prose.wav",
      "bad.tsv:5: .", "bad.tsv:6: cut.wav", "bad.tsv:8: missing.flac"
    };

    if (!strstr (lines[i], where[i]) || !strstr (lines[i], " skipped: "))
      g_error ("\"%s\" does not blame %s", lines[i], where[i]);
  }
  g_object_get (find (pipeline, "c"), "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "files", &files) && files == 2);
  g_assert_true (gst_structure_get_uint64 (stats, "skipped", &skipped) && skipped == 6);
  gst_structure_free (stats);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

/* Many bad ones are listed once, at the end. */
static void
test_many_bad (void)
{
  g_autofree gchar *good = test_write_corpus ("among", 1), *manifest = NULL, *complaints = NULL;
  g_autoptr (GString) rows = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  GstElement *pipeline;
  Record record;
  gboolean ok;

  for (guint i = 0; i < 30; i++)
    g_string_append_printf (rows, i == 13 ? "among-0.wav\tx\tyes\n" : "gone-%u.wav\tx\tno\n", i);
  manifest = test_write_text ("many-bad.tsv", "%s", rows->str);
  pipeline = make_pipeline (&record, manifest, "", ANY);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  lines = g_strsplit (g_strchomp (complaints), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 10 + 1 + 29);
  g_assert_nonnull (strstr (lines[10], "29 recordings are left out"));
  g_assert_nonnull (strstr (lines[39], "gone-29.wav"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

/* Names that look like URIs are names; what may never end is left out, or cut short where it is asked for. */
static void
test_odd_rows (void)
{
  g_autofree gchar *good = test_write_corpus ("odd", 1), *manifest = NULL, *pipe = NULL, *complaints = NULL, *text = NULL;
  g_autofree gchar *wav = g_build_filename (test_dir (), "odd-0.wav", NULL), *bytes = NULL;
  static const gchar *const names[] = { "S01:take-2.wav", "12:30:05.wav", "file:x.wav" };
  g_auto (GStrv) lines = NULL;
  GstElement *pipeline;
  Record record;
  gboolean ok;
  gsize n;

  g_assert_true (g_file_get_contents (wav, &bytes, &n, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (test_dir (), names[i], NULL);

    g_assert_true (g_file_set_contents (path, bytes, n, NULL));
  }
  pipe = g_build_filename (test_dir (), "pipe", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  manifest = test_write_text ("odd-rows.tsv", "S01:take-2.wav\tx\tone\n12:30:05.wav\tx\ttwo\nfile:x.wav\tx\tthree\n"
      "pipe\tx\tfour\n/dev/zero\tx\tfive\n%s\tx\tsix\nfile://%s/odd-0.wav\tx\tseven\n",
      "testbin://audio,caps=[audio/x-raw]", test_dir ());
  pipeline = make_pipeline (&record, manifest, "", ANY);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  text = join_texts (&record);
  g_assert_cmpstr (text, ==, "one two three seven");
  lines = g_strsplit (g_strchomp (complaints), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

static void
test_too_long (void)
{
  g_autoptr (GArray) speech = test_speak ("abcdefghabcdefghabcdefgh");
  g_autofree gchar *wav = test_write_wav ("long.wav", speech, TEST_RATE, 1), *good = test_write_corpus ("short", 1);
  g_autofree gchar *manifest = test_write_text ("long.tsv", "long.wav\tx\tone\nshort-%d.wav\tx\ttwo\n", 0);
  g_autofree gchar *complaints = NULL, *text = NULL;
  GstElement *pipeline;
  Record record;
  gboolean ok;

  pipeline = make_pipeline (&record, manifest, "max-length=2", ANY);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  text = join_texts (&record);
  g_assert_cmpstr (text, ==, "two");
  g_assert_nonnull (strstr (complaints, "longer than max-length"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

/* Nothing comes, and for long; whoever stops the pipeline does not wait for it. */
static void
test_silent (void)
{
  g_autofree gchar *good = test_write_corpus ("silent", 1), *complaints = NULL;
  g_autofree gchar *manifest = test_write_text ("silent-rows.tsv", "%s\tx\tone\nsilent-0.wav\tx\ttwo\n", "appsrc://");
  GstElement *pipeline;
  Record record;
  gboolean ok;

  pipeline = make_pipeline (&record, manifest, "allow-uris=true timeout=3600", ANY);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_usleep (100000);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
  pipeline = make_pipeline (&record, manifest, "allow-uris=true timeout=1", ANY);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  g_assert_nonnull (strstr (complaints, "gives no samples"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

static void
expect_refusal (const gchar *location, const gchar *part)
{
  Record record;
  GstElement *pipeline = make_pipeline (&record, location, "", ANY);
  GstBus *bus = gst_element_get_bus (pipeline);
  g_autoptr (GError) error = NULL;
  GstMessage *message;

  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

static void
test_bad_manifests (void)
{
  g_autofree gchar *good = test_write_corpus ("fine", 1);
  g_autofree gchar *line = test_write_text ("line.tsv", "fine-0.wav\tx\ta\nno columns here\n");
  g_autofree gchar *both = g_strconcat (good, ":/nonexistent.tsv", NULL);

  expect_refusal (NULL, "location");
  expect_refusal ("/nonexistent.tsv", "/nonexistent.tsv");
  expect_refusal (both, "/nonexistent.tsv");
  expect_refusal (line, "line.tsv:2");
}

static void
test_empty (void)
{
  g_autofree gchar *manifest = test_write_text ("nothing.tsv", "# %s\n", "nothing");
  Record record;

  g_free (play (&record, manifest, "epochs=0", ANY));
  g_assert_cmpuint (record.text->len, ==, 0);
  clear_record (&record);
}

/* ---- use ---- */

static void
test_one_pad (void)
{
  g_autofree gchar *manifest = test_write_corpus ("one", 3);
  g_autoptr (GPtrArray) audio = test_run_pipeline ("rnncorpussrc location=%s name=c c.audio ! fakesink", manifest);
  g_autoptr (GPtrArray) text = test_run_pipeline ("rnncorpussrc location=%s name=c c.text ! fakesink", manifest);
  g_autoptr (GPtrArray) neither = test_run_pipeline ("rnncorpussrc location=%s name=c fakesink", manifest);

  g_assert_true (test_ended_well (audio));
  g_assert_true (test_ended_well (text));
  g_assert_false (test_ended_well (neither));
}

static void
test_messages (void)
{
  g_autofree gchar *manifest = test_write_corpus ("messages", 2);
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc location=%s name=c post-messages=true "
      "c.audio ! fakesink", manifest);
  g_autoptr (GPtrArray) files = test_structures (messages, "rnncorpussrc", "file");
  guint64 first, second;

  g_assert_cmpuint (files->len, ==, 2);
  g_assert_cmpstr (gst_structure_get_string (g_ptr_array_index (files, 1), "path"), ==, "messages-1.wav");
  g_assert_cmpstr (gst_structure_get_string (g_ptr_array_index (files, 1), "speaker"), ==, "s1");
  g_assert_true (gst_structure_get_uint64 (g_ptr_array_index (files, 0), "duration", &first));
  g_assert_true (gst_structure_get_uint64 (g_ptr_array_index (files, 1), "timestamp", &second));
  g_assert_cmpuint (first, ==, second);
}

/* Stopped at any moment, and started again: the same corpus from its beginning. */
static void
test_restart (void)
{
  g_autofree gchar *manifest = test_write_corpus ("restart", 6), *complaints = NULL, *text = NULL;
  Record record;
  GstElement *pipeline = make_pipeline (&record, manifest, "seed=3", ANY);
  gboolean ok;

  for (guint i = 0; i < 100; i++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (i * 100);
    gst_element_set_state (pipeline, i % 2 ? GST_STATE_READY : GST_STATE_NULL);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);     /* which also drops the messages of runs that came to an end */
  g_array_set_size (record.text, 0);
  g_string_truncate (record.samples, 0);
  complaints = run (pipeline, &ok);
  g_assert_true (ok);
  text = join_texts (&record);
  g_assert_cmpuint (record.text->len, ==, 6);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  clear_record (&record);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/corpussrc/timeline", test_timeline);
  g_test_add_func ("/corpussrc/gap", test_gap);
  g_test_add_func ("/corpussrc/formats", test_formats);
  g_test_add_func ("/corpussrc/rate", test_rate);
  g_test_add_func ("/corpussrc/order", test_order);
  g_test_add_func ("/corpussrc/shares", test_shares);
  g_test_add_func ("/corpussrc/bad-files", test_bad_files);
  g_test_add_func ("/corpussrc/many-bad", test_many_bad);
  g_test_add_func ("/corpussrc/odd-rows", test_odd_rows);
  g_test_add_func ("/corpussrc/too-long", test_too_long);
  g_test_add_func ("/corpussrc/silent", test_silent);
  g_test_add_func ("/corpussrc/bad-manifests", test_bad_manifests);
  g_test_add_func ("/corpussrc/no-words", test_no_words);
  g_test_add_func ("/corpussrc/empty", test_empty);
  g_test_add_func ("/corpussrc/one-pad", test_one_pad);
  g_test_add_func ("/corpussrc/messages", test_messages);
  g_test_add_func ("/corpussrc/restart", test_restart);
  return test_run ();
}
