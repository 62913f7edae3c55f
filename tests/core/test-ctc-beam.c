/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beam search against sums over all alignments, with every kind of tokens, lexicons and models; what it says while
 * it goes on, and what may change meanwhile. */
#include "base/error.h"
#include "ctc/beam.h"
#include "ctc/decoder.h"
#include "count-alloc.h"
#include "ctc-decoders.h"
#include "ctc-paths.h"
#include <math.h>
#include <string.h>

/* ---- decoders ---- */

static const gchar *const spaced[] = { "<blank>", " ", "a", "b", NULL };
static const gchar *const sounds[] = { "<blank>", "A", "B", "K", NULL };
static const gchar *const pieces[] = { "<blank>", "\342\226\201a", "\342\226\201b", "b", NULL };

static RnnCtcDecoderConfig
wide_open (void)
{
  RnnCtcDecoderConfig config;

  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  config.decoder = 1;
  config.beam_width = 4096;
  config.beam_threshold = 1000;
  config.token_threshold = -1000;
  config.sentence_score = RNN_CTC_NO_SENTENCES;
  config.recombine = FALSE;
  return config;
}

/* ---- all alignments ---- */

/* Every reading has the score of its text, and none is better. */
static void
assert_exact (RnnCtcDecoder *decoder, gfloat scores[T][V], GHashTable *texts)
{
  GHashTableIter iter;
  gpointer text, sum;
  const RnnCtcReading *readings;
  guint n;

  rnn_ctc_decoder_reset (decoder);
  for (gint t = 0; t < T; t++)
    rnn_ctc_decoder_step (decoder, scores[t]);
  rnn_ctc_decoder_finish (decoder);
  readings = rnn_ctc_decoder_get_n_best (decoder, &n);
  g_assert_cmpuint (n, >, 0);
  for (guint i = 0; i < n; i++) {
    gdouble *expected = g_hash_table_lookup (texts, readings[i].text);

    if (!expected)
      g_error ("the reading \"%s\" has no alignment", readings[i].text);
    if (fabs (readings[i].score - log (*expected)) > 1e-4)
      g_error ("the reading \"%s\" has %g for %g", readings[i].text, readings[i].score, log (*expected));
    g_assert_true (i == 0 || readings[i].score <= readings[i - 1].score);
  }
  g_hash_table_iter_init (&iter, texts);
  while (g_hash_table_iter_next (&iter, &text, &sum))
    g_assert_cmpfloat (log (*(gdouble *) sum), <=, readings[0].score + 1e-4);
  g_autofree gchar *words = join_words (decoder, FALSE);
  g_assert_cmpstr (words, ==, readings[0].text);
}

static void
check_all (const gchar *const *names, const RnnCtcDecoderConfig *config, Say say)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (names, config);

  for (guint64 seed = 1; seed <= 20; seed++) {
    gfloat scores[T][V];
    g_autoptr (GHashTable) texts = NULL;

    make_scores (scores, seed);
    texts = sum_up (scores, say);
    assert_exact (decoder, scores, texts);
  }
}

/* ---- texts without a model ---- */

static void
say_letters (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint i = 0; i < n; i++)
    g_string_append_c (text, " ABK"[labels[i]]);
  add (texts, text->str, log_p);
}

/* Spaces fold into one between words. */
static gchar **
split_spaced (const gint *labels, gint n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint i = 0; i < n; i++)
    if (labels[i] != 1)
      g_string_append_c (text, " ab"[labels[i] - 1]);
    else if (text->len > 0 && text->str[text->len - 1] != ' ')
      g_string_append_c (text, ' ');
  g_strchomp (text->str);
  return g_strsplit (text->str, " ", -1);
}

static void
say_spaced (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_auto (GStrv) words = split_spaced (labels, n);
  g_autofree gchar *text = g_strjoinv (" ", words);

  add (texts, text, log_p);
}

static void
say_pieces (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint i = 0; i < n; i++)
    g_string_append (text, ((const gchar *[]) { "", " a", " b", "b" })[labels[i]]);
  add (texts, g_strchug (text->str), log_p);
}

static void
without_model (void)
{
  RnnCtcDecoderConfig config = wide_open ();

  config.word_score = 3;        /* makes up for what a model takes: without one it weighs nothing */
  check_all (sounds, &config, say_letters);
  check_all (spaced, &config, say_spaced);
  check_all (pieces, &config, say_pieces);
}

