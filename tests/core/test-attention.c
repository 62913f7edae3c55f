/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attention against the formulas of its papers, as attention.py computes them in double precision; recipes of encoders and
 * decoders that do not fit together; and what is left out of a batch's padding. */
#include <math.h>
#include <string.h>
#include "model/root.h"
#include "model/safetensors.h"
#include "session/session.h"

#define UNITS 4                 /* of additive; windows of monotonic */

static const gchar *const golden[] = { "dot", "additive", "monotonic" };

static json_t *
parse (const gchar *text)
{
  g_autofree gchar *quoted = g_strdelimit (g_strdup (text), "'", '"');
  json_t *json = json_loads (quoted, 0, NULL);

  g_assert_nonnull (json);
  return json;
}

static gfloat *
read_tensor (RnnSafetensors *file, const gchar *name, const RnnTensorView **view)
{
  const RnnTensorView *v = rnn_safetensors_find (file, name);
  gfloat *data;

  g_assert_nonnull (v);
  data = g_new (gfloat, v->size);
  rnn_tensor_view_to_float (v, data);
  if (view)
    *view = v;
  return data;
}

static void
compare (RnnSafetensors *file, const gchar *name, const gfloat *got, gdouble tolerance)
{
  const RnnTensorView *v;
  g_autofree gfloat *want = read_tensor (file, name, &v);
  gdouble largest = 1e-3;

  for (gsize i = 0; i < v->size; i++)
    largest = MAX (largest, fabs (want[i]));
  for (gsize i = 0; i < v->size; i++)
    if (!(fabs (got[i] - want[i]) <= tolerance * largest))
      g_error ("%s[%" G_GSIZE_FORMAT "]: %g, not %g", name, i, (gdouble) got[i], (gdouble) want[i]);
}

static void
load_param (RnnParam *param, const gchar *name, gpointer file)
{
  g_autofree gchar *full = g_strconcat ("w.", name, NULL);
  g_autofree gfloat *data = read_tensor (file, full, NULL);

  memcpy (param->data, data, param->size * sizeof (gfloat));
}

typedef struct {
  RnnSafetensors *file;
  const gfloat *grad;
} Gradients;

static void
compare_param (RnnParam *param, const gchar *name, gpointer data)
{
  const Gradients *g = data;
  g_autofree gchar *full = g_strconcat ("grad.w.", name, NULL);

  compare (g->file, full, g->grad + param->offset, 1e-4);
}

static void
test_golden (gconstpointer name)
{
  g_autofree gchar *base = g_strconcat (name, ".safetensors", NULL);
  g_autofree gchar *path = g_test_build_filename (G_TEST_DIST, "data", "attention", base, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, &error);
  const RnnTensorView *vx, *vm;
  g_autofree gfloat *x = read_tensor (file, "in.x", &vx), *data = read_tensor (file, "in.memory", &vm);
  g_autofree gfloat *wy = read_tensor (file, "in.wy", NULL), *dmemory = g_new0 (gfloat, vm->size);
  gint T = (gint) vx->dims[0], B = (gint) vx->dims[1], n_in = (gint) vx->dims[2], lengths[] = { 4, 2 };
  RnnEncoded memory = { .S = (gint) vm->dims[0], .B = B, .n = (gint) vm->dims[2], .data = data, .lengths = lengths,
    .grad = dmemory };
  json_t *recipe = json_pack ("{s{sssi}s[{sssssisisi}]}", "input", "kind", "tensors", "size", n_in, "layers", "cell", "attention",
      "score", name, "units", UNITS, "memory", memory.n, "longest", 6);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "golden", &error);
  const RnnCell *c = rnn_model_get_root (model);
  gsize rows = (gsize) T * B;
  g_autofree gfloat *y = g_new0 (gfloat, rows * c->n_out), *state = g_new0 (gfloat, B * c->n_state);
  g_autofree gfloat *entry = g_new0 (gfloat, B * c->n_state), *dx = g_new0 (gfloat, rows * n_in);
  g_autofree gfloat *tape = g_new0 (gfloat, rows * c->n_tape), *scratch = g_new0 (gfloat, rnn_cell_scratch_size (c, T, B));
  g_autofree gfloat *dstate = g_new0 (gfloat, B * c->n_state), *grad = g_new0 (gfloat, rnn_model_get_n_params (model));
  RnnRun run = { .T = T, .B = B, .x = x, .y = y, .state = state, .state_stride = c->n_state, .tape = tape, .scratch = scratch,
    .memory = &memory };

  g_assert_no_error (error);
  rnn_cell_foreach_param (rnn_model_get_root (model), load_param, file);
  rnn_model_pack (model, TRUE);
  c->klass->forward (c, &run);
  compare (file, "out.y", y, 1e-5);
  run.state = entry;
  c->klass->backward (c, &run, &(RnnGrad) { .dy = wy, .dx = dx, .dstate = dstate, .dparam = grad });
  compare (file, "grad.x", dx, 1e-4);
  compare (file, "grad.memory", dmemory, 1e-4);
  rnn_cell_foreach_param (rnn_model_get_root (model), compare_param, &(Gradients) { file, grad });
  json_decref (recipe);
}

