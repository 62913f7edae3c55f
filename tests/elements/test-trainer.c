/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: what ends a training and what goes on from there, settings, whole pipelines. */
#include "trainer-bench.h"
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* ---- what ends a training ---- */

static void
test_stop (void)
{
  Bench *b = endless_bench ("stop");

  g_signal_emit_by_name (b->trainer, "stop");
  wait_for_end (b);
  gst_event_unref (pull_event (b->data, GST_EVENT_EOS));
  g_assert_cmpuint (checkpoint_update (b->checkpoint), >, 0);
  g_assert_true (g_file_test (b->location, G_FILE_TEST_EXISTS));
  bench_free (b);
}

static void
test_ready (void)
{
  Bench *b = endless_bench ("ready");

  gst_element_set_state (b->trainer, GST_STATE_READY);
  g_assert_cmpuint (checkpoint_update (b->checkpoint), >, 0);
  bench_free (b);
}

static void
test_pause (void)
{
  Bench *b = endless_bench ("pause");
  GstMessage *message;

  gst_element_set_state (b->trainer, GST_STATE_PAUSED);
  /* The minibatch under way, however long it takes; a training that went on would never be quiet. */
  while ((message = gst_bus_timed_pop_filtered (b->bus, 200 * GST_MSECOND, GST_MESSAGE_ELEMENT)))
    gst_message_unref (message);
  gst_element_set_state (b->trainer, GST_STATE_PLAYING);
  gst_message_unref (wait_for_report (b, "epoch"));
  bench_free (b);
}

/* Trains to the end, or stops after one more update; the update that was reached. */
static guint64
train_a_little (gboolean whole)
{
  Bench *b = speech_bench (whole ? "whole" : "broken");
  guint64 update;

  g_object_set (b->trainer, "config", "epochs=6,batch_size=2", "progress-interval", 0, NULL);
  for (guint i = 0; i < 12; i++) {
    push_label (b, i % 2 ? "ab" : "cd", 300 * i, 300 * i + 300);
    push_data (b, 300 * i, 300 * i + 300);
  }
  push_eos (b);
  for (;;) {
    GstMessage *message = wait_for (b, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS);
    GstMessageType type = GST_MESSAGE_TYPE (message);

    gst_message_unref (message);
    if (type == GST_MESSAGE_EOS)
      break;
    if (!whole)
      g_signal_emit_by_name (b->trainer, "stop");
  }
  update = checkpoint_update (b->checkpoint);
  bench_free (b);
  return update;
}

/* Stopped and started again a few times, training ends with the very bytes of an unbroken one. */
static void
test_resume (void)
{
  g_autofree gchar *whole = NULL, *broken = NULL, *path = g_build_filename (test_dir (), "whole.safetensors", NULL);
  g_autofree gchar *broken_path = g_build_filename (test_dir (), "broken.safetensors", NULL);
  gsize n_whole, n_broken;
  guint starts = 1;

  g_assert_cmpuint (train_a_little (TRUE), ==, 36);
  while (train_a_little (FALSE) < 36)
    starts++;
  g_test_message ("%u starts", starts);
  g_assert_true (g_file_get_contents (path, &whole, &n_whole, NULL));
  g_assert_true (g_file_get_contents (broken_path, &broken, &n_broken, NULL));
  g_assert_cmpmem (broken, n_broken, whole, n_whole);
}

/* Killed at any moment, with a checkpoint after every update, what is on the disk is whole. */
static void
test_kill (void)
{
  g_autofree gchar *corpus = test_write_corpus ("kill", 6), *recipe = test_speech_recipe ("kill.json");
  g_autofree gchar *checkpoint = g_build_filename (test_dir (), "kill.ckpt", NULL);
  g_autofree gchar *location = g_build_filename (test_dir (), "kill.safetensors", NULL);
  g_autofree gchar *command = g_strdup_printf ("gst-launch-1.0 -q rnncorpussrc name=c location=%s rnntrainer name=t "
      "model-file=%s checkpoint=%s location=%s checkpoint-interval=0 config=epochs=1000000 c.audio ! t.sink "
      "c.text ! t.label", corpus, recipe, checkpoint, location);
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autofree gchar *program = g_find_program_in_path ("gst-launch-1.0");
  guint64 before = 0;

  if (!program) {
    g_test_skip ("gst-launch-1.0 is not installed");
    return;
  }
  for (guint i = 0; i < 5; i++) {
    guint64 update;
    GPid child;

    g_assert_true (g_spawn_async (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child,
            NULL));
    do
      g_usleep (3000 + 1700 * i);
    while (!g_file_test (checkpoint, G_FILE_TEST_EXISTS) || checkpoint_update (checkpoint) == before);
    kill (child, SIGKILL);
    waitpid (child, NULL, 0);
    update = checkpoint_update (checkpoint);    /* the next child reads it, or else makes no progress */
    g_assert_cmpuint (update, >, before);
    before = update;
  }
}

