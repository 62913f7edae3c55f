/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next character of a text: seven architectures of the same number of parameters, after the same number of updates, or, where
 * a time is set, after the same CPU time.
 *
 * FILE: any text; its last part is held out and read as one stream. */
#include "fit.h"
#include <math.h>
#include <string.h>

#define LENGTH 128              /* characters per example */
#define BATCH 16
#define HELD_OUT 50000          /* characters, at most a tenth of the text */
#define TIMED 20                /* updates that tell how long one takes */

typedef struct {
  const gchar *name;
  const gchar *body;            /* of width %1$d, in %2$d heads of 16 */
  gboolean tied;                /* one matrix for what is read and what is told */
} Body;

#define SKIP(layer) "{'cell': 'residual', 'layers': [{'cell': 'norm'}, " layer "]}"

static const Body bodies[] = {
  { "lstm", "{'cell': 'lstm', 'hidden': %1$d}" },
  { "lstm-tied", "{'cell': 'lstm', 'hidden': %1$d}", TRUE },
  { "gru", "{'cell': 'gru', 'hidden': %1$d}" },
  { "mlstm", SKIP ("{'cell': 'mlstm', 'heads': 2, 'inner': %1$d}") ", "
    SKIP ("{'cell': 'mlstm', 'heads': 2, 'inner': %1$d}") ", {'cell': 'norm'}" },
  { "rwkv7", SKIP ("{'cell': 'rwkv7', 'heads': %2$d}") ", " SKIP ("{'cell': 'rwkvffn'}") ", {'cell': 'norm'}" },
  { "mamba2", SKIP ("{'cell': 'mamba2', 'd_state': 16, 'headdim': 16}") ", " SKIP ("{'cell': 'mamba2', 'd_state': 16, 'headdim': 16}")
    ", {'cell': 'norm'}" },
  { "mamba", SKIP ("{'cell': 'mamba'}") ", " SKIP ("{'cell': 'mamba'}") ", {'cell': 'norm'}" },
};

typedef struct {
  gchar *name;                  /* of the file, without its extension */
  gchar *text;
  gsize n;
  gint code[256], n_codes;      /* of the bytes that occur */
} Text;

static gboolean
read_text (const Setting *setting, Text *text, GError **error)
{
  if (!g_file_get_contents (setting->file, &text->text, &text->n, error))
    return FALSE;
  if (setting->smoke)
    text->n = MIN (text->n, 20 * LENGTH);
  if (text->n < 20 * LENGTH) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: only %" G_GSIZE_FORMAT " characters", setting->file, text->n);
    return FALSE;
  }
  memset (text->code, -1, sizeof (text->code));
  for (gsize i = 0; i < text->n; i++)
    if (text->code[(guint8) text->text[i]] < 0)
      text->code[(guint8) text->text[i]] = text->n_codes++;
  text->name = g_path_get_basename (setting->file);
  if (strchr (text->name + 1, '.'))
    *strchr (text->name + 1, '.') = 0;
  return TRUE;
}

/* The characters [first, end) in pieces, each with the one that follows as its target. */
static RnnDataset *
make_dataset (const Text *text, gsize first, gsize end, gsize length)
{
  RnnDataset *dataset = rnn_dataset_new (1);
  g_autofree gfloat *codes = g_new (gfloat, length + 1);

  for (; first + length < end; first += length) {
    for (gsize i = 0; i <= length; i++)
      codes[i] = text->code[(guint8) text->text[first + i]];
    rnn_dataset_add_series (dataset, codes, (guint) length, codes + 1, 1);
  }
  return dataset;
}

static RnnModel *
make_model (const Setting *setting, const Body *body, gint tokens, gint width, GError **error)
{
  g_autofree gchar *format = g_strdup_printf (body->tied ? "[{'cell': 'tied', 'tokens': %1$d, 'units': %%1$d, 'layers': [%2$s]}]"
      : "[{'cell': 'embedding', 'tokens': %1$d, 'units': %%1$d}, %2$s, {'cell': 'dense', 'units': %1$d}]", tokens, body->body);
  g_autofree gchar *layers = g_strdup_printf (format, width, width / 16);

  return model_new (1, setting->seed, error, "%s", layers);
}

/* The width whose model comes nearest to @n_params. */
static RnnModel *
model_of_size (const Setting *setting, const Body *body, gint tokens, gsize n_params, GError **error)
{
  g_autoptr (RnnModel) best = NULL;

  for (gint width = 16;; width += 16) {
    RnnModel *model = make_model (setting, body, tokens, width, error);
    gdouble ratio, best_ratio = best ? n_params / (gdouble) rnn_model_get_n_params (best) : INFINITY;

    if (!model)
      return NULL;
    ratio = n_params / (gdouble) rnn_model_get_n_params (model);
    if (fabs (log (ratio)) > fabs (log (best_ratio))) {
      rnn_model_unref (model);
      return g_steal_pointer (&best);
    }
    g_clear_pointer (&best, rnn_model_unref);
    best = model;
  }
}

typedef struct {
  const gchar *name;
  Table *curve;
  guint every;                  /* updates to a row */
  gdouble sum;                  /* of the losses since the last row */
} Watch;

