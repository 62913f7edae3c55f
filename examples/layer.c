/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* torch.nn.LSTMCell (3, 4) on five steps, with weights from arrays: h after each step, then c.
 *
 *   cc layer.c -o layer $(pkg-config --cflags --libs rnncore) -lm && ./layer
 *
 * rnn_layer_load () takes them from a safetensors file instead. */
#include <rnncore/rnn.h>
#include <math.h>

enum { X = 3, H = 4 };

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnLayer) lstm = rnn_layer_new ("{\"cell\": \"lstm\", \"hidden\": 4}", X, &error);
  gfloat w[4][4 * H * H], x[X], state[2 * H], y[H];
  RnnTensorView weights[] = {
    rnn_tensor_view_f32 ("weight_ih", 2, (const gint[]) { 4 * H, X }, w[0]),
    rnn_tensor_view_f32 ("weight_hh", 2, (const gint[]) { 4 * H, H }, w[1]),
    rnn_tensor_view_f32 ("bias_ih", 1, (const gint[]) { 4 * H }, w[2]),
    rnn_tensor_view_f32 ("bias_hh", 1, (const gint[]) { 4 * H }, w[3]) };

  for (gint k = 0; k < 4; k++)
    for (gint i = 0; i < 4 * H * H; i++)
      w[k][i] = sinf (i + k);
  if (!lstm || !rnn_layer_set_weights (lstm, weights, 4, &error))
    g_error ("%s", error->message);
  gfloat *h = state + rnn_layer_find_state (lstm, "h", NULL), *c = state + rnn_layer_find_state (lstm, "c", NULL);
  for (gint i = 0; i < H; i++) {
    h[i] = i * 0.1f;
    c[i] = (H + i) * 0.1f;
  }
  for (gint t = 0; t < 5; t++) {
    for (gint i = 0; i < X; i++)
      x[i] = cosf (t * X + i);
    rnn_layer_run (lstm, 1, x, state, y);
    g_print ("%.7f %.7f %.7f %.7f\n", y[0], y[1], y[2], y[3]);
  }
  g_print ("%.7f %.7f %.7f %.7f\n", c[0], c[1], c[2], c[3]);
  return 0;
}
