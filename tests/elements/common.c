/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ---- program ---- */

static gchar *dir;

const gchar *
test_dir (void)
{
  return dir;
}

void
test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  gst_init (argc, argv);
  dir = g_dir_make_tmp ("gst-rnn-XXXXXX", NULL);
  g_assert_nonnull (dir);
}

int
test_run (void)
{
  int result = g_test_run ();
  GDir *files = g_dir_open (dir, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (files))) {
    g_autofree gchar *path = g_build_filename (dir, name, NULL);

    g_unlink (path);
  }
  g_dir_close (files);
  g_rmdir (dir);
  g_free (dir);
  gst_deinit ();                /* where GST_TRACERS=leaks reports */
  return result;
}

/* ---- models ---- */

#define N_MELS 23
#define N_TONES 9               /* the letters and the space */
#define BAND(k) (2 + 2 * (k))   /* the mel band of tone k */
#define SPACE 8

static gdouble
tone_frequency (gint k)
{
  gdouble low = 1127 * log (1 + 20 / 700.0), high = 1127 * log (1 + 8000 / 700.0);
  gdouble mel = low + (high - low) / (N_MELS + 1) * (BAND (k) + 1);

  return 700 * (exp (mel / 1127) - 1);
}

static json_t *
make_out (void)
{
  return json_pack ("{s:s, s:s, s:i}", "cell", "dense", "name", "out", "units", N_TONES + 1);
}

/* Parameters of `out` are called as they are without it. */
static json_t *
make_heads (void)
{
  return json_pack ("{s:s, s:s, s:[o, {s:s, s:i}, {s:s, s:s, s:i}, {s:s, s:[s, s]}]}", "cell", "graph", "name", "", "layers", make_out (),
      "cell", "lstm", "hidden", 4, "cell", "dense", "name", "first", "units", 2, "cell", "concat", "from", "first", "out");
}

static json_t *
make_recipe (const gchar *name, const TestModel *o)
{
  const gchar *letters = o->letters ? o->letters : TEST_LETTERS;
  gint stack = MAX (o->stack, 1), i;
  json_t *tokens = json_pack ("[s]", "<blank>"), *layers = json_array (), *recipe;

  for (i = 0; i < SPACE; i++)
    json_array_append_new (tokens, json_stringn (letters + i, 1));
  json_array_append_new (tokens, json_string (" "));
  if (o->memory) {
    json_array_append_new (layers, json_pack ("{s:s, s:s, s:[{s:s, s:s, s:i}]}", "cell", "residual", "name", "memory",
            "layers", "cell", "lstm", "name", "rnn", "hidden", N_MELS * stack));
  }
  if (o->lookahead) {
    json_array_append_new (layers, json_pack ("{s:s, s:s, s:i, s:i, s:b}", "cell", "conv1d", "name", "ahead",
            "kernel", o->lookahead + 1, "lookahead", o->lookahead, "depthwise", 1));
  }
  json_array_append_new (layers, o->second ? make_heads () : make_out ());
  recipe = json_pack ("{s:i, s:s, s:s, s:{s:s, s:i, s:{s:i, s:f, s:i, s:i}}, s:o, s:{s:s, s:i, s:o}}",
      "format", 1, "name", name, "license", "CC0-1.0", "input", "kind", "audio", "rate", o->rate ? o->rate : TEST_RATE,
      "features", "n_mels", N_MELS, "scale", 32768.0, "stack", stack, "stride", stack, "layers", layers,
      "output", "kind", "ctc", "blank", 0, "tokens", tokens);
  if (o->second) {
    json_t *first = json_pack ("{s:s, s:[s, s]}", "kind", "ctc", "tokens", "<blank>", "Q"), *heads = json_array ();

    json_array_append_new (heads, first);
    json_array_append (heads, json_object_get (recipe, "output"));
    json_object_set_new (recipe, "output", json_pack ("{s:s, s:o}", "kind", "heads", "heads", heads));
  }
  return recipe;
}

/* conv1d: y[t] = x[t], out: the energy of a tone's band against the threshold of the blank */
static gfloat *
zero (RnnModel *model, const gchar *name, gsize *size)
{
  gfloat *weight = rnn_model_get_weight (model, name, size);

  if (weight)
    memset (weight, 0, *size * sizeof (gfloat));
  return weight;
}

static void
set_weights (RnnModel *model, const TestModel *o)
{
  gsize size, kernel = o->lookahead + 1, cols;
  gfloat *w = zero (model, "ahead.weight", &size);

  for (gsize k = 0; w && k < size / kernel; k++)
    w[k * kernel] = 1;
  zero (model, "ahead.bias", &size);
  w = zero (model, "out.weight", &size);
  cols = size / (N_TONES + 1);
  for (gint k = 0; k < N_TONES; k++)
    w[(k + 1) * cols + BAND (k)] = 1;
  zero (model, "out.bias", &size)[0] = o->threshold > 0 ? o->threshold : 19;
}

