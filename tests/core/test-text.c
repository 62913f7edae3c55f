/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts as people write them become what is spoken: every rule, in every locale, in time that grows with the text. */
#include "base/error.h"
#include "model/model.h"
#include "text/escape.h"
#include "text/fold.h"
#include "text/speller.h"
#include "locales.h"
#include <string.h>

static const gchar *const english[] = { "<blank>", " ", "'", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
  "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", NULL
};

static RnnSpeller *
new_speller (const gchar *const *names, const RnnTextConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, &error);

  g_assert_no_error (error);
  return rnn_speller_new (tokens, config);
}

typedef struct {
  const gchar *written, *spoken;
} Pair;

static void
assert_spoken (RnnSpeller *speller, const Pair *pairs, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *spoken = rnn_speller_speak (speller, pairs[i].written, -1, FALSE);

    g_test_message ("%s", pairs[i].written);
    g_assert_cmpstr (spoken, ==, pairs[i].spoken);
  }
}

static void
test_subtitles (void)
{
  static const Pair pairs[] = {
    { "- Yes, sir!\n- No.", "yes sir no" },
    { "<i>In 1987 we paid $3.50,\n\u201cif that\u201d \u2014 50% less.</i>",
        "in nineteen eighty seven we paid three dollars and fifty cents if that fifty percent less" },
    { "[door slams]", "" },
    { "JOE: Caf\u00e9 at 7:30, Mr. O\u2019Neill & co.", "cafe at seven thirty mister o'neill and company" },
    { "[door slams] one", "one" }, { "(sighs) two", "two" }, { "Yes. (laughs)", "yes" }, { "MAN: three", "three" },
    { "<i>four</i>", "four" }, { "{\\an8}five", "five" }, { "\u266a six \u266a seven", "seven" }, { "\u266a la la la", "" },
    { "\u266a la\n\u266a la la", "" }, { "\u266a la\nla \u266a\nSit.", "sit" }, { "\u266a la\n- Stop!", "stop" },
    { "- \u266a la \u266a\n- Stop!", "stop" }, { "- Who?\r\n- \u266a la la\r\n", "who" }, { "\u266a la\nJOE: Stop!", "stop" },
    { "JOE: \u266b la \u266b Sit.", "sit" }, { "\u266a\u266a la \u266a\u266a", "" }, { "[\u266a\u266a\u266a] Sit.", "sit" },
    { "\u266a (upbeat music) \u266a", "" }, { "# La la #", "" }, { "# La la\n# la la #\n- Sit.", "sit" }, { "- # La #\n- Sit.", "sit" },
    { "C# sharp", "c sharp" }, { "#1 hit", "number one hit" }, { "<i>\u266a la \u266a</i>", "" },
    { "eight&nbsp;&amp; nine", "eight and nine" }, { "{\\pos(1,2)}ten\\Neleven\\htwelve", "ten eleven twelve" },
    { "<c.yellow>a</c> <00:01:02.500>b <v Joe Smith>c", "a b c" }, { "<font color=\"#ff0000\">red</font>", "red" },
    { ">> JOE: Hi.\n>> Mary: Hello.", "hi hello" }, { "- JOE: Hi.", "hi" }, { "DR. SMITH: Sit.", "sit" },
    { "OLD MAN 2: Sit.", "sit" }, { "Note: sit.", "note sit" }, { "AT 7:30 GO", "at seven thirty go" },
    { "(MAN) Who?", "who" }, { "I (who never lie in bed all day) rose", "i who never lie in bed all day rose" },
    { "1 < 2 > 0", "one two zero" }, { "it's a <", "it's a" }, { "[cut off", "cut off" },
    { "don&#39;t &#x201c;go&#x201d;", "don't go" }, { "\ufeffone\u00adtwo\u200bthree", "onetwothree" },
  };
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);

  assert_spoken (speller, pairs, G_N_ELEMENTS (pairs));
}

static void
test_signs (void)
{
  static const Pair pairs[] = {
    { "\u201cWell\u201d \u2014 she said\u2026 twenty\u2013five, forty-two!?", "well she said twenty five forty two" },
    { "\u2018Tis the boys\u2019 game, \u2018so she said\u2019 o\u2019clock", "'tis the boys' game so she said o'clock" },
    { "rock 'n' roll", "rock 'n' roll" }, { "a/b_c*d~e|f", "a b c d e f" }, { "R&D at AT&T", "r and d at at and t" },
    { "me@here.org", "me at here org" }, { "C++ = 2", "c plus plus equals two" }, { "yes \U0001f600 \u2122 \u00a9", "yes" },
    { "na\u00efve \u0141\u00f3d\u017a Stra\u00dfe \ufb01ne \u00c6on e\u0301", "naive lodz strasse fine aeon e" },
    { "\uff21\uff22", "ab" },
  };
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);

  assert_spoken (speller, pairs, G_N_ELEMENTS (pairs));
}