static void
test_bad_checkpoint (void)
{
  Bench *b = speech_bench ("bad");
  g_autofree gchar *checkpoint = g_strdup (b->checkpoint);

  g_assert_true (g_file_set_contents (b->checkpoint, "this is no checkpoint", -1, NULL));
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "bad.ckpt");
  bench_free (b);

  g_unlink (checkpoint);
  for (guint i = 0; i < 2; i++) {
    b = speech_bench ("bad");
    g_object_set (b->trainer, "resume", FALSE, NULL);   /* then what it says does not matter */
    push_label (b, "ab", 0, 400);
    push_data (b, 0, 400 + 100 * i);
    push_eos (b);
    wait_for_end (b);
    g_assert_cmpuint (checkpoint_update (b->checkpoint), ==, 3);
    bench_free (b);
  }
}

static void
test_no_room (void)
{
  Bench *b = speech_bench ("no-room");

  g_object_set (b->trainer, "location", "/nonexistent/model.safetensors", NULL);
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "/nonexistent/model.safetensors");
  bench_free (b);
}

/* ---- settings ---- */

static void
expect_refusal (const gchar *model, const gchar *part)
{
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make_full ("rnntrainer", "async", FALSE, NULL));
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;
  GstMessage *message;

  g_object_set (trainer, "model-file", model, NULL);
  gst_element_set_bus (trainer, bus);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_element_set_bus (trainer, NULL);
  gst_object_unref (bus);
  gst_object_unref (trainer);
}

static void
test_bad_model (void)
{
  g_autofree gchar *prose = test_write_text ("prose.json", "%s", "no recipe");

  expect_refusal (NULL, "model-file");
  expect_refusal ("/nonexistent.json", "/nonexistent.json");
  expect_refusal (prose, "prose.json");
}

static void
test_bad_config (void)
{
  Bench *b = speech_bench ("config");

  g_object_set (b->trainer, "config", "epochs=2, learning_pace=3", NULL);
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "learning_pace");
  bench_free (b);
}

static void
test_half_dev (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("half.json");
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make_full ("rnntrainer", "async", FALSE, NULL));
  GstPad *pad = gst_element_request_pad_simple (trainer, "dev_sink");

  g_assert_nonnull (pad);
  g_object_set (trainer, "model-file", recipe, NULL);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_element_release_request_pad (trainer, pad);
  gst_object_unref (pad);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_object_unref (trainer);
}

static void
test_states (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("states.json");
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make_full ("rnntrainer", "async", FALSE, NULL));

  g_object_set (trainer, "model-file", recipe, NULL);
  for (guint i = 0; i < 100; i++) {
    g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_SUCCESS);
    g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref (trainer);
}

/* A pipeline is PAUSED when data are there, not before: else it may be PLAYING before its decoders are. */
static void
test_preroll (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("preroll.json");
  g_autofree gchar *description = g_strdup_printf ("rnntrainer name=t model-file=%s "
      "appsrc name=data caps=audio/x-raw,format=F32LE,rate=16000,channels=1,layout=interleaved format=time ! t.sink "
      "appsrc name=text caps=text/x-raw,format=utf8 format=time ! t.label", recipe);
  GstElement *pipeline = gst_parse_launch (description, NULL);
  GstElement *data = gst_bin_get_by_name (GST_BIN (pipeline), "data");
  GstElement *text = gst_bin_get_by_name (GST_BIN (pipeline), "text");
  GstFlowReturn flow;

  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_ASYNC);
    g_assert_cmpint (gst_element_get_state (pipeline, NULL, NULL, 50 * GST_MSECOND), ==, GST_STATE_CHANGE_ASYNC);
    if (i == 0)
      gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  g_signal_emit_by_name (data, "end-of-stream", &flow);
  g_signal_emit_by_name (text, "end-of-stream", &flow);
  g_assert_cmpint (gst_element_get_state (pipeline, NULL, NULL, 10 * GST_SECOND), ==, GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (data);
  gst_object_unref (text);
  gst_object_unref (pipeline);
}

/* ---- whole pipelines ---- */

static void
test_corpus (void)
{
  g_autofree gchar *corpus = test_write_corpus ("corpus", 24), *dev = test_write_corpus ("dev-corpus", 8);
  g_autofree gchar *recipe = test_speech_recipe ("corpus.json");
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s seed=1 rnncorpussrc name=d "
      "location=%s rnntrainer name=t model-file=%s location=%s/corpus.safetensors config=epochs=150 n-threads=2 "
      "c.audio ! t.sink c.text ! t.label d.audio ! t.dev_sink d.text ! t.dev_label", corpus, dev, recipe, test_dir ());
  g_autofree gchar *complaints = test_complaints (messages);
  g_autoptr (GPtrArray) epochs = NULL;
  gdouble best;

  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_cmpstr (complaints, ==, "");
  epochs = test_structures (messages, "rnntrainer", "epoch");
  g_assert_cmpuint (epochs->len, ==, 150);
  g_assert_true (gst_structure_get_double (g_ptr_array_index (epochs, 149), "best-metric", &best));
  g_assert_cmpfloat (best, <, 0.2);     /* it has learnt the tones */
}

