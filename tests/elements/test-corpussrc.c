/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncorpussrc: the timeline, its texts, order and shares. */
#include "corpus-record.h"

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
  g_test_add_func ("/corpussrc/no-words", test_no_words);
  g_test_add_func ("/corpussrc/one-pad", test_one_pad);
  g_test_add_func ("/corpussrc/messages", test_messages);
  g_test_add_func ("/corpussrc/restart", test_restart);
  return test_run ();
}
