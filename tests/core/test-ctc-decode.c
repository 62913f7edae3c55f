/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Greedy decoding against its definition, words and their times for every kind of token table, and reuse of memory. */
#include "base/error.h"
#include "base/rng.h"
#include "ctc/ctc.h"
#include "kernels/kernels.h"
#include "count-alloc.h"
#include <math.h>
#include <string.h>

static const gchar *const letters[] = { "<blank>", " ", "a", "b", "c", NULL };

static RnnCtcDecoder *
new_decoder (const gchar *const *names, gint blank)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, blank, &error);
  RnnCtcDecoder *decoder;

  g_assert_no_error (error);
  decoder = rnn_ctc_decoder_new (tokens, &(RnnCtcDecoderConfig) { 0 }, &error);
  g_assert_no_error (error);
  return decoder;
}

/* One step in which @token has probability @p and the other V - 1 share the rest. */
static void
say (RnnCtcDecoder *decoder, gint V, gint token, gfloat p)
{
  gfloat scores[32];

  for (gint v = 0; v < V; v++)
    scores[v] = logf (v == token ? p : (1 - p) / (gfloat) (V - 1));
  rnn_ctc_decoder_step (decoder, scores);
}

static void
say_all (RnnCtcDecoder *decoder, gint V, const gint *tokens, gint n)
{
  for (gint i = 0; i < n; i++)
    say (decoder, V, tokens[i], 0.9f);
}

/* "text[start,end) ..." of all complete words, or with @partial of all. */
static gchar *
describe (RnnCtcDecoder *decoder, gboolean partial)
{
  guint n;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (decoder, partial, &n, NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s[%d,%d)", i > 0 ? " " : "", words[i].text, (gint) words[i].start,
        (gint) words[i].end);
  return g_string_free (text, FALSE);
}

#define ASSERT_WORDS(decoder, partial, expected) \
  G_STMT_START { \
    g_autofree gchar *_words = describe (decoder, partial); \
    g_assert_cmpstr (_words, ==, expected); \
  } G_STMT_END

#define SAY(decoder, V, ...) \
  say_all (decoder, V, (gint[]) { __VA_ARGS__ }, (gint) (sizeof ((gint[]) { __VA_ARGS__ }) / sizeof (gint)))

/* ---- against the definition ---- */

/* Best tokens of scores[T][V], repeats merged, blanks removed, as text with single spaces. */
static gchar *
by_definition (const gfloat *scores, gint T, gint V)
{
  GString *text = g_string_new (NULL);
  gint last = 0;

  for (gint t = 0; t < T; t++) {
    gint best = 0;

    for (gint v = 1; v < V; v++)
      if (scores[t * V + v] > scores[t * V + best])
        best = v;
    if (best != 0 && best != last && !(best == 1 && (text->len == 0 || text->str[text->len - 1] == ' ')))
      g_string_append (text, letters[best]);
    last = best;
  }
  g_strchomp (text->str);
  return g_string_free (text, FALSE);
}

static gchar *
words_text (RnnCtcDecoder *decoder)
{
  guint n, n_stable;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (decoder, FALSE, &n, &n_stable);
  GString *text = g_string_new (NULL);

  g_assert_cmpuint (n_stable, ==, n);
  for (guint i = 0; i < n; i++) {
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", words[i].text);
    g_assert_cmpuint (words[i].start, <, words[i].end);
    if (i > 0)
      g_assert_cmpuint (words[i].start, >=, words[i - 1].end);
    g_assert_true (words[i].confidence > 0 && words[i].confidence <= 1);
  }
  return g_string_free (text, FALSE);
}

static void
test_definition (void)
{
  enum { V = 5, MAX_T = 60 };
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);
  gfloat scores[MAX_T * V];
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (gint n = 0; n < 500; n++) {
    gint T = (gint) rnn_rng_below (&rng, MAX_T + 1);
    g_autofree gchar *expected = NULL, *got = NULL;

    for (gint i = 0; i < T * V; i++)
      scores[i] = rnn_rng_normal (&rng);
    rnn_ctc_decoder_reset (decoder);
    for (gint t = 0; t < T; t++)
      rnn_ctc_decoder_step (decoder, scores + t * V);
    rnn_ctc_decoder_finish (decoder);
    expected = by_definition (scores, T, V);
    got = words_text (decoder);
    g_assert_cmpstr (got, ==, expected);
  }
}

/* ---- times and confidence ---- */

