/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models in the search, where a score can be written down: sentences that end within an utterance, recurrent models alone and
 * in a sum, by the numbers that rnn_session_run() gives for the same tokens. */
#include "base/error.h"
#include "base/rng.h"
#include "ctc/beam.h"
#include "ctc/ctc.h"
#include "lm/recurrent-private.h"
#include "lm/ngram.h"
#include "session/session.h"
#include "folder.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define WEIGHT 0.7
#define WORD_SCORE 0.25

static gchar *folder;

static gchar *
write_file (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* ---- a search that hears what it is told ---- */

static const gchar *const spaced[] = { "<blank>", " ", "a", "b", NULL };

static void
config_init (RnnCtcDecoderConfig *config, const gchar *models)
{
  rnn_options_init (rnn_ctc_decoder_get_options (), config);
  config->decoder = 1;
  config->lm_file = g_strdup (models);
  config->lm_weight = WEIGHT;
  config->word_score = WORD_SCORE;
  config->unknown_score = RNN_CTC_NO_UNKNOWN + 1;
}

static void
hear (RnnCtcDecoder *decoder, const gchar *tokens)
{
  for (; *tokens; tokens++) {
    gfloat scores[] = { -1000, -1000, -1000, -1000 };

    scores[*tokens == '.' ? 0 : *tokens == ' ' ? 1 : *tokens - 'a' + 2] = 0;
    rnn_ctc_decoder_step (decoder, scores);
  }
}

/* The score of @first, then a pause if @paused, then @second. */
static gdouble
score_of (const RnnCtcDecoderConfig *config, const gchar *first, gboolean paused, const gchar *second)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (spaced, 0, &error);
  g_autoptr (RnnCtcDecoder) decoder = rnn_ctc_decoder_new (tokens, config, &error);
  guint n;

  g_assert_no_error (error);
  hear (decoder, first);
  if (paused)
    for (guint i = 0; i < 2; i++)
      rnn_ctc_decoder_pause (decoder);
  hear (decoder, second);
  rnn_ctc_decoder_finish (decoder);
  return rnn_ctc_decoder_get_n_best (decoder, &n)->score;
}

/* ---- sentences ---- */

static const gchar arpa[] =
    "\\data\\\nngram 1=5\nngram 2=5\n\\1-grams:\n-3 <unk>\n-99 <s> 0\n-0.9 </s>\n-0.5 a 0\n-0.8 b 0\n"
    "\\2-grams:\n-0.3 <s> a\n-0.4 <s> b\n-0.7 a b\n-0.2 a </s>\n-0.6 b </s>\n\\end\\\n";

static gdouble
log_add (gdouble a, gdouble b)
{
  return log (exp (a) + exp (b));
}

/* "a b": @on and @anew are the logarithms of that the sentence goes on, and that another begins */
static gdouble
worth (gdouble on, gdouble anew)
{
  gdouble second = log_add (-0.7 * M_LN10 + on, (-0.2 - 0.4) * M_LN10 + anew);

  return 2 * WORD_SCORE + WEIGHT * ((-0.3 - 0.6) * M_LN10 + second);
}