/* The weights of two corpora decide how many updates an epoch has. */
static void
test_weights (void)
{
  g_autofree gchar *one = test_write_corpus ("light", 8), *other = test_write_corpus ("heavy", 8);
  g_autofree gchar *recipe = test_speech_recipe ("weights.json");
  static const struct {
    const gchar *weights;
    guint64 updates;
  } cases[] = { { "", 4 }, { "light=0.5,heavy=2", 5 }, { "heavy=0", 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s:%s rnntrainer name=t model-file=%s "
        "config=epochs=1,batch_size=4 weights=\"%s\" c.audio ! t.sink c.text ! t.label", one, other, recipe, cases[i].weights);
    g_autoptr (GPtrArray) epochs = test_structures (messages, "rnntrainer", "epoch");
    guint64 update;

    g_assert_true (test_ended_well (messages));
    g_assert_true (gst_structure_get_uint64 (epochs->pdata[0], "update", &update));
    g_assert_cmpuint (update, ==, cases[i].updates);
  }
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s rnntrainer name=t model-file=%s "
        "weights=%s c.audio ! t.sink c.text ! t.label", one, recipe, i ? "light" : "nobody=2");
    g_autofree gchar *complaints = test_complaints (messages);

    g_assert_false (test_ended_well (messages));
    g_assert_nonnull (strstr (complaints, "weights: "));
  }
}

/* Several dev sets: each has its own result; without one that has no name the first decides. */
static void
test_named_devs (void)
{
  g_autofree gchar *corpus = test_write_corpus ("named", 12), *one = test_write_corpus ("one", 4);
  g_autofree gchar *other = test_write_corpus ("other", 6), *recipe = test_speech_recipe ("named.json");
  g_autofree gchar *log = g_build_filename (test_dir (), "named.jsonl", NULL), *text = NULL;
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s rnncorpussrc name=d location=%s "
      "rnncorpussrc name=e location=%s rnntrainer name=t model-file=%s config=epochs=2 c.audio ! t.sink c.text ! t.label "
      "d.audio ! t.dev_sink_one d.text ! t.dev_label_one e.audio ! t.dev_sink_other e.text ! t.dev_label_other "
      "t.src ! filesink location=%s async=false", corpus, one, other, recipe, log);
  g_autofree gchar *complaints = test_complaints (messages);
  g_autoptr (GPtrArray) epochs = test_structures (messages, "rnntrainer", "epoch");
  g_autoptr (GstStructure) sets = NULL;
  gdouble metric, deciding;

  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_cmpuint (epochs->len, ==, 2);
  g_assert_true (gst_structure_get (epochs->pdata[1], "dev-sets", GST_TYPE_STRUCTURE, &sets, "dev-metric", G_TYPE_DOUBLE,
          &deciding, NULL));
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstStructure) set = NULL;

    g_assert_true (gst_structure_get (sets, i ? "other" : "one", GST_TYPE_STRUCTURE, &set, NULL));
    g_assert_true (gst_structure_get_double (set, "metric", &metric));
    g_assert_true (isfinite (metric));
    if (i == 0)
      g_assert_cmpfloat (metric, ==, deciding);
  }
  g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\"dev_examples\": 10"));
  g_assert_nonnull (strstr (text, "\"dev_sets\": {\"one\": "));
}

/* Trains @epochs with a checkpoint; returns how many files were played for it. */
static guint
train_kept (const gchar *corpus, const gchar *recipe, const gchar *checkpoint, guint epochs)
{
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s seed=1 post-messages=true rnntrainer "
      "name=t model-file=%s checkpoint=%s config=epochs=%u c.audio ! t.sink c.text ! t.label", corpus, recipe, checkpoint,
      epochs);
  g_autofree gchar *complaints = test_complaints (messages);
  g_autoptr (GPtrArray) files = test_structures (messages, "rnncorpussrc", "file");
  g_autoptr (GPtrArray) reports = test_structures (messages, "rnntrainer", "epoch");

  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_cmpuint (reports->len, >, 0);
  return files->len;
}

static void
copy_file (const gchar *from, const gchar *to)
{
  g_autofree gchar *bytes = NULL;
  gsize n;

  g_assert_true (g_file_get_contents (from, &bytes, &n, NULL));
  g_assert_true (g_file_set_contents (to, bytes, (gssize) n, NULL));
}

