/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MIDI files: what others write is read as quarters, what is written is read again; a model of music goes on where a file ends. */
#include <glib/gstdio.h>
#include <math.h>
#include "base/midi.h"
#include "base/rng.h"
#include "model/root.h"
#include "tool-call.h"

#define KEYS 88
#define LOWEST 21

/* Format 1, 24 ticks a quarter, running status, a note that ends by velocity 0: middle C for a quarter, then E and G for two. */
static const guint8 foreign[] = "MThd\0\0\0\6\0\1\0\2\0\x18" "MTrk\0\0\0\x0b\0\xff\x51\3\7\xa1\x20\0\xff\x2f\0"
    "MTrk\0\0\0\x17\0\x90\x3c\x40\x18\x3c\0\0\x40\x50\0\x43\x50\x30\x40\0\0\x43\0\0\xff\x2f\0";

static void
test_read (void)
{
  g_autoptr (GError) error = NULL;
  guint n;
  g_autofree guint8 *keys = rnn_midi_read (foreign, sizeof (foreign) - 1, "foreign.mid", &n, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 3);
  for (guint i = 0; i < n * RNN_MIDI_KEYS; i++) {
    guint key = i % RNN_MIDI_KEYS;

    g_assert_cmpuint (keys[i], ==, i < RNN_MIDI_KEYS ? key == 0x3c : key == 0x40 || key == 0x43);
  }
}

static void
test_write (void)
{
  enum { N = 50 };
  guint8 keys[N * RNN_MIDI_KEYS];
  g_autofree guint8 *again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize size;
  guint n;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (guint i = 0; i < N * RNN_MIDI_KEYS; i++)
    keys[i] = rnn_rng_below (&rng, 9) == 0 || i == (N - 1) * RNN_MIDI_KEYS + 60;
  bytes = rnn_midi_write (keys, N);
  again = rnn_midi_read (g_bytes_get_data (bytes, &size), g_bytes_get_size (bytes), "mine.mid", &n, NULL);
  g_assert_cmpuint (n, ==, N);
  g_assert_cmpmem (keys, sizeof (keys), again, (gsize) n * RNN_MIDI_KEYS);
}

/* ---- rnncore generate --midi ---- */

/* Whatever sounds, the key above it comes next. */
static void
climb (RnnParam *param, const gchar *name, gpointer data)
{
  for (gint i = 0; i < KEYS; i++)
    for (gint j = 0; j < (param->rank == 2 ? KEYS : 1); j++)
      param->data[param->rank == 2 ? i * KEYS + j : i] = param->rank == 1 ? -10 : i == j + 1 ? 20 : 0;
}

static void
write_model (void)
{
  json_t *recipe = json_pack ("{s{sssi} s[{sssssi}] s{ss}}", "input", "kind", "tensors", "size", KEYS, "layers", "cell", "dense",
      "name", "out", "units", KEYS, "output", "kind", "tags");
  g_autofree gchar *path = g_build_filename (folder, "climb.safetensors", NULL);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "climb", NULL);

  json_decref (recipe);
  rnn_cell_foreach_param (rnn_model_get_root (model), climb, NULL);
  g_assert_true (rnn_model_save (model, path, NULL));
}

static void
test_generate (void)
{
  g_autofree gchar *given = g_build_filename (folder, "given.mid", NULL), *out = g_build_filename (folder, "out.mid", NULL);
  g_autofree gchar *data = NULL, *said = NULL;
  g_autofree guint8 *keys = NULL;
  gsize size;
  guint n;

  write_model ();
  g_assert_true (g_file_set_contents (given, (const gchar *) foreign, sizeof (foreign) - 1, NULL));
  g_assert_cmpint (call ("generate climb.safetensors --midi out.mid --prompt given.mid --length 4", &said, NULL), ==, 0);
  g_assert_cmpstr (said, ==, "");
  g_assert_true (g_file_get_contents (out, &data, &size, NULL));
  keys = rnn_midi_read ((const guint8 *) data, size, out, &n, NULL);
  g_assert_cmpuint (n, ==, 7);
  for (guint t = 3; t < n; t++)
    for (guint key = 0; key < RNN_MIDI_KEYS; key++)
      g_assert_cmpuint (keys[t * RNN_MIDI_KEYS + key], ==, key == 0x40 + t - 2 || key == 0x43 + t - 2);
  g_remove (given);
  g_remove (out);
}

static void
test_refusals (void)
{
  static const gchar *const files[] = { "climb.safetensors", "words.json", "text.mid" };
  g_autofree gchar *words = g_build_filename (folder, files[1], NULL), *text = g_build_filename (folder, files[2], NULL);

  g_file_set_contents (words, "{\"input\": {\"kind\": \"tensors\", \"size\": 2}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 3}]}", -1, NULL);
  g_file_set_contents (text, "no music", -1, NULL);
  assert_failure ("generate words.json --midi out.mid", 1, "rnncore generate: words.json: no model of music: it does not tell from 88 "
      "keys which of them (\"tags\") sound next\n");
  assert_failure ("generate climb.safetensors --midi out.mid --prompt text.mid", 1, "rnncore generate: text.mid: no MIDI file of format 0 "
      "or 1 with times in quarters\n");
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *path = g_build_filename (folder, files[i], NULL);

    g_remove (path);
  }
}

gint
main (gint argc, gchar **argv)
{
  gint failed;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-midi-XXXXXX", NULL);
  g_test_add_func ("/midi/read", test_read);
  g_test_add_func ("/midi/write", test_write);
  g_test_add_func ("/midi/generate", test_generate);
  g_test_add_func ("/midi/refusals", test_refusals);
  failed = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return failed;
}