static void
test_figures (void)
{
  static const Pair pairs[] = {
    { "0 7 12 25 100 101", "zero seven twelve twenty five one hundred one hundred one" },
    { "1,234,567", "one million two hundred thirty four thousand five hundred sixty seven" },
    { "12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven" },
    { "007", "zero zero seven" }, { "3.14 and .5", "three point one four and point five" }, { "-5 and 2-3", "minus five and two to three" },
    { "1905 1900 2000 2005 2024", "nineteen oh five nineteen hundred two thousand two thousand five twenty twenty four" },
    { "the 1980s, the '80s, 1940's", "the nineteen eighties the eighties nineteen forties" },
    { "1939\u201345", "nineteen thirty nine to forty five" },
    { "1st 2nd 3rd 4th 21st 100th", "first second third fourth twenty first one hundredth" },
    { "7:00 7:05 7:30 12:45", "seven o'clock seven oh five seven thirty twelve forty five" },
    { "7:30 p.m., 5pm, 11 a.m.", "seven thirty p m five p m eleven a m" },
    { "$3.50 $1 $0.99 $1.5 million $5k", "three dollars and fifty cents one dollar ninety nine cents one point five million dollars "
        "five thousand dollars" },
    { "\u00a31.01 10\u20ac 5\u00a2", "one pound and one penny ten euros five cents" },
    { "50% 2.5 % 1%", "fifty percent two point five percent one percent" },
    { "March 5, 1987; Dec. 1; 13th July, 1922; the 4th of May", "march fifth nineteen eighty seven december first thirteenth july "
        "nineteen twenty two the fourth of may" },
    { "2024-03-05 and 3/5/2024", "march fifth twenty twenty four and march fifth twenty twenty four" },
    { "1/2 3/4 2/3 24/7 1\u00bd \u00bd", "one half three quarters two thirds twenty four seven one and a half one half" },
    { "5 kg 1 km 20\u00b0C 60mph", "five kilograms one kilometer twenty degrees celsius sixty miles per hour" },
    { "555-1234 (212) 555-1234", "five five five one two three four two one two five five five one two three four" },
    { "#5, No. 7, No. I", "number five number seven no i" }, { "WD40 and X7", "wd forty and x seven" },
    { "Henry VIII, Chapter IV, I", "henry the eighth chapter four i" }, { "&#($!!, he", "and he" },
  };
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);

  assert_spoken (speller, pairs, G_N_ELEMENTS (pairs));
}

static void
test_abbreviations (void)
{
  static const Pair pairs[] = {
    { "Mr. and Mrs Jones, Dr. No, MS. X", "mister and missus jones doctor no miz x" },
    { "St. John of Baker St. is here", "saint john of baker street is here" },
    { "the U.S.A. at 9 a.m.", "the u s a at nine a m" }, { "e.g. this, i.e. that, etc.", "for example this that is that et cetera" },
    { "Smith Jr. vs. Prof. Hill", "smith junior versus professor hill" }, { "no. It is. Co-op", "no it is co op" },
    { "a mr b", "a mr b" },
  };
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);

  assert_spoken (speller, pairs, G_N_ELEMENTS (pairs));
}

/* A rule leaves alone what the tokens can spell; languages other than English pass. */
static void
test_tables (void)
{
  static const gchar *const written[] = { "_", " ", "a", "b", "M", "r", "B", ".", ",", "0", "1", "2", "3", "4", "5", "6", "7", "8",
    "9", "$", NULL };
  static const gchar *const german[] = { "_", " ", "a", "f", "\u00fc", "n", "s", "t", "r", "e", "\u00df", NULL };
  static const gchar *const capitals[] = { "_", " ", "'", "A", "E", "N", "O", "R", "S", "T", "W", "H", NULL };
  static const gchar *const greek[] = { "_", " ", "\u03bf", "\u03b4", "\u03c3", NULL };
  g_autoptr (RnnSpeller) digits = new_speller (written, NULL), umlauts = new_speller (german, NULL);
  g_autoptr (RnnSpeller) upper = new_speller (capitals, NULL), sigma = new_speller (greek, NULL);

  assert_spoken (digits, (const Pair[]) { { "Mr. B, $12.50!", "Mr. B, $12.50" } }, 1);
  assert_spoken (umlauts, (const Pair[]) { { "F\u00fcnf Stra\u00dfen: \u00e1 5", "f\u00fcnf stra\u00dfen a 5" } }, 1);
  assert_spoken (upper, (const Pair[]) { { "Stra\u00dfe; two \u00e9 1", "STRASSE TWO E ONE" } }, 1);
  assert_spoken (sigma, (const Pair[]) { { "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3" } }, 1);
}

