/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scores of tokens and of a blank, read by a CTC decoder (Graves et al. 2006).  Loss: -log of the probability of the text
 * (ctc/loss.c); metric: word error rate of what captions would say by default (speech/utterance.c).
 *
 * Tokens spell a text, or, with a "dictionary" of words, are the phones in which it is said: {"tokens": ["<blank>", "AA", ...],
 * "dictionary": "cmudict.dict"}.  Only training opens it.
 *
 * With "mmi" above 0 training adds so much of maximum mutual information (ctc/denominator.h): loss = CTC + mmi (log of the
 * probability of all texts - log of the trigram's probability of this one), which at 1 is CTC-CRF.
 *
 * "spellings" are texts that several tokens in a row stand for: {"spellings": {"\u5b57": [12, 45]}}. */
#include "calibration.h"
#include "output.h"
#include "../ctc/ctc.h"
#include "../speech/utterance.h"
#include "../text/tokens-private.h"
#include <math.h>

static const RnnOption options[] = {
  RNN_OPT_INT (RnnOutput, blank, 0, 65535, 0, "which token is the blank"),
  RNN_OPT_FLOAT (RnnOutput, mmi, 0, 1, 0, "share of maximum mutual information in training"),
  { NULL }
};

static const gchar *const keys[] = { "tokens", "text", "dictionary", "calibration", "spellings", NULL };

static gboolean
read_dictionary (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  const json_t *path = json_object_get (object, "dictionary");

  output->dictionary = g_strdup (json_string_value (path));
  if (!path || output->dictionary)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"dictionary\" is not the path of a file", where);
  return FALSE;
}

static gboolean
read_calibration (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  const json_t *list = json_object_get (object, "calibration");

  output->calibration = rnn_calibration_read (list, where, error);
  return !list || output->calibration;
}

static gboolean
read_spellings (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  const json_t *spellings = json_object_get (object, "spellings");
  RnnSpellings *read = spellings ? rnn_spellings_new (spellings, output->n, where, error) : NULL;

  if (read)
    rnn_tokens_set_spellings (output->tokens, read);
  return read || !spellings;
}

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  g_autofree gchar *text = g_strdup_printf ("%s: text", where);

  if (!rnn_output_read_names (output, object, "tokens", where, error)
      || !rnn_text_config_read (&output->text, json_object_get (object, "text"), text, error)
      || !read_dictionary (output, object, where, error) || !read_calibration (output, object, where, error))
    return FALSE;
  if (output->blank >= output->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"blank\" is not the index of a token", where);
    return FALSE;
  }
  if (output->mmi > 0 && output->n > RNN_CTC_DENOMINATOR_TOKENS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: \"mmi\" is for up to %d tokens, not %d", where,
        RNN_CTC_DENOMINATOR_TOKENS, output->n);
    return FALSE;
  }
  if (!output->names)
    return TRUE;
  output->tokens = rnn_tokens_new ((const gchar *const *) output->names, output->blank, error);
  if (!output->tokens)
    g_prefix_error (error, "%s: ", where);
  return output->tokens && read_spellings (output, object, where, error);
}

static gboolean
accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  const RnnSequence *text = labels->texts;

  if (labels->n_texts != 1 || !text->ids)
    return rnn_output_refuse (reason, "it has no labels");
  for (gint i = 0; i < text->n; i++)
    if (text->ids[i] < 0 || text->ids[i] >= output->n || text->ids[i] == output->blank)
      return rnn_output_refuse (reason, "a label is not one of the model's tokens");
  return TRUE;
}

static gsize
scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  gsize ctc = rnn_ctc_loss_scratch (steps, output->n, labels->texts->n);

  return output->mmi > 0 ? MAX (ctc, rnn_ctc_denominator_scratch (output->n, steps)) : ctc;
}

static gfloat
loss (const RnnOutput *output, const RnnAnswer *a)
{
  const RnnSequence *text = a->labels.texts;
  const RnnCtcDenominator *denominator = a->denominators ? a->denominators[0] : NULL;
  gfloat nll = rnn_ctc_loss (a->y, a->ld, a->steps, output->n, text->ids, text->n, output->blank, a->scale, a->dy, a->ld,
      a->scratch);

  if (!denominator || !isfinite (nll))
    return nll;
  return nll + output->mmi * (gfloat) (rnn_ctc_denominator_add (denominator, a->y, a->ld, a->steps, a->scale * output->mmi, a->dy,
      a->ld, a->scratch) - rnn_ctc_denominator_score (denominator, text->n, text->ids));
}

/* ---- words ---- */

static void
end (RnnMeasure *measure)
{
  g_clear_pointer ((RnnUtterance **) &measure->work, rnn_utterance_free);
}

/* Tokens without names make no words to compare. */
static gboolean
begin (const RnnOutput *output, RnnMeasure *measure, GError **error)
{
  RnnUtteranceConfig config;

  rnn_options_init (rnn_utterance_get_options (), &config);
  measure->work = output->tokens ? rnn_utterance_new (output->tokens, &config, error) : NULL;
  return measure->work || !output->tokens;
}

static void
take_words (RnnUtterance *utterance, GString *text)
{
  const RnnResult *result;

  while ((result = rnn_utterance_next (utterance)))
    if (result->kind == RNN_RESULT_FINAL)
      g_string_append_printf (text, "%s%s", text->len ? " " : "", result->text);
}

/* ns; 0 where nobody knows */
static guint64
time_of (const RnnAnswer *a, gint step)
{
  return a->rate > 0 ? (guint64) step * a->hop * G_GUINT64_CONSTANT (1000000000) / a->rate : 0;
}

/* What captions of the example would say. */
static gchar *
listen (RnnUtterance *utterance, const RnnAnswer *a)
{
  GString *text = g_string_new (NULL);

  for (gint t = 0; t < a->steps; t++) {
    rnn_utterance_push (utterance, a->y + t * a->ld, time_of (a, t), time_of (a, t + 1));
    take_words (utterance, text);
  }
  rnn_utterance_finish (utterance);
  take_words (utterance, text);
  rnn_utterance_reset (utterance);
  return g_string_free (text, FALSE);
}

static void
measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  RnnErrorCount count = { 0 };
  g_autofree gchar *ref = NULL, *hyp = NULL;

  if (!m->work)
    return;
  ref = rnn_tokens_decode (output->tokens, a->labels.texts->ids, a->labels.texts->n);
  hyp = listen (m->work, a);
  rnn_error_count_add (&count, ref, hyp, FALSE);
  m->errors += count.substitutions + count.deletions + count.insertions;
  m->total += count.reference;
}

const RnnOutputClass rnn_output_ctc = {
  .name = "ctc",
  .summary = "scores of tokens and a blank (connectionist temporal classification)",
  .instance_size = sizeof (RnnOutput),
  .options = options,
  .keys = keys,
  .label = RNN_LABEL_TEXT,
  .metric = { "WER", .percent = TRUE },
  .caps = "logits",
  .unlearnt = "too short for their text",
  .setup = setup,
  .accepts = accepts,
  .scratch = scratch,
  .loss = loss,
  .begin = begin,
  .end = end,
  .measure = measure,
};
