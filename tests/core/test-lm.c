/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models: n-grams from text and files, their scores, sums of several. */
#include "base/error.h"
#include "base/rng.h"
#include "lm/ngram.h"
#include "folder.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static gchar *folder;

/* ---- a small model by hand ---- */

static const gchar small[] =
    "whatever stands here\n\\data\\\nngram 1=5\nngram 2=3\nngram 3=1\n\n\\1-grams:\n-1.0\t<unk>\t-0.5\n-99 <s> -0.25\n"
    "-0.7\t</s>\n-0.6 a -0.3\n-0.4 b\n\n\\2-grams:\n-0.2 <s> a -0.1\n-0.3 a b -0.05\n-0.9 b </s>\n\n\\3-grams:\n"
    "-0.15 <s> a b\n\n\\end\\\n";

static RnnScorer *
parse (const gchar *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return rnn_ngram_parse (bytes, "x.arpa", error);
}

/* log10 of the probability of the last word (NULL: the end) of @words after those before it */
static gdouble
log10_of (RnnScorer *scorer, const gchar *const *words, gboolean start)
{
  guint32 states[2][8] = { {0}, {0} };
  gint at = 0;

  memset (states, 0xff, sizeof states);
  if (start)
    rnn_scorer_start (scorer, states[0]);
  for (; words[0] && words[1]; words++, at = !at)
    rnn_scorer_score (scorer, states[at], rnn_scorer_find (scorer, words[0]), states[!at]);
  return (*words ? rnn_scorer_score (scorer, states[at], rnn_scorer_find (scorer, words[0]), NULL)
      : rnn_scorer_end (scorer, states[at])) / M_LN10;
}

#define LOG10(scorer, start, ...) log10_of (scorer, (const gchar *const[]) { __VA_ARGS__, NULL }, start)

static void
backing_off (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnScorer) scorer = parse (small, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (scorer->state_size, ==, 8);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, TRUE, "a"), -0.2, 1e-6);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, TRUE, "a", "b"), -0.15, 1e-6);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, FALSE, "a", "b"), -0.3, 1e-6);
  /* no "a b a", no "b a": a (a b) + a (b) + p (a) */
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, FALSE, "a", "b", "a"), -0.05 + 0 - 0.6, 1e-6);
  /* no "<s> a a", no "a a" */
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, TRUE, "a", "a"), -0.1 - 0.3 - 0.6, 1e-6);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, TRUE, "nothing"), -0.25 - 1, 1e-6);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, TRUE, "nothing", "a"), -0.5 - 0.6, 1e-6);
  g_assert_cmpuint (rnn_scorer_find (scorer, "nothing"), ==, RNN_SCORER_UNKNOWN);
}

static const struct {
  const gchar *from, *to, *message;
} broken[] = {
  {"ngram 2=3", "ngram 2=4", "x.arpa:19: another number of n-grams than \\data\\ says"},
  {"ngram 2=3", "ngram 7=3", "x.arpa:4: expected \"ngram N=COUNT\" for N = 1, 2, ... 6 at most"},
  {"a b -0.05", "a c -0.05", "x.arpa:16: a word that is not among the 1-grams"},
  {"a b -0.05", "a b nan", "x.arpa:16: not a number where one should be"},
  {"a b -0.05", "a b 1 2 3", "x.arpa:16: too few or too many words"},
  {"-0.6 a", "0.6 a", "x.arpa:11: a probability above 1"},
  {"-0.6 a", "-0.6 b", "x.arpa:12: the same word again"},
  {"-0.9 b </s>", "-0.9 a b", "x.arpa:19: an n-gram of the order before this line is there twice"},
  {"\\end\\", "", "x.arpa:22: the file ends before \\end\\"},
  {"\\data\\", "data", "x.arpa:22: the file ends before \\end\\"},
};

static void
broken_text (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) parts = g_strsplit (small, broken[i].from, 2);
    g_autofree gchar *text = g_strjoinv (broken[i].to, parts);

    g_assert_null (parse (text, &error));
    g_assert_cmpstr (error->message, ==, broken[i].message);
  }
}

