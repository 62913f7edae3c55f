/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a model file over a stream of numbers: a line of standard input is a step, and so is a line of output.
 *
 *   cc session.c -o session $(pkg-config --cflags --libs rnncore) && ./session sine.safetensors < values.txt */
#include <rnncore/rnn.h>
#include <stdio.h>

static gboolean
read_step (gfloat *x, gint n)
{
  for (gint i = 0; i < n; i++)
    if (scanf ("%f", &x[i]) != 1)
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = argc > 1 ? rnn_model_load (argv[1], &error) : NULL;
  g_autoptr (RnnSession) session = model ? rnn_session_new (model, 1, 1, RNN_PRECISION_F32, &error) : NULL;

  if (!session) {
    g_printerr ("%s\n", error ? error->message : "session MODEL < VALUES");
    return 1;
  }
  gint n_in = rnn_model_get_n_in (model), n_out = rnn_model_get_n_out (model);
  g_autofree gfloat *x = g_new (gfloat, n_in), *y = g_new (gfloat, n_out);

  for (guint t = 0; read_step (x, n_in); t++) {
    rnn_session_run (session, 1, x, y);
    for (gint i = 0; t >= rnn_session_get_latency (session) && i < n_out; i++)
      printf ("%g%c", y[i], i + 1 < n_out ? ' ' : '\n');
  }
  return 0;
}