/* ---- with a model: "a", "ab", "b" known, other words not ---- */

static const gchar model[] =
    "\\data\\\nngram 1=6\nngram 2=3\n\\1-grams:\n-1.2 <unk>\n-99 <s> -0.4\n-0.9 </s>\n-0.5 a -0.2\n-0.8 ab -0.3\n"
    "-0.6 b\n\\2-grams:\n-0.1 <s> ab\n-0.2 ab b\n-0.3 a </s>\n\\end\\\n";

static gdouble
log10_of (const gchar *before, const gchar *word)
{
  static const struct { const gchar *a, *b; gdouble value; } table[] = {
    {"<s>", "ab", -0.1}, {"ab", "b", -0.2}, {"a", "</s>", -0.3},
    {NULL, "a", -0.5}, {NULL, "ab", -0.8}, {NULL, "b", -0.6}, {NULL, "</s>", -0.9}, {NULL, NULL, -1.2},
    {"<s>", NULL, -0.4}, {"a", NULL, -0.2}, {"ab", NULL, -0.3}
  };
  gdouble backoff = 0;

  for (guint i = 0; i < 3; i++)
    if (g_str_equal (table[i].a, before) && g_str_equal (table[i].b, word))
      return table[i].value;
  for (guint i = 8; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].a, before))
      backoff = table[i].value;
  for (guint i = 3; i < 7; i++)
    if (g_str_equal (table[i].b, word))
      return backoff + table[i].value;
  return backoff - 1.2;
}

#define WEIGHT 0.7
#define WORD_SCORE 0.3
#define UNKNOWN_SCORE -1.5

static gboolean
known (const gchar *word)
{
  return g_str_equal (word, "a") || g_str_equal (word, "ab") || g_str_equal (word, "b");
}

/* @all_known: the lexicon has words that the model lacks */
static gdouble
worth (gchar **words, gboolean all_known)
{
  const gchar *before = "<s>";
  gdouble sum = 0;

  for (; *words && **words; words++) {
    sum += WEIGHT * M_LN10 * log10_of (before, *words) + WORD_SCORE + (all_known || known (*words) ? 0 : UNKNOWN_SCORE);
    before = known (*words) ? *words : "<unk>";
  }
  return sum + WEIGHT * M_LN10 * log10_of (before, "</s>");
}

static void
say_with_model (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_auto (GStrv) words = split_spaced (labels, n);
  g_autofree gchar *text = g_strjoinv (" ", words);

  add (texts, text, log_p + worth (words, FALSE));
}

static void
say_known (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_auto (GStrv) words = split_spaced (labels, n);

  for (gchar **word = words; *word && **word; word++)
    if (!known (*word))
      return;
  say_with_model (texts, labels, n, log_p);
}

static RnnCtcDecoderConfig
with_model (void)
{
  RnnCtcDecoderConfig config = wide_open ();

  config.lm_file = write_file ("lm.arpa", model);
  config.lm_weight = WEIGHT;
  config.word_score = WORD_SCORE;
  config.unknown_score = UNKNOWN_SCORE;
  return config;
}

static void
words_and_model (void)
{
  RnnCtcDecoderConfig config = with_model ();

  check_all (spaced, &config, say_with_model);
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  check_all (spaced, &config, say_known);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- sounds: a word may end wherever the lexicon says ---- */

static const struct { const gchar *word, *sounds; } said[] = { {"a", "A"}, {"ab", "AB"}, {"b", "AB"}, {"b", "KA"},
  {"zz", "B"}, {"zz", "KB"} };    /* the last by the same sound from before it and from within it */

/* Every way to read the rest of the labels as words. */
static void
read_sounds (GHashTable *texts, const gchar *rest, const gchar *words, gdouble log_p)
{
  if (!*rest) {
    g_auto (GStrv) list = g_strsplit (words, " ", -1);

    add (texts, words, log_p + worth (list, TRUE));
  }
  for (guint i = 0; i < G_N_ELEMENTS (said); i++)
    if (*rest && g_str_has_prefix (rest, said[i].sounds)) {
      g_autofree gchar *more = g_strdup_printf ("%s%s%s", words, *words ? " " : "", said[i].word);

      read_sounds (texts, rest + strlen (said[i].sounds), more, log_p);
    }
}

static void
say_sounds (GHashTable *texts, const gint *labels, gint n, gdouble log_p)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint i = 0; i < n; i++)
    g_string_append_c (text, " ABK"[labels[i]]);
  read_sounds (texts, text->str, "", log_p);
}