/* What DeepSpeech's and Coqui's scorers begin with */
static void
kenlm_binary (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse ("mmap lm http://kheafield.com/code format version 5\n", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED);
}

/* A context that the file leaves out is as probable as backing off says. */
static void
missing_context (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) parts = g_strsplit (small, "-0.15 <s> a b", 2);
  g_autofree gchar *text = g_strjoinv ("-0.15 b a b", parts);
  g_autoptr (RnnScorer) scorer = parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, FALSE, "b", "a"), -0.6, 1e-6);
  g_assert_cmpfloat_with_epsilon (LOG10 (scorer, FALSE, "b", "a", "b"), -0.15, 1e-6);
}

/* ---- training ---- */

/* Words by Zipf's law, each a little more probable after the one before it in the list. */
static gchar *
write_text (const gchar *name, guint64 seed, guint n_sentences)
{
  gchar *path = g_build_filename (folder, name, NULL);
  GString *text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  RnnRng rng;
  guint word = 0;

  rnn_rng_seed (&rng, seed, 0);
  for (guint i = 0; i < n_sentences; i++) {
    for (guint n = 1 + (guint) (12 * rnn_rng_uniform (&rng)); n > 0; n--) {
      word = rnn_rng_uniform (&rng) < 0.4 ? word + 1 : (guint) exp (6 * rnn_rng_uniform (&rng));
      g_string_append_printf (text, "w%u%s", word, n > 1 ? " " : "\n");
    }
  }
  g_file_set_contents (path, text->str, -1, &error);
  g_assert_no_error (error);
  g_string_free (text, TRUE);
  return path;
}

static RnnNgrams *
train (const gchar *path, guint order, gdouble prune, guint vocabulary, gsize memory)
{
  g_autoptr (GError) error = NULL;
  RnnNgrams *ngrams = rnn_ngrams_train ((const gchar *[]) { path, NULL },
      &(RnnNgramTraining) {.order = order,.vocabulary = vocabulary,.memory = memory }, &error);

  g_assert_no_error (error);
  if (prune > 0)
    g_assert_true (rnn_ngrams_prune (ngrams, prune, &error));
  return ngrams;
}

static RnnScorer *
score_with (const RnnNgrams *ngrams, guint bits)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) image = rnn_ngram_image_build (ngrams, bits, NULL, &error);
  RnnScorer *scorer = image ? rnn_ngram_parse (image, "image", &error) : NULL;

  g_assert_no_error (error);
  return scorer;
}

/* log10 of the probability of every word and sentence end of the file */
static GArray *
score_file (RnnScorer *scorer, const gchar *path)
{
  GArray *scores = g_array_new (FALSE, FALSE, sizeof (gdouble));
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint l = 0; *lines[l]; l++) {
    g_auto (GStrv) words = g_strsplit (lines[l], " ", -1);
    guint32 states[2][8];
    gint at = 0;
    gdouble score;

    rnn_scorer_start (scorer, states[0]);
    for (guint i = 0; words[i]; i++, at = !at) {
      score = rnn_scorer_score (scorer, states[at], rnn_scorer_find (scorer, words[i]), states[!at]) / M_LN10;
      g_array_append_val (scores, score);
    }
    score = rnn_scorer_end (scorer, states[at]) / M_LN10;
    g_array_append_val (scores, score);
  }
  return scores;
}

static gchar *
ask_python (const gchar *text, guint order, const gchar *test)
{
  g_autofree gchar *script = g_test_build_filename (G_TEST_DIST, "lm", "kneser-ney.py", NULL);
  g_autofree gchar *n = g_strdup_printf ("%u", order);
  const gchar *argv[] = { "python3", script, text, n, test, NULL };
  gchar *out = NULL;
  gint status;

  if (!g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, NULL))
    return NULL;
  g_assert_cmpint (status, ==, 0);
  return out;
}

