/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams of one batch-group: the same captions and tensors as alone, whoever ends, flushes, stops or changes the model
 * meanwhile. */
#include "common.h"
#include <malloc.h>
#include <string.h>

#define STREAMS 5
#define LONG 10000u             /* ms, as a deadline: no test waits so long */

static gchar *model, *plain, *other, *detector;

/* ---- captions ---- */

typedef struct {
  const gchar *group, *text;
  guint size;                   /* of buffers; 0: random */
  gboolean flush;               /* after all of it, and all again */
  const gchar *vad;
  gchar *captions;
  guint64 n_runs, n_rows;
} Speaker;

static gint n_there;

/* The first 100 ms; nobody goes on before all of the group are there. */
static void
meet (TestHarness *t, const gchar *group)
{
  test_say (t, "_", 0);
  if (!group)
    return;
  g_atomic_int_inc (&n_there);
  while (g_atomic_int_get (&n_there) < STREAMS)
    g_usleep (100);
}

static void
push (TestHarness *t, const GArray *samples, guint size)
{
  g_assert_cmpint (test_push_audio (t, samples, size, TEST_LETTER), ==, GST_FLOW_OK);
}

static void
flush (TestHarness *t, const GArray *samples, guint size)
{
  GstSegment segment;

  push (t, samples, size);
  g_free (test_pull_text (t->h));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE)));
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_segment (&segment)));
}

static gpointer
caption (gpointer data)
{
  Speaker *s = data;
  TestHarness *t = test_transcriber_new (model, "batch-group", s->group, "batch-deadline", 20, "vad-model", s->vad, NULL);
  g_autoptr (GArray) samples = test_speak (s->text);

  meet (t, s->group);
  if (s->flush)
    flush (t, samples, s->size);
  push (t, samples, s->size);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  s->captions = test_pull_text (t->h);
  s->n_runs = test_get_stat (t, "infer", "runs");
  s->n_rows = test_get_stat (t, "infer", "batched-streams");
  test_harness_free (t);
  return NULL;
}

/* All at once say what each says alone. */
static void
compare (Speaker speakers[STREAMS])
{
  GThread *threads[STREAMS];
  guint64 n_runs = 0, n_rows = 0;
  guint i;

  g_atomic_int_set (&n_there, 0);
  for (i = 0; i < STREAMS; i++)
    threads[i] = g_thread_new ("speaker", caption, &speakers[i]);
  for (i = 0; i < STREAMS; i++) {
    Speaker alone = {.text = speakers[i].text,.size = speakers[i].size,.vad = speakers[i].vad };

    g_thread_join (threads[i]);
    caption (&alone);
    g_assert_cmpstr (speakers[i].captions, ==, alone.captions);
    g_assert_cmpuint (strlen (alone.captions), >, 0);
    g_assert_cmpuint (alone.n_rows, ==, alone.n_runs);
    n_runs += speakers[i].n_runs;
    n_rows += speakers[i].n_rows;
    g_free (alone.captions);
  }
  g_test_message ("streams of a run: %.2f", (gdouble) n_rows / n_runs);
  g_assert_cmpuint (n_rows, >, n_runs);
}

/* They end at different times, one is flushed. */
static void
test_captions (void)
{
  Speaker speakers[STREAMS] = { {"g", "_abc_de fgh__________abc", 160}, {"g", "ab", 1600},
    {"g", "_hgf e dcba", 700, TRUE}, {"g", "aabbccddeeff gg hh ab cd ef gh______________ha", 0},
    {"g", "____________________b", 480} };

  compare (speakers);
  for (guint i = 0; i < STREAMS; i++)
    g_free (speakers[i].captions);
}

/* Behind detectors that are deaf to a lone h, which wait for what they are told at times of their own; one stream has none. */
static void
test_gated (void)
{
  Speaker speakers[STREAMS] = { {"v", "_abc______h______abc", 160, FALSE, detector}, {"v", "h______ab______h", 1600, FALSE, detector},
    {"v", "_gf e______h_h______dcba", 700, TRUE, detector}, {"v", "aabb______h______cd ef", 0, FALSE, detector},
    {"v", "ab______h______c", 480} };

  compare (speakers);
  for (guint i = 0; i < STREAMS; i++) {
    g_assert_true ((strchr (speakers[i].captions, 'h') != NULL) == !speakers[i].vad);
    g_free (speakers[i].captions);
  }
}

