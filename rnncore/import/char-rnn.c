/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models of characters (Karpathy 2015) as TensorFlow.js's early exporter left them: manifest.json names the variables of a
 * checkpoint and, beside it, files of raw little-endian floats, vocab.json the number of each character.
 *
 *   embedding [V][E], .../cell_N/basic_lstm_cell/weights [in + H][4H] and biases (i, j, f, o; 1 is added to f), softmax_w [H][V], _b */
#include <string.h>
#include "base/error.h"
#include "base/file.h"
#include "gates.h"
#include "model/reader.h"

#define MAX_MANIFEST (1 << 20)
#define MAX_SIZE (1 << 20)      /* of a dimension */
#define MAX_CELLS 64
#define FORGET_BIAS 1

typedef struct {
  const gchar *where;
  gchar *folder;
  const json_t *manifest;
  RnnImport *import;
  json_t *layers;
} CharRnn;

static gboolean
fail (const CharRnn *c, const gchar *name, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: variable \"%.100s\" %s", c->where, name, reason);
  return FALSE;
}

/* ---- variables ---- */

/* The first one whose name ends so. */
static const gchar *
find (const CharRnn *c, const gchar *suffix)
{
  const gchar *name;
  json_t *entry;

  json_object_foreach ((json_t *) c->manifest, name, entry)
    if (g_str_has_suffix (name, suffix))
      return name;
  return NULL;
}

/* The file of a variable that has the shape dims[rank] (-1: any, filled in). */
static GBytes *
map (const CharRnn *c, const gchar *name, gint rank, gint *dims, GError **error)
{
  const json_t *entry = json_object_get (c->manifest, name), *shape = json_object_get (entry, "shape");
  const gchar *file = json_string_value (json_object_get (entry, "filename"));
  g_autofree gchar *path = file ? g_build_filename (c->folder, file, NULL) : NULL;
  gsize size = sizeof (gfloat);
  GBytes *bytes;

  if (!file || strchr (file, '/') || *file == '.' || json_array_size (shape) != (gsize) rank) {
    fail (c, name, error, "has no file beside the manifest, or another shape than its layer");
    return NULL;
  }
  for (gint i = 0; i < rank; i++) {
    json_int_t dim = json_integer_value (json_array_get (shape, (gsize) i));

    if (dim < 1 || dim > MAX_SIZE || (dims[i] >= 0 && dim != dims[i])) {
      fail (c, name, error, "has another shape than its layer");
      return NULL;
    }
    size *= (gsize) (dims[i] = (gint) dim);
  }
  bytes = rnn_file_map (path, error);
  if (!bytes || g_bytes_get_size (bytes) == size)
    return bytes;
  g_bytes_unref (bytes);
  fail (c, name, error, "has a file that is not as long as its shape says");
  return NULL;
}

/* Their [inputs][gates * units], from row @first on, as our "layer.name"; with one dimension: a bias. */
static gfloat *
add (CharRnn *c, const gchar *layer, const gchar *name, const RnnGates *gates, GBytes *bytes, gint first, GError **error)
{
  g_autofree gchar *full = g_strconcat (layer, ".", name, NULL);
  gint rows = gates->order->n_gates * gates->hidden;
  const gint dims[] = { rows, gates->inputs };
  gfloat *to = rnn_tensors_add_f32 (c->import->tensors, full, g_str_has_prefix (name, "bias") ? 1 : 2, dims, error);

  if (to)
    rnn_gates_from_theirs (gates, (const gfloat *) g_bytes_get_data (bytes, NULL) + (gsize) first * rows, to);
  return to;
}

/* ---- layers ---- */