static void
sentences (void)
{
  g_autofree gchar *path = write_file ("lm.arpa", arpa);
  gdouble ends = log (0.8), goes_on = log (0.2);
  RnnCtcDecoderConfig config;

  config_init (&config, path);
  config.sentence_score = -0.5f;
  config.pause_score = (gfloat) log (4);
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a... ", FALSE, "b"), worth (0, -0.5), 1e-4);
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a... ", TRUE, "b"), worth (goes_on, ends), 1e-4);
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a...", TRUE, " b"), worth (goes_on, ends), 1e-4);
  g_assert_cmpfloat_with_epsilon (score_of (&config, "...", TRUE, "a b"), worth (0, -0.5), 1e-4);
  /* behind the last word it costs what it does before any other; told again it costs no more */
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a b...", TRUE, "..."),
      worth (0, -0.5) + WEIGHT * log (0.2 + 0.8 * pow (10, -0.6)), 1e-4);
  config.sentence_score = RNN_CTC_NO_SENTENCES;
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a... ", TRUE, "b"), worth (0, -INFINITY), 1e-4);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* What was cut goes on; what was finished begins anew, and so does another stream. */
static void
cuts (void)
{
  g_autofree gchar *path = write_file ("lm.arpa", arpa);
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (spaced, 0, NULL);
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  gdouble on = -0.7 * M_LN10, anew = -0.4 * M_LN10, end = -0.6 * M_LN10;
  RnnCtcDecoderConfig config;
  guint n;

  config_init (&config, path);
  config.sentence_score = RNN_CTC_NO_SENTENCES;
  decoder = rnn_ctc_decoder_new (tokens, &config, NULL);
  for (guint i = 0; i < 3; i++) {
    hear (decoder, "a ");
    if (i == 1)
      rnn_ctc_decoder_finish (decoder);
    else
      rnn_ctc_decoder_cut (decoder);
    g_assert_cmpuint (rnn_ctc_decoder_get_n_best (decoder, &n)->text[0], ==, 'a');
    rnn_ctc_decoder_reset (decoder);
    if (i == 2)
      rnn_ctc_decoder_reset (decoder);
    hear (decoder, "b");
    rnn_ctc_decoder_finish (decoder);
    g_assert_cmpfloat_with_epsilon (rnn_ctc_decoder_get_n_best (decoder, &n)->score, WORD_SCORE + WEIGHT * ((i == 0 ? on : anew) + end), 1e-4);
    rnn_ctc_decoder_reset (decoder);
  }
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- recurrent models ---- */

static gchar *
write_model (const gchar *name, const gchar *labels, gint n, const gchar *output)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"format\":1,\"name\":\"%s\",\"input\":{\"kind\":\"tensors\",\"size\":1},"
      "\"layers\":[{\"cell\":\"embedding\",\"name\":\"in\",\"tokens\":%d,\"units\":6},{\"cell\":\"lstm\",\"name\":\"rnn\","
      "\"hidden\":5},{\"cell\":\"dense\",\"name\":\"out\",\"units\":%d}],\"output\":{\"kind\":\"%s\",\"%s\":%s}}",
      name, n, n, output, g_str_equal (output, "ctc") ? "tokens" : "labels", labels);

  return write_file (name, recipe);
}

/* log P of tokens[1 .. n - 1], one after the other, as the model that runs as a stream says */
static gdouble
stream_log_p (const gchar *path, const gint *tokens, guint n)
{
  g_autoptr (RnnModel) model = rnn_model_load (path, NULL);
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  gfloat y[16];
  gdouble sum = 0;

  for (guint i = 0; i + 1 < n; i++) {
    gfloat x = (gfloat) tokens[i];

    rnn_session_run (session, 1, &x, y);
    sum += y[tokens[i + 1]] - rnn_log_sum_exp (rnn_model_get_n_out (model), y);
  }
  return sum;
}

static gdouble
sentence_log_p (RnnScorer *scorer, const gchar *const *words)
{
  g_autofree guint8 *states = g_malloc (2 * scorer->state_size);
  guint8 *state = states, *next = states + scorer->state_size;
  gdouble sum = 0;

  rnn_scorer_start (scorer, state);
  for (; *words; words++) {
    guint32 number = rnn_scorer_find (scorer, *words);
    gfloat told = rnn_scorer_score_text (scorer, state, number, *words, NULL);
    guint8 *swap = state;

    g_assert_cmpuint (number, !=, RNN_SCORER_UNKNOWN);
    /* asked again, it is the same number; with the state behind it, too */
    g_assert_cmpfloat (told, ==, rnn_scorer_score_text (scorer, state, number, *words, NULL));
    g_assert_cmpfloat (told, ==, rnn_scorer_score_text (scorer, state, number, *words, next));
    sum += told;
    state = next;
    next = swap;
  }
  return sum + rnn_scorer_end (scorer, state);
}

static const gchar letters[] = "[\"\\n\", \" \", \"a\", \"b\"]";

/* A sentence is as probable as the stream of its tokens, however these make words. */
static void
recurrent (void)
{
  static const struct { const gchar *name, *labels; gint n; const gchar *words[4]; gint tokens[12], n_tokens; } kinds[] = {
    {"letters.json", letters, 4, {"a", "ab", "b"}, {0, 2, 1, 2, 3, 1, 3, 0}, 8},
    {"pieces.json", "[\" a\", \"b\", \" b\", \"</s>\"]", 4, {"a", "ab", "b"}, {3, 0, 0, 1, 2, 3}, 6},
    {"words.json", "[\"<eos>\", \"a\", \"ab\", \"<unk>\"]", 4, {"a", "ab", "b"}, {0, 1, 2, 3, 0}, 5},
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree gchar *path = write_model (kinds[i].name, kinds[i].labels, kinds[i].n, "classes");
    g_autoptr (GError) error = NULL;
    RnnScorer *ngram;
    g_autoptr (RnnScorer) scorer = rnn_scorer_load (path, &ngram, &error);

    g_assert_no_error (error);
    g_assert_null (ngram);
    g_assert_cmpfloat_with_epsilon (sentence_log_p (scorer, kinds[i].words),
        stream_log_p (path, kinds[i].tokens, (guint) kinds[i].n_tokens), 1e-4);
  }
}

