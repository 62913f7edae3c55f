/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore ngram: trains an n-gram model from texts (a sentence a line), writes it as ARPA text (*.arpa) or as the binary
 * that decoders map (any other name), and measures the perplexity of a text. */
#include "tool.h"
#include "base/error.h"
#include "base/file.h"
#include "lm/lexicon.h"
#include "lm/ngram.h"
#include "lm/sentences.h"
#include <math.h>

static gint order, vocabulary, bits, memory;
static gdouble prune, share;
static gchar *out, *lm, *perplexity, *lexicon, *with;

static const GOptionEntry options[] = {
  {"order", 'n', 0, G_OPTION_ARG_INT, &order, "Words of the longest n-gram, 1 to 6 (3)", "N"},
  {"prune", 0, 0, G_OPTION_ARG_DOUBLE, &prune, "Leave out what changes the perplexity by less, e.g. 1e-8 (0)", "P"},
  {"vocabulary", 0, 0, G_OPTION_ARG_INT, &vocabulary, "Keep the N most frequent words (all)", "N"},
  {"lexicon", 0, 0, G_OPTION_ARG_FILENAME, &lexicon,
      "Words and how they are said (as in CMU's dictionaries): the vocabulary; a binary model holds it", "FILE"},
  {"lm", 0, 0, G_OPTION_ARG_FILENAME, &lm, "Read this model instead of training one", "LM"},
  {"mix", 0, 0, G_OPTION_ARG_FILENAME, &with, "Mix this model into it, as far as it is about the same words", "LM.arpa"},
  {"share", 0, 0, G_OPTION_ARG_DOUBLE, &share, "Share of the model that is mixed in, 0 to 1 (0.5)", "X"},
  {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Write the model here", "LM.arpa|LM.bin"},
  {"bits", 0, 0, G_OPTION_ARG_INT, &bits, "Of a value in a binary: 4 to 8, or 32 for exact ones (8)", "N"},
  {"perplexity", 0, 0, G_OPTION_ARG_FILENAME, &perplexity, "Measure the model on this text", "TEXT"},
  {"memory", 0, 0, G_OPTION_ARG_INT, &memory, "Megabytes that sorting may use (64); the rest goes to TMPDIR", "MB"},
  {NULL}
};

static gboolean
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, reason);
  return FALSE;
}

static gboolean
check_options (gint n_texts, GError **error)
{
  if ((n_texts > 0) == (lm != NULL))
    return refuse (error, "give texts to train from, or a model with --lm");
  if (!out && !perplexity)
    return refuse (error, "give --out, --perplexity or both");
  if (order < 1 || order > RNN_NGRAM_MAX_ORDER)
    return refuse (error, "--order is 1 to 6");
  if (bits != 32 && (bits < 4 || bits > 8))
    return refuse (error, "--bits is 4 to 8, or 32");
  if (!(prune >= 0 && prune < 1) || vocabulary < 0 || memory < 1 || memory > 65536)
    return refuse (error, "--prune is 0 to 1, --vocabulary is not negative, --memory is 1 to 65536");
  return (share > 0 && share < 1) || refuse (error, "--share is above 0 and below 1");
}

/* ---- perplexity ---- */

typedef struct {
  RnnScorer *scorer;
  gdouble log_p, log_p_unknown;
  guint64 n, n_unknown, sentences;
} Measure;

static void
measure_sentence (gchar **words, guint n, gpointer data)
{
  Measure *m = data;
  g_autofree guint8 *states = g_malloc (2 * m->scorer->state_size);
  guint8 *state = states, *next = states + m->scorer->state_size;

  if (n == 0)
    return;
  rnn_scorer_start (m->scorer, state);
  for (guint i = 0; i < n; i++) {
    guint32 word = rnn_scorer_find (m->scorer, words[i]);
    gfloat log_p = rnn_scorer_score_text (m->scorer, state, word, words[i], next);
    guint8 *swap = state;

    m->log_p += log_p;
    m->log_p_unknown += word == RNN_SCORER_UNKNOWN ? log_p : 0;
    m->n_unknown += word == RNN_SCORER_UNKNOWN;
    state = next;
    next = swap;
  }
  m->log_p += rnn_scorer_end (m->scorer, state);
  m->n += n + 1;
  m->sentences++;
}

