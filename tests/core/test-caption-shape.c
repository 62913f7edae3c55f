/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions to be read: what every one of them has to be, whatever is said, and a few that were laid out by hand. */
#include "base/rng.h"
#include "speech/caption-shape.h"
#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)

static const RnnCaptionConfig usual = { RNN_CAPTION_CAPTIONS, 32, 2, 800, 7000, 17, 500 };

/* ---- random speech ---- */

#define N_WORDS 3000

typedef struct {
  RnnCtcWord words[N_WORDS];
  gboolean last[N_WORDS];       /* of an utterance */
  guint64 until[N_WORDS];       /* nothing is said from the utterance's end to here */
} Speech;

/* Words of 1 to 12 letters, 40 to 600 ms each, close together, some with a mark and a pause after it. */
static Speech *
speak (guint64 seed)
{
  static const gchar letters[] = "abcdefghijkl";
  static const gchar *const marks[] = { "", "", "", "", "", "", ",", "." };
  Speech *s = g_new0 (Speech, 1);
  guint64 at = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (guint i = 0; i < N_WORDS; i++) {
    guint n = 1 + rnn_rng_below (&rng, 12);
    const gchar *mark = marks[rnn_rng_below (&rng, G_N_ELEMENTS (marks))];

    s->words[i] = (RnnCtcWord) { g_strdup_printf ("%.*s%s", (gint) n, letters, mark), at, at + (40 + rnn_rng_below (&rng, 560)) * MS, 0.5f };
    at = s->words[i].end + (*mark ? rnn_rng_below (&rng, 900) : rnn_rng_below (&rng, 60)) * MS;
    s->last[i] = i + 1 == N_WORDS || rnn_rng_below (&rng, 30) == 0;
    if (s->last[i])
      at += (1200 + rnn_rng_below (&rng, 3000)) * MS;
    s->until[i] = s->last[i] ? s->words[i].end + 1200 * MS : 0;
  }
  return s;
}

static void
speech_free (Speech *s)
{
  for (guint i = 0; i < N_WORDS; i++)
    g_free (s->words[i].text);
  g_free (s);
}

/* ---- what holds of each caption ---- */

typedef struct {
  const RnnCaptionConfig *config;
  const Speech *speech;
  guint n_words, n_captions, n_short, n_long;
  guint64 last_end;
} Reader;

static void
check_layout (const RnnCaptionConfig *config, const RnnCaption *c)
{
  g_auto (GStrv) lines = g_strsplit (c->text, "\n", -1);
  g_autofree gchar *words = g_strdelimit (g_strdup (c->text), "\n", ' ');
  g_autoptr (GString) wanted = g_string_new (NULL);

  for (guint i = 0; i < c->n_words; i++)
    g_string_append_printf (wanted, "%s%s", i ? " " : "", c->words[i].text);
  g_assert_cmpstr (words, ==, wanted->str);
  g_assert_cmpuint (g_strv_length (lines), <=, config->lines);
  for (guint i = 0; lines[i]; i++)
    g_assert_true (g_utf8_strlen (lines[i], -1) <= config->columns || !strchr (lines[i], ' '));
}

static void
read_caption (Reader *r, const RnnCaption *c)
{
  const Speech *s = r->speech;
  guint last;
  guint64 next, said;

  if (!c)
    return;
  for (guint i = 0; i < c->n_words; i++)
    g_assert_cmpstr (c->words[i].text, ==, s->words[r->n_words + i].text);
  last = r->n_words + c->n_words - 1;
  next = last + 1 < N_WORDS ? s->words[last + 1].start : G_MAXUINT64 / 2;
  said = s->words[last].end - s->words[r->n_words].start;
  check_layout (r->config, c);
  g_assert_cmpuint (c->start, >=, r->last_end);
  g_assert_cmpuint (c->start, <=, s->words[r->n_words].start + r->config->shortest_cue * MS);
  g_assert_cmpuint (c->end, <=, next + r->config->shortest_cue * MS);
  g_assert_cmpuint (c->end, >, c->start);
  r->n_short += c->end - c->start < r->config->shortest_cue * MS;
  if (c->end - c->start > r->config->longest_cue * MS) {
    r->n_long++;
    g_assert_cmpuint (said, >, r->config->longest_cue * MS);
  }
  r->last_end = c->end;
  r->n_words += c->n_words;
  r->n_captions++;
}

static void
read_speech (Reader *r)
{
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (r->config);

  for (guint i = 0; i < N_WORDS; i++) {
    read_caption (r, rnn_captioner_push (captioner, &r->speech->words[i]));
    if (r->speech->last[i])
      read_caption (r, rnn_captioner_finish_until (captioner, r->speech->until[i]));
  }
  g_assert_cmpuint (r->n_words, ==, N_WORDS);
}

static void
test_speech (void)
{
  for (guint64 seed = 1; seed <= 4; seed++) {
    Speech *speech = speak (seed);
    Reader reader = { &usual, speech };

    read_speech (&reader);
    g_test_message ("%u captions, %u short, %u long", reader.n_captions, reader.n_short, reader.n_long);
    g_assert_cmpuint (reader.n_captions, >, 100);
    g_assert_cmpuint (reader.n_short, ==, 0);
    g_assert_cmpuint (reader.n_long, ==, 0);
    speech_free (speech);
  }
}