/* ---- tensors ---- */

#define TENSOR_CAPS "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)23:1, " \
    "framerate=(fraction)100/1"
#define TENSORS 203

static TestHarness *
infer_new (const gchar *group, guint deadline)
{
  GstElement *element = gst_element_factory_make ("rnninfer", NULL);
  TestHarness *t;

  g_object_set (element, "model-file", model, "batch-group", group, "batch-deadline", deadline, NULL);
  gst_util_set_object_arg (G_OBJECT (element), "precision", "int8");
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, TENSOR_CAPS);
  return t;
}

static GstBuffer *
tensor (GRand *rand, guint i)
{
  gfloat x[23];
  guint j;
  GstBuffer *buffer;

  for (j = 0; j < 23; j++)
    x[j] = (gfloat) g_rand_double_range (rand, 0, 25);
  buffer = gst_buffer_new_memdup (x, sizeof (x));
  GST_BUFFER_PTS (buffer) = i * 10 * GST_MSECOND;
  return buffer;
}

/* All that came out, one after another. */
static GByteArray *
answers (TestHarness *t)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;
  gfloat y[10];

  while ((buffer = gst_harness_try_pull (t->h))) {
    g_assert_cmpuint (gst_buffer_extract (buffer, 0, y, sizeof (y)), ==, sizeof (y));
    g_byte_array_append (all, (guint8 *) y, sizeof (y));
    gst_buffer_unref (buffer);
  }
  return all;
}

typedef struct {
  const gchar *group;
  guint seed;
} Stream;

/* Lists of 1 to 9 tensors */
static gpointer
infer (gpointer data)
{
  Stream *s = data;
  TestHarness *t = infer_new (s->group, 20);
  g_autoptr (GRand) rand = g_rand_new_with_seed (s->seed);
  GByteArray *all;
  guint i = 0, n;

  while (i < TENSORS) {
    GstBufferList *list = gst_buffer_list_new ();

    for (n = g_rand_int_range (rand, 1, 10); n > 0 && i < TENSORS; n--)
      gst_buffer_list_add (list, tensor (rand, i++));
    g_assert_cmpint (gst_pad_push_list (t->h->srcpad, list), ==, GST_FLOW_OK);
  }
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  all = answers (t);
  test_harness_free (t);
  return all;
}

static void
test_tensors (void)
{
  Stream streams[STREAMS];
  GThread *threads[STREAMS];
  guint i;

  for (i = 0; i < STREAMS; i++) {
    streams[i] = (Stream) { "g", i };
    threads[i] = g_thread_new ("infer", infer, &streams[i]);
  }
  for (i = 0; i < STREAMS; i++) {
    GByteArray *together = g_thread_join (threads[i]), *alone = infer (&(Stream) { NULL, i });

    g_assert_cmpuint (alone->len, ==, TENSORS * 10 * sizeof (gfloat));
    g_assert_cmpmem (together->data, together->len, alone->data, alone->len);
    g_byte_array_unref (together);
    g_byte_array_unref (alone);
  }
}

/* ---- waits that end ---- */

typedef struct {
  TestHarness *partner, *waiting;
  GThread *thread;
} Wait;

static gpointer
push_one (gpointer harness)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  return GINT_TO_POINTER (gst_harness_push (((TestHarness *) harness)->h, tensor (rand, 0)));
}

/* Two streams, of which one waits for the other. */
static void
wait_begin (Wait *w)
{
  w->partner = infer_new ("g", 0);
  w->waiting = infer_new ("g", LONG);
  g_assert_cmpint (GPOINTER_TO_INT (push_one (w->partner)), ==, GST_FLOW_OK);
  w->thread = g_thread_new ("waits", push_one, w->waiting);
  g_usleep (20000);
}

static void
wait_end (Wait *w, GstFlowReturn expected)
{
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (w->thread)), ==, expected);
  test_harness_free (w->partner);
  test_harness_free (w->waiting);
}

static void
test_flush (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  GstSegment segment;
  Wait w;

  wait_begin (&w);
  gst_harness_push_event (w.waiting->h, gst_event_new_flush_start ());
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (w.thread)), ==, GST_FLOW_FLUSHING);
  gst_harness_push_event (w.waiting->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (w.waiting->h, gst_event_new_segment (&segment));
  gst_harness_push_event (w.partner->h, gst_event_new_eos ());
  w.thread = g_thread_new ("goes on", push_one, w.waiting);
  wait_end (&w, GST_FLOW_OK);
}

