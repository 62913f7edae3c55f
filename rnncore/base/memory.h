/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory whose size a file or a recipe decides: asked for before it is taken, and refused with a message where GLib would
 * end the process. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The most that one such array may take.  RNN_MAX_MEMORY in the environment, in MB, is another limit than 1 GiB. */
guint64 rnn_memory_get_limit (void);

/* n floats, all 0, at a multiple of 64 bytes; g_aligned_free.  NULL and an error that begins with @where: the system has no
 * such memory. */
gfloat *rnn_memory_try_floats (gsize n, const gchar *where, GError **error);
/* The same, but what is in it is undefined. */
gfloat *rnn_memory_try_room (gsize n, const gchar *where, GError **error);
/* Would the system give @bytes at once?  For who allocates with GLib next. */
gboolean rnn_memory_probe (gsize bytes, const gchar *where, GError **error);
/* Is @bytes within the limit?  @what it is, for the message: "weights". */
gboolean rnn_memory_check (guint64 bytes, const gchar *what, const gchar *where, GError **error);

/* a b and a + b, and G_MAXSIZE where a size cannot hold that: no system has so much memory, so whoever asks for it is refused. */
static inline gsize
rnn_size_mul (gsize a, gsize b)
{
  gsize product;

  return g_size_checked_mul (&product, a, b) ? product : G_MAXSIZE;
}

/* The same of a dimension that a file claims, which may be negative, or longer than a size. */
static inline gsize
rnn_size_mul_dim (gsize a, gint64 dim)
{
  return dim < 0 || (gint64) (gsize) dim != dim ? G_MAXSIZE : rnn_size_mul (a, (gsize) dim);
}

static inline gsize
rnn_size_add (gsize a, gsize b)
{
  return a > G_MAXSIZE - b ? G_MAXSIZE : a + b;
}

/* Gives the system back what has been freed, after work that needed much for a moment. */
void     rnn_memory_give_back (void);

G_END_DECLS
