/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore classify TRAIN.ts TEST.ts: series as wholes into classes, many to one, by the mean of several networks.
 *
 * Files as the UCR archive has them: lines of "@..." and "#...", then a series a line, its channels' values joined by commas,
 * channels and at the end the label by colons.  The recipe gives the layers; the last one, a number per class, is added. */
#include "base/error.h"
#include "base/number.h"
#include "model/root.h"
#include "outputs/pooling.h"
#include "tools/tool.h"
#include "train/train.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHANNELS 256

typedef struct {
  guint n;                      /* steps */
  gint class;
  gfloat *values;               /* [n][channels] */
} Example;

typedef struct {
  GArray *examples;             /* of Example */
  guint channels;
  GPtrArray *labels;            /* of all files, in order of their first appearance */
} Set;

/* ---- files ---- */

static gint
find_label (GPtrArray *labels, const gchar *name, gboolean add)
{
  for (guint i = 0; i < labels->len; i++)
    if (!strcmp (labels->pdata[i], name))
      return (gint) i;
  if (add)
    g_ptr_array_add (labels, g_strdup (name));
  return add ? (gint) labels->len - 1 : -1;
}

static const gchar *
read_channel (const gchar *text, guint c, guint channels, GArray *values)
{
  g_auto (GStrv) numbers = g_strsplit (text, ",", -1);
  guint n = g_strv_length (numbers);

  if (c == 0)
    g_array_set_size (values, n * channels);
  if (n == 0 || n * channels != values->len)
    return "its channels are not equally long";
  for (guint t = 0; t < n; t++) {
    gdouble value;

    if (rnn_number_parse (numbers[t], strlen (numbers[t]), '.', &value) != RNN_NUMBER_FINITE)
      return "a value is no number";
    g_array_index (values, gfloat, t * channels + c) = (gfloat) value;
  }
  return NULL;
}

/* What is wrong with the line, or NULL. */
static const gchar *
read_example (Set *set, const gchar *line, gboolean learn)
{
  g_auto (GStrv) parts = g_strsplit (line, ":", -1);
  guint channels = g_strv_length (parts) - 1;
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (gfloat));
  Example e = { 0 };

  if (channels < 1 || channels > MAX_CHANNELS || (set->channels && channels != set->channels))
    return "not as many channels as in the lines before it";
  set->channels = channels;
  for (guint c = 0; c < channels; c++) {
    const gchar *fault = read_channel (parts[c], c, channels, values);

    if (fault)
      return fault;
  }
  e.class = find_label (set->labels, g_strstrip (parts[channels]), learn);
  if (e.class < 0)
    return "its label is not among those that were learnt";
  e.n = values->len / channels;
  e.values = g_memdup2 (values->data, values->len * sizeof (gfloat));
  g_array_append_val (set->examples, e);
  return NULL;
}

static void
example_clear (gpointer example)
{
  g_free (((Example *) example)->values);
}

static gboolean
load (Set *set, const gchar *path, gboolean learn, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  set->examples = g_array_new (FALSE, FALSE, sizeof (Example));
  g_array_set_clear_func (set->examples, example_clear);
  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    const gchar *line = g_strstrip (lines[i]), *fault = *line && *line != '#' && *line != '@'
        ? read_example (set, line, learn) : NULL;

    if (fault) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", path, i + 1, fault);
      return FALSE;
    }
  }
  if (set->examples->len == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there are no series", path);
  return set->examples->len > 0;
}

/* Mean 0 and variance 1 of each channel of @learn, for both. */
static void
standardise (const Set *learn, const Set *test)
{
  const Set *sets[] = { learn, test };

  for (guint c = 0; c < learn->channels; c++) {
    gdouble n = 0, sum = 0, squares = 0, mean, deviation;

    for (guint i = 0; i < learn->examples->len; i++) {
      const Example *e = &g_array_index (learn->examples, Example, i);

      for (guint t = 0; t < e->n; t++, n++) {
        gdouble x = e->values[t * learn->channels + c];

        sum += x;
        squares += x * x;
      }
    }
    mean = sum / n;
    deviation = sqrt (MAX (squares / n - mean * mean, 1e-12));
    for (guint s = 0; s < G_N_ELEMENTS (sets); s++)
      for (guint i = 0; i < sets[s]->examples->len; i++) {
        const Example *e = &g_array_index (sets[s]->examples, Example, i);

        for (guint t = 0; t < e->n; t++)
          e->values[t * learn->channels + c] = (gfloat) ((e->values[t * learn->channels + c] - mean) / deviation);
      }
  }
}

/* ---- networks ---- */

static json_t *
make_recipe (const json_t *given, const Set *learn)
{
  json_t *recipe = json_deep_copy (given), *labels = json_array (), *output = json_object_get (recipe, "output");

  for (guint i = 0; i < learn->labels->len; i++)
    json_array_append_new (labels, json_string (learn->labels->pdata[i]));
  if (!output)
    json_object_set_new (recipe, "output", output = json_pack ("{ssss}", "kind", "classes", "pooling", "mean"));
  json_object_set_new (output, "labels", labels);
  json_object_set_new (recipe, "input", json_pack ("{sssi}", "kind", "series", "channels", learn->channels));
  json_array_append_new (json_object_get (recipe, "layers"), json_pack ("{sssssi}", "cell", "dense", "name", "classes",
          "units", learn->labels->len));
  return recipe;
}

