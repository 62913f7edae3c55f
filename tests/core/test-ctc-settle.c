/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers of a beam search see before all hypotheses agree: words that are settled, and words of sounds under way. */
#include "ctc/decoder.h"
#include "ctc-decoders.h"
#include <math.h>

static const gchar *const spaced[] = { "<blank>", " ", "a", "b", NULL };
static const gchar *const sounds[] = { "<blank>", "A", "B", "K", NULL };

static RnnCtcDecoderConfig
few (void)
{
  RnnCtcDecoderConfig config;

  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  config.decoder = 1;
  config.beam_width = 8;
  config.recombine = FALSE;
  return config;
}

/* "a" with 0.6, "b" with 0.4, and the word is over: a third of doubt is too little, a half enough, and then "b" is given up. */
static void
doubtful_word (void)
{
  const gfloat letters[] = { -INFINITY, -INFINITY, logf (0.6f), logf (0.4f) }, space[] = { -INFINITY, 0, -INFINITY, -INFINITY };
  RnnCtcDecoderConfig config = few ();
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  guint n, n_stable;

  decoder = new_decoder (spaced, &config);
  rnn_ctc_decoder_step (decoder, letters);
  rnn_ctc_decoder_settle (decoder, decoder->now, 1);       /* it is under way */
  rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  g_assert_cmpuint (n_stable, ==, 0);
  rnn_ctc_decoder_step (decoder, space);
  rnn_ctc_decoder_settle (decoder, decoder->now, 0.33);
  rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  g_assert_cmpuint (n_stable, ==, 0);
  rnn_ctc_decoder_settle (decoder, decoder->now, 0.5);
  rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  g_assert_cmpuint (n_stable, ==, 1);
  rnn_ctc_decoder_step (decoder, letters);
  rnn_ctc_decoder_finish (decoder);
  rnn_ctc_decoder_get_n_best (decoder, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (rnn_ctc_decoder_get_n_best (decoder, &n)[1].text, ==, "a b");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* A last word that is over becomes final while some readings have gone on to the next: their word stays, and may be right. */
static void
next_word_under_way (void)
{
  const gfloat a[] = { -INFINITY, -INFINITY, 0, -INFINITY }, b[] = { -INFINITY, -INFINITY, -INFINITY, 0 };
  const gfloat space[] = { -INFINITY, 0, -INFINITY, -INFINITY }, blank[] = { 0, -INFINITY, -INFINITY, -INFINITY };
  const gfloat perhaps_b[] = { logf (0.6f), -INFINITY, -INFINITY, logf (0.4f) };
  RnnCtcDecoderConfig config = few ();
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  g_autofree gchar *settled = NULL, *all = NULL;
  const RnnCtcWord *words;
  guint n, n_stable;

  config.lexicon = write_file ("next-word", "a\nbb\n");
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  decoder = new_decoder (spaced, &config);
  rnn_ctc_decoder_step (decoder, a);
  rnn_ctc_decoder_step (decoder, space);
  rnn_ctc_decoder_step (decoder, perhaps_b);
  rnn_ctc_decoder_settle (decoder, decoder->now, 0.1);
  settled = join_words (decoder, TRUE);
  rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  g_assert_cmpstr (settled, ==, "a");
  g_assert_cmpuint (n_stable, ==, 1);
  rnn_ctc_decoder_step (decoder, blank);
  rnn_ctc_decoder_step (decoder, b);            /* "b" alone is no word */
  rnn_ctc_decoder_finish (decoder);
  all = join_words (decoder, FALSE);
  words = rnn_ctc_decoder_get_words (decoder, FALSE, &n, &n_stable);
  g_assert_cmpstr (all, ==, "a bb");
  g_assert_cmpuint (n_stable, ==, 2);
  g_assert_cmpuint (words[1].start, ==, 2);
  g_assert_cmpuint (words[1].end, ==, 5);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* Sounds under way are shown as the word that they say so far. */
static void
word_of_sounds_under_way (void)
{
  const gfloat a[] = { -INFINITY, 0, -INFINITY, -INFINITY }, b[] = { -INFINITY, -INFINITY, 0, -INFINITY };
  RnnCtcDecoderConfig config = few ();
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  g_autofree gchar *first = NULL, *complete = NULL, *second = NULL;

  config.lexicon = write_file ("under-way", "a A\nab A B\nabak A B A K\n");
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  config.lm_file = write_file ("under-way.arpa", "\\data\\\nngram 1=5\n\\1-grams:\n-1 <unk>\n-1 <s>\n-1 a\n-1 ab\n-1 abak\n\\end\\\n");
  config.word_score = -5;       /* so that no word seems over */
  decoder = new_decoder (sounds, &config);
  rnn_ctc_decoder_step (decoder, a);
  first = join_words (decoder, TRUE);
  complete = join_words (decoder, FALSE);
  g_assert_true (rnn_ctc_decoder_in_word (decoder));
  rnn_ctc_decoder_step (decoder, b);
  second = join_words (decoder, TRUE);
  g_assert_cmpstr (first, ==, "a");
  g_assert_cmpstr (complete, ==, "");
  g_assert_cmpstr (second, ==, "ab");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* (g_free) */
static gchar *
join_stable (RnnCtcDecoder *decoder)
{
  GString *text = g_string_new (NULL);
  guint n, n_stable;
  const RnnCtcWord *words = rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);

  for (guint i = 0; i < n_stable; i++)
    g_string_append_printf (text, "%s%s", i ? " " : "", words[i].text);
  return g_string_free (text, FALSE);
}

/* A new decoder goes on where @decoder is, which is freed. */
static RnnCtcDecoder *
move (RnnCtcDecoder *decoder, const gchar *const *names, const RnnCtcDecoderConfig *config)
{
  RnnCtcDecoder *other = new_decoder (names, config);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  RnnKeep out = {.to = bytes }, in = { NULL };

  rnn_ctc_decoder_keep (decoder, &out);
  in.from = bytes->data;
  in.left = bytes->len;
  rnn_ctc_decoder_keep (other, &in);
  g_assert_false (in.failed);
  rnn_ctc_decoder_free (decoder);
  return other;
}

static void
assert_says (RnnCtcDecoder *decoder, const gchar *expected)
{
  g_autofree gchar *text = join_words (decoder, TRUE);

  g_assert_cmpstr (text, ==, expected);
}

/* "a" is told at once, before the word after it says that it was "b": that stays, but the next word is what it would have been, in another
 * process, too. */
static void
told_early (void)
{
  const gfloat letters[] = { -INFINITY, -INFINITY, logf (0.6f), logf (0.4f) }, either[] = { -INFINITY, -INFINITY, logf (0.5f), logf (0.5f) };
  const gfloat space[] = { -INFINITY, 0, -INFINITY, -INFINITY };
  RnnCtcDecoderConfig config = few ();
  guint n;

  config.lm_file = write_file ("early.arpa", "\\data\\\nngram 1=4\nngram 2=2\n\\1-grams:\n-1 <unk>\n-1 <s>\n-0.3 a -1\n-0.3 b -1\n"
      "\\2-grams:\n-1 a a\n-0.05 b b\n\\end\\\n");
  config.lm_weight = 1;
  for (guint round = 0; round < 3; round++) {
    g_autoptr (RnnCtcDecoder) decoder = new_decoder (spaced, &config);
    gboolean told = round > 0, moved = round > 1;

    rnn_ctc_decoder_step (decoder, letters);
    rnn_ctc_decoder_step (decoder, space);
    assert_says (decoder, "a");
    if (told)
      rnn_ctc_decoder_settle (decoder, decoder->now, 1);
    if (moved) {
      rnn_ctc_decoder_drop_words (decoder, 1);
      decoder = move (decoder, spaced, &config);
    }
    rnn_ctc_decoder_step (decoder, either);
    rnn_ctc_decoder_step (decoder, space);
    assert_says (decoder, moved ? "b" : told ? "a b" : "b b");
    rnn_ctc_decoder_finish (decoder);
    assert_says (decoder, moved ? "b" : told ? "a b" : "b b");
    g_assert_cmpstr (rnn_ctc_decoder_get_n_best (decoder, &n)[0].text, ==, told ? "a b" : "b b");
  }
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* "a" was told and is "ab": that begins in a time of which was told, and the word after it comes as it is. */
static void
told_half_a_word (void)
{
  const gfloat a[] = { -INFINITY, 0, -INFINITY, -INFINITY }, b[] = { -INFINITY, -INFINITY, 0, -INFINITY };
  const gfloat k[] = { -INFINITY, -INFINITY, -INFINITY, 0 };
  RnnCtcDecoderConfig config = few ();
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  guint n, n_stable;

  config.lexicon = write_file ("half", "a A\nab A B\nk K\n");
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  config.lm_file = write_file ("half.arpa", "\\data\\\nngram 1=5\n\\1-grams:\n-1 <unk>\n-1 <s>\n-0.5 a\n-0.6 ab\n-0.5 k\n\\end\\\n");
  decoder = new_decoder (sounds, &config);
  rnn_ctc_decoder_step (decoder, a);
  rnn_ctc_decoder_settle (decoder, decoder->now, 1);
  rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  g_assert_cmpuint (n_stable, ==, 1);
  rnn_ctc_decoder_step (decoder, b);
  assert_says (decoder, "a");
  rnn_ctc_decoder_step (decoder, k);
  rnn_ctc_decoder_finish (decoder);
  assert_says (decoder, "a k");
  g_assert_cmpstr (rnn_ctc_decoder_get_n_best (decoder, &n)[0].text, ==, "a k");
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

/* "a" after "k" is due, though "abak" would be more probable if nothing had been said before: it is no word that follows "k".  Where there is
 * another long one that does, nothing is due. */
static void
long_word_looks_better (void)
{
  static const gchar *const models[] = { "-3 k abak\n", "-0.1 k abak\n" }, *const told[] = { "k a", "k" };
  const gfloat a[] = { -INFINITY, 0, -INFINITY, -INFINITY }, k[] = { -INFINITY, -INFINITY, -INFINITY, 0 };
  RnnCtcDecoderConfig config = few ();

  config.lexicon = write_file ("long", "a A\nabak A B A K\nk K\n");
  config.unknown_score = RNN_CTC_NO_UNKNOWN;
  config.lm_weight = 1;
  config.word_score = 0;
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree gchar *name = g_strdup_printf ("long-%u.arpa", i), *text = g_strconcat ("\\data\\\nngram 1=5\nngram 2=2\n\\1-grams:\n-1 <unk>\n"
        "-1 <s>\n-1.5 a\n-0.2 abak\n-1 k -0.1\n\\2-grams:\n-0.5 k a\n", models[i], "\\end\\\n", NULL), *settled = NULL;
    g_autoptr (RnnCtcDecoder) decoder = NULL;

    g_free (config.lm_file);
    config.lm_file = write_file (name, text);
    decoder = new_decoder (sounds, &config);
    rnn_ctc_decoder_step (decoder, k);
    rnn_ctc_decoder_step (decoder, a);
    rnn_ctc_decoder_settle (decoder, decoder->now, 1);
    settled = join_stable (decoder);
    g_assert_cmpstr (settled, ==, told[i]);
  }
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-settle-XXXXXX", NULL);
  g_test_add_func ("/ctc/settle/doubtful-word", doubtful_word);
  g_test_add_func ("/ctc/settle/next-word-under-way", next_word_under_way);
  g_test_add_func ("/ctc/settle/word-of-sounds-under-way", word_of_sounds_under_way);
  g_test_add_func ("/ctc/settle/told-early", told_early);
  g_test_add_func ("/ctc/settle/told-half-a-word", told_half_a_word);
  g_test_add_func ("/ctc/settle/long-word-looks-better", long_word_looks_better);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
