/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model changed while PLAYING: loaded aside, used from the next endpoint on, in all stages at once. */
#include "corpus.h"
#include <string.h>

static gchar *model, *other, *wider, *slow, *second;

static GstElement *
make_chain (const gchar *path)
{
  GError *error = NULL;
  GstElement *bin = gst_parse_bin_from_description ("rnnfeatures name=f ! rnninfer name=i ! rnnctcdec name=c", FALSE,
      &error);
  GstElement *f = gst_bin_get_by_name (GST_BIN (bin), "f"), *c = gst_bin_get_by_name (GST_BIN (bin), "c");
  GstElement *i = gst_bin_get_by_name (GST_BIN (bin), "i");
  GstPad *sink = gst_element_get_static_pad (f, "sink"), *src = gst_element_get_static_pad (c, "src");

  g_assert_no_error (error);
  g_object_set (f, "model-file", path, NULL);
  g_object_set (i, "model-file", path, NULL);
  g_object_set (c, "model-file", path, NULL);
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", src));
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_object_unref (f);
  gst_object_unref (i);
  gst_object_unref (c);
  return bin;
}

static TestHarness *
start (GstElement *element)
{
  TestHarness *t = test_harness_new (element);

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

static TestHarness *
transcriber (void)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_object_set (element, "model-file", model, NULL);
  return start (element);
}

static void
say (TestHarness *t, const gchar *text, guint *at)
{
  g_autoptr (GArray) samples = test_speak (text);

  g_assert_cmpint (test_push_audio (t, samples, 160, *at), ==, GST_FLOW_OK);
  *at += samples->len;
}

/* Lets time pass, 100 ms of silence at a time, until a message of the type comes. */
static GstMessage *
wait_for (TestHarness *t, GstMessageType type, const gchar *kind, guint *at)
{
  GstMessage *message;
  guint i;

  for (i = 0; i < 6000; i++) {
    if ((message = test_pop_message (t, type, kind)))
      return message;
    say (t, "_", at);
    g_usleep (1000);
  }
  g_error ("no message");
  return NULL;
}

static void
expect_words (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *words = test_pull_words (t->h);

  g_assert_cmpstr (words, ==, expected);
}

/* @name: of the child whose model-file is set, or NULL: the element's own */
static void
swap (TestHarness *t, const gchar *name, const gchar *path, guint *at)
{
  GstElement *target = name ? gst_bin_get_by_name (GST_BIN (t->element), name) : gst_object_ref (t->element);

  g_object_set (target, "model-file", path, NULL);
  gst_object_unref (target);
  gst_message_unref (wait_for (t, GST_MESSAGE_ELEMENT, "model-swapped", at));
}

static void
test_bin (void)
{
  TestHarness *t = transcriber ();
  g_autofree gchar *path = NULL;
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, NULL, other, &at);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped"));   /* once for the three */
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|xyz");
  g_object_get (t->element, "model-file", &path, NULL);
  g_assert_cmpstr (path, ==, other);
  test_expect_no_error (t);
  test_harness_free (t);
}

/* Not before an endpoint, even when the model has long been there */
static void
test_in_mid_utterance (void)
{
  TestHarness *t = transcriber ();
  guint at = 0, i;

  say (t, "__ab", &at);
  g_object_set (t->element, "model-file", other, NULL);
  for (i = 0; i < 20; i++) {
    g_usleep (5000);
    say (t, "ab", &at);
  }
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped"));
  test_harness_free (t);
}