static RnnModel *
train (const json_t *recipe, RnnDataset *dataset, gint seed, const gchar *where, GError **error)
{
  const json_t *options = json_object_get (recipe, "train");
  g_autoptr (RnnModel) model = rnn_model_new (recipe, (guint64) seed, where, error);
  RnnTrainStats stats = { 0 };
  RnnTrainConfig config;
  RnnTrainer *trainer;
  RnnModel *trained;

  rnn_options_init (rnn_train_options, &config);
  if (!model || (options && !rnn_options_from_json (rnn_train_options, &config, options, NULL, where, error)))
    return NULL;
  config.seed = seed;
  trainer = rnn_trainer_new (model, &config, dataset, NULL, error);
  if (!trainer)
    return NULL;
  while (!stats.done)
    rnn_trainer_step (trainer, &stats);
  trained = rnn_model_ref (rnn_trainer_get_model (trainer));
  rnn_trainer_free (trainer);
  return trained;
}

/* Adds the log probabilities of the classes to @sums. */
static void
classify (RnnModel *model, const Example *e, gint pooling, gdouble *sums)
{
  const RnnCell *root = rnn_model_get_root (model);
  gint n = root->n_out;
  g_autofree gfloat *y = g_new (gfloat, (gsize) e->n * n), *state = g_new0 (gfloat, MAX (root->n_state, 1));
  g_autofree gfloat *scratch = g_new (gfloat, MAX (rnn_cell_scratch_size (root, (gint) e->n, 1), 1)), *one = g_new (gfloat, n);
  RnnRun run = { .T = (gint) e->n, .B = 1, .x = e->values, .y = y, .state = state, .state_stride = root->n_state,
    .scratch = scratch };
  gdouble total = 0;

  rnn_cell_reset_state (root, state);
  root->klass->forward (root, &run);
  rnn_pool_steps (pooling ? pooling : RNN_POOLING_LAST, (gint) e->n, n, y, (gsize) n, one);
  for (gint i = 0; i < n; i++)
    total += exp (one[i]);
  for (gint i = 0; i < n; i++)
    sums[i] += one[i] - log (total);
}

static guint
count_right (GPtrArray *models, const Set *test)
{
  guint right = 0, n = test->labels->len;
  g_autofree gdouble *sums = g_new (gdouble, n);

  for (guint i = 0; i < test->examples->len; i++) {
    const Example *e = &g_array_index (test->examples, Example, i);
    guint best = 0;

    memset (sums, 0, n * sizeof (gdouble));
    for (guint m = 0; m < models->len; m++)
      classify (models->pdata[m], e, rnn_model_get_output (models->pdata[m])->pooling, sums);
    for (guint k = 1; k < n; k++)
      best = sums[k] > sums[best] ? k : best;
    right += (gint) best == e->class;
  }
  return right;
}

static RnnDataset *
make_dataset (const Set *learn)
{
  RnnDataset *dataset = rnn_dataset_new ((gint) learn->channels);

  for (guint i = 0; i < learn->examples->len; i++) {
    const Example *e = &g_array_index (learn->examples, Example, i);
    g_autofree gfloat *targets = g_new (gfloat, e->n);

    for (guint t = 0; t < e->n; t++)
      targets[t] = (gfloat) e->class;
    rnn_dataset_add_series (dataset, e->values, e->n, targets, 1);
  }
  return dataset;
}

static gboolean
evaluate (const json_t *given, const Set *learn, const Set *test, gint members, gint seed, gboolean json, const gchar *where,
    GError **error)
{
  json_t *recipe = make_recipe (given, learn);
  RnnDataset *dataset = make_dataset (learn);
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_model_unref);
  guint right = 0, n = test->examples->len;
  gboolean good = TRUE;

  for (gint i = 0; good && i < members; i++) {
    RnnModel *model = train (recipe, dataset, seed + i, where, error);

    good = model != NULL;
    if (good)
      g_ptr_array_add (models, model);
    right = good ? count_right (models, test) : 0;
    if (good)
      g_print ("%d network%s: %u of %u right, %.2f %%\n", i + 1, i ? "s" : "", right, n, 100.0 * right / n);
  }
  if (good && json)
    g_print ("{\"right\":%u,\"of\":%u,\"accuracy\":%u.%04u}\n", right, n, right / n, right * 10000 / n % 10000);
  json_decref (recipe);
  rnn_dataset_free (dataset);
  return good;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *path = NULL;
  gint members = 3, seed = 1;
  gboolean json = FALSE, good;
  const GOptionEntry entries[] = {
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &path, "What to train", "FILE.json" },
    { "members", 0, 0, G_OPTION_ARG_INT, &members, "Networks whose mean counts", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "Of weights and of the examples' order", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "The last line is the result, one object", NULL },
    { NULL }
  };
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  Set learn = { .labels = labels }, test = { .labels = labels };
  json_error_t reason;
  json_t *recipe = NULL;

  if (!rnn_tool_parse (&rnn_tool_classify, entries, &argc, &argv, 2, 2, error))
    return FALSE;
  if (!path || members < 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--recipe and one member at least are needed");
    return FALSE;
  }
  recipe = json_load_file (path, 0, &reason);
  if (!recipe || !json_is_array (json_object_get (recipe, "layers"))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", path, recipe ? "there are no \"layers\"" : reason.text);
    json_decref (recipe);
    return FALSE;
  }
  good = load (&learn, argv[1], TRUE, error);
  test.channels = learn.channels;
  good = good && load (&test, argv[2], FALSE, error);
  if (good) {
    standardise (&learn, &test);
    good = evaluate (recipe, &learn, &test, members, seed, json, path, error);
  }
  g_clear_pointer (&learn.examples, g_array_unref);
  g_clear_pointer (&test.examples, g_array_unref);
  json_decref (recipe);
  return good;
}

const RnnTool rnn_tool_classify = { "classify", "TRAIN.ts TEST.ts --recipe FILE.json",
  "Learns classes of whole series and counts what it gets right", run };
