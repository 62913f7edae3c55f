/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handwriting (Alimoglu & Alpaydin 1996, UCI's pendigits: 30 writers to learn from, 14 others to be tested on).  Single
 * digits: many steps to one class.  Strings of digits: CTC, on strokes of several digits of the same group of writers, written
 * side by side; half of the digits that are learnt from are as a drawing of many points is read (features/pen.h).
 *
 * FILE: the folder of pendigits.tra and pendigits.tes. */
#include "pen.h"
#include "train/dataset.h"
#include <string.h>

#define LONGEST 6               /* digits of a string */
#define DRAWN 6                 /* strings */
#define DEV 7                   /* every seventh digit is kept from learning, to choose the epoch by */

typedef struct {
  GArray *train, *dev, *test;   /* of PenDigit */
} Digits;

/* ---- data ---- */

static gboolean
read_digits (const Setting *setting, Digits *digits, GError **error)
{
  g_autofree gchar *tra = g_build_filename (setting->file, "pendigits.tra", NULL);
  g_autofree gchar *tes = g_build_filename (setting->file, "pendigits.tes", NULL);
  g_autoptr (GArray) known = pen_read (tra, error);

  digits->train = g_array_new (FALSE, FALSE, sizeof (PenDigit));
  digits->dev = g_array_new (FALSE, FALSE, sizeof (PenDigit));
  if (!known || !(digits->test = pen_read (tes, error)))
    return FALSE;
  for (guint i = 0; i < known->len; i++)
    g_array_append_val (i % DEV == DEV - 1 ? digits->dev : digits->train, g_array_index (known, PenDigit, i));
  if (digits->dev->len == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: fewer than %d digits", tra, DEV);
  return digits->dev->len > 0;
}

static void
clear_digits (Digits *digits)
{
  g_clear_pointer (&digits->train, g_array_unref);
  g_clear_pointer (&digits->dev, g_array_unref);
  g_clear_pointer (&digits->test, g_array_unref);
}

static RnnDataset *
make_singles (const GArray *digits)
{
  RnnDataset *dataset = rnn_dataset_new (RNN_PEN_SIZE);
  gfloat steps[RNN_PEN_POINTS * RNN_PEN_SIZE], targets[RNN_PEN_POINTS];

  for (guint i = 0; i < digits->len; i++) {
    const PenDigit *digit = &g_array_index (digits, PenDigit, i);

    pen_write (digit, 1, NULL, steps);
    for (guint t = 0; t < RNN_PEN_POINTS; t++)
      targets[t] = (gfloat) digit->value;
    rnn_dataset_add_series (dataset, steps, RNN_PEN_POINTS, targets, 1);
  }
  return dataset;
}

/* New variations of the digits that @data holds, for every epoch. */
static void
vary_singles (RnnDataset *dataset, guint64 seed, gpointer data)
{
  const GArray *digits = data;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 2);
  for (guint i = 0; i < digits->len; i++) {
    PenDigit varied = pen_vary (&g_array_index (digits, PenDigit, i), &rng);

    pen_write (&varied, 1, NULL, RNN_EXAMPLE (dataset, i)->frames);
  }
}

/* A string of two to LONGEST digits. */
static void
add_string (RnnDataset *dataset, const GArray *digits, gboolean vary, RnnRng *rng)
{
  guint n = 2 + rnn_rng_below (rng, LONGEST - 1);
  PenDigit chosen[LONGEST];
  gint labels[LONGEST];
  gfloat steps[LONGEST * RNN_PEN_POINTS * RNN_PEN_SIZE];

  for (guint d = 0; d < n; d++) {
    chosen[d] = g_array_index (digits, PenDigit, rnn_rng_below (rng, digits->len));
    labels[d] = 1 + chosen[d].value;
    if (vary && rnn_rng_below (rng, 2))
      chosen[d] = pen_retrace (&chosen[d], rng);
    if (vary)
      chosen[d] = pen_vary (&chosen[d], rng);
  }
  pen_write (chosen, n, rng, steps);
  rnn_dataset_add_ctc (dataset, steps, n * RNN_PEN_POINTS, labels, n);
}

static RnnDataset *
make_strings (const GArray *digits, guint n, gboolean vary, guint64 seed)
{
  RnnDataset *dataset = rnn_dataset_new (RNN_PEN_SIZE);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 3);
  for (guint i = 0; i < n; i++)
    add_string (dataset, digits, vary, &rng);
  return dataset;
}

static void
vary_strings (RnnDataset *dataset, guint64 seed, gpointer data)
{
  guint n = rnn_dataset_get_n (dataset);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 3);
  rnn_dataset_empty (dataset);
  for (guint i = 0; i < n; i++)
    add_string (dataset, data, TRUE, &rng);
}

/* ---- single digits ---- */