/* A stream that starts anew starts with the model that was set last, swapped or not. */
static void
test_restart (void)
{
  TestHarness *t = transcriber ();
  guint at = 0;

  say (t, "__ab", &at);
  g_object_set (t->element, "model-file", other, NULL);
  g_assert_cmpint (gst_element_set_state (t->element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (gst_element_set_state (t->element, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_SUCCESS);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  say (t, "_ab", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "xy");
  test_harness_free (t);
}

/* A model with other features and look-ahead: the caps change too. */
static void
test_other_shape (void)
{
  TestHarness *t = transcriber ();
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, NULL, wider, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|mno");
  test_expect_no_error (t);
  test_harness_free (t);
}

/* How many scores there are in a step, and of which head alone; -1: of all. */
static void
expect_scores (GstElement *infer, const gchar *dimensions, gint head)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (infer, "src");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint found = -1;

  gst_structure_get_int (s, "rnn-head", &found);
  g_assert_cmpint (found, ==, head);
  g_assert_cmpstr (gst_structure_get_string (s, "dimensions"), ==, dimensions);
}

/* That the first head of `second` cannot spell. (transfer full) */
static gchar *
write_lexicon (void)
{
  gchar *path = g_build_filename (test_dir (), "words.dict", NULL);

  g_assert_true (g_file_set_contents (path, "abc a b c\ncab c a b\n", -1, NULL));
  return path;
}

/* Of a model with two heads the bin runs what the decoder listens to, and after a swap what it listens to then; elements of a chain,
 * whose answers may go elsewhere too, run all of it.  The words are the same. */
static void
test_heads (void)
{
  g_autofree gchar *lexicon = write_lexicon ();
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);
  g_autoptr (GstElement) infer = gst_bin_get_by_name (GST_BIN (element), "infer");
  TestHarness *t;
  guint at = 0;

  g_object_set (element, "lexicon", lexicon, "model-file", second, NULL);
  t = start (element);
  say (t, "__abc", &at);
  expect_scores (infer, "10:1", 1);
  swap (t, NULL, model, &at);
  say (t, "cab", &at);
  expect_scores (infer, "10:1", -1);
  swap (t, NULL, second, &at);
  say (t, "abc", &at);
  expect_scores (infer, "10:1", 1);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|cab|abc");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_heads_of_chain (void)
{
  g_autofree gchar *lexicon = write_lexicon ();
  GstElement *chain = make_chain (second);
  g_autoptr (GstElement) infer = gst_bin_get_by_name (GST_BIN (chain), "i"), decoder = gst_bin_get_by_name (GST_BIN (chain), "c");
  TestHarness *t;
  guint at = 0;

  g_object_set (decoder, "lexicon", lexicon, NULL);
  t = start (chain);
  say (t, "__abc", &at);
  expect_scores (infer, "12:1", -1);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc");
  test_expect_no_error (t);
  test_harness_free (t);
}

/* Without the bin: set on the first element it reaches all. */
static void
test_chain (void)
{
  TestHarness *t = start (make_chain (model));
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, "f", wider, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|mno");
  test_harness_free (t);
}

static void
test_last_of_chain (void)
{
  TestHarness *t = start (make_chain (model));
  guint at = 0;

  say (t, "__abc", &at);
  swap (t, "c", other, &at);
  say (t, "abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "abc|xyz");
  test_harness_free (t);
}

/* ---- a flush that meets the swap ---- */

static TestHarness *flushed;

static void
flush_once (void)
{
  if (flushed)
    gst_harness_push_event (g_steal_pointer (&flushed)->h, gst_event_new_flush_start ());
}

/* The news of the model meets a flush on its way ... */
static GstPadProbeReturn
flush_model (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  if (gst_event_has_name (GST_PAD_PROBE_INFO_EVENT (info), "rnn-model"))
    flush_once ();
  return GST_PAD_PROBE_OK;
}

/* ... or has arrived, and the caps that follow meet it. */
static GstBusSyncReply
flush_caps (GstBus *bus, GstMessage *message, gpointer data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT
      && g_strcmp0 (gst_structure_get_string (gst_message_get_structure (message), "type"), "model-swapped") == 0)
    flush_once ();
  return GST_BUS_PASS;
}

static void
flush_during_swap (TestHarness *t, gboolean model_too)
{
  g_autoptr (GstElement) features = gst_bin_get_by_name (GST_BIN (t->element), "features");
  g_autoptr (GstPad) src = gst_element_get_static_pad (features, "src");

  flushed = t;
  if (model_too)
    gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, flush_model, NULL, NULL);
  else
    gst_bus_set_sync_handler (t->bus, flush_caps, NULL, NULL);
}

static void
start_anew (TestHarness *t)
{
  GstSegment segment;

  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
}

static void
test_flush (gconstpointer model_too)
{
  TestHarness *t = transcriber ();
  g_autoptr (GArray) silence = test_speak ("_");
  guint at = 0, i;

  say (t, "__ab", &at);
  flush_during_swap (t, model_too != NULL);
  g_object_set (t->element, "model-file", wider, NULL);
  for (i = 0; i < 6000 && flushed; i++, at += silence->len) {
    test_push_audio (t, silence, 160, at);
    g_usleep (1000);
  }
  g_assert_null (flushed);
  start_anew (t);
  g_free (test_pull_words (t->h));
  at = 0;
  say (t, "_abc", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "mno");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
expect_kept (const gchar *path, const gchar *part)
{
  TestHarness *t = transcriber ();
  g_autoptr (GError) error = NULL;
  GstMessage *warning;
  guint at = 0;

  say (t, "__abc", &at);
  g_object_set (t->element, "model-file", path, NULL);
  warning = wait_for (t, GST_MESSAGE_WARNING, NULL, &at);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_true (g_strstr_len (error->message, -1, part) && g_strstr_len (error->message, -1, path));
  gst_message_unref (warning);
  say (t, "def", &at);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_free (test_pull_text (t->unsynced));
  {
    g_autofree gchar *words = test_pull_words (t->h);

    g_assert_true (g_str_has_prefix (words, "abc") && g_str_has_suffix (words, "def"));
  }
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_missing (void)
{
  expect_kept ("/nowhere/none.safetensors", "o such file");
}

static void
test_other_rate (void)
{
  expect_kept (slow, "8000 Hz");
}

#define RECIPE(layer, output) "{\"format\": 1, \"name\": \"r\", \"license\": \"CC0-1.0\", \"input\": {\"kind\": " \
    "\"audio\", \"rate\": 16000}, \"layers\": [" layer "]" output "}"
#define DENSE "{\"cell\": \"dense\", \"name\": \"out\", \"units\": 3}"
#define CTC ", \"output\": {\"kind\": \"ctc\", \"blank\": 0, \"tokens\": [\"-\", \"a\", \" \"]}"
#define WHOLE "{\"cell\": \"bidirectional\", \"layers\": [{\"cell\": \"lstm\", \"hidden\": 4}]}, "

/* Only rnnctcdec, only rnninfer refuses: no stage before them has changed. */
static void
test_refused_downstream (void)
{
  g_autofree gchar *raw = test_write_text ("raw.json", RECIPE (DENSE, ""));
  g_autofree gchar *whole = test_write_text ("whole.json", RECIPE (WHOLE DENSE, CTC));

  expect_kept (raw, "not CTC");
  expect_kept (whole, "cannot stream");
}

/* ---- speech that goes on ---- */

#define UTTERANCES 24

/* What @other spells, in the letters of @model. */
static void
translate (gchar *words)
{
  static const gchar theirs[] = "xyzuvwst";

  for (gchar *p = words; *p; p++) {
    const gchar *at = strchr (theirs, *p);

    if (at)
      *p = TEST_LETTERS[at - theirs];
  }
}

/* Models change to and fro while utterance follows on utterance: each word is there once, whichever of them heard it. */
static void
test_ongoing (gconstpointer decoder)
{
  TestHarness *t = transcriber ();
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree gchar *words = NULL;
  guint at = 0, n_swaps = 0;
  GstMessage *message;

  gst_util_set_object_arg (G_OBJECT (t->element), "decoder", decoder);
  for (guint i = 0; i < UTTERANCES; i++) {
    if (i % 3 == 1)
      g_object_set (t->element, "model-file", i % 2 ? other : model, NULL);
    say (t, "ab cd efg", &at);
    g_usleep (3000);            /* now and then the model comes in mid-utterance */
    say (t, " h" TEST_LONG_SILENCE, &at);
    g_string_append_printf (expected, "%sab|cd|efg|h", i ? "|" : "");
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  words = test_pull_words (t->h);
  translate (words);
  g_assert_cmpstr (words, ==, expected->str);
  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped"))) {
    gst_message_unref (message);
    n_swaps++;
  }
  g_assert_cmpuint (n_swaps, >, 0);
  test_expect_no_error (t);
  test_harness_free (t);
}

/* ---- two languages side by side ---- */

static void
expect_language (TestHarness *t, const gchar *expected)
{
  GstEvent *event = test_pull_event (t->h, GST_EVENT_TAG);
  g_autofree gchar *code = NULL;
  GstTagList *tags;

  g_assert_nonnull (event);
  gst_event_parse_tag (event, &tags);
  g_assert_true (gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &code));
  g_assert_cmpstr (code, ==, expected);
  gst_event_unref (event);
}

/* The same sound to both; then they exchange their models. */
static void
test_languages (void)
{
  TestHarness *one = transcriber (), *two = transcriber ();
  guint at = 0, there = 0;

  g_object_set (two->element, "model-file", other, "language-code", "de-DE", NULL);
  g_assert_cmpint (gst_element_set_state (two->element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (gst_element_set_state (two->element, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_SUCCESS);
  gst_harness_set_src_caps_str (two->h, TEST_AUDIO_CAPS);
  say (one, "_abc", &at);
  say (two, "_abc", &there);
  swap (one, NULL, other, &at);
  swap (two, NULL, model, &there);
  say (one, "ab", &at);
  say (two, "ab", &there);
  gst_harness_push_event (one->h, gst_event_new_eos ());
  gst_harness_push_event (two->h, gst_event_new_eos ());
  expect_words (one, "abc|xy");
  expect_words (two, "xyz|ab");
  expect_language (one, "en");
  expect_language (two, "de");
  test_harness_free (one);
  test_harness_free (two);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  other = test_tone_model ("other", &(TestModel) { .letters = "xyzuvwst" });
  wider = test_tone_model ("wider", &(TestModel) { .letters = "mnopqrst", .stack = 2, .lookahead = 2 });
  slow = test_tone_model ("slow", &(TestModel) { .rate = 8000 });
  second = test_tone_model ("second", &(TestModel) { .second = TRUE });
  g_test_add_func ("/swap/bin", test_bin);
  g_test_add_func ("/swap/in-mid-utterance", test_in_mid_utterance);
  g_test_add_func ("/swap/restart", test_restart);
  g_test_add_func ("/swap/other-shape", test_other_shape);
  g_test_add_func ("/swap/heads", test_heads);
  g_test_add_func ("/swap/heads-of-chain", test_heads_of_chain);
  g_test_add_func ("/swap/chain", test_chain);
  g_test_add_func ("/swap/last-of-chain", test_last_of_chain);
  g_test_add_data_func ("/swap/flush/model", GINT_TO_POINTER (TRUE), test_flush);
  g_test_add_data_func ("/swap/flush/caps", NULL, test_flush);
  g_test_add_data_func ("/swap/speech/greedy", "greedy", test_ongoing);
  g_test_add_data_func ("/swap/speech/beam", "beam", test_ongoing);
  g_test_add_func ("/swap/languages", test_languages);
  g_test_add_func ("/swap/missing", test_missing);
  g_test_add_func ("/swap/refused-downstream", test_refused_downstream);
  g_test_add_func ("/swap/other-rate", test_other_rate);
  result = test_run ();
  g_free (model);
  g_free (other);
  g_free (wider);
  g_free (slow);
  g_free (second);
  return result;
}
