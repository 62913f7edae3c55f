/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: films with every layout of subtitles, through default queues.  Each run has to end by itself. */
#include "corpus.h"
#include <string.h>

#define RUNS 8

/* 16 s of tones and silence beside the texts of @srt */
static gchar *
write_film (const gchar *name, const gchar *srt, guint seconds)
{
  g_autoptr (GString) spoken = g_string_new (NULL);
  g_autoptr (GArray) speech = NULL;
  g_autofree gchar *texts = g_strconcat (name, ".srt", NULL), *sound = g_strconcat (name, ".wav", NULL);
  g_autofree gchar *subtitles = test_write_text (texts, "%s", srt), *wav = NULL;
  gchar *film = g_strdup_printf ("%s/%s.mkv", test_dir (), name);
  g_autoptr (GPtrArray) made = NULL;

  for (guint i = 0; i < seconds; i++)
    g_string_append (spoken, "ab_cd_ef__");
  speech = test_speak (spoken->str);
  wav = test_write_wav (sound, speech, TEST_RATE, 1);
  made = test_run_pipeline ("matroskamux name=m ! filesink location=%s filesrc location=%s ! wavparse ! audioconvert ! "
      "flacenc ! queue ! m. filesrc location=%s ! subparse ! queue ! m.", film, wav, subtitles);
  g_assert_true (test_ended_well (made));
  return film;
}

/* The reports of one run must say that there were @examples and @skipped. */
static void
train (const gchar *source, const gchar *film, const gchar *expected)
{
  g_autofree gchar *recipe = test_speech_recipe ("film.json"), *pipeline = g_strdup_printf (source, film);
  g_autofree gchar *log = g_build_filename (test_dir (), "film.jsonl", NULL), *line = NULL, *complaints = NULL;
  g_autoptr (GPtrArray) messages = test_run_pipeline ("%s rnntrainer name=t model-file=%s config=epochs=1 t.src ! "
      "filesink location=%s async=false", pipeline, recipe, log);

  complaints = test_complaints (messages);
  if (!test_ended_well (messages))
    g_error ("%s: %s", film, complaints);
  g_assert_true (g_file_get_contents (log, &line, NULL, NULL));
  if (!g_str_has_prefix (line, expected))
    g_error ("%s: \"%s\" is not \"%s\"; %s", film, line, expected, complaints);
}

static const gchar *const sources[] = {
  "filesrc location=%s ! matroskademux name=d d.audio_0 ! queue ! decodebin ! audioconvert ! audioresample ! t.sink "
      "d.subtitle_0 ! queue ! t.label",
  "uridecodebin uri=file://%s name=d d. ! audioconvert ! audioresample ! t.sink d. ! t.label",
};

#define CUE(from, to, text) "1\n00:00:" from " --> 00:00:" to "\n" text "\n\n"

static void
test_layouts (void)
{
  static const struct {
    const gchar *name, *srt, *expected;
  } films[] = {
    { "plain", CUE ("01,000", "02,000", "ab") CUE ("03,000", "04,000", "cd") CUE ("12,000", "13,000", "ef"),
      "{\"examples\": 3, \"skipped\": 0," },
    { "overlap", CUE ("01,000", "03,000", "ab") CUE ("02,700", "04,000", "cd") CUE ("12,000", "14,000", "ef"),
      "{\"examples\": 3, \"skipped\": 0," },
    { "together", CUE ("01,000", "03,000", "ab") CUE ("01,200", "03,500", "cd") CUE ("12,000", "14,000", "ef"),
      "{\"examples\": 2, \"skipped\": 0," },
    /* the first cannot be said before the second begins */
    { "crowded", CUE ("01,000", "03,000", "abcdefgh abcdefgh abcdefgh abcdefgh abcdefgh") CUE ("02,300", "04,000", "cd")
      CUE ("12,000", "14,000", "ef"), "{\"examples\": 2, \"skipped\": 0," },
    { "sung", CUE ("01,000", "03,000", "\u266a ab\n- cd") CUE ("06,000", "08,000", "\u266a ab\n\u266a cd")
      CUE ("12,000", "14,000", "# ab #"), "{\"examples\": 1, \"skipped\": 2," },
    { "long", CUE ("01,000", "08,000", "ab") CUE ("08,000", "14,000", "cd"), "{\"examples\": 2, \"skipped\": 0," },
    { "sparse", CUE ("14,000", "15,000", "ab"), "{\"examples\": 1, \"skipped\": 0," },
    { "after", CUE ("01,000", "02,000", "ab") CUE ("30,000", "31,000", "cd") CUE ("40,000", "41,000", "cd")
      CUE ("50,000", "51,000", "cd"), "{\"examples\": 1, \"skipped\": 3," },
  };

  for (guint i = 0; i < G_N_ELEMENTS (films); i++) {
    g_autofree gchar *film = write_film (films[i].name, films[i].srt, 16);

    for (guint s = 0; s < G_N_ELEMENTS (sources); s++)
      train (sources[s], film, films[i].expected);
  }
}

/* EOS is told, however the threads of a pipeline that prerolls take turns. */
static void
test_ends (void)
{
  g_autofree gchar *film = write_film ("ends", CUE ("00,500", "01,000", "ab") CUE ("01,500", "02,000", "cd"), 3);

  for (guint i = 0; i < RUNS; i++)
    for (guint s = 0; s < G_N_ELEMENTS (sources); s++)
      train (sources[s], film, "{\"examples\": 2, \"skipped\": 0,");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer-film/layouts", test_layouts);
  g_test_add_func ("/trainer-film/ends", test_ends);
  return test_run ();
}
