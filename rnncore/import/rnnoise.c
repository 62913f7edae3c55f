/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RNNoise's weights as FFmpeg's filter arnndn takes them (.rnnn): text, "rnnoise-nu model file version 1", then whole numbers.  A dense
 * layer is its inputs, outputs and activation (0 tanh, 1 sigmoid, 2 relu), weights [inputs][outputs] and bias; a GRU has weights
 * [inputs][3 units], [units][3 units] and bias [3 units], gates z, r, h as Keras's, reset before.  All weights are times 256.
 *
 * Six layers, wired as in rnnoise/src/rnn.c (J.-M. Valin 2018): 42 features of a frame in, out come gains of 22 bands and the
 * probability of speech. */
#include <string.h>
#include "base/error.h"
#include "gates.h"
#include "model/reader.h"

#define MAGIC "rnnoise-nu model file version 1"
#define MAX_UNITS 4096
#define SCALE (1 / 256.f)

/* In the order of the file; what they read is in the order of their inputs. */
static const struct {
  const gchar *name;
  gboolean gru;
  const gchar *from[3];
} layers[] = {
  { "input_dense", FALSE, { "input" } },
  { "vad_gru", TRUE, { "input_dense" } },
  { "noise_gru", TRUE, { "input_dense", "vad_gru", "input" } },
  { "denoise_gru", TRUE, { "vad_gru", "noise_gru", "input" } },
  { "denoise_output", FALSE, { "denoise_gru" } },
  { "vad_output", FALSE, { "vad_gru" } },
};

static const gchar *const activations[] = { "tanh", "sigmoid", "relu" };

typedef struct {
  const gchar *where, *at;      /* in the text, which ends in a NUL */
  RnnTensors *tensors;
  json_t *made;                 /* layers of the graph */
  gint n_in;
} Rnnoise;

static gboolean
fail (const Rnnoise *r, guint layer, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: layer \"%s\" %s", r->where, layers[layer].name, reason);
  return FALSE;
}

static gboolean
take_number (Rnnoise *r, gint64 least, gint64 most, gint64 *number)
{
  gchar *end;

  *number = g_ascii_strtoll (r->at, &end, 10);
  if (end == r->at || *number < least || *number > most)
    return FALSE;
  r->at = end;
  return TRUE;
}

/* n weights, in the order of the file (g_free); NULL: there are fewer. */
static gfloat *
take_weights (Rnnoise *r, gsize n)
{
  gfloat *weights = g_new (gfloat, n);

  for (gsize i = 0; i < n; i++) {
    gint64 number;

    if (!take_number (r, G_MININT16, G_MAXINT16, &number)) {
      g_free (weights);
      return NULL;
    }
    weights[i] = (gfloat) number * SCALE;
  }
  return weights;
}

/* [inputs][gates * units] of the file -> our "layer.name". */
static gboolean
add_weights (Rnnoise *r, guint i, const gchar *name, const gchar *framework, gint inputs, gint units, GError **error)
{
  const RnnGateOrder *order = rnn_gate_order_find (framework, layers[i].gru ? "gru" : "elman");
  gint rows = order->n_gates * units;
  const gint dims[] = { rows, inputs };
  g_autofree gchar *full = g_strconcat (layers[i].name, ".", name, NULL);
  g_autofree gfloat *theirs = strlen (r->at) / 2 >= (gsize) rows * inputs ? take_weights (r, (gsize) rows * inputs) : NULL;
  gfloat *ours;

  if (!theirs)
    return fail (r, i, error, "has fewer weights than it says");
  if (!(ours = rnn_tensors_add_f32 (r->tensors, full, g_str_has_prefix (name, "bias") ? 1 : 2, dims, error)))
    return FALSE;
  rnn_gates_from_theirs (&(RnnGates) { order, units, inputs }, theirs, ours);
  return TRUE;
}

static gboolean
add_zeros (Rnnoise *r, guint i, const gchar *name, gint n, GError **error)
{
  g_autofree gchar *full = g_strconcat (layers[i].name, ".", name, NULL);

  return rnn_tensors_add_f32 (r->tensors, full, 1, &n, error) != NULL;
}

static gboolean
add_layer (Rnnoise *r, guint i, GError **error)
{
  gint64 inputs, units, activation;
  json_t *from = json_array ();

  for (guint k = 0; k < G_N_ELEMENTS (layers[i].from) && layers[i].from[k]; k++)
    json_array_append_new (from, json_string (layers[i].from[k]));
  if (!take_number (r, 1, MAX_UNITS, &inputs) || !take_number (r, 1, MAX_UNITS, &units) || !take_number (r, 0, 2, &activation)) {
    json_decref (from);
    return fail (r, i, error, "has sizes or an activation that make no sense");
  }
  if (i == 0)
    r->n_in = (gint) inputs;
  json_array_append_new (r->made, json_pack ("{ss ss si ss so}", "cell", layers[i].gru ? "gru" : "dense", "name", layers[i].name,
          layers[i].gru ? "hidden" : "units", (gint) units, "activation", activations[activation], "from", from));
  if (!layers[i].gru)
    return add_weights (r, i, "weight", "keras", (gint) inputs, (gint) units, error)
        && add_weights (r, i, "bias", "keras", 1, (gint) units, error);
  json_object_set_new (json_array_get (r->made, i), "reset_after", json_false ());
  return add_weights (r, i, "weight_ih_l0", "keras", (gint) inputs, (gint) units, error)
      && add_weights (r, i, "weight_hh_l0", "keras", (gint) units, (gint) units, error)
      && add_weights (r, i, "bias_ih_l0", "keras", 1, (gint) units, error)
      && add_zeros (r, i, "bias_hh_l0", 3 * (gint) units, error);
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return n >= strlen (MAGIC) && memcmp (data, MAGIC, strlen (MAGIC)) == 0;
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize n;
  const gchar *data = g_bytes_get_data (bytes, &n);
  g_autofree gchar *text = g_strndup (data, n);
  Rnnoise r = { .where = where, .at = text + strlen (MAGIC), .tensors = import->tensors, .made = json_array () };
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < G_N_ELEMENTS (layers); i++)
    ok = add_layer (&r, i, error);
  if (ok) {
    json_array_append_new (r.made, json_pack ("{ss ss s[ss]}", "cell", "concat", "name", "output", "from", "denoise_output", "vad_output"));
    import->recipe = json_pack ("{si ss s{ss si} s[{ss sO}] s{ss}}", "format", 1, "name", "RNNoise", "input", "kind", "tensors", "size",
        r.n_in, "layers", "cell", "graph", "layers", r.made, "output", "kind", "raw");
  }
  json_decref (r.made);
  return ok;
}

const RnnReader rnn_reader_rnnoise = { "rnnoise", "RNNoise's weights (.rnnn of FFmpeg's arnndn)", is_mine, read_file };