static void
lexicon_of_sounds (void)
{
  RnnCtcDecoderConfig config = with_model ();

  config.lexicon = write_file ("lexicon", "# words\na A\nab A B\nb A B\nb(2) K A\nzz B\nzz(2) K B\n");
  config.unknown_score = -5;    /* "zz" is in the lexicon: only the model does not know it */
  check_all (sounds, &config, say_sounds);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* Who comes later waits for no file: the same tokens have all, other ones the models. */
static void
files_are_read_once (void)
{
  RnnCtcDecoderConfig config = with_model ();
  g_autoptr (RnnTokens) letters = rnn_tokens_new (spaced, 0, NULL), larger = rnn_tokens_new (pieces, 0, NULL);
  RnnBeamLanguage *first = rnn_beam_language_new (letters, config.lm_file, NULL, NULL);
  RnnBeamLanguage *same = rnn_beam_language_new (letters, config.lm_file, NULL, NULL);
  RnnBeamLanguage *other = rnn_beam_language_new (larger, config.lm_file, NULL, NULL);

  g_assert_nonnull (first);
  g_assert_true (first == same);
  g_assert_true (first != other && first->scorer == other->scorer && first->ngram == other->ngram);
  rnn_beam_language_unref (first);
  rnn_beam_language_unref (same);
  g_assert_nonnull (other->ngram);      /* lasts with the last one */
  rnn_beam_language_unref (other);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- a stream ---- */

/* Narrow as in use. */
static RnnCtcDecoderConfig
narrow (gboolean with_lm)
{
  RnnCtcDecoderConfig config = with_model ();

  config.beam_width = 8;
  config.beam_threshold = 12;
  config.token_threshold = -10;
  config.recombine = TRUE;
  if (!with_lm)
    g_clear_pointer (&config.lm_file, g_free);
  return config;
}

static void
say_random (RnnCtcDecoder *decoder, RnnRng *rng)
{
  gfloat scores[V];
  gint said_token = rnn_rng_uniform (rng) < 0.4 ? 0 : (gint) rnn_rng_below (rng, V);

  for (gint v = 0; v < V; v++)
    scores[v] = 1.5f * rnn_rng_normal (rng) + (v == said_token ? 3 : 0);
  rnn_ctc_decoder_step (decoder, scores);
}

/* Stable words keep their texts and times, whatever comes; nothing is allocated but where the queue grows.  @doubt: so doubtful ones are
 * settled at once; returns how many words were not stable, over all steps. */
static guint
stays (const gchar *const *names, const RnnCtcDecoderConfig *config, gdouble doubt)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (names, config);
  g_autoptr (GString) stable = g_string_new (NULL);
  guint before = 0, longest = 0, unstable = 0;
  guint64 first = 0;
  gint grown = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 0);
  for (gint t = 0; t < 3000; t++) {
    const RnnCtcWord *words;
    guint n, n_stable;
    gint allocated = -n_allocations;
    g_autoptr (GString) now = NULL;

    say_random (decoder, &rng);
    if (doubt > 0)
      rnn_ctc_decoder_settle (decoder, G_MAXUINT64, doubt);
    grown += t < 1000 ? 0 : n_allocations + allocated;
    words = rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
    g_assert_cmpuint (n_stable, >=, before);
    g_assert_cmpuint (n_stable, <=, n);
    now = g_string_new (NULL);
    for (guint i = 0; i < n; i++) {
      if (i == n_stable)
        break;
      g_string_append_printf (now, "%s[%d,%d) ", words[i].text, (gint) words[i].start, (gint) words[i].end);
      g_assert_cmpuint (words[i].start, <, words[i].end);
      g_assert_true (i == 0 || words[i].start >= words[i - 1].end);
      g_assert_true (words[i].confidence > 0 && words[i].confidence <= 1);
    }
    g_assert_true (g_str_has_prefix (now->str, stable->str));
    g_assert_cmpuint (rnn_ctc_decoder_get_first_step (decoder), <=, n > 0 ? words[0].start : (guint64) t + 1);
    g_assert_cmpuint (rnn_ctc_decoder_get_first_step (decoder), >=, first);
    g_assert_true (n == 0 || words[n - 1].end <= (guint64) t + 1);
    first = rnn_ctc_decoder_get_first_step (decoder);
    longest = MAX (longest, n - n_stable);
    unstable += n - n_stable;
    before = n_stable;
    g_string_assign (stable, now->str);
    if (n_stable > 20) {
      rnn_ctc_decoder_drop_words (decoder, n_stable);
      before = 0;
      g_string_truncate (stable, 0);
    }
  }
  g_assert_cmpuint (longest, <, 30);
  g_assert_cmpint (grown, <, 4);        /* a queue that doubles */
  return unstable;
}

