/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Utterances of known scores: what comes out, when, and what it says of time; and the transcriber: however samples are
 * cut, the same results. */
#include "base/error.h"
#include "base/rng.h"
#include "speech/transcriber.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define STEP G_GUINT64_CONSTANT (100)   /* ms */
#define MS G_GUINT64_CONSTANT (1000000)

static const gchar *const letters[] = { "<blank>", " ", "a", "b", "c", NULL };
enum { V = 5 };

static RnnUtterance *
new_utterance (const gchar *first_option, ...)
{
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (letters, 0, NULL);
  RnnUtteranceConfig config;
  RnnUtterance *utterance;
  va_list list;

  rnn_options_init (rnn_utterance_get_options (), &config);
  va_start (list, first_option);
  for (const gchar *name = first_option; name; name = va_arg (list, const gchar *))
    g_assert_true (rnn_options_set (rnn_utterance_get_options (), &config, name, va_arg (list, const gchar *), "here",
            NULL));
  va_end (list);
  utterance = rnn_utterance_new (tokens, &config, NULL);
  g_assert_nonnull (utterance);
  return utterance;
}

static void
describe (GString *all, const RnnResult *r)
{
  if (r->kind == RNN_RESULT_QUIET)
    return;
  g_string_append_printf (all, "%s %s(%d-%d)", rnn_result_kind_get_name (r->kind), r->text, (gint) (r->start / MS),
      (gint) (r->end / MS));
  if (r->kind == RNN_RESULT_PARTIAL)
    g_string_append_printf (all, "%u", r->stable_length);
  g_string_append_c (all, ';');
}

static void
take (RnnUtterance *u, GString *all)
{
  const RnnResult *r;

  while ((r = rnn_utterance_next (u)))
    describe (all, r);
}

/* One step of 100 ms a letter, '_' for the blank, '.' for the end of the stream; what came of it. */
static gchar *
hear_at (RnnUtterance *u, const gchar *text, guint64 first)
{
  GString *all = g_string_new (NULL);

  for (guint64 t = first; *text; text++, t++) {
    const gchar *letter = strchr (" abc", *text);
    gfloat scores[V] = { 0 };

    scores[letter ? 1 + (letter - " abc") : 0] = 20;
    if (*text == '.')
      rnn_utterance_finish (u);
    else
      rnn_utterance_push (u, scores, t * STEP * MS, (t + 1) * STEP * MS);
    take (u, all);
  }
  return g_string_free (all, FALSE);
}

#define ASSERT_HEARD(u, text, expected) G_STMT_START { g_autofree gchar *heard = hear_at (u, text, 0); \
    g_assert_cmpstr (heard, ==, expected); } G_STMT_END

/* A space ends a word, so does a silence; a longer one the utterance. */
static void
test_silences (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);

  ASSERT_HEARD (u, "ab_c a____b.", "final abc(0-400);final a(500-600);final b(1000-1100);endpoint abc a b(0-1100);");
  rnn_utterance_reset (u);
  ASSERT_HEARD (u, "ab___", "");
  rnn_utterance_reset (u);
  ASSERT_HEARD (u, "ab____", "final ab(0-200);");
  rnn_utterance_reset (u);
  ASSERT_HEARD (u, "ab____________", "final ab(0-200);endpoint ab(0-1400);");
}

static void
test_no_word_silence (void)
{
  g_autoptr (RnnUtterance) u = new_utterance ("word_silence", "0", NULL);

  ASSERT_HEARD (u, "a________b____________", "final ab(0-1000);endpoint ab(0-2200);");
}

/* What is said after an endpoint is another utterance, which begins with its first step. */
static void
test_next_utterance (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);

  ASSERT_HEARD (u, "a____________cb.", "final a(0-100);endpoint a(0-1300);final cb(1300-1500);endpoint cb(1300-1500);");
}

