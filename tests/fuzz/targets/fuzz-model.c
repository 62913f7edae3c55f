/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a model file: refused, or a model that runs.  The corpus holds files with packed weights, true and
 * false. */
#include "../fuzz.h"
#include "session/session.h"
#include <string.h>

#define STEPS 3
#define MOST (1 << 16)          /* floats of a step: larger models only cost time here */

static void
run (RnnModel *model)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, STEPS, RNN_PRECISION_F32, NULL);
  gint n_in = rnn_model_get_n_in (model), n_out = rnn_model_get_n_out (model);
  g_autofree gfloat *x = g_new0 (gfloat, (gsize) STEPS * n_in), *y = g_new (gfloat, (gsize) STEPS * n_out);

  for (gint i = 0; i < STEPS * n_in; i++)
    x[i] = (gfloat) (i % 7 - 3);
  if (session)
    rnn_session_run (session, STEPS, x, y);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  gpointer aligned = g_aligned_alloc (MAX (n, 1), 1, 64);
  g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (aligned, n, g_aligned_free, aligned);
  g_autoptr (RnnModel) model = NULL;

  memcpy (aligned, data, n);
  model = rnn_model_load_bytes (bytes, "fuzz", NULL);
  if (model && rnn_model_get_n_in (model) + rnn_model_get_n_out (model) <= MOST)
    run (model);
  return 0;
}