static gboolean
measure (RnnScorer *scorer, GError **error)
{
  Measure m = { scorer, 0 };

  if (!rnn_sentences_each ((const gchar *[]) { perplexity, NULL }, measure_sentence, &m, error))
    return FALSE;
  if (m.n == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no words", perplexity);
    return FALSE;
  }
  g_print ("perplexity %.4f, without unknown words %.4f (%" G_GUINT64_FORMAT " sentences, %" G_GUINT64_FORMAT " words, %"
      G_GUINT64_FORMAT " of them unknown)\n", exp (-m.log_p / (gdouble) m.n),
      exp (-(m.log_p - m.log_p_unknown) / (gdouble) (m.n - m.n_unknown)), m.sentences, m.n - m.sentences, m.n_unknown);
  return TRUE;
}

/* ---- models ---- */

typedef struct {
  RnnTokens *tokens;
  RnnLexicon *words;
} Lexicon;

static void
lexicon_clear (Lexicon *l)
{
  rnn_lexicon_unref (l->words);
  g_clear_pointer (&l->tokens, rnn_tokens_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lexicon, lexicon_clear)

static gboolean
load_lexicon (Lexicon *l, GError **error)
{
  g_autoptr (GBytes) bytes = lexicon ? rnn_file_map (lexicon, error) : NULL;

  if (!bytes)
    return lexicon == NULL;
  return (l->tokens = rnn_lexicon_list_tokens (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), lexicon, error))
      && (l->words = rnn_lexicon_load (lexicon, l->tokens, NULL, error));
}

static RnnNgrams *
read_tables (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  if (!bytes)
    return NULL;
  if (!rnn_ngram_image_is (bytes))
    return rnn_ngrams_parse_arpa (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), path, error);
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a binary model is not written again, only ARPA text", path);
  return NULL;
}

static RnnNgrams *
train (gchar **texts, const Lexicon *l, GError **error)
{
  return rnn_ngrams_train ((const gchar *const *) texts, &(RnnNgramTraining) {
        .order = (guint) order,.vocabulary = (guint) vocabulary,.memory = (gsize) memory << 20,
        .words = l->words ? (const gchar *const *) l->words->texts : NULL,.n_words = l->words ? l->words->n_words : 0
      }, error);
}

/* Tables, trained or read from ARPA text, mixed, pruned. */
static RnnNgrams *
get_tables (gchar **texts, const Lexicon *l, GError **error)
{
  g_autoptr (RnnNgrams) ngrams = lm ? read_tables (lm, error) : train (texts, l, error);
  g_autoptr (RnnNgrams) other = ngrams && with ? read_tables (with, error) : NULL;

  if (!ngrams || (with && !other))
    return NULL;
  if (with) {
    RnnNgrams *mixed = rnn_ngrams_mix (ngrams, other, share, error);

    rnn_ngrams_free (ngrams);
    ngrams = mixed;
  }
  if (ngrams && prune > 0 && !rnn_ngrams_prune (ngrams, prune, error))
    return NULL;
  return g_steal_pointer (&ngrams);
}

static gboolean
write_model (const RnnNgrams *ngrams, GBytes *image, GError **error)
{
  gboolean good = g_str_has_suffix (out, ".arpa") ? rnn_ngrams_write_arpa (ngrams, out, error)
      : rnn_file_replace (out, g_bytes_get_data (image, NULL), g_bytes_get_size (image), error);

  for (guint k = 0; good && k < ngrams->order; k++)
    g_print ("%u-grams: %" G_GSIZE_FORMAT "\n", k + 1, ngrams->tables[k].n);
  return good;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnNgrams) ngrams = NULL;
  g_autoptr (GBytes) image = NULL;
  g_autoptr (RnnScorer) scorer = NULL;
  RnnScorer *ngram;
  g_autoptr (GBytes) packed = NULL;
  g_auto (Lexicon) l = { NULL };
  gboolean exact;

  order = 3;
  bits = 8;
  memory = 64;
  share = 0.5;
  if (!rnn_tool_parse (&rnn_tool_ngram, options, &argc, &argv, 0, G_MAXINT - 1, error) || !check_options (argc - 1, error))
    return FALSE;
  if (!out && lm)
    return (scorer = rnn_scorer_load (lm, &ngram, error)) && measure (scorer, error);
  exact = !out || g_str_has_suffix (out, ".arpa");
  if (!load_lexicon (&l, error) || !(ngrams = get_tables (argv + 1, &l, error)))
    return FALSE;
  if (l.words)
    packed = rnn_lexicon_pack (l.words, ngrams, l.tokens);
  if (!(image = rnn_ngram_image_build (ngrams, exact ? 32 : (guint) bits, packed, error))
      || (out && !write_model (ngrams, image, error)))
    return FALSE;
  return !perplexity || ((scorer = rnn_ngram_parse (image, out ? out : "the model", error)) && measure (scorer, error));
}

const RnnTool rnn_tool_ngram = { "ngram", "[TEXT...] [--lm LM] [--out LM]", "Train n-gram models, measure perplexities", run };
