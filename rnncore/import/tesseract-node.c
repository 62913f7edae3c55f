/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of Tesseract 4 and later as they are stored (its src/lstm: network.cpp, plumbing.cpp, weightmatrix.cpp):
 *
 *   layer: int8 0, name of its type, int8 state of training, int8, int32 flags, inputs, outputs, weights, its own name; then
 *     a plumbing one: uint32 children, these, with flag 64 a learning rate (float) for each
 *     LSTM: int32 inputs of a gate, four matrices; dense: one; others: int32 numbers
 *   matrix: uint8 mode, uint32 rows, columns, one element that means empty, elements; of int8 a scale (double) for each row behind */
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "tesseract.h"

#define MAX_DEPTH 16
#define MAX_CHILDREN 1024
#define MAX_UNITS 65536
#define RATES 64                /* of flags: children have learning rates */
#define TRAINING 1              /* state: what only a trainer needs follows the weights */
enum { INT8 = 1, ADAM = 4, DOUBLE = 128 };      /* of a matrix's mode */

static const struct {
  const gchar *type;
  RnnTessKind kind;
  guint n_numbers, n_weights;
  const gchar *activation;
} types[] = {
  { "Input", RNN_TESS_INPUT, 5 }, { "Convolve", RNN_TESS_CONVOLVE, 2 }, { "Maxpool", RNN_TESS_MAXPOOL, 2 },
  { "Reconfig", RNN_TESS_RECONFIG, 2 }, { "Series", RNN_TESS_SERIES }, { "Parallel", RNN_TESS_PARALLEL },
  { "ParBidiLSTM", RNN_TESS_PARALLEL }, { "RTLReversed", RNN_TESS_REVERSED }, { "XYTranspose", RNN_TESS_TRANSPOSED },
  { "LSTM", RNN_TESS_LSTM, 1, 4 }, { "SummLSTM", RNN_TESS_LAST, 1, 4 },
  { "Logistic", RNN_TESS_DENSE, 0, 1, "sigmoid" }, { "Tanh", RNN_TESS_DENSE, 0, 1, "tanh" }, { "Relu", RNN_TESS_DENSE, 0, 1, "relu" },
  { "Linear", RNN_TESS_DENSE, 0, 1, "linear" }, { "Softmax", RNN_TESS_DENSE, 0, 1, "linear" },
};

/* ---- bytes ---- */

const guint8 *
rnn_tess_take (RnnTessBytes *bytes, gsize n)
{
  const guint8 *at = bytes->at;

  if ((gsize) (bytes->end - at) < n)
    return NULL;
  bytes->at += n;
  return at;
}

gboolean
rnn_tess_ints (RnnTessBytes *bytes, guint n, gint32 *numbers)
{
  const guint8 *at = rnn_tess_take (bytes, n * sizeof (gint32));

  for (guint i = 0; at && i < n; i++) {
    memcpy (numbers + i, at + i * sizeof (gint32), sizeof (gint32));
    numbers[i] = GINT32_FROM_LE (numbers[i]);
  }
  return at != NULL;
}

gchar *
rnn_tess_string (RnnTessBytes *bytes)
{
  gint32 n;
  const gchar *at;

  if (!rnn_tess_ints (bytes, 1, &n) || n < 0 || !(at = (const gchar *) rnn_tess_take (bytes, (gsize) n)) || !g_utf8_validate (at, n, NULL))
    return NULL;
  return g_strndup (at, (gsize) n);
}

gboolean
rnn_tess_fail (const RnnTessBytes *bytes, GError **error, const gchar *format, ...)
{
  va_list arguments;
  g_autofree gchar *reason = NULL;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", bytes->where, reason);
  return FALSE;
}

/* A double at @at, unaligned. */
static gdouble
get_double (const guint8 *at)
{
  guint64 bits;
  gdouble value;

  memcpy (&bits, at, sizeof bits);
  bits = GUINT64_FROM_LE (bits);
  memcpy (&value, &bits, sizeof value);
  return value;
}

