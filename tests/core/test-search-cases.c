/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others hold their searches to, read in place from ../shared: CTCWordBeamSearch (a dictionary, matrices of
 * handwriting) and flashlight (scores of KenLM for a model of 200,000 words).  flashlight's search itself is one of ASG,
 * with transitions between letters and no blank: not here. */
#include "ctc/ctc.h"
#include "lm/ngram.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static gchar *
path_of (const gchar *folder, const gchar *file)
{
  return g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", "tests", folder, file, NULL);
}

/* NULL, and the test is skipped: there is no ../shared */
static gchar *
read_text (const gchar *folder, const gchar *file)
{
  g_autofree gchar *path = path_of (folder, file);
  gchar *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_test_skip ("no ../shared with the cases of others");
  return text;
}

/* ---- CTCWordBeamSearch ---- */

typedef struct {
  const gchar *folder, *matrix, *text;
  gboolean probable;            /* the matrix holds probabilities */
} WordCase;

/* What its own tests assert, with a dictionary alone; none of them is of the folder iam, whose sample wants bigrams. */
static const WordCase word_cases[] = {
  {"word-beam-search/test", "mat_0.csv", "ba", TRUE},
  {"word-beam-search/bentham", "mat_0.csv", "brain.", FALSE},
  {"word-beam-search/bentham", "mat_1.csv", "supposed", FALSE},
  {"word-beam-search/bentham", "mat_2.csv", "submitt both mental and corporeal, is far beyond any idea", FALSE},
};

/* Every character, and the blank behind them. */
static RnnTokens *
make_tokens (const gchar *characters)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  RnnTokens *tokens;

  for (const gchar *c = characters; *c; c = g_utf8_next_char (c))
    g_ptr_array_add (names, g_strndup (c, g_utf8_next_char (c) - c));
  g_ptr_array_add (names, g_strdup ("<blank>"));
  g_ptr_array_add (names, NULL);
  tokens = rnn_tokens_new ((const gchar *const *) names->pdata, (gint) names->len - 2, &error);
  g_assert_no_error (error);
  return tokens;
}

static gboolean
is_among (const gchar *characters, const gchar *c)
{
  return g_utf8_strchr (characters, -1, g_utf8_get_char (c)) != NULL;
}

/* The corpus's words, each also with the marks that may follow it: there, what is no letter stands between words freely. */
static gchar *
write_lexicon (const gchar *corpus, const gchar *letters)
{
  GString *text = g_string_new (NULL);
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("search-XXXXXX", &path, NULL);

  for (const gchar *c = corpus; *c;) {
    const gchar *first = c;

    while (*c && is_among (letters, c))
      c = g_utf8_next_char (c);
    for (const gchar *mark = c > first ? " ,.;:" : ""; *mark; mark++)
      g_string_append_printf (text, "%.*s%.1s\n", (int) (c - first), first, *mark == ' ' ? "" : mark);
    c = *c ? g_utf8_next_char (c) : c;
  }
  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
  g_close (fd, NULL);
  g_string_free (text, TRUE);
  return path;
}

static void
feed (RnnCtcDecoder *decoder, const gchar *matrix, gboolean probable, gint V)
{
  g_auto (GStrv) lines = g_strsplit (matrix, "\n", -1);
  g_autofree gfloat *scores = g_new (gfloat, V);

  for (gchar **line = lines; *line && **line; line++) {
    gchar *at = *line;

    for (gint v = 0; v < V; v++, at += *at == ';') {
      gdouble value = g_ascii_strtod (at, &at);

      scores[v] = (gfloat) (probable ? log (MAX (value, 1e-30)) : value);
    }
    rnn_ctc_decoder_step (decoder, scores);
  }
  rnn_ctc_decoder_finish (decoder);
}

static void
test_words (gconstpointer data)
{
  const WordCase *c = data;
  g_autofree gchar *matrix = read_text (c->folder, c->matrix), *characters = NULL, *corpus = NULL, *letters = NULL;
  g_autoptr (RnnTokens) tokens = NULL;
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  g_autoptr (GError) error = NULL;
  RnnCtcDecoderConfig config;
  guint n;

  if (!matrix)
    return;
  characters = read_text (c->folder, "chars.txt");
  corpus = read_text (c->folder, "corpus.txt");
  letters = read_text (c->folder, "wordChars.txt");
  tokens = make_tokens (characters);
  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  config.beam_width = 25;
  config.beam_threshold = 1000;
  config.token_threshold = -1000;
  config.word_score = 0;
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  config.lexicon = write_lexicon (corpus, letters);
  decoder = rnn_ctc_decoder_new (tokens, &config, &error);
  g_assert_no_error (error);
  feed (decoder, matrix, c->probable, rnn_tokens_get_n (tokens));
  g_assert_cmpstr (rnn_ctc_decoder_get_n_best (decoder, &n)->text, ==, c->text);
  g_unlink (config.lexicon);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* ---- flashlight ---- */

static gchar *
unpack (const gchar *file, gsize *n)
{
  g_autofree gchar *path = path_of ("flashlight", file), *command = g_strdup_printf ("gzip -dc '%s'", path);
  gchar *text = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_skip ("no ../shared with flashlight's cases");
    return NULL;
  }
  g_assert_true (g_spawn_command_line_sync (command, &text, NULL, NULL, NULL));
  *n = strlen (text);
  return text;
}

static RnnScorer *
load_model (void)
{
  gsize n;
  gchar *text = unpack ("lm.arpa.gz", &n);
  g_autoptr (GBytes) bytes = text ? g_bytes_new_take (text, n) : NULL;
  g_autoptr (GError) error = NULL;
  RnnScorer *scorer = bytes ? rnn_ngram_parse (bytes, "lm.arpa", &error) : NULL;

  g_assert_no_error (error);
  return scorer;
}

static gdouble
log10_after (RnnScorer *scorer, const guint8 *state, const gchar *word, guint8 *next)
{
  return rnn_scorer_score (scorer, state, rnn_scorer_find (scorer, word), next) / M_LN10;
}

static void
test_sentence (void)
{
  static const gchar *const words[] = { "the", "cat", "sat", "on", "the", "mat" };
  static const gdouble expected[] = { -1.05971, -4.19448, -3.33383, -2.76726, -1.16237, -4.64589 };
  g_autoptr (RnnScorer) scorer = load_model ();
  guint8 states[2][64];
  gdouble sum = 0;

  if (!scorer)
    return;
  g_assert_cmpuint (scorer->state_size, <=, sizeof states[0]);
  rnn_scorer_start (scorer, states[0]);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    gdouble score = log10_after (scorer, states[i % 2], words[i], states[1 - i % 2]);

    g_assert_cmpfloat_with_epsilon (score, expected[i], 1e-5);
    sum += score;
  }
  g_assert_cmpfloat_with_epsilon (sum + rnn_scorer_end (scorer, states[0]) / M_LN10, -19.5123, 1e-4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (word_cases); i++) {
    g_autofree gchar *name = g_strconcat ("/", word_cases[i].folder, "/", word_cases[i].matrix, NULL);

    g_test_add_data_func (name, &word_cases[i], test_words);
  }
  g_test_add_func ("/flashlight/sentence", test_sentence);
  return g_test_run ();
}
