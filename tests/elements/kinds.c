/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kinds.h"
#include <string.h>

#define N_MELS 23
#define N_TOKENS 10

const TestKind test_kinds[] = {
  {"rnnfeatures", TEST_AUDIO_CAPS, "audio/x-raw, format=F32LE, layout=interleaved, rate=8000, channels=1", 0, N_MELS},
  {"rnninfer", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)23:1, framerate=100/1",
        "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)24:1, framerate=100/1",
      N_MELS, N_TOKENS},
  {"rnnctcdec", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)10:1:1:1, "
        "framerate=100/1", "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)10:2, "
        "framerate=100/1", N_TOKENS, 0},
  {"rnntranscriber", TEST_AUDIO_CAPS, "audio/x-raw, format=F32LE, layout=interleaved, rate=8000, channels=1", 0, 0},
};

/* Some of the words that tests say; the others are unknown to it. */
static gchar *
write_language_model (void)
{
  static const gchar *const arpa = "\\data\\\nngram 1=6\nngram 2=2\n\n\\1-grams:\n-1\t<unk>\n-99\t<s>\t-0.3\n-1\t</s>\n"
      "-1\tab\t-0.3\n-1\tcd\n-1\tabcd\n\n\\2-grams:\n-0.5\t<s>\tab\n-0.3\tab\tcd\n\n\\end\\\n";
  gchar *path = g_build_filename (test_dir (), "words.arpa", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, arpa, -1, &error);
  g_assert_no_error (error);
  return path;
}

/* With RNN_TEST_SEARCH, what decodes does so by beam, with a language model and hotwords: the same is heard, at the same times. */
GstElement *
test_kind_make (const TestKind *kind, const gchar *model)
{
  GstElement *element = gst_element_factory_make (kind->name, NULL);
  g_autofree gchar *words = NULL;

  g_object_set (element, "model-file", model, NULL);
  test_gate_if_asked (element);
  if (g_getenv ("RNN_TEST_SEARCH") && g_object_class_find_property (G_OBJECT_GET_CLASS (element), "lm-file")) {
    words = write_language_model ();
    gst_util_set_object_arg (G_OBJECT (element), "decoder", "beam");
    g_object_set (element, "lm-file", words, "lm-weight", 0.3, "word-score", 0.0, "unknown-score", -1.0, "hotwords", "cd:1,abcd:1", NULL);
  }
  return element;
}

TestHarness *
test_kind_start (const TestKind *kind, const gchar *model)
{
  TestHarness *t = test_harness_new (test_kind_make (kind, model));

  gst_harness_set_src_caps_str (t->h, kind->caps);
  return t;
}

/* One frame for a letter's tone, or for silence: energies of the mel bands, or scores of the tokens */
GstBuffer *
test_kind_frame (const TestKind *kind, gint letter, guint64 step)
{
  gfloat frame[N_MELS] = { 0, };
  GstBuffer *buffer;

  if (kind->in == N_MELS && letter >= 0)
    frame[2 + 2 * letter] = 25;
  else if (kind->in == N_TOKENS)
    frame[letter + 1] = 10;
  buffer = gst_buffer_new_memdup (frame, kind->in * sizeof (gfloat));
  GST_BUFFER_PTS (buffer) = step * TEST_STEP;
  GST_BUFFER_DURATION (buffer) = TEST_STEP;
  return buffer;
}

