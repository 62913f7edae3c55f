/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HDF5 files are read in a process of its own: libhdf5 writes past its memory, or never ends, where a file is damaged. */
#pragma once
#include "hdf5.h"

G_BEGIN_DECLS

/* As @read, which is called in a child of this process and has some seconds of CPU time there; @sink is called in this one. */
RnnHdf5Result rnn_hdf5_read_apart (RnnHdf5Read read, const guint8 *data, gsize n, RnnHdf5Sink *sink);

G_END_DECLS
