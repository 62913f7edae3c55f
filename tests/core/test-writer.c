/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as people write them: marks read off texts, written back along a stream, and figures, without a word lost, changed or
 * set to another time. */
#include <glib/gstdio.h>
#include "inputs/words.h"
#include "speech/punctuator.h"
#include "speech/writer.h"
#include "text/fold.h"
#include "text/marks.h"
#include "text/written.h"
#include <string.h>

#define RECIPE "{\"format\": 1, \"name\": \"tagger\", \"input\": {\"kind\": \"words\", \"rows\": 40}, \"layers\": [" \
    "{\"cell\": \"embedding\", \"name\": \"e\", \"tokens\": 40, \"units\": 6}, {\"cell\": \"conv1d\", \"name\": \"c\", \"units\": 8," \
    " \"kernel\": 5, \"lookahead\": 2, \"zero_padding\": true}, {\"cell\": \"lstm\", \"name\": \"l\", \"hidden\": 8}," \
    " {\"cell\": \"dense\", \"name\": \"o\", \"units\": 6}], \"output\": {\"kind\": \"heads\", \"heads\": [{\"kind\": \"classes\"," \
    " \"labels\": [\"\", \".\", \",\", \"?\"]}, {\"kind\": \"classes\", \"labels\": [\"lower\", \"capital\"]}]}}"

/* ---- reading ---- */

/* "word" or "Word", its mark, '~' where nobody can tell the one, '*' the other; parted by spaces */
static gchar *
read_marks (const gchar *text)
{
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);
  GString *out = g_string_new (NULL);
  RnnMarks marks;

  rnn_marks_init (&marks);
  rnn_marks_read (&marks, speller, text, strlen (text));
  for (guint i = 0; i < rnn_marks_get_n (&marks); i++) {
    const RnnMarkedWord *word = rnn_marks_get (&marks, i);

    g_string_append (out, i ? " " : "");
    g_string_append (out, word->capital == RNN_MARK_UNKNOWN ? "*" : "");
    rnn_marks_write (out, rnn_marks_get_word (&marks, i), word->mark == RNN_MARK_UNKNOWN ? RNN_MARK_NONE : word->mark, word->capital == 1);
    g_string_append (out, word->mark == RNN_MARK_UNKNOWN ? "~" : "");
  }
  rnn_marks_clear (&marks);
  return g_string_free (out, FALSE);
}

