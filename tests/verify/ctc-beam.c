/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Beam searches of others, with their widths, thresholds, lexicons and models. */
#include "ctc.h"
#include "ctc/ctc.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define TOLERANCE ((Tolerance) { 1e-4, 1e-3 })

typedef struct {
  RnnCtcDecoderConfig config;
  gboolean words;               /* labels are text, " " parts words; else labels are numbers */
} Search;

static void
search_clear (Search *search)
{
  if (search->config.lexicon)
    g_unlink (search->config.lexicon);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &search->config);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

/* ---- parameters ---- */

static gdouble
number (const json_t *params, const gchar *name, gdouble fallback)
{
  const json_t *value = json_object_get (params, name);

  return json_is_number (value) ? json_number_value (value) : fallback;
}

/* A file of the words, for a lexicon. */
static gchar *
write_words (const json_t *words)
{
  gchar *path = NULL;
  GString *text = g_string_new (NULL);
  gint fd = g_file_open_tmp ("verify-XXXXXX", &path, NULL);

  for (gsize i = 0; i < json_array_size (words); i++)
    g_string_append_printf (text, "%s\n", json_string_value (json_array_get (words, i)));
  g_close (fd, NULL);
  g_file_set_contents (path, text->str, -1, NULL);
  g_string_free (text, TRUE);
  return path;
}

/* pyctcdecode adds its offset to log10 P, before the weight. */
static void
set_unknown (RnnCtcDecoderConfig *config, const json_t *params)
{
  config->unknown_score = (gfloat) MAX (-999, M_LN10 * config->lm_weight * number (params, "unk_score_offset", -10));
}

static void
search_init (Search *search, const Case *c)
{
  const json_t *params = json_object_get (c->json, "params");
  const gchar *lm = json_string_value (json_object_get (params, "lm")), *source = case_get (c, "source");
  const json_t *words = json_object_get (params, "words");
  gboolean pyctc = source && strstr (source, "pyctcdecode");
  RnnCtcDecoderConfig *config = &search->config;
  g_autofree gchar *folder = g_path_get_dirname (c->path);

  rnn_options_init (rnn_ctc_decoder_get_options (), config);
  search->words = json_is_string (json_object_get (c->json, "word_separator"));
  config->decoder = 1;
  config->recombine = FALSE;
  config->beam_width = (gint) number (params, "beam_width", 100);
  config->beam_threshold = (gfloat) (pyctc ? -number (params, "beam_prune_logp", -10) : 1000);
  if (json_object_get (json_object_get (c->json, "expect"), "lm_beams")) {
    config->beam_threshold = 25;        /* their model has a word whose back-off makes up for more than 10 at the end */
    config->beam_width = 1000;
  }
  config->token_threshold = (gfloat) (pyctc ? number (params, "token_min_logp", -5)
      : MAX (-1000, log (number (params, "beam_cut_threshold", 0))));
  config->token_count = 65535;
  config->lm_file = lm ? g_build_filename (folder, lm, NULL) : NULL;
  config->lm_weight = (gfloat) number (params, "alpha", 0.5);
  config->sentence_score = RNN_CTC_NO_SENTENCES;        /* the others know of one sentence only */
  config->word_score = lm ? (gfloat) number (params, "beta", 1.5) : 0;
  set_unknown (config, params);
  if (json_is_array (json_object_get (params, "unigrams")))
    words = json_object_get (params, "unigrams");
  if (words)
    config->lexicon = write_words (words);
  if (g_strcmp0 (case_get (c, "type"), "lexicon") == 0 || g_strcmp0 (case_get (c, "type"), "beam_lm_lexicon") == 0)
    config->unknown_score = RNN_CTC_NO_UNKNOWN;
}

/* ---- decoding ---- */

