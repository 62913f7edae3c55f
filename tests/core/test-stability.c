/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What partial results promise, over hours of streams in which the guesses change all the time, by beam with a language model
 * and hotwords: of one caption stable_length never shrinks, its stable text never changes and begins the caption; and asked for
 * it, the rest flickers less. */
#include "base/rng.h"
#include "folder.h"
#include "speech/utterance.h"
#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)
#define HOP (40 * MS)

static const gchar *const names[] = { "<blank>", " ", "a", "b", "c", "f", "i", "v", "e", NULL };
#define V 9

static const gchar arpa[] = "\\data\\\nngram 1=9\nngram 2=6\n\n\\1-grams:\n-1\t</s>\n-99\t<s>\t-0.3\n-1.2\ta\t-0.2\n-1\tab\t-0.3\n"
    "-1.1\tba\t-0.1\n-1.5\tcab\t-0.2\n-1\tfive\t-0.2\n-2\tcc\n-1.7\t<unk>\n\n\\2-grams:\n-0.4\t<s> ab\n-0.5\tab ba\n-0.3\tba five\n"
    "-0.6\tfive cab\n-0.4\tcab </s>\n-0.7\ta ab\n\n\\end\\\n";

static const gchar tagger[] = "{\"format\": 1, \"name\": \"tagger\", \"input\": {\"kind\": \"words\", \"rows\": 40}, \"layers\": ["
    "{\"cell\": \"embedding\", \"name\": \"e\", \"tokens\": 40, \"units\": 6}, {\"cell\": \"conv1d\", \"name\": \"c\", \"units\": 8,"
    " \"kernel\": 5, \"lookahead\": 3, \"zero_padding\": true}, {\"cell\": \"lstm\", \"name\": \"l\", \"hidden\": 8},"
    " {\"cell\": \"dense\", \"name\": \"o\", \"units\": 6}], \"output\": {\"kind\": \"heads\", \"heads\": [{\"kind\": \"classes\","
    " \"labels\": [\"\", \".\", \",\", \"?\"]}, {\"kind\": \"classes\", \"labels\": [\"lower\", \"capital\"]}]}}";

static gchar *folder;

static gchar *
write_file (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* ---- what is promised ---- */

typedef struct {
  GString *stable;              /* of the caption under way */
  GString *utterance;           /* its captions, parted by spaces */
  GString *shown;               /* the last partial text */
  guint n_partials, n_finals, n_changes, n_long, n_late;
  guint64 now, late;            /* captions that come later than so long after their end */
  gboolean whole;               /* captions together are the utterance */
} Promise;

static gchar *
prefix (const gchar *text, guint n_chars)
{
  return g_strndup (text, (gsize) (g_utf8_offset_to_pointer (text, n_chars) - text));
}

static void
hear_partial (Promise *p, const RnnResult *r)
{
  g_autofree gchar *stable = prefix (r->text, r->stable_length);

  g_assert_true (g_str_has_prefix (stable, p->stable->str));
  g_string_assign (p->stable, stable);
  p->n_partials++;
  p->n_long += r->stable_length > 0;
  p->n_changes += !g_str_has_prefix (r->text, p->shown->str);
  g_string_assign (p->shown, r->text);
}

static void
hear_final (Promise *p, const RnnResult *r)
{
  g_assert_true (g_str_has_prefix (r->text, p->stable->str));
  g_assert_cmpuint (r->stable_length, ==, g_utf8_strlen (r->text, -1));
  g_string_append_printf (p->utterance, "%s%s", p->utterance->len ? " " : "", r->text);
  g_string_truncate (p->stable, 0);
  g_string_truncate (p->shown, 0);
  p->n_finals++;
  p->n_late += p->now - r->end > p->late;
}

static void
hear_endpoint (Promise *p, const RnnResult *r)
{
  g_strdelimit (p->utterance->str, "\n", ' ');
  if (p->whole)
    g_assert_cmpstr (p->utterance->str, ==, r->text);
  g_string_truncate (p->utterance, 0);
  g_string_truncate (p->shown, 0);
}

static void
hear (Promise *p, RnnUtterance *u)
{
  const RnnResult *r;

  p->now = rnn_utterance_get_position (u);
  while ((r = rnn_utterance_next (u))) {
    if (r->kind == RNN_RESULT_PARTIAL)
      hear_partial (p, r);
    else if (r->kind == RNN_RESULT_FINAL)
      hear_final (p, r);
    else if (r->kind == RNN_RESULT_ENDPOINT)
      hear_endpoint (p, r);
  }
}

/* ---- speech of a kind ---- */

/* Letters that last some steps, doubtful ones, spaces, and now and then a silence of two seconds. */
static void
speak (RnnUtterance *u, Promise *p, guint n_steps, guint64 seed)
{
  gfloat scores[V];
  guint token = 0, left = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (guint t = 0; t < n_steps; t++) {
    if (left == 0) {
      guint drawn = rnn_rng_below (&rng, 100);

      token = drawn < 30 ? 0 : drawn < 50 ? 1 : 2 + rnn_rng_below (&rng, V - 2);
      left = drawn == 0 ? 50 : 1 + rnn_rng_below (&rng, 3);
    }
    left--;
    for (guint v = 0; v < V; v++)
      scores[v] = 1.2f * rnn_rng_normal (&rng);
    scores[token] += left > 10 ? 12 : 3.5f;
    rnn_utterance_push (u, scores, t * HOP, (t + 1) * HOP);
    hear (p, u);
  }
  rnn_utterance_finish (u);
  hear (p, u);
}

static Promise
keep_promise (const RnnUtteranceConfig *config, guint n_steps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, &error);
  g_autoptr (RnnUtterance) u = rnn_utterance_new (tokens, config, &error);
  Promise p = { g_string_new (NULL), g_string_new (NULL), g_string_new (NULL),
    .whole = config->caption.output_mode != RNN_CAPTION_ROLL_UP, .late = 440 * MS };

  g_assert_no_error (error);
  speak (u, &p, n_steps, 5);
  g_string_free (p.stable, TRUE);
  g_string_free (p.utterance, TRUE);
  g_string_free (p.shown, TRUE);
  return p;
}

