/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC: the loss and its gradient (in.logits [T][B][V], in.targets [B][S]), and JSON cases over a matrix [T][V]: greedy
 * texts through the decoder, exact probabilities of texts through the loss. */
#include "families.h"
#include "ctc.h"
#include "ctc/ctc.h"
#include <math.h>
#include <string.h>

/* ---- the loss ---- */

typedef struct {
  const Tensor *logits, *targets, *steps, *labels;
  gint T, B, V, S, blank;
} Batch;

static gboolean
read_batch (Case *c, Batch *b, GError **error)
{
  b->blank = (gint) case_get_number (c, "blank", 0);
  if (!(b->logits = case_need (c, "in.logits", error, 3, -1, -1, -1)))
    return FALSE;
  b->T = b->logits->dims[0];
  b->B = b->logits->dims[1];
  b->V = b->logits->dims[2];
  if (!(b->targets = case_need (c, "in.targets", error, 2, b->B, -1))
      || !(b->steps = case_need (c, "in.input_lengths", error, 1, b->B))
      || !(b->labels = case_need (c, "in.target_lengths", error, 1, b->B)))
    return FALSE;
  b->S = b->targets->dims[1];
  if (b->blank < 0 || b->blank >= b->V)
    return case_wrong (error, "%s: the blank is %d of %d", c->path, b->blank, b->V);
  for (gint i = 0; i < b->B; i++) {
    if (!(b->steps->data[i] >= 1 && b->steps->data[i] <= b->T && b->labels->data[i] >= 0 && b->labels->data[i] <= b->S))
      return case_wrong (error, "%s: the lengths of example %d do not fit", c->path, i);
    for (gint s = 0; s < (gint) b->labels->data[i]; s++) {
      gfloat label = b->targets->data[i * b->S + s];

      if (!(label >= 0 && label < b->V) || (gint) label == b->blank)
        return case_wrong (error, "%s: example %d has a label %g", c->path, i, label);
    }
  }
  return TRUE;
}

/* -log P (labels[L]); dlogits may be NULL */
static gfloat
loss_of (const gfloat *logits, gsize ld, gint T, gint V, const gint *labels, gint L, gint blank, gfloat *dlogits)
{
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, V, L));

  return rnn_ctc_loss (logits, ld, T, V, labels, L, blank, 1, dlogits, ld, scratch);
}

static gboolean
run_loss (Case *c, GError **error)
{
  Batch b;
  g_autofree gfloat *nll = NULL, *finite = NULL, *grad = NULL;
  g_autofree gint *labels = NULL;
  gdouble mean = 0;
  gfloat mean_of_all;

  if (!read_batch (c, &b, error))
    return FALSE;
  nll = g_new (gfloat, b.steps->n);
  finite = g_new (gfloat, b.steps->n);
  grad = g_new0 (gfloat, b.logits->n);
  labels = g_new (gint, b.targets->n);
  for (gint i = 0; i < b.B; i++) {
    gint L = (gint) b.labels->data[i];

    for (gint s = 0; s < L; s++)
      labels[s] = (gint) b.targets->data[i * b.S + s];
    nll[i] = loss_of (b.logits->data + i * b.V, (gsize) b.B * b.V, (gint) b.steps->data[i], b.V, labels, L, b.blank,
        grad + i * b.V);
    finite[i] = isinf (nll[i]) ? 0 : nll[i];
    mean += finite[i] / MAX (L, 1) / b.B;
  }
  case_compare (c, "out.nll", nll, (gsize) b.B);
  mean_of_all = (gfloat) mean;
  if (case_find (c, "out.nll_zero_infinity"))
    case_compare (c, "out.nll_zero_infinity", finite, (gsize) b.B);
  if (case_find (c, "out.mean_zero_infinity"))
    case_compare (c, "out.mean_zero_infinity", &mean_of_all, 1);
  case_compare_with (c, "grad.in.logits", grad, b.logits->n, case_tolerance (c, "grad",
          case_tolerance (c, NULL, (Tolerance) { 0, 1e-5 })));
  return TRUE;
}