/* The stream stops at any step, and goes on: no letter is lost, none is heard twice. */
static void
test_goes_on (void)
{
  static const gchar *const decoders[] = { "greedy", "beam" };
  static const gchar text[] = "aab cc_cb";

  for (guint i = 0; i < 2 * strlen (text); i++) {
    g_autoptr (RnnUtterance) u = new_utterance ("decoder", decoders[i % 2], NULL);
    g_autofree gchar *before = g_strdup_printf ("%.*s.", (gint) i / 2, text), *after = g_strconcat (text + i / 2, ".", NULL);
    g_autoptr (GString) heard = g_string_new (NULL);

    for (guint half = 0; half < 2; half++) {
      g_autofree gchar *results = hear_at (u, half ? after : before, half ? i / 2 : 0);

      for (const gchar *at = results; (at = strstr (at, "endpoint ")); at++)
        for (const gchar *letter = at + 9; *letter != '('; letter++)
          if (*letter != ' ')
            g_string_append_c (heard, *letter);
    }
    g_assert_cmpstr (heard->str, ==, "abccb");
  }
}

/* What follows after a silence is said anew. */
static void
test_says_again (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);
  g_autofree gchar *first = hear_at (u, "a.", 0), *second = hear_at (u, "a.", 5);

  g_assert_cmpstr (second, ==, "final a(500-600);endpoint a(500-600);");
  rnn_utterance_skip (u, 6 * STEP * MS, 20 * STEP * MS);
  {
    g_autofree gchar *third = hear_at (u, "a.", 20);

    g_assert_cmpstr (third, ==, "final a(2000-2100);endpoint a(2000-2100);");
  }
}

/* Somebody tells of speech: what is said elsewhere is silence, and an endpoint may not start the model anew while a word waits. */
static void
test_told (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);

  rnn_utterance_begin_stretch (u, 0);
  ASSERT_HEARD (u, "ab__", "");
  g_assert_true (rnn_utterance_is_open (u));
  g_assert_false (rnn_utterance_is_quiet (u));
  rnn_utterance_tell (u, 150 * MS, FALSE);
  rnn_utterance_tell (u, 400 * MS, TRUE);
  {
    g_autofree gchar *heard = hear_at (u, "____c", 4);

    g_assert_cmpstr (heard, ==, "");
  }
  g_assert_false (rnn_utterance_is_quiet (u));
  rnn_utterance_tell (u, 900 * MS, FALSE);
  {
    g_autofree gchar *heard = hear_at (u, "___.", 9);

    g_assert_cmpstr (heard, ==, "final b(100-200);endpoint b(0-1200);");
  }
  g_assert_true (rnn_utterance_is_quiet (u));
  g_assert_false (rnn_utterance_is_open (u));
  rnn_utterance_reset (u);      /* nobody tells any more */
  ASSERT_HEARD (u, "ab_.", "final ab(0-200);endpoint ab(0-300);");
}

static void
test_partials (void)
{
  g_autoptr (RnnUtterance) u = new_utterance ("partial_interval", "100", "output_mode", "segments", NULL);

  ASSERT_HEARD (u, "aab b.", "partial a(0-100)0;partial ab(0-300)0;partial ab b(0-500)2;final ab b(0-500);"
      "endpoint ab b(0-500);");
}

/* What waits for text learns of all time in which none comes, without a hole, and never again of what was told. */
static void
test_quiet (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);
  guint64 told = 0;
  const RnnResult *r;

  for (guint64 t = 0; t < 100; t++) {
    gfloat scores[V] = { 0 };

    scores[t == 30 ? 2 : 0] = 20;
    rnn_utterance_push (u, scores, t * STEP * MS, (t + 1) * STEP * MS);
    while ((r = rnn_utterance_next (u))) {
      if (r->kind == RNN_RESULT_QUIET)
        g_assert_cmpuint (r->start, ==, told);
      if (r->kind == RNN_RESULT_FINAL)
        g_assert_cmpuint (r->start, >=, told);
      if (r->kind == RNN_RESULT_QUIET || r->kind == RNN_RESULT_FINAL)
        told = r->end;
    }
    g_assert_cmpuint ((t + 1) * STEP * MS - told, <=, 600 * MS);
  }
}

