/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detection in the library: what texts and energies make of frames, hysteresis, spans that cover the stream however it is cut. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "detect/vad.h"
#include "outputs/marks.h"

#define RATE 16000
#define HOP 160

/* ---- marks ---- */

static void
loud (gfloat *frames, guint from, guint to)
{
  for (guint i = from * 4; i < to * 4; i++)
    frames[i] += 8;
}

static RnnOutput *
new_output (const gchar *text)
{
  json_t *object = json_loads (text, 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnOutput *output = rnn_output_new (object, 0, "test", &error);

  g_assert_no_error (error);
  json_decref (object);
  return output;
}

/* A voice from 50 to 100 with a short pause in it, a click at 150: four bands of quiet elsewhere. */
static gfloat *
new_frames (void)
{
  gfloat *frames = g_new0 (gfloat, 200 * 4);

  for (guint i = 0; i < 200 * 4; i++)
    frames[i] = 6 + 0.1f * (gfloat) (i % 7);
  loud (frames, 50, 70);
  loud (frames, 80, 100);
  loud (frames, 150, 152);
  return frames;
}

static void
test_energy (void)
{
  g_autoptr (RnnOutput) output = new_output ("{\"kind\": \"tags\", \"labels\": [\"speech\"], \"marks\": \"energy\"}");
  g_autofree gfloat *frames = new_frames ();
  gfloat targets[200], quiet = 9;

  g_assert_true (rnn_output_mark (output, "anything", frames, 200, 4, targets, NULL));
  for (guint t = 0; t < 200; t++)
    g_assert_cmpfloat (targets[t], ==, t >= 47 && t < 103);
  g_assert_true (rnn_output_mark (output, " ", frames, 200, 4, targets, NULL));  /* music */
  for (guint t = 0; t < 200; t++)
    g_assert_cmpfloat (targets[t], ==, 0);
  rnn_output_mark_quiet (output, &quiet);
  g_assert_cmpfloat (quiet, ==, 0);
}

static void
test_ending (void)
{
  g_autoptr (RnnOutput) output = new_output ("{\"kind\": \"classes\", \"labels\": [\"other\", \"up\", \"down\"], \"marks\": \"ending\"}");
  g_autofree gfloat *frames = new_frames ();
  g_autoptr (GError) error = NULL;
  gfloat t[200];

  g_assert_true (rnn_output_mark (output, " Down ", frames, 200, 4, t, NULL));
  g_assert_cmpfloat (t[40], ==, 0);
  g_assert_true (isnan (t[60]));
  g_assert_cmpfloat (t[102], ==, 2);
  g_assert_cmpfloat (t[190], ==, 0);
  g_assert_true (rnn_output_mark (output, "sideways", frames, 200, 4, t, NULL));
  g_assert_cmpfloat (t[102], ==, 0);
  g_assert_false (rnn_output_mark (output, "up and away", frames, 200, 4, t, &error));   /* it is in there somewhere */
  g_assert_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND);
}

static void
test_text (void)
{
  g_autoptr (RnnOutput) output = new_output ("{\"kind\": \"tags\", \"labels\": [\"dog\", \"bark\", \"rain\"], \"marks\": \"text\"}");
  gfloat t[6];

  g_assert_true (rnn_output_mark (output, "rain dog", NULL, 2, 4, t, NULL));
  g_assert_cmpfloat (t[3], ==, 1);
  g_assert_cmpfloat (t[4], ==, 0);
  g_assert_cmpfloat (t[5], ==, 1);
  g_assert_false (rnn_output_mark (output, "rain cat", NULL, 2, 4, t, NULL));
}

/* ---- hysteresis ---- */

