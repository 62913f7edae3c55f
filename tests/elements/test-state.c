/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State in hand: a stream that moves to another process goes on bit for bit, and states of others are refused. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common.h"

static const gchar *folder;     /* where states are: the test's, in its child, too */

#define TEXT "abc _d_ efgh__ab"
#define CUT 7777                /* samples of the first process: in the midst of a frame, a block and the look-ahead */
#define PIECE 700

static gchar *
state_path (const gchar *element)
{
  g_autofree gchar *name = g_strconcat (element, ".state", NULL);

  return g_build_filename (folder, name, NULL);
}

/* @keeps: with files for their states, written after every buffer. */
static TestHarness *
new_chain (const gchar *model, gboolean keeps)
{
  g_autofree gchar *features = state_path ("features"), *infer = state_path ("infer");
  g_autofree gchar *options = keeps ? g_strdup_printf ("state-interval=0 state-file=") : NULL;
  g_autofree gchar *text = g_strdup_printf ("rnnfeatures name=features model-file=%s %s%s ! rnninfer name=infer model-file=%s %s%s", model,
      keeps ? options : "", keeps ? features : "", model, keeps ? options : "", keeps ? infer : "");
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (text, TRUE, &error);
  TestHarness *t;

  g_assert_no_error (error);
  t = test_harness_new (bin);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

static void
push (TestHarness *t, const GArray *samples, guint from, guint to)
{
  for (guint i = from; i < to; i += PIECE)
    g_assert_cmpint (gst_harness_push (t->h, test_audio_buffer ((const gfloat *) samples->data + i, MIN (PIECE, to - i), i)), ==, GST_FLOW_OK);
}

typedef struct {
  GstClockTime pts;
  gchar *digest;
} Answer;

static void
clear_answer (gpointer answer)
{
  g_free (((Answer *) answer)->digest);
}

static GArray *
pull_all (TestHarness *t)
{
  GArray *answers = g_array_new (FALSE, FALSE, sizeof (Answer));
  GstBuffer *buffer;

  g_array_set_clear_func (answers, clear_answer);
  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;
    Answer answer = { GST_BUFFER_PTS (buffer), NULL };

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    answer.digest = g_compute_checksum_for_data (G_CHECKSUM_MD5, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
    g_array_append_val (answers, answer);
  }
  return answers;
}

/* Those of a stream that nothing interrupts */
static GArray *
run_whole (const gchar *model, const GArray *samples)
{
  TestHarness *t = new_chain (model, FALSE);
  GArray *answers;

  push (t, samples, 0, samples->len);
  answers = pull_all (t);
  test_harness_free (t);
  return answers;
}

/* @rest are the last of @whole. */
static void
assert_rest (const GArray *whole, const GArray *rest)
{
  guint skip = whole->len - rest->len;

  g_assert_cmpuint (rest->len, >, 5);
  g_assert_cmpuint (rest->len, <, whole->len - 5);
  for (guint i = 0; i < rest->len; i++) {
    const Answer *a = &g_array_index (whole, Answer, skip + i), *b = &g_array_index (rest, Answer, i);

    g_assert_cmpuint (a->pts, ==, b->pts);
    g_assert_cmpstr (a->digest, ==, b->digest);
  }
}

static void
forget_states (void)
{
  g_autofree gchar *features = state_path ("features"), *infer = state_path ("infer");

  g_unlink (features);
  g_unlink (infer);
}

/* The other process: hears the first samples, and is killed. */
static void
be_killed (const gchar *model)
{
  g_autoptr (GArray) samples = test_speak (TEXT);
  TestHarness *t = new_chain (model, TRUE);

  push (t, samples, 0, CUT);
  kill (getpid (), SIGKILL);
}

static const TestModel models[] = {
  { .memory = 5 }, { .lookahead = 3, .memory = 5 }, { .lookahead = 2, .memory = 1, .stack = 3 },
};

static void
test_killed (gconstpointer data)
{
  g_autofree gchar *model = test_tone_model ("killed", data);
  g_autoptr (GArray) samples = test_speak (TEXT), whole = run_whole (model, samples), rest = NULL;
  TestHarness *t;
  pid_t child;
  gint status;

  forget_states ();
  if ((child = fork ()) == 0) {
    execl ("/proc/self/exe", "test-state", "--be-killed", model, folder, NULL);
    _exit (1);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  t = new_chain (model, TRUE);
  push (t, samples, CUT, samples->len);
  rest = pull_all (t);
  assert_rest (whole, rest);
  test_expect_no_error (t);
  test_harness_free (t);
}

static GstElement *
get (TestHarness *t, const gchar *name)
{
  return gst_bin_get_by_name (GST_BIN (t->element), name);
}

static void
signal_all (TestHarness *t, const gchar *signal)
{
  static const gchar *const names[] = { "features", "infer" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = state_path (names[i]);
    g_autoptr (GstElement) element = get (t, names[i]);

    g_signal_emit_by_name (element, signal, path);
  }
}

/* One stream forks: what was saved by hand goes on in another pipeline, and the first one goes on, too. */
static void
test_signals (void)
{
  g_autofree gchar *model = test_tone_model ("signals", &models[1]);
  g_autoptr (GArray) samples = test_speak (TEXT), whole = run_whole (model, samples), rest = NULL, own = NULL;
  TestHarness *t = new_chain (model, FALSE), *other = new_chain (model, FALSE);

  forget_states ();
  push (t, samples, 0, CUT);
  signal_all (t, "save-state");
  push (t, samples, CUT, samples->len);
  own = pull_all (t);
  g_assert_cmpuint (own->len, ==, whole->len);
  signal_all (other, "load-state");
  push (other, samples, CUT, samples->len);
  rest = pull_all (other);
  assert_rest (whole, rest);
  test_harness_free (t);
  test_harness_free (other);
}

/* A state of another model, and one whose bytes were changed: told of, and the stream begins anew. */
static void
test_refused (void)
{
  g_autofree gchar *model = test_tone_model ("refused", &models[0]), *other = test_tone_model ("other", &models[1]);
  g_autofree gchar *path = state_path ("infer"), *bytes = NULL;
  g_autoptr (GArray) samples = test_speak (TEXT);
  gsize n;

  for (guint i = 0; i < 2; i++) {
    TestHarness *t = new_chain (model, TRUE);
    g_autoptr (GstMessage) warning = NULL;
    g_autoptr (GArray) fresh = run_whole (i ? model : other, samples), answers = NULL;

    forget_states ();
    push (t, samples, 0, CUT);
    test_harness_free (t);
    g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
    bytes[n - 3] ^= i ? 1 : 0;
    g_assert_true (g_file_set_contents (path, bytes, (gssize) n, NULL));
    g_clear_pointer (&bytes, g_free);
    t = new_chain (i ? model : other, TRUE);
    push (t, samples, 0, samples->len);
    answers = pull_all (t);
    warning = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
    g_assert_nonnull (warning);
    if (!i)                     /* of a changed file the other element's state is taken, whose windows go on */
      g_assert_cmpuint (answers->len, ==, fresh->len);
    test_harness_free (t);
  }
}

/* What is no file is neither read nor replaced; it is told of, and the stream goes on. */
static void
test_no_file (void)
{
  g_autofree gchar *model = test_tone_model ("no-file", &models[0]), *path = state_path ("infer");
  g_autoptr (GArray) samples = test_speak (TEXT), whole = run_whole (model, samples), answers = NULL;
  g_autoptr (GstMessage) warning = NULL;
  GStatBuf info;
  TestHarness *t;

  forget_states ();
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  t = new_chain (model, TRUE);
  push (t, samples, 0, samples->len);
  answers = pull_all (t);
  g_assert_cmpuint (answers->len, ==, whole->len);
  warning = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
  g_assert_nonnull (warning);
  test_harness_free (t);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_true (S_ISFIFO (info.st_mode));
  forget_states ();
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--be-killed")) {
    gst_init (NULL, NULL);
    folder = argv[3];
    be_killed (argv[2]);
  }
  test_init (&argc, &argv);
  folder = test_dir ();
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree gchar *name = g_strdup_printf ("/state/killed/%u", i);

    g_test_add_data_func (name, &models[i], test_killed);
  }
  g_test_add_func ("/state/signals", test_signals);
  g_test_add_func ("/state/refused", test_refused);
  g_test_add_func ("/state/no-file", test_no_file);
  return test_run ();
}