/* Time without steps: a short one is a silence, a long one ends the utterance, and is told of. */
static void
test_skip (void)
{
  g_autoptr (RnnUtterance) u = new_utterance (NULL);
  g_autoptr (GString) all = g_string_new (NULL);

  ASSERT_HEARD (u, "ab", "");
  rnn_utterance_skip (u, 200 * MS, 500 * MS);
  take (u, all);
  g_assert_cmpstr (all->str, ==, "");
  rnn_utterance_skip (u, 500 * MS, 2500 * MS);
  take (u, all);
  g_assert_cmpstr (all->str, ==, "final ab(0-200);endpoint ab(0-500);");
  g_assert_cmpuint (rnn_utterance_get_position (u), ==, 2500 * MS);
}

/* Another shape holds from the next word on; nothing is lost. */
static void
test_reshape (void)
{
  g_autoptr (RnnUtterance) u = new_utterance ("output_mode", "segments", NULL);
  RnnUtteranceConfig config;

  ASSERT_HEARD (u, "a b ", "");
  rnn_options_init (rnn_utterance_get_options (), &config);
  g_assert_true (rnn_utterance_configure (u, &config, NULL));
  {
    g_autofree gchar *heard = hear_at (u, "c .", 4);

    g_assert_cmpstr (heard, ==, "final a b(0-300);final c(400-500);endpoint a b c(0-600);");
  }
}

/* ---- the transcriber ---- */

static RnnModel *
make_model (gint ahead)
{
  g_autofree gchar *text = g_strdup_printf ("{'format': 1, 'name': 'm', 'input': {'kind': 'audio', 'rate': 8000, 'features': {'n_mels': 12, 'stack': 3,"
      " 'stride': 2}}, 'layers': [{'cell': 'conv1d', 'name': 'c', 'units': 16, 'kernel': 5, 'lookahead': %d},"
      " {'cell': 'lstm', 'name': 'l', 'hidden': 16}, {'cell': 'dense', 'name': 'd', 'units': 5}],"
      " 'output': {'kind': 'ctc', 'blank': 0, 'tokens': ['', ' ', 'a', 'b', 'c']}}", ahead);
  json_t *recipe = json_loads (g_strdelimit (text, "'", '"'), 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnModel *model = rnn_model_new (recipe, 4, "m", &error);
  gfloat *params = rnn_model_get_params (model);

  g_assert_no_error (error);
  json_decref (recipe);
  for (gsize i = 0; i < rnn_model_get_n_params (model); i++)    /* so that it has something to say */
    params[i] *= 4;
  rnn_model_pack (model, FALSE);
  return model;
}

static void
take_all (RnnTranscriber *t, GString *all)
{
  const RnnResult *r;

  while ((r = rnn_transcriber_next (t))) {
    if (r->kind == RNN_RESULT_PARTIAL)
      continue;
    g_string_append_printf (all, "%s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %a\n",
        rnn_result_kind_get_name (r->kind), r->text ? r->text : "", r->start, r->end, r->confidence);
    for (guint i = 0; i < r->n_words; i++)
      g_string_append_printf (all, "  %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %a\n", r->words[i].text,
          r->words[i].start, r->words[i].end, r->words[i].confidence);
  }
}

/* Pieces of @size samples, 0: random sizes. */
static gchar *
transcribe (RnnTranscriber *t, const gfloat *samples, gsize n, gsize size)
{
  GString *all = g_string_new (NULL);
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 1);
  for (gsize i = 0; i < n;) {
    gsize piece = MIN (size ? size : 1 + rnn_rng_below (&rng, 3000), n - i);

    rnn_transcriber_push (t, samples + i, piece);
    take_all (t, all);
    i += piece;
  }
  rnn_transcriber_finish (t);
  take_all (t, all);
  return g_string_free (all, FALSE);
}