static void
by_definition (void)
{
  g_autofree gchar *text = write_text ("text", 1, 1500), *test = write_text ("test", 2, 100);

  for (guint order = 1; order <= 5; order += 2) {
    g_autoptr (RnnNgrams) ngrams = train (text, order, 0, 0, 1 << 14);  /* many runs to merge */
    g_autoptr (RnnScorer) scorer = score_with (ngrams, 32);
    g_autoptr (GArray) scores = score_file (scorer, test);
    g_autofree gchar *out = ask_python (text, order, test);
    g_auto (GStrv) lines = NULL;

    if (!out) {
      g_test_skip ("python3 is not there");
      return;
    }
    lines = g_strsplit (g_strchomp (out), "\n", -1);
    g_assert_cmpuint (g_strv_length (lines), ==, scores->len);
    for (guint i = 0; i < scores->len; i++)
      g_assert_cmpfloat_with_epsilon (g_array_index (scores, gdouble, i), g_ascii_strtod (lines[i], NULL), 2e-6);
  }
}

/* What may follow has probabilities that sum to 1. */
static void
assert_sums_to_one (const RnnNgrams *ngrams, RnnScorer *scorer, const gchar *before, const gchar *last)
{
  guint32 states[2][8];
  gdouble sum = 0;

  rnn_scorer_start (scorer, states[0]);
  rnn_scorer_score (scorer, states[0], rnn_scorer_find (scorer, before), states[1]);
  rnn_scorer_score (scorer, states[1], rnn_scorer_find (scorer, last), states[0]);
  for (guint32 w = 0; w < ngrams->words->len; w++)
    if (w != ngrams->start)
      sum += exp (rnn_scorer_score (scorer, states[0], w, NULL));
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-4);
}

static void
normalised (void)
{
  g_autofree gchar *text = write_text ("text", 1, 1500);

  for (gint pruned = 0; pruned <= 1; pruned++)
    for (guint vocabulary = 0; vocabulary <= 100; vocabulary += 100) {
      g_autoptr (RnnNgrams) ngrams = train (text, 3, pruned ? 1e-5 : 0, vocabulary, 0);
      g_autoptr (RnnScorer) scorer = score_with (ngrams, 32);

      if (vocabulary)
        g_assert_cmpuint (ngrams->words->len, ==, vocabulary + 3);
      assert_sums_to_one (ngrams, scorer, "w1", "w2");
      assert_sums_to_one (ngrams, scorer, "w2", "w7");
      assert_sums_to_one (ngrams, scorer, "w300", "w1");
      assert_sums_to_one (ngrams, scorer, "nobody", "w3");
    }
}

static gdouble
perplexity (RnnScorer *scorer, const gchar *path)
{
  g_autoptr (GArray) scores = score_file (scorer, path);
  gdouble sum = 0;

  for (guint i = 0; i < scores->len; i++)
    sum += g_array_index (scores, gdouble, i);
  return pow (10, -sum / scores->len);
}

/* Half the n-grams go for a few per cent. */
static void
pruning (void)
{
  g_autofree gchar *text = write_text ("text", 1, 3000), *test = write_text ("test", 2, 200);
  g_autoptr (RnnNgrams) all = train (text, 3, 0, 0, 0), some = train (text, 3, 1e-5, 0, 0);
  g_autoptr (RnnScorer) with_all = score_with (all, 32), with_some = score_with (some, 32);

  g_assert_cmpuint (some->tables[2].n, <, all->tables[2].n / 2);
  g_assert_cmpuint (some->tables[1].n, <, all->tables[1].n);
  g_assert_cmpuint (some->tables[0].n, ==, all->tables[0].n);
  g_assert_cmpfloat (perplexity (with_some, test), <, 1.05 * perplexity (with_all, test));
}

/* ---- files ---- */

