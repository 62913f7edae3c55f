/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HDF5 files: their texts and arrays.  The library that reads them is large, so it is loaded (librnncore-hdf5) when there is such a
 * file, and lives behind this table. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_HDF5_MAGIC "\x89HDF\r\n\x1a\n"
#define RNN_HDF5_MAX_RANK 8

/* Who takes what is found.  @path as in the file, without a leading slash. */
typedef struct _RnnHdf5Sink RnnHdf5Sink;
struct _RnnHdf5Sink {
  /* An attribute that is one text. */
  void    (*text)  (RnnHdf5Sink *sink, const gchar *path, const gchar *name, const gchar *text);
  /* An array of numbers: room for them all as floats, or NULL: not wanted. */
  gfloat *(*array) (RnnHdf5Sink *sink, const gchar *path, gint rank, const gint *dims);
};

typedef enum { RNN_HDF5_GOOD, RNN_HDF5_DAMAGED, RNN_HDF5_ARRAY_DAMAGED, RNN_HDF5_TOO_MANY, RNN_HDF5_NO_PROCESS,
  RNN_HDF5_N_RESULTS } RnnHdf5Result;

/* The module's one symbol. */
#define RNN_HDF5_SYMBOL "rnn_hdf5_read_image"
typedef RnnHdf5Result (*RnnHdf5Read) (const guint8 *data, gsize n, RnnHdf5Sink *sink);

gboolean rnn_hdf5_is_one (const guint8 *data, gsize n);
gboolean rnn_hdf5_read   (const guint8 *data, gsize n, const gchar *where, RnnHdf5Sink *sink, GError **error);

G_END_DECLS