/* ---- a matrix and what its columns are called ---- */

static void
matrix_clear (Matrix *m)
{
  g_clear_pointer (&m->file, case_free);
  g_clear_pointer (&m->log_probs, g_free);
  g_clear_pointer (&m->labels, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Matrix, matrix_clear)

static gboolean
fill_matrix (Case *c, Matrix *m, const gchar *tensor, gboolean probabilities, GError **error)
{
  const Tensor *t = case_need (m->file, tensor, error, 2, -1, -1);

  if (!t)
    return FALSE;
  m->T = t->dims[0];
  m->V = t->dims[1];
  m->shift = 0;
  g_free (m->log_probs);
  m->log_probs = g_memdup2 (t->data, t->n * sizeof (gfloat));
  for (gsize i = 0; probabilities && i < t->n; i++)
    m->log_probs[i] = logf (t->data[i]);
  for (gint row = 0; row < m->T; row++)
    m->shift += rnn_log_sum_exp (m->V, m->log_probs + (gsize) row * m->V);
  return (m->blank >= 0 && m->blank < m->V) || case_wrong (error, "%s: the blank is %d of %d", c->path, m->blank, m->V);
}

/* The list may leave out the blank. */
static gboolean
read_labels (Case *c, Matrix *m, GError **error)
{
  const json_t *list = json_object_get (c->json, "labels");
  gint n = (gint) json_array_size (list);

  if (n != m->V && n != m->V - 1)
    return case_wrong (error, "%s: %d labels for %d columns", c->path, n, m->V);
  m->labels = g_ptr_array_new_with_free_func (g_free);
  for (gint v = 0, i = 0; v < m->V; v++) {
    gboolean left_out = n < m->V && v == m->blank;
    const gchar *label = left_out ? "" : json_string_value (json_array_get (list, (gsize) i++));

    if (!label)
      return case_wrong (error, "%s: a label is no text", c->path);
    g_ptr_array_add (m->labels, g_strdup (label));
  }
  return TRUE;
}

static gboolean
open_matrix (Case *c, Matrix *m, GError **error)
{
  const json_t *input = json_object_get (c->json, "input");
  const gchar *tensor = json_string_value (json_object_get (input, "tensor"));
  const gchar *kind = json_string_value (json_object_get (input, "kind"));

  m->blank = (gint) json_integer_value (json_object_get (c->json, "blank"));
  m->file = case_open_beside (c, json_string_value (json_object_get (input, "file")), error);
  return m->file && fill_matrix (c, m, tensor ? tensor : "input", g_strcmp0 (kind, "probs") == 0, error)
      && read_labels (c, m, error);
}

/* ---- greedy decoding ---- */

static gchar *
decode_greedy (const Matrix *m, const gchar *const *names, GError **error)
{
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, m->blank, error);
  g_autoptr (RnnCtcDecoder) decoder = tokens ? rnn_ctc_decoder_new (tokens, &(RnnCtcDecoderConfig) { 0 }, error) : NULL;
  GString *text = g_string_new (NULL);
  const RnnCtcWord *words;
  guint n = 0;

  for (gint t = 0; decoder && t < m->T; t++)
    rnn_ctc_decoder_step (decoder, m->log_probs + (gsize) t * m->V);
  if (decoder) {
    rnn_ctc_decoder_finish (decoder);
    words = rnn_ctc_decoder_get_words (decoder, FALSE, &n, NULL);
    for (guint i = 0; i < n; i++)
      g_string_append_printf (text, "%s%s", i ? " " : "", words[i].text);
  }
  return g_string_free (text, decoder == NULL);
}

/* The decoder gives words: white space counts as one space between them. */
gchar *
ctc_fold_space (const gchar *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GString *folded = g_string_new (NULL);

  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_string_append_printf (folded, "%s%s", folded->len ? " " : "", words[i]);
  return g_string_free (folded, FALSE);
}