static gboolean
train_singles (const Setting *setting, const Digits *digits, json_t *figures, GError **error)
{
  RnnDataset *train = make_singles (digits->train), *dev = make_singles (digits->dev), *test = make_singles (digits->test);
  gdouble loss, wrong;
  FitResult result;
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "handwriting-digits", NULL, NULL, error);
  gboolean ok;

  fit.refresh = vary_singles;
  fit.data = digits->train;
  ok = model && fit_run (&fit, model, train, dev, &result, error)
      && fit_evaluate (&fit, model, test, &loss, &wrong, error) && fit_save (setting, model, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  rnn_dataset_free (test);
  if (ok)
    json_object_update_new (figures, json_pack ("{sfsfsf}", "digits_right", 100 - 100 * wrong, "digits_dev_right",
            100 - 100 * (gdouble) result.best, "digits_minutes", result.seconds / 60));
  return ok;
}

/* ---- strings ---- */

/* The greedy text of an example. */
static gchar *
read_string (RnnModel *model, RnnCtcDecoder *decoder, const RnnExample *example)
{
  g_autofree gfloat *y = fit_answer (model, example->frames, example->n_frames);
  const RnnCtcWord *words;
  guint n, n_stable;

  rnn_ctc_decoder_reset (decoder);
  for (guint t = 0; t < example->n_frames; t++)
    rnn_ctc_decoder_step (decoder, y + (gsize) t * rnn_model_get_n_out (model));
  rnn_ctc_decoder_finish (decoder);
  words = rnn_ctc_decoder_get_words (decoder, TRUE, &n, &n_stable);
  return g_strdup (n ? words[0].text : "");
}

/* What there is to draw: where the pen went, what was read and what it is. */
static void
draw_string (Table *table, guint number, const RnnExample *example, const gchar *hyp, const gchar *ref)
{
  gfloat x = 0, y = 0;

  for (guint t = 0; t < example->n_frames; t++) {
    const gfloat *step = example->frames + (gsize) t * RNN_PEN_SIZE;

    x += step[0];
    y += step[1];
    for (gint lifted = step[2] > 0; lifted >= 0; lifted--)      /* a line ends there, and another begins */
      table_row (table, "%u\t%s\t%d\t%.2f\t%.2f\t%s", number, *hyp ? hyp : "-", lifted, (gdouble) x, (gdouble) y, ref);
  }
}

static gboolean
measure_strings (RnnModel *model, RnnDataset *test, Table *table, json_t *figures, GError **error)
{
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (rnn_model_get_tokens (model), rnn_model_get_blank (model), error);
  g_autoptr (RnnCtcDecoder) decoder = NULL;
  RnnCtcDecoderConfig config;
  RnnErrorCount errors = { 0 };
  guint wrong = 0, n = rnn_dataset_get_n (test);

  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  decoder = tokens ? rnn_ctc_decoder_new (tokens, &config, error) : NULL;
  for (guint i = 0; decoder && i < n; i++) {
    const RnnExample *example = RNN_EXAMPLE (test, i);
    g_autofree gchar *ref = rnn_tokens_decode (tokens, example->texts->ids, example->texts->n);
    g_autofree gchar *hyp = read_string (model, decoder, example);

    rnn_error_count_add (&errors, ref, hyp, TRUE);
    wrong += !g_str_equal (ref, hyp);
    if (i < DRAWN)
      draw_string (table, i, example, hyp, ref);
  }
  json_object_update_new (figures, json_pack ("{sfsf}", "strings_digit_errors", 100 * rnn_error_count_rate (&errors),
          "strings_right", 100.0 * (n - wrong) / n));
  return decoder != NULL;
}

static gboolean
train_strings (const Setting *setting, const Digits *digits, Table *table, json_t *figures, GError **error)
{
  guint n = setting->smoke ? 200 : 4000;
  RnnDataset *train = make_strings (digits->train, n, TRUE, (guint64) setting->seed);
  RnnDataset *dev = make_strings (digits->dev, n / 8, FALSE, 1000), *test = make_strings (digits->test, n / 4, FALSE, 1001);
  FitResult result;
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "handwriting-strings", NULL, NULL, error);
  gboolean ok;

  fit.refresh = vary_strings;
  fit.data = digits->train;
  ok = model && fit_run (&fit, model, train, dev, &result, error) && measure_strings (model, test, table, figures, error)
      && fit_save (setting, model, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  rnn_dataset_free (test);
  if (ok)
    json_object_set_new (figures, "strings_minutes", json_real (result.seconds / 60));
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "handwriting", "string\tread\tlifted\tx\ty\twritten", error);
  json_t *figures = json_object ();
  Digits digits = { NULL };
  gboolean ok = table && read_digits (setting, &digits, error) && train_singles (setting, &digits, figures, error)
      && train_strings (setting, &digits, table, figures, error);

  clear_digits (&digits);
  if (ok)
    report (setting, "handwriting", figures);
  else
    json_decref (figures);
  return ok;
}

const Experiment application_handwriting = { "handwriting", "digits and strings of digits from pen strokes", TRUE, run };
