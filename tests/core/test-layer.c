/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layer by itself gives what PyTorch gives, from PyTorch's names and shapes, and refuses what does not fit. */
#include "session/layer.h"
#include <math.h>
#include <string.h>

static const gfloat *
tensor (RnnSafetensors *file, const gchar *name)
{
  const RnnTensorView *view = rnn_safetensors_find (file, name);

  g_assert_nonnull (view);
  g_assert_cmpint (view->dtype, ==, RNN_DTYPE_F32);
  return view->data;
}

static void
assert_near (const gfloat *a, const gfloat *b, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (a[i], b[i], 1e-5);
}

static RnnSafetensors *
open_golden (const gchar *name, gchar **path)
{
  g_autoptr (GError) error = NULL;
  RnnSafetensors *file;

  *path = g_test_build_filename (G_TEST_DIST, "data", "torch", name, NULL);
  file = rnn_safetensors_open (*path, &error);
  g_assert_no_error (error);
  return file;
}

/* Stream @b of a golden case of [T][B] steps. */
static void
assert_golden (RnnLayer *layer, RnnSafetensors *file, gint T, gint B, gint b)
{
  gint n_in = rnn_layer_get_n_in (layer), n_out = rnn_layer_get_n_out (layer);
  gsize n_h, n_c;
  gssize h = rnn_layer_find_state (layer, "h", &n_h), c = rnn_layer_find_state (layer, "c", &n_c);
  g_autofree gfloat *state = g_new (gfloat, rnn_layer_get_state_size (layer));
  gfloat y[64];

  g_assert_true (h >= 0 && c >= 0);
  g_assert_cmpuint (n_h + n_c, ==, rnn_layer_get_state_size (layer));
  memcpy (state + h, tensor (file, "in.h0") + b * n_h, n_h * sizeof (gfloat));
  memcpy (state + c, tensor (file, "in.c0") + b * n_c, n_c * sizeof (gfloat));
  for (gint t = 0; t < T; t++) {
    rnn_layer_run (layer, 1, tensor (file, "in.x") + (t * B + b) * n_in, state, y);
    assert_near (y, tensor (file, "out.y") + (t * B + b) * n_out, n_out);
  }
  assert_near (state + h, tensor (file, "out.hn") + b * n_h, n_h);
  assert_near (state + c, tensor (file, "out.cn") + b * n_c, n_c);
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (RnnSafetensors) file = open_golden ("lstm_i7_h5_l1_nobias_t5_b2.safetensors", &path);
  g_autoptr (RnnLayer) layer = rnn_layer_new ("{\"cell\": \"lstm\", \"hidden\": 5, \"bias\": false}", 7, &error);

  g_assert_no_error (error);
  rnn_layer_load (layer, path, "w.", &error);
  g_assert_no_error (error);
  assert_golden (layer, file, 5, 2, 0);
  assert_golden (layer, file, 5, 2, 1);
}

/* nn.LSTMCell has no number in its names. */
static void
test_arrays (void)
{
  static const gchar *const names[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (RnnSafetensors) file = open_golden ("packed_lstm_i4_h6_b2.safetensors", &path);
  g_autoptr (RnnLayer) layer = rnn_layer_new ("{\"cell\": \"lstm\", \"hidden\": 6}", 4, &error);
  RnnTensorView weights[G_N_ELEMENTS (names)];

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *there = g_strconcat ("w.", names[i], "_l0", NULL);

    weights[i] = *rnn_safetensors_find (file, there);
    weights[i].name = names[i];
  }
  rnn_layer_set_weights (layer, weights, G_N_ELEMENTS (names), &error);
  g_assert_no_error (error);
  assert_golden (layer, file, 4, 2, 0);         /* the other stream is shorter */
}

static void
test_many_steps (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnLayer) layer = rnn_layer_new ("{\"cell\": \"gru\", \"hidden\": 3, \"depth\": 2}", 2, &error);
  gfloat x[8] = { 1, -1, 0.5f, 2, 0, 3, -2, 1 }, once[4 * 3], single[4 * 3], states[2][6];

  g_assert_no_error (error);
  g_assert_cmpuint (rnn_layer_get_state_size (layer), ==, 6);
  g_assert_cmpint (rnn_layer_find_state (layer, "h", NULL), ==, -1);    /* of which one? */
  rnn_layer_reset (layer, states[0]);
  rnn_layer_reset (layer, states[1]);
  rnn_layer_run (layer, 4, x, states[0], once);
  for (gint t = 0; t < 4; t++)
    rnn_layer_run (layer, 1, x + 2 * t, states[1], single + 3 * t);
  g_assert_cmpmem (once, sizeof once, single, sizeof single);
  g_assert_cmpmem (states[0], sizeof states[0], states[1], sizeof states[1]);
}

/* The weights are refused for @says, and the layer is as it was. */
static void
assert_refused (const RnnTensorView *weights, guint n, const gchar *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnLayer) layer = rnn_layer_new ("{\"cell\": \"elman\", \"hidden\": 1}", 1, NULL);
  gfloat x = 1, before, after, state = 0;

  rnn_layer_run (layer, 1, &x, &state, &before);
  g_assert_false (rnn_layer_set_weights (layer, weights, n, &error));
  g_assert_nonnull (strstr (error->message, says));
  state = 0;
  rnn_layer_run (layer, 1, &x, &state, &after);
  g_assert_cmpfloat (before, ==, after);
}

static void
test_refused_weights (void)
{
  const gint matrix[] = { 1, 1 }, wide[] = { 1, 2 };
  const gfloat one[] = { 1, 1 }, bad = NAN;
  RnnTensorView w[] = { rnn_tensor_view_f32 ("weight_ih_l0", 2, matrix, one), rnn_tensor_view_f32 ("weight_hh", 2, matrix, one),
    rnn_tensor_view_f32 ("bias_ih", 1, matrix, one), rnn_tensor_view_f32 ("bias_hh", 1, matrix, one),
    rnn_tensor_view_f32 ("weight_ih_l1", 2, matrix, one) };

  assert_refused (w, 3, "bias_hh");
  assert_refused (w, 5, "weight_ih_l1");
  w[0] = rnn_tensor_view_f32 ("weight_ih", 2, wide, one);
  assert_refused (w, 4, "[1, 1]");
  w[0] = rnn_tensor_view_f32 ("weight_ih", 2, matrix, &bad);
  assert_refused (w, 4, "finite");
}

static void
test_refused_layers (void)
{
  static const gchar *const bad[] = { "", "{", "5", "{}", "{\"cell\": \"none\"}", "{\"cell\": \"lstm\", \"hiden\": 3}",
    "{\"cell\": \"bidirectional\", \"layers\": [{\"cell\": \"lstm\", \"hidden\": 2}]}" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (rnn_layer_new (bad[i], 2, &error));
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layer/file", test_file);
  g_test_add_func ("/layer/arrays", test_arrays);
  g_test_add_func ("/layer/many-steps", test_many_steps);
  g_test_add_func ("/layer/refused-weights", test_refused_weights);
  g_test_add_func ("/layer/refused-layers", test_refused_layers);
  return g_test_run ();
}
