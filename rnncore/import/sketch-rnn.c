/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders of sketch-rnn (Ha & Eck 2017) as its JavaScript version takes them: JSON, [about, shapes, arrays], arrays in base64 of
 * int16 times 10 / 32767:
 *
 *   W [H][n], b [n], W_x [5][4H], W_h [H][4H], b [4H]; gates i, j, f, o, 1 is added to f */
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "gates.h"
#include "model/reader.h"

#define MAX_TEXT (1 << 28)
#define MAX_SIZE (1 << 16)
#define SCALE (10 / 32767.)
#define FORGET_BIAS 1

enum { OUT_W, OUT_B, X_W, H_W, GATE_B, N_ARRAYS };

typedef struct {
  const gchar *where;
  RnnTensors *tensors;
  gfloat *arrays[N_ARRAYS];
  gint dims[N_ARRAYS][2];       /* [n][1] for a vector */
} Sketch;

static gboolean
fail (const Sketch *s, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", s->where, reason);
  return FALSE;
}

static gboolean
read_shape (const json_t *shape, gint rank, gint *dims)
{
  dims[1] = 1;
  for (gint i = 0; i < rank; i++) {
    json_int_t dim = json_integer_value (json_array_get (shape, (gsize) i));

    if (dim < 1 || dim > MAX_SIZE)
      return FALSE;
    dims[i] = (gint) dim;
  }
  return json_array_size (shape) == (gsize) rank;
}

static gfloat *
decode (const gchar *text, gsize n)
{
  gsize length;
  g_autofree guchar *bytes = g_base64_decode (text, &length);
  gfloat *values;

  if (length % 2 || length / 2 != n)
    return NULL;
  values = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++)
    values[i] = (gfloat) ((gint16) (bytes[2 * i] | bytes[2 * i + 1] << 8) * SCALE);
  return values;
}

static gboolean
read_arrays (Sketch *s, const json_t *shapes, const json_t *arrays, GError **error)
{
  static const gint ranks[N_ARRAYS] = { 2, 1, 2, 2, 1 };

  if (json_array_size (shapes) != N_ARRAYS || json_array_size (arrays) != N_ARRAYS)
    return fail (s, error, "a sketch-rnn of other arrays than a decoder's: only models of mode \"gen\" are read");
  for (gsize i = 0; i < N_ARRAYS; i++) {
    const gchar *text = json_string_value (json_array_get (arrays, i));

    if (!text || !read_shape (json_array_get (shapes, i), ranks[i], s->dims[i])
        || !(s->arrays[i] = decode (text, rnn_size_mul ((gsize) s->dims[i][0], (gsize) s->dims[i][1]))))
      return fail (s, error, "an array is not what its shape says");
  }
  return TRUE;
}

static gboolean
add (Sketch *s, const gchar *name, const gchar *cell, gint hidden, gint inputs, const gfloat *theirs, GError **error)
{
  const RnnGateOrder *order = rnn_gate_order_find ("tensorflow", cell);
  const gint dims[] = { order->n_gates * hidden, inputs };
  gfloat *ours = rnn_tensors_add_f32 (s->tensors, name, strstr (name, "bias") ? 1 : 2, dims, error);

  if (ours && theirs)
    rnn_gates_from_theirs (&(RnnGates) { order, hidden, inputs }, theirs, ours);
  return ours != NULL;
}

static gboolean
convert (Sketch *s, const json_t *about, RnnImport *import, GError **error)
{
  gint H = s->dims[H_W][0], n = s->dims[OUT_W][1], n_in = s->dims[X_W][0];
  const gchar *name = json_string_value (json_object_get (about, "name"));

  if (s->dims[H_W][1] != 4 * H || s->dims[X_W][1] != 4 * H || s->dims[GATE_B][0] != 4 * H || s->dims[OUT_W][0] != H
      || s->dims[OUT_B][0] != n || n_in != 5)
    return fail (s, error, "its arrays do not fit each other");
  for (gint h = 0; h < H; h++)
    s->arrays[GATE_B][2 * H + h] += FORGET_BIAS;
  import->recipe = json_pack ("{si ss* s{ss si} s[{ss ss si} {ss ss si}] s{ss}}", "format", 1, "name", name, "input", "kind", "tensors",
      "size", n_in, "layers", "cell", "lstm", "name", "lstm", "hidden", H, "cell", "dense", "name", "output", "units", n, "output", "kind",
      "strokes");
  return add (s, "lstm.weight_ih_l0", "lstm", H, n_in, s->arrays[X_W], error)
      && add (s, "lstm.weight_hh_l0", "lstm", H, H, s->arrays[H_W], error)
      && add (s, "lstm.bias_ih_l0", "lstm", H, 1, s->arrays[GATE_B], error) && add (s, "lstm.bias_hh_l0", "lstm", H, 1, NULL, error)
      && add (s, "output.weight", "elman", n, H, s->arrays[OUT_W], error) && add (s, "output.bias", "elman", n, 1, s->arrays[OUT_B], error);
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return n > 2 && n <= MAX_TEXT && *data == '[' && memmem (data, MIN (n, 4096), "\"max_seq_len\"", 13);
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize n;
  const gchar *text = g_bytes_get_data (bytes, &n);
  json_error_t at;
  json_t *root = json_loadb (text, n, 0, &at);
  Sketch s = { .where = where, .tensors = import->tensors };
  gboolean ok = root ? read_arrays (&s, json_array_get (root, 1), json_array_get (root, 2), error)
      && convert (&s, json_array_get (root, 0), import, error) : fail (&s, error, at.text);

  for (guint i = 0; i < N_ARRAYS; i++)
    g_free (s.arrays[i]);
  json_decref (root);
  return ok;
}

const RnnReader rnn_reader_sketch_rnn = { "sketch-rnn", "decoders of sketch-rnn (.gen.json)", is_mine, read_file };
