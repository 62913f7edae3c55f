/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tesseract's layers as ours.  Its networks run over a picture of one line of text; here a step is as many columns of it as become one
 * answer, [columns][height][channels], so pooling changes a step's size and no rate:
 *
 *   Convolve and the dense layer behind it    overlap (columns to either side), conv2d, zeros around the picture
 *   Maxpool, Reconfig                         select, reduce
 *   LSTM down a column                        window, for the columns of a step each for itself
 *   LSTM along the line, from its end         lstm, reverse */
#include <string.h>
#include "base/error.h"
#include "layers.h"
#include "tesseract.h"

#define MAX_HALF 16
#define MAX_POOL 16
#define MAX_COLUMNS 256
#define MAX_WORDS 4096          /* of an index */
#define CELL_CLIP 100.          /* of all LSTMs */

enum { CELL, INPUT_GATE, FORGET_GATE, OUTPUT_GATE, N_GATES };   /* in the file */

typedef struct {
  const RnnTessBytes *bytes;    /* for messages */
  RnnTensors *tensors;
  json_t *rows;                 /* so far */
  const gchar *from;            /* what the next one reads */
  gint columns, height, channels;
  gint half_x, half_y;          /* of a Convolve whose weights come next, or 0 */
  gboolean down, back;          /* an LSTM runs down the columns, or backwards */
} Maker;

static gboolean add_node (Maker *m, const RnnTessNode *node, GError **error);

static gboolean
refuse (const Maker *m, const RnnTessNode *node, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a layer of type \"%s\" %s", m->bytes->where, node->type, reason);
  return FALSE;
}

/* @row: a layer without name and source, taken over.  What it is called. */
static const gchar *
add_row (Maker *m, json_t *row)
{
  g_autofree gchar *name = g_strdup_printf ("%s%u", json_string_value (json_object_get (row, "cell")), (guint) json_array_size (m->rows));

  json_object_set_new (row, "name", json_string (name));
  if (!json_object_get (row, "from"))
    json_object_set_new (row, "from", json_pack ("[s]", m->from));
  json_array_append_new (m->rows, row);
  return m->from = json_string_value (json_object_get (row, "name"));
}

static void
add_select (Maker *m, const gchar *index)
{
  add_row (m, json_pack ("{ss ss}", "cell", "select", "index", index));
}

static gfloat *
add_tensor (Maker *m, const gchar *layer, const gchar *name, gint rank, const gint *dims, GError **error)
{
  g_autofree gchar *full = g_strconcat (layer, ".", name, NULL);

  return rnn_tensors_add_f32 (m->tensors, full, rank, dims, error);
}

/* ---- dense layers and convolutions ---- */

/* [rows][columns] with the bias behind each row -> weight, bias */
static gboolean
add_dense_weights (Maker *m, const RnnTessMatrix *w, const gchar *layer, gint rank, const gint *dims, GError **error)
{
  gint n = w->columns - 1;
  gfloat *weight = add_tensor (m, layer, "weight", rank, dims, error), *bias = weight ? add_tensor (m, layer, "bias", 1, dims, error) : NULL;

  for (gint i = 0; bias && i < w->rows; i++) {
    memcpy (weight + (gsize) i * n, w->data + (gsize) i * w->columns, (gsize) n * sizeof (gfloat));
    bias[i] = w->data[(gsize) i * w->columns + n];
  }
  return bias != NULL;
}

/* The columns to the left and right. */
static gboolean
widen (Maker *m, const RnnTessNode *node, GError **error)
{
  gint around = m->half_x * m->height * m->channels;

  if (m->half_x > m->columns)
    return refuse (m, node, error, "sees more columns to the right than become one answer");
  if (around > 0)
    add_row (m, json_pack ("{ss si si}", "cell", "overlap", "values", around, "ahead", around));
  return TRUE;
}