/* The buffers that say @text from step @first on; the first is flagged DISCONT if asked for. */
GstFlowReturn
test_kind_say_at (TestHarness *t, const TestKind *kind, const gchar *text, guint64 first, gboolean discont)
{
  g_autoptr (GArray) samples = test_speak (text);
  GstFlowReturn ret = GST_FLOW_OK;
  guint i, n = 10 * strlen (text);

  for (i = 0; i < n && ret == GST_FLOW_OK; i++) {
    const gchar *letter = strchr (TEST_LETTERS, text[i / 10]);
    gint k = letter && i % 10 < 6 ? (gint) (letter - TEST_LETTERS) : -1;
    GstBuffer *buffer = kind->in ? test_kind_frame (kind, k, first + i) :
        test_audio_buffer (&g_array_index (samples, gfloat, i * TEST_HOP), TEST_HOP, (first + i) * TEST_HOP);

    if (discont && i == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    ret = gst_harness_push (t->h, buffer);
  }
  return ret;
}

GstFlowReturn
test_kind_say (TestHarness *t, const TestKind *kind, const gchar *text, guint64 first)
{
  return test_kind_say_at (t, kind, text, first, FALSE);
}

static gint
best (const gfloat *x, gint n)
{
  gint i, b = 0;

  for (i = 1; i < n; i++)
    b = x[i] > x[b] ? i : b;
  return b;
}

/* The letter that a frame is about, or -1 */
static gint
read_frame (const TestKind *kind, const gfloat *frame)
{
  gfloat scores[N_TOKENS] = { 19, };
  gint k;

  if (kind->out != N_MELS)
    return best (frame, N_TOKENS) - 1;
  for (k = 0; k < N_TOKENS - 1; k++)
    scores[k + 1] = frame[2 + 2 * k];
  return best (scores, N_TOKENS) - 1;
}

/* Frames as text; @times (may be NULL) gets the PTS of each. */
gchar *
test_kind_hear (TestHarness *t, const TestKind *kind, GArray *times)
{
  GString *text = g_string_new (NULL);
  GstBuffer *buffer;
  gint last = -1;

  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;
    gint letter;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_assert_cmpuint (map.size, ==, kind->out * sizeof (gfloat));
    letter = read_frame (kind, (const gfloat *) map.data);
    gst_buffer_unmap (buffer, &map);
    if (letter >= 0 && letter != last)
      g_string_append_c (text, TEST_LETTERS[letter]);
    last = letter;
    if (times)
      g_array_append_val (times, GST_BUFFER_PTS (buffer));
    gst_buffer_unref (buffer);
  }
  return g_string_free (text, FALSE);
}

/* Everything that has come out says @expected; words of captions are divided by '|'. */
void
test_kind_expect (TestHarness *t, const TestKind *kind, const gchar *expected)
{
  g_autofree gchar *heard = kind->out ? test_kind_hear (t, kind, NULL) : test_pull_words (t->h);
  g_auto (GStrv) parts = g_strsplit (expected, "|", -1);
  g_autofree gchar *joined = g_strjoinv (kind->out ? "" : "|", parts);

  g_assert_cmpstr (heard, ==, joined);
}

void
test_kind_end (TestHarness *t)
{
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
}

void
test_push_segment (TestHarness *t, GstFormat format, gdouble rate, GstClockTime from, GstClockTime base, guint32 seqnum)
{
  GstSegment segment;
  GstEvent *event;

  gst_segment_init (&segment, format);
  segment.rate = rate;
  segment.start = segment.time = segment.position = from;
  segment.base = base;
  event = gst_event_new_segment (&segment);
  gst_event_set_seqnum (event, seqnum);
  gst_harness_push_event (t->h, event);
}

int
test_kinds_run (const TestKindTest *tests, guint n_tests)
{
  guint i, j;

  for (i = 0; i < TEST_N_KINDS; i++) {
    for (j = 0; j < n_tests; j++) {
      const TestKind *kind = &test_kinds[i];
      g_autofree gchar *path = g_strdup_printf ("/%s/%s", kind->name, tests[j].name);

      if (tests[j].only == TEST_ALL_KINDS || (tests[j].only == TEST_FRAMES_OUT && kind->out)
          || (tests[j].only == TEST_AUDIO_IN && !kind->in) || (tests[j].only == TEST_TEXT_OUT && !kind->out))
        g_test_add_data_func (path, kind, tests[j].func);
    }
  }
  return test_run ();
}
