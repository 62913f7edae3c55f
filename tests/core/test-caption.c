/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words laid out as captions, and the rules that end an utterance. */
#include "base/rng.h"
#include "speech/endpoint.h"
#include "speech/utterance.h"
#include <string.h>

/* ---- captions ---- */

/* Pushes the words of @text, word i from 10 i to 10 i + 8; the captions as "text(start-end);", '|' for a new line. */
static gchar *
caption_all (gint mode, gint columns, gint lines, const gchar *text)
{
  RnnCaptionConfig config = { mode, columns, lines };
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (&config);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GString *all = g_string_new (NULL);
  gboolean finished = FALSE;

  for (guint i = 0; !finished; i++) {
    const RnnCaption *caption;

    finished = words[i] == NULL;
    caption = finished ? rnn_captioner_finish (captioner) :
        rnn_captioner_push (captioner, &(RnnWord) { words[i], 10 * i, 10 * i + 8, 0.5f });
    if (caption)
      g_string_append_printf (all, "%s(%d-%d);", caption->text, (gint) caption->start, (gint) caption->end);
  }
  g_assert_null (rnn_captioner_finish (captioner));
  return g_strdelimit (g_string_free (all, FALSE), "\n", '|');
}

static void
test_layout (void)
{
  static const struct {
    gint mode, columns, lines;
    const gchar *captions;
  } rows[] = {
    {RNN_CAPTION_WORDS, 0, 2, "one(0-8);two(10-18);three(20-28);four(30-38);fiftyfifth(40-48);six(50-58);"},
    {RNN_CAPTION_WORDS, 2, 0, "one(0-8);two(10-18);three(20-28);four(30-38);fiftyfifth(40-48);six(50-58);"},
    {RNN_CAPTION_SEGMENTS, 0, 2, "one two three four fiftyfifth six(0-58);"},
    {RNN_CAPTION_SEGMENTS, 9, 0, "one two|three|four|fiftyfifth|six(0-58);"},
    {RNN_CAPTION_SEGMENTS, 10, 2, "one two|three four(0-38);fiftyfifth|six(40-58);"},
    {RNN_CAPTION_LINES, 10, 2, "one two(0-18);three four(20-38);fiftyfifth(40-48);six(50-58);"},
    {RNN_CAPTION_LINES, 0, 2, "one two three four fiftyfifth six(0-58);"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *captions = caption_all (rows[i].mode, rows[i].columns, rows[i].lines,
        "one two three four fiftyfifth six");

    g_assert_cmpstr (captions, ==, rows[i].captions);
  }
}

/* Columns are characters, not bytes. */
static void
test_columns (void)
{
  g_autofree gchar *wide = caption_all (RNN_CAPTION_LINES, 5, 1, "\303\244\303\244 \303\244\303\244 b");
  g_autofree gchar *narrow = caption_all (RNN_CAPTION_LINES, 5, 1, "a b c d");

  g_assert_cmpstr (wide, ==, "\303\244\303\244 \303\244\303\244(0-18);b(20-28);");
  g_assert_cmpstr (narrow, ==, "a b c(0-28);d(30-38);");
}

static void
test_caption_words (void)
{
  RnnCaptionConfig config = { RNN_CAPTION_SEGMENTS, 0, 0 };
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (&config);
  const RnnCaption *caption;
  gchar text[] = "a";

  rnn_captioner_push (captioner, &(RnnWord) { text, 3, 5, 0.4f });
  text[0] = '?';                /* words are copied */
  rnn_captioner_push (captioner, &(RnnWord) { (gchar *) "bcd", 7, 9, 0.8f });
  caption = rnn_captioner_finish (captioner);
  g_assert_cmpstr (caption->text, ==, "a bcd");
  g_assert_cmpuint (caption->n_words, ==, 2);
  g_assert_cmpstr (caption->words[0].text, ==, "a");
  g_assert_cmpuint (caption->words[1].start, ==, 7);
  g_assert_cmpfloat_with_epsilon (caption->confidence, 0.7, 1e-6);
  rnn_captioner_push (captioner, &(RnnWord) { text, 3, 5, 0.4f });
  rnn_captioner_reset (captioner);
  g_assert_null (rnn_captioner_finish (captioner));
}

/* All words that may still change are shown, on as many lines as they take. */
static void
test_unstable (void)
{
  RnnCaptionConfig config = { RNN_CAPTION_LINES, 7, 1 };
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (&config);
  const RnnWord words[] = { { (gchar *) "two", 2, 3, 1 }, { (gchar *) "three", 4, 5, 1 } };
  const RnnCaption *caption;
  guint length;

  rnn_captioner_push (captioner, &(RnnWord) { (gchar *) "one", 0, 1, 1 });
  caption = rnn_captioner_peek (captioner, words, 2, &length);
  g_assert_cmpstr (caption->text, ==, "one two\nthree");
  g_assert_cmpuint (length, ==, 3);
  g_assert_cmpuint (caption->n_words, ==, 3);
  g_assert_cmpuint (caption->end, ==, 5);
}

/* Whatever peek called stable begins everything that is shown later, up to the caption itself. */
static void
test_stable_prefix (void)
{
  RnnCaptionConfig config = { RNN_CAPTION_SEGMENTS, 12, 2 };
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (&config);
  g_autofree gchar *stable = g_strdup ("");
  RnnRng rng;
  gint n_captions = 0;

  rnn_rng_seed (&rng, 6, 1);
  for (gint i = 0; i < 400; i++) {
    gchar letters[] = "abcdefghijklmno";
    RnnWord word = { letters + rnn_rng_below (&rng, 15), (guint64) i, (guint64) i + 1, 1 };
    const RnnCaption *caption;
    guint length;

    for (gsize n = 1; n <= strlen (word.text); n++) {   /* the word grows letter by letter */
      g_autofree gchar *grown = g_strndup (word.text, n);

      caption = rnn_captioner_peek (captioner, &(RnnWord) { grown, word.start, word.end, 1 }, 1, &length);
      g_assert_true (g_str_has_prefix (caption->text, stable));
      g_assert_cmpuint (length, ==, strlen (stable));
      g_assert_true (g_str_has_suffix (caption->text, grown));
    }
    caption = rnn_captioner_push (captioner, &word);
    if (caption) {
      g_assert_cmpstr (caption->text, ==, stable);
      n_captions++;
    }
    caption = rnn_captioner_peek (captioner, NULL, 0, &length);
    g_assert_cmpuint (length, ==, strlen (caption->text));
    g_free (stable);
    stable = g_strdup (caption->text);
  }
  g_assert_cmpint (n_captions, >, 50);
  rnn_captioner_reset (captioner);
  g_assert_null (rnn_captioner_peek (captioner, NULL, 0, NULL));
}

/* ---- endpoints ---- */

/* Steps until the end: @speech non-blank ones from step @from on, else blank; 0: none within 100. */
static guint
steps_to_end (RnnEndpoint *endpoint, guint from, guint speech)
{
  for (guint t = 0; t < 100; t++)
    if (rnn_endpoint_step (endpoint, t < from || t >= from + speech, 1))
      return t + 1;
  return 0;
}

static void
test_endpoint (void)
{
  RnnEndpoint endpoint;

  rnn_endpoint_init (&endpoint, &(RnnEndpointConfig) { 5, 10, 30 });
  g_assert_cmpuint (steps_to_end (&endpoint, 3, 4), ==, 12);    /* 3 + 4 + 5 */
  rnn_endpoint_reset (&endpoint);
  g_assert_cmpuint (steps_to_end (&endpoint, 0, 0), ==, 10);
  rnn_endpoint_reset (&endpoint);
  g_assert_cmpuint (steps_to_end (&endpoint, 9, 80), ==, 30);
  rnn_endpoint_init (&endpoint, &(RnnEndpointConfig) { 0, 0, 0 });
  g_assert_cmpuint (steps_to_end (&endpoint, 50, 10), ==, 0);
  rnn_endpoint_init (&endpoint, &(RnnEndpointConfig) { 5, 0, 0 });
  g_assert_cmpuint (steps_to_end (&endpoint, 50, 10), ==, 65);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/caption/layout", test_layout);
  g_test_add_func ("/caption/columns", test_columns);
  g_test_add_func ("/caption/words", test_caption_words);
  g_test_add_func ("/caption/unstable", test_unstable);
  g_test_add_func ("/caption/stable-prefix", test_stable_prefix);
  g_test_add_func ("/endpoint", test_endpoint);
  return g_test_run ();
}