static void
in_the_search (void)
{
  g_autofree gchar *model = write_model ("letters.json", letters, 4, "classes"), *ngrams = write_file ("lm.arpa", arpa);
  g_autofree gchar *both = g_strdup_printf ("%s:0.5,%s:2", ngrams, model);
  gdouble log_p = stream_log_p (model, (const gint[]) { 0, 2, 1, 3, 0 }, 5), by_ngrams = (-0.3 - 0.7 - 0.6) * M_LN10;
  RnnCtcDecoderConfig config;

  config_init (&config, model);
  config.sentence_score = RNN_CTC_NO_SENTENCES;
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a ", FALSE, "b"), 2 * WORD_SCORE + WEIGHT * log_p, 1e-4);
  g_free (config.lm_file);
  config.lm_file = g_strdup (both);
  g_assert_cmpfloat_with_epsilon (score_of (&config, "a ", FALSE, "b"), 2 * WORD_SCORE + WEIGHT * (by_ngrams / 2 + 2 * log_p), 1e-4);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* What it has no letters for is as good as impossible; the next word begins a sentence. */
static void
unknown (void)
{
  g_autofree gchar *path = write_model ("letters.json", letters, 4, "classes");
  RnnScorer *ngram;
  g_autoptr (RnnScorer) scorer = rnn_scorer_load (path, &ngram, NULL);
  g_autofree guint8 *states = g_malloc (3 * scorer->state_size);
  guint8 *begin = states, *next = states + scorer->state_size;
  static const gchar *const bad[] = { "xyz", "", "a b", "a\nb" };

  rnn_scorer_start (scorer, begin);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_cmpuint (rnn_scorer_find (scorer, bad[i]), ==, RNN_SCORER_UNKNOWN);
    g_assert_cmpfloat (rnn_scorer_score_text (scorer, begin, RNN_SCORER_UNKNOWN, bad[i], next), <, -200);
    g_assert_cmpmem (begin, scorer->state_size, next, scorer->state_size);
  }
}

/* ---- many questions at once ---- */

#define N_STATES 5
#define N_WORDS 70

/* "a", "b", "aa", "ab", ...; the last ones are longer than a word may be, or than a batch is wide. */
static gchar *
make_word (guint i)
{
  GString *word = g_string_new (NULL);

  for (guint n = i + 2; n > 1; n /= 2)
    g_string_append_c (word, n % 2 ? 'b' : 'a');
  if (i >= N_WORDS - 3)
    g_string_set_size (word, 0);
  for (guint n = 0; i >= N_WORDS - 3 && n < 62 + N_WORDS - i; n++)
    g_string_append_c (word, 'a');
  return g_string_free (word, FALSE);
}

/* The beginning, then states after words one after the other, each out of the one before. */
static guint8 *
make_states (RnnScorer *scorer)
{
  guint8 *states = g_malloc (N_STATES * scorer->state_size);

  rnn_scorer_start (scorer, states);
  for (guint i = 1; i < N_STATES; i++) {
    g_autofree gchar *word = make_word (3 * i);

    rnn_scorer_score_text (scorer, states + (i - 1) * scorer->state_size, rnn_scorer_find (scorer, word), word,
        states + i * scorer->state_size);
  }
  return states;
}

static void
compare_answers (RnnScorer *one, RnnScorer *many)
{
  gsize size = one->state_size;
  g_autofree guint8 *states = make_states (one), *next = g_malloc (N_STATES * N_WORDS * size), *expected = g_malloc (size);
  RnnScorerQuestion questions[N_STATES * (N_WORDS + 1)];
  guint n = 0;

  g_assert_true (many->prepares);
  for (guint s = 0; s < N_STATES; s++) {
    for (guint w = 0; w < N_WORDS; w++, n++) {
      gchar *word = make_word (w);

      questions[n] = (RnnScorerQuestion) { states + s * size, rnn_scorer_find (many, word), word, w % 3 ? NULL : next + (s * N_WORDS + w) * size };
    }
    questions[n++] = (RnnScorerQuestion) { .state = states + s * size };
  }
  many->klass->prepare (many, questions, n);
  for (guint i = 0; i < n; i++) {
    const RnnScorerQuestion *q = &questions[i];

    if (!q->text) {
      g_assert_cmpfloat (rnn_scorer_end (many, q->state), ==, rnn_scorer_end (one, q->state));
      continue;
    }
    g_assert_cmpfloat (rnn_scorer_score_text (many, q->state, q->symbol, q->text, NULL), ==,
        rnn_scorer_score_text (one, q->state, rnn_scorer_find (one, q->text), q->text, expected));
    if (q->next)
      g_assert_cmpmem (q->next, size, expected, size);
    g_free ((gpointer) q->text);
  }
}