static void
test_times (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);

  SAY (decoder, 5, 0, 0, 2, 2, 0, 3, 3, 3, 0, 0);
  ASSERT_WORDS (decoder, FALSE, "");
  ASSERT_WORDS (decoder, TRUE, "ab[2,8)");
  g_assert_true (rnn_ctc_decoder_in_word (decoder));
  SAY (decoder, 5, 1);
  g_assert_false (rnn_ctc_decoder_in_word (decoder));
  ASSERT_WORDS (decoder, FALSE, "ab[2,8)");
  SAY (decoder, 5, 1, 0, 1, 4, 0, 4);   /* repeated separators part nothing; a blank parts equal letters */
  ASSERT_WORDS (decoder, TRUE, "ab[2,8) cc[14,17)");
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, FALSE, "ab[2,8) cc[14,17)");
  rnn_ctc_decoder_reset (decoder);
  ASSERT_WORDS (decoder, TRUE, "");
  SAY (decoder, 5, 4);
  ASSERT_WORDS (decoder, TRUE, "c[0,1)");
}

/* After finish the same token is a new one, and steps count on. */
static void
test_finish_parts (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);

  SAY (decoder, 5, 2);
  rnn_ctc_decoder_finish (decoder);
  rnn_ctc_decoder_finish (decoder);
  SAY (decoder, 5, 2, 3);
  ASSERT_WORDS (decoder, TRUE, "a[0,1) ab[1,3)");
}

static void
test_confidence (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);
  guint n;

  g_assert_cmpfloat (rnn_ctc_decoder_get_blank_probability (decoder), ==, 1);
  say (decoder, 5, 2, 0.5f);
  say (decoder, 5, 2, 0.8f);    /* a repeat counts */
  say (decoder, 5, 0, 0.99f);   /* a blank does not */
  g_assert_cmpfloat_with_epsilon (rnn_ctc_decoder_get_blank_probability (decoder), 0.99f, 1e-5);
  say (decoder, 5, 3, 0.9f);
  say (decoder, 5, 1, 0.7f);    /* nor does the separator */
  say (decoder, 5, 4, 0.6f);
  g_assert_cmpfloat_with_epsilon (rnn_ctc_decoder_get_words (decoder, TRUE, &n, NULL)[0].confidence,
      cbrt (0.5 * 0.8 * 0.9), 1e-5);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpfloat_with_epsilon (rnn_ctc_decoder_get_words (decoder, TRUE, &n, NULL)[1].confidence, 0.6, 1e-5);
}

/* ---- token tables ---- */

static void
test_word_initial_marks (void)
{
  static const gchar *const names[] = { "\342\226\201the", "\342\226\201", "r", "e", "\342\226\201c", "at", "_", NULL };
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (names, 6);

  SAY (decoder, 7, 6, 0, 0, 2, 3, 4, 4, 5, 6, 0);
  ASSERT_WORDS (decoder, TRUE, "there[1,5) cat[5,8) the[9,10)");
  ASSERT_WORDS (decoder, FALSE, "there[1,5) cat[5,8)");
  SAY (decoder, 7, 6, 0, 1, 5);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, FALSE, "there[1,5) cat[5,8) the[9,10) the[11,12) at[13,14)");
}

static void
test_spaces_in_tokens (void)
{
  static const gchar *const names[] = { "a ", "b c", "d", "", NULL };
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (names, 3);

  SAY (decoder, 4, 2, 0, 0, 1, 2);
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, FALSE, "da[0,2) b[3,4) cd[3,5)");
}

static void
test_no_separator (void)
{
  static const gchar *const names[] = { "N", "AAA", "CCC", NULL };
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (names, 0);

  SAY (decoder, 3, 0, 1, 0, 1, 2, 2, 0);
  ASSERT_WORDS (decoder, FALSE, "");
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, FALSE, "AAAAAACCC[1,6)");
}

/* A silence parts words that no space does, and says nothing where there are no words. */
static void
test_end_word (void)
{
  const gchar *const characters[] = { "", "A", "B", NULL };
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);
  g_autoptr (RnnCtcDecoder) wordless = new_decoder (characters, 0);

  SAY (decoder, 5, 2, 3, 0);
  rnn_ctc_decoder_end_word (decoder);
  g_assert_false (rnn_ctc_decoder_in_word (decoder));
  ASSERT_WORDS (decoder, FALSE, "ab[0,2)");
  rnn_ctc_decoder_end_word (decoder);
  SAY (decoder, 5, 0, 4, 1);
  ASSERT_WORDS (decoder, FALSE, "ab[0,2) c[4,5)");
  SAY (wordless, 3, 1, 0);
  rnn_ctc_decoder_end_word (wordless);
  SAY (wordless, 3, 2);
  ASSERT_WORDS (wordless, TRUE, "AB[0,3)");
}

