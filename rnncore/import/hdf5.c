/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HDF5 files: finds the module that reads them. */
#include "hdf5.h"
#include <string.h>
#include "base/error.h"
#include "base/module.h"
#include "hdf5-apart.h"

static const gchar *const reasons[RNN_HDF5_N_RESULTS] = {
  [RNN_HDF5_DAMAGED] = "it is damaged",
  [RNN_HDF5_ARRAY_DAMAGED] = "an array is damaged",
  [RNN_HDF5_TOO_MANY] = "more objects than are supported",
  [RNN_HDF5_NO_PROCESS] = "the system has no process for it",
};

gboolean
rnn_hdf5_is_one (const guint8 *data, gsize n)
{
  return n >= strlen (RNN_HDF5_MAGIC) && memcmp (data, RNN_HDF5_MAGIC, strlen (RNN_HDF5_MAGIC)) == 0;
}

static gpointer
find_reader (gpointer unused)
{
  GModule *module = rnn_module_open ("librnncore-hdf5.so", G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;

  if (module && g_module_symbol (module, RNN_HDF5_SYMBOL, &symbol))
    g_module_make_resident (module);
  return symbol;
}

gboolean
rnn_hdf5_read (const guint8 *data, gsize n, const gchar *where, RnnHdf5Sink *sink, GError **error)
{
  static GOnce once = G_ONCE_INIT;
  RnnHdf5Read reader = (RnnHdf5Read) g_once (&once, find_reader, NULL);
  RnnHdf5Result result = reader ? rnn_hdf5_read_apart (reader, data, n, sink) : RNN_HDF5_DAMAGED;

  if (!reader)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: an HDF5 file, and this installation has no librnncore-hdf5", where);
  else if (result != RNN_HDF5_GOOD)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its HDF5 cannot be read: %s", where, reasons[result]);
  return result == RNN_HDF5_GOOD;
}