/* A model alone and in a sum with n-grams answers many questions at once with the bits that it has for each. */
static void
prepared (void)
{
  static const gchar *const labels[] = { letters, "[\" a\", \"b\", \" b\", \"a\", \"</s>\"]", "[\"<eos>\", \"a\", \"ab\", \"<unk>\"]" };
  static const gint sizes[] = { 4, 5, 4 };
  g_autofree gchar *ngrams = write_file ("lm.arpa", arpa);

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    g_autofree gchar *model = write_model ("many.json", labels[i], sizes[i], "classes"), *both = g_strdup_printf ("%s:0.5,%s:2", ngrams, model);
    const gchar *files[] = { model, both };

    for (guint k = 0; k < 2; k++) {
      RnnScorer *ngram;
      g_autoptr (RnnScorer) one = rnn_scorer_load (files[k], &ngram, NULL), many = rnn_scorer_load (files[k], &ngram, NULL);

      compare_answers (one, many);
    }
  }
}

/* What is known without much work: nothing at first; once the end was asked, of a word its first piece; then all of it. */
static void
ceilings (void)
{
  g_autofree gchar *path = write_model ("pieces.json", "[\" a\", \"b\", \" b\", \"</s>\"]", 4, "classes");
  RnnScorer *ngram;
  g_autoptr (RnnScorer) scorer = rnn_scorer_load (path, &ngram, NULL);
  g_autofree guint8 *states = make_states (scorer);
  guint8 *state = states + (N_STATES - 1) * scorer->state_size;      /* which nothing was asked after */
  gfloat score;

  g_assert_cmpfloat (rnn_scorer_ceiling (scorer, state, 0, "ab"), ==, 0);
  rnn_scorer_end (scorer, state);
  g_assert_cmpfloat (rnn_scorer_ceiling (scorer, state, 0, "ab"), ==, rnn_scorer_score_text (scorer, state, 0, "a", NULL));
  score = rnn_scorer_score_text (scorer, state, 0, "ab", NULL);
  g_assert_cmpfloat (rnn_scorer_ceiling (scorer, state, 0, "ab"), ==, score);
  g_assert_cmpfloat (score, <, rnn_scorer_score_text (scorer, state, 0, "a", NULL));
  g_assert_cmpfloat (rnn_scorer_ceiling (scorer, state, 0, "xyz"), <, -200);
}

/* Far more nodes than there is room for: what is found is what was put there, and nothing that a call has had goes before it ends. */
static void
nodes (void)
{
  enum { CALLS = 50, ROWS = RNN_RECURRENT_ROWS, V = 100000 };
  RnnRecurrentNodes all;
  RnnRecurrentNode had[ROWS];
  guint found = 0;

  rnn_recurrent_nodes_init (&all, 1, V);
  for (guint64 call = 0; call < CALLS; call++) {
    rnn_recurrent_nodes_begin (&all);
    for (guint64 i = 0; i < ROWS; i++) {
      guint64 key = (i < ROWS / 2 ? i : call * ROWS + i) + 1;

      if (rnn_recurrent_nodes_find (&all, key, &had[i]))
        found++;
      else
        rnn_recurrent_nodes_add (&all, key, &had[i]);
      *had[i].state = had[i].y[V + 1] = (gfloat) key;
    }
    for (guint64 i = 0; i < ROWS; i++)
      g_assert_cmpfloat (*had[i].state + had[i].y[V + 1], ==, 2 * ((i < ROWS / 2 ? i : call * ROWS + i) + 1));
  }
  g_assert_cmpuint (found, >, 0);
  rnn_recurrent_nodes_clear (&all);
}

