/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory whose size a file or a recipe decides. */
#include "memory.h"
#include "error.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define DEFAULT_LIMIT (G_GUINT64_CONSTANT (1) << 30)
#define MEGABYTE 1000000.

guint64
rnn_memory_get_limit (void)
{
  const gchar *megabytes = g_getenv ("RNN_MAX_MEMORY");
  guint64 n = megabytes ? g_ascii_strtoull (megabytes, NULL, 10) : 0;

  return n ? MIN (n, G_MAXUINT64 / 1000000) * 1000000 : DEFAULT_LIMIT;
}

gboolean
rnn_memory_check (guint64 bytes, const gchar *what, const gchar *where, GError **error)
{
  guint64 limit = rnn_memory_get_limit ();

  if (bytes <= limit)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: %.0f MB of %s; the limit is %.0f MB, and RNN_MAX_MEMORY=%.0f in the "
      "environment would allow it", where, (gdouble) bytes / MEGABYTE, what, (gdouble) limit / MEGABYTE,
      (gdouble) bytes / MEGABYTE + 1);
  return FALSE;
}

/* NULL and an error. */
static gpointer
try_bytes (gsize bytes, const gchar *where, GError **error)
{
  gpointer data = NULL;

  if (posix_memalign (&data, ALIGNMENT, MAX (bytes, 1)) == 0)
    return data;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: the system has no %.0f MB of memory for it", where,
      (gdouble) bytes / MEGABYTE);
  return NULL;
}

gboolean
rnn_memory_probe (gsize bytes, const gchar *where, GError **error)
{
  gpointer data = try_bytes (bytes, where, error);

  free (data);
  return data != NULL;
}

gfloat *
rnn_memory_try_room (gsize n, const gchar *where, GError **error)
{
  return try_bytes (rnn_size_mul (n, sizeof (gfloat)), where, error);
}

gfloat *
rnn_memory_try_floats (gsize n, const gchar *where, GError **error)
{
  gfloat *data = rnn_memory_try_room (n, where, error);

  return data ? memset (data, 0, n * sizeof (gfloat)) : NULL;
}

void
rnn_memory_give_back (void)
{
#ifdef __GLIBC__
  malloc_trim (0);
#endif
}
