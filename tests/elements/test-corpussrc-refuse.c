/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncorpussrc: what it does about recordings and manifests that are no good. */
#include "corpus-record.h"
#include <gio/gio.h>
#include <sys/stat.h>

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

/* A server takes the call and says nothing: whoever stops the pipeline does not wait for it, nor for the recordings after it. */
static void
test_silent_server (void)
{
  g_autoptr (GSocketListener) server = g_socket_listener_new ();
  g_autoptr (GSocketConnection) call = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *manifest = NULL;
  GstElement *pipeline;
  Record record;
  guint port;

  if (!gst_uri_protocol_is_supported (GST_URI_SRC, "http")) {
    g_test_skip ("no element reads http://");
    return;
  }
  g_unsetenv ("http_proxy");
  port = g_socket_listener_add_any_inet_port (server, NULL, &error);
  g_assert_no_error (error);
  manifest = test_write_text ("server.tsv", "http://127.0.0.1:%u/a.wav\tx\tone\nhttp://127.0.0.1:%u/b.wav\tx\ttwo\n", port, port);
  pipeline = make_pipeline (&record, manifest, "allow-uris=true timeout=3600", ANY);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  call = g_socket_listener_accept (server, NULL, NULL, &error);
  g_assert_no_error (error);
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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/corpussrc/bad-files", test_bad_files);
  g_test_add_func ("/corpussrc/many-bad", test_many_bad);
  g_test_add_func ("/corpussrc/odd-rows", test_odd_rows);
  g_test_add_func ("/corpussrc/too-long", test_too_long);
  g_test_add_func ("/corpussrc/silent", test_silent);
  g_test_add_func ("/corpussrc/silent-server", test_silent_server);
  g_test_add_func ("/corpussrc/bad-manifests", test_bad_manifests);
  g_test_add_func ("/corpussrc/empty", test_empty);
  return test_run ();
}