static void
test_cuts (gconstpointer restart)
{
  static const gsize sizes[] = { 1, 80, 801, 0 };
  g_autoptr (RnnModel) model = make_model (3);
  g_autoptr (RnnTranscriber) t = NULL;
  g_autofree gfloat *samples = g_new (gfloat, 40000);
  g_autofree gchar *whole = NULL;
  RnnTranscriberConfig config;
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (gint i = 0; i < 40000; i++)
    samples[i] = i / 4000 % 4 == 3 ? 0 : 0.3f * rnn_rng_normal (&rng) * (gfloat) sin (i / 900.0);
  rnn_options_init (rnn_transcriber_get_options (), &config);
  config.restart = restart != NULL;
  config.utterance.endpoint_silence = 200;
  t = rnn_transcriber_new (model, &config, NULL);
  whole = transcribe (t, samples, 40000, 40000);
  g_assert_nonnull (strstr (whole, "final"));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *cut = transcribe (t, samples, 40000, sizes[i]);

    g_assert_cmpstr (cut, ==, whole);
  }
}

/* The letters of all utterances, each of which begins where the one before ended. */
static void
take_letters (RnnTranscriber *t, GString *letters_heard, guint64 *end)
{
  const RnnResult *r;

  while ((r = rnn_transcriber_next (t))) {
    if (r->kind != RNN_RESULT_ENDPOINT)
      continue;
    g_assert_cmpuint (r->start, ==, *end);
    *end = r->end;
    for (const gchar *letter = r->text; *letter; letter++)
      if (*letter != ' ')
        g_string_append_c (letters_heard, *letter);
  }
}

/* @every samples a flush; 0: none.  @end: of the last utterance. */
static gchar *
spell (RnnTranscriber *t, const gfloat *samples, gsize n, gsize every, guint64 *end)
{
  GString *all = g_string_new (NULL);

  *end = 0;
  for (gsize i = 0, piece; i < n; i += piece) {
    piece = MIN (every ? every : n, n - i);
    rnn_transcriber_push (t, samples + i, piece);
    take_letters (t, all, end);
    if (every)
      rnn_transcriber_flush (t);
    take_letters (t, all, end);
  }
  rnn_transcriber_finish (t);
  take_letters (t, all, end);
  return g_string_free (all, FALSE);
}

/* The sound stops now and then, and goes on: no step is lost or heard twice, and where the model does not look ahead no letter. */
static void
test_flush (void)
{
  static const gsize sizes[] = { 700, 1111, 5000 };
  g_autofree gfloat *samples = g_new (gfloat, 40000);
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (gint i = 0; i < 40000; i++)
    samples[i] = i / 4000 % 4 == 3 ? 0 : 0.3f * rnn_rng_normal (&rng) * (gfloat) sin (i / 900.0);
  for (gint ahead = 0; ahead <= 3; ahead += 3) {
    g_autoptr (RnnModel) model = make_model (ahead);
    g_autoptr (RnnTranscriber) t = rnn_transcriber_new (model, NULL, NULL);
    guint64 end, end_of_whole;
    g_autofree gchar *whole = spell (t, samples, 40000, 0, &end_of_whole);

    g_assert_cmpuint (strlen (whole), >, 10);
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      g_autofree gchar *cut = spell (t, samples, 40000, sizes[i], &end);

      g_assert_cmpuint (end, ==, end_of_whole);
      if (!ahead)
        g_assert_cmpstr (cut, ==, whole);
    }
  }
}

/* Samples that are no numbers are heard as something finite, and forgotten. */
static void
test_not_finite (void)
{
  g_autoptr (RnnModel) model = make_model (3);
  g_autoptr (RnnTranscriber) t = rnn_transcriber_new (model, NULL, NULL);
  gfloat samples[4000] = { 0 };
  g_autofree gchar *all = NULL;

  samples[100] = NAN;
  samples[2000] = INFINITY;
  all = transcribe (t, samples, 4000, 0);
  g_assert_null (strstr (all, "nan"));
}

static void
test_refused (void)
{
  json_t *recipe = json_pack ("{s:i, s:{s:s, s:i}, s:[{s:s, s:i}]}", "format", 1, "input", "kind", "tensors", "size", 4,
      "layers", "cell", "dense", "units", 2);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "plain", NULL);
  g_autoptr (GError) error = NULL;

  json_decref (recipe);
  g_assert_null (rnn_transcriber_new (model, NULL, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED);
}

