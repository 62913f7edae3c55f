/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keras's .h5 files (and archives, keras-archive.c): the attribute "model_config" (JSON) says what the layers are and, of functional models, what each reads; arrays
 * are model_weights/LAYER/.../NAME:0.  Layers that lead to the model's output are converted (keras-layers.c); a plain row of them
 * becomes a chain, anything else a graph. */
#include "keras.h"
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "layers.h"

#define MAX_LAYERS 1024

gboolean
rnn_keras_fail (const RnnKeras *k, const gchar *layer, GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL, *shown = layer ? g_utf8_make_valid (layer, (gssize) MIN (strlen (layer), 100)) : NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, shown ? "%s: layer \"%s\" %s" : "%s: %s%s", k->where, shown ? shown : "", reason);
  return FALSE;
}

/* ---- the file ---- */

static void
take_text (RnnHdf5Sink *sink, const gchar *path, const gchar *name, const gchar *text)
{
  RnnKeras *k = (RnnKeras *) sink;
  gchar **to = g_str_equal (name, "model_config") ? &k->config : g_str_equal (name, "keras_version") ? &k->version : NULL;

  if (to && !*to)
    *to = g_strdup (text);
}

static gfloat *
take_array (RnnHdf5Sink *sink, const gchar *path, gint rank, const gint *dims)
{
  RnnKeras *k = (RnnKeras *) sink;
  gsize size = sizeof (gfloat);
  gboolean fits = TRUE;

  if (k->error || g_str_has_prefix (path, "optimizer_weights"))
    return NULL;
  for (gint i = 0; fits && i < rank; i++)
    fits = g_size_checked_mul (&size, size, (gsize) dims[i]);
  k->bytes += fits ? size : G_MAXUINT32;
  if (!rnn_memory_check (k->bytes, "arrays", k->where, &k->error))
    return NULL;
  return rnn_tensors_add_f32 (k->arrays, path, rank, dims, &k->error);
}

/* ---- the layers ---- */

static const gchar *
name_of (const json_t *layer)
{
  const gchar *name = json_string_value (json_object_get (layer, "name"));

  return name ? name : json_string_value (json_object_get (json_object_get (layer, "config"), "name"));
}

static gboolean
is_class (const json_t *layer, const gchar *klass)
{
  return g_strcmp0 (json_string_value (json_object_get (layer, "class_name")), klass) == 0;
}

/* Of one tensor that a layer reads: ["name", 0, 0, {}], or in Keras 3 an object with its "keras_history". */
static const gchar *
name_of_tensor (const json_t *tensor)
{
  const json_t *history = json_object_get (json_object_get (tensor, "config"), "keras_history");

  return json_string_value (json_array_get (history ? history : tensor, 0));
}

/* Names of what a layer of a functional model reads (transfer full); NULL: more than can be told. */
static json_t *
list_inputs (const json_t *layer)
{
  const json_t *nodes = json_object_get (layer, "inbound_nodes"), *node = json_array_get (nodes, 0);
  json_t *names = json_array ();
  const json_t *tensor;
  gsize i;

  if (json_is_object (node)) {
    node = json_array_get (json_object_get (node, "args"), 0);
    if (json_is_object (node))
      json_array_append_new (names, json_string (name_of_tensor (node)));
  }
  json_array_foreach ((json_t *) node, i, tensor)
    json_array_append_new (names, json_string (name_of_tensor (tensor)));
  if (json_array_size (nodes) > 1)
    g_clear_pointer (&names, json_decref);
  return names;
}

static const json_t *
find_layer (const json_t *layers, const gchar *name, gsize *at)
{
  for (gsize i = 0; name && i < json_array_size (layers); i++)
    if (g_strcmp0 (name_of (json_array_get (layers, i)), name) == 0) {
      *at = i;
      return json_array_get (layers, i);
    }
  return NULL;
}