/* The n best of random scores, with a search that tells the model what it will ask, or one that does not. */
static gchar *
read_random (const gchar *const *names, const RnnCtcDecoderConfig *config, gboolean prepares)
{
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, NULL);
  g_autoptr (RnnCtcDecoder) decoder = rnn_ctc_decoder_new (tokens, config, NULL);
  GString *all = g_string_new (NULL);
  const RnnCtcReading *readings;
  RnnRng rng;
  guint n;

  g_assert_nonnull (decoder);
  ((RnnBeam *) decoder)->language->scorer->prepares = prepares;
  rnn_rng_seed (&rng, 5, 1);
  for (guint t = 0; t < 60; t++) {
    gfloat scores[4];

    for (guint v = 0; v < 4; v++)
      scores[v] = 2 * rnn_rng_normal (&rng);
    rnn_ctc_decoder_step (decoder, scores);
    if (t % 20 == 19)
      rnn_ctc_decoder_pause (decoder);
  }
  rnn_ctc_decoder_finish (decoder);
  readings = rnn_ctc_decoder_get_n_best (decoder, &n);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (all, "%.17g %s\n", readings[i].score, readings[i].text);
  g_assert_cmpuint (n, >, 4);
  return g_string_free (all, FALSE);
}

static void
prepared_search (void)
{
  static const gchar *const sounds[] = { "<blank>", "A", "B", "K", NULL };
  g_autofree gchar *model = write_model ("letters.json", letters, 4, "classes"), *ngrams = write_file ("lm.arpa", arpa);
  g_autofree gchar *both = g_strdup_printf ("%s:0.5,%s:2", ngrams, model);
  g_autofree gchar *said = write_file ("said", "a A\nab A B\nb B\nbb K\nba B K\n"), *spelled = write_file ("spelled", "a\nab\nba\nbb\n");
  const struct {
    const gchar *const *names;
    const gchar *files, *lexicon;
    gfloat unknown;
  } searches[] = { { spaced, model, NULL, -5 }, { spaced, both, NULL, -5 }, { spaced, both, spelled, -5 }, { sounds, both, said, RNN_CTC_NO_UNKNOWN } };

  for (guint i = 0; i < G_N_ELEMENTS (searches); i++) {
    g_autofree gchar *one = NULL, *many = NULL;
    RnnCtcDecoderConfig config;

    config_init (&config, searches[i].files);
    config.lexicon = g_strdup (searches[i].lexicon);
    config.unknown_score = searches[i].unknown;
    config.sentence_score = -0.5f;
    one = read_random (searches[i].names, &config, FALSE);
    many = read_random (searches[i].names, &config, TRUE);
    g_assert_cmpstr (many, ==, one);
    rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
  }
}

static void
assert_refused (const gchar *files, const gchar *reason)
{
  g_autoptr (GError) error = NULL;
  RnnScorer *ngram;

  g_assert_null (rnn_scorer_load (files, &ngram, &error));
  g_assert_nonnull (error);
  if (!strstr (error->message, reason))
    g_error ("\"%s\" says nothing of \"%s\"", error->message, reason);
}

static void
refused (void)
{
  g_autofree gchar *good = write_model ("letters.json", letters, 4, "classes");
  g_autofree gchar *other = write_model ("other.json", "[\"<blank>\", \" \", \"a\", \"b\"]", 4, "ctc");
  g_autofree gchar *deaf = write_file ("deaf.json", "{\"format\":1,\"input\":{\"kind\":\"tensors\",\"size\":3},"
      "\"layers\":[{\"cell\":\"dense\",\"units\":2}],\"output\":{\"kind\":\"classes\",\"labels\":[\"a\",\"b\"]}}");
  g_autofree gchar *broken = write_file ("broken.json", "{\"format\":1,");
  g_autofree gchar *missing = g_strdup_printf ("%s,%s/nothing", good, folder), *weight = g_strdup_printf ("%s:heavy", good);

  assert_refused (other, "other.json: no language model: its output is not \"classes\"");
  assert_refused (deaf, "deaf.json: no language model: it does not begin with an embedding");
  assert_refused (broken, "broken.json");
  assert_refused (missing, "nothing");
  assert_refused (weight, "\"heavy\" is no weight");
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("test-search-models-XXXXXX", NULL);
  g_test_add_func ("/search-models/sentences", sentences);
  g_test_add_func ("/search-models/cuts", cuts);
  g_test_add_func ("/search-models/recurrent", recurrent);
  g_test_add_func ("/search-models/in-the-search", in_the_search);
  g_test_add_func ("/search-models/unknown", unknown);
  g_test_add_func ("/search-models/prepared", prepared);
  g_test_add_func ("/search-models/ceilings", ceilings);
  g_test_add_func ("/search-models/nodes", nodes);
  g_test_add_func ("/search-models/prepared-search", prepared_search);
  g_test_add_func ("/search-models/refused", refused);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