/* A model whose score is 20 times the loudness of a hop of samples, less 5: 1/4 of full scale is its threshold. */
static RnnModel *
new_model (void)
{
  static const gchar recipe[] = "{\"format\": 1, \"name\": \"loud\", \"input\": {\"kind\": \"samples\", \"rate\": 16000, \"window\": 160},"
      "\"layers\": [{\"cell\": \"dense\", \"name\": \"out\", \"units\": 1}], \"output\": {\"kind\": \"tags\", \"labels\": [\"speech\"]}}";
  g_autofree gchar *path = g_strdup_printf ("%s/test-detect-%d.json", g_get_tmp_dir (), (gint) getpid ());
  g_autoptr (GError) error = NULL;
  RnnModel *model;
  gfloat *weight;
  gsize n;

  g_assert_true (g_file_set_contents (path, recipe, -1, NULL));
  model = rnn_model_load (path, &error);
  g_assert_no_error (error);
  unlink (path);
  weight = rnn_model_get_weight (model, "out.weight", &n);
  for (gsize i = 0; i < n; i++)
    weight[i] = 20.f / HOP;
  *rnn_model_get_weight (model, "out.bias", &n) = -5;
  rnn_model_pack (model, FALSE);
  return model;
}

/* "100-200 300-400": speech in steps of @text ('#' loud, '.' quiet), pushed @cut samples at a time, in ms */
static gchar *
detect (const gchar *text, guint cut, const RnnVadConfig *config)
{
  g_autoptr (RnnModel) model = new_model ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnVad) vad = rnn_vad_new (model, config, &error);
  gsize n = strlen (text) * HOP;
  g_autofree gfloat *samples = g_new (gfloat, n);
  GString *out = g_string_new (NULL);
  guint64 told = 0;
  RnnVadSpan span;
  gboolean last = FALSE;

  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    samples[i] = text[i / HOP] == '#' ? 0.9f : 0;
  for (gsize i = 0; i <= n; i += cut) {
    if (i + cut <= n)
      rnn_vad_push (vad, samples + i, cut);
    else
      rnn_vad_push (vad, samples + i, n - i);
    if (i + cut > n)
      rnn_vad_finish (vad);
    while (rnn_vad_next (vad, &span)) {
      g_assert_cmpuint (span.start, ==, told);
      g_assert_cmpuint (span.end, >, span.start);
      g_assert_true (span.begins == (span.start == 0 || span.speech != last));
      if (span.begins && (span.speech || last))
        g_string_append_printf (out, "%s%u", span.speech ? out->len ? " " : "" : "-", (guint) (span.start / 16));
      told = span.end;
      last = span.speech;
    }
  }
  if (last)
    g_string_append_printf (out, "-%u", (guint) (told / 16));
  g_assert_cmpuint (told, ==, n);
  return g_string_free (out, FALSE);
}

static void
check (const gchar *text, gint min_speech, gint min_silence, gint padding, const gchar *expected)
{
  RnnVadConfig config = { 0.5f, 0.35f, min_speech, min_silence, padding, NULL };

  for (guint cut = 1; cut < 2000; cut = cut * 3 + 5) {
    g_autofree gchar *actual = detect (text, cut, &config);

    g_assert_cmpstr (actual, ==, expected);
  }
}

static void
test_hysteresis (void)
{
  check ("", 30, 50, 0, "");
  check ("..........", 30, 50, 0, "");
  check ("....######..........", 30, 50, 0, "40-100");
  check ("....######..........", 30, 50, 20, "20-120");
  check ("..##..######........", 30, 50, 20, "40-140");        /* too short to begin */
  check ("####..####......####", 30, 50, 0, "0-100 160-200");
  check ("####.....####.......", 30, 50, 20, "0-60 70-150");
  check ("######......######..", 30, 60, 40, "0-200");          /* paddings meet */
  check ("....................##", 30, 50, 0, "");
  check ("..................####", 30, 50, 10, "170-220");
}

static void
test_refused (void)
{
  g_autoptr (RnnModel) model = new_model ();
  g_autoptr (GError) error = NULL;
  RnnVadConfig config = { 0.5f, 0.35f, 30, 50, 0, (gchar *) "music" };

  g_assert_null (rnn_vad_new (model, &config, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "music"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detect/marks/energy", test_energy);
  g_test_add_func ("/detect/marks/ending", test_ending);
  g_test_add_func ("/detect/marks/text", test_text);
  g_test_add_func ("/detect/vad/hysteresis", test_hysteresis);
  g_test_add_func ("/detect/vad/refused", test_refused);
  return g_test_run ();
}
