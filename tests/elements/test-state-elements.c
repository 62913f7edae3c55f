/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State in hand of elements that search, detect and clean: a stream that is cut in two anywhere, its state carried from one pipeline to
 * another, gives the buffers and messages of the whole one. */
#include <glib/gstdio.h>
#include <string.h>
#include "common.h"

#define PIECE 700               /* samples of a buffer */

typedef struct {
  const gchar *name, *element;  /* %s: a model of tones, %s: a folder for files */
  gint rate;
  gboolean tones;               /* it hears letters; else speech, or tones where there is none */
} Row;

static const Row rows[] = {
  { "greedy", "rnntranscriber model-file=%s", 16000, TRUE },
  { "partial", "rnntranscriber model-file=%s partial-interval=40 partial-stability=0.3", 16000, TRUE },
  { "lines", "rnntranscriber model-file=%s output-mode=roll-up columns=8", 16000, TRUE },
  { "beam", "rnntranscriber model-file=%s decoder=beam beam-width=8", 16000, TRUE },
  { "language", "rnntranscriber model-file=%s lm-file=%s/lm.arpa hotwords=efgh:2 beam-width=6", 16000, TRUE },
  { "behind-detector", "rnntranscriber model-file=%s vad-model=%s/deaf.safetensors partial-interval=40 decoder=beam", 16000, TRUE },
  { "vad-mark", "rnnvad", 16000, FALSE },
  { "vad-gate", "rnnvad mode=gate", 16000, FALSE },
  { "classify", "rnnclassify model-file=" MODELS "/keywords.safetensors threshold=0.3", 16000, FALSE },
  { "denoise-bands", "rnndenoise%.0s model-file=%s/bands.json", 48000, FALSE },
  { "denoise-complex", "rnndenoise%.0s strength=0.5 model-file=%s/complex.json", 16000, FALSE },
  { "denoise-48k", "rnndenoise%.0s strength=0.5 model-file=%s/complex.json", 48000, FALSE },
  { "denoise-8k", "rnndenoise%.0s model-file=%s/bands.json", 8000, FALSE },
};

static const guint cuts[] = { 700, 7000, 20300, 33600 };

static const gchar arpa[] = "\\data\\\nngram 1=6\nngram 2=4\n\n\\1-grams:\n-1 <unk>\n-99 <s> -0.3\n-1 </s>\n-0.7 abc -0.2\n-0.8 d -0.1\n"
    "-0.9 efgh -0.3\n\n\\2-grams:\n-0.2 <s> abc\n-0.3 abc d\n-0.4 d efgh\n-0.5 efgh abc\n\n\\end\\\n";

/* RNNoise's numbers, and the complex numbers of 64 bins; weights are random. */
static void
write_files (void)
{
  static const gchar *const files[][2] = {
    { "lm.arpa", arpa },
    { "bands.json", "{'input': {'kind': 'tensors', 'size': 42}, 'layers': [{'cell': 'gru', 'hidden': 12}, {'cell': 'dense', 'units': 23, "
        "'activation': 'sigmoid'}]}" },
    { "complex.json", "{'input': {'kind': 'tensors', 'size': 130}, 'layers': [{'cell': 'gru', 'hidden': 12}, {'cell': 'dense', 'units': 130}]}" },
  };

  g_free (test_tone_detector ("deaf", "ab"));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *path = g_build_filename (test_dir (), files[i][0], NULL), *text = g_strdelimit (g_strdup (files[i][1]), "'", '"');

    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  }
}

static TestHarness *
new_harness (const Row *row, const gchar *model)
{
  g_autofree gchar *text = NULL, *caps = g_strdup_printf ("audio/x-raw,format=F32LE,layout=interleaved,channels=1,rate=%d", row->rate);
  g_autoptr (GError) error = NULL;
  GstElement *element;
  TestHarness *t;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  text = g_strdup_printf (row->element, model, test_dir ());
#pragma GCC diagnostic pop
  element = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, caps);
  return t;
}

static void
push (const Row *row, TestHarness *t, const GArray *samples, guint from, guint to)
{
  for (guint i = from; i < to; i += PIECE) {
    guint n = MIN (PIECE, to - i);
    GstBuffer *buffer = gst_buffer_new_memdup ((const gfloat *) samples->data + i, n * sizeof (gfloat));

    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, (guint64) row->rate);
    GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (i + n, GST_SECOND, (guint64) row->rate) - GST_BUFFER_PTS (buffer);
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
}