static void
watch (const RnnTrainStats *stats, gpointer data)
{
  Watch *w = data;

  w->sum += stats->loss;
  if (stats->update % w->every)
    return;
  table_row (w->curve, "%s\t%" G_GUINT64_FORMAT "\t%.4f", w->name, stats->update, w->sum / w->every);
  w->sum = 0;
}

/* The characters, as the tokens that `rnncore generate` and `rnncore perplexity` want; of a text that is not ASCII none. */
static json_t *
make_labels (const Text *text)
{
  json_t *labels = json_array ();

  for (gint code = 0; code < text->n_codes; code++)
    for (gint byte = 1; byte < 128; byte++) {
      const gchar label[] = { (gchar) byte, 0 };

      if (text->code[byte] == code)
        json_array_append_new (labels, json_string (label));
    }
  if ((gint) json_array_size (labels) == text->n_codes)
    return json_pack ("{ssso}", "kind", "classes", "labels", labels);
  json_decref (labels);
  return json_pack ("{ss}", "kind", "raw");
}

static void
init_fit (Fit *fit, const Setting *setting)
{
  fit_init (fit, setting, RNN_LOSS_CROSS_ENTROPY);
  fit->seconds = 0;             /* the learning rate has to come to its end: time is measured out beforehand */
  fit->config.batch_size = BATCH;
  fit->config.epochs = 1;
  fit->config.schedule = RNN_SCHEDULE_COSINE;
  fit->config.learning_rate = 0.005f;
  fit->config.warmup = 20;
}

/* How many updates @model makes in the time that is set; 0: an error. */
static gdouble
count_updates (const Setting *setting, RnnModel *model, const Text *text, GError **error)
{
  g_autoptr (RnnModel) copy = rnn_model_copy (model, error);
  RnnDataset *few = make_dataset (text, 0, MIN (text->n, TIMED * BATCH * LENGTH + 1), LENGTH);
  FitResult result;
  Fit fit;
  gboolean ok;

  init_fit (&fit, setting);
  ok = copy && fit_run (&fit, copy, few, NULL, &result, error);
  rnn_dataset_free (few);
  return ok ? MAX (setting->seconds * result.updates / result.seconds, 1) : 0;
}

/* What @model can read in the time that is set: passes over all of the text up to @end, or a part of it once.  Returns the end of
 * what it reads, or 0. */
static gsize
measure_out (const Setting *setting, RnnModel *model, const Text *text, gsize end, Fit *fit, GError **error)
{
  gdouble characters;

  if (setting->seconds <= 0)
    return end;
  if (!(characters = count_updates (setting, model, text, error) * BATCH * LENGTH))
    return 0;
  fit->config.epochs = (gint) CLAMP (characters / end + 0.5, 1, 1e6);
  return characters < end ? (gsize) characters + 1 : end;
}

static gboolean
train_body (const Setting *setting, const Body *body, const Text *text, Table *table, Table *curve, json_t *figures,
    GError **error)
{
  g_autoptr (RnnModel) model = model_of_size (setting, body, text->n_codes, setting->smoke ? 10000 : 120000, error);
  gsize held_out = text->n - MIN (HELD_OUT, text->n / 10), end;
  RnnDataset *train, *dev;
  Watch w = { body->name, curve };
  FitResult result;
  gdouble error_rate, nats = NAN;
  Fit fit;
  gboolean ok;

  init_fit (&fit, setting);
  fit.watch = watch;
  fit.data = &w;
  if (!model || !(end = measure_out (setting, model, text, held_out, &fit, error)))
    return FALSE;
  train = make_dataset (text, 0, end, LENGTH);
  w.every = setting->smoke ? 1 : MAX (20, rnn_dataset_get_n (train) / BATCH * fit.config.epochs / 50);
  dev = make_dataset (text, held_out, text->n, text->n - held_out - 1);
  ok = fit_run (&fit, model, train, NULL, &result, error) && fit_evaluate (&fit, model, dev, &nats, &error_rate, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  if (ok) {
    g_autofree gchar *figure = g_strdup_printf ("%s_%s", text->name, body->name);

    json_object_set_new (figures, figure, json_real (nats / G_LN2));
    fit_name (model, "characters", body->name, make_labels (text));
    ok = fit_save (setting, model, error);
  }
  if (ok)
    table_row (table, "%s\t%" G_GSIZE_FORMAT "\t%" G_GUINT64_FORMAT "\t%.0f\t%.4f\t%.4f", body->name,
        rnn_model_get_n_params (model), result.updates, result.seconds, nats, nats / G_LN2);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "characters", "cell\tparameters\tupdates\tcpu_seconds"
      "\tnats_per_character\tbits_per_character", error);
  g_autoptr (Table) curve = table ? table_new (setting, "characters-curve", "cell\tupdate\tnats_per_character", error)
      : NULL;
  json_t *figures = json_object ();
  Text text = { NULL };
  gboolean ok = curve && read_text (setting, &text, error);

  for (guint i = 0; ok && i < G_N_ELEMENTS (bodies); i++)
    if (is_wanted (setting, bodies[i].name))
      ok = train_body (setting, &bodies[i], &text, table, curve, figures, error);
  g_free (text.text);
  g_free (text.name);
  if (ok && setting->json)
    report (setting, "language", json_incref (figures));
  json_decref (figures);
  return ok;
}

const Experiment experiment_characters = { "characters", "the next character, by models of equal size", TRUE, run };