static RnnCtcDecoder *
make (const Search *search, const Matrix *m, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RnnTokens) tokens = NULL;

  for (gint v = 0; v < m->V; v++)
    g_ptr_array_add (names, v == m->blank ? g_strdup ("<blank>") : search->words ? g_strdup (m->labels->pdata[v])
        : ctc_letter (v));
  g_ptr_array_add (names, NULL);
  tokens = rnn_tokens_new ((const gchar *const *) names->pdata, m->blank, error);
  return tokens ? rnn_ctc_decoder_new (tokens, &search->config, error) : NULL;
}

static void
feed (RnnCtcDecoder *decoder, const Matrix *m)
{
  for (gint t = 0; t < m->T; t++)
    rnn_ctc_decoder_step (decoder, m->log_probs + (gsize) t * m->V);
  rnn_ctc_decoder_finish (decoder);
}

/* Labels as the search writes them. */
static gchar *
write_labels (const gint *labels, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    g_autofree gchar *one = ctc_letter (labels[i]);

    g_string_append (text, one);
  }
  return g_string_free (text, FALSE);
}

/* A case's text as the search writes it. */
static gchar *
write_text (const Search *search, const Matrix *m, const gchar *text)
{
  g_autoptr (GArray) ids = search->words ? NULL : ctc_spell (m, text);

  return ids ? write_labels ((const gint *) (gpointer) ids->data, ids->len) : ctc_fold_space (text);
}

static void
check_score (Case *c, const Matrix *m, RnnCtcDecoder *decoder, const gchar *name, const gchar *text, gdouble score)
{
  guint n;
  const RnnCtcReading *readings = rnn_ctc_decoder_get_n_best (decoder, &n);
  gfloat got = NAN, wanted = (gfloat) score;

  for (guint i = 0; i < n; i++)
    if (g_str_equal (readings[i].text, text))
      got = (gfloat) (readings[i].score + m->shift);
  case_check (c, name, &got, &wanted, 1, TOLERANCE);
}

/* ---- what cases expect ---- */

static void
check_best (Case *c, RnnCtcDecoder *decoder, const gchar *name, const gchar *expected)
{
  guint n;

  case_check_text (c, name, rnn_ctc_decoder_get_n_best (decoder, &n)->text, expected);
}

/* [{text, lm_score}, ...]: lm_score is the whole score */
static void
check_beams (Case *c, const Search *search, const Matrix *m, RnnCtcDecoder *decoder, const json_t *beams)
{
  for (gsize i = 0; i < json_array_size (beams); i++) {
    const json_t *beam = json_array_get (beams, i);
    g_autofree gchar *text = write_text (search, m, json_string_value (json_object_get (beam, "text")));
    g_autofree gchar *name = g_strdup_printf ("beams[%d]", (gint) i);

    check_score (c, m, decoder, name, text, number (beam, "lm_score", 0));
  }
}

/* [[labels], ...] with their probabilities */
static void
check_n_best (Case *c, const Matrix *m, RnnCtcDecoder *decoder, const json_t *lists, const json_t *probabilities)
{
  for (gsize i = 0; i < json_array_size (lists); i++) {
    const json_t *list = json_array_get (lists, i);
    gint labels[64];
    guint n = (guint) MIN (json_array_size (list), 64);
    g_autofree gchar *name = g_strdup_printf ("nbest[%d]", (gint) i), *text = NULL;

    for (guint k = 0; k < n; k++)
      labels[k] = (gint) json_integer_value (json_array_get (list, k));
    text = write_labels (labels, n);
    check_score (c, m, decoder, name, text, log (json_number_value (json_array_get (probabilities, i))));
  }
}

/* A search of a width of 100 finds the best text or another one: ours may be better by the score that both give, whose
 * sums leave out what fell to thresholds.  The other's text has to have the other's score here. */
static void
check_as_good (Case *c, RnnCtcDecoder *decoder, const gchar *name, const gchar *text, gdouble score)
{
  guint n;
  const RnnCtcReading *readings = rnn_ctc_decoder_get_n_best (decoder, &n);
  gfloat wanted = (gfloat) score, got = NAN;

  for (guint i = 0; i < n; i++)
    if (g_str_equal (readings[i].text, text))
      got = (gfloat) readings[i].score;
  if (isnan (got) && readings[0].score > score)
    got = wanted;               /* so much worse that it is not in the list any more */
  case_check (c, name, &got, &wanted, 1, (Tolerance) { 0, 0.5 });
}