/* What was read once is not read again, unless it has changed; the training that goes on is the one that never stopped. */
static void
test_kept (void)
{
  g_autofree gchar *corpus = test_write_corpus ("kept", 24), *recipe = test_speech_recipe ("kept.json");
  g_autofree gchar *whole = g_build_filename (test_dir (), "kept-whole.ckpt", NULL);
  g_autofree gchar *parts = g_build_filename (test_dir (), "kept-parts.ckpt", NULL);
  g_autofree gchar *features = g_strconcat (parts, ".features", NULL), *first = NULL, *other = NULL;
  gsize n_first, n_other;

  g_assert_cmpuint (train_kept (corpus, recipe, whole, 4), ==, 24);
  g_assert_cmpuint (train_kept (corpus, recipe, parts, 2), ==, 24);
  g_assert_true (g_file_test (features, G_FILE_TEST_EXISTS));
  g_unlink (parts);
  g_assert_cmpuint (train_kept (corpus, recipe, parts, 4), <, 24);
  g_assert_true (g_file_get_contents (whole, &first, &n_first, NULL));
  g_assert_true (g_file_get_contents (parts, &other, &n_other, NULL));
  g_assert_cmpmem (first, n_first, other, n_other);
  g_unlink (parts);
  copy_file (corpus, features);         /* broken: made anew */
  g_assert_cmpuint (train_kept (corpus, recipe, parts, 2), ==, 24);
  g_unlink (parts);
  g_assert_true (g_file_set_contents (corpus, "kept-0.wav\ts0\ta\nkept-1.wav\ts0\tb\n", -1, NULL));
  g_assert_cmpuint (train_kept (corpus, recipe, parts, 2), ==, 2);
}

/* Any media file with a subtitle track. */
static void
test_subtitles (void)
{
  g_autoptr (GArray) speech = test_speak ("_ab__cd__ef__gh__");
  g_autofree gchar *wav = test_write_wav ("film.wav", speech, TEST_RATE, 1), *recipe = test_speech_recipe ("film.json");
  g_autofree gchar *srt = test_write_text ("film.srt", "%s",
      "1\n00:00:00,050 --> 00:00:00,350\n<i>Ab.</i>\n\n2\n00:00:00,450 --> 00:00:00,750\nCD!\n\n"
      "3\n00:00:00,850 --> 00:00:01,150\n[noise] Ef\n\n4\n00:00:01,250 --> 00:00:01,550\n99 %\n\n");
  g_autoptr (GPtrArray) made = test_run_pipeline ("matroskamux name=m ! filesink location=%s/film.mkv "
      "filesrc location=%s ! wavparse ! audioconvert ! flacenc ! queue ! m. "
      "filesrc location=%s ! subparse ! queue ! m.",
      test_dir (), wav, srt);
  g_autoptr (GPtrArray) messages = NULL;
  g_autofree gchar *complaints = NULL, *line = NULL, *log = g_build_filename (test_dir (), "film.jsonl", NULL);

  g_assert_true (test_ended_well (made));
  messages = test_run_pipeline ("filesrc location=%s/film.mkv ! matroskademux name=d rnntrainer name=t model-file=%s "
      "d.audio_0 ! queue ! decodebin ! audioconvert ! audioresample ! t.sink d.subtitle_0 ! queue ! t.label "
      "t.src ! filesink location=%s", test_dir (), recipe, log);
  complaints = test_complaints (messages);
  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_nonnull (strstr (complaints, "0:00:01.25"));         /* nothing says 99 % with these tokens */
  g_assert_true (g_file_get_contents (log, &line, NULL, NULL));
  g_assert_true (g_str_has_prefix (line, "{\"examples\": 3, \"skipped\": 1,"));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer/stop", test_stop);
  g_test_add_func ("/trainer/ready", test_ready);
  g_test_add_func ("/trainer/pause", test_pause);
  g_test_add_func ("/trainer/resume", test_resume);
  g_test_add_func ("/trainer/kill", test_kill);
  g_test_add_func ("/trainer/bad-checkpoint", test_bad_checkpoint);
  g_test_add_func ("/trainer/no-room", test_no_room);
  g_test_add_func ("/trainer/bad-model", test_bad_model);
  g_test_add_func ("/trainer/bad-config", test_bad_config);
  g_test_add_func ("/trainer/half-dev", test_half_dev);
  g_test_add_func ("/trainer/states", test_states);
  g_test_add_func ("/trainer/preroll", test_preroll);
  g_test_add_func ("/trainer/corpus", test_corpus);
  g_test_add_func ("/trainer/weights", test_weights);
  g_test_add_func ("/trainer/named-devs", test_named_devs);
  g_test_add_func ("/trainer/kept", test_kept);
  g_test_add_func ("/trainer/subtitles", test_subtitles);
  return test_run ();
}