static gboolean
add_dense (Maker *m, const RnnTessNode *node, GError **error)
{
  const RnnTessMatrix *w = &node->weights[0];
  gint taps_x = 2 * m->half_x + 1, taps_y = 2 * m->half_y + 1, wide = m->columns + 2 * m->half_x;
  const gint dims[] = { w->rows, taps_x, taps_y, m->channels }, plain[] = { w->rows, m->channels };
  gboolean dense = m->columns * m->height == 1;
  const gchar *name;

  if (w->columns != taps_x * taps_y * m->channels + 1)
    return refuse (m, node, error, "has weights of another size than what it reads");
  if (!widen (m, node, error))
    return FALSE;
  name = add_row (m, dense ? json_pack ("{ss si ss}", "cell", "dense", "units", w->rows, "activation", node->activation)
      : json_pack ("{ss si si si si si si si ss}", "cell", "conv2d", "units", w->rows, "height", wide, "width", m->height, "kernel_height",
          taps_x, "kernel_width", taps_y, "left", m->half_y, "right", m->half_y, "activation", node->activation));
  m->channels = w->rows;
  m->half_x = m->half_y = 0;
  return add_dense_weights (m, w, name, dense ? 2 : 4, dense ? plain : dims, error);
}

static gboolean
set_half (Maker *m, const RnnTessNode *node, GError **error)
{
  m->half_x = node->numbers[0];
  m->half_y = node->numbers[1];
  if (m->half_x < 0 || m->half_x > MAX_HALF || m->half_y < 0 || m->half_y > MAX_HALF)
    return refuse (m, node, error, "is of a size that makes no sense");
  return TRUE;
}

/* Windows of the picture that do not overlap: the largest of each channel, or all their values as channels. */
static gboolean
add_pool (Maker *m, const RnnTessNode *node, GError **error)
{
  gint x = node->numbers[0], y = node->numbers[1], h = m->height, c = m->channels;
  gboolean largest = node->kind == RNN_TESS_MAXPOOL;
  g_autofree gchar *index = NULL;

  if (x < 1 || x > MAX_POOL || y < 1 || y > MAX_POOL || y > h || m->columns % x)
    return refuse (m, node, error, "is of a size that does not fit the picture");
  if (largest)
    index = g_strdup_printf ("0:%d:%d:%d:%d:%d:1:%d:%d:%d:%d", m->columns / x, x * h * c, h / y, y * c, c, x, h * c, y, c);
  else
    index = g_strdup_printf ("0:%d:%d:%d:%d:%d:%d:%d:%d:%d:1", m->columns / x, x * h * c, h / y, y * c, x, h * c, y, c, c);
  add_select (m, index);
  if (largest)
    add_row (m, json_pack ("{ss ss si}", "cell", "reduce", "kind", "max", "width", x * y));
  else
    m->channels *= x * y;
  m->columns /= x;
  m->height /= y;
  return TRUE;
}

/* ---- LSTMs ---- */

/* [units][inputs, units, bias] of each gate -> weight_ih, weight_hh, bias_ih */
static gboolean
add_lstm_weights (Maker *m, const RnnTessNode *node, const gchar *layer, gint inputs, GError **error)
{
  static const gint gates[] = { INPUT_GATE, FORGET_GATE, CELL, OUTPUT_GATE };
  gint units = node->weights[0].rows, all = N_GATES * units;
  gfloat *ih = add_tensor (m, layer, "weight_ih_l0", 2, (const gint[]) { all, inputs }, error);
  gfloat *hh = ih ? add_tensor (m, layer, "weight_hh_l0", 2, (const gint[]) { all, units }, error) : NULL;
  gfloat *bias = hh ? add_tensor (m, layer, "bias_ih_l0", 1, &all, error) : NULL;

  if (!bias || !add_tensor (m, layer, "bias_hh_l0", 1, &all, error))
    return FALSE;
  for (gint row = 0; row < all; row++) {
    const gfloat *theirs = node->weights[gates[row / units]].data + (gsize) (row % units) * (gsize) (inputs + units + 1);

    memcpy (ih + (gsize) row * inputs, theirs, (gsize) inputs * sizeof (gfloat));
    memcpy (hh + (gsize) row * units, theirs + inputs, (gsize) units * sizeof (gfloat));
    bias[row] = theirs[inputs + units];
  }
  return TRUE;
}