gchar *
test_tone_model (const gchar *name, const TestModel *options)
{
  g_autofree gchar *file = g_strconcat (name, ".safetensors", NULL);
  gchar *path = g_build_filename (dir, file, NULL);
  json_t *recipe = make_recipe (name, options);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (recipe, options->memory, name, &error);

  g_assert_no_error (error);
  json_decref (recipe);
  set_weights (model, options);
  rnn_model_pack (model, FALSE);
  rnn_model_save (model, path, &error);
  g_assert_no_error (error);
  return path;
}

/* Bands of tones are compared with a threshold each; whatever is above says that somebody speaks. */
gchar *
test_tone_detector (const gchar *name, const gchar *deaf)
{
  g_autofree gchar *path = g_strconcat (dir, "/", name, ".safetensors", NULL);
  json_t *recipe = json_pack ("{s:i, s:s, s:s, s:{s:s, s:i, s:{s:i, s:f}}, s:[{s:s, s:s, s:i, s:s}, {s:s, s:s, s:i}], s:{s:s, s:[s]}}",
      "format", 1, "name", name, "license", "CC0-1.0", "input", "kind", "audio", "rate", TEST_RATE, "features", "n_mels", N_MELS,
      "scale", 32768.0, "layers", "cell", "dense", "name", "in", "units", N_TONES, "activation", "relu", "cell", "dense", "name", "out",
      "units", 1, "output", "kind", "tags", "labels", "speech");
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 0, name, &error);
  gfloat *w, *bias, *out;
  gsize size;

  g_assert_no_error (error);
  json_decref (recipe);
  w = zero (model, "in.weight", &size);
  bias = zero (model, "in.bias", &size);
  out = zero (model, "out.weight", &size);
  zero (model, "out.bias", &size)[0] = -3;
  for (gint k = 0; k < N_TONES; k++) {
    w[k * N_MELS + BAND (k)] = 1;
    bias[k] = -18;
    out[k] = k < SPACE && strchr (deaf, TEST_LETTERS[k]) ? 0 : 4;
  }
  rnn_model_pack (model, FALSE);
  rnn_model_save (model, path, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

void
test_gate_if_asked (GstElement *element)
{
  g_autofree gchar *detector = NULL;

  if (!g_getenv ("RNN_TEST_GATE") || !g_object_class_find_property (G_OBJECT_GET_CLASS (element), "vad-model"))
    return;
  detector = test_tone_detector ("detector", "");
  g_object_set (element, "vad-model", detector, NULL);
}

/* ---- audio ---- */

GArray *
test_speak (const gchar *text)
{
  GArray *samples = g_array_new (FALSE, TRUE, sizeof (gfloat));

  for (; *text; text++) {
    const gchar *letter = strchr (TEST_LETTERS, *text);
    gint k = letter ? (gint) (letter - TEST_LETTERS) : *text == ' ' ? SPACE : -1, i;
    guint from = samples->len;

    g_array_set_size (samples, from + TEST_LETTER);
    for (i = 0; k >= 0 && i < 6 * TEST_HOP; i++)
      g_array_index (samples, gfloat, from + i) = 0.3f * sin (2 * G_PI * tone_frequency (k) * i / TEST_RATE);
  }
  return samples;
}

GArray *
test_load_wav (const gchar *path)
{
  GArray *samples = NULL;
  gchar *bytes;
  gsize size, i;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  samples = g_array_new (FALSE, FALSE, sizeof (gfloat));
  for (i = 44; i + 1 < size; i += 2) {
    gfloat x = (gint16) GUINT16_FROM_LE (*(guint16 *) (bytes + i)) / 32768.0f;

    g_array_append_val (samples, x);
  }
  g_free (bytes);
  return samples;
}

GArray *
test_speech (void)
{
  static const gchar *const parts[] = { "0870", "0880", "0890", "0920", "0930" };
  GArray *all = g_array_new (FALSE, TRUE, sizeof (gfloat));
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree gchar *path = g_strdup_printf ("/usr/share/pocketsphinx/test/data/librivox/"
        "sense_and_sensibility_01_austen_64kb-%s.wav", parts[i]);
    g_autoptr (GArray) part = test_load_wav (path);

    if (part) {
      g_array_append_vals (all, part->data, part->len);
      g_array_set_size (all, all->len + TEST_RATE);
    }
  }
  if (all->len == 0)
    g_clear_pointer (&all, g_array_unref);
  return all;
}

gboolean
test_have (const gchar *names)
{
  g_auto (GStrv) list = g_strsplit (names, " ", -1);
  guint i;

  for (i = 0; list[i]; i++) {
    g_autoptr (GstElementFactory) factory = gst_element_factory_find (list[i]);

    if (!factory) {
      g_autofree gchar *reason = g_strconcat (list[i], " is not installed", NULL);

      g_test_skip (reason);
      return FALSE;
    }
  }
  return TRUE;
}
