/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes of a TensorFlow graph: by name, by what they read, and the constants among them. */
#include "tensorflow.h"
#include <string.h>
#include "base/error.h"

#define MAX_NODES 100000
#define MAX_HANDED_ON 64
#define MAX_VALUES (1 << 28)
#define MAX_REPEATED (1 << 20)  /* a single value that stands for all */

enum { TYPE_FLOAT = 1, TYPE_INT = 3 };

gboolean
rnn_tf_fail (const RnnTf *tf, const RnnTf__Node *node, GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL, *name = node ? g_utf8_make_valid (node->name, (gssize) MIN (strlen (node->name), 100)) : NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, name ? "%s: node \"%s\" %s" : "%s: %s%s", tf->where, name ? name : "", reason);
  return FALSE;
}

gboolean
rnn_tf_index (RnnTf *tf, GError **error)
{
  if (tf->graph->n_node == 0 || tf->graph->n_node > MAX_NODES)
    return rnn_tf_fail (tf, NULL, error, "no nodes, or more than 100000");
  for (gsize i = 0; i < tf->graph->n_node; i++) {
    RnnTf__Node *node = tf->graph->node[i];

    if (!node->name || !node->op)
      return rnn_tf_fail (tf, NULL, error, "a node without a name or an operation");
    g_hash_table_insert (tf->nodes, node->name, node);
  }
  return TRUE;
}

static RnnTfRef
find (const RnnTf *tf, const gchar *input)
{
  const gchar *colon = strrchr (input, ':');
  g_autofree gchar *name = g_strndup (input, colon ? (gsize) (colon - input) : strlen (input));

  return (RnnTfRef) { g_hash_table_lookup (tf->nodes, name), colon ? (guint) MIN (g_ascii_strtoull (colon + 1, NULL, 10), 1000) : 0 };
}

static RnnTfRef
raw_input (const RnnTf *tf, const RnnTf__Node *node, guint i)
{
  return node && i < node->n_input ? find (tf, node->input[i]) : (RnnTfRef) { 0 };
}

gboolean
rnn_tf_is (RnnTfRef ref, const gchar *op)
{
  return ref.node && (g_str_equal (ref.node->op, op) || (g_str_equal (op, "Add") && g_str_equal (ref.node->op, "AddV2")));
}

gboolean
rnn_tf_same (RnnTfRef a, RnnTfRef b)
{
  return a.node && a.node == b.node && a.port == b.port;
}

static RnnTfRef
follow (const RnnTf *tf, RnnTfRef ref)
{
  static const gchar *const handing_on[] = { "Identity", "Enter", "StopGradient", "CheckNumerics", "Snapshot", NULL };

  for (guint i = 0; i < MAX_HANDED_ON && ref.node; i++) {
    RnnTfRef read = raw_input (tf, ref.node, 0);

    if (g_str_equal (ref.node->op, "Switch") && rnn_tf_is (read, "Merge"))
      return (RnnTfRef) { read.node, 0 };
    if (!g_strv_contains (handing_on, ref.node->op))
      return ref;
    ref = read;
  }
  return (RnnTfRef) { 0 };
}

RnnTfRef
rnn_tf_input (const RnnTf *tf, const RnnTf__Node *node, guint i)
{
  return follow (tf, raw_input (tf, node, i));
}

RnnTfRef
rnn_tf_next (const RnnTf *tf, const RnnTf__Node *merge)
{
  RnnTfRef turn = raw_input (tf, merge, 1), next = { 0 };

  if (rnn_tf_is (turn, "NextIteration"))
    next = rnn_tf_input (tf, turn.node, 0);
  return rnn_tf_is (next, "Select") ? rnn_tf_input (tf, next.node, 2) : next;   /* past the end of a sequence all stays as it is */
}

gboolean
rnn_tf_pick (const RnnTf *tf, RnnTfRef ref, const gchar *op, const gchar *operand, RnnTfRef *one, RnnTfRef *other)
{
  RnnTfRef a, b;

  if (!rnn_tf_is (ref, op))
    return FALSE;
  a = rnn_tf_input (tf, ref.node, 0);
  b = rnn_tf_input (tf, ref.node, 1);
  *one = rnn_tf_is (a, operand) ? a : b;
  *other = rnn_tf_is (a, operand) ? b : a;
  return other->node && rnn_tf_is (*one, operand);
}

const RnnTf__Value *
rnn_tf_attribute (const RnnTf__Node *node, const gchar *key)
{
  for (gsize i = 0; i < node->n_attribute; i++)
    if (g_strcmp0 (node->attribute[i]->key, key) == 0)
      return node->attribute[i]->value;
  return NULL;
}

/* ---- constants ---- */

static const RnnTf__Tensor *
constant (RnnTfRef ref, gint type)
{
  const RnnTf__Value *value = rnn_tf_is (ref, "Const") ? rnn_tf_attribute (ref.node, "value") : NULL;

  return value && value->tensor && value->tensor->dtype == type ? value->tensor : NULL;
}

/* How many values, or 0: another shape than dims[rank]. */
static gsize
check_shape (const RnnTf__Tensor *t, gint rank, gint *dims)
{
  gsize n = 1;

  if ((gint) (t->shape ? t->shape->n_dim : 0) != rank)
    return 0;
  for (gint i = 0; i < rank; i++) {
    gint64 dim = t->shape->dim[i]->size;

    if (dim < 1 || dim > MAX_VALUES || (dims[i] >= 0 && dims[i] != dim) || (n *= (gsize) dim) > MAX_VALUES)
      return 0;
    dims[i] = (gint) dim;
  }
  return n;
}

gfloat *
rnn_tf_floats (RnnTfRef ref, gint rank, gint *dims)
{
  const RnnTf__Tensor *t = constant (ref, TYPE_FLOAT);
  gsize n = t ? check_shape (t, rank, dims) : 0;
  gfloat *values;

  if (n == 0)
    return NULL;
  if (t->content.len == n * sizeof (gfloat))
    return g_memdup2 (t->content.data, n * sizeof (gfloat));
  if (t->n_floats == n)
    return g_memdup2 (t->floats, n * sizeof (gfloat));
  if (t->n_floats != 1 || n > MAX_REPEATED)
    return NULL;
  values = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++)
    values[i] = t->floats[0];
  return values;
}

gboolean
rnn_tf_last_int (RnnTfRef ref, gint *value)
{
  const RnnTf__Tensor *t = constant (ref, TYPE_INT);
  gint32 last;

  if (!t || (t->content.len < sizeof last && t->n_ints == 0))
    return FALSE;
  if (t->content.len >= sizeof last)
    memcpy (&last, t->content.data + t->content.len - sizeof last, sizeof last);
  else
    last = t->ints[t->n_ints - 1];
  *value = last;
  return TRUE;
}
