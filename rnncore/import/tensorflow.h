/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TensorFlow's frozen graphs, in three files: tensorflow-graph.c finds and follows nodes, tensorflow-cells.c knows what nodes make a
 * recurrent cell, tensorflow.c goes from the output back to the input. */
#pragma once
#include "model/reader.h"
#include "tensorflow.pb-c.h"

G_BEGIN_DECLS

/* One output of a node.  node NULL: there is none. */
typedef struct {
  const RnnTf__Node *node;
  guint port;
} RnnTfRef;

typedef struct {
  const gchar *where;
  RnnTf__Graph *graph;
  GHashTable *nodes;            /* name -> RnnTf__Node */
  RnnImport *import;
  json_t *layers;               /* ours, so far: each with "name" and "from" */
  json_t *input;                /* of the recipe, once it is known */
  GHashTable *widths;           /* name of ours -> how many values */
  GHashTable *answers;          /* node -> name of ours that answers for its port 0 */
  guint depth, n_names;
} RnnTf;

/* ---- tensorflow-graph.c ---- */
gboolean rnn_tf_index (RnnTf *tf, GError **error);
/* FALSE and an error about the node, if there is one. */
gboolean rnn_tf_fail (const RnnTf *tf, const RnnTf__Node *node, GError **error, const gchar *format, ...) G_GNUC_PRINTF (4, 5);
/* Input i, past nodes that only hand on; the variable of a loop, as its body sees it, is the loop's Merge. */
RnnTfRef rnn_tf_input (const RnnTf *tf, const RnnTf__Node *node, guint i);
/* What becomes of the variable of the loop @merge in a turn. */
RnnTfRef rnn_tf_next  (const RnnTf *tf, const RnnTf__Node *merge);
gboolean rnn_tf_is    (RnnTfRef ref, const gchar *op);
gboolean rnn_tf_same  (RnnTfRef a, RnnTfRef b);
/* Is @ref an @op of which one operand, in either place, is an @operand?  That one, and the other. */
gboolean rnn_tf_pick  (const RnnTf *tf, RnnTfRef ref, const gchar *op, const gchar *operand, RnnTfRef *one, RnnTfRef *other);
/* The value of the attribute, or NULL. */
const RnnTf__Value *rnn_tf_attribute (const RnnTf__Node *node, const gchar *key);
/* Elements of a constant of floats whose shape is dims[rank] (-1: any, filled in); g_free.  NULL: it is nothing of the kind. */
gfloat  *rnn_tf_floats (RnnTfRef ref, gint rank, gint *dims);
/* The last of a constant of whole numbers. */
gboolean rnn_tf_last_int (RnnTfRef ref, gint *value);

/* ---- tensorflow-cells.c ---- */
/* A cell whose output is @h, found by its nodes: layer object without name and "from", its weights under "NAME." and the input that
 * it reads.  NULL without an error: no cell that is known. */
json_t *rnn_tf_match_cell (RnnTf *tf, RnnTfRef h, const gchar *name, RnnTfRef *x, gint *width, GError **error);

G_END_DECLS
