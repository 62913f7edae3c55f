/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a model in rwkv.cpp's format: refused, or a model that runs. */
#include "../fuzz.h"
#include "model/model.h"
#include "session/session.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_autoptr (RnnModel) model = rnn_model_load_bytes (bytes, "fuzz", NULL);
  g_autoptr (RnnSession) session = model ? rnn_session_new (model, 1, 2, RNN_PRECISION_F32, NULL) : NULL;
  g_autofree gfloat *y = session ? g_new (gfloat, 2 * rnn_model_get_n_out (model)) : NULL;
  const gfloat tokens[] = { 0, 1 };

  if (session)
    rnn_session_run (session, 2, tokens, y);
  return 0;
}
