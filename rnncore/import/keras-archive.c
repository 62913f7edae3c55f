/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keras's archives (.keras): a ZIP of config.json (what model_config is in a .h5), metadata.json (the version) and model.weights.h5, whose
 * arrays are not called by their layers' names but by where they are in the model (saving_lib.py):
 *
 *   layers/CLASS[_N]/[forward_layer|backward_layer|layer/][cell/]vars/I     CLASS in small letters, N its place among those of its class
 *
 * up to 2.15 _layer_checkpoint_dependencies/... .  I counts a layer's arrays in the order in which it makes them. */
#include "keras.h"
#include <string.h>
#include "archive.h"

#define WEIGHTS "model.weights.h5"
#define MAX_TEXT (1 << 26)

gboolean
rnn_keras_is_archive (const guint8 *data, gsize n)
{
  return rnn_archive_has (data, n, WEIGHTS);
}

/* ---- where a layer's arrays are ---- */

static gboolean
begins_word (const gchar *name, gsize i)
{
  gboolean upper = g_ascii_isupper (name[i]), lower_next = g_ascii_islower (name[i + 1]);

  return i > 0 && upper && (g_ascii_islower (name[i - 1]) || (lower_next && name[i - 1] != '_'));
}

/* BatchNormalization: batch_normalization, SimpleRNN: simple_rnn, LSTM: lstm. (transfer full) */
static gchar *
fold_class (const gchar *klass)
{
  GString *folded = g_string_new (NULL);

  for (gsize i = 0; klass[i]; i++) {
    if (begins_word (klass, i))
      g_string_append_c (folded, '_');
    g_string_append_c (folded, g_ascii_tolower (klass[i]));
  }
  return g_string_free (folded, FALSE);
}

static void
place_layers (RnnKeras *k, const json_t *layers)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  json_t *layer;
  gsize i;

  json_array_foreach ((json_t *) layers, i, layer) {
    const gchar *klass = json_string_value (json_object_get (layer, "class_name"));
    const gchar *name = json_string_value (json_object_get (json_object_get (layer, "config"), "name"));
    g_autofree gchar *folded = klass && strlen (klass) < 100 ? fold_class (klass) : NULL;
    guint n;

    if (!folded || !name)
      continue;
    n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, folded));
    g_hash_table_insert (k->folders, g_strdup (name), n ? g_strdup_printf ("%s_%u", folded, n) : g_strdup (folded));
    g_hash_table_insert (counts, g_steal_pointer (&folded), GUINT_TO_POINTER (n + 1));
  }
}

static gboolean
is_on (const RnnKerasLayer *l, const gchar *key)
{
  return !json_is_false (json_object_get (l->config, key));
}

/* The place of an array among its layer's. */
static gint
find_place (const RnnKerasLayer *l, const gchar *name)
{
  gint scale = is_on (l, "scale"), center = is_on (l, "center");
  const struct {
    const gchar *name;
    gint place;
  } places[] = {
    { "kernel", 0 }, { "embeddings", 0 }, { "recurrent_kernel", 1 }, { "bias", json_object_get (l->config, "recurrent_activation")
        || g_str_equal (l->klass, "SimpleRNN") ? 2 : 1 },
    { "gamma", scale ? 0 : -1 }, { "beta", center ? scale : -1 }, { "moving_mean", scale + center }, { "moving_variance", scale + center + 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_str_equal (places[i].name, name))
      return places[i].place;
  return -1;
}

const RnnTensorView *
rnn_keras_archive_find (const RnnKeras *k, const RnnKerasLayer *l, const gchar *name)
{
  const gchar *folder = g_hash_table_lookup (k->folders, l->name);
  gint place = find_place (l, name);
  g_autofree gchar *now = g_strdup_printf ("layers/%s/", folder ? folder : ""), *end = g_strdup_printf ("/vars/%d", place);
  g_autofree gchar *before = g_strconcat ("_layer_checkpoint_dependencies/", folder ? folder : "", "/", NULL);

  for (guint i = 0; folder && place >= 0 && i < rnn_tensors_get_n (k->arrays); i++) {
    const RnnTensorView *array = rnn_tensors_get (k->arrays, i);

    if ((g_str_has_prefix (array->name, now) || g_str_has_prefix (array->name, before)) && g_str_has_suffix (array->name, end)
        && (!l->part || strstr (array->name, l->part)))
      return array;
  }
  return NULL;
}

/* ---- reading ---- */

/* (g_free), NUL-terminated; NULL: it is not there, or too long. */
static gchar *
read_text (RnnArchive *archive, const gchar *name, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_archive_read (archive, name, error);
  gsize n;
  const gchar *data = bytes ? g_bytes_get_data (bytes, &n) : NULL;

  return bytes && n <= MAX_TEXT ? g_strndup (n ? data : "", n) : NULL;
}

static void
read_metadata (RnnKeras *k, RnnArchive *archive)
{
  g_autofree gchar *text = read_text (archive, "metadata.json", NULL);
  json_t *metadata = text ? json_loads (text, 0, NULL) : NULL;

  k->version = g_strdup (json_string_value (json_object_get (metadata, "keras_version")));
  json_decref (metadata);
}

gboolean
rnn_keras_read_archive (RnnKeras *k, GBytes *bytes, GError **error)
{
  g_autoptr (RnnArchive) archive = rnn_archive_open (bytes, k->where, error);
  g_autoptr (GBytes) weights = archive ? rnn_archive_read (archive, WEIGHTS, error) : NULL;
  json_t *model, *config;

  if (!weights || !(k->config = read_text (archive, "config.json", error)))
    return weights && error && !*error ? rnn_keras_fail (k, NULL, error, "its config.json is too long") : FALSE;
  read_metadata (k, archive);
  k->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  model = json_loads (k->config, JSON_ALLOW_NUL, NULL);
  config = json_object_get (model, "config");
  place_layers (k, json_object_get (config, "layers"));
  json_decref (model);
  return rnn_hdf5_read (g_bytes_get_data (weights, NULL), g_bytes_get_size (weights), k->where, &k->sink, error);
}