static gfloat
get_float (const guint8 *at)
{
  guint32 bits;
  gfloat value;

  memcpy (&bits, at, sizeof bits);
  bits = GUINT32_FROM_LE (bits);
  memcpy (&value, &bits, sizeof value);
  return value;
}

/* ---- matrices ---- */

/* Elements of @size bytes behind an empty one; NULL: not as many as the sizes before them say. */
static const guint8 *
take_elements (RnnTessBytes *bytes, gsize size, RnnTessMatrix *matrix)
{
  gint32 dims[2];

  if (!rnn_tess_ints (bytes, 2, dims) || dims[0] < 1 || dims[0] > MAX_UNITS || dims[1] < 1 || dims[1] > MAX_UNITS
      || !rnn_tess_take (bytes, size))
    return NULL;
  matrix->rows = dims[0];
  matrix->columns = dims[1];
  return rnn_tess_take (bytes, rnn_size_mul (rnn_size_mul ((gsize) dims[0], (gsize) dims[1]), size));
}

static gboolean
read_int8 (RnnTessBytes *bytes, RnnTessMatrix *m)
{
  const guint8 *at = take_elements (bytes, 1, m), *scales;
  gint32 n;

  if (!at || !rnn_tess_ints (bytes, 1, &n) || n < m->rows || !(scales = rnn_tess_take (bytes, (gsize) n * sizeof (gdouble))))
    return FALSE;
  m->data = g_new (gfloat, (gsize) m->rows * m->columns);
  for (gint i = 0; i < m->rows; i++) {
    gdouble scale = get_double (scales + (gsize) i * sizeof (gdouble));

    for (gint j = 0; j < m->columns; j++)
      m->data[(gsize) i * m->columns + j] = (gfloat) ((gint8) at[(gsize) i * m->columns + j] * scale);
  }
  return TRUE;
}

static gboolean
read_floats (RnnTessBytes *bytes, gboolean doubles, RnnTessMatrix *m)
{
  gsize size = doubles ? sizeof (gdouble) : sizeof (gfloat);
  const guint8 *at = take_elements (bytes, size, m);

  if (!at)
    return FALSE;
  m->data = g_new (gfloat, (gsize) m->rows * m->columns);
  for (gsize i = 0; i < (gsize) m->rows * m->columns; i++)
    m->data[i] = doubles ? (gfloat) get_double (at + i * size) : get_float (at + i * size);
  return TRUE;
}

/* Sums of gradients behind the weights of a network that is still being trained. */
static gboolean
skip_training (RnnTessBytes *bytes, guint8 mode)
{
  RnnTessMatrix ignored;
  gsize size = mode & DOUBLE ? sizeof (gdouble) : sizeof (gfloat);
  guint n = mode & DOUBLE && !(mode & ADAM) ? 1 : 2;

  for (guint i = 0; i < n; i++)
    if (!take_elements (bytes, size, &ignored))
      return FALSE;
  return TRUE;
}

static gboolean
read_matrix (RnnTessBytes *bytes, gboolean training, RnnTessMatrix *m, GError **error)
{
  const guint8 *mode = rnn_tess_take (bytes, 1);
  gboolean whole = mode && !((*mode & INT8) && !(*mode & DOUBLE));

  if (mode && !whole)
    return rnn_tess_fail (bytes, error, "int8 weights as only early alphas of Tesseract 4 wrote them");
  if (!whole || !(*mode & INT8 ? read_int8 (bytes, m) : read_floats (bytes, (*mode & DOUBLE) != 0, m))
      || (training && !(*mode & INT8) && !skip_training (bytes, *mode)))
    return rnn_tess_fail (bytes, error, "a matrix of weights is cut off, or not what its sizes say");
  for (gsize i = 0; i < (gsize) m->rows * m->columns; i++)
    if (!isfinite (m->data[i]))
      return rnn_tess_fail (bytes, error, "a weight is no finite number");
  return TRUE;
}

