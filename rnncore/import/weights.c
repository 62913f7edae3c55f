/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Safetensors of weights alone: a state_dict of PyTorch's. */
#include <string.h>
#include "model/reader.h"
#include "model/safetensors.h"
#include "state-dict.h"

#define OURS "\"rnncore"        /* keys of our own metadata */

static gboolean
is_mine (const guint8 *data, gsize n)
{
  guint64 length;

  if (n < 9 || data[8] != '{')
    return FALSE;
  memcpy (&length, data, sizeof length);
  return length <= n - 8 && !memmem (data + 8, length, OURS, strlen (OURS));
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (bytes, where, error);

  for (guint i = 0; file && i < rnn_safetensors_get_n (file); i++)
    if (!rnn_tensors_add (import->tensors, rnn_safetensors_get (file, i), error))
      return FALSE;
  return file && rnn_state_dict_complete (import->tensors, error);
}

const RnnReader rnn_reader_weights = { "weights", "safetensors of weights alone (a state_dict)", is_mine, read_file };