static gboolean
add_embedding (CharRnn *c, gint *width, GError **error)
{
  const gchar *name = find (c, "embedding");
  gint dims[] = { -1, -1 };
  g_autoptr (GBytes) bytes = name ? map (c, name, 2, dims, error) : NULL;
  gfloat *to;

  if (!name)
    return fail (c, "embedding", error, "is missing");
  if (!bytes || !(to = rnn_tensors_add_f32 (c->import->tensors, "embedding.weight", 2, dims, error)))
    return FALSE;
  memcpy (to, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  *width = dims[1];
  json_array_append_new (c->layers, json_pack ("{ss ss si si}", "cell", "embedding", "name", "embedding", "tokens", dims[0], "units",
          dims[1]));
  return TRUE;
}

static gboolean
add_cell (CharRnn *c, gint i, const gchar *weights, gint *width, GError **error)
{
  g_autofree gchar *suffix = g_strdup_printf ("cell_%d/basic_lstm_cell/biases", i), *layer = g_strdup_printf ("lstm%d", i);
  const gchar *biases = find (c, suffix);
  gint dims[] = { -1, -1 }, H;
  g_autoptr (GBytes) w = map (c, weights, 2, dims, error), b = w && biases ? map (c, biases, 1, &dims[1], error) : NULL;
  const RnnGateOrder *order = rnn_gate_order_find ("tensorflow", "lstm");
  gfloat *bias;

  if (!b)
    return w && !biases ? fail (c, suffix, error, "is missing") : FALSE;
  H = dims[1] / 4;
  if (dims[1] % 4 || dims[0] != *width + H)
    return fail (c, weights, error, "does not fit the layer before it");
  if (!add (c, layer, "weight_ih_l0", &(RnnGates) { order, H, *width }, w, 0, error)
      || !add (c, layer, "weight_hh_l0", &(RnnGates) { order, H, H }, w, *width, error)
      || !(bias = add (c, layer, "bias_ih_l0", &(RnnGates) { order, H, 1 }, b, 0, error)))
    return FALSE;
  for (gint h = 0; h < H; h++)
    bias[H + h] += FORGET_BIAS;
  g_free (suffix);
  suffix = g_strconcat (layer, ".bias_hh_l0", NULL);
  json_array_append_new (c->layers, json_pack ("{ss ss si}", "cell", "lstm", "name", layer, "hidden", H));
  *width = H;
  return rnn_tensors_add_f32 (c->import->tensors, suffix, 1, (const gint[]) { 4 * H }, error) != NULL;
}

static gboolean
add_cells (CharRnn *c, gint *width, GError **error)
{
  for (gint i = 0; i < MAX_CELLS; i++) {
    g_autofree gchar *suffix = g_strdup_printf ("cell_%d/basic_lstm_cell/weights", i);
    const gchar *weights = find (c, suffix);

    if (!weights)
      return i > 0 || fail (c, suffix, error, "is missing");
    if (!add_cell (c, i, weights, width, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_output (CharRnn *c, gint width, gint *n, GError **error)
{
  const gchar *weight = find (c, "softmax_w"), *bias = find (c, "softmax_b");
  gint dims[] = { width, -1 };
  g_autoptr (GBytes) w = weight && bias ? map (c, weight, 2, dims, error) : NULL, b = w ? map (c, bias, 1, &dims[1], error) : NULL;
  const RnnGateOrder *order = rnn_gate_order_find ("tensorflow", "elman");

  if (!weight || !bias)
    return fail (c, "softmax_w or softmax_b", error, "is missing");
  *n = dims[1];
  json_array_append_new (c->layers, json_pack ("{ss ss si}", "cell", "dense", "name", "output", "units", dims[1]));
  return b && add (c, "output", "weight", &(RnnGates) { order, dims[1], width }, w, 0, error)
      && add (c, "output", "bias", &(RnnGates) { order, dims[1], 1 }, b, 0, error);
}

/* ---- characters ---- */

/* Who wrote vocab.json took the u of Python's u'...' away, and with it the letter. */
static const gchar *
mend (const gchar *character)
{
  return g_str_equal (character, "") ? "U" : g_str_equal (character, "  ") ? "u" : character;
}

/* A list of n labels (transfer full); NULL: vocab.json is not there, or does not name all. */
static json_t *
read_labels (const CharRnn *c, gint n)
{
  g_autofree gchar *path = g_build_filename (c->folder, "vocab.json", NULL);
  g_autoptr (GBytes) bytes = rnn_file_map (path, NULL);
  json_t *vocabulary = bytes && g_bytes_get_size (bytes) <= MAX_MANIFEST
      ? json_loadb (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0, NULL) : NULL, *number, *labels = json_array ();
  g_autofree const gchar **characters = g_new0 (const gchar *, (gsize) n);
  const gchar *character;
  gboolean all = vocabulary != NULL;

  json_object_foreach (vocabulary, character, number)
    if (json_is_integer (number) && json_integer_value (number) >= 0 && json_integer_value (number) < n)
      characters[json_integer_value (number)] = mend (character);
  for (gint i = 0; all && i < n; i++)
    all = characters[i] && json_array_append_new (labels, json_string (characters[i])) == 0;
  json_decref (vocabulary);
  if (!all)
    g_clear_pointer (&labels, json_decref);
  return labels;
}

static gboolean
convert (CharRnn *c, GError **error)
{
  gint width, n;
  json_t *labels, *output;

  if (!add_embedding (c, &width, error) || !add_cells (c, &width, error) || !add_output (c, width, &n, error))
    return FALSE;
  output = json_pack ("{ss}", "kind", "classes");
  if ((labels = read_labels (c, n)))
    json_object_set_new (output, "labels", labels);
  c->import->recipe = json_pack ("{si ss s{ss si} sO so}", "format", 1, "name", "char-rnn", "input", "kind", "tensors", "size", 1,
      "layers", c->layers, "output", output);
  return TRUE;
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return n > 2 && n <= MAX_MANIFEST && *data == '{' && memmem (data, n, "\"filename\"", 10) && memmem (data, n, "basic_lstm_cell", 15);
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize n;
  const gchar *text = g_bytes_get_data (bytes, &n);
  json_error_t at;
  json_t *manifest = json_loadb (text, n, JSON_REJECT_DUPLICATES, &at);
  CharRnn c = { .where = where, .folder = g_path_get_dirname (where), .manifest = manifest, .import = import, .layers = json_array () };
  gboolean ok = FALSE;

  if (manifest)
    ok = convert (&c, error);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no manifest in JSON: %s (line %d)", where, at.text, at.line);
  json_decref (c.layers);
  json_decref (manifest);
  g_free (c.folder);
  return ok;
}

const RnnReader rnn_reader_char_rnn = { "char-rnn", "language models of characters (manifest.json with raw variables)", is_mine, read_file };