/* Greedy knows one reading, and no hotwords; who names some from the beginning gets a search. */
static void
test_no_search (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0), searching = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (letters, 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnCtcDecoderConfig config;
  guint n;

  SAY (decoder, 5, 2);
  rnn_ctc_decoder_finish (decoder);
  rnn_ctc_decoder_get_n_best (decoder, &n);
  g_assert_cmpuint (n, ==, 0);
  rnn_ctc_decoder_reset (decoder);
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "", &error));
  g_assert_no_error (error);
  g_assert_false (rnn_ctc_decoder_set_hotwords (decoder, "abc:2", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED);
  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  config.hotwords = g_strdup ("abc:2");
  searching = rnn_ctc_decoder_new (tokens, &config, NULL);
  g_assert_true (rnn_ctc_decoder_set_hotwords (searching, "abc:3", NULL));
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

static void
test_options (void)
{
  const RnnOption *rows = rnn_ctc_decoder_get_options ();
  g_autoptr (GError) error = NULL;
  RnnCtcDecoderConfig config;

  rnn_options_init (rows, &config);
  g_assert_cmpint (config.decoder, ==, 0);
  g_assert_true (rnn_options_set (rows, &config, "decoder", "greedy", "here", &error));
  g_assert_no_error (error);
  g_assert_false (rnn_options_set (rows, &config, "decoder", "guess", "here", &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
  rnn_options_clear (rows, &config);
}

/* ---- the queue ---- */

static void
test_drop (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);

  SAY (decoder, 5, 2, 1, 3, 1, 4, 1, 2, 3);
  rnn_ctc_decoder_drop_words (decoder, 1);
  ASSERT_WORDS (decoder, TRUE, "b[2,3) c[4,5) ab[6,8)");
  rnn_ctc_decoder_drop_words (decoder, 99);     /* never the word under way */
  ASSERT_WORDS (decoder, TRUE, "ab[6,8)");
  SAY (decoder, 5, 4, 1);
  ASSERT_WORDS (decoder, FALSE, "abc[6,9)");
}

/* Many words that nobody fetches are kept. */
static void
test_many_words (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);
  guint n;

  for (gint i = 0; i < 1000; i++)
    SAY (decoder, 5, 2 + i % 3, 1);
  g_assert_cmpstr (rnn_ctc_decoder_get_words (decoder, FALSE, &n, NULL)[998].text, ==, letters[2 + 998 % 3]);
  g_assert_cmpuint (n, ==, 1000);
}

static void
test_no_allocation (void)
{
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (letters, 0);
  gint before;
  guint n;

  rnn_kernels ();
  before = n_allocations;
  for (gint i = 0; i < 20000; i++) {
    say (decoder, 5, i % 11 == 0 ? 1 : 2 + i % 3, 0.9f);
    rnn_ctc_decoder_get_words (decoder, TRUE, &n, NULL);
    if (i % 50 == 0)
      rnn_ctc_decoder_drop_words (decoder, n);
    if (i % 700 == 0) {
      rnn_ctc_decoder_finish (decoder);
      rnn_ctc_decoder_reset (decoder);
    }
  }
  g_assert_cmpint (n_allocations, ==, before);
}

static void
test_unknown_decoder (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (letters, 0, NULL);

  g_assert_null (rnn_ctc_decoder_new (tokens, &(RnnCtcDecoderConfig) {.decoder = 99 }, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctc/greedy/definition", test_definition);
  g_test_add_func ("/ctc/greedy/times", test_times);
  g_test_add_func ("/ctc/greedy/finish-parts", test_finish_parts);
  g_test_add_func ("/ctc/greedy/confidence", test_confidence);
  g_test_add_func ("/ctc/greedy/word-initial-marks", test_word_initial_marks);
  g_test_add_func ("/ctc/greedy/spaces-in-tokens", test_spaces_in_tokens);
  g_test_add_func ("/ctc/greedy/no-separator", test_no_separator);
  g_test_add_func ("/ctc/greedy/end-word", test_end_word);
  g_test_add_func ("/ctc/greedy/no-search", test_no_search);
  g_test_add_func ("/ctc/decoder/options", test_options);
  g_test_add_func ("/ctc/greedy/drop", test_drop);
  g_test_add_func ("/ctc/greedy/many-words", test_many_words);
  g_test_add_func ("/ctc/greedy/no-allocation", test_no_allocation);
  g_test_add_func ("/ctc/decoder/unknown", test_unknown_decoder);
  return g_test_run ();
}