/* The less doubt is asked about, the sooner words are stable. */
static void
stays_with_doubt (const gchar *const *names, const RnnCtcDecoderConfig *config)
{
  static const gdouble doubts[] = { 0, 0.01, 0.2, 1 };
  guint last = G_MAXUINT;

  for (guint i = 0; i < G_N_ELEMENTS (doubts); i++) {
    guint unstable = stays (names, config, doubts[i]);

    g_assert_cmpuint (unstable, <, last);
    last = unstable;
  }
}

static void
stable_words (void)
{
  RnnCtcDecoderConfig config = narrow (TRUE);

  stays_with_doubt (spaced, &config);
  stays_with_doubt (pieces, &config);
  config.lexicon = g_build_filename (folder, "lexicon", NULL);
  stays_with_doubt (sounds, &config);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* One step in which @token has probability 0.9, or 0.5 when @doubt (a token) has 0.45. */
static void
say (RnnCtcDecoder *decoder, gint token, gint doubt)
{
  gfloat scores[V];

  for (gint v = 0; v < V; v++)
    scores[v] = logf (v == token ? (doubt ? 0.5f : 0.9f) : v == doubt ? 0.45f : 0.03f);
  rnn_ctc_decoder_step (decoder, scores);
}

#define ASSERT_WORDS(decoder, expected) \
  G_STMT_START { \
    g_autofree gchar *_words = join_words (decoder, TRUE); \
    g_assert_cmpstr (_words, ==, expected); \
  } G_STMT_END

/* After a finish the search begins anew; a silence ends a word without a space. */
static void
ends (void)
{
  RnnCtcDecoderConfig config = narrow (FALSE);
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (spaced, &config);
  guint n;

  say (decoder, 2, 0);
  say (decoder, 0, 0);
  rnn_ctc_decoder_end_word (decoder);
  g_assert_false (rnn_ctc_decoder_in_word (decoder));
  say (decoder, 3, 0);
  ASSERT_WORDS (decoder, "a b");
  g_assert_true (rnn_ctc_decoder_in_word (decoder));
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "a b");
  g_assert_cmpstr (rnn_ctc_decoder_get_n_best (decoder, &n)->text, ==, "a b");
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "a b");
  say (decoder, 3, 0);
  ASSERT_WORDS (decoder, "a b b");
  rnn_ctc_decoder_finish (decoder);
  rnn_ctc_decoder_get_words (decoder, FALSE, NULL, &n);
  g_assert_cmpuint (n, ==, 3);
  rnn_ctc_decoder_drop_words (decoder, 3);
  rnn_ctc_decoder_reset (decoder);
  ASSERT_WORDS (decoder, "");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- hotwords ---- */

static void
say_spelled (RnnCtcDecoder *decoder, const gint *tokens, guint n, gint instead, gint doubt)
{
  for (guint i = 0; i < n; i++) {
    say (decoder, tokens[i], tokens[i] == instead ? doubt : 0);
    say (decoder, 0, 0);
  }
}