static void
test_options (void)
{
  static const struct {
    const gchar *name, *written, *spoken;
  } rows[] = {
    { "markup", "<i>a</i>", "i a i" }, { "descriptions", "[a] b", "a b" }, { "speakers", "JOE: a", "joe a" },
    { "abbreviations", "Mr. A", "mr a" }, { "figures", "a 5", "a 5" }, { "punctuation", "a, b", "a, b" },
    { "accents", "\u00e9", "\u00e9" }, { "typography", "don\u2019t", "don t" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (RnnSpeller) speller = NULL;
    RnnTextConfig config;

    rnn_options_init (rnn_text_options, &config);
    g_assert_true (rnn_options_set (rnn_text_options, &config, rows[i].name, "false", "", NULL));
    speller = new_speller (english, &config);
    assert_spoken (speller, (const Pair[]) { { rows[i].written, rows[i].spoken } }, 1);
  }
}

/* What subtitles would take for markup is text again to whoever reads it, and nothing else has changed. */
static void
test_escape_signs (void)
{
  static const gchar *const text = "a --> b <i>&lt;</i> don't {\\an8}";
  g_autofree gchar *webvtt = rnn_escape_webvtt (text), *subrip = rnn_escape_subrip (text);

  g_assert_cmpstr (webvtt, ==, "a --&gt; b &lt;i&gt;&amp;lt;&lt;/i&gt; don't {\\an8}");
  g_assert_cmpstr (subrip, ==, "a --\u203a b \u2039i\u203a&lt;\u2039/i\u203a don't {\u2060\\an8}");
}

/* ---- spelling ---- */

static void
test_unspelled (void)
{
  static const gchar *const texts[] = { "one \u4f60", "two \u4f60\u597d", "three", "\u597d", "[music]", "caf\xe9" };
  static const gboolean fails[] = { TRUE, TRUE, FALSE, TRUE, TRUE, TRUE }, news[] = { TRUE, FALSE, TRUE, TRUE, TRUE, TRUE };
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);
  const GPtrArray *unspelled = rnn_speller_get_unspelled (speller);
  const RnnUnspelled *first;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    gboolean is_news = TRUE;
    g_autoptr (GArray) ids = rnn_speller_encode (speller, texts[i], -1, FALSE, &is_news, &error);
    RnnError code = g_str_equal (texts[i], "[music]") ? RNN_ERROR_NOT_FOUND : RNN_ERROR_FORMAT;

    g_assert_true (fails[i] == (ids == NULL));
    g_assert_true (news[i] == is_news);
    if (!ids)
      g_assert_error (error, RNN_ERROR, (gint) code);
  }
  g_assert_cmpuint (unspelled->len, ==, 3);
  first = unspelled->pdata[0];
  g_assert_cmpstr (first->character, ==, "\u4f60");
  g_assert_cmpuint (first->count, ==, 2);
  g_assert_cmpstr (first->example, ==, "one \u4f60");
}

/* An empty text is silence, and may be learnt. */
static void
test_silence (void)
{
  g_autoptr (RnnSpeller) speller = new_speller (english, NULL);
  g_autoptr (GArray) ids = rnn_speller_encode (speller, " ", -1, FALSE, NULL, NULL);

  g_assert_nonnull (ids);
  g_assert_cmpuint (ids->len, ==, 0);
}

