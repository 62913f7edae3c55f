/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph container: branches meet at one and the same step, and lists that are no graph are refused; a model
 * for one of several heads.  Gradients, chunks and the rest are the registry test's (cell-variants.h). */
#include <string.h>
#include "base/rng.h"
#include "session/session.h"

#define N_IN 5
#define STEPS 40

static RnnModel *
model_of (const gchar *layers, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (layers, "'", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"", parts);
  json_t *list = json_loads (quoted, 0, NULL), *recipe;
  RnnModel *model;

  g_assert_nonnull (list);
  recipe = json_pack ("{s{sssi}so}", "input", "kind", "tensors", "size", N_IN, "layers", list);
  model = rnn_model_new (recipe, 11, "graph", error);
  json_decref (recipe);
  return model;
}

static gfloat *
run (const gchar *layers, gint *latency)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = model_of (layers, &error);
  g_autoptr (RnnSession) session = NULL;
  gfloat x[STEPS * N_IN], *y;
  RnnRng rng;

  g_assert_no_error (error);
  session = rnn_session_new (model, 1, 7, RNN_PRECISION_F32, &error);
  g_assert_no_error (error);
  rnn_rng_seed (&rng, 1, 2);
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = rnn_rng_normal (&rng);
  y = g_new (gfloat, STEPS * rnn_model_get_n_out (model));
  rnn_session_run (session, STEPS, x, y);
  *latency = rnn_model_get_latency (model);
  return y;
}

#define LOOK_AHEAD "{'cell': 'conv1d', 'name': 'a', 'units': 5, 'kernel': 4, 'lookahead': 3}"

/* A residual container waits with its skip as long as its layers do: so does a graph, to the bit. */
static void
test_residual (void)
{
  gint d1, d2;
  g_autofree gfloat *graph = run ("[{'cell': 'graph', 'layers': [" LOOK_AHEAD ", {'cell': 'add', 'from': ['a', 'input']}]}]", &d1);
  g_autofree gfloat *residual = run ("[{'cell': 'residual', 'layers': [" LOOK_AHEAD "]}]", &d2);

  g_assert_cmpint (d1, ==, 3);
  g_assert_cmpint (d2, ==, 3);
  g_assert_cmpmem (graph + 3 * N_IN, (STEPS - 3) * N_IN * sizeof (gfloat), residual + 3 * N_IN, (STEPS - 3) * N_IN * sizeof (gfloat));
}

/* y [t] of what waits two branches long is x [t - latency]. */
static void
test_delay (void)
{
  gint latency, none;
  g_autofree gfloat *plain = run ("[{'cell': 'concat'}]", &none);
  g_autofree gfloat *y = run ("[{'cell': 'graph', 'layers': [" LOOK_AHEAD ", {'cell': 'conv1d', 'name': 'b', 'units': 2, 'kernel': 3, "
      "'lookahead': 1}, {'cell': 'concat', 'from': ['input', 'b', 'a']}]}]", &latency);

  g_assert_cmpint (latency, ==, 4);
  for (gint t = latency; t < STEPS; t++)
    g_assert_cmpmem (y + t * (N_IN + 2 + 5), N_IN * sizeof (gfloat), plain + (t - latency) * N_IN, N_IN * sizeof (gfloat));
}

static void
test_refused (void)
{
  static const struct {
    const gchar *layers, *word;
  } wrong[] = {
    { "{'cell': 'graph', 'layers': []}", "list of 1" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'from': 'later'}, {'cell': 'concat', 'name': 'later'}]}", "'later'" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'name': 'a', 'from': 'a'}]}", "'a'" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'from': []}]}", "\"from\"" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'from': 3}]}", "\"from\"" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'name': 'a'}, {'cell': 'concat', 'from': 'input'}]}", "nothing reads" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'name': 'a'}, {'cell': 'concat', 'name': 'a'}]}", "two layers" },
    { "{'cell': 'graph', 'layers': [{'cell': 'concat', 'name': 'input'}]}", "\"input\"" },
    { "{'cell': 'graph', 'layers': [{'cell': 'add', 'parts': 2}]}", "do not divide" },
    { "{'cell': 'concat', 'from': 'input'}", "from" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *list = g_strdup_printf ("[%s]", wrong[i].layers);
    g_autoptr (GError) error = NULL;
    g_autoptr (RnnModel) model = model_of (list, &error);

    g_assert_null (model);
    if (!strstr (error->message, wrong[i].word))
      g_error ("\"%s\" does not say \"%s\"", error->message, wrong[i].word);
  }
}

/* ---- a model for one of its heads ---- */

#define HEADS "{'cell': 'dense', 'units': 6, 'activation': 'tanh'}, {'cell': 'chain', 'name': 'end', 'layers': [{'cell': 'graph', 'layers': [" \
    "{'cell': 'conv1d', 'name': 'far', 'units': 6, 'kernel': 3, 'lookahead': 2}, {'cell': 'lstm', 'name': 'inner', 'hidden': 7}, " \
    "{'cell': 'dense', 'name': 'words', 'units': 4}, {'cell': 'gru', 'from': 'far', 'hidden': 3}, " \
    "{'cell': 'dense', 'name': 'near', 'from': 'input', 'units': 2}, {'cell': 'concat', 'from': ['words', '3', 'near']}]}]}"