static void
files (void)
{
  g_autofree gchar *text = write_text ("text", 1, 1500), *arpa = g_build_filename (folder, "lm.arpa", NULL);
  g_autoptr (RnnNgrams) ngrams = train (text, 4, 0, 0, 0);
  g_autoptr (RnnScorer) exact = score_with (ngrams, 32), bytes = score_with (ngrams, 8), read = NULL;
  g_autoptr (GArray) scores = score_file (exact, text), again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (rnn_ngrams_write_arpa (ngrams, arpa, &error));
  read = rnn_ngram_load (arpa, &error);
  g_assert_no_error (error);
  again = score_file (read, text);
  for (guint i = 0; i < scores->len; i++)
    g_assert_cmpfloat_with_epsilon (g_array_index (scores, gdouble, i), g_array_index (again, gdouble, i), 1e-5);
  g_assert_cmpfloat_with_epsilon (perplexity (bytes, text) / perplexity (exact, text), 1, 0.01);
  g_assert_null (rnn_ngram_load ("/nonexistent/lm", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND);
}

/* Any byte may be wrong: refused, or scores are numbers. */
static void
damaged_image (void)
{
  g_autofree gchar *text = write_text ("text", 1, 20);
  g_autoptr (RnnNgrams) ngrams = train (text, 3, 0, 0, 0);
  g_autoptr (GBytes) image = rnn_ngram_image_build (ngrams, 6, NULL, NULL);
  gsize n, refused = 0;
  const guint8 *good = g_bytes_get_data (image, &n);

  for (gsize i = 0; i < n; i++) {
    g_autofree guint8 *bad = g_memdup2 (good, n);
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (RnnScorer) scorer = NULL;

    bad[i] ^= 0x91;
    bytes = g_bytes_new_static (bad, n);
    if ((scorer = rnn_ngram_parse (bytes, "bad", NULL)))
      g_assert_true (isfinite (perplexity (scorer, text)));
    else
      refused++;
  }
  g_assert_cmpuint (refused, >, n / 4);
  for (gsize cut = 1; cut < n; cut += 97) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (good, n - cut);

    g_assert_null (rnn_ngram_parse (bytes, "cut", NULL));
  }
}

static void
sum (void)
{
  g_autofree gchar *text = write_text ("text", 1, 300), *other = write_text ("other", 5, 300);
  g_autoptr (RnnNgrams) a = train (text, 3, 0, 0, 0), b = train (other, 2, 0, 50, 0);
  g_autoptr (RnnScorer) one = score_with (a, 32), two = score_with (b, 32);
  g_autoptr (RnnScorer) both = rnn_scorer_sum_new ((RnnScorer *[]) { one, two }, (gfloat[]) { 0.75f, 0.5f }, 2);
  g_autoptr (GArray) x = score_file (one, text), y = score_file (two, text), z = score_file (both, text);

  for (guint i = 0; i < x->len; i++)
    g_assert_cmpfloat_with_epsilon (g_array_index (z, gdouble, i),
        0.75 * g_array_index (x, gdouble, i) + 0.5 * g_array_index (y, gdouble, i), 1e-5);
  g_assert_cmpuint (rnn_scorer_find (both, "nobody"), ==, RNN_SCORER_UNKNOWN);
}

/* A mixture is between its parts for every word, and normalised. */
static void
mixture (void)
{
  g_autofree gchar *text = write_text ("text", 1, 600), *other = write_text ("other", 5, 600);
  g_autoptr (RnnNgrams) a = train (text, 3, 0, 0, 0), b = train (other, 2, 0, 300, 0), both = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnScorer) one = score_with (a, 32), mixed = NULL;

  both = rnn_ngrams_mix (a, b, 0.3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (both->words->len, ==, a->words->len);
  g_assert_cmpuint (both->tables[1].n, >, a->tables[1].n);
  mixed = score_with (both, 32);
  assert_sums_to_one (both, mixed, "w1", "w2");
  assert_sums_to_one (both, mixed, "w300", "w1");
  g_assert_cmpfloat (perplexity (mixed, other), <, perplexity (one, other));
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("test-lm-XXXXXX", NULL);
  g_test_add_func ("/lm/backing-off", backing_off);
  g_test_add_func ("/lm/broken-text", broken_text);
  g_test_add_func ("/lm/kenlm-binary", kenlm_binary);
  g_test_add_func ("/lm/missing-context", missing_context);
  g_test_add_func ("/lm/by-definition", by_definition);
  g_test_add_func ("/lm/normalised", normalised);
  g_test_add_func ("/lm/pruning", pruning);
  g_test_add_func ("/lm/files", files);
  g_test_add_func ("/lm/damaged-image", damaged_image);
  g_test_add_func ("/lm/sum", sum);
  g_test_add_func ("/lm/mixture", mixture);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