static gboolean
check_greedy (Case *c, const Matrix *m, const gchar *expected, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree gchar *got = NULL, *folded = ctc_fold_space (expected);

  for (gint v = 0; v < m->V; v++)
    g_ptr_array_add (names, v == m->blank ? (gpointer) "<blank>" : m->labels->pdata[v]);
  g_ptr_array_add (names, NULL);
  if (!(got = decode_greedy (m, (const gchar *const *) names->pdata, error)))
    return FALSE;
  case_check_text (c, "greedy", got, folded);
  return TRUE;
}

/* ---- probabilities of texts ---- */

static void
check_log_prob (Case *c, const Matrix *m, const gchar *name, const gint *labels, gint L, gdouble expected)
{
  gfloat got = (gfloat) (m->shift - loss_of (m->log_probs, (gsize) m->V, m->T, m->V, labels, L, m->blank, NULL));
  gfloat wanted = (gfloat) expected;

  case_check (c, name, &got, &wanted, 1, (Tolerance) { 1e-5, 1e-5 });
}

/* The numbers of the labels that @text consists of, longest first. */
GArray *
ctc_spell (const Matrix *m, const gchar *text)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint));

  while (*text) {
    gint best = -1;
    gsize longest = 0;

    for (gint v = 0; v < m->V; v++) {
      const gchar *label = m->labels->pdata[v];

      if (v != m->blank && strlen (label) > longest && g_str_has_prefix (text, label)) {
        best = v;
        longest = strlen (label);
      }
    }
    if (best < 0) {
      g_array_unref (ids);
      return NULL;
    }
    g_array_append_val (ids, best);
    text += longest;
  }
  return ids;
}

static gboolean
check_text (Case *c, const Matrix *m, const gchar *kind, const gchar *text, gdouble log_prob, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%s:%s", kind, text);
  g_autoptr (GArray) ids = ctc_spell (m, text);

  g_strdelimit (name, " ", '_');
  if (!ids)
    return case_wrong (error, "%s: no labels spell \"%s\"", c->path, text);
  check_log_prob (c, m, name, (const gint *) ids->data, (gint) ids->len, log_prob);
  return TRUE;
}

/* Entries [[text, log P], ...] */
static gboolean
check_list (Case *c, const Matrix *m, const gchar *kind, const json_t *list, GError **error)
{
  gsize i;
  json_t *pair;

  json_array_foreach (list, i, pair) {
    const gchar *text = json_string_value (json_array_get (pair, 0));

    if (!text || !check_text (c, m, kind, text, json_number_value (json_array_get (pair, 1)), error))
      return text ? FALSE : case_wrong (error, "%s: %s holds no text", c->path, kind);
  }
  return TRUE;
}

/* {text: nll} or {text: probability} */
static gboolean
check_object (Case *c, const Matrix *m, const gchar *kind, json_t *object, GError **error)
{
  gboolean is_nll = g_str_equal (kind, "nll");
  const gchar *text;
  json_t *value;

  if (!json_is_object (object))         /* a list: of a beam search */
    return TRUE;
  json_object_foreach (object, text, value) {
    gdouble x = json_number_value (value);

    if (!check_text (c, m, kind, text, is_nll ? -x : log (x), error))
      return FALSE;
  }
  return TRUE;
}

/* ---- JSON cases ---- */

/* What only a search with a beam, a lexicon or a language model can answer. */
static const gchar *const needs_beam[] = { "beam_best", "beams", "nbest", "best_words", "lm_beams", "with_lm", NULL };

static gboolean
run_decoding (Case *c, GError **error)
{
  json_t *expect = json_object_get (c->json, "expect");
  const gchar *greedy = json_string_value (json_object_get (expect, "greedy"));
  const gchar *truth = json_string_value (json_object_get (expect, "gt"));
  g_auto (Matrix) m = { NULL };

  if (!open_matrix (c, &m, error) || (greedy && !check_greedy (c, &m, greedy, error))
      || !check_list (c, &m, "exact_top5", json_object_get (expect, "exact_top5"), error)
      || !check_object (c, &m, "nll", json_object_get (expect, "nll"), error)
      || !check_object (c, &m, "prob", json_object_get (expect, "prob"), error))
    return FALSE;
  if (truth && !check_text (c, &m, "gt_nll", truth, -json_number_value (json_object_get (expect, "gt_nll")), error))
    return FALSE;
  for (guint i = 0; needs_beam[i]; i++)
    if (json_object_get (expect, needs_beam[i]))
      return ctc_check_beam (c, &m, error);
  return TRUE;
}