/* The positions of each column from the last to the first. */
static void
turn_columns (Maker *m)
{
  gint h = m->height, c = m->channels;
  g_autofree gchar *index = g_strdup_printf ("%d:%d:%d:%d:%d:%d:1", (h - 1) * c, m->columns, h * c, h, -c, c);

  add_select (m, index);
}

static json_t *
hold (const gchar *cell, const gchar *option, gint value, json_t *layer)
{
  return json_pack ("{ss si s[o]}", "cell", cell, option, value, "layers", layer);
}

/* The row of an LSTM along the line, or down the columns. */
static json_t *
wrap_lstm (const Maker *m, gboolean last, json_t *lstm)
{
  if (m->down) {
    json_t *window = hold ("window", "segment", m->channels, lstm);

    json_object_set_new (window, "all", json_boolean (!last));
    return m->columns > 1 ? hold ("each", "parts", m->columns, window) : window;
  }
  if (m->height > 1)
    lstm = hold ("each", "parts", m->height, lstm);
  return m->back ? hold ("reverse", "chunk", 0, lstm) : lstm;
}

static gboolean
add_lstm (Maker *m, const RnnTessNode *node, GError **error)
{
  gint units = node->weights[0].rows, inputs = m->channels;
  gboolean last = node->kind == RNN_TESS_LAST;
  const gchar *name;

  for (guint i = 0; i < N_GATES; i++)
    if (node->weights[i].rows != units || node->weights[i].columns != inputs + units + 1)
      return refuse (m, node, error, "has weights of another size than what it reads (only LSTMs of one dimension are run here)");
  if (!m->down && (m->columns > 1 || last))
    return refuse (m, node, error, "runs along the line before the last pooling, or answers only at its end");
  if (m->down && m->back)
    turn_columns (m);
  name = add_row (m, wrap_lstm (m, last, json_pack ("{ss si sf}", "cell", "lstm", "hidden", units, "cell_clip", CELL_CLIP)));
  m->channels = units;
  if (m->down && m->back && !last)
    turn_columns (m);
  if (last)
    m->height = 1;
  return add_lstm_weights (m, node, name, inputs, error);
}

/* ---- what holds layers ---- */