static json_t *
heads_recipe (const gchar *layers)
{
  g_autofree gchar *text = g_strconcat ("{'input': {'kind': 'tensors', 'size': 5}, 'layers': [", layers, "], 'output': {'kind': 'heads', "
      "'heads': [{'kind': 'ctc', 'tokens': ['<b>', 'x', 'y', 'z']}, {'kind': 'ctc', 'tokens': ['<b>', 'a', 'b'], 'blank': 0}, "
      "{'kind': 'classes', 'labels': ['yes', 'no']}]}}", NULL);
  json_t *recipe;

  g_strdelimit (text, "'", '"');
  recipe = json_loads (text, 0, NULL);
  g_assert_nonnull (recipe);
  return recipe;
}

static RnnModel *
heads_model (const gchar *layers)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = heads_recipe (layers);
  RnnModel *model = rnn_model_new (recipe, 5, "heads", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

static gfloat *
answer (RnnModel *model, RnnPrecision precision, const gfloat *x)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 7, precision, &error);
  gfloat *y = g_new (gfloat, STEPS * rnn_model_get_n_out (model));

  g_assert_no_error (error);
  rnn_session_run (session, STEPS, x, y);
  return y;
}

/* Each head's answers are the bits of the whole model's, in every precision, where layers are left out and where none are. */
static void
test_narrow (void)
{
  static const gint starts[] = { 0, 4, 7 }, widths[] = { 4, 3, 2 }, latencies[] = { 2, 2, 0 };
  static const gsize fewer[] = { 128 + 32, 496 + 32, 128 + 128 + 496 };         /* each weight is rounded up to 16 */
  g_autoptr (RnnModel) model = heads_model (HEADS);
  gfloat x[STEPS * N_IN];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 2);
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = rnn_rng_normal (&rng);
  for (gint precision = 0; precision < RNN_N_PRECISIONS; precision++) {
    g_autofree gfloat *whole = answer (model, precision, x);

    for (guint head = 0; head < 3; head++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (RnnModel) narrow = rnn_model_narrow (model, head, precision, &error), again = rnn_model_narrow (model, head, precision,
          &error);
      g_autofree gfloat *y = answer (narrow, precision, x);
      gint n = widths[head], early = 2 - latencies[head];

      g_assert_no_error (error);
      g_assert_true (again == narrow);
      g_assert_cmpint (rnn_model_get_n_out (narrow), ==, n);
      g_assert_cmpint (rnn_model_get_latency (narrow), ==, latencies[head]);
      g_assert_cmpint (rnn_model_get_precision (narrow), ==, precision);
      g_assert_true (rnn_output_primary (rnn_model_get_output (narrow))->n == n);
      g_assert_cmpuint (rnn_model_get_n_params (narrow) + fewer[head], ==, rnn_model_get_n_params (model));
      for (gint t = 2; t < STEPS; t++)
        g_assert_cmpmem (y + (t - early) * n, n * sizeof *y, whole + t * 9 + starts[head], n * sizeof *y);
    }
  }
}

/* A narrowed model outlives the one that it was made of; where heads are not told apart by layers, all of it answers. */
static void
test_narrow_life (void)
{
  static const gchar *const joint[] = {
    "{'cell': 'dense', 'units': 9}",
    "{'cell': 'graph', 'layers': [{'cell': 'dense', 'name': 'a', 'units': 5}, {'cell': 'dense', 'name': 'b', 'from': 'input', 'units': 4}, "
        "{'cell': 'concat', 'from': ['a', 'b']}]}",
    "{'cell': 'graph', 'layers': [{'cell': 'dense', 'name': 'a', 'units': 9}, {'cell': 'add', 'from': ['a', 'a']}]}",
  };
  gfloat x[STEPS * N_IN] = { 1, 2, 3 };
  RnnModel *model = heads_model (HEADS), *narrow = rnn_model_narrow (model, 1, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *before = answer (narrow, RNN_PRECISION_F32, x), *after = NULL;

  rnn_model_unref (model);
  after = answer (narrow, RNN_PRECISION_F32, x);
  g_assert_cmpmem (after, STEPS * 3 * sizeof *after, before, STEPS * 3 * sizeof *before);
  rnn_model_unref (narrow);
  for (guint i = 0; i < G_N_ELEMENTS (joint); i++) {
    g_autoptr (RnnModel) whole = heads_model (joint[i]), same = rnn_model_narrow (whole, 1, RNN_PRECISION_F32, NULL);

    g_assert_true (same == whole);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/residual", test_residual);
  g_test_add_func ("/graph/delay", test_delay);
  g_test_add_func ("/graph/refused", test_refused);
  g_test_add_func ("/graph/narrow", test_narrow);
  g_test_add_func ("/graph/narrow-life", test_narrow_life);
  return g_test_run ();
}
