/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keras's recurrent layers by the cases of keras-js (SimpleRNN, LSTM, GRU.json of ../shared): weights through import/gates.c, both orders of the
 * steps, and states that go on from one call to the next. */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "import/gates.h"
#include "model/model.h"
#include "model/root.h"
#include "session/session.h"

typedef struct {
  const gchar *activation, *gate_activation;
  gboolean backwards;
  gint passes;                  /* a stateful layer is asked so often, and the last answer counts */
} Options;

static const Options options[] = {
  { "tanh", "hardsigmoid", FALSE, 1 }, { "sigmoid", "sigmoid", FALSE, 1 }, { "tanh", "hardsigmoid", FALSE, 1 },
  { "tanh", "hardsigmoid", TRUE, 1 }, { "tanh", "hardsigmoid", TRUE, 1 }, { "tanh", "hardsigmoid", FALSE, 2 },
  { "tanh", "hardsigmoid", FALSE, 2 }, { "tanh", "hardsigmoid", TRUE, 2 }, { "tanh", "hardsigmoid", TRUE, 2 },
};

static const struct {
  const gchar *theirs, *ours;
  gint gates;
} kinds[] = { { "SimpleRNN", "elman", 1 }, { "LSTM", "lstm", 4 }, { "GRU", "gru", 3 } };

/* {"data": [...], "shape": [...]}; how long the first axis is in @rows (g_free) */
static gfloat *
read_tensor (const json_t *tensor, gint *rows)
{
  const json_t *data = json_object_get (tensor, "data");
  gfloat *values = g_new (gfloat, json_array_size (data) + 1);

  g_assert_nonnull (data);
  for (gsize i = 0; i < json_array_size (data); i++)
    values[i] = (gfloat) json_number_value (json_array_get (data, i));
  *rows = (gint) json_integer_value (json_array_get (json_object_get (tensor, "shape"), 0));
  return values;
}

static void
fill (RnnParam *param, const gchar *name, gpointer data)
{
  static const gchar *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0" };
  const json_t *weights = data;
  const RnnGateOrder *order = rnn_gate_order_find ("keras", json_string_value (json_object_get (weights, "cell")));

  for (gsize i = 0; i < json_array_size (json_object_get (weights, "list")); i++)
    if (g_str_equal (names[i], name)) {
      gint rows;
      g_autofree gfloat *theirs = read_tensor (json_array_get (json_object_get (weights, "list"), i), &rows);

      rnn_gates_from_theirs (&(RnnGates) { order, param->dims[0] / order->n_gates, i < 2 ? rows : 1 }, theirs, param->data);
      return;
    }
  memset (param->data, 0, param->size * sizeof (gfloat));
}

static RnnModel *
make_model (guint kind, const Options *o, json_t *weights, gint inputs, gint hidden)
{
  json_t *layer = json_pack ("{ss si ss}", "cell", kinds[kind].ours, "hidden", hidden, "activation", o->activation), *recipe, *list;
  g_autoptr (GError) error = NULL;
  RnnModel *model;

  if (kinds[kind].gates > 1)
    json_object_set_new (layer, "gate_activation", json_string (o->gate_activation));
  if (kinds[kind].gates == 4)
    json_object_set_new (layer, "output_activation", json_string (o->activation));
  if (kinds[kind].gates == 3)
    json_object_set_new (layer, "reset_after", json_false ());
  recipe = json_pack ("{s{ss si} s[o]}", "input", "kind", "tensors", "size", inputs, "layers", layer);
  model = rnn_model_new (recipe, 1, "case", &error);
  g_assert_no_error (error);
  list = json_pack ("{ss sO}", "cell", kinds[kind].ours, "list", weights);
  rnn_cell_foreach_param (rnn_model_get_root (model), fill, list);
  json_decref (list);
  json_decref (recipe);
  return model;
}

static void
turn (gfloat *x, gint rows, gint n)
{
  for (gint i = 0; i < rows / 2; i++)
    for (gint k = 0; k < n; k++) {
      gfloat swap = x[i * n + k];

      x[i * n + k] = x[(rows - 1 - i) * n + k];
      x[(rows - 1 - i) * n + k] = swap;
    }
}

static void
check_case (guint kind, const gchar *name, json_t *given, const Options *o)
{
  json_t *weights = json_object_get (given, "weights");
  gint T, n, H, inputs;
  g_autofree gfloat *x = read_tensor (json_object_get (given, "input"), &T), *expected = read_tensor (json_object_get (given, "expected"), &n);
  g_autofree gfloat *recurrent = read_tensor (json_array_get (weights, 1), &H), *kernel = read_tensor (json_array_get (weights, 0), &inputs);
  g_autofree gfloat *y = g_new (gfloat, T * H);
  gsize size = json_array_size (json_object_get (json_object_get (given, "expected"), "data"));
  g_autoptr (RnnModel) model = make_model (kind, o, weights, inputs, H);
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, (guint) T, RNN_PRECISION_F32, NULL);

  if (o->backwards)
    turn (x, T, inputs);
  for (gint pass = 0; pass < o->passes; pass++)
    rnn_session_run (session, (guint) T, x, y);
  for (gsize i = 0; i < size; i++) {
    gfloat got = y[(gsize) T * H - size + i];

    if (!(fabsf (got - expected[i]) < 2e-5f))
      g_error ("%s: value %" G_GSIZE_FORMAT " is %g, not %g", name, i, got, expected[i]);
  }
}

static void
test_kind (gconstpointer data)
{
  guint kind = GPOINTER_TO_UINT (data);
  g_autofree gchar *file = g_strconcat (kinds[kind].theirs, ".json", NULL);
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "data", "tests", "keras", file, NULL);
  json_t *cases = json_load_file (path, 0, NULL);

  if (!cases) {
    g_test_skip ("no ../shared with keras-js's cases");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree gchar *name = g_strdup_printf ("recurrent.%s.%u", kinds[kind].theirs, i);
    json_t *given = json_object_get (cases, name);

    g_assert_nonnull (given);
    check_case (kind, name, given, &options[i]);
  }
  json_decref (cases);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree gchar *name = g_strconcat ("/keras/", kinds[i].theirs, NULL);

    g_test_add_data_func (name, GUINT_TO_POINTER (i), test_kind);
  }
  return g_test_run ();
}
