/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs in minibatches of like length, at a learning rate that warms up and falls as half a cosine. */
#include "pairfit.h"
#include "session/translate.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define DRAWN 0.05f             /* least weight that is drawn */
#define POOL 64                 /* minibatches that are made of pairs of like length */

typedef struct {
  const Setting *setting;
  const RnnTrainConfig *config;
  Table *table;
  RnnPairs *pairs;
  clock_t start;
  guint64 update, total;
  guint every;                  /* updates to a row of the learning curve */
  gdouble sum;                  /* of losses since the last row */
} Training;

static gint
compare_length (gconstpointer a, gconstpointer b)
{
  const RnnPair *x = a, *y = b;

  return x->n_source != y->n_source ? x->n_source - y->n_source : x->n_target - y->n_target;
}

static void
shuffle (RnnPair *pairs, guint n, RnnRng *rng)
{
  for (guint i = n; i > 1; i--) {
    guint j = rnn_rng_below (rng, i);
    RnnPair kept = pairs[i - 1];

    pairs[i - 1] = pairs[j];
    pairs[j] = kept;
  }
}

static gdouble
seconds_of (const Training *t)
{
  return (clock () - t->start) / (gdouble) CLOCKS_PER_SEC;
}

/* How far it is: by updates or by time, whichever ends first. */
static gdouble
progress (const Training *t)
{
  gdouble by_updates = (gdouble) t->update / t->total;

  return t->setting->seconds > 0 ? MAX (by_updates, seconds_of (t) / t->setting->seconds) : by_updates;
}

static void
learn_some (Training *t, const RnnPair *pairs, guint n)
{
  gdouble at = MIN (progress (t), 1), warm = MIN (1, (t->update + 1.0) / MAX (t->config->warmup, 1));
  gfloat rate = (gfloat) (warm * t->config->learning_rate * (0.02 + 0.98 * 0.5 * (1 + cos (G_PI * at))));

  t->sum += rnn_pairs_learn (t->pairs, pairs, n, 0, rate);
  if (++t->update % t->every == 0) {
    table_row (t->table, "%" G_GUINT64_FORMAT "\t%.0f\t%.4f", t->update, seconds_of (t), t->sum / t->every);
    t->sum = 0;
  }
}

static void
learn_epoch (Training *t, GArray *all, RnnRng *rng)
{
  guint batch = (guint) t->config->batch_size, pool = batch * POOL;
  RnnPair *pairs = (RnnPair *) all->data;

  shuffle (pairs, all->len, rng);
  for (guint first = 0; first < all->len && progress (t) < 1; first += pool) {
    guint n = MIN (pool, all->len - first), n_batches = (n + batch - 1) / batch;
    g_autofree guint32 *order = g_new (guint32, n_batches);

    qsort (pairs + first, n, sizeof (RnnPair), compare_length);
    for (guint i = 0; i < n_batches; i++)
      order[i] = i;
    rnn_rng_shuffle (rng, order, n_batches);
    for (guint i = 0; i < n_batches && progress (t) < 1; i++)
      learn_some (t, pairs + first + order[i] * batch, MIN (batch, n - order[i] * batch));
  }
}

/* ---- what applications see ---- */

guint
pairs_distance (const gint *a, guint n_a, const gint *b, guint n_b)
{
  g_autofree guint *row = g_new (guint, n_b + 1);

  for (guint j = 0; j <= n_b; j++)
    row[j] = j;
  for (guint i = 1; i <= n_a; i++) {
    guint before = row[0];

    row[0] = i;
    for (guint j = 1; j <= n_b; j++) {
      guint kept = row[j];

      row[j] = MIN (MIN (row[j], row[j - 1]) + 1, before + (a[i - 1] != b[j - 1]));
      before = kept;
    }
  }
  return row[n_b];
}

gboolean
pairs_fit (const Setting *setting, const gchar *name, RnnModel *model, const RnnTrainConfig *recipe, GArray *pairs, json_t *figures,
    GError **error)
{
  g_autoptr (Table) table = table_new (setting, name, "update\tcpu_seconds\tloss", error);
  RnnTrainConfig tiny = *recipe;
  const RnnTrainConfig *config = setting->smoke ? &tiny : recipe;
  Training t = { .setting = setting, .config = config, .table = table, .start = clock (), .every = setting->smoke ? 10 : 100 };
  RnnRng rng;

  tiny.batch_size = 16;
  tiny.epochs *= 2;
  tiny.warmup = 20;
  t.total = (guint64) config->epochs * (pairs->len / config->batch_size + 1);
  t.pairs = table ? rnn_pairs_new (model, config, 0, error) : NULL;

  if (!t.pairs)
    return FALSE;
  rnn_rng_seed (&rng, (guint64) setting->seed, 12);
  for (gint epoch = 0; epoch < config->epochs && progress (&t) < 1; epoch++)
    learn_epoch (&t, pairs, &rng);
  rnn_pairs_take_average (t.pairs);
  rnn_pairs_free (t.pairs);
  json_object_update_new (figures, json_pack ("{sisfsisf}", "pairs", pairs->len, "minutes", seconds_of (&t) / 60, "parameters",
          (gint) rnn_model_get_n_params (model), "epochs", (gdouble) t.update * config->batch_size / pairs->len));
  return TRUE;
}

gboolean
pairs_draw (const Setting *setting, const gchar *name, RnnModel *model, const gint *source, guint n, GError **error)
{
  g_autofree gchar *file = g_strconcat (name, "-attention", NULL);
  g_autoptr (Table) table = table_new (setting, file, "source\ttarget\tweight\tsource_name\ttarget_name", error);
  g_autoptr (RnnTranslator) translator = table ? rnn_translator_new (model, PAIRS_BEAM, 0, error) : NULL;
  const gchar *const *from = rnn_model_get_source_tokens (model), *const *to = rnn_model_get_tokens (model);
  guint n_best, S;
  const RnnTranslation *best = translator ? rnn_translator_run (translator, source, n, &n_best, error) : NULL;
  g_autofree gfloat *weights = best ? rnn_translator_attend (translator, best->tokens, best->n, &S) : NULL;

  for (guint i = 0; weights && i <= best->n; i++)
    for (guint s = 0; s < n; s++)
      if (i == 0 || s == 0 || weights[i * S + s] >= DRAWN)
        table_row (table, "%u\t%u\t%.3f\t%s\t%s", s, i, (gdouble) weights[i * S + s], from[source[s]],
            i < best->n ? to[best->tokens[i]] : "(end)");
  return best != NULL;
}

static json_t *
list_of (gchar *const *names)
{
  json_t *list = json_array ();

  for (guint i = 0; names[i]; i++)
    json_array_append_new (list, json_string (names[i]));
  return list;
}

void
pairs_tokens (json_t *recipe, gchar *const *source, gchar *const *target)
{
  json_t *encoder = json_object_get (recipe, "encoder"), *layers = json_object_get (recipe, "layers");
  json_int_t n_source = g_strv_length ((gchar **) source), n_target = g_strv_length ((gchar **) target);

  json_object_set_new (encoder, "tokens", list_of (source));
  json_object_set_new (json_object_get (recipe, "output"), "labels", list_of (target));
  json_object_set_new (json_array_get (json_object_get (encoder, "layers"), 0), "tokens", json_integer (n_source));
  json_object_set_new (json_array_get (layers, 0), "tokens", json_integer (n_target));
  json_object_set_new (json_array_get (layers, json_array_size (layers) - 1), "units", json_integer (n_target));
}