/* Whatever was called stable begins all that is shown later, up to the caption itself. */
static void
test_stable (void)
{
  Speech *speech = speak (9);
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (&usual);
  g_autofree gchar *stable = g_strdup ("");

  for (guint i = 0; i < N_WORDS; i++) {
    const RnnCaption *c = rnn_captioner_peek (captioner, &speech->words[i], 1, NULL);
    guint length;

    g_assert_true (g_str_has_prefix (c->text, stable));
    if ((c = rnn_captioner_push (captioner, &speech->words[i]))) {
      g_assert_true (g_str_has_prefix (c->text, stable));
      g_clear_pointer (&stable, g_free);
    }
    c = rnn_captioner_peek (captioner, NULL, 0, &length);
    g_assert_true (!stable || length >= strlen (stable));
    g_free (stable);
    stable = g_strndup (c->text, length);
  }
  speech_free (speech);
}

/* ---- by hand ---- */

/* A word each 400 ms, 350 long, '/' for a pause of a second; captions as text, '|' between lines, ';' after each. */
static gchar *
caption (const RnnCaptionConfig *config, const gchar *text)
{
  g_autoptr (RnnCaptioner) captioner = rnn_captioner_new (config);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GString *all = g_string_new (NULL);
  const RnnCaption *c;
  guint64 at = 0;

  for (guint i = 0; words[i]; i++) {
    if (g_str_equal (words[i], "/")) {
      at += 1000 * MS;
      continue;
    }
    if ((c = rnn_captioner_push (captioner, &(RnnCtcWord) { words[i], at, at + 350 * MS, 1 })))
      g_string_append_printf (all, "%s;", c->text);
    at += 400 * MS;
  }
  if ((c = rnn_captioner_finish_until (captioner, at + 1000 * MS)))
    g_string_append_printf (all, "%s;", c->text);
  return g_strdelimit (g_string_free (all, FALSE), "\n", '|');
}

static void
test_by_hand (void)
{
  static const struct {
    const gchar *said, *captions;
  } rows[] = {
    { "yes", "yes;" },
    /* even lines, that end at a clause */
    { "when he came to the house, nobody opened the door", "when he came to the house,|nobody opened the door;" },
    { "the captain of the ship had seen the light", "the captain of the ship|had seen the light;" },
    /* a sentence is a caption if it is long enough, and ends with its pause */
    { "she was here. / then she went away again", "she was here.;then she went away again;" },
    /* too long for two lines: it ends at the comma, and what is left goes on */
    { "the people of the village, who had never seen such a thing before, ran away as fast as they could",
      "the people of the village, who had|never seen such a thing before,;ran away as fast as they could;" },
    { "unbelievablyoverlongwordsthatdonotfit a b", "unbelievablyoverlongwordsthatdonotfit|a b;" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *captions = caption (&(RnnCaptionConfig) { RNN_CAPTION_CAPTIONS, 36, 2, 800, 7000, 17, 500 }, rows[i].said);

    g_assert_cmpstr (captions, ==, rows[i].captions);
  }
}

static void
test_roll_up (void)
{
  g_autofree gchar *two = caption (&(RnnCaptionConfig) { RNN_CAPTION_ROLL_UP, 7, 2, 0, 0, 0, 0 }, "one two three four five");
  g_autofree gchar *one = caption (&(RnnCaptionConfig) { RNN_CAPTION_ROLL_UP, 7, 1, 0, 0, 0, 0 }, "one two three four five");

  g_assert_cmpstr (two, ==, "one two;one two|three;three|four;four|five;");
  g_assert_cmpstr (one, ==, "one two;three;four;five;");
}

/* As long as it takes to read, until the next one; short gaps are closed; no longer than allowed. */
static void
test_end (void)
{
  static const struct {
    guint64 start, end, next;
    guint n_chars;
    guint64 wanted;
  } rows[] = {
    { 0, 200, 0, 3, 800 }, { 0, 200, 5000, 3, 800 }, { 0, 200, 500, 3, 500 },   /* shortest, if the next one leaves room */
    { 0, 1000, 9000, 34, 2000 }, { 0, 1000, 1800, 34, 1800 }, /* 17 characters a second */
    { 0, 2000, 2400, 10, 2400 }, { 0, 2000, 2600, 10, 2000 }, /* a gap of less than 500 ms is closed */
    { 0, 8000, 8100, 10, 8000 }, { 0, 6800, 7200, 10, 7000 }, /* not held longer than 7 s */
    { 0, 2000, 1900, 10, 1900 },        /* never over the next one */
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (rnn_shape_end (&usual, rows[i].start * MS, rows[i].end * MS, rows[i].next * MS, rows[i].n_chars) / MS, ==,
        rows[i].wanted);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shape/speech", test_speech);
  g_test_add_func ("/shape/stable", test_stable);
  g_test_add_func ("/shape/by-hand", test_by_hand);
  g_test_add_func ("/shape/roll-up", test_roll_up);
  g_test_add_func ("/shape/end", test_end);
  return g_test_run ();
}
