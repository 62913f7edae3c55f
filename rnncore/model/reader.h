/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foreign formats: what a reader (one file of import/, one word in import/meson.build) makes of a file.  It only reads: what the
 * layers are, and which tensors there are, under the names and in the shapes and gate orders of our own files.  The
 * model is built of that, checked and filled in one place for all (build.c). */
#pragma once
#include "tensors.h"
#include <jansson.h>

G_BEGIN_DECLS

typedef struct {
  json_t *recipe;               /* owned; NULL: the file has only weights */
  RnnTensors *tensors;          /* owned; may point into the file's bytes */
  gboolean loose;               /* the format does not care for dimensions of 1 */
} RnnImport;

void rnn_import_clear (RnnImport *import);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RnnImport, rnn_import_clear)

typedef struct {
  const gchar *name, *summary;  /* of the format */
  gboolean (*is_mine) (const guint8 *data, gsize n);    /* the first look, at content alone */
  /* Fills @import, whose tensors are there and empty.  @where: the path, for messages, and for the files beside it of a format that has
   * several. */
  gboolean (*read)    (GBytes *bytes, const gchar *where, RnnImport *import, GError **error);
} RnnReader;

/* All of them, NULL-terminated, in the order in which they are asked. */
const RnnReader *const *rnn_readers (void);
const RnnReader *rnn_reader_find (const gchar *name);

G_END_DECLS