/* Buffers as lines of time and digest, then messages. */
static void
take_all (TestHarness *t, GString *buffers, GString *messages)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (t->element);
  GstMessage *message;
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    g_autofree gchar *digest = NULL;
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    digest = g_compute_checksum_for_data (G_CHECKSUM_MD5, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    g_string_append_printf (buffers, "%" GST_TIME_FORMAT " %" GST_TIME_FORMAT " %s\n", GST_TIME_ARGS (GST_BUFFER_PTS (buffer)),
        GST_TIME_ARGS (GST_BUFFER_DURATION (buffer)), digest);
    gst_buffer_unref (buffer);
  }
  while (bus && (message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING))) {
    const GstStructure *s = gst_message_get_structure (message);
    g_autofree gchar *text = gst_structure_to_string (s);

    g_string_append_printf (messages, "%s\n", text);
    gst_message_unref (message);
  }
}

static GArray *
make_sound (const Row *row)
{
  GArray *sound = row->tones ? NULL : test_speech ();

  if (!sound)
    sound = test_speak ("abc _d_ efgh_____ab_____dc _efgh_ abc _d_");
  if (sound->len > 80000)
    g_array_set_size (sound, 80000);
  return sound;
}

static void
test_cut (gconstpointer data)
{
  const Row *row = data;
  static const TestModel tones = { .lookahead = 3, .memory = 5 };
  g_autofree gchar *model = test_tone_model ("cut", &tones), *path = g_build_filename (test_dir (), "one.state", NULL);
  g_autoptr (GArray) sound = make_sound (row);
  g_autoptr (GString) whole = g_string_new (NULL), told = g_string_new (NULL);
  TestHarness *t;

  t = new_harness (row, model);
  push (row, t, sound, 0, sound->len);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  take_all (t, whole, told);
  test_harness_free (t);
  g_assert_cmpuint (whole->len, >, 100);
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autoptr (GString) buffers = g_string_new (NULL), messages = g_string_new (NULL);
    guint cut = MIN (cuts[i], sound->len / PIECE * PIECE);

    t = new_harness (row, model);
    push (row, t, sound, 0, cut);
    g_signal_emit_by_name (t->element, "save-state", path);
    take_all (t, buffers, messages);
    test_harness_free (t);
    t = new_harness (row, model);
    g_signal_emit_by_name (t->element, "load-state", path);
    push (row, t, sound, cut, sound->len);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    take_all (t, buffers, messages);
    test_harness_free (t);
    g_assert_cmpstr (buffers->str, ==, whole->str);
    g_assert_cmpstr (messages->str, ==, told->str);
  }
}

/* state-file is written at the stop and read at the start, and a file of other options is told of. */
static void
test_file (void)
{
  static const TestModel tones = { .lookahead = 3, .memory = 5 };
  const Row *row = &rows[3], narrow = { "narrow", "rnntranscriber model-file=%s decoder=beam beam-width=4", 16000, TRUE };
  g_autofree gchar *model = test_tone_model ("file", &tones), *path = g_build_filename (test_dir (), "file.state", NULL);
  g_autoptr (GArray) sound = make_sound (row);
  g_autoptr (GString) whole = g_string_new (NULL), told = g_string_new (NULL), buffers = g_string_new (NULL), messages = g_string_new (NULL);
  g_autoptr (GstMessage) warning = NULL;
  TestHarness *t = new_harness (row, model);

  push (row, t, sound, 0, sound->len);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  take_all (t, whole, told);
  test_harness_free (t);
  for (guint from = 0, to = 9100; from < sound->len; from = to, to = sound->len) {
    t = new_harness (row, model);
    g_object_set (t->element, "state-file", path, "state-interval", 60000, NULL);
    push (row, t, sound, from, to);
    if (to == sound->len)
      gst_harness_push_event (t->h, gst_event_new_eos ());
    take_all (t, buffers, messages);
    test_harness_free (t);
  }
  g_assert_cmpstr (buffers->str, ==, whole->str);
  t = new_harness (&narrow, model);
  g_object_set (t->element, "state-file", path, NULL);
  push (row, t, sound, 0, PIECE);
  warning = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
  g_assert_nonnull (warning);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  write_files ();
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *name = g_strdup_printf ("/state/cut/%s", rows[i].name);

    g_test_add_data_func (name, &rows[i], test_cut);
  }
  g_test_add_func ("/state/file", test_file);
  return test_run ();
}
