/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables, vectors and strings of a FlatBuffer, each access within the file. */
#include "flatbuffer.h"
#include <string.h>

static gboolean
is_inside (const RnnFlat *flat, gsize at, gsize bytes)
{
  return at > 0 && at <= flat->size && bytes <= flat->size - at;
}

gint64
rnn_flat_get (const RnnFlat *flat, gsize at, guint bytes)
{
  guint64 value = 0;

  if (!is_inside (flat, at, bytes))
    return 0;
  for (guint i = 0; i < bytes; i++)
    value |= (guint64) flat->data[at + i] << (8 * i);
  if (bytes < 8 && value >> (8 * bytes - 1))
    value |= G_MAXUINT64 << (8 * bytes);
  return (gint64) value;
}

/* What lies an offset behind @at. */
static gsize
follow (const RnnFlat *flat, gsize at)
{
  gsize distance = (gsize) (rnn_flat_get (flat, at, 4) & G_MAXUINT32);

  return is_inside (flat, at, 4) && distance > 0 && is_inside (flat, at, distance) ? at + distance : 0;
}

gsize
rnn_flat_root (const RnnFlat *flat)
{
  gsize at;

  if (flat->size < 8)
    return 0;
  at = flat->data[0] | flat->data[1] << 8 | flat->data[2] << 16 | (gsize) flat->data[3] << 24;
  return is_inside (flat, at, 4) ? at : 0;
}

/* Where field i is; 0: it is left out. */
static gsize
field (const RnnFlat *flat, gsize table, guint i, guint bytes)
{
  gint64 vtable = (gint64) table - rnn_flat_get (flat, table, 4);
  gsize entry, at;

  if (table == 0 || vtable <= 0 || !is_inside (flat, (gsize) vtable, 4))
    return 0;
  entry = 4 + 2 * (gsize) i;
  if (entry + 2 > (gsize) (rnn_flat_get (flat, (gsize) vtable, 2) & G_MAXUINT16))
    return 0;
  at = (gsize) (rnn_flat_get (flat, (gsize) vtable + entry, 2) & G_MAXUINT16);
  return at && is_inside (flat, table + at, bytes) ? table + at : 0;
}

gint64
rnn_flat_int (const RnnFlat *flat, gsize table, guint i, guint bytes, gint64 fallback)
{
  gsize at = field (flat, table, i, bytes);

  return at ? rnn_flat_get (flat, at, bytes) : fallback;
}

gdouble
rnn_flat_float (const RnnFlat *flat, gsize table, guint i, gdouble fallback)
{
  gsize at = field (flat, table, i, 4);
  gint32 bits = (gint32) rnn_flat_get (flat, at, 4);
  gfloat value;

  memcpy (&value, &bits, sizeof value);
  return at ? value : fallback;
}

gsize
rnn_flat_table (const RnnFlat *flat, gsize table, guint i)
{
  gsize at = field (flat, table, i, 4);

  return at ? follow (flat, at) : 0;
}

guint
rnn_flat_vector (const RnnFlat *flat, gsize table, guint i, guint bytes, gsize *first)
{
  gsize at = rnn_flat_table (flat, table, i), n = (gsize) (rnn_flat_get (flat, at, 4) & G_MAXUINT32);

  *first = at + 4;
  return at && is_inside (flat, at + 4, n * bytes) ? (guint) n : 0;
}

gsize
rnn_flat_element (const RnnFlat *flat, gsize first, guint k)
{
  return follow (flat, first + 4 * (gsize) k);
}

gchar *
rnn_flat_string (const RnnFlat *flat, gsize table, guint i)
{
  gsize first;
  guint n = rnn_flat_vector (flat, table, i, 1, &first);

  return g_utf8_make_valid (n ? (const gchar *) flat->data + first : "", n);
}