/* ---- recipes ---- */

#define ENCODER "{'layers': [{'cell': 'embedding', 'tokens': 5, 'units': 4}, {'cell': 'gru', 'hidden': 6}]}"
#define DECODER "'input': {'kind': 'tensors', 'size': 1}, 'layers': [{'cell': 'embedding', 'tokens': 5, 'units': 4}, "

typedef struct {
  const gchar *name, *recipe, *says;    /* NULL: nothing is wrong */
} Recipe;

static const Recipe recipes[] = {
  { "good", "{'encoder': " ENCODER ", " DECODER "{'cell': 'attention', 'memory': 6}]}", NULL },
  { "other-size", "{'encoder': " ENCODER ", " DECODER "{'cell': 'attention', 'memory': 7}]}", "a memory of 7" },
  { "two-sizes", "{'encoder': " ENCODER ", " DECODER "{'cell': 'attention', 'memory': 6}, {'cell': 'attention', 'memory': 7}]}",
    "a layer before it one of 6" },
  { "unread", "{'encoder': " ENCODER ", " DECODER "{'cell': 'gru', 'hidden': 6}]}", "nothing reads it" },
  { "carried", "{'encoder': {'carry': true, 'layers': [{'cell': 'embedding', 'tokens': 5, 'units': 4}, {'cell': 'gru', 'hidden': 6}]}, "
    DECODER "{'cell': 'gru', 'hidden': 6}]}", NULL },
  { "small-state", "{'encoder': {'carry': true, 'layers': [{'cell': 'gru', 'hidden': 5}]}, " DECODER "{'cell': 'gru', 'hidden': 6}]}",
    "not as large" },
  { "unknown-key", "{'encoder': {'layer': []}, " DECODER "{'cell': 'gru', 'hidden': 6}]}", "unknown entry \"layer\"" },
  { "no-layers", "{'encoder': {}, " DECODER "{'cell': 'gru', 'hidden': 6}]}", "layers" },
  { "no-strings", "{'encoder': {'tokens': [1], 'layers': [{'cell': 'gru', 'hidden': 5}]}, " DECODER "{'cell': 'gru', 'hidden': 6}]}",
    "list of strings" },
  { "wide-tokens", "{'encoder': {'tokens': ['a'], 'input': {'kind': 'tensors', 'size': 2}, 'layers': [{'cell': 'gru', 'hidden': 5}]}, "
    DECODER "{'cell': 'gru', 'hidden': 6}]}", "one number a step" },
  { "looks-ahead", "{'encoder': " ENCODER ", " DECODER "{'cell': 'conv1d', 'kernel': 3, 'lookahead': 1}, {'cell': 'attention', "
    "'memory': 6}]}", "cannot look ahead" },
  { "two-encoders", "{'encoder': " ENCODER ", " DECODER "{'cell': 'gru', 'name': 'encoder', 'hidden': 4}, {'cell': 'attention', "
    "'memory': 6}]}", "called \"encoder\"" },
  { "window", "{" DECODER "{'cell': 'window', 'segment': 2, 'layers': [{'cell': 'attention', 'memory': 6}]}]}", "cannot read a memory" },
};

static void
test_recipe (gconstpointer data)
{
  const Recipe *r = data;
  json_t *recipe = parse (r->recipe);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, "my.json", &error);

  json_decref (recipe);
  if (!r->says) {
    g_autoptr (GError) refused = NULL;

    g_assert_no_error (error);
    g_assert_null (rnn_session_new (model, 1, 1, RNN_PRECISION_F32, &refused));
    g_assert_nonnull (strstr (refused->message, "cannot stream"));
    return;
  }
  g_assert_null (model);
  g_assert_true (g_str_has_prefix (error->message, "my.json: "));
  if (!strstr (error->message, r->says))
    g_error ("%s", error->message);
}

gint
main (gint argc, gchar **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (golden); i++) {
    g_autofree gchar *path = g_strconcat ("/attention/golden/", golden[i], NULL);

    g_test_add_data_func (path, golden[i], test_golden);
  }
  for (guint i = 0; i < G_N_ELEMENTS (recipes); i++) {
    g_autofree gchar *path = g_strconcat ("/attention/recipe/", recipes[i].name, NULL);

    g_test_add_data_func (path, &recipes[i], test_recipe);
  }
  return g_test_run ();
}
