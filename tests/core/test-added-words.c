/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hotwords that a lexicon of sounds lacks: how they are said by models/g2p, the small tree beside the large one, and the search in both. */
#include "base/error.h"
#include "base/rng.h"
#include "ctc/beam.h"
#include "ctc-decoders.h"
#include <math.h>
#include <string.h>

#define N_SYMBOLS 4             /* of random words */
#define N_WORDS 60

static const gchar *const phones[] = { "<blank>", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH",
  "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH", NULL
};

static gchar *g2p;

/* ---- two trees ---- */

static gchar *
random_line (RnnRng *rng, guint word)
{
  static const gchar *const names[N_SYMBOLS] = { "AA", "B", "K", "S" };
  GString *line = g_string_new (NULL);

  g_string_append_printf (line, "w%u", word);
  for (guint n = 1 + (guint) rnn_rng_below (rng, 5); n > 0; n--)
    g_string_append_printf (line, " %s", names[rnn_rng_below (rng, N_SYMBOLS)]);
  return g_string_free (line, FALSE);
}

static gint
token_of (const gchar *name)
{
  gint i = 0;

  while (!g_str_equal (phones[i], name))
    i++;
  return i;
}

static RnnLexicon *
parse_lexicon (GPtrArray *lines)
{
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (phones, 0, NULL);
  g_autofree gchar *text = NULL;
  RnnLexicon *lexicon;

  g_ptr_array_add (lines, NULL);
  text = g_strjoinv ("\n", (gchar **) lines->pdata);
  lexicon = rnn_lexicon_parse (text, strlen (text), tokens, "test", NULL, NULL);
  g_assert_nonnull (lexicon);
  return lexicon;
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* The words at a node by their texts, in order. (g_free) */
static gchar *
name_words (const RnnLexicon *lexicon, guint32 node)
{
  guint n;
  const guint32 *words = rnn_lexicon_get_words (lexicon, node, &n);
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  gchar *named;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (texts, (gpointer) rnn_lexicon_get_text (lexicon, words[i]));
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  named = g_strjoinv (" ", (gchar **) texts->pdata);
  return named;
}

/* Both have the same words and go on by the same tokens, at every node, and below. */
static void
assert_same (const RnnLexicon *one, guint32 a, const RnnLexicon *other, guint32 b, GHashTable *seen)
{
  g_autofree gchar *words = name_words (one, a), *others = name_words (other, b);

  g_assert_cmpstr (words, ==, others);
  g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (b + 1)));
  for (gint token = 1; token < (gint) G_N_ELEMENTS (phones) - 1; token++) {
    guint32 x = rnn_lexicon_step (one, a, token), y = rnn_lexicon_step (other, b, token);

    g_assert_true ((x == RNN_LEXICON_NONE) == (y == RNN_LEXICON_NONE));
    if (x != RNN_LEXICON_NONE)
      assert_same (one, x, other, y, seen);
  }
}

/* Some of the words are in the base, the others come by extension; homophones and several ways among them. */
static void
trees (void)
{
  for (guint64 seed = 1; seed <= 20; seed++) {
    g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free), some = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GArray) ways = g_array_new (FALSE, FALSE, sizeof (RnnLexiconWay));
    g_autoptr (RnnLexicon) whole = NULL, base = NULL, extended = NULL;
    g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
    RnnRng rng;

    rnn_rng_seed (&rng, seed, 0);
    for (guint i = 0; i < N_WORDS; i++) {
      guint word = i / 2;
      gchar *line = random_line (&rng, word);
      g_auto (GStrv) fields = g_strsplit (line, " ", -1);
      RnnLexiconWay way = { g_strdup (fields[0]), g_new (guint16, 8), 0 };

      g_ptr_array_add (all, line);
      if (word % 3) {
        g_ptr_array_add (some, g_strdup (line));
        g_free ((gchar *) way.text);
        g_free (way.tokens);
        continue;
      }
      for (; fields[way.n + 1]; way.n++)
        way.tokens[way.n] = (guint16) token_of (fields[way.n + 1]);
      g_array_append_val (ways, way);
    }
    whole = parse_lexicon (all);
    base = parse_lexicon (some);
    extended = rnn_lexicon_extend (base, (const RnnLexiconWay *) (gpointer) ways->data, ways->len);
    g_assert_cmpuint (extended->n_words, ==, whole->n_words);
    assert_same (whole, 0, extended, 0, seen);
    for (guint32 w = 0; w < extended->n_words; w++)
      g_assert_cmpuint (rnn_lexicon_find (extended, rnn_lexicon_get_text (extended, w)), ==, w);
    g_assert_cmpuint (rnn_lexicon_find (extended, "nothing"), ==, RNN_LEXICON_NONE);
    for (guint i = 0; i < ways->len; i++) {
      g_free ((gchar *) g_array_index (ways, RnnLexiconWay, i).text);
      g_free (g_array_index (ways, RnnLexiconWay, i).tokens);
    }
  }
}