/* A character for a label that is only a number. */
gchar *
ctc_letter (gint v)
{
  gchar *text = g_new0 (gchar, 8);

  g_unichar_to_utf8 (0x4e00 + (gunichar) CLAMP (v, 0, 20000), text);
  return text;
}

static void
check_best (Case *c, const Matrix *m, const gchar *tensor, const json_t *best)
{
  for (gsize i = 0; i < json_array_size (best); i++) {
    const json_t *labelling = json_array_get (json_array_get (best, i), 0);
    gint L = (gint) json_array_size (labelling);
    g_autofree gint *labels = g_new (gint, L + 1);
    g_autofree gchar *name = g_strdup_printf ("%s.exact_top5[%d]", tensor, (gint) i);

    for (gint l = 0; l < L; l++)
      labels[l] = (gint) CLAMP (json_integer_value (json_array_get (labelling, (gsize) l)), 0, m->V - 1);
    check_log_prob (c, m, name, labels, L, json_number_value (json_array_get (json_array_get (best, i), 1)));
  }
}

static gboolean
check_greedy_labels (Case *c, const Matrix *m, const gchar *tensor, const json_t *labels, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *name = g_strconcat (tensor, ".greedy", NULL), *text = NULL;
  g_autoptr (GString) expected = g_string_new (NULL);

  for (gint v = 0; v < m->V; v++)
    g_ptr_array_add (names, ctc_letter (v));
  g_ptr_array_add (names, NULL);
  for (gsize i = 0; i < json_array_size (labels); i++) {
    g_autofree gchar *one = ctc_letter ((gint) json_integer_value (json_array_get (labels, i)));

    g_string_append (expected, one);
  }
  if ((text = decode_greedy (m, (const gchar *const *) names->pdata, error)))
    case_check_text (c, name, text, expected->str);
  return text != NULL;
}

/* One matrix of many: labellings are lists of numbers, probabilities natural logarithms. */
static gboolean
check_exact (Case *c, Matrix *m, const json_t *one, GError **error)
{
  const gchar *tensor = json_string_value (json_object_get (one, "tensor"));
  const json_t *empty = json_object_get (one, "empty_logprob"), *greedy = json_object_get (one, "greedy");

  m->blank = (gint) json_integer_value (json_object_get (one, "blank"));
  if (!tensor)
    return case_wrong (error, "%s: a case names no tensor", c->path);
  if (!fill_matrix (c, m, tensor, FALSE, error))
    return FALSE;
  check_best (c, m, tensor, json_object_get (one, "exact_top5"));
  if (empty) {
    g_autofree gchar *name = g_strconcat (tensor, ".empty_logprob", NULL);

    check_log_prob (c, m, name, NULL, 0, json_number_value (empty));
  }
  return (!greedy || check_greedy_labels (c, m, tensor, greedy, error))
      && ctc_check_beam3 (c, m, tensor, json_object_get (one, "beam3"), error);
}

static gboolean
run_exact (Case *c, GError **error)
{
  const json_t *cases = json_object_get (c->json, "cases");
  g_auto (Matrix) m = { NULL };
  gsize i;
  json_t *one;

  if (!(m.file = case_open_beside (c, json_string_value (json_object_get (c->json, "file")), error)))
    return FALSE;
  json_array_foreach (cases, i, one) {
    if (!check_exact (c, &m, one, error))
      return FALSE;
  }
  return json_array_size (cases) > 0 || case_wrong (error, "%s: has no cases", c->path);
}

const CaseKind cases_ctc[] = {
  { "kind", "CTC_LOSS", "in.logits", run_loss },
  { "type", "exact", NULL, run_exact },
  { "type", "greedy*", NULL, run_decoding },
  { "type", "beam*", NULL, run_decoding },
  { "type", "lexicon", NULL, run_decoding },
  { NULL }
};