static gboolean
add_all (Maker *m, const RnnTessNode *node, GError **error)
{
  for (guint i = 0; i < node->children->len; i++)
    if (!add_node (m, node->children->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
add_turned (Maker *m, const RnnTessNode *node, gboolean *how, GError **error)
{
  gboolean before = *how, ok;

  *how = !before;
  ok = add_all (m, node, error);
  *how = before;
  return ok;
}

/* Branches side by side -> their channels side by side at each position. */
static gboolean
interleave (Maker *m, const RnnTessNode *node, const gint *channels, guint n, GError **error)
{
  gint positions = m->columns * m->height;
  g_autoptr (GString) index = g_string_new (NULL);

  if ((gsize) positions * n > MAX_WORDS)
    return refuse (m, node, error, "joins too many branches over a picture");
  for (gint p = 0; p < positions; p++)
    for (gint i = 0, at = 0; i < (gint) n; at += positions * channels[i++])
      g_string_append_printf (index, "%s%d:%d:1", index->len ? " " : "", at + p * channels[i], channels[i]);
  if (positions > 1)
    add_select (m, index->str);
  return TRUE;
}

/* Every branch from the same place: their names, and how many channels each has. */
static gboolean
add_branches (Maker *m, const RnnTessNode *node, json_t *names, gint *channels, GError **error)
{
  Maker before = *m, last;

  for (guint i = 0; i < node->children->len; i++) {
    last = *m;
    *m = before;
    if (!add_node (m, node->children->pdata[i], error))
      return FALSE;
    if (i > 0 && (m->columns != last.columns || m->height != last.height))
      return refuse (m, node, error, "holds branches that see the picture in different sizes");
    json_array_append_new (names, json_string (m->from));
    channels[i] = m->channels;
  }
  return TRUE;
}

static gboolean
add_parallel (Maker *m, const RnnTessNode *node, GError **error)
{
  guint n = node->children->len;
  g_autofree gint *channels = g_new0 (gint, n);
  json_t *names = json_array ();

  if (!add_branches (m, node, names, channels, error)) {
    json_decref (names);
    return FALSE;
  }
  add_row (m, json_pack ("{ss so}", "cell", "concat", "from", names));
  m->channels = 0;
  for (guint i = 0; i < n; i++)
    m->channels += channels[i];
  return interleave (m, node, channels, n, error);
}

static gboolean
add_node (Maker *m, const RnnTessNode *node, GError **error)
{
  if ((m->half_x || m->half_y) && node->kind != RNN_TESS_DENSE)
    return refuse (m, node, error, "stands behind a Convolve, where only a dense layer can");
  switch (node->kind) {
    case RNN_TESS_CONVOLVE:
      return set_half (m, node, error);
    case RNN_TESS_MAXPOOL:
    case RNN_TESS_RECONFIG:
      return add_pool (m, node, error);
    case RNN_TESS_SERIES:
      return add_all (m, node, error);
    case RNN_TESS_PARALLEL:
      return add_parallel (m, node, error);
    case RNN_TESS_REVERSED:
      return add_turned (m, node, &m->back, error);
    case RNN_TESS_TRANSPOSED:
      return add_turned (m, node, &m->down, error);
    case RNN_TESS_LSTM:
    case RNN_TESS_LAST:
      return add_lstm (m, node, error);
    case RNN_TESS_DENSE:
      return add_dense (m, node, error);
    default:
      return refuse (m, node, error, "is not the first of its network");
  }
}

/* How many columns become one answer. */
static gint64
count_columns (const RnnTessNode *node)
{
  gint64 columns = node->kind == RNN_TESS_MAXPOOL || node->kind == RNN_TESS_RECONFIG ? node->numbers[0] : 1;

  for (guint i = 0; i < node->children->len && columns > 0 && columns <= MAX_COLUMNS; i++)
    if (node->kind != RNN_TESS_PARALLEL || i == 0)
      columns *= count_columns (node->children->pdata[i]);
  return columns;
}

/* The first layer: a grey picture of a given height; a step of it. */
static gboolean
begin (Maker *m, const RnnTessNode *network, GError **error)
{
  const RnnTessNode *input = network->children->len ? network->children->pdata[0] : NULL;
  gint64 columns = count_columns (network);

  if (network->kind != RNN_TESS_SERIES || !input || input->kind != RNN_TESS_INPUT)
    return refuse (m, network, error, "is the network, not a Series that begins with an Input");
  m->height = MAX (input->numbers[1], 1);
  m->channels = input->numbers[3];
  if (input->numbers[1] < 1 || m->height > 1024 || m->channels < 1 || m->channels > 1024 || (m->height > 1 && m->channels != 1))
    return refuse (m, input, error, "takes pictures that are not grey, or of no fixed height");
  if (columns < 1 || columns > MAX_COLUMNS)
    return refuse (m, network, error, "makes one answer of more columns than make sense");
  m->columns = (gint) columns;
  return TRUE;
}

gboolean
rnn_tess_layers_make (const RnnTessNode *network, const RnnTessBytes *bytes, RnnTensors *tensors, RnnTessLayers *layers, GError **error)
{
  Maker m = { .bytes = bytes, .tensors = tensors, .from = "input", .rows = json_array () };
  gboolean ok = begin (&m, network, error);

  if (ok) {
    layers->height = m.height * m.channels;
    layers->columns = m.columns;
  }
  for (guint i = 1; ok && i < network->children->len; i++)
    ok = add_node (&m, network->children->pdata[i], error);
  if (ok && (m.columns * m.height != 1 || m.half_x || m.half_y || json_array_size (m.rows) == 0))
    ok = refuse (&m, network, error, "ends with a picture, not with one answer");
  if (!ok) {
    json_decref (m.rows);
    return FALSE;
  }
  layers->n_out = m.channels;
  layers->layers = rnn_import_layers (m.rows);
  return TRUE;
}