/* ---- the search ---- */

static RnnCtcDecoderConfig
config_new (gboolean with_model)
{
  RnnCtcDecoderConfig config;

  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  config.lexicon = write_file ("lexicon", "the DH AH\nred R EH D\nread R EH D\nsun S AH N\n");
  if (with_model)
    config.lm_file = write_file ("lm.arpa", "\\data\\\nngram 1=7\n\\1-grams:\n-1 <unk>\n-1 <s>\n-1 </s>\n-1 the\n-1 red\n-1 read\n-1 sun\n\\end\\\n");
  config.g2p_model = g_strdup (g2p);
  return config;
}

/* Tokens parted by spaces, each for a step and then a blank. */
static void
say (RnnCtcDecoder *decoder, const gchar *said)
{
  g_auto (GStrv) names = g_strsplit (said, " ", -1);
  gfloat scores[G_N_ELEMENTS (phones) - 1];

  for (guint i = 0; names[i]; i++)
    for (guint k = 0; k < 2; k++) {
      for (guint v = 0; v < G_N_ELEMENTS (scores); v++)
        scores[v] = -9;
      scores[k ? 0 : token_of (names[i])] = 0;
      rnn_ctc_decoder_step (decoder, scores);
    }
}

static gchar *
say_word (const gchar *word)
{
  g_autoptr (RnnPronouncer) pronouncer = rnn_pronouncer_load (g2p, NULL);
  g_auto (GStrv) ways = rnn_pronouncer_say (pronouncer, word);

  g_assert_nonnull (ways[0]);
  return g_strdup (ways[0]);
}

#define ASSERT_WORDS(decoder, expected) G_STMT_START { \
    g_autofree gchar *words_ = join_words (decoder, FALSE); \
    g_assert_cmpstr (words_, ==, expected); } G_STMT_END

/* A made-up name is found with the model that says it, and only so; what that cannot say is named. */
static void
found (void)
{
  g_autofree gchar *name = say_word ("zorbulax");

  for (guint i = 0; i < 4; i++) {
    RnnCtcDecoderConfig config = config_new (i % 2);
    g_autoptr (RnnCtcDecoder) decoder = NULL;

    if (i / 2)
      g_clear_pointer (&config.g2p_model, g_free);
    config.hotwords = g_strdup ("Zorbulax:12,x1y,SUN");
    decoder = new_decoder (phones, &config);
    g_assert_cmpstr (rnn_ctc_decoder_get_left_out (decoder), ==, i / 2 ? "\"Zorbulax\", \"x1y\"" : "\"x1y\"");
    say (decoder, "DH AH R EH D");
    say (decoder, name);
    say (decoder, "S AH N");
    rnn_ctc_decoder_finish (decoder);
    g_autofree gchar *words = join_words (decoder, FALSE);
    g_assert_true (g_str_has_prefix (words, "the re"));
    g_assert_true ((strstr (words, " zorbulax sun") != NULL) == (i < 2));
    rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
  }
}

