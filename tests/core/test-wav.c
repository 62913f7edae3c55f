/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WAVE files of every format that is read, and some that are not. */
#include "base/error.h"
#include "base/wav.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of one chunk of samples[n] bytes. */
static GByteArray *
make_wav (guint format, guint channels, guint bits, const guint8 *samples, guint n)
{
  guint8 head[44] = "RIFF....WAVEfmt ";
  guint32 size = GUINT32_TO_LE (16), rate = GUINT32_TO_LE (8000), length = GUINT32_TO_LE (n);
  guint16 words[] = { GUINT16_TO_LE (format), GUINT16_TO_LE (channels), GUINT16_TO_LE (bits) };
  GByteArray *wav = g_byte_array_new ();

  memcpy (head + 16, &size, 4);
  memcpy (head + 20, &words[0], 4);
  memcpy (head + 24, &rate, 4);
  memcpy (head + 34, &words[2], 2);
  memcpy (head + 36, "data", 4);
  memcpy (head + 40, &length, 4);
  g_byte_array_append (wav, head, sizeof head);
  return g_byte_array_append (wav, samples, n);
}

static void
test_formats (void)
{
  static const struct {
    guint format, channels, bits, n;
    guint8 samples[8];
    gfloat first;
    gsize frames;
  } rows[] = {
    {1, 1, 8, 2, {0, 128}, -1, 2},
    {1, 1, 16, 4, {0, 0x40, 1, 0}, 0.5f, 2},
    {1, 2, 16, 4, {0, 0x40, 0, 0x20}, 0.375f, 1},
    {1, 1, 24, 3, {0, 0, 0x80}, -1, 1},
    {1, 1, 32, 4, {0, 0, 0, 0x40}, 0.5f, 1},
    {3, 1, 32, 4, {0, 0, 0x80, 0x3e}, 0.25f, 1},
    {1, 1, 16, 3, {0, 0xc0, 1}, -0.5f, 1},      /* ends in mid-sample */
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = make_wav (rows[i].format, rows[i].channels, rows[i].bits, rows[i].samples, rows[i].n);
    g_autoptr (GError) error = NULL;
    RnnWav wav;

    g_assert_true (rnn_wav_parse (&wav, bytes->data, bytes->len, 0, "w", &error));
    g_assert_cmpint (wav.rate, ==, 8000);
    g_assert_cmpuint (wav.n, ==, rows[i].frames);
    g_assert_cmpfloat (wav.samples[0], ==, rows[i].first);
    rnn_wav_clear (&wav);
  }
}

static void
test_refused (void)
{
  const guint8 samples[4] = { 0 };
  g_autoptr (GByteArray) law = make_wav (7, 1, 8, samples, 4);
  g_autoptr (GByteArray) none = make_wav (1, 0, 16, samples, 4);
  g_autoptr (GError) error = NULL;
  RnnWav wav;

  g_assert_false (rnn_wav_parse (&wav, law->data, law->len, 0, "law.wav", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "law.wav"));
  g_clear_error (&error);
  g_assert_false (rnn_wav_parse (&wav, none->data, none->len, 0, "w", &error));
  g_clear_error (&error);
  g_assert_false (rnn_wav_parse (&wav, samples, 4, 0, "w", &error));
  g_clear_error (&error);
  g_assert_true (rnn_wav_parse (&wav, samples, 4, 16000, "w", &error));
  g_assert_cmpuint (wav.n, ==, 2);
  rnn_wav_clear (&wav);
}

/* Nobody writes into the pipe. */
static void
test_pipe (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL), *path = g_build_filename (folder, "pipe.wav", NULL);
  g_autoptr (GError) error = NULL;
  RnnWav wav;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_false (rnn_wav_load (&wav, path, 0, &error));
  g_assert_nonnull (strstr (error->message, "a FIFO"));
  g_unlink (path);
  g_rmdir (folder);
}

/* Whatever is cut off, nothing is read past the end. */
static void
test_cut_short (void)
{
  const guint8 samples[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  g_autoptr (GByteArray) bytes = make_wav (1, 1, 16, samples, 8);

  for (guint n = 0; n <= bytes->len; n++) {
    g_autofree guint8 *part = g_memdup2 (bytes->data, n);
    RnnWav wav;

    if (rnn_wav_parse (&wav, part, n, 0, "w", NULL)) {
      g_assert_cmpuint (wav.n, <=, n / 2);
      rnn_wav_clear (&wav);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wav/formats", test_formats);
  g_test_add_func ("/wav/refused", test_refused);
  g_test_add_func ("/wav/pipe", test_pipe);
  g_test_add_func ("/wav/cut-short", test_cut_short);
  return g_test_run ();
}
