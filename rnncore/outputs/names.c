/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens or labels in a recipe: a list of strings as long as the output is wide. */
#include "output.h"

#define MAX_NAMES 65536

static gchar **
copy_names (const json_t *list)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gsize i;
  json_t *name;

  json_array_foreach (list, i, name) {
    if (!json_is_string (name))
      return NULL;
    g_ptr_array_add (names, g_strdup (json_string_value (name)));
  }
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

gboolean
rnn_output_read_names (RnnOutput *output, const json_t *object, const gchar *key, const gchar *where, GError **error)
{
  const json_t *list = json_object_get (object, key);
  gsize n = json_array_size (list);

  if (!list)
    return TRUE;
  if (!json_is_array (list) || n == 0 || n > MAX_NAMES || !(output->names = copy_names (list))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"%s\" must be a list of strings", where, key);
    return FALSE;
  }
  if (output->n && n != (gsize) output->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers give %d values, but the output names %"
        G_GSIZE_FORMAT, where, output->n, n);
    return FALSE;
  }
  output->n = (gint) n;
  return TRUE;
}
