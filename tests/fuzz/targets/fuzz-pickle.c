/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a pickle: refused, or values that can be looked at. */
#include "../fuzz.h"
#include "import/pickle.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_autoptr (RnnPickle) pickle = rnn_pickle_read (bytes, "fuzz", NULL);

  if (pickle)
    rnn_pickle_lookup (rnn_pickle_get_top (pickle), "state_dict");
  return 0;
}