static void
configure (RnnUtteranceConfig *config, gint mode)
{
  rnn_options_init (rnn_utterance_get_options (), config);
  config->decoder.decoder = 1;
  config->decoder.beam_width = 12;
  config->decoder.lm_file = write_file ("lm.arpa", arpa);
  config->decoder.lexicon = g_strdup ("spelled");
  config->decoder.hotwords = g_strdup ("cab:3,ba five:2");
  config->caption.output_mode = mode;
  config->caption.columns = 16;
  config->partial_interval = 40;
}

/* Three hours of steps in all. */
static void
test_modes (gconstpointer which)
{
  gint mode = GPOINTER_TO_INT (which);

  for (guint round = 0; round < 3; round++) {
    RnnUtteranceConfig config;
    Promise p;

    configure (&config, mode);
    config.writer.written = round > 0;
    config.writer.punctuate_model = round > 1 ? write_file ("tagger.json", tagger) : NULL;
    p = keep_promise (&config, 18000);
    g_test_message ("%u partial results, %u with stable text, %u captions, %u changes", p.n_partials, p.n_long, p.n_finals, p.n_changes);
    g_assert_cmpuint (p.n_partials, >, 1000);
    g_assert_cmpuint (p.n_finals, >, 100);
    g_assert_true (mode == RNN_CAPTION_WORDS || p.n_long > 300);
    rnn_options_clear (rnn_utterance_get_options (), &config);
  }
}

static void
test_flicker (void)
{
  guint last = G_MAXUINT;

  for (guint i = 0; i <= 2; i++) {
    RnnUtteranceConfig config;
    Promise p;

    configure (&config, RNN_CAPTION_LINES);
    config.partial_stability = (gfloat) i * 0.5f;
    p = keep_promise (&config, 6000);
    g_test_message ("stability %.1f: %u changes in %u partial results", config.partial_stability, p.n_changes, p.n_partials);
    g_assert_cmpuint (p.n_changes, <, last);
    last = p.n_changes;
    rnn_options_clear (rnn_utterance_get_options (), &config);
  }
  g_assert_cmpuint (last, ==, 0);       /* what is sure alone never changes */
}

/* With a word delay words come no later, and all else holds as well; but for those few that the search thinks of late.  With less doubt
 * fewer are late than without either. */
static void
test_delay (void)
{
  Promise p[3];

  for (guint i = 0; i < 3; i++) {
    RnnUtteranceConfig config;

    configure (&config, RNN_CAPTION_WORDS);
    config.word_delay = i == 1 ? 400 : 0;
    config.word_doubt = i == 2 ? 0.2f : 0;
    p[i] = keep_promise (&config, 18000);
    g_test_message ("delay %d: %u of %u words late", config.word_delay, p[i].n_late, p[i].n_finals);
    rnn_options_clear (rnn_utterance_get_options (), &config);
  }
  g_assert_cmpuint (p[0].n_late * 10, >, p[0].n_finals);
  g_assert_cmpuint (p[1].n_late * 50, <, p[1].n_finals);
  g_assert_cmpuint (p[1].n_finals * 10, >, p[0].n_finals * 9);
  g_assert_cmpuint (p[2].n_late * 10, <, p[0].n_late * 9);
  g_assert_cmpuint (p[2].n_finals * 10, >, p[0].n_finals * 9);
}

int
main (int argc, char **argv)
{
  static const gchar *const modes[] = { "words", "segments", "lines", "captions", "roll-up" };

  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-stability-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree gchar *name = g_strdup_printf ("/stability/%s", modes[i]);

    g_test_add_data_func (name, GINT_TO_POINTER (i), test_modes);
  }
  g_test_add_func ("/stability/flicker", test_flicker);
  g_test_add_func ("/stability/delay", test_delay);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