/* Tables in whatever normal form spell their own text and its equivalents. */
static void
test_normal_forms (void)
{
  static const struct {
    const gchar *tokens[6], *text, *ids;
  } rows[] = {
    { { "_", " ", "e\u0301", "a" }, "\u00e9 e\u0301a", "2 1 2 3" },
    { { "_", " ", "e", "\u0301", "\u0302" }, "\u1ebf", "2 4 3" },
    { { "_", "\u09df", "\u09be" }, "\u09df\u09be", "1 2" },
    { { "_", "\u09af", "\u09bc", "\u09be" }, "\u09df\u09be", "1 2 3" },
    { { "_", "\u0958", "\u093e" }, "\u0958\u093e", "1 2" },
    { { "_", "\u1112", "\u1161", "\u11ab" }, "\ud55c", "1 2 3" },
    { { "_", "\ud55c" }, "\u1112\u1161\u11ab", "1" },
    { { "_", "\u212b" }, "\u00c5 A\u030a", "1 1" },
    { { "_", "\ufb2a" }, "\u05e9\u05c1", "1" },
    { { "_", "ab", "a", "bc" }, "abc", "2 3" }, /* the longest one first would be a dead end */
    { { "_", "<unk>", "<", "u" }, "<u", "2 3" },
    { { "_", "<|en|>", "a", "&b" }, "a&b", "2 3" },
    { { "<pad>", "</s>", "|", "A", "S" }, "\u00df a", "4 4 2 3" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (RnnTokens) tokens = rnn_tokens_new (rows[i].tokens, 0, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) ids = rnn_tokens_encode (tokens, rows[i].text, &error);
    g_autoptr (GString) list = g_string_new (NULL);

    g_assert_no_error (error);
    for (guint k = 0; k < ids->len; k++)
      g_string_append_printf (list, "%s%d", k ? " " : "", g_array_index (ids, gint, k));
    g_assert_cmpstr (list->str, ==, rows[i].ids);
  }
}

/* ---- any place, any size ---- */

static void
test_locales (void)
{
  static const Pair pairs[] = { { "I AM IN MIAMI, \u0130stanbul \u0131", "i am in miami istanbul i" },
    { "It's 3.5", "it's three point five" } };
  static const gchar *const capitals[] = { "_", " ", "I", "A", "M", NULL };

  for (const gchar *const *name = test_locale_names; *name; name++)
    if (test_locale_enter (*name)) {
      g_autoptr (RnnSpeller) speller = new_speller (english, NULL), upper = new_speller (capitals, NULL);

      assert_spoken (speller, pairs, G_N_ELEMENTS (pairs));
      assert_spoken (upper, (const Pair[]) { { "i am", "I AM" } }, 1);
    }
  test_locale_leave ();
}

/* Seconds would be quadratic: 32 of them once. */
static void
test_size (void)
{
  static const gchar *const parts[] = { ".", "<", "{\\", "(", "(\n", "\u266a", "&", "1 ", "1", "'", "- ", "JOE: ", "\u00e9", "a.",
    "Mr. ", "\\", "$1", "1/", "[" };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autoptr (RnnSpeller) speller = new_speller (english, NULL);
    g_autoptr (GString) text = g_string_new (NULL);
    g_autofree gchar *spoken = NULL;
    gint64 begin = g_get_monotonic_time ();

    while (text->len < 300000)
      g_string_append (text, parts[i]);
    spoken = rnn_speller_speak (speller, text->str, (gssize) text->len, FALSE);
    g_test_message ("%s: %.3f s", parts[i], (g_get_monotonic_time () - begin) / 1e6);
    g_assert_true (g_utf8_validate (spoken, -1, NULL));
  }
}

static void
test_escape (void)
{
  g_autofree gchar *escaped = rnn_text_escape ("a\x1b[2J\n\u202e\xff");
  g_autofree gchar *excerpt = rnn_text_excerpt ("0123456789\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", "", 8);

  g_assert_cmpstr (escaped, ==, "a\\u{1B}[2J\\u{A}\\u{202E}\ufffd");
  g_assert_true (g_utf8_validate (excerpt, -1, NULL));
}

static void
test_bad_tokens (void)
{
  g_autofree gchar *huge = g_strnfill (100000, 'e');
  const gchar *const bad[] = { "\n", "a\x1b[2J", "\u202e", "\r", "\n\n00:00 --> 09:00\n", huge, "-->", "\x01", "<b onclick=x>&amp;",
    "<script>x</script>" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (rnn_tokens_new ((const gchar *[]) { "_", bad[i], NULL }, 0, &error));
    g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/subtitles", test_subtitles);
  g_test_add_func ("/text/signs", test_signs);
  g_test_add_func ("/text/figures", test_figures);
  g_test_add_func ("/text/abbreviations", test_abbreviations);
  g_test_add_func ("/text/tables", test_tables);
  g_test_add_func ("/text/options", test_options);
  g_test_add_func ("/text/escape-signs", test_escape_signs);
  g_test_add_func ("/text/unspelled", test_unspelled);
  g_test_add_func ("/text/silence", test_silence);
  g_test_add_func ("/text/normal-forms", test_normal_forms);
  g_test_add_func ("/text/locales", test_locales);
  g_test_add_func ("/text/size", test_size);
  g_test_add_func ("/text/escape", test_escape);
  g_test_add_func ("/text/bad-tokens", test_bad_tokens);
  return g_test_run ();
}