/* The layer that the model's answer comes from: a loss that was written as a layer is passed by, to what it reads first. */
static gboolean
find_output (const RnnKeras *k, const json_t *config, const json_t *layers, gsize *at, GError **error)
{
  const json_t *outputs = json_object_get (config, "output_layers"), *first = json_array_get (outputs, 0);
  const json_t *layer = find_layer (layers, json_string_value (json_is_array (first) ? json_array_get (first, 0) : first), at);

  if (!layer || (json_is_array (first) && json_array_size (outputs) != 1))
    return rnn_keras_fail (k, NULL, error, "the model has no output, or more than one");
  while (is_class (layer, "Lambda")) {
    json_t *names = list_inputs (layer);
    gsize before = *at;

    layer = find_layer (layers, json_string_value (json_array_get (names, 0)), at);
    json_decref (names);
    if (!layer || *at >= before)
      return rnn_keras_fail (k, NULL, error, "its output is a Lambda, which cannot be read");
  }
  return TRUE;
}

/* needed[i]: does the output depend on layer i? */
static gboolean
find_needed (const RnnKeras *k, const json_t *layers, gsize output, gboolean *needed, GError **error)
{
  needed[output] = TRUE;
  for (gsize i = output + 1; i-- > 0;) {
    const json_t *layer = json_array_get (layers, i), *name;
    json_t *names = needed[i] ? list_inputs (layer) : json_array ();
    gboolean ok = names != NULL;
    gsize j, at;

    json_array_foreach (names, j, name)
      if ((ok = ok && find_layer (layers, json_string_value (name), &at) && at < i))
        needed[at] = TRUE;
    json_decref (names);
    if (!ok)
      return rnn_keras_fail (k, name_of (layer), error, "is used twice, or reads a layer that comes later");
  }
  return TRUE;
}

/* ---- converting ---- */

typedef struct {
  RnnKeras *k;
  GHashTable *answers;          /* name of a layer -> name of ours that answers for it, owned */
  gint n_in;
} Conversion;

/* The last of a batch's shape. */
static void
find_width (Conversion *c, const json_t *config)
{
  static const gchar *const keys[] = { "batch_input_shape", "batch_shape" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const json_t *shape = json_object_get (config, keys[i]);
    const json_t *last = json_array_get (shape, json_array_size (shape) - 1);

    if (json_is_integer (last) && c->n_in == 0)
      c->n_in = (gint) CLAMP (json_integer_value (last), 0, 1 << 20);
  }
}

/* What ours reads for what theirs does; NULL: something that is not there. */
static json_t *
translate (const Conversion *c, const json_t *names)
{
  json_t *from = json_array (), *name;
  gsize i;

  json_array_foreach ((json_t *) names, i, name) {
    const gchar *ours = g_hash_table_lookup (c->answers, json_string_value (name));

    if (!ours) {
      json_decref (from);
      return NULL;
    }
    json_array_append_new (from, json_string (ours));
  }
  return from;
}

static const gchar *
last_name (const json_t *layers)
{
  return json_string_value (json_object_get (json_array_get (layers, json_array_size (layers) - 1), "name"));
}

/* @inputs: names of theirs */
static gboolean
convert_layer (Conversion *c, const json_t *layer, const json_t *inputs, GError **error)
{
  RnnKerasLayer l = { .klass = json_string_value (json_object_get (layer, "class_name")), .name = name_of (layer),
    .config = json_object_get (layer, "config"), .suffix = "", .from = translate (c, inputs) };
  gsize before = json_array_size (c->k->layers);
  gboolean ok = l.name && l.from && json_array_size (l.from) > 0;

  find_width (c, l.config);
  if (is_class (layer, "Embedding"))
    c->n_in = 1;
  if (!ok)
    rnn_keras_fail (c->k, l.name, error, "reads nothing that is known");
  ok = ok && rnn_keras_convert (c->k, &l, error);
  if (ok)
    g_hash_table_insert (c->answers, (gpointer) l.name, g_strdup (json_array_size (c->k->layers) > before ? last_name (c->k->layers)
            : json_string_value (json_array_get (l.from, 0))));
  json_decref (l.from);
  json_decref (l.made);
  return ok;
}

static gboolean
convert_input (Conversion *c, const json_t *layer, GError **error)
{
  if (g_hash_table_size (c->answers) > 0)
    return rnn_keras_fail (c->k, name_of (layer), error, "is a second input");
  find_width (c, json_object_get (layer, "config"));
  g_hash_table_insert (c->answers, (gpointer) name_of (layer), g_strdup ("input"));
  return TRUE;
}