/* {"alpha=A,beta=B": [{text, lm_score}, ...], ...} */
static gboolean
check_weights (Case *c, const Search *search, const Matrix *m, RnnCtcDecoder *decoder, json_t *lists, GError **error)
{
  RnnCtcDecoderConfig config = search->config;
  const gchar *weights;
  json_t *beams;

  json_object_foreach (lists, weights, beams) {
    const gchar *text = json_string_value (json_object_get (json_array_get (beams, 0), "text"));
    const gchar *beta = strstr (weights, "beta=");

    if (!text || !beta || !g_str_has_prefix (weights, "alpha="))
      return case_wrong (error, "%s: \"%s\" is not alpha=A,beta=B", c->path, weights);
    config.lm_weight = (gfloat) g_ascii_strtod (weights + 6, NULL);
    config.word_score = (gfloat) g_ascii_strtod (beta + 5, NULL);
    set_unknown (&config, json_object_get (c->json, "params"));
    if (!rnn_ctc_decoder_configure (decoder, &config, error))
      return FALSE;
    rnn_ctc_decoder_reset (decoder);
    feed (decoder, m);
    check_as_good (c, decoder, weights, text, number (json_array_get (beams, 0), "lm_score", 0));
  }
  return TRUE;
}

gboolean
ctc_check_beam (Case *c, const Matrix *m, GError **error)
{
  json_t *expect = json_object_get (c->json, "expect");
  const gchar *best = json_string_value (json_object_get (expect, "beam_best"));
  const gchar *words = json_string_value (json_object_get (expect, "best_words"));
  const gchar *with_lm = json_string_value (json_object_get (expect, "with_lm"));
  g_auto (Search) search = { 0 };
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  g_autofree gchar *text = NULL;

  search_init (&search, c);
  if (!(decoder = make (&search, m, error)))
    return FALSE;
  feed (decoder, m);
  best = best ? best : words ? words : with_lm;
  if (g_strcmp0 (case_get (c, "type"), "beam_lm_lexicon") == 0) {
    case_skip (c, "beam_best: spaces before and behind a text make another text there, here they do not count");
  } else if (best) {
    text = write_text (&search, m, best);
    check_best (c, decoder, "beam_best", text);
  }
  check_beams (c, &search, m, decoder, json_object_get (expect, "beams"));
  check_n_best (c, m, decoder, json_object_get (expect, "nbest"), json_object_get (expect, "prob"));
  return check_weights (c, &search, m, decoder, json_object_get (expect, "lm_beams"), error);
}

gboolean
ctc_check_beam3 (Case *c, const Matrix *m, const gchar *tensor, const json_t *beam3, GError **error)
{
  g_auto (Search) search = { 0 };
  g_autoptr (RnnCtcDecoder) decoder = NULL;

  search_init (&search, c);
  search.config.beam_width = 3;
  if (!(decoder = make (&search, m, error)))
    return FALSE;
  feed (decoder, m);
  for (gsize i = 0; i < json_array_size (beam3); i++) {
    const json_t *list = json_array_get (json_array_get (beam3, i), 0);
    gint labels[64];
    guint n = (guint) MIN (json_array_size (list), 64);
    g_autofree gchar *name = g_strdup_printf ("%s.beam3[%d]", tensor, (gint) i), *text = NULL;

    if (json_number_value (json_array_get (json_array_get (beam3, i), 1)) < -1e30)
      continue;                 /* impossible */
    for (guint k = 0; k < n; k++)
      labels[k] = (gint) json_integer_value (json_array_get (list, k));
    text = write_labels (labels, n);
    check_score (c, m, decoder, name, text, json_number_value (json_array_get (json_array_get (beam3, i), 1)));
  }
  return TRUE;
}