static void
test_stop (void)
{
  Wait w;

  wait_begin (&w);
  g_assert_cmpint (gst_element_set_state (w.waiting->element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
  wait_end (&w, GST_FLOW_FLUSHING);
}

/* The end, a flush or the stop of the other one also ends the wait for it. */
static void
test_partner (gconstpointer how)
{
  Wait w;

  wait_begin (&w);
  if (g_str_equal (how, "eos"))
    gst_harness_push_event (w.partner->h, gst_event_new_eos ());
  else if (g_str_equal (how, "flush"))
    gst_harness_push_event (w.partner->h, gst_event_new_flush_start ());
  else
    gst_element_set_state (w.partner->element, GST_STATE_READY);
  wait_end (&w, GST_FLOW_OK);
}

/* One that pauses, in a pipeline, is left behind. */
static void
test_pause (void)
{
  g_autofree gchar *text = g_strdup_printf ("audiotestsrc samplesperbuffer=160 ! audio/x-raw, rate=16000, channels=1 ! "
      "rnntranscriber model-file=%s batch-group=p ! fakesink sync=false", plain);
  GstElement *paused = gst_parse_launch (text, NULL);
  TestHarness *t = test_transcriber_new (plain, "batch-group", "p", NULL);
  g_autoptr (GArray) samples = test_speak ("__abc_");

  gst_element_set_state (paused, GST_STATE_PLAYING);
  push (t, samples, 320);
  gst_element_set_state (paused, GST_STATE_PAUSED);
  test_say (t, "def", 6);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  test_expect_words (t, "abcdef");
  gst_element_set_state (paused, GST_STATE_NULL);
  gst_object_unref (paused);
  test_harness_free (t);
}

/* ---- models, properties ---- */

static gint stop;

static gpointer
talk (gpointer data)
{
  TestHarness *t = test_transcriber_new (plain, "batch-group", "s", NULL);
  guint at = 0;

  for (at = 0; !g_atomic_int_get (&stop); at += 4)
    test_say (t, "abc ", at);
  test_harness_free (t);
  return NULL;
}

/* A stream whose model changes while others of its group run on moves to the batches of the new one. */
static void
test_swap (void)
{
  TestHarness *t = test_transcriber_new (plain, "batch-group", "s", NULL);
  GThread *thread = g_thread_new ("talks", talk, NULL);
  GstMessage *message = NULL;
  guint at = 5;

  test_say (t, "__abc", 0);
  g_object_set (t->element, "model-file", other, NULL);
  while (!(message = test_pop_message (t, GST_MESSAGE_ELEMENT, "model-swapped")))
    test_say (t, "_", at++);
  gst_message_unref (message);
  test_say (t, "abc", at);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  g_atomic_int_set (&stop, TRUE);
  g_thread_join (thread);
  test_expect_words (t, "abc|xyz");
  g_assert_cmpuint (test_get_stat (t, "infer", "runs"), >, 50); /* of both models */
  test_harness_free (t);
}

static void
test_properties (void)
{
  TestHarness *t = test_transcriber_new (plain, "batch-group", "q", "batch-deadline", 30, NULL);
  g_autofree gchar *group = NULL;
  guint deadline;
  GstClockTime together = gst_harness_query_latency (t->h), alone;

  g_object_get (t->element, "batch-group", &group, "batch-deadline", &deadline, NULL);
  g_assert_cmpstr (group, ==, "q");
  g_assert_cmpuint (deadline, ==, 30);
  test_harness_free (t);
  t = test_transcriber_new (plain, "batch-deadline", 30, NULL);
  alone = gst_harness_query_latency (t->h);
  g_assert_cmpuint (together, ==, alone + 30 * GST_MSECOND);
  test_harness_free (t);
}

/* ---- memory ---- */

#define WARM 40                 /* streams after which batches have all their room */
#define MORE 24

static GstElement *
new_transcriber (void)
{
  g_autofree gchar *path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "models", "english-small.safetensors",
      NULL);
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_object_set (element, "model-file", path, "batch-group", "m", "post-messages", FALSE, NULL);
  gst_util_set_object_arg (G_OBJECT (element), "precision", "int8");
  return element;
}

static GstElement *
new_identities (void)
{
  return gst_parse_bin_from_description ("identity ! identity ! identity", TRUE, NULL);
}

/* What a sink would have taken. */
static void
drop_events (GstHarness *h)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h)))
    gst_event_unref (event);
}