static void
hotwords (void)
{
  RnnCtcDecoderConfig config = narrow (FALSE);
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (spaced, &config);
  g_autoptr (GError) error = NULL;
  static const gint text[] = { 2, 3, 1, 2, 3 };

  say_spelled (decoder, text, 5, 3, 2);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "ab ab");
  rnn_ctc_decoder_reset (decoder);
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "aa:3", &error));
  say_spelled (decoder, text, 5, 3, 2);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "aa aa");
  rnn_ctc_decoder_reset (decoder);
  /* the beginning of a hotword that does not come earns nothing */
  g_assert_null (rnn_ctc_decoder_get_left_out (decoder));
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "aa aaa:3, # no word", &error));
  say_spelled (decoder, text, 5, 3, 2);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "ab ab");
  rnn_ctc_decoder_reset (decoder);
  /* in mid-word */
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, NULL, &error));
  say_spelled (decoder, text, 1, 3, 2);
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "aa:4", &error));
  say_spelled (decoder, text + 1, 4, 3, 2);
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "", &error));
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "aa ab");
  /* what no tokens spell is named, ten of them at most */
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "ab:2,zoo\xff\x01:3,ab zoo", &error));
  g_assert_cmpstr (rnn_ctc_decoder_get_left_out (decoder), ==, "\"zoo\357\277\275\\u{1}\", \"ab zoo\"");
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "z,z,z,z,z,z,z,z,z,z,zz,zz,ab", &error));
  g_assert_true (g_str_has_suffix (rnn_ctc_decoder_get_left_out (decoder), ", \"z\" and 2 more"));
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "ab", &error));
  g_assert_null (rnn_ctc_decoder_get_left_out (decoder));
  g_assert_false (rnn_ctc_decoder_set_hotwords (decoder, "aa:many", &error));
  g_assert_cmpstr (error->message, ==, "hotwords: \"many\" is no boost from 0 to 1000");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* It counts however it is said. */
static void
hotword_of_two_ways (void)
{
  static const gint ways[] = { 1, 3 };  /* A B, K B */
  RnnCtcDecoderConfig config = narrow (FALSE);

  config.lexicon = write_file ("ways", "b K B\nb(2) A B\na A B\na(2) K B\n");
  config.lm_file = write_file ("ways.arpa", "\\data\\\nngram 1=4\n\\1-grams:\n-1 <unk>\n-1 <s>\n-2 a\n-0.5 b\n\\end\\\n");
  for (guint i = 0; i < 4; i++) {
    g_autoptr (RnnCtcDecoder) decoder = new_decoder (sounds, &config);
    const gint spoken[] = { ways[i / 2], 2 };

    g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, i % 2 ? "a:3" : "", NULL));
    say_spelled (decoder, spoken, 2, 9, 1);
    rnn_ctc_decoder_finish (decoder);
    ASSERT_WORDS (decoder, i % 2 ? "a" : "b");
  }
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- changes under way ---- */

static void
changes (void)
{
  RnnCtcDecoderConfig config = narrow (FALSE);
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (spaced, &config);
  g_autoptr (GError) error = NULL;
  static const gint text[] = { 3, 1, 2, 3 };

  say_spelled (decoder, text, 3, -1, 0);
  config.lm_file = g_build_filename (folder, "lm.arpa", NULL);
  config.lm_weight = 0.1f;
  g_assert_true (rnn_ctc_decoder_configure (decoder, &config, &error));
  g_assert_no_error (error);
  ASSERT_WORDS (decoder, "b a");
  say_spelled (decoder, text + 3, 1, -1, 0);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "b ab");
  g_free (config.lm_file);
  config.lm_file = g_strdup ("/nonexistent/lm");
  g_assert_false (rnn_ctc_decoder_configure (decoder, &config, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  say_spelled (decoder, text, 1, -1, 0);
  ASSERT_WORDS (decoder, "b ab b");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* A lexicon with a sound that does not exist. */
static void
refused (void)
{
  RnnCtcDecoderConfig config = narrow (FALSE);
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (sounds, 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *message = NULL;

  config.lexicon = write_file ("lexicon", "a A\nx A X\n");
  g_assert_null (rnn_ctc_decoder_new (tokens, &config, &error));
  message = g_strdup_printf ("%s:2: there is no token \"X\"", config.lexicon);
  g_assert_cmpstr (error->message, ==, message);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("test-ctc-beam-XXXXXX", NULL);
  g_test_add_func ("/ctc/beam/without-model", without_model);
  g_test_add_func ("/ctc/beam/words-and-model", words_and_model);
  g_test_add_func ("/ctc/beam/lexicon-of-sounds", lexicon_of_sounds);
  g_test_add_func ("/ctc/beam/files-are-read-once", files_are_read_once);
  g_test_add_func ("/ctc/beam/stable-words", stable_words);
  g_test_add_func ("/ctc/beam/ends", ends);
  g_test_add_func ("/ctc/beam/hotwords", hotwords);
  g_test_add_func ("/ctc/beam/hotword-of-two-ways", hotword_of_two_ways);
  g_test_add_func ("/ctc/beam/changes", changes);
  g_test_add_func ("/ctc/beam/refused", refused);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
