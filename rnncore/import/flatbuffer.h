/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FlatBuffers of strangers: little-endian tables whose fields are offsets.  Positions are bytes from the file's begin, 0 is none; whatever
 * would lie outside is not there.
 *
 *   table: int32 distance back to its vtable, fields; vtable: uint16 its bytes, uint16 the table's, then where each field is, or 0
 *   what a field points at lies uint32 behind it; a vector: uint32 count, elements */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const guint8 *data;
  gsize size;
} RnnFlat;

gsize        rnn_flat_root   (const RnnFlat *flat);                     /* the table that the file is */
/* Field @i of @table as a number of @bytes (1, 2, 4, 8). */
gint64       rnn_flat_int    (const RnnFlat *flat, gsize table, guint i, guint bytes, gint64 fallback);
gdouble      rnn_flat_float  (const RnnFlat *flat, gsize table, guint i, gdouble fallback);
gsize        rnn_flat_table  (const RnnFlat *flat, gsize table, guint i);
/* How many elements of @bytes each, all within the file; where the first one is. */
guint        rnn_flat_vector (const RnnFlat *flat, gsize table, guint i, guint bytes, gsize *first);
/* Element @k of a vector of tables that begins at @first. */
gsize        rnn_flat_element (const RnnFlat *flat, gsize first, guint k);
gchar       *rnn_flat_string (const RnnFlat *flat, gsize table, guint i);       /* valid UTF-8; "": there is none (transfer full) */

/* Numbers anywhere in the file, for elements of vectors. */
gint64       rnn_flat_get (const RnnFlat *flat, gsize at, guint bytes);

G_END_DECLS
