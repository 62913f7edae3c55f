/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph container: branches meet at one and the same step, and lists that are no graph are refused.  Gradients, chunks and the
 * rest are the registry test's (cell-variants.h). */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/residual", test_residual);
  g_test_add_func ("/graph/delay", test_delay);
  g_test_add_func ("/graph/refused", test_refused);
  return g_test_run ();
}