static gboolean
convert_functional (Conversion *c, const json_t *config, const json_t *layers, GError **error)
{
  gsize n = json_array_size (layers), output = 0;
  g_autofree gboolean *needed = g_new0 (gboolean, n + 1);
  gboolean ok = find_output (c->k, config, layers, &output, error) && find_needed (c->k, layers, output, needed, error);

  for (gsize i = 0; ok && i <= output; i++) {
    const json_t *layer = json_array_get (layers, i);
    json_t *names = needed[i] ? list_inputs (layer) : NULL;

    if (needed[i])
      ok = is_class (layer, "InputLayer") ? convert_input (c, layer, error) : convert_layer (c, layer, names, error);
    json_decref (names);
  }
  return ok;
}

static gboolean
convert_sequential (Conversion *c, const json_t *layers, GError **error)
{
  json_t *before = json_pack ("[s]", ""), *layer;
  gboolean ok = TRUE;
  gsize i;

  g_hash_table_insert (c->answers, (gpointer) "", g_strdup ("input"));
  json_array_foreach ((json_t *) layers, i, layer) {
    if (is_class (layer, "InputLayer")) {
      find_width (c, json_object_get (layer, "config"));
      continue;
    }
    if (!(ok = convert_layer (c, layer, before, error)))
      break;
    json_array_set_new (before, 0, json_string (name_of (layer)));
  }
  json_decref (before);
  return ok;
}

/* ---- the recipe ---- */

static json_t *
make_recipe (const RnnKeras *k, gint n_in)
{
  g_autofree gchar *base = g_path_get_basename (k->where), *name = g_utf8_make_valid (base, -1);

  return json_pack ("{si ss s{ss si} so s{ss}}", "format", 1, "name", name, "input", "kind", "tensors", "size", n_in, "layers",
      rnn_import_layers (json_incref (k->layers)), "output", "kind", "raw");
}

static gboolean
convert (RnnKeras *k, const json_t *model, GError **error)
{
  const json_t *config = json_object_get (model, "config"), *list = json_object_get (config, "layers");
  const json_t *layers = list ? list : config;          /* Keras 2.0's Sequential is the list itself */
  g_autoptr (GHashTable) answers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  Conversion c = { k, answers, 0 };

  if (!json_is_array (layers) || json_array_size (layers) > MAX_LAYERS)
    return rnn_keras_fail (k, NULL, error, "its model_config has no list of layers, or one that is too long");
  if (!(is_class (model, "Sequential") ? convert_sequential (&c, layers, error) : convert_functional (&c, config, layers, error)))
    return FALSE;
  if (c.n_in < 1 || json_array_size (k->layers) == 0)
    return rnn_keras_fail (k, NULL, error, "it does not say how wide its input is, or has no layers");
  k->import->recipe = make_recipe (k, c.n_in);
  return TRUE;
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return rnn_hdf5_is_one (data, n) || rnn_keras_is_archive (data, n);
}

static gboolean
read_config (RnnKeras *k, GError **error)
{
  json_error_t at;
  json_t *model = k->config ? /* NUL: in the code of a Lambda */ json_loads (k->config, JSON_ALLOW_NUL, &at) : NULL;
  gboolean ok = FALSE;

  if (k->error)
    g_propagate_error (error, g_steal_pointer (&k->error));
  else if (!model)
    rnn_keras_fail (k, NULL, error, "it has no model_config that can be read: only weights? Save the whole model");
  else
    ok = convert (k, model, error);
  json_decref (model);
  return ok;
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  RnnKeras k = { .sink = { take_text, take_array }, .where = where, .arrays = rnn_tensors_new (where), .import = import,
    .layers = json_array () };
  gboolean ok = (rnn_hdf5_is_one (data, n) ? rnn_hdf5_read (data, n, where, &k.sink, error) : rnn_keras_read_archive (&k, bytes, error))
      && read_config (&k, error);

  g_clear_error (&k.error);
  json_decref (k.layers);
  rnn_tensors_free (k.arrays);
  g_free (k.config);
  g_free (k.version);
  g_clear_pointer (&k.folders, g_hash_table_unref);
  return ok;
}

const RnnReader rnn_reader_keras = { "keras", "Keras's models (.h5, .keras)", is_mine, read_file };