/* In the midst of a word, and back; the model's state goes on. */
static void
changes (void)
{
  g_autofree gchar *name = say_word ("zorbulax"), *begins = g_strndup (name, (gsize) (strrchr (name, ' ') - name));
  RnnCtcDecoderConfig config = config_new (TRUE);
  g_autoptr (RnnCtcDecoder) decoder = new_decoder (phones, &config);

  say (decoder, "DH AH S AH N");
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "zorbulax:12,kwyjibo", NULL));
  ASSERT_WORDS (decoder, "the sun");
  say (decoder, begins);
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, "kwyjibo,zorbulax:12,vexatron", NULL));
  say (decoder, strrchr (name, ' ') + 1);
  say (decoder, "S AH N");
  g_assert_true (rnn_ctc_decoder_set_hotwords (decoder, NULL, NULL));
  ASSERT_WORDS (decoder, "the sun zorbulax sun");
  say (decoder, "DH AH");
  rnn_ctc_decoder_finish (decoder);
  ASSERT_WORDS (decoder, "the sun zorbulax sun the");
  rnn_ctc_decoder_drop_words (decoder, 5);
  rnn_ctc_decoder_reset (decoder);
  say (decoder, name);
  rnn_ctc_decoder_finish (decoder);
  g_autofree gchar *words = join_words (decoder, FALSE);
  g_assert_null (strstr (words, "zorbulax"));
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* Without a boost and a model of words the search answers as by a lexicon that has them all, to the last reading. */
static void
as_by_one_lexicon (void)
{
  RnnCtcDecoderConfig config = config_new (FALSE), whole = config_new (FALSE);
  g_autoptr (RnnPronouncer) pronouncer = rnn_pronouncer_load (g2p, NULL);
  g_auto (GStrv) ways = rnn_pronouncer_say (pronouncer, "sunread");
  g_autoptr (GString) lexicon = g_string_new ("the DH AH\nred R EH D\nread R EH D\nsun S AH N\n");
  g_autoptr (RnnCtcDecoder) decoder = NULL, other = NULL;
  const RnnCtcReading *readings, *others;
  guint n, n_others;
  RnnRng rng;

  for (guint i = 0; ways[i]; i++)
    g_string_append_printf (lexicon, "sunread %s\n", ways[i]);
  g_free (whole.lexicon);
  whole.lexicon = write_file ("whole", lexicon->str);
  config.hotwords = g_strdup ("sunread:0");
  config.token_threshold = whole.token_threshold = -1000;
  config.recombine = whole.recombine = FALSE;
  decoder = new_decoder (phones, &config);
  other = new_decoder (phones, &whole);
  rnn_rng_seed (&rng, 5, 0);
  for (guint i = 0; i < 60; i++) {
    gfloat scores[G_N_ELEMENTS (phones) - 1];

    for (guint v = 0; v < G_N_ELEMENTS (scores); v++)
      scores[v] = 2 * rnn_rng_normal (&rng);
    rnn_ctc_decoder_step (decoder, scores);
    rnn_ctc_decoder_step (other, scores);
  }
  rnn_ctc_decoder_finish (decoder);
  rnn_ctc_decoder_finish (other);
  readings = rnn_ctc_decoder_get_n_best (decoder, &n);
  others = rnn_ctc_decoder_get_n_best (other, &n_others);
  g_assert_cmpuint (n, ==, n_others);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpstr (readings[i].text, ==, others[i].text);
    g_assert_cmpfloat_with_epsilon (readings[i].score, others[i].score, 1e-9);
  }
  g_assert_nonnull (strstr (readings[0].text, "sunread"));
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &whole);
}

/* A model that is none is an error where a word needs it. */
static void
refused (void)
{
  RnnCtcDecoderConfig config = config_new (FALSE);
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  g_autoptr (GError) error = NULL;

  g_free (config.g2p_model);
  config.g2p_model = g_strdup (config.lexicon);
  config.hotwords = g_strdup ("sun");
  decoder = new_decoder (phones, &config);
  g_assert_false (rnn_ctc_decoder_set_hotwords (decoder, "zorbulax", &error));
  g_assert_nonnull (strstr (error->message, config.lexicon));
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("test-added-words-XXXXXX", NULL);
  g2p = g_test_build_filename (G_TEST_DIST, "..", "models", "g2p.safetensors", NULL);
  g_test_add_func ("/added-words/trees", trees);
  g_test_add_func ("/added-words/found", found);
  g_test_add_func ("/added-words/changes", changes);
  g_test_add_func ("/added-words/as-by-one-lexicon", as_by_one_lexicon);
  g_test_add_func ("/added-words/refused", refused);
  result = g_test_run ();
  remove_folder (folder);
  g_free (g2p);
  return result;
}