/* Allocated bytes per further stream, each with 2 s of sound behind it. */
static gssize
bytes_per_stream (GstElement *(*new_element) (void), guint warm, guint more)
{
  g_autoptr (GArray) samples = test_speak ("_abc de fgh_________");
  TestHarness streams[WARM + MORE] = { {NULL} };
  gssize before = 0, after;
  guint i;

  for (i = 0; i < warm + more; i++) {
    GstElement *element = gst_object_ref_sink (new_element ());

    if (i == warm)
      before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
    streams[i].h = gst_harness_new_with_element (element, "sink", "src");
    gst_object_unref (element);
    gst_harness_set_drop_buffers (streams[i].h, TRUE);
    gst_harness_set_src_caps_str (streams[i].h, TEST_AUDIO_CAPS);
    push (&streams[i], samples, 320);
    drop_events (streams[i].h);
  }
  after = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  for (i = 0; i < warm + more; i++)
    gst_harness_teardown (streams[i].h);
  return (after - before) / more;
}

/* What a further stream takes beyond what GStreamer takes for a bin of three elements: 20 KB are the state (the room for
 * batches is all there by then), the rest are the front end, the decoder, pads, caps and sticky events. */
static void
test_memory (void)
{
  gssize ours, without;

  if (mallinfo2 ().uordblks == 0) {
    g_test_skip ("this allocator does not tell");
    return;
  }
  ours = bytes_per_stream (new_transcriber, WARM, MORE);
  without = bytes_per_stream (new_identities, WARM, MORE);
  g_test_message ("%" G_GSSIZE_FORMAT " bytes per stream, %" G_GSSIZE_FORMAT " of them GStreamer's", ours, without);
  g_assert_cmpint (ours - without, <=, 47 << 10);
}

static gchar *
shipped (const gchar *name)
{
  return g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "models", name, NULL);
}

/* As captions are made, each alone. */
static GstElement *
new_searcher (void)
{
  g_autofree gchar *path = shipped ("english.safetensors"), *words = shipped ("english.lm");
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_object_set (element, "model-file", path, "lm-file", words, "hotwords", "forward:1", "post-messages", FALSE, NULL);
  return element;
}

/* One model and one language model in 16 elements: 24 MB of weights and 19 MB of words are there once; what each has of its own is the
 * state and the room for a step, of the layers that the phones need, and the hypotheses. */
static void
test_shared (void)
{
  gssize ours;

  if (mallinfo2 ().uordblks == 0) {
    g_test_skip ("this allocator does not tell");
    return;
  }
  ours = bytes_per_stream (new_searcher, 1, 15) - bytes_per_stream (new_identities, 1, 15);
  g_test_message ("%" G_GSSIZE_FORMAT " bytes per further element", ours);
  g_assert_cmpint (ours, <=, 200 << 10);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("memory", &(TestModel) { .memory = 5, .lookahead = 2 });
  detector = test_tone_detector ("deaf", "h");
  plain = test_tone_model ("tones", &(TestModel) { 0, });
  other = test_tone_model ("other", &(TestModel) { .letters = "xyzuvwst" });
  g_test_add_func ("/batch/captions", test_captions);
  g_test_add_func ("/batch/gated", test_gated);
  g_test_add_func ("/batch/tensors", test_tensors);
  g_test_add_func ("/batch/flush", test_flush);
  g_test_add_func ("/batch/stop", test_stop);
  g_test_add_data_func ("/batch/partner-ends", "eos", test_partner);
  g_test_add_data_func ("/batch/partner-flushes", "flush", test_partner);
  g_test_add_data_func ("/batch/partner-stops", "stop", test_partner);
  g_test_add_func ("/batch/pause", test_pause);
  g_test_add_func ("/batch/swap", test_swap);
  g_test_add_func ("/batch/properties", test_properties);
  g_test_add_func ("/batch/memory", test_memory);
  g_test_add_func ("/batch/shared", test_shared);
  result = test_run ();
  g_free (model);
  g_free (detector);
  g_free (plain);
  g_free (other);
  return result;
}