static void
test_marks (void)
{
  static const struct {
    const gchar *text, *marks;
  } rows[] = {
    { "\342\200\234My dear Mr. Bennet,\342\200\235 said his lady, \342\200\234have you heard?\342\200\235", "My dear Mister Bennet, said his lady, have you heard?" },
    { "Stop! Who goes there?", "Stop. Who goes there?" },
    { "\342\200\234Stop!\342\200\235 he cried; nobody did: it was late.", "Stop, he cried, nobody did, it was late." },
    { "I don\342\200\231t know\342\200\224perhaps\342\200\246 Yes.", "I don't know~ perhaps~ Yes." },
    { "A well-known man, aged 42.", "A well known man, aged *forty two." },
    { "WHAT are you doing HERE?", "*what are you doing *here?" },
    { "J. Smith went to 21 Baker St. in the rain.", "J Smith went to *twenty one Baker Street in the rain." },
    { "", "" }, { "...", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *marks = read_marks (rows[i].text);

    g_assert_cmpstr (marks, ==, rows[i].marks);
  }
}

static void
test_hash (void)
{
  json_t *object = json_pack ("{sssi}", "kind", "words", "rows", 1000);
  g_autoptr (RnnInput) input = rnn_input_new (object, "test", NULL);
  gfloat a[RNN_WORD_ROWS], b[RNN_WORD_ROWS];

  json_decref (object);
  rnn_input_words_hash (input, "Walking", a);
  rnn_input_words_hash (input, "walking", b);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  rnn_input_words_hash (input, "talking", b);
  g_assert_cmpfloat (a[0], !=, b[0]);
  g_assert_cmpfloat (a[1], !=, b[1]);
  g_assert_cmpfloat (a[2], ==, b[2]);   /* the same ending */
  rnn_input_words_hash (input, "", a);
  for (guint i = 0; i < RNN_WORD_ROWS; i++)
    g_assert_true (a[i] >= 1 && a[i] < 1000);
}

/* ---- writing ---- */

typedef struct {
  GString *text;
  guint n;
  guint64 last_end;
} Written;

static void
take (RnnWriter *writer, Written *w)
{
  const RnnCtcWord *word;

  while ((word = rnn_writer_next (writer))) {
    g_string_append_printf (w->text, "%s%s", w->text->len ? " " : "", word->text);
    g_assert_cmpuint (word->start, >=, w->last_end);
    g_assert_cmpuint (word->end, >, word->start);
    w->last_end = word->end;
    w->n++;
  }
}

/* Word i is said in [10 i, 10 i + 8); '/' ends an utterance. */
static gchar *
write_text (const RnnWriterConfig *config, const gchar *spoken)
{
  g_autoptr (GError) error = NULL;
  RnnWriter *writer = rnn_writer_new (config, &error);
  g_auto (GStrv) words = g_strsplit (spoken, " ", -1);
  Written w = { g_string_new (NULL) };
  guint n_waiting;

  g_assert_no_error (error);
  for (guint i = 0; words[i]; i++) {
    if (g_str_equal (words[i], "/"))
      rnn_writer_finish (writer);
    else
      rnn_writer_push (writer, &(RnnCtcWord) { words[i], 10 * i, 10 * i + 8, 0.5f });
    take (writer, &w);
  }
  rnn_writer_finish (writer);
  take (writer, &w);
  rnn_writer_get_waiting (writer, &n_waiting);
  g_assert_cmpuint (n_waiting, ==, 0);
  rnn_writer_free (writer);
  return g_string_free (w.text, FALSE);
}

/* A stream of words is written as a whole text is. */
static void
test_figures (void)
{
  static const gchar *const rows[] = {
    "he paid three dollars and fifty cents on march fifth nineteen eighty seven", "i live in the u s a and i am twenty five",
    "it is seven thirty p m", "one hundred and two people came", "call five five five one two one two now", "may i go", "a b", "i",
    "nineteen oh five was the year", "three million dollars", "ninety nine point five percent of all",
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *whole = rnn_text_write (rows[i]), *stream = write_text (&(RnnWriterConfig) { NULL, TRUE }, rows[i]);

    g_assert_cmpstr (stream, ==, whole);
  }
}

static void
test_figure_ends (void)
{
  g_autofree gchar *marked = write_text (&(RnnWriterConfig) { NULL, TRUE }, "At seven, twenty five came. Forty two, three");
  g_autofree gchar *parted = write_text (&(RnnWriterConfig) { NULL, TRUE }, "it was twenty / five came");
  g_autofree gchar *plain = write_text (&(RnnWriterConfig) { NULL, FALSE }, "twenty five");

  g_assert_cmpstr (marked, ==, "At seven, 25 came. 42, three");
  g_assert_cmpstr (parted, ==, "it was 20 five came");
  g_assert_cmpstr (plain, ==, "twenty five");
}

/* ---- the tagger ---- */

static RnnModel *
make_tagger (void)
{
  json_t *recipe = json_loads (RECIPE, 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnModel *model = rnn_model_new (recipe, 3, "test", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

static void
take_marked (RnnPunctuator *p, GString *out, guint64 *n)
{
  const RnnCtcWord *word;

  while ((word = rnn_punctuator_next (p))) {
    g_assert_cmpuint (word->start, ==, *n * 5);
    g_assert_cmpuint (word->end, ==, *n * 5 + 4);
    g_assert_cmpfloat (word->confidence, ==, 0.25f);
    g_string_append_printf (out, "%s ", word->text);
    (*n)++;
  }
}

/* @burst words come before what is ready is taken. */
static gchar *
punctuate (RnnModel *model, guint burst)
{
  RnnPunctuator *p = rnn_punctuator_new (model, NULL);
  GString *out = g_string_new (NULL);
  guint64 taken = 0;

  for (guint i = 0; i < 60; i++) {
    g_autofree gchar *text = g_strdup_printf ("WORD%u", i * i % 17);

    rnn_punctuator_push (p, &(RnnCtcWord) { text, i * 5, i * 5 + 4, 0.25f });
    if (i % burst == burst - 1)
      take_marked (p, out, &taken);
    g_assert_cmpuint (rnn_punctuator_get_waiting (p)->n, ==, MIN (i + 1, 2));   /* as many as it looks ahead */
  }
  rnn_punctuator_finish (p);
  take_marked (p, out, &taken);
  g_assert_cmpuint (taken, ==, 60);
  rnn_punctuator_free (p);
  return g_string_free (out, FALSE);
}

static void
test_tagger (void)
{
  g_autoptr (RnnModel) model = make_tagger ();
  g_autofree gchar *one = punctuate (model, 1), *other = punctuate (model, 3);
  g_auto (GStrv) words = g_strsplit (one, " ", -1);

  g_assert_cmpstr (one, ==, other);
  for (guint i = 0; i < 60; i++) {
    g_autofree gchar *wanted = g_strdup_printf ("word%u", i * i % 17), *lower = rnn_text_fold_case (words[i], RNN_TEXT_CASE_LOWER);
    const gchar *before = i ? words[i - 1] + strlen (words[i - 1]) - 1 : ".";

    g_assert_true (g_str_has_prefix (lower, wanted) && strlen (lower) <= strlen (wanted) + 1);
    if (*before == '.' || *before == '?')
      g_assert_true (g_ascii_isupper (words[i][0]));
  }
}

/* The one that is shipped: small, and right where it is easy. */
static void
test_shipped (void)
{
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "..", "models", "english-punctuation.safetensors", NULL);
  const RnnWriterConfig config = { path, TRUE };
  g_autofree gchar *written = write_text (&config, "what is your name my name is john and i am twenty five / where do you live");
  GStatBuf file;

  g_assert_cmpint (g_stat (path, &file), ==, 0);
  g_assert_cmpint (file.st_size, <=, 3000000);
  g_assert_true (g_str_has_prefix (written, "What is your name? My name is John"));
  g_assert_true (g_str_has_suffix (written, " I am 25. Where do you live?"));
}

/* A row of numbers is one sentence. */
static void
test_row_of_numbers (void)
{
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "..", "models", "english-punctuation.safetensors", NULL);
  const RnnWriterConfig config = { path, FALSE };
  g_autofree gchar *written = write_text (&config, "thirty three four six ninety two / the number is five five five one two one two");

  g_assert_true (g_str_has_prefix (written, "Thirty three four six ninety two. The number is"));
  g_assert_true (g_str_has_suffix (written, " five five five one two one two."));
}

static void
test_no_tagger (void)
{
  json_t *recipe = json_pack ("{sis{sssi}s[{ssssss}]}", "format", 1, "input", "kind", "tensors", "size", 3, "layers", "cell", "elman",
      "name", "r", "activation", "tanh");
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "some.json", &error);

  g_assert_no_error (error);
  g_assert_null (rnn_punctuator_new (model, &error));
  g_assert_nonnull (strstr (error->message, "some.json"));
  g_clear_error (&error);
  g_assert_null (rnn_writer_new (&(RnnWriterConfig) { (gchar *) "/nowhere.safetensors", FALSE }, &error));
  g_assert_nonnull (strstr (error->message, "/nowhere.safetensors"));
  json_decref (recipe);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/writer/marks", test_marks);
  g_test_add_func ("/writer/hash", test_hash);
  g_test_add_func ("/writer/figures", test_figures);
  g_test_add_func ("/writer/figure-ends", test_figure_ends);
  g_test_add_func ("/writer/tagger", test_tagger);
  g_test_add_func ("/writer/shipped", test_shipped);
  g_test_add_func ("/writer/row-of-numbers", test_row_of_numbers);
  g_test_add_func ("/writer/no-tagger", test_no_tagger);
  return g_test_run ();
}