/* ---- layers ---- */

void
rnn_tess_node_free (RnnTessNode *node)
{
  if (!node)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (node->weights); i++)
    g_free (node->weights[i].data);
  if (node->children)
    g_ptr_array_unref (node->children);
  g_free (node);
}

static RnnTessNode *read_node (RnnTessBytes *bytes, guint depth, GError **error);

static gboolean
read_children (RnnTessBytes *bytes, gint32 flags, RnnTessNode *node, guint depth, GError **error)
{
  gint32 n;

  if (!rnn_tess_ints (bytes, 1, &n) || n < 1 || n > MAX_CHILDREN || depth == MAX_DEPTH)
    return rnn_tess_fail (bytes, error, "a layer \"%s\" holds no layers, too many, or too deep ones", node->type);
  for (gint i = 0; i < n; i++) {
    RnnTessNode *child = read_node (bytes, depth + 1, error);

    if (!child)
      return FALSE;
    g_ptr_array_add (node->children, child);
  }
  return !(flags & RATES) || (rnn_tess_ints (bytes, 1, &n) && n >= 0 && rnn_tess_take (bytes, (gsize) n * sizeof (gfloat)))
      || rnn_tess_fail (bytes, error, "a layer's learning rates are cut off");
}

/* The layer's row of types, by its name in the file. */
static gint
find_type (RnnTessBytes *bytes, const gchar *name, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].type, name))
      return (gint) i;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a layer of type \"%s\": only networks of Input, Convolve, Maxpool, Reconfig, "
      "LSTM along x or y, and dense layers are run here", bytes->where, name);
  return -1;
}

static gboolean
read_body (RnnTessBytes *bytes, gint row, const gint32 *head, gboolean training, RnnTessNode *node, guint depth, GError **error)
{
  gboolean plumbing = node->kind >= RNN_TESS_SERIES && node->kind <= RNN_TESS_TRANSPOSED;

  if (head[1] < 0 || head[1] > MAX_UNITS || head[2] < 0 || head[2] > MAX_UNITS)
    return rnn_tess_fail (bytes, error, "a layer \"%s\" of %d inputs and %d outputs", node->type, head[1], head[2]);
  if (plumbing)
    return read_children (bytes, head[0], node, depth, error);
  if (!rnn_tess_ints (bytes, types[row].n_numbers, node->numbers))
    return rnn_tess_fail (bytes, error, "a layer \"%s\" is cut off", node->type);
  for (guint i = 0; i < types[row].n_weights; i++)
    if (!read_matrix (bytes, training, &node->weights[i], error))
      return FALSE;
  return TRUE;
}

static RnnTessNode *
read_node (RnnTessBytes *bytes, guint depth, GError **error)
{
  g_autoptr (RnnTessNode) node = g_new0 (RnnTessNode, 1);
  g_autofree gchar *type = NULL, *name = NULL;
  const guint8 *zero = rnn_tess_take (bytes, 1), *state = NULL;
  gint32 head[4];               /* flags, inputs, outputs, weights */
  gint row;

  if (!zero || *zero || !(type = rnn_tess_string (bytes)) || !(state = rnn_tess_take (bytes, 2)) || !rnn_tess_ints (bytes, 4, head)
      || !(name = rnn_tess_string (bytes))) {
    rnn_tess_fail (bytes, error, "its network is cut off, or not one of Tesseract 4 and later");
    return NULL;
  }
  if ((row = find_type (bytes, type, error)) < 0)
    return NULL;
  *node = (RnnTessNode) { .kind = types[row].kind, .type = types[row].type, .activation = types[row].activation, .n_in = head[1],
    .n_out = head[2], .children = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_tess_node_free) };
  return read_body (bytes, row, head, *state == TRAINING, node, depth, error) ? g_steal_pointer (&node) : NULL;
}

RnnTessNode *
rnn_tess_node_read (RnnTessBytes *bytes, GError **error)
{
  return read_node (bytes, 0, error);
}