/* Of a list that is wrong the message is about the list, though the first head cannot say the lexicon's words. */
static void
refuse_hotwords (const RnnOutput *output, const gchar *lexicon, const gchar *hotwords, const gchar *message)
{
  const RnnOption *options = rnn_utterance_get_options ();
  g_autoptr (GError) error = NULL;
  RnnUtteranceConfig config;

  rnn_options_init (options, &config);
  g_assert_true (rnn_options_set (options, &config, "lexicon", lexicon, "here", NULL));
  g_assert_true (rnn_options_set (options, &config, "hotwords", hotwords, "here", NULL));
  g_assert_null (rnn_utterance_new_for_output (output, &config, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
  g_assert_true (g_str_has_prefix (error->message, message));
  rnn_options_clear (options, &config);
}

/* A lexicon of phones is searched by beam and finds the head that hears phones, behind the letters; greedy decoding reads the
 * letters. */
static void
test_heads (void)
{
  static const gchar text[] = "{\"kind\": \"heads\", \"heads\": [{\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \" \", \"a\"]},"
      "{\"kind\": \"ctc\", \"tokens\": [\"<blank>\", \"AH\", \"B\"]}]}";
  static const gfloat steps[][6] = { { 0, 0, 9, 0, 0, 9 }, { 0, 0, 9, 0, 9, 0 }, { 9, 0, 0, 0, 0, 9 } };  /* a; B AH B */
  g_autofree gchar *folder = g_dir_make_tmp ("heads-XXXXXX", NULL), *lexicon = g_build_filename (folder, "words", NULL);
  const RnnOption *options = rnn_utterance_get_options ();
  json_t *object = json_loads (text, 0, NULL);
  g_autoptr (RnnOutput) output = rnn_output_new (object, 0, "test", NULL);

  g_assert_true (g_file_set_contents (lexicon, "bub B AH B\n", -1, NULL));
  for (gint phones = 0; phones < 2; phones++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GString) all = g_string_new (NULL);
    RnnUtteranceConfig config;
    RnnUtterance *u;

    rnn_options_init (options, &config);
    if (phones) {
      g_assert_true (rnn_options_set (options, &config, "lexicon", lexicon, "here", NULL));
      g_assert_true (rnn_options_set (options, &config, "hotwords", "bub,ahab:2", "here", NULL));
    }
    u = rnn_utterance_new_for_output (output, &config, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (rnn_utterance_get_left_out (u), ==, phones ? "\"ahab\"" : NULL);     /* the lexicon lacks it */
    for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
      rnn_utterance_push (u, steps[i], i * STEP * MS, (i + 1) * STEP * MS);
    rnn_utterance_finish (u);
    take (u, all);
    g_assert_nonnull (strstr (all->str, phones ? "final bub(" : "final a("));
    rnn_utterance_free (u);
    rnn_options_clear (options, &config);
  }
  refuse_hotwords (output, lexicon, "bub:heavy", "hotwords: \"heavy\" is no boost");
  refuse_hotwords (output, lexicon, "lists/nothing.txt", "hotwords: there is no file \"lists/nothing.txt\"");
  json_decref (object);
  g_remove (lexicon);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/utterance/silences", test_silences);
  g_test_add_func ("/utterance/no-word-silence", test_no_word_silence);
  g_test_add_func ("/utterance/next", test_next_utterance);
  g_test_add_func ("/utterance/goes-on", test_goes_on);
  g_test_add_func ("/utterance/says-again", test_says_again);
  g_test_add_func ("/utterance/told", test_told);
  g_test_add_func ("/utterance/partials", test_partials);
  g_test_add_func ("/utterance/quiet", test_quiet);
  g_test_add_func ("/utterance/skip", test_skip);
  g_test_add_func ("/utterance/reshape", test_reshape);
  g_test_add_data_func ("/transcriber/cuts", NULL, test_cuts);
  g_test_add_data_func ("/transcriber/cuts/restart", "yes", test_cuts);
  g_test_add_func ("/transcriber/flush", test_flush);
  g_test_add_func ("/transcriber/not-finite", test_not_finite);
  g_test_add_func ("/speech/heads", test_heads);
  g_test_add_func ("/transcriber/refused", test_refused);
  return g_test_run ();
}
